"""The service is chosen after the submit, again after a failed order, or changed before the order (R9, BR-49)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock, db, payments, points
from app.applications import ApplicationState, Choice, assign, expire_unassigned, withdraw
from app.payments import gateways
from app.payments.gateways import GatewayAnswer
from app.points import GrantState, OrderState, order_due_grants
from tests.applications.applicants import (
    CARD,
    QR,
    Applicant,
    agree,
    applicant,
    apply,
    apply_for_later,
    by_receipt,
    choice,
    counters,
    fill_in,
    grants_of,
    open_policy,
    orders,
    rows_in,
    view_of,
)
from tests.applications.submitting import AMOUNT, at, audited, refusal
from tests.points.fake_provider import FakeProvider

pytestmark = pytest.mark.usefixtures("installation")


def balances() -> dict[str, int]:
    now = counters()
    names = ("seats_taken", "budget", "committed", "ordered", "expired")
    return {name: getattr(now, name) for name in names if getattr(now, name)}


def test_approved_without_a_service_it_is_the_persons_turn_until_the_deadline() -> None:
    open_policy(budget=AMOUNT)
    who = applicant()
    receipt = apply_for_later(who)
    view = view_of(receipt, who)
    assert receipt.state is ApplicationState.APPROVED
    assert (view.status.key, view.status.turn, view.status.date_text) == ("choose_service", "you", "2027年2月28日まで")
    assert (view.must_choose, view.can_withdraw, view.service_name) == (True, True, None)
    assert balances() == {"seats_taken": 1, "committed": AMOUNT}
    assert (orders(), rows_in("payment_links")) == ([], 0)


def test_where_the_policy_wants_a_service_at_once_it_cannot_be_left_for_later() -> None:
    open_policy(assign_later=False)
    with pytest.raises(LookupError):
        apply_for_later(applicant())


def test_assigning_orders_at_once_without_cooling_off_and_the_same_choice_again_changes_nothing() -> None:
    open_policy()
    who = applicant()
    receipt, chosen = apply_for_later(who), choice()
    assert assign(receipt.receipt_no, who.person_id, chosen)
    (order,) = orders()
    assert (order.service_id, order.state, counters().ordered) == (QR, OrderState.CREATED, AMOUNT)
    with refusal("E313"):
        assign(receipt.receipt_no, who.person_id, chosen)
    assert (len(orders()), audited("application.assigned")) == (1, 1)


def test_with_cooling_off_the_order_waits_and_the_service_can_be_changed_until_then() -> None:
    open_policy(cooling_off_hours=24)
    who = applicant()
    receipt = apply_for_later(who)
    first, second = choice(), choice(CARD, "1234567890123456")
    assert assign(receipt.receipt_no, who.person_id, first)
    assert assign(receipt.receipt_no, who.person_id, first)
    with clock.frozen(clock.now() + timedelta(hours=23)):
        assert assign(receipt.receipt_no, who.person_id, Choice(QR, "9999999999990", first.holder))
        changed = clock.now()
    with clock.frozen(changed + timedelta(hours=24) - timedelta(seconds=1)):
        assert order_due_grants() == 0, "who changes the choice gets the whole time anew"
    with clock.frozen(changed + timedelta(hours=24)):
        assert order_due_grants() == 1
        with refusal("E313"):
            assign(receipt.receipt_no, who.person_id, second)
    (order,) = orders()
    (grant,) = grants_of(by_receipt(receipt).id)
    with db.transaction() as session:
        link = payments.get_link(session, "P-001", order.link_id)
        assert payments.account_of(session, link) == "9999999999990"
    assert (grant.state, audited("application.assigned")) == (GrantState.ORDERED, 2)


def test_the_id_that_was_given_up_is_free_for_others() -> None:
    open_policy(cooling_off_hours=24)
    who, other = applicant(), applicant()
    receipt = apply(who, account="1111111111116")
    with refusal("E303"):
        apply(other, account="1111111111116")
    assert assign(receipt.receipt_no, who.person_id, choice())
    agree(other)
    apply(other, account="1111111111116")


def test_one_that_staff_still_look_at_may_change_its_service_and_nothing_is_ordered() -> None:
    open_policy()
    who = applicant(assurance="unattended")
    receipt = apply(who)
    assert assign(receipt.receipt_no, who.person_id, choice())
    assert (by_receipt(receipt).state, orders(), rows_in("grants")) == (ApplicationState.SCREENING, [], 0)


@pytest.mark.parametrize(("day", "open_still"), [("2027-02-28T23:59:59", True), ("2027-03-01T00:00:00", False)])
def test_br_49_the_last_day_for_choosing_counts_wholly(day: str, open_still: bool) -> None:
    open_policy()
    who = applicant()
    receipt = apply_for_later(who)
    with clock.frozen(at(day)):
        assert expire_unassigned() == (0 if open_still else 1)
        if open_still:
            assert assign(receipt.receipt_no, who.person_id, choice())
        else:
            with refusal("E405"):
                assign(receipt.receipt_no, who.person_id, choice())


def test_br_49_the_deadline_refuses_even_before_the_job_has_run() -> None:
    open_policy()
    who = applicant()
    receipt = apply_for_later(who)
    with clock.frozen(at("2027-03-01T00:00:00")), refusal("E405"):
        assign(receipt.receipt_no, who.person_id, choice())
    assert by_receipt(receipt).state == ApplicationState.APPROVED


def test_br_49_without_recycle_what_was_not_assigned_stays_expired_with_its_seat() -> None:
    open_policy(capacity=1, budget=AMOUNT)
    who = applicant()
    receipt = apply_for_later(who)
    with clock.frozen(at("2027-03-01T00:00:00")):
        assert expire_unassigned() == 1
        assert expire_unassigned() == 0
    assert balances() == {"seats_taken": 1, "expired": AMOUNT}
    assert view_of(receipt, who).status.word == "期限切れ"


def test_br_49_fourteen_days_after_approval_the_amount_is_recycled_while_the_policy_takes_applications() -> None:
    recycling = {"assign_days": 14, "recycle": True, "reopen": True, "capacity": 1, "budget": AMOUNT}
    open_policy(**recycling)
    who = applicant()
    apply_for_later(who)
    with clock.frozen(at("2026-12-04T23:59:59")):
        assert expire_unassigned() == 0
    with clock.frozen(at("2026-12-05T00:00:00")):
        assert expire_unassigned() == 1
        assert balances() == {"budget": AMOUNT}
        apply(applicant())
    assert balances() == {"seats_taken": 1, "ordered": AMOUNT}


def test_br_49_after_the_end_nothing_is_recycled() -> None:
    open_policy(assign_days=14, recycle=True, reopen=True)
    with clock.frozen(at("2027-01-25T10:00:00")):
        apply_for_later(applicant())
    with clock.frozen(at("2027-02-09T00:00:00")):
        assert expire_unassigned() == 1
    assert counters().expired == AMOUNT


def test_a_service_closes_for_a_later_choice_by_the_last_day_for_assigning() -> None:
    """BR-12: the reference end of a later choice is ``assign_by``, not ``apply_to``."""
    open_policy(services=["SVC-QR-01", "SVC-QR-02"])
    who = applicant()
    receipt = apply_for_later(who)
    with clock.frozen(at("2027-02-11T00:00:00")), refusal("E304"):
        assign(receipt.receipt_no, who.person_id, choice("SVC-QR-02", "1234567890"))
    with clock.frozen(at("2027-02-10T23:59:59")):
        assert assign(receipt.receipt_no, who.person_id, choice("SVC-QR-02", "1234567890"))


def test_nobody_assigns_for_another_and_an_id_nobody_confirmed_is_not_taken() -> None:
    open_policy()
    who = applicant()
    receipt = apply_for_later(who)
    assert not assign(receipt.receipt_no, applicant().person_id, choice())
    silent = Choice(QR, "1234567890123", payments.HolderCheckResult("unreachable"))
    with refusal("E307"):
        assign(receipt.receipt_no, who.person_id, silent)
    with pytest.raises(LookupError):
        assign(receipt.receipt_no, who.person_id, Choice("SVC-XX-99", "1", choice().holder))
    assert rows_in("payment_links") == 0


def test_withdrawn_while_no_service_is_chosen_gives_everything_back() -> None:
    open_policy(capacity=1, budget=AMOUNT)
    who = applicant()
    receipt = apply_for_later(who)
    assert withdraw(receipt.receipt_no, who.person_id)
    assert balances() == {"budget": AMOUNT}
    with clock.frozen(at("2027-03-01T00:00:00")):
        assert expire_unassigned() == 0
    with refusal("E313"):
        assign(receipt.receipt_no, who.person_id, choice())


def fail_the_order(who: Applicant, when: str) -> str:
    """An application whose only order the provider could not carry out; its receipt number."""
    receipt = apply(who)
    (order,) = orders()
    provider = FakeProvider()
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    gateways.register("PRV-01", provider)
    with clock.frozen(at(when)):
        points.send_order("P-001", order.id)
    gateways.forget_all()
    return receipt.receipt_no


def test_promise_2_a_new_choice_waits_while_the_provider_says_that_the_failed_order_was_carried_out() -> None:
    open_policy()
    who = applicant()
    receipt_no = fail_the_order(who, "2026-11-21T10:00:00")
    (failed,) = orders()
    done = GatewayAnswer("succeeded", transaction_no="T-1")
    reported = points.Reported("PRV-01", "P-001", failed.id, done, points.Source.CALL_BACK, amount=AMOUNT)
    with db.transaction() as session:
        assert points.take_result(session, reported) is points.Taken.PUT_ASIDE
    assert assign(receipt_no, who.person_id, choice())
    assert order_due_grants() == 0
    assert len(orders()) == 1
    with db.reading() as session:
        (row,) = points.put_aside_results(session)
    points.resolve_result(row.id, points.Resolution.RECORD_STANDS, by="staff-1", note="a mistake of the provider")
    with clock.frozen(at("2026-11-21T12:00:00")):
        assert order_due_grants() == 1


def test_e401_after_a_failed_order_the_person_chooses_again_and_a_new_order_goes_out() -> None:
    open_policy()
    who = applicant()
    receipt_no = fail_the_order(who, "2026-11-21T10:00:00")
    assert assign(receipt_no, who.person_id, choice())
    first, second = orders()
    assert (first.state, second.state, second.attempt) == (OrderState.FAILED, OrderState.CREATED, 2)
    assert balances() == {"seats_taken": 1, "budget": counters().budget, "ordered": AMOUNT}


def test_a_failure_after_the_last_day_still_leaves_a_week_to_choose_again() -> None:
    open_policy()
    who = applicant()
    receipt_no = fail_the_order(who, "2027-03-03T10:00:00")
    with clock.frozen(at("2027-03-10T23:59:59")):
        assert expire_unassigned() == 0
    with clock.frozen(at("2027-03-11T00:00:00")):
        assert expire_unassigned() == 1
        with refusal("E405"):
            assign(receipt_no, who.person_id, choice())


def test_a_draft_that_left_the_choice_for_later_can_still_take_a_service() -> None:
    open_policy()
    who = applicant()
    from tests.applications.applicants import fill_in_for_later

    fill_in_for_later(who)
    from app.applications import submit

    assert submit("P-001", fill_in(who), who.person_id).state is ApplicationState.APPROVED
    assert len(orders()) == 1
