"""Many at once for the last seats, over HTTP: as many receipts as seats. Without the guard it oversells (BR-33)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.errors import DomainError
from app.policies import counters as guarded
from app.policies.models import PolicyCounter
from bench.apply.load import Connection
from bench.apply.residents import Makers, Resident, in_turn
from tests.applications.applicants import counters, differences, open_policy, orders, submitted_count
from tests.conftest import as_owner

AMOUNT = 10_000


def press_at_once(port: int, residents: list[Resident]) -> Counter[int]:
    """Everybody presses at the same moment; how often each status was answered."""
    start = threading.Barrier(len(residents))

    def press(resident: Resident) -> int:
        connection = Connection(port)
        start.wait(20)
        status, _ = connection.ask(resident.request)
        connection.close()
        return status

    with ThreadPoolExecutor(len(residents)) as pool:
        return Counter(pool.map(press, residents))


def test_br_33_200_parallel_submits_for_50_seats_give_50(edge: tuple[int, Makers]) -> None:
    port, makers = edge
    policy = open_policy("P-102", capacity=50, budget=50 * AMOUNT)
    answers: Counter[int] = Counter()
    residents = makers.make(in_turn([policy]), 200)
    for first in range(0, 200, 40):  # forty connections at a time: a browser behind each
        answers += press_at_once(port, residents[first : first + 40])
    assert answers == {303: 50, 409: 150}
    assert (counters(policy).seats_taken, counters(policy).budget, submitted_count(policy)) == (50, 0, 50)
    assert len(orders()) == 50
    assert differences() == []


def test_br_34_the_last_money_and_the_last_seat_run_out_in_different_policies_at_once(edge: tuple[int, Makers]) -> None:
    port, makers = edge
    by_seat = open_policy("P-103", capacity=3, budget=10 * AMOUNT)
    by_money = open_policy("P-104", capacity=None, budget=4 * AMOUNT + 9_999)
    answers = press_at_once(port, makers.make(in_turn([by_seat, by_money]), 30))
    assert answers == {303: 7, 409: 23}
    assert (counters(by_seat).seats_taken, counters(by_money).seats_taken) == (3, 4)
    assert counters(by_money).budget == 9_999
    assert differences() == []


def test_br_33_control_without_the_guard_the_same_load_oversells(
    edge: tuple[int, Makers], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, makers = edge
    policy = open_policy("P-105", capacity=4, budget=100 * AMOUNT)
    residents = makers.make(in_turn([policy]), 12)
    as_owner(database, "ALTER TABLE policy_counters DROP CONSTRAINT ck_policy_counters_seats_within_capacity")
    everybody_has_looked = threading.Barrier(len(residents))

    @contextmanager
    def look_then_take(session: Session, policy_id: str, *, seats: int = 0, **deltas: int) -> Iterator[None]:
        seen = guarded.read(session, policy_id)
        everybody_has_looked.wait(20)
        if seen.seats_left == 0:
            raise DomainError("E209")
        yield
        changes: dict[Any, Any] = {getattr(PolicyCounter, n): getattr(PolicyCounter, n) + d for n, d in deltas.items()}
        changes[PolicyCounter.seats_taken] = PolicyCounter.seats_taken + seats
        session.execute(update(PolicyCounter).where(PolicyCounter.policy_id == policy_id).values(changes))

    monkeypatch.setattr(guarded, "applied_at_commit", look_then_take)
    assert press_at_once(port, residents) == {303: 12}
    assert (counters(policy).capacity, counters(policy).seats_taken) == (4, 12), "the race is real"
