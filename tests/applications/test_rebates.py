"""A rebate from the application to the points: nothing at the submit, purchases counted, granted, fulfilled."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from app import applications, clock, db, payments, points, rebates
from app.applications import ApplicationState, Receipt
from app.audit import AuditEvent
from app.payments.gateways import GatewayAnswer
from app.points import Reported
from app.points.models import GrantOrder
from app.points.problems import Source
from app.points.take_result import Taken, take_results
from app.policies import CheckKind
from app.screening import Staff
from tests.applications.applicants import (
    Applicant,
    applicant,
    apply,
    by_receipt,
    counters,
    grants_of,
    open_policy,
    stored,
)
from tests.applications.submitting import at, refusal
from tests.rebates.conftest import AFTER_THE_LAST_REPORT, PROVIDER, carry_out_grants, load_list, run_jobs

pytestmark = pytest.mark.usefixtures("installation")

POLICY = "P-015"
REVIEWER = Staff("ST-R1", frozenset({"reviewer"}))
MIDORI = "みらい県やまなみ郡みどり町大字緑１番地"
SHOPS = "店舗番号,店舗名\n001,みどり商店\n"
DURING = at("2026-11-25T12:00:00")


def rebate(**changes: object) -> None:
    open_policy(POLICY, sample=POLICY, **changes)
    load_list(SHOPS)


def enrol(account: str = "0000000000017", **changes: str) -> tuple[Applicant, Receipt]:
    who = applicant(address=MIDORI, **changes)
    return who, apply(who, POLICY, account=account)


def buy(number: str, yen: int, account: str = "0000000000017", when: datetime = DURING, **changes: object) -> str:
    usual: dict[str, object] = {
        "transaction_no": number,
        "kind": "purchase",
        "service_id": "SVC-QR-01",
        "account": account,
        "at": when,
        "shop_no": "001",
        "lines": (rebates.Line("", yen),),
    }
    with clock.frozen(max(when, clock.now())):
        (answer,) = rebates.record_purchases(POLICY, PROVIDER, [rebates.Report(**(usual | changes))])
    return str(answer.outcome)


def status(who: Applicant, receipt: Receipt) -> applications.ApplicationView:
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
        assert view is not None
        return view


def close() -> None:
    with clock.frozen(AFTER_THE_LAST_REPORT):
        rebates.close_due_periods()


def test_sending_an_application_for_a_rebate_reserves_nothing_and_takes_a_seat():
    rebate()
    who, receipt = enrol()
    assert receipt.state is ApplicationState.APPROVED
    assert (counters(POLICY).reserved, counters(POLICY).committed, counters(POLICY).seats_taken) == (0, 0, 1)
    assert status(who, receipt).status.key == "collecting"


def test_what_is_bought_after_the_application_counts_and_the_page_tells_why_the_rest_does_not():
    rebate()
    who, receipt = enrol()
    assert buy("T1", 1_000) == "recorded"
    buy("T2", 1_000, when=at("2026-11-19T12:00:00"))
    buy("T3", 1_000, shop_no="777")
    view = status(who, receipt)
    assert (view.amount, view.rebate.left) == (300, 2_700)
    assert {one.counted.transaction_no.partition("/")[2]: one.counted.reason for one in view.rebate.purchases} == {
        "T1": None,
        "T2": rebates.Reason.BEFORE_APPLICATION,
        "T3": rebates.Reason.SHOP_NOT_LISTED,
    }
    assert counters(POLICY).committed == 300


def test_the_grant_of_the_period_fulfils_the_application():
    rebate()
    who, receipt = enrol()
    buy("T1", 1_000)
    close()
    application = by_receipt(receipt)
    assert [grant.amount for grant in grants_of(application.id)] == [300]
    assert status(who, receipt).status.key == "cooling_off"
    _carry_out()
    assert stored(application.id).state == ApplicationState.FULFILLED
    assert (status(who, receipt).status.key, counters(POLICY).granted) == ("granted", 300)


def test_of_several_periods_only_the_last_fulfils():
    rebate(benefit__periods="month")
    who, receipt = enrol()
    buy("T1", 1_000)
    with clock.frozen(at("2026-12-11T00:00:00")):
        rebates.close_due_periods()
    _carry_out("2026-12-11T00:01:00")
    assert by_receipt(receipt).state == ApplicationState.APPROVED
    assert status(who, receipt).status.key == "collecting"
    close()
    run_jobs(["applications.finish_rebate"])
    assert by_receipt(receipt).state == ApplicationState.FULFILLED
    assert status(who, receipt).status.key == "granted"


@pytest.mark.parametrize("last", [300, 600])
def test_of_two_grants_that_a_file_reports_together_the_later_one_fulfils_with_its_own_amount(last: int):
    rebate(benefit__periods="month")
    _, receipt = enrol()
    buy("T1", 1_000)
    buy("T2", 2_000, when=at("2026-12-05T12:00:00"))
    with clock.frozen(at("2026-12-11T00:00:00")):
        rebates.close_due_periods()
    close()
    with clock.frozen(AFTER_THE_LAST_REPORT):
        points.order_due_grants()
        with db.transaction() as session:
            orders = list(session.scalars(select(GrantOrder)))
            for order in orders:
                order.state, order.sent_at = "sent", clock.now()
            session.flush()
            orders.sort(key=lambda order: order.amount == last)
            told = [GatewayAnswer("succeeded", f"TX-{order.id}") for order in orders]
            taken = take_results(
                session,
                [
                    Reported(PROVIDER, POLICY, order.id, answer, Source.FILE, amount=order.amount)
                    for order, answer in zip(orders, told, strict=True)
                ],
            )
    run_jobs(["rebates.count_again"])
    assert taken == [Taken.RECORDED] * 2
    assert by_receipt(receipt).state == ApplicationState.FULFILLED
    with db.reading() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "application.fulfilled"))
    assert event.facts["amount"] == last


def test_who_bought_nothing_ends_without_a_grant_and_reads_it():
    rebate()
    who, receipt = enrol()
    close()
    run_jobs(["applications.finish_rebate"])
    assert by_receipt(receipt).state == ApplicationState.FULFILLED
    assert status(who, receipt).status.key == "rebate_none"


def test_a_withdrawn_application_gives_back_what_was_held_and_collects_no_more():
    rebate()
    who, receipt = enrol()
    buy("T1", 1_000)
    assert applications.withdraw(receipt.receipt_no, who.person_id)
    assert (counters(POLICY).committed, counters(POLICY).seats_taken) == (0, 0)
    assert buy("T2", 1_000) == "not_enrolled"
    close()
    assert grants_of(by_receipt(receipt).id) == []


def test_who_withdrew_may_apply_again_with_the_same_account_and_what_came_before_stays_before():
    rebate()
    who, first = enrol()
    buy("T1", 1_000)
    applications.withdraw(first.receipt_no, who.person_id)
    with clock.frozen(at("2026-11-26T10:00:00")):
        second = apply(who, POLICY, account="0000000000017")
    assert buy("T2", 2_000, when=at("2026-11-27T10:00:00")) == "recorded"
    assert status(who, second).amount == 600


def test_an_application_that_staff_look_at_collects_and_is_paid_once_it_is_approved():
    rebate()
    who = applicant(address=MIDORI, assurance="unattended")
    draft = _fill_in(who)
    with db.transaction() as session:
        applications.request_review(session, POLICY, who.person_id)
    receipt = applications.submit(POLICY, draft, who.person_id)
    assert receipt.state is ApplicationState.SCREENING
    buy("T1", 1_000)
    assert counters(POLICY).committed == 0
    _pass_the_card_check(receipt)
    assert by_receipt(receipt).state == ApplicationState.APPROVED
    assert counters(POLICY).committed == 300


def test_br_17_the_second_round_gives_what_the_first_left():
    open_policy("P-116", sample=POLICY)
    rebate(benefit__carryover_from="P-116", screening=["CARD_AUTO"])
    who = applicant(address=MIDORI)
    earlier = apply(who, "P-116", account="0000000000017")
    with db.transaction() as session:
        book = points.Book(session, "P-116")
        names = {"application_id": by_receipt(earlier).id, "person_id": who.person_id}
        book.post(points.LedgerEvent.OPENING, 2_000, **names)
        book.close()
    receipt = apply(who, POLICY, account="0000000000017")
    buy("T1", 50_000)
    assert (status(who, receipt).amount, status(who, receipt).rebate.cap) == (1_000, 1_000)


def test_a_policy_without_free_budget_takes_nobody_in():
    rebate(budget=300)
    enrol()
    buy("T1", 1_000)
    with refusal("E209"):
        enrol("0000000000024")


def test_a_second_period_that_the_provider_can_not_grant_lets_the_person_choose_again():
    rebate(benefit__periods="month")
    who, receipt = enrol()
    buy("T1", 1_000)
    with clock.frozen(at("2026-12-11T00:00:00")):
        rebates.close_due_periods()
    _carry_out("2026-12-11T00:01:00")
    buy("T2", 2_000, when=at("2026-12-20T12:00:00"))
    close()
    _refuse_grants("2027-01-11T00:01:00")
    with clock.frozen(at("2027-01-11T00:02:00")):
        seen = status(who, receipt)
        assert (seen.status.key, seen.must_choose) == ("failed", True)
        choice = applications.Choice("SVC-QR-01", "0000000000031", payments.HolderCheckResult("verified", None))
        assert applications.assign(receipt.receipt_no, who.person_id, choice)
    _carry_out("2027-01-12T00:03:00")
    assert [grant.state for grant in grants_of(by_receipt(receipt).id)] == ["granted", "granted"]
    assert by_receipt(receipt).state == ApplicationState.FULFILLED


def _refuse_grants(moment: str) -> None:
    carry_out_grants(at(moment), GatewayAnswer("failed", None, "account_closed"))


def _carry_out(moment: str = "2027-01-11T00:01:00") -> None:
    carry_out_grants(at(moment))
    run_jobs(["rebates.count_again"])


def _fill_in(who: Applicant):
    from tests.applications.applicants import fill_in

    return fill_in(who, POLICY, account="0000000000017")


def _pass_the_card_check(receipt: Receipt) -> None:
    application_id = by_receipt(receipt).id
    applications.take_check(POLICY, application_id, CheckKind.CARD_AUTO, REVIEWER)
    applications.pass_check(POLICY, application_id, CheckKind.CARD_AUTO, REVIEWER)
