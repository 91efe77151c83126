"""A guardian with three children at a counter: one card after another, one receipt each, nothing carried over (4.2)."""

from __future__ import annotations

import pytest

from app import db, payments, points, policies
from tests.policies.samples import item
from tests.web.service import CODE, Service, check_is_clear, error_code, person
from tests.web_counter.hands import CONSENT, Counter

POLICY, GUARDIAN, CHILDREN = "P-0061", "TP-14", ("TP-14C1", "TP-14C2", "TP-14C3")
WALLET = "6666777788889"
PARENT = {"relation": "parent", "declared": "yes", "wallet": "guardian"}


def a_policy_for_children() -> None:
    """P-006 as it would stand in its window."""
    changes = {"policy_id": POLICY, "status": "open", "window.apply_to": "2026-11-30T23:59:59+09:00"}
    document = item("P-006", changes)
    with db.transaction() as session:
        known = payments.known_service_ids(session)
        policies.load_policies(session, [document], source="test", known_services=known)
        points.fund(session, POLICY, document["budget"])


@pytest.fixture(autouse=True)
def _open(service: Service) -> None:
    a_policy_for_children()


def call_guardian(counter: Counter, guardian: str = GUARDIAN) -> None:
    assert counter.call(POLICY, **{"for": "child"}).status_code == 303
    assert "保護者の方のカードを待っています" in desk(counter)
    assert "はじめに、保護者の方のカードを" in screen(counter)
    counter.first_tap(guardian)


def serve_child(counter: Counter, child: str) -> str:
    assert counter.stage() == "card"
    assert "お子さまのマイナンバーカードを" in screen(counter)
    counter.first_tap(child)
    assert counter.stage() == "judged", counter.row().ended_code
    agreed = counter.press("agree", **CONSENT, **PARENT)
    assert agreed.status_code == 303, screen(counter)
    assert counter.press("service", service_id="SVC-QR-01").status_code == 303
    given = counter.press("account", account=WALLET, security_code=CODE)
    assert given.status_code == 303, error_code(given)
    assert counter.stage() == "read_back"
    counter.press("confirm", confirmed="yes")
    counter.second_tap(child)
    assert counter.stage() == "done", counter.row().ended_code
    return str(counter.row().receipt_no)


def screen(counter: Counter) -> str:
    return counter.screen.get("/screen").get_data(as_text=True)


def desk(counter: Counter) -> str:
    return counter.desk.get("/counter").get_data(as_text=True)


def test_br_27_three_children_with_the_mothers_service_and_a_receipt_each(counter: Counter) -> None:
    """TP-14 at the counter with TP-14C1, TP-14C2 and TP-14C3."""
    call_guardian(counter)
    receipts = []
    for child in CHILDREN:
        receipts.append(serve_child(counter, child))
        page = desk(counter)
        assert receipts[-1] in page
        assert not [one for one in receipts[:-1] if one in page], "nothing of the child before"
        assert counter.next_child().status_code == 303
    counter.cancel()
    rows = counter.service.applications()
    assert len(set(receipts)) == len(rows) == 3
    assert {(row.state, row.channel, row.wallet, row.staff_id) for row in rows} == {
        ("approved", "counter", "guardian", "ST-01")
    }
    assert len({row.applicant_id for row in rows}) == 1
    assert len({row.beneficiary_id for row in rows}) == 3
    assert counter.service.rows("counter_alarms") == 0, "BR-55: a guardian with children raises none"


def test_br_51_another_childs_card_at_the_second_tap_saves_nothing(counter: Counter) -> None:
    call_guardian(counter)
    counter.first_tap(CHILDREN[0])
    counter.press("agree", **CONSENT, **PARENT)
    counter.press("service", service_id="SVC-QR-01")
    counter.press("account", account=WALLET, security_code=CODE)
    counter.press("confirm", confirmed="yes")
    counter.second_tap(CHILDREN[1])
    assert counter.stage() == "ended"
    assert counter.row().ended_code == "E801"
    assert counter.service.applications() == []
    assert counter.service.rows("person_facts") == 0, "neither the child's nor the guardian's reading stays"


def test_br_50_a_guardian_who_leaves_before_the_first_child_leaves_nothing(counter: Counter) -> None:
    call_guardian(counter)
    assert counter.stage() == "card"
    counter.cancel()
    assert counter.stage() == "ended"
    assert (counter.row().guardian_evidence_id, counter.service.rows("person_facts")) == (None, 0)
    assert counter.next_child().status_code == 303
    assert counter.stage() == "ended", "there is nobody to go on with"


