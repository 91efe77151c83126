"""A return case of a rebate while purchases are counted again: nothing is booked that the ledger does not hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import clock, db, points, returns
from app.points import Account, LedgerEvent
from app.returns import ReturnRefused
from app.returns.models import ReturnCase
from tests.applications.applicants import Applicant, counters, differences
from tests.applications.test_rebate_returns import (
    APPROVER,
    POLICY,
    TREASURER,
    Bought,
    balances,
    work,
)

pytestmark = pytest.mark.usefixtures("installation")

OBJECTION = "返品は取り消されていました。"
Act = Callable[[UUID], object]


def asked_back() -> tuple[Bought, UUID]:
    """300 of 1,500 points are too many; it was decided and demanded."""
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    case = one.decided()
    returns.demand(POLICY, case.id, TREASURER, clock.today() + timedelta(days=30))
    return one, case.id


def give_back(one: Bought, amount: int) -> None:
    """What a recount does when a purchase counts after all, before the job has brought the case into line."""
    with db.transaction() as session:
        _give_back(session, one, amount)


def _give_back(session, one: Bought, amount: int) -> None:
    assert points.lock_held(session, POLICY, one.application_id, Account.RETURN_DUE) >= amount
    book = points.Book(session, POLICY)
    who = {"application_id": one.application_id, "person_id": one.who.person_id}
    book.post(LedgerEvent.CLAWBACK_CANCEL, amount, **who)
    book.close()


@contextmanager
def while_a_recount_gives_back(one: Bought, amount: int, act: Callable[[], object]) -> Iterator[Future[object]]:
    """``act`` begins while the recount has not committed, and can't end before it has."""
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as session:
            _give_back(session, one, amount)
            doing = pool.submit(act)
            assert _somebody_waits_for(session), "the case waits for the recount"
        yield doing


def _somebody_waits_for(session) -> bool:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    pause = threading.Event()
    for _ in range(500):
        if session.scalar(waiting):
            return True
        pause.wait(0.01)
    return False


def test_br_38_a_payment_is_never_booked_beyond_what_the_ledger_still_holds() -> None:
    one, case_id = asked_back()
    give_back(one, 200)
    with pytest.raises(ReturnRefused, match="100 points are left") as refused:
        returns.record_payment(POLICY, case_id, TREASURER, 300, "repay")
    assert (refused.value.why, refused.value.points) == ("left", 100)
    assert returns.record_payment(POLICY, case_id, TREASURER, 100, "repay") == 0
    assert (one.case().state, one.case().amount, one.case().recovered) == ("settled", 100, 100)
    assert balances() == {"granted": 1_400, "returned": 100}
    assert negative() == []


def test_br_38_what_is_not_due_any_more_is_not_given_up() -> None:
    one, case_id = asked_back()
    read = returns.propose_write_off(POLICY, case_id, TREASURER, "少額です。")
    give_back(one, 200)
    with pytest.raises(ReturnRefused, match="counted again"):
        returns.write_off(POLICY, case_id, APPROVER, proposal_id=read)
    returns.follow_books(POLICY, one.application_id, one.who.person_id)
    with pytest.raises(ReturnRefused, match="no such proposal"):
        returns.write_off(POLICY, case_id, APPROVER, proposal_id=read)
    read = returns.propose_write_off(POLICY, case_id, TREASURER, "少額です。")
    returns.write_off(POLICY, case_id, APPROVER, proposal_id=read)
    assert (one.case().state, one.case().amount) == ("written_off", 100)
    assert balances() == {"granted": 1_400, "written_off": 100}
    assert negative() == []


def test_a_case_in_court_of_which_nothing_is_due_any_more_is_ended_by_staff_without_an_entry() -> None:
    one, case_id = asked_back()
    returns.litigate(POLICY, case_id, APPROVER)
    give_back(one, 300)
    returns.follow_books(POLICY, one.application_id, one.who.person_id)
    assert one.case().state == "litigated"
    read = returns.propose_write_off(POLICY, case_id, TREASURER, "お求めするものがなくなりました。")
    returns.write_off(POLICY, case_id, APPROVER, proposal_id=read)
    assert (one.case().state, balances()) == ("written_off", {"granted": 1_500})


