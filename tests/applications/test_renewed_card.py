"""BR-15: a renewed card is the same person where that is known, and a question for staff where it is not."""

from __future__ import annotations

import pytest

from app import applications, db
from app.applications import ApplicationState, LinkRefused
from app.screening import ReviewRefused, Staff
from tests.applications.applicants import (
    Applicant,
    applicant,
    apply,
    apply_for_later,
    by_receipt,
    checks_of,
    choice,
    grants_of,
    open_policy,
)
from tests.applications.submitting import refusal

pytestmark = pytest.mark.usefixtures("installation")

APPROVER = Staff("ST-A1", frozenset({"approver"}))
NAME, RENEWED = "渡辺　典子", b"the certificate of the renewed card"


def with_the_renewed_card() -> Applicant:
    return applicant(NAME, certificate=RENEWED)


def test_br_15_linked_the_assignment_goes_on_with_the_new_card_and_nobody_applies_twice() -> None:
    open_policy(assign_later=True, capacity=10)
    earlier = applicant(NAME)
    receipt = apply_for_later(earlier)
    applications.link_persons(with_the_renewed_card().person_id, earlier.person_id, APPROVER)
    again = with_the_renewed_card()
    assert again.person_id == earlier.person_id
    with refusal("E206"):
        apply(again)
    applications.assign(receipt.receipt_no, again.person_id, choice())
    assert [grant.link_id is not None for grant in grants_of(by_receipt(receipt).id)] == [True]
    with db.reading() as session:
        assert [one.receipt_no for one in applications.applications_of(session, again.person_id)] == [
            receipt.receipt_no
        ]


def test_br_15_not_linked_staff_look_and_nobody_is_refused() -> None:
    open_policy(capacity=10)
    apply(applicant(NAME))
    later = apply(with_the_renewed_card())
    assert later.state is ApplicationState.SCREENING
    assert "inconclusive" in checks_of(by_receipt(later).id).values()


def test_br_15_a_record_with_an_application_of_its_own_is_not_linked_over_it() -> None:
    open_policy(capacity=10)
    first, renewed = applicant(NAME), with_the_renewed_card()
    apply(first)
    later = apply(renewed)
    with pytest.raises(LinkRefused, match=later.receipt_no):
        applications.link_persons(renewed.person_id, first.person_id, APPROVER)
    with pytest.raises(ReviewRefused, match="wrong_role"):
        applications.link_persons(renewed.person_id, first.person_id, Staff("ST-R1", frozenset({"reviewer"})))