def test_without_the_declaration_the_screen_asks_again(counter: Counter) -> None:
    call_guardian(counter)
    counter.first_tap(CHILDREN[0])
    page = screen(counter)
    assert person(CHILDREN[0]).name not in page
    for missing in ("relation", "declared", "wallet"):
        said = {name: value for name, value in PARENT.items() if name != missing}
        check_is_clear(counter.press("agree", **CONSENT, **said, asks_wallet="yes"), 422)
        assert counter.stage() == "judged"
    assert counter.press("agree", **CONSENT, **PARENT).status_code == 303


def test_the_guardians_own_card_in_place_of_a_childs_ends_it(counter: Counter) -> None:
    call_guardian(counter)
    counter.first_tap(GUARDIAN)
    assert counter.stage() == "ended"
    assert "E112" in desk(counter)


def test_staff_see_a_paper_where_the_cards_do_not_show_the_relation(counter: Counter) -> None:
    call_guardian(counter, "TP-02")
    counter.first_tap(CHILDREN[0])
    assert "保護者(法定代理人)であることが分かる書類: まだ見ていません" in desk(counter)
    assert counter.see_document(0).status_code == 303
    assert "保護者(法定代理人)であることが分かる書類: 確認済み" in desk(counter)


def test_a_policy_without_children_calls_no_guardian(counter: Counter) -> None:
    answer = counter.call("P-999", **{"for": "child"})
    check_is_clear(answer, 422)


def test_br_50_the_guardians_card_is_taken_away_before_the_childs_is_asked_for(counter: Counter) -> None:
    call_guardian(counter)
    counter.reader_is("waiting_removal")
    assert counter.stage() == "remove"
    assert "先に、置いてある保護者の方のカードを取ってください" in screen(counter)
    counter.reader_is("waiting_card")
    assert counter.stage() == "card"
    assert "お子さまのマイナンバーカードを" in screen(counter)


def identified(counter: Counter, person_id: str) -> None:
    """Staff compare the face and copy what is printed on a card without PINs."""
    counter.touched_without_pin(person_id)
    assert counter.stage() == "identify"
    someone = person(person_id)
    face = {"name": someone.name, "address": someone.address, "birth_date": someone.birth_date.isoformat()}
    visit = str(counter.row().id)
    assert counter.desk.send("/counter/identify", visit=visit, sex=someone.sex, face="yes", **face).status_code == 303
    counter.card_lies_there()


def test_a_guardian_whose_card_has_no_pin_applies_for_the_child_and_not_for_themself(counter: Counter) -> None:
    assert counter.call(POLICY, **{"for": "child", "card": "no_pin"}).status_code == 303
    identified(counter, GUARDIAN)
    assert counter.stage() == "card", "the child's is waited for"
    assert counter.service.applications() == [], "nothing began for the guardian"
    receipts = []
    for child in CHILDREN[:2]:
        identified(counter, child)
        assert counter.stage() == "judged", counter.row().ended_code
        assert counter.press("agree", **CONSENT, **PARENT).status_code == 303
        assert counter.press("service", service_id="SVC-QR-01").status_code == 303
        assert counter.press("account", account=WALLET, security_code=CODE).status_code == 303
        counter.press("confirm", confirmed="yes")
        counter.second_tap(child)
        assert counter.stage() == "done", counter.row().ended_code
        receipts.append(counter.row().receipt_no)
        assert counter.next_child().status_code == 303
    counter.cancel()
    rows = counter.service.applications()
    assert {row.receipt_no for row in rows} == set(receipts)
    assert {row.state for row in rows} == {"screening"}, "what staff copied passes nobody by itself"
    assert {row.beneficiary_id for row in rows}.isdisjoint({row.applicant_id for row in rows})


def test_a_loop_given_up_in_the_middle_keeps_what_was_sent_and_nothing_of_the_next_child(counter: Counter) -> None:
    call_guardian(counter)
    receipt = serve_child(counter, CHILDREN[0])
    counter.next_child()
    counter.first_tap(CHILDREN[1])
    counter.press("agree", **CONSENT, **PARENT)
    counter.press("leave")
    assert counter.stage() == "ended"
    (sent,) = counter.service.applications()
    assert sent.receipt_no == receipt
    assert counter.service.rows("person_facts") == 2, "the guardian and the first child; the second one's is gone"
    assert counter.row().guardian_evidence_id is None


def test_the_next_child_is_asked_for_once_however_often_it_is_pressed(counter: Counter) -> None:
    call_guardian(counter)
    serve_child(counter, CHILDREN[0])
    done = str(counter.row().id)
    for _ in range(2):
        assert counter.desk.send("/counter/next-child", visit=done).status_code == 303
    assert counter.service.rows("counter_sessions") == 3, "guardian, first child, second child"
    assert counter.stage() == "card"