ACTS: dict[str, tuple[Act, dict[str, int]]] = {
    "a payment of all": (
        lambda case: returns.record_payment(POLICY, case, TREASURER, 300, "repay"),
        {"granted": 1_400, "return_due": 100},
    ),
    "an accepted objection": (lambda case: returns.cancel(POLICY, case, APPROVER, OBJECTION), {"granted": 1_500}),
}


@pytest.mark.parametrize("what", ACTS)
def test_who_acts_while_purchases_are_counted_again_waits_and_sees_the_new_number(what: str) -> None:
    one, case_id = asked_back()
    act, expected = ACTS[what]
    with while_a_recount_gives_back(one, 200, lambda: act(case_id)) as doing:
        refused = isinstance(doing.exception(timeout=30), ReturnRefused)
    assert refused == (what == "a payment of all")
    assert balances() == expected
    assert negative() == []


def test_a_case_cleared_while_purchases_are_counted_again_gives_back_once() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    case_id = one.case().id
    with while_a_recount_gives_back(one, 300, lambda: returns.clear(POLICY, case_id, APPROVER)) as doing:
        assert doing.exception(timeout=30) is None
    assert (one.case().state, balances()) == ("cleared", {"granted": 1_500})
    assert negative() == []


def test_the_same_payment_form_sent_twice_books_one_payment() -> None:
    _, case_id = asked_back()
    assert returns.record_payment(POLICY, case_id, TREASURER, 100, "repay", left_as_read=300) == 200
    with pytest.raises(ReturnRefused, match="200 points are left"):
        returns.record_payment(POLICY, case_id, TREASURER, 100, "repay", left_as_read=300)
    assert balances()["returned"] == 100


@pytest.mark.parametrize(
    ("event", "amount"),
    [
        (LedgerEvent.REPAY, 301),
        (LedgerEvent.REVERSAL, 301),
        (LedgerEvent.WRITE_OFF, 301),
        (LedgerEvent.CLAWBACK_CANCEL, 301),
        (LedgerEvent.CLAWBACK_OPEN, 1_201),
        (LedgerEvent.NOT_RECEIVED, 1_201),
    ],
)
def test_the_database_itself_lets_no_application_give_more_than_it_has(event: LedgerEvent, amount: int) -> None:
    """Another person's points on the same account hide it from the policy's counters: that was the gap."""
    one, _ = asked_back()
    somebody_else_owes(one.who, amount)
    before = counters(POLICY)

    def post(points_: int) -> None:
        with db.transaction() as session:
            book = points.Book(session, POLICY)
            book.post(event, points_, application_id=one.application_id, person_id=one.who.person_id)
            book.close()

    with pytest.raises(IntegrityError, match="has not that much"):
        post(amount)
    assert counters(POLICY) == before
    post(amount - 1)
    assert negative() == []


def somebody_else_owes(who: Applicant, amount: int) -> None:
    """Enough on GRANTED and on RETURN_DUE that belongs to another application."""
    other = {"application_id": db.new_id(), "person_id": who.person_id}
    way = (LedgerEvent.RESERVE, LedgerEvent.COMMIT)
    with db.transaction() as session:
        book = points.Book(session, POLICY)
        for event in way:
            book.post(event, 2 * amount, **other)
        book.post(LedgerEvent.ORDER, 2 * amount, order_id=(order := db.new_id()), **other)
        book.post(LedgerEvent.GRANT_OK, 2 * amount, order_id=order, **other)
        book.post(LedgerEvent.CLAWBACK_OPEN, amount, **other)
        book.close()


def negative() -> list[str]:
    """What the nightly comparison finds below zero."""
    return [one.what for one in differences() if one.found < 0]


def test_the_database_holds_giving_up_to_two_people() -> None:
    one, case_id = asked_back()
    read = returns.propose_write_off(POLICY, case_id, TREASURER, "少額です。")
    with pytest.raises(IntegrityError, match="two_people_give_up"), db.transaction() as session:
        session.get_one(ReturnCase, (POLICY, case_id)).written_off_by = TREASURER.staff_id
    with pytest.raises(IntegrityError, match="two_people_give_up"), db.transaction() as session:
        row = session.get_one(ReturnCase, (POLICY, case_id))
        row.write_off_by, row.written_off_by = None, APPROVER.staff_id
    assert one.case().proposal_id == read
