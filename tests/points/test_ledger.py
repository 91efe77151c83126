"""The ledger: every point accounted for, never more than there is, at any concurrency."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app import db, points
from app.errors import DomainError
from app.points import Book, LedgerEvent, check_invariants
from app.points.accounts import FLOWS
from app.points.models import LedgerEntry
from tests.conftest import as_owner
from tests.points.conftest import AMOUNT, BUDGET, POLICY, approve, books_are_right, counters

WHO = {"application_id": uuid4(), "person_id": uuid4()}


def _book(*events: LedgerEvent, amount: int = AMOUNT, seats: int = 0) -> None:
    with db.transaction() as session:
        book = Book(session, POLICY)
        for event in events:
            book.post(event, amount, **WHO, order_id=uuid4())
        book.close(seats=seats)


def test_funding_is_the_budget_and_the_books_balance(policy):
    now = counters()
    assert (now.funded, now.budget) == (BUDGET, BUDGET)
    assert books_are_right()


def test_budget_can_be_taken_back_but_never_what_is_held(policy):
    _book(LedgerEvent.RESERVE)
    with db.transaction() as session:
        points.fund(session, POLICY, -(BUDGET - AMOUNT))
    with pytest.raises(DomainError, match="E209"), db.transaction() as session:
        points.fund(session, POLICY, -1)
    assert (counters().funded, counters().budget, counters().reserved) == (AMOUNT, 0, AMOUNT)
    assert books_are_right()


def test_an_opening_takes_over_what_was_granted_and_the_seats(policy):
    with db.transaction() as session:
        points.open_with(session, POLICY, granted=BUDGET, seats=10)
    now = counters()
    assert (now.granted, now.budget, now.seats_taken) == (BUDGET, 0, 10)
    assert books_are_right()


def test_a_whole_life_of_points_leaves_counters_equal_to_entries(policy):
    _book(LedgerEvent.RESERVE, LedgerEvent.COMMIT, seats=1)
    _book(LedgerEvent.EXPIRE)
    _book(LedgerEvent.RECYCLE, seats=-1)
    _book(LedgerEvent.RESERVE)
    _book(LedgerEvent.RELEASE)
    now = counters()
    assert (now.budget, now.seats_taken) == (BUDGET, 0)
    assert books_are_right()


def test_br_33_more_than_the_budget_is_refused_and_leaves_no_entry(policy):
    with pytest.raises(DomainError, match="E209"):
        _book(LedgerEvent.RESERVE, amount=BUDGET + 1)
    with db.reading() as session:
        assert session.scalars(select(LedgerEntry.event)).all() == ["fund"]


@pytest.mark.parametrize("amount", [0, -1])
def test_an_entry_moves_at_least_one_point(policy, amount):
    with pytest.raises(ValueError, match="at least one point"):
        _book(LedgerEvent.RESERVE, amount=amount)


def test_a_closed_book_takes_no_more(policy):
    with db.transaction() as session:
        book = Book(session, POLICY)
        book.close()
        with pytest.raises(RuntimeError):
            book.post(LedgerEvent.RESERVE, 1)
        with pytest.raises(RuntimeError):
            book.close()


def test_br_33_parallel_books_take_exactly_what_there_is(policy):
    workers = 16
    start = threading.Barrier(workers)
    refused: list[str] = []

    def take() -> None:
        start.wait()
        try:
            _book(LedgerEvent.RESERVE, seats=1)
        except DomainError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=take) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = counters()
    assert refused == ["E209"] * 6
    assert (now.budget, now.reserved, now.seats_taken) == (0, BUDGET, 10)
    assert books_are_right()


@pytest.mark.parametrize("event", ["reserve", "fund", "nonsense"])
def test_the_database_refuses_a_flow_that_is_not_in_the_table(policy, event):
    source, target = FLOWS[LedgerEvent.ORDER]
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger_entries (policy_id, at, event, from_account, to_account, amount)"
                " VALUES (:p, now(), :e, :s, :t, 1)"
            ),
            {"p": POLICY, "e": event, "s": source, "t": target},
        )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LedgerEvent.ORDER, LedgerEvent.ORDER),
        (LedgerEvent.GRANT_OK, LedgerEvent.GRANT_OK),
        (LedgerEvent.GRANT_OK, LedgerEvent.GRANT_NG),
        (LedgerEvent.GRANT_NG, LedgerEvent.GRANT_OK),
    ],
)
def test_the_database_refuses_a_second_result_of_one_order(policy, first, second):
    order = uuid4()
    with pytest.raises(IntegrityError), db.transaction() as session:
        book = Book(session, POLICY)
        for event in (first, second):
            book.post(event, AMOUNT, order_id=order)
        book.close()


def test_the_check_finds_a_counter_that_was_moved_behind_the_ledgers_back(policy):
    with db.transaction() as session:
        session.execute(text("UPDATE policy_counters SET budget = budget - 5, reserved = reserved + 5"))
    with db.reading() as session:
        found = {(d.what, d.expected, d.found) for d in check_invariants(session, POLICY)}
    assert found == {("counter budget", BUDGET, BUDGET - 5), ("counter reserved", 0, 5)}


def test_the_check_finds_an_order_without_its_entry_and_an_application_below_zero(policy, provider, database):
    ordered = approve(order=True)
    as_owner(database, "ALTER TABLE grant_orders DISABLE TRIGGER USER")  # the database itself refuses it
    with db.transaction() as session:
        session.execute(text("UPDATE grant_orders SET amount = amount + 1"))
        book = Book(session, POLICY)
        book.post(LedgerEvent.RELEASE, 1, application_id=ordered.application_id)
        book.post(LedgerEvent.RESERVE, 1, application_id=uuid4())
        book.close()
    with db.reading() as session:
        found = [d.what for d in check_invariants(session)]
    assert len(found) == 2
    assert found[0] == f"RESERVED of application {ordered.application_id}"
    assert found[1].startswith("ORDERED of order ")
