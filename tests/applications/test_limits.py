"""Capacity lowered, budget lowered, room added: never below what is taken, at any moment (BR-33, promise 1)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app import applications, db, points, policies
from app.audit import AuditEvent
from app.errors import DomainError
from app.points import UNCHANGED, LimitsChanged, LimitsRefused, check_invariants
from app.policies import PolicyState
from tests.applications.applicants import (
    agree,
    applicant,
    apply,
    change_policy,
    counters,
    fill_in,
    open_policy,
    stored,
)
from tests.applications.submitting import AMOUNT, refusal

pytestmark = pytest.mark.usefixtures("installation")


def change(capacity: int | str | None = UNCHANGED, budget: int | str = UNCHANGED) -> LimitsChanged:
    return points.change_limits("P-001", by="ST-03", reason="議決による", capacity=capacity, budget=budget)


def state() -> PolicyState:
    with db.reading() as session:
        policy = policies.get(session, "P-001")
    assert policy is not None
    return policy.state


def test_br_33_capacity_lowered_below_what_is_taken_is_refused_in_words_and_nothing_changes() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    for _ in range(3):
        apply(applicant())
    with pytest.raises(LimitsRefused) as refused:
        change(capacity=2)
    assert refused.value.wording() == "定員を2人にはできません。すでに3人分の席を使っています。"
    assert (counters().capacity, counters().seats_taken) == (5, 3)
    assert change(capacity=3).capacity == 3
    with refusal("E209"):
        fill_in(applicant())


def test_br_33_capacity_lowered_below_what_is_taken_is_refused_by_the_database_too() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    apply(applicant())
    for statement in ("SET capacity = 0", f"SET budget = budget - {5 * AMOUNT}, funded = funded - {5 * AMOUNT}"):
        with pytest.raises(IntegrityError), db.transaction() as session:
            session.execute(text(f"UPDATE policy_counters {statement} WHERE policy_id = 'P-001'"))


def test_br_33_budget_lowered_below_what_is_held_is_refused_in_words() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    apply(applicant())
    apply(applicant(assurance="unattended"))
    change(capacity=2)
    with pytest.raises(LimitsRefused) as refused:
        change(budget=2 * AMOUNT - 1)
    assert refused.value.wording() == (
        "予算を19999ポイントにはできません。すでに20000ポイントを使っているか、確保しています。"
    )
    assert change(budget=2 * AMOUNT).budget == 2 * AMOUNT
    assert (counters().budget, counters().funded) == (0, 2 * AMOUNT)


def test_room_added_to_a_full_policy_opens_it_again_although_freed_seats_would_not() -> None:
    open_policy(capacity=1, budget=AMOUNT, reopen=False)
    apply(applicant())
    assert state() is PolicyState.FULL
    changed = change(capacity=2, budget=2 * AMOUNT)
    assert (changed.version, changed.capacity_before, changed.budget_before) == (2, 1, AMOUNT)
    assert state() is PolicyState.OPEN
    apply(applicant())
    assert state() is PolicyState.FULL
    assert change(capacity=None).capacity is None
    assert state() is PolicyState.FULL, "the budget is used up"


def test_a_change_is_audited_with_before_and_after_and_the_same_again_is_no_version() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    assert change(capacity=7, budget=9 * AMOUNT).version == 2
    assert change(capacity=7).version == 2
    with db.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "policy.limits_changed")).one()
    assert (event.actor, event.object_id) == ("ST-03", "P-001")
    assert event.facts == {
        "version": 2,
        "capacity_before": 5,
        "capacity": 7,
        "budget_before": 5 * AMOUNT,
        "budget": 9 * AMOUNT,
    }
    with pytest.raises(ValueError, match="reason"):
        points.change_limits("P-001", by="ST-03", reason=" ", capacity=8)
    with pytest.raises(LookupError):
        points.change_limits("P-999", by="ST-03", reason="議決による", capacity=8)


def test_who_is_on_the_confirming_page_meanwhile_agrees_to_nothing_anew() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    who = applicant()
    draft = fill_in(who)
    change(capacity=6, budget=6 * AMOUNT)
    applications.submit("P-001", draft, who.person_id)
    assert stored(draft).policy_version == 2
    late = applicant()
    draft = fill_in(late)
    change_policy("P-001", capacity=6, budget=6 * AMOUNT, benefit__amount=5_000)
    change(capacity=8)
    with refusal("E217"):
        applications.submit("P-001", draft, late.person_id)
    agree(late)


def test_br_33_capacity_lowered_while_submissions_run_never_ends_below_taken() -> None:
    people = 10
    open_policy(capacity=people, budget=people * AMOUNT)
    waiting = [(who := applicant(), fill_in(who)) for _ in range(people)]
    start = threading.Barrier(people + 1)
    lowered: list[int] = []

    def submit(place: int) -> bool:
        who, draft = waiting[place]
        start.wait(20)
        try:
            applications.submit("P-001", draft, who.person_id)
        except DomainError as problem:
            assert problem.code == "E209"
            return False
        return True

    def lower() -> None:
        start.wait(20)
        for wanted in range(people - 1, 0, -1):
            try:
                lowered.append(change(capacity=wanted).capacity or 0)
            except LimitsRefused as refused:
                assert refused.taken > wanted
                return

    with ThreadPoolExecutor(people + 1) as pool:
        lowering = pool.submit(lower)
        accepted = sum(pool.map(submit, range(people)))
        lowering.result()
    now = counters()
    assert now.seats_taken == accepted >= 1
    assert now.capacity == min(lowered, default=people)
    assert now.seats_taken <= now.capacity
    with db.reading() as session:
        assert check_invariants(session) == []
