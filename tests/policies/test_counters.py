"""The guarded update: BR-33, BR-34. Never more seats or points than there are, at any concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from app import clock, db, policies
from app.db_statements import Statement
from app.errors import DomainError
from app.migrations.privileges import SERVICE_ROLE
from app.people.models import Person
from app.policies import Counters, CountersRefused, PolicyState, counters
from app.policies.models import PolicyCounter
from tests.policies.samples import SERVICE_IDS, document, item

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def small_policy(database: str) -> str:
    """P-003 with three seats and the money for them."""
    with db.transaction() as session:
        policies.load_policies(
            session,
            [item("P-003", {"capacity": 3, "budget": 6_000})],
            source="test",
            known_services=SERVICE_IDS,
        )
        counters.apply(session, "P-003", budget=6_000, funded=6_000)
    return "P-003"


def _read(policy_id: str) -> Counters:
    with db.reading() as session:
        return counters.read(session, policy_id)


def _take_a_seat(policy_id: str) -> bool:
    try:
        with db.transaction() as session:
            counters.apply(session, policy_id, seats=1, budget=-2_000, reserved=2_000)
    except DomainError as error:
        assert error.code == "E209"
        return False
    return True


def test_br_33_seats_and_budget_move_together(small_policy: str) -> None:
    assert _take_a_seat(small_policy)
    now = _read(small_policy)
    assert (now.seats_taken, now.seats_left, now.budget, now.reserved, now.funded) == (1, 2, 4_000, 2_000, 6_000)


def test_br_33_the_seat_after_the_last_is_refused_and_nothing_changes(small_policy: str) -> None:
    assert [_take_a_seat(small_policy) for _ in range(4)] == [True, True, True, False]
    assert (_read(small_policy).seats_taken, _read(small_policy).budget) == (3, 0)


def test_br_33_parallel_takers_get_exactly_the_seats_there_are(small_policy: str) -> None:
    takers = 8
    at_once = Barrier(takers)

    def take(_: int) -> bool:
        at_once.wait()
        return _take_a_seat(small_policy)

    with ThreadPoolExecutor(takers) as pool:
        taken = list(pool.map(take, range(takers)))
    assert sum(taken) == 3
    assert (_read(small_policy).seats_taken, _read(small_policy).budget) == (3, 0)


def test_br_33_control_without_the_guard_the_same_race_oversells(small_policy: str) -> None:
    takers = 4
    both_have_read = Barrier(takers)

    def take_unguarded(_: int) -> bool:
        with db.transaction() as session:
            before = counters.read(session, small_policy)
            both_have_read.wait()
            if before.seats_left == 0:
                return False
            # Read, then write what was read plus one: the lost update that the guarded statement cannot have.
            session.execute(
                update(PolicyCounter)
                .where(PolicyCounter.policy_id == small_policy)
                .values(seats_taken=before.seats_taken + 1)
            )
            return True

    with ThreadPoolExecutor(takers) as pool:
        told_yes = sum(pool.map(take_unguarded, range(takers)))
    assert told_yes == 4
    assert _read(small_policy).seats_taken == 1


def test_br_34_the_last_money_must_cover_this_amount(database: str) -> None:
    with db.transaction() as session:
        policies.load_policies(session, [item("P-001")], source="test", known_services=SERVICE_IDS)
        counters.apply(session, "P-001", budget=5_000, funded=5_000)
    with pytest.raises(DomainError, match="E209"), db.transaction() as session:
        counters.apply(session, "P-001", seats=1, budget=-10_000, reserved=10_000)
    with db.transaction() as session:
        counters.apply(session, "P-001", seats=1, budget=-5_000, reserved=5_000)
    assert _read("P-001").budget == 0


def test_br_35_a_released_seat_is_free_at_once_and_remembers_that_it_was_full(small_policy: str) -> None:
    for _ in range(3):
        _take_a_seat(small_policy)
    filled = _read(small_policy)
    assert filled.filled_at == clock.now()
    in_window = document("P-003").window.apply_from + timedelta(days=1)
    assert policies.state_of("published", document("P-003"), filled, in_window) is PolicyState.FULL
    with db.transaction() as session:
        counters.apply(session, small_policy, seats=-1, budget=2_000, reserved=-2_000)
    released = _read(small_policy)
    assert (released.seats_left, released.filled_at) == (1, filled.filled_at)
    assert policies.state_of("published", document("P-003"), released, in_window) is PolicyState.OPEN
    assert policies.state_of("published", document("P-003", {"reopen": False}), released, in_window) is PolicyState.FULL


def test_releasing_what_was_never_held_is_a_fault_of_ours_and_not_a_full_policy(small_policy: str) -> None:
    with pytest.raises(CountersRefused), db.transaction() as session:
        counters.apply(session, small_policy, seats=-1, budget=2_000, reserved=-2_000)


@pytest.mark.parametrize("deltas", [{"budget": -1}, {"budget": -1, "reserved": 2}, {"points": 1}, {"funded": 1}])
def test_deltas_that_do_not_balance_are_refused_before_the_database(small_policy: str, deltas: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="unbalanced"), db.transaction() as session:
        counters.apply(session, small_policy, **deltas)


@pytest.mark.parametrize("broken", [{"seats_taken": 4}, {"seats_taken": -1}, {"budget": 5_999}, {"reserved": -1}])
def test_the_database_itself_refuses_an_illegal_row(small_policy: str, broken: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(update(PolicyCounter).where(PolicyCounter.policy_id == small_policy).values(**broken))


def test_an_unknown_policy_has_no_counters(database: str) -> None:
    with pytest.raises(LookupError), db.reading() as session:
        counters.read(session, "P-999")


def _take_a_seat_and_commit(policy_id: str) -> bool:
    """As a submit does: what is written, the counters and the commit in one go."""
    try:
        with (
            db.transaction() as session,
            counters.applied_at_commit(session, policy_id, seats=1, budget=-2_000, reserved=2_000),
        ):
            _WRITTEN.ask(session, person=db.new_id(), now=clock.now())
    except DomainError as error:
        assert error.code == "E209"
        return False
    return True


_WRITTEN = Statement(insert(Person).values(id=bindparam("person"), created_at=bindparam("now")))


def _written() -> int:
    with db.reading() as session:
        return session.scalars(select(func.count()).select_from(Person)).one()


def test_br_33_of_many_at_once_as_many_commit_as_there_are_seats_and_of_the_others_nothing_stays(
    small_policy: str,
) -> None:
    before, start = _written(), Barrier(8)

    def take(_: int) -> bool:
        start.wait(10)
        return _take_a_seat_and_commit(small_policy)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert (taken.count(True), _read(small_policy).seats_taken, _written() - before) == (3, 3, 3)


def test_who_committed_with_the_counters_can_do_nothing_more_in_that_transaction(small_policy: str) -> None:
    with pytest.raises(InvalidRequestError), db.transaction() as session:
        with counters.applied_at_commit(session, small_policy, seats=1, budget=-2_000, reserved=2_000):
            pass
        session.scalars(select(PolicyCounter)).all()
    assert _read(small_policy).seats_taken == 1


def test_a_fault_in_what_is_written_before_the_counters_leaves_nothing_and_is_told_as_it_is(small_policy: str) -> None:
    person = db.new_id()
    for expected in (nullcontext(), pytest.raises(IntegrityError)):
        with (
            expected,
            db.transaction() as session,
            counters.applied_at_commit(session, small_policy, seats=1, budget=-2_000, reserved=2_000),
        ):
            _WRITTEN.ask(session, person=person, now=clock.now())
    assert (_read(small_policy).seats_taken, _written()) == (1, 1)


def test_br_33_a_connection_that_was_refused_goes_on_as_any_other(small_policy: str) -> None:
    """Statements that the driver keeps planned are skipped in a refused pipeline: they are planned anew after it."""

    def write(people: list[UUID], seats: int) -> None:
        with (
            db.transaction() as session,
            counters.applied_at_commit(session, small_policy, seats=seats, budget=-1, reserved=1),
        ):
            for person in people:
                _WRITTEN.ask(session, person=person, now=clock.now())

    for _ in range(9):
        with pytest.raises(DomainError):
            write([db.new_id()], seats=4)
        with pytest.raises(IntegrityError):
            write([db.new_id()] * 2, seats=1)
        write([db.new_id()], seats=1)
        with db.transaction() as session:
            counters.apply(session, small_policy, seats=-1)
    assert (_read(small_policy).seats_taken, _read(small_policy).reserved, _written()) == (0, 9, 9)


def test_what_a_deferred_rule_refuses_at_the_commit_moves_no_counter(database: str, small_policy: str) -> None:
    with psycopg.connect(database.replace(f"//{SERVICE_ROLE}@", "//todoke@")) as owner:
        owner.execute("ALTER TABLE persons ADD CONSTRAINT late UNIQUE (created_at) DEFERRABLE INITIALLY DEFERRED")
    now = clock.now()
    for expected in (nullcontext(), pytest.raises(IntegrityError)):
        with (
            expected,
            db.transaction() as session,
            counters.applied_at_commit(session, small_policy, seats=1, budget=-2_000, reserved=2_000),
        ):
            _WRITTEN.ask(session, person=db.new_id(), now=now)
    assert (_read(small_policy).seats_taken, _written()) == (1, 1)


def test_nothing_is_left_to_a_commit_of_its_own(small_policy: str) -> None:
    """What a handler would add to the session inside would be written by a second transaction, after the first."""
    with (
        pytest.raises(RuntimeError, match="another one"),
        db.transaction() as session,
        counters.applied_at_commit(session, small_policy, seats=1, budget=-2_000, reserved=2_000),
    ):
        session.add(Person(id=db.new_id(), created_at=clock.now()))
    assert (_read(small_policy).seats_taken, _written()) == (0, 0)
