"""紙の申込: copied in afterwards by staff, it counts with the time of its ticket, once, and another person decides."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import applications, clock, db, organisations, people, screening
from app.applications.models import Application
from app.organisations import Role
from app.pii import Private
from app.policies import CheckKind
from tests.web.service import Service, check_is_clear, person
from tests.web_counter.hands import Counter, signed_in_staff
from tests.web_counter.papers import TICKET_AT, a_ticket, error_texts, paper, receipt_in

ENTERED_AT = TICKET_AT + timedelta(days=3)


@pytest.fixture
def with_ticket(counter: Counter) -> Iterator[Counter]:
    """Somebody held ticket 1 at closing time; three days later the policy is over, and the paper is copied in."""
    with a_ticket(counter):
        yield counter


def the_application(counter: Counter) -> Application:
    (one,) = counter.service.applications()
    return one


def test_a_paper_with_a_ticket_from_before_the_end_counts_after_it(with_ticket: Counter) -> None:
    answer = paper(with_ticket)
    assert answer.status_code == 200, error_texts(answer)
    sent = the_application(with_ticket)
    assert (sent.receipt_no, sent.channel, sent.staff_id) == (receipt_in(answer), "paper", "ST-01")
    assert (sent.came_at, sent.submitted_at) == (TICKET_AT, ENTERED_AT)
    assert sent.state == "screening", "nothing on a paper passes by itself"
    assert (sent.service_id, sent.choose_later) == (None, True), "K5: staff type no service ID"


def test_sent_twice_at_once_both_answers_are_the_one_receipt(with_ticket: Counter) -> None:
    entry = str(uuid4())
    with ThreadPoolExecutor(4) as both:
        answers = list(both.map(lambda _: paper(with_ticket, entry=entry), range(4)))
    assert {receipt_in(answer) for answer in answers} == {the_application(with_ticket).receipt_no}


def test_four_eyes_who_copied_the_paper_does_not_decide_on_it(with_ticket: Counter) -> None:
    paper(with_ticket)
    sent = the_application(with_ticket)
    same, other = (screening.Staff(staff_id, frozenset({"reviewer"})) for staff_id in ("ST-01", "ST-04"))
    with pytest.raises(screening.ReviewRefused, match="same_person"):
        applications.take_check("P-001", sent.id, CheckKind.CARD_AUTO, same)
    applications.take_check("P-001", sent.id, CheckKind.CARD_AUTO, other)


def test_a_ticket_is_used_once(with_ticket: Counter) -> None:
    assert paper(with_ticket).status_code == 200
    again = paper(with_ticket, "TP-29")
    check_is_clear(again, 422)
    assert "見つかりません" in again.get_data(as_text=True)
    assert with_ticket.call(ticket="1").status_code == 422, "nor for a visit"
    assert len(with_ticket.service.applications()) == 1


def test_the_same_form_sent_twice_gives_the_same_receipt(with_ticket: Counter) -> None:
    entry = str(uuid4())
    first, second = paper(with_ticket, entry=entry), paper(with_ticket, entry=entry)
    assert receipt_in(first) == receipt_in(second)
    assert len(with_ticket.service.applications()) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"day": "2027-01-30"}, {"ticket": "2"}, {"policy_id": "P-012"}, {"policy_id": "P-999"}],
    ids=["another day", "never given out", "another policy", "no policy"],
)
def test_a_ticket_that_is_not_this_one_opens_nothing(with_ticket: Counter, wrong: dict[str, str]) -> None:
    check_is_clear(paper(with_ticket, **wrong), 422)
    assert with_ticket.service.applications() == []
    assert with_ticket.service.rows("person_facts") == 0, "nothing of what was typed is kept"
    assert with_ticket.service.rows("persons") == 0
    assert paper(with_ticket).status_code == 200, "and the ticket is still good"


def test_a_ticket_of_another_municipalitys_counter_opens_nothing(with_ticket: Counter) -> None:
    _, other = signed_in_staff(with_ticket.service, "よその窓口", "ST-20", town="992020")
    check_is_clear(paper(other), 422)
    assert with_ticket.service.applications() == []


def test_a_ticket_of_another_terminal_of_the_same_municipality_is_good(with_ticket: Counter) -> None:
    _, colleague = signed_in_staff(with_ticket.service, "2番窓口", "ST-05")
    assert paper(colleague).status_code == 200
    assert the_application(with_ticket).staff_id == "ST-05"


def test_a_ticket_from_long_ago_is_nobodys_who_waits(with_ticket: Counter) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE queue_tickets SET issued_at = issued_at - interval '29 days'"))
    check_is_clear(paper(with_ticket), 422)
    assert with_ticket.call(ticket="1").status_code == 422
    assert with_ticket.service.applications() == []


def test_br_57_a_my_number_on_the_paper_is_not_taken_over(with_ticket: Counter) -> None:
    for field in ("name", "address"):
        answer = paper(with_ticket, **{field: "朝日　太郎 １２３４-5678-9018"})
        check_is_clear(answer, 422)
        assert "5678" not in answer.get_data(as_text=True)
    assert with_ticket.service.rows("person_facts") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy_id": ""},
        {"name": ""},
        {"name": "あ" * 201},
        {"address": "あ" * 401},
        {"birth_date": "1975-02-30"},
        {"birth_date": "2030-01-01"},
        {"sex": "3"},
        {"signed": ""},
        {"ticket": "一"},
        {"day": "きのう"},
    ],
    ids=str,
)
def test_what_cannot_be_is_said_beside_its_field(with_ticket: Counter, wrong: dict[str, str]) -> None:
    check_is_clear(paper(with_ticket, **wrong), 422)
    assert with_ticket.service.applications() == []


def test_e211_a_childs_paper_sends_the_guardian_to_the_counter(with_ticket: Counter) -> None:
    answer = paper(with_ticket, "TP-14C1")
    check_is_clear(answer, 422)
    assert "E211" in answer.get_data(as_text=True)
    assert with_ticket.service.rows("persons") == 0


def test_a_policy_that_wants_a_service_at_once_takes_no_paper(counter: Counter) -> None:
    with clock.frozen(datetime.fromisoformat("2026-11-20T17:00:00+09:00")):
        counter.desk.send("/counter/tickets", policy_id="P-012")
        answer = paper(counter, policy_id="P-012", day="2026-11-20")
    check_is_clear(answer, 422)
    assert "整理券を持って、ご本人に" in answer.get_data(as_text=True)


def test_br_14_somebody_who_applied_with_the_card_is_a_suspicion_not_a_second_benefit(counter: Counter) -> None:
    counter.serve("TP-02")
    counter.finish()
    with clock.frozen(TICKET_AT):
        counter.desk.send("/counter/tickets", policy_id="P-001")
        assert paper(counter).status_code == 200
    suspected = {one.channel: (one.state, one.duplicate_suspected) for one in counter.service.applications()}
    assert suspected == {"counter": ("approved", False), "paper": ("screening", True)}


def test_nobody_enters_their_own_paper(with_ticket: Counter) -> None:
    own = person("TP-02")
    items = people.FourItems(
        Private(own.name), Private("elsewhere"), Private(f"{own.birth_date:%Y%m%d}"), Private(own.sex)
    )
    with db.transaction() as session:
        organisations.add_staff(
            session, staff_id="ST-10", municipality_code="992011", name="本人", roles={Role.COUNTER}, own=items
        )
        session.execute(
            text(
                "UPDATE staff_accounts SET own_fingerprint ="
                " (SELECT own_fingerprint FROM staff_accounts WHERE staff_id = 'ST-10') WHERE staff_id = 'ST-01'"
            )
        )
    check_is_clear(paper(with_ticket), 422)
    assert with_ticket.service.applications() == []


def test_only_counter_staff_enter_papers(service: Service) -> None:
    _, boss = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER)
    assert boss.desk.get("/counter/paper").status_code == 403
    assert paper(boss).status_code == 403


def test_the_page_after_it_names_nobody(with_ticket: Counter) -> None:
    page = paper(with_ticket).get_data(as_text=True)
    someone = person("TP-02")
    assert [one for one in (someone.name, someone.address) if one in page] == []
    after = with_ticket.desk.get("/counter/paper").get_data(as_text=True)
    assert [one for one in (someone.name, someone.address) if one in after] == []


def test_the_word_of_nobody_is_no_evidence_and_the_database_sees_to_it(with_ticket: Counter) -> None:
    paper(with_ticket)
    columns = "person_id, facts_id, issuer_check, environment, address_status, address_candidates,"
    columns += " address_table_version, looks_like_another, verified_at, card_proof, one_card"
    for stated in ("NULL, 'staff', 'not_checked'", "'ST-01', 'attended', 'not_checked'", "'ST-01', 'staff', 'good'"):
        copy = f"INSERT INTO evidence (id, {columns}, staff_id, assurance, revocation)"
        copy += f" SELECT gen_random_uuid(), {columns}, {stated} FROM evidence"
        with pytest.raises(IntegrityError, match="read_or_stated"), db.transaction() as session:
            session.execute(text(copy))
