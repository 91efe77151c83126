"""The one function that says in which state a policy is (domain.md 5.1, BR-01, BR-34, BR-35)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.policies import Counters, PolicyState, refusal_of, state_of
from app.policies.state import COMPUTED_STATES, STATE_LABELS, STORED_STATES
from tests.policies.samples import document

FREE = Counters(capacity=150, smallest_amount=2_000, filled_at=None, seats_taken=0, budget=300_000, funded=300_000)
NOW = datetime.fromisoformat("2026-11-20T10:00:00+09:00")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+09:00")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-10-01T08:59:59", PolicyState.SCHEDULED),
        ("2026-10-01T09:00:00", PolicyState.OPEN),
        ("2027-01-31T23:59:59", PolicyState.OPEN),
        ("2027-01-31T23:59:59.999", PolicyState.OPEN),
        ("2027-02-01T00:00:00", PolicyState.CLOSED),
    ],
)
def test_br_01_the_window_opens_at_its_start_and_includes_its_whole_last_day(now: str, expected: PolicyState) -> None:
    assert state_of("published", document("P-001"), FREE, _at(now)) is expected
    assert state_of("published", document("P-001"), FREE, _at(now).astimezone(UTC)) is expected


def test_the_last_seat_fills_a_policy() -> None:
    assert state_of("published", document("P-002"), replace(FREE, seats_taken=149), NOW) is PolicyState.OPEN
    assert state_of("published", document("P-002"), replace(FREE, seats_taken=150), NOW) is PolicyState.FULL


def test_br_34_a_budget_below_the_smallest_amount_is_full() -> None:
    assert state_of("published", document("P-001"), replace(FREE, budget=2_000), NOW) is PolicyState.OPEN
    assert state_of("published", document("P-001"), replace(FREE, budget=1_999), NOW) is PolicyState.FULL


def test_br_35_a_released_seat_opens_again_only_with_reopen() -> None:
    released = replace(FREE, seats_taken=149, filled_at=NOW)
    assert state_of("published", document("P-002", {"reopen": True}), released, NOW) is PolicyState.OPEN
    assert state_of("published", document("P-002", {"reopen": False}), released, NOW) is PolicyState.FULL


def test_a_full_policy_closes_at_its_end() -> None:
    full = replace(FREE, seats_taken=150)
    assert state_of("published", document("P-002"), full, _at("2026-12-29T00:00:00")) is PolicyState.CLOSED


def test_a_suspended_policy_stays_so_until_its_end() -> None:
    assert state_of("suspended", document("P-020"), FREE, NOW) is PolicyState.SUSPENDED
    assert state_of("suspended", document("P-020"), FREE, _at("2027-04-01T00:00:00")) is PolicyState.CLOSED


@pytest.mark.parametrize(
    "stored", [s for s in STORED_STATES if s not in (PolicyState.PUBLISHED, PolicyState.SUSPENDED)]
)
@pytest.mark.parametrize("now", ["2020-01-01T00:00:00", "2026-11-20T10:00:00", "2030-01-01T00:00:00"])
def test_no_clock_changes_what_people_decided(stored: PolicyState, now: str) -> None:
    assert state_of(stored, document("P-001"), FREE, _at(now)) is stored


@pytest.mark.parametrize(
    ("state", "code", "wording"),
    [
        (PolicyState.SCHEDULED, "E208", "受付は2026年10月1日からです。"),
        (PolicyState.CLOSED, "E208", "受付は2027年1月31日に終了しました。"),
        (PolicyState.SETTLING, "E208", "受付は2027年1月31日に終了しました。"),
        (PolicyState.FULL, "E209", "定員に達したため"),
        (PolicyState.SUSPENDED, "E210", "一時停止"),
    ],
)
def test_each_state_refuses_with_its_own_message(state: PolicyState, code: str, wording: str) -> None:
    refusal = refusal_of(state, document("P-001"))
    assert refusal is not None
    assert refusal.code == code
    assert wording in refusal.wording()


def test_only_an_open_policy_takes_applications() -> None:
    assert [state for state in PolicyState if refusal_of(state, document("P-001")) is None] == [PolicyState.OPEN]


def test_every_state_has_a_label_and_is_either_stored_or_computed() -> None:
    assert set(STATE_LABELS) == set(PolicyState) == set(STORED_STATES) | set(COMPUTED_STATES)
    assert not set(STORED_STATES) & set(COMPUTED_STATES)
