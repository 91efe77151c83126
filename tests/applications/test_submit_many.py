"""Many applications in few transactions, for replays: the guards of a single one, whatever doesn't fit (BR-33)."""

from __future__ import annotations

from typing import Any

import pytest

from app import applications, points
from app.applications import Receipt
from app.errors import DomainError
from tests.applications.applicants import applicant, counters, fill_in, open_policy, submitted_count
from tests.applications.submitting import AMOUNT

pytestmark = pytest.mark.usefixtures("installation")


def drafts_of(count: int) -> list[Any]:
    return [(fill_in(who), who.person_id) for who in [applicant() for _ in range(count)]]


def test_br_33_who_does_not_fit_is_refused_in_turn_and_everybody_else_has_a_seat() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    drafts = drafts_of(7)
    results = applications.submit_many("P-001", drafts)
    receipts = [result for result in results if isinstance(result, Receipt)]
    assert len({receipt.receipt_no for receipt in receipts}) == 5
    assert [result.code for result in results[5:] if isinstance(result, DomainError)] == ["E209", "E209"]
    assert (submitted_count(), counters().seats_taken, counters().ordered) == (5, 5, 5 * AMOUNT)
    again = applications.submit_many("P-001", drafts[:5])
    assert [result.already for result in again if isinstance(result, Receipt)] == [True] * 5
    with pytest.raises(ValueError, match="1000"):
        applications.submit_many("P-001", drafts * 500)


def test_many_are_one_transaction_and_a_fault_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    open_policy(capacity=10)
    drafts = drafts_of(3)
    close, write, closed = points.Book.close_and_commit, points.Book.write_rows, []

    def note(self: Any, *, seats: int, **what: Any) -> None:
        closed.append(seats)
        close(self, seats=seats, **what)

    def break_down(self: Any) -> None:
        write(self)
        raise RuntimeError("the lights go out")

    with monkeypatch.context() as patched:
        patched.setattr(points.Book, "close_and_commit", note)
        patched.setattr(points.Book, "write_rows", break_down)
        with pytest.raises(RuntimeError, match="the lights go out"):
            applications.submit_many("P-001", drafts)
    assert closed == [3], "the counters move once for all"
    assert (submitted_count(), counters().seats_taken) == (0, 0)
    applications.submit_many("P-001", drafts)
    assert (submitted_count(), counters().seats_taken) == (3, 3)
