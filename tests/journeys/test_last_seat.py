"""The last seat goes to exactly one, over real HTTP; and with the guard removed the same race oversells."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.applications import submit
from app.cli.browser import Page
from app.errors import DomainError
from app.policies import counters as guarded
from app.policies.models import PolicyCounter
from tests.applications.applicants import (
    applicant,
    change_policy,
    counters,
    differences,
    fill_in,
    open_policy,
    orders,
    submitted_count,
)
from tests.conftest import FIXTURE_TIME, as_owner
from tests.journeys.confirm_page import (
    AtTheConfirmPage,
    card_number,
    prepare_cards,
    press_together,
    running_service,
    walk_to_the_confirm_page,
)

T = TypeVar("T")
AMOUNT, BUDGET = 10_000, 100_000
_policies = (f"P-{number}" for number in itertools.count(101))
_cards = itertools.count(1)


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    prepare_cards(folder, FIXTURE_TIME)
    return folder


@dataclass
class Town:
    """A running service and the ways into it."""

    address: str
    state_dir: Path

    def arrive(self, person: str, policy: str) -> AtTheConfirmPage:
        """One person at the confirming page."""
        return walk_to_the_confirm_page(self.address, self.state_dir, person, policy, card_number(next(_cards)))

    def two_for_the_last_seat(self) -> tuple[str, AtTheConfirmPage, AtTheConfirmPage]:
        """A new policy with one seat and money for ten, and two people who have only the button left to press."""
        policy = open_policy(next(_policies), capacity=1, budget=BUDGET)
        return policy, self.arrive("TP-02", policy), self.arrive("TP-10", policy)


@pytest.fixture
def town(database: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with running_service(database, state_dir, monkeypatch) as address:
        yield Town(address, state_dir)


def receipts(*pages: Page) -> list[str]:
    return [page.marks["receipt"] for page in pages if "receipt" in page.marks]


def codes(*pages: Page) -> list[str]:
    return [page.error_code for page in pages if page.error_code]


def everybody_meets(act: Callable[..., T], count: int = 2) -> Callable[..., T]:
    """``act``, held back until this many transactions have come as far: the race at its worst, every time."""
    met = threading.Barrier(count)

    def meeting(session: Session, policy_id: str, **changes: int) -> T:
        met.wait(10)
        return act(session, policy_id, **changes)

    return meeting


def test_br_33_the_last_seat_goes_to_exactly_one_of_two_parallel_applications(town: Town) -> None:
    for _ in range(4):
        policy, one, other = town.two_for_the_last_seat()
        pages = press_together(one.press, other.press)
        assert (len(receipts(*pages)), codes(*pages)) == (1, ["E209"])
        assert sorted(page.status for page in pages) == [200, 409]
        assert (counters(policy).seats_taken, counters(policy).ordered, submitted_count(policy)) == (1, AMOUNT, 1)
        assert differences() == []


def test_br_33_the_guard_alone_decides_when_both_have_passed_every_other_check(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, one, other = town.two_for_the_last_seat()
    monkeypatch.setattr(guarded, "applied_at_commit", everybody_meets(guarded.applied_at_commit))
    pages = press_together(one.press, other.press)
    assert (len(receipts(*pages)), codes(*pages)) == (1, ["E209"])
    assert (counters(policy).seats_taken, counters(policy).ordered, submitted_count(policy)) == (1, AMOUNT, 1)
    assert differences() == []


# --- the control: what the guard is there for ---------------------------------------------------------------------


def look_then_take(count: int = 2) -> Callable[..., AbstractContextManager[None]]:
    """The guard removed: everybody looks at the counters before anybody writes, and what was seen is believed."""
    everybody_has_looked = threading.Barrier(count)

    @contextmanager
    def unguarded(session: Session, policy_id: str, *, seats: int = 0, **deltas: int) -> Iterator[None]:
        seen = guarded.read(session, policy_id)
        everybody_has_looked.wait(10)
        if seen.seats_left == 0:
            raise DomainError("E209")
        yield
        changes: dict[Any, Any] = {getattr(PolicyCounter, n): getattr(PolicyCounter, n) + d for n, d in deltas.items()}
        changes[PolicyCounter.seats_taken] = PolicyCounter.seats_taken + seats
        session.execute(update(PolicyCounter).where(PolicyCounter.policy_id == policy_id).values(changes))

    return unguarded


def drop_the_check_of_the_database(url: str) -> None:
    as_owner(url, "ALTER TABLE policy_counters DROP CONSTRAINT ck_policy_counters_seats_within_capacity")


def test_br_33_control_without_the_guard_the_same_two_applications_oversell(
    town: Town, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    drop_the_check_of_the_database(database_url)
    for _ in range(2):
        policy, one, other = town.two_for_the_last_seat()
        with monkeypatch.context() as without_guard:
            without_guard.setattr(guarded, "applied_at_commit", look_then_take())
            pages = press_together(one.press, other.press)
        assert (len(set(receipts(*pages))), codes(*pages)) == (2, [])
        sold = counters(policy)
        assert (sold.capacity, sold.seats_taken, sold.ordered, submitted_count(policy)) == (1, 2, 2 * AMOUNT, 2)


def test_br_33_control_without_the_guard_the_database_itself_is_the_last_judge(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, one, other = town.two_for_the_last_seat()
    monkeypatch.setattr(guarded, "applied_at_commit", look_then_take())
    pages = press_together(one.press, other.press)
    assert len(receipts(*pages)) == 1
    assert sorted(page.status for page in pages) == [200, 500]
    assert (counters(policy).seats_taken, submitted_count(policy)) == (1, 1)
    assert differences() == []


# --- one person, the same form more than once ---------------------------------------------------------------------


def test_a_double_tap_gives_one_receipt_and_one_seat(town: Town) -> None:
    for _ in range(3):
        policy = open_policy(next(_policies), capacity=5, budget=5 * AMOUNT)
        person = town.arrive("TP-02", policy)
        first, second = press_together(person.press, person.press)
        assert receipts(first) == receipts(second) != []
        assert (counters(policy).seats_taken, submitted_count(policy)) == (1, 1)
        assert differences() == []


def test_a_double_tap_on_the_last_seat_is_not_told_that_it_is_gone(town: Town) -> None:
    policy = open_policy(next(_policies), capacity=1, budget=AMOUNT)
    person = town.arrive("TP-02", policy)
    first, second = press_together(person.press, person.press)
    assert (receipts(first), codes(first, second)) == (receipts(second), [])


def test_the_back_button_and_another_press_give_the_same_receipt(town: Town) -> None:
    policy = open_policy(next(_policies), capacity=5, budget=5 * AMOUNT)
    person = town.arrive("TP-02", policy)
    (first,) = receipts(person.press())
    assert receipts(person.press()) == [first]
    assert (counters(policy).seats_taken, len(orders()), submitted_count(policy)) == (1, 1, 1)


def test_the_form_of_one_person_is_worth_nothing_in_the_browser_of_another(town: Town) -> None:
    policy, one, other = town.two_for_the_last_seat()
    token = one.page.form("form_token").fields["form_token"]
    answer = other.browser.submit(other.page, other.page.form("form_token"), form_token=token, confirmed="yes")
    assert (answer.error_code, receipts(answer), submitted_count(policy)) == ("E504", [], 0)


def test_a_policy_that_changed_meanwhile_leads_back_to_the_consent_and_takes_no_seat(town: Town) -> None:
    policy = open_policy(next(_policies), capacity=1, budget=BUDGET)
    person = town.arrive("TP-02", policy)
    change_policy(policy, capacity=1, budget=BUDGET, benefit__amount=5_000)
    answer = person.press()
    assert (answer.error_code, answer.status, counters(policy).seats_taken) == ("E217", 422, 0)
    assert f"/policies/{policy}/apply/consent" in answer.links


# --- many at once -------------------------------------------------------------------------------------------------


def test_br_33_twenty_parallel_submits_for_five_seats_give_five(town: Town) -> None:
    policy = open_policy(next(_policies), capacity=5, budget=5 * AMOUNT)
    people = [applicant() for _ in range(20)]
    drafts = [fill_in(who, policy) for who in people]
    start = threading.Barrier(20)

    def send(n: int) -> str:
        start.wait(10)
        try:
            return submit(policy, drafts[n], people[n].person_id).receipt_no
        except DomainError as problem:
            return problem.code

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(send, range(20)))
    assert results.count("E209") == 15
    assert len(set(results)) == 6
    assert (counters(policy).seats_taken, counters(policy).budget, submitted_count(policy)) == (5, 0, 5)
    assert differences() == []
