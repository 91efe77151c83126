"""Seats and money: held by what was submitted, never by a draft, free again at once (BR-34, BR-35); cooling-off."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app import applications, clock, db
from app.applications import ApplicationState, Receipt, submit, withdraw
from app.errors import DomainError
from app.points import GrantState, OrderState, order_due_grants
from tests.applications.applicants import (
    QR,
    Applicant,
    agree,
    applicant,
    apply,
    by_receipt,
    change_policy,
    counters,
    fill_in,
    grants_of,
    open_policy,
    orders,
    rows_in,
    stored,
)
from tests.applications.submitting import AMOUNT, audited, refusal, sending, together

pytestmark = pytest.mark.usefixtures("installation")


def test_br_34_the_last_money_must_cover_this_amount() -> None:
    open_policy(budget=15_000)
    late = applicant()
    draft = fill_in(late)
    apply(applicant())
    with refusal("E209"):
        submit("P-001", draft, late.person_id)
    change_policy("P-001", budget=15_000, benefit__amount=5_000, reopen=True)
    agree(late)
    submit("P-001", draft, late.person_id)
    assert (counters().budget, counters().ordered, counters().seats_taken) == (0, 15_000, 2)


def test_br_34_two_at_the_same_moment_for_money_that_covers_one() -> None:
    open_policy(budget=15_000)
    first, second = applicant(), applicant()
    drafts = fill_in(first), fill_in(second)
    results = together(sending(first, drafts[0]), sending(second, drafts[1]))
    assert [result for result in results if isinstance(result, str)] == ["E209"]
    assert (counters().budget, counters().ordered) == (5_000, AMOUNT)


def test_br_35_drafts_hold_no_seat() -> None:
    open_policy(capacity=1, budget=AMOUNT)
    people = [applicant() for _ in range(10)]
    drafts = [fill_in(who) for who in people]
    assert (counters().seats_taken, counters().budget) == (0, AMOUNT)
    submit("P-001", drafts[7], people[7].person_id)
    with refusal("E209"):
        submit("P-001", drafts[0], people[0].person_id)
    assert stored(drafts[0]).state == ApplicationState.STARTED


def test_br_35_one_that_staff_still_look_at_holds_its_seat() -> None:
    open_policy(capacity=1, budget=AMOUNT)
    apply(applicant(assurance="unattended"))
    with refusal("E209"):
        fill_in(applicant())


def test_br_35_a_withdrawal_while_staff_look_frees_seat_and_amount_at_once() -> None:
    open_policy(capacity=1, budget=AMOUNT, reopen=True)
    who = applicant(assurance="unattended")
    assert withdraw(apply(who).receipt_no, who.person_id)
    assert (counters().seats_taken, counters().budget) == (0, AMOUNT)
    assert apply(applicant()).state is ApplicationState.APPROVED


def test_cooling_off_plans_the_order_for_later_and_lets_the_person_withdraw() -> None:
    open_policy(cooling_off_hours=24)
    who = applicant()
    draft = fill_in(who, service_id=QR)
    receipt = submit("P-001", draft, who.person_id)
    (grant,) = grants_of(draft)
    assert (grant.state, grant.order_at) == (GrantState.PLANNED, clock.now() + timedelta(hours=24))
    assert (counters().committed, orders(), rows_in("procrastinate_jobs")) == (AMOUNT, [], 0)
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
    assert view is not None
    assert (view.can_withdraw, view.status.key) == (True, "cooling_off")


def test_cooling_off_over_the_order_goes_out_and_nothing_can_be_withdrawn() -> None:
    open_policy(cooling_off_hours=24)
    who = applicant()
    receipt = apply(who)
    with clock.frozen(clock.now() + timedelta(hours=24) - timedelta(seconds=1)):
        assert order_due_grants() == 0
    with clock.frozen(clock.now() + timedelta(hours=24)):
        assert order_due_grants() == 1
        (order,) = orders()
        assert (order.state, counters().ordered) == (OrderState.CREATED, AMOUNT)
        with refusal("E313"):
            withdraw(receipt.receipt_no, who.person_id)
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
    assert view is not None
    assert not view.can_withdraw


def test_what_was_withdrawn_is_never_ordered() -> None:
    open_policy(cooling_off_hours=24)
    who = applicant()
    receipt = apply(who)
    assert withdraw(receipt.receipt_no, who.person_id)
    assert withdraw(receipt.receipt_no, who.person_id)
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert order_due_grants() == 0
    assert (orders(), counters().committed, counters().seats_taken) == ([], 0, 0)
    assert audited("application.withdrawn") == 1


def test_nobody_withdraws_for_another() -> None:
    open_policy(cooling_off_hours=24)
    receipt = apply(applicant())
    assert not withdraw(receipt.receipt_no, applicant().person_id)
    assert by_receipt(receipt).state == ApplicationState.APPROVED


def test_without_cooling_off_the_order_is_out_at_once_and_nothing_can_be_withdrawn() -> None:
    open_policy()
    who = applicant()
    receipt = apply(who)
    with refusal("E313"):
        withdraw(receipt.receipt_no, who.person_id)


def test_a_withdrawal_and_the_order_at_the_same_moment_end_as_one_of_them() -> None:
    open_policy(cooling_off_hours=24)
    for _ in range(3):
        who = applicant()
        receipt = apply(who)
        start = threading.Barrier(2)

        def give_up(receipt: Receipt = receipt, who: Applicant = who, start: threading.Barrier = start) -> bool:
            start.wait(10)
            try:
                return withdraw(receipt.receipt_no, who.person_id)
            except DomainError as problem:
                assert problem.code == "E313"
                return False

        with clock.frozen(clock.now() + timedelta(hours=24)), ThreadPoolExecutor(1) as pool:
            before = len(orders())
            withdrawn = pool.submit(give_up)
            start.wait(10)
            ordered = order_due_grants()
            assert withdrawn.result() is not bool(ordered)
            assert len(orders()) == before + ordered
