"""補欠: after the last seat a queue, served in order of receipt and passed by nobody (domain.md 5.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock, db, policies
from app.applications import ApplicationState, Receipt, serve_queue, submit, withdraw
from app.applications.models import Application
from app.policies import PolicyState
from tests.applications.applicants import (
    Applicant,
    applicant,
    apply,
    apply_for_later,
    by_receipt,
    change_policy,
    checks_of,
    counters,
    fill_in,
    open_policy,
    orders,
    rows_in,
    view_of,
)
from tests.applications.submitting import AMOUNT, at, refusal, sending, together

pytestmark = pytest.mark.usefixtures("installation")
QUEUE = {"overflow": "waitlist", "reopen": True, "cooling_off_hours": 24, "capacity": 1, "budget": AMOUNT}


def queue_of(count: int) -> list[tuple[Applicant, Receipt]]:
    """Who came after the last seat, a minute between them."""
    found = []
    for number in range(count):
        with clock.frozen(clock.now() + timedelta(minutes=number)):
            who = applicant()
            found.append((who, apply(who)))
    return found


def states(queue: list[tuple[Applicant, Receipt]]) -> list[str]:
    return [by_receipt(receipt).state for _, receipt in queue]


def test_after_the_last_seat_an_application_waits_and_holds_nothing() -> None:
    open_policy(**QUEUE)
    apply(applicant())
    ((who, receipt),) = queue_of(1)
    view = view_of(receipt, who)
    assert receipt.state is ApplicationState.WAITLISTED
    assert (view.status.word, view.status.turn) == ("補欠(1番目)", "municipality")
    assert (counters().seats_taken, counters().waiting, counters().reserved) == (1, 1, 0)
    assert checks_of(by_receipt(receipt).id) == {}, "no check begins before the seat"


def test_without_a_queue_the_next_one_gets_e209() -> None:
    open_policy(**(QUEUE | {"overflow": "close"}))
    late = applicant()
    draft = fill_in(late)
    apply(applicant())
    with refusal("E209"):
        submit("P-001", draft, late.person_id)


def test_seats_that_come_free_go_to_those_who_wait_in_order_of_receipt() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    queue = queue_of(3)
    assert withdraw(taken.receipt_no, first.person_id)
    assert serve_queue("P-001") == 1
    assert states(queue) == ["approved", "waitlisted", "waitlisted"]
    assert [view_of(receipt, who).status.word for who, receipt in queue[1:]] == ["補欠(1番目)", "補欠(2番目)"]
    assert (counters().seats_taken, counters().waiting, counters().committed) == (1, 2, AMOUNT)
    assert serve_queue("P-001") == 0


def test_who_holds_a_ticket_of_the_queue_stands_where_it_was_given_out() -> None:
    """4.2: the ticket's time counts for the order, though the application came in after the others."""
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    queue = queue_of(3)
    ticket_at = clock.now() + timedelta(seconds=30)
    with db.transaction() as session:
        late = session.get_one(Application, ("P-001", by_receipt(queue[2][1]).id))
        late.came_at = ticket_at
    assert view_of(queue[2][1], queue[2][0]).status.word == "補欠(2番目)"
    assert view_of(queue[1][1], queue[1][0]).status.word == "補欠(3番目)"
    for freed_by, receipt in ((first, taken), queue[0]):
        assert withdraw(receipt.receipt_no, freed_by.person_id)
        serve_queue("P-001")
    assert states(queue)[1:] == ["waitlisted", "approved"]


def test_a_seat_that_comes_free_defers_the_job_that_serves_the_queue_once() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    before = rows_in("procrastinate_jobs")
    queue_of(1)
    assert withdraw(taken.receipt_no, first.person_id)
    assert rows_in("procrastinate_jobs") == before + 1


def test_nobody_passes_the_queue_while_a_free_seat_waits_for_its_job() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    queue = queue_of(1)
    assert withdraw(taken.receipt_no, first.person_id)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        newcomer = applicant()
        late = apply(newcomer)
    assert late.state is ApplicationState.WAITLISTED
    assert serve_queue("P-001") == 1
    assert (*states(queue), by_receipt(late).state) == ("approved", "waitlisted")


def test_withdrawing_from_the_queue_moves_the_others_up() -> None:
    open_policy(**QUEUE)
    apply(applicant())
    (gone, receipt), (who, second) = queue_of(2)
    assert withdraw(receipt.receipt_no, gone.person_id)
    assert view_of(second, who).status.word == "補欠(1番目)"
    assert (counters().waiting, counters().seats_taken) == (1, 1)
    apply(gone)
    assert counters().waiting == 2, "who withdrew may apply again, at the end of the queue (BR-13)"


