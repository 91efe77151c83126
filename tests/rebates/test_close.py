"""The end of a period: granted exactly once, corrected afterwards in the next period or by a return (BR-37, BR-38)."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import clock, db, rebates
from app.points import Account, check_invariants
from app.rebates.models import RebateClosing
from tests.rebates.conftest import (
    AFTER_THE_LAST_REPORT,
    MIDDLE,
    NO_CAP,
    POLICY,
    at,
    balance,
    carry_out_grants,
    close,
    counters,
    enrolment,
    grants,
    held,
    ledger_events,
    load_list,
    member,
    purchase,
    rebate_policy,
    refund,
    report,
    run_jobs,
    view,
)
from tests.rebates.slow_model import SlowPurchase, SlowTerms, slow_points

pytestmark = pytest.mark.usefixtures("service")

DECEMBER = at("2026-12-05T12:00:00")
AFTER_NOVEMBER = at("2026-12-11T00:00:00")


def monthly(**changes: object) -> None:
    rebate_policy(benefit__periods="month", benefit__cap_per_person=NO_CAP, **changes)


def in_december(*reports: rebates.Report) -> list[str]:
    with clock.frozen(DECEMBER):
        return report(*reports)


def test_nothing_is_granted_before_the_last_report_is_in():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    assert close(AFTER_THE_LAST_REPORT - timedelta(seconds=1)).closed == 0
    assert grants(who) == []
    assert close().closed == 1
    assert (grants(who), held(who)) == ([300], 0)


def test_closing_again_does_nothing():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    assert [close().closed for _ in range(3)] == [1, 0, 0]
    assert grants(who) == [300]


def test_many_who_close_at_once_grant_once():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    start = threading.Barrier(4)

    def one(_: int) -> object:
        start.wait(10)
        return rebates.close_period(POLICY, who.application_id)

    with clock.frozen(AFTER_THE_LAST_REPORT), ThreadPoolExecutor(4) as pool:
        outcomes = sorted(str(done) for done in pool.map(one, range(4)))
    assert outcomes == ["Closed.CLOSED", *["Closed.NOT_DUE"] * 3]
    assert grants(who) == [300]


def test_the_grant_goes_the_usual_way_to_the_provider():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    close()
    carry_out_grants()
    assert [event for event, _ in ledger_events(who)] == ["reserve", "commit", "order", "grant_ok"]
    assert (balance(who, Account.GRANTED), counters().granted) == (300, 300)


def test_who_bought_nothing_is_closed_without_a_grant():
    rebate_policy()
    who = member()
    assert close().closed == 1
    assert (grants(who), enrolment(who).periods_closed) == ([], 1)


def test_br_32_nothing_is_closed_while_the_shop_list_is_missing():
    rebate_policy(with_shops=False)
    who = member()
    report(purchase(who, "T1", 1_000))
    assert close() == rebates.ClosingReport(closed=0, waiting=1, failed=0)
    load_list("店舗番号,店舗名\n001,みどり商店\n")
    assert close().closed == 1
    assert grants(who) == [300]


def test_an_application_that_is_not_decided_yet_is_closed_when_it_is():
    rebate_policy()
    who = member(active=False)
    report(purchase(who, "T1", 1_000))
    assert close().closed == 0
    with db.transaction() as session:
        rebates.activate(session, POLICY, who.application_id)
    assert close().closed == 1
    assert grants(who) == [300]


def test_br_17_what_the_earlier_round_gave_is_taken_off_the_cap():
    rebate_policy()
    some, everything = member(earlier=2_000), member(earlier=3_000)
    report(purchase(some, "T1", 50_000), purchase(everything, "T2", 50_000))
    close()
    assert (grants(some), grants(everything)) == ([1_000], [])


def test_br_38_a_refund_after_the_grant_is_offset_against_the_next_period():
    monthly()
    who = member()
    report(purchase(who, "T1", 10_000))
    close(AFTER_NOVEMBER)
    carry_out_grants(AFTER_NOVEMBER)
    assert grants(who) == [3_000]
    in_december(refund(who, "R1", "T1", 4_000), purchase(who, "T2", 10_000, at=DECEMBER))
    assert held(who) == 1_800
    close()
    assert grants(who) == [3_000, 1_800]
    assert balance(who, Account.RETURN_DUE) == 0


def test_br_38_without_a_later_purchase_the_share_is_due_for_return():
    monthly()
    who = member()
    report(purchase(who, "T1", 10_000))
    close(AFTER_NOVEMBER)
    carry_out_grants(AFTER_NOVEMBER)
    in_december(refund(who, "R1", "T1", 4_000))
    assert balance(who, Account.RETURN_DUE) == 0
    close()
    assert (grants(who), balance(who, Account.RETURN_DUE), balance(who, Account.GRANTED)) == ([3_000], 1_200, 1_800)
    with db.reading() as session:
        last = session.get_one(RebateClosing, (POLICY, who.application_id, 2))
        assert (last.granted, last.owed) == (0, 1_200)


def test_br_38_a_refund_after_the_last_period_is_due_for_return_once():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 5_000))
    close()
    carry_out_grants()
    for _ in range(2):
        report(refund(who, "R1", "T1", 1_000))
    assert (balance(who, Account.RETURN_DUE), view(who).return_due) == (300, 300)
    report(refund(who, "R2", "T1", 9_000))
    assert (balance(who, Account.RETURN_DUE), balance(who, Account.GRANTED)) == (1_500, 0)


def test_br_38_a_refund_while_the_order_is_out_is_due_once_the_grant_has_arrived():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 5_000))
    close()
    report(refund(who, "R1", "T1", 1_000))
    assert balance(who, Account.RETURN_DUE) == 0
    carry_out_grants()
    run_jobs(["rebates.count_again"])
    assert (balance(who, Account.RETURN_DUE), balance(who, Account.GRANTED)) == (300, 1_200)


def test_a_purchase_reported_late_is_granted_with_the_next_period():
    monthly()
    who = member()
    close(AFTER_NOVEMBER)
    in_december(purchase(who, "T1", 1_000))
    assert held(who) == 300
    close()
    assert grants(who) == [300]


def test_br_37_the_cap_of_the_person_runs_over_all_periods():
    rebate_policy(benefit__periods="month")
    who = member()
    report(purchase(who, "T1", 8_000))
    close(AFTER_NOVEMBER)
    in_december(purchase(who, "T2", 8_000, at=DECEMBER))
    close()
    assert grants(who) == [2_400, 600]


def test_a_purchase_of_the_next_period_is_not_granted_with_the_last_one():
    monthly()
    who = member()
    in_december(purchase(who, "T1", 1_000), purchase(who, "T2", 2_000, at=DECEMBER - timedelta(hours=1)))
    assert held(who) == 900
    close(AFTER_NOVEMBER)
    assert (grants(who), held(who)) == ([300], 600)
    close()
    assert grants(who) == [300, 600]


def test_br_41_what_is_below_the_unit_of_the_service_stays_committed_and_goes_with_the_next():
    from app import payments
    from tests.payments.samples import service_item

    monthly()
    with db.transaction() as session:
        payments.load_services(session, [service_item("SVC-QR-01", unit=100)], "test")
    who = member()
    report(purchase(who, "T1", 3_500))
    close(AFTER_NOVEMBER)
    assert (grants(who), held(who)) == ([1_000], 50)
    in_december(purchase(who, "T2", 500, at=DECEMBER))
    close()
    assert (grants(who), held(who)) == ([1_000, 200], 0)


def test_br_40_an_amount_above_the_limit_of_the_service_goes_in_several_grants():
    from app import payments
    from tests.payments.samples import service_item

    rebate_policy(benefit__cap_per_person=NO_CAP)
    with db.transaction() as session:
        payments.load_services(session, [service_item("SVC-QR-01", max_per_grant=1_000)], "test")
    who = member()
    report(purchase(who, "T1", 8_500))
    close()
    assert grants(who) == [1_000, 1_000, 550]


def test_one_application_that_can_not_be_closed_does_not_hold_up_the_others(monkeypatch):
    rebate_policy()
    first, second = member(), member()
    report(purchase(first, "T1", 1_000), purchase(second, "T2", 1_000))
    whole = rebates.close._close

    def failing(session, one, document):
        if one.application_id == first.application_id:
            raise RuntimeError("as a crash would")
        whole(session, one, document)

    monkeypatch.setattr(rebates.close, "_close", failing)
    assert close() == rebates.ClosingReport(closed=1, waiting=0, failed=1)
    monkeypatch.undo()
    assert (grants(first), held(first), grants(second)) == ([], 300, [300])
    assert close().closed == 1


def test_a_difference_between_records_and_books_is_found():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    with db.transaction() as session:
        enrolled = session.get_one(type(enrolment(who)), (POLICY, who.application_id))
        enrolled.held = 500
        session.flush()
        found = {difference.what.rpartition(": ")[2] for difference in check_invariants(session, POLICY)}
        session.rollback()
    assert found == {"held and planned", "held beyond what was earned"}


facts = st.lists(
    st.tuples(
        st.sampled_from(["purchase", "refund", "refund"]),
        st.integers(1, 4),
        st.integers(1, 12_000),
        st.booleans(),
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda one: one[:2] if one[0] == "purchase" else one[:3],
)


def test_br_38_whatever_comes_when_what_was_given_and_not_asked_back_is_what_was_earned():
    """Two months, reports at any moment before and after the first closing, refunds also after the second."""
    rebate_policy(benefit__periods="month", benefit__rounding="floor_per_period")
    _buy_and_give_back()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts, st.randoms(use_true_random=False))
def _buy_and_give_back(facts: list[tuple[str, int, int, bool]], chance: random.Random) -> None:
    who = member()
    mark = who.account
    days = {number: MIDDLE if number <= 2 else DECEMBER for number in range(1, 5)}
    reports: list[tuple[int, rebates.Report]] = []
    for kind, number, yen, late in facts:
        if kind == "purchase":
            made = purchase(who, f"{mark}-T{number}", yen, at=days[number])
            # 0: before the first closing, 1: before the second; what is bought in December can't come in November.
            moment = 1 if number > 2 else int(late)
        else:
            made = refund(who, f"{mark}-R{number}-{yen}", f"{mark}-T{number}", yen)
            moment = chance.randint(0, 2)
        reports.append((moment, made))
    for moment, after in enumerate((AFTER_NOVEMBER, AFTER_THE_LAST_REPORT, AFTER_THE_LAST_REPORT)):
        batch = [made for when, made in reports if when == moment]
        chance.shuffle(batch)
        with clock.frozen(max(DECEMBER, after - timedelta(days=1)) if moment < 2 else after):
            for made in batch:
                assert report(made) == ["recorded"]
        close(after)
        carry_out_grants(after)
        run_jobs(["rebates.count_again"])
    terms = SlowTerms(
        30,
        False,
        3_000,
        None,
        None,
        {},
        [
            (MIDDLE.date().replace(day=1), MIDDLE.date().replace(day=30)),
            (DECEMBER.date().replace(day=1), DECEMBER.date().replace(day=31)),
        ],
    )
    returned = {n: [("", yen) for k, of, yen, _ in facts if (k, of) == ("refund", n)] for n in days}
    earned = slow_points(
        terms,
        [
            SlowPurchase(days[number].date(), "", [("", yen)], returned[number])
            for kind, number, yen, _ in facts
            if kind == "purchase"
        ],
    )
    given_out = sum(grants(who))
    assert given_out - balance(who, Account.RETURN_DUE) == earned
    assert balance(who, Account.GRANTED) == earned
    assert (held(who), balance(who, Account.COMMITTED)) == (0, 0)
