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
        assert counter.desk.send("/counter/next-child").status_code == 303
    counter.desk.send("/counter/cancel")
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
    counter.desk.send("/counter/cancel")
    assert counter.stage() == "ended"
    assert (counter.row().guardian_evidence_id, counter.service.rows("person_facts")) == (None, 0)
    assert counter.desk.send("/counter/next-child").status_code == 303
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