def test_a_raised_capacity_serves_as_many_as_it_has_room_for() -> None:
    open_policy(**QUEUE)
    apply(applicant())
    queue = queue_of(3)
    change_policy("P-001", **(QUEUE | {"capacity": 3, "budget": 3 * AMOUNT}))
    from app import points

    with db.transaction() as session:
        points.fund(session, "P-001", 2 * AMOUNT)
    assert serve_queue("P-001") == 2
    assert states(queue) == ["approved", "approved", "waitlisted"]


def test_br_34_a_free_seat_without_the_money_serves_nobody() -> None:
    open_policy(**(QUEUE | {"budget": AMOUNT}))
    apply(applicant())
    queue = queue_of(1)
    change_policy("P-001", **(QUEUE | {"capacity": 1, "budget": AMOUNT, "title": "改題"}))
    assert serve_queue("P-001") == 0
    assert states(queue) == ["waitlisted"]


def test_when_the_policy_ends_the_wait_ends_with_it() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    queue = queue_of(2)
    with clock.frozen(at("2027-02-01T00:00:00")):
        assert serve_queue("P-001") == 2
    assert states(queue) == ["closed_out", "closed_out"]
    assert view_of(queue[0][1], queue[0][0]).status.word == "補欠のまま受付終了"
    assert (counters().waiting, rows_in("payment_links")) == (0, 3)
    assert withdraw(taken.receipt_no, first.person_id)
    with clock.frozen(at("2027-02-01T00:01:00")):
        assert serve_queue("P-001") == 0


def test_on_the_last_day_a_free_seat_still_goes_to_the_queue() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    queue = queue_of(1)
    with clock.frozen(at("2027-01-31T23:59:59")):
        assert withdraw(taken.receipt_no, first.person_id)
        assert serve_queue("P-001") == 1
    assert states(queue) == ["approved"]


def test_the_checks_are_as_of_the_day_of_the_submit() -> None:
    """Somebody who was in time is not refused for a birthday in the queue, and doubt goes to staff as ever."""
    open_policy(**QUEUE)
    first, doubtful = applicant(), applicant(assurance="unattended")
    taken = apply(first)
    receipt = apply(doubtful)
    assert withdraw(taken.receipt_no, first.person_id)
    assert serve_queue("P-001") == 1
    row = by_receipt(receipt)
    assert (row.state, checks_of(row.id)["CARD_AUTO"]) == (ApplicationState.SCREENING, "inconclusive")
    assert counters().reserved == AMOUNT


def test_who_waits_without_a_service_chooses_one_after_the_seat() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    who = applicant()
    receipt = apply_for_later(who)
    assert receipt.state is ApplicationState.WAITLISTED
    assert withdraw(taken.receipt_no, first.person_id)
    serve_queue("P-001")
    assert view_of(receipt, who).must_choose
    assert by_receipt(receipt).assign_by is not None


def test_the_same_draft_sent_twice_waits_once() -> None:
    open_policy(**QUEUE)
    who = applicant()
    draft = fill_in(who)
    apply(applicant())
    assert not submit("P-001", draft, who.person_id).already
    again = submit("P-001", draft, who.person_id)
    assert (again.already, again.state, counters().waiting) == (True, ApplicationState.WAITLISTED, 1)


def test_br_33_two_at_the_same_moment_for_the_last_seat_one_gets_it_and_one_waits() -> None:
    open_policy(**QUEUE)
    first, second = applicant(), applicant()
    drafts = fill_in(first), fill_in(second)
    results = together(sending(first, drafts[0]), sending(second, drafts[1]))
    assert sorted(result.state for result in results if isinstance(result, Receipt)) == ["approved", "waitlisted"]
    assert (counters().seats_taken, counters().waiting) == (1, 1)


def test_two_workers_that_serve_the_same_queue_give_each_seat_once() -> None:
    open_policy(**(QUEUE | {"capacity": 2, "budget": 2 * AMOUNT}))
    holders = [applicant(), applicant()]
    taken = [apply(who) for who in holders]
    queue = queue_of(4)
    for who, receipt in zip(holders, taken, strict=True):
        assert withdraw(receipt.receipt_no, who.person_id)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        served = list(pool.map(serve_queue, ["P-001", "P-001"]))
    assert sum(served) == 2
    assert states(queue) == ["approved", "approved", "waitlisted", "waitlisted"]
    assert orders() == []


def test_while_somebody_waits_the_policy_shows_as_full() -> None:
    open_policy(**QUEUE)
    first = applicant()
    taken = apply(first)
    queue_of(1)
    assert withdraw(taken.receipt_no, first.person_id)
    with db.reading() as session:
        policy = policies.get(session, "P-001")
    assert policy is not None
    assert (policy.state, policy.refusal, policy.seats_left) == (PolicyState.FULL, None, 1)
