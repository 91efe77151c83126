"""Many applications in one transaction, for replays: the guards of a single one, all or none (BR-33)."""

from __future__ import annotations

import pytest

from app import applications
from app.errors import DomainError
from tests.applications.applicants import applicant, counters, fill_in, open_policy, submitted_count
from tests.applications.submitting import AMOUNT


@pytest.mark.usefixtures("installation")
def test_many_are_sent_in_one_transaction_with_the_same_guards_all_or_none() -> None:
    open_policy(capacity=2, budget=2 * AMOUNT)
    people = [applicant() for _ in range(3)]
    drafts = [(fill_in(who), who.person_id) for who in people]
    with pytest.raises(DomainError, match="E209"):
        applications.submit_many("P-001", drafts)
    assert (submitted_count(), counters().seats_taken) == (0, 0)
    receipts = applications.submit_many("P-001", drafts[:2])
    assert len({receipt.receipt_no for receipt in receipts}) == 2
    assert (submitted_count(), counters().seats_taken, counters().ordered) == (2, 2, 2 * AMOUNT)
    assert [one.already for one in applications.submit_many("P-001", drafts[:2])] == [True, True]
    with pytest.raises(ValueError, match="1000"):
        applications.submit_many("P-001", drafts * 500)
