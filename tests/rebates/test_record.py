"""What providers report is recorded once, takes points at once, and never depends on the order in which it comes."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import clock, db, municipalities, rebates
from app.points import Account
from app.rebates import NotARebate, TooManyReports
from app.rebates.record import MAX_REPORTS
from tests.applications.applicants import open_policy
from tests.rebates.conftest import (
    AFTER_THE_LAST_REPORT,
    MIDDLE,
    NO_CAP,
    OTHER_PROVIDER,
    OTHER_QR,
    POLICY,
    balance,
    close,
    counters,
    grants,
    held,
    ledger_events,
    load_list,
    member,
    purchase,
    rebate_policy,
    refund,
    report,
    rows_in,
    run_jobs,
    view,
)
from tests.rebates.slow_model import SlowPurchase, SlowTerms, slow_points

pytestmark = pytest.mark.usefixtures("service")


def test_enrolment_alone_reserves_nothing():
    rebate_policy()
    assert (held(member()), counters().committed) == (0, 0)


def test_an_accepted_purchase_reserves_and_commits_its_share():
    rebate_policy()
    who = member()
    assert report(purchase(who, "T1", 1_000)) == ["recorded"]
    assert ledger_events(who) == [("reserve", 300), ("commit", 300)]
    assert (held(who), counters().committed, counters().budget) == (300, 300, 6_000_000 - 300)


def test_br_42_the_same_report_again_changes_nothing():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    assert report(purchase(who, "T1", 1_000), purchase(who, "T1", 1_000)) == ["unchanged E702", "unchanged E702"]
    assert held(who) == 300


def test_br_43_the_same_number_with_another_content_is_put_aside_once():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    for _ in range(2):
        assert report(purchase(who, "T1", 2_000)) == ["put_aside E704"]
    assert (held(who), rows_in("rebate_put_aside"), rows_in("rebate_purchases")) == (300, 1, 1)


def test_br_43_another_persons_purchase_under_a_known_number_is_put_aside():
    rebate_policy()
    first, second = member(), member()
    report(purchase(first, "T1", 1_000))
    assert report(purchase(second, "T1", 1_000)) == ["put_aside E704"]
    assert (held(first), held(second)) == (300, 0)


def test_br_43_a_provider_reports_its_own_services_only():
    rebate_policy()
    who = member()
    assert report(purchase(who, "T1", 1_000), provider_id=OTHER_PROVIDER) == ["put_aside E703"]
    assert (held(who), rows_in("rebate_purchases")) == (0, 0)


def test_two_providers_may_use_the_same_number():
    rebate_policy()
    first = member()
    report(purchase(first, "T1", 1_000))
    other = rebates.Report("T1", "purchase", OTHER_QR, "1234567897", MIDDLE, "001", (rebates.Line("", 1_000),))
    assert report(other, provider_id=OTHER_PROVIDER) == ["not_enrolled"]


def test_a_person_who_takes_no_part_leaves_no_trace():
    rebate_policy()
    stranger = rebates.Report("T1", "purchase", "SVC-QR-01", "9999999999999", MIDDLE, "001", (rebates.Line("", 1),))
    assert report(stranger) == ["not_enrolled"]
    assert rows_in("rebate_purchases") == rows_in("rebate_put_aside") == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account": "12"}, "account"),
        ({"service_id": "SVC-NONE"}, "service_id"),
        ({"lines": ()}, "lines"),
        ({"lines": (rebates.Line("", 0),)}, "lines"),
        ({"lines": (rebates.Line("", 100_000_001),)}, "lines"),
        ({"at": MIDDLE + timedelta(days=30)}, "at"),
        ({"at": MIDDLE.replace(tzinfo=None)}, "at"),
        ({"purchase_no": "T0"}, "purchase_no"),
        ({"kind": "refund"}, "purchase_no"),
        ({"transaction_no": ""}, "number"),
        ({"transaction_no": "9" * 65}, "number"),
        ({"shop_no": "9" * 65}, "number"),
    ],
)
def test_what_can_not_be_read_is_refused_and_the_rest_is_taken(changes, field):
    rebate_policy()
    who = member()
    good = purchase(who, "T2", 1_000)
    bad = rebates.Report(**(purchase(who, "T1", 1_000).__dict__ | changes))
    assert report(bad, good) == [f"refused {field}", "recorded"]


def test_too_many_reports_at_once_are_refused():
    rebate_policy()
    who = member()
    with pytest.raises(TooManyReports):
        report(*[purchase(who, f"T{n}", 1) for n in range(MAX_REPORTS + 1)])


def test_only_a_rebate_takes_purchases():
    with pytest.raises(LookupError):
        rebates.record_purchases("P-999", "PRV-01", [])
    municipalities.configure(with_samples=True)
    open_policy("P-001")
    with pytest.raises(NotARebate):
        rebates.record_purchases("P-001", "PRV-01", [])


def test_br_38_a_refund_before_the_grant_takes_back_its_share():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 10_000))
    report(refund(who, "R1", "T1", 4_000))
    assert held(who) == 1_800
    assert ledger_events(who)[-1] == ("uncommit", 1_200)


def test_br_38_a_refund_may_come_before_its_purchase():
    rebate_policy()
    who = member()
    assert report(refund(who, "R1", "T1", 4_000)) == ["recorded"]
    assert (held(who), view(who).waiting_refunds) == (0, 1)
    report(purchase(who, "T1", 10_000))
    assert (held(who), view(who).waiting_refunds) == (1_800, 0)


def test_br_38_a_refund_that_comes_twice_takes_once():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 10_000), refund(who, "R1", "T1", 4_000))
    assert report(refund(who, "R1", "T1", 4_000)) == ["unchanged E702"]
    assert held(who) == 1_800


def test_br_38_a_refund_by_somebody_else_takes_nothing():
    rebate_policy()
    who, other = member(), member()
    report(purchase(who, "T1", 10_000), refund(other, "R1", "T1", 4_000))
    assert (held(who), held(other), view(other).waiting_refunds) == (3_000, 0, 1)


def test_br_37_the_cap_of_the_person_cuts_the_last_purchase():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 9_834))
    assert (held(who), view(who).left) == (2_950, 50)
    report(purchase(who, "T2", 400))
    assert (held(who), view(who).left) == (3_000, 0)
    report(purchase(who, "T3", 400))
    assert held(who) == 3_000


def test_br_37_at_the_edge_of_the_budget_what_is_free_is_granted():
    rebate_policy(budget=1_000)
    first, second = member(), member()
    report(purchase(first, "T1", 2_500))
    report(purchase(second, "T2", 2_500))
    assert (held(first), held(second), counters().budget) == (750, 250, 0)
    assert view(second).short == 500


def test_br_37_what_a_refund_frees_goes_to_who_was_cut_at_the_closing():
    rebate_policy(budget=1_000)
    first, second = member(), member()
    report(purchase(first, "T1", 2_500))
    report(purchase(second, "T2", 2_500))
    report(refund(first, "R1", "T1", 1_000))
    close()
    assert (grants(first), grants(second)) == ([450], [550])


def test_br_37_many_at_once_never_take_more_than_the_budget():
    rebate_policy(budget=1_000)
    people = [member() for _ in range(8)]
    start = threading.Barrier(len(people))

    def buy(number: int) -> list[str]:
        start.wait(10)
        return report(purchase(people[number], f"T{number}", 1_000))

    with ThreadPoolExecutor(len(people)) as pool:
        assert list(pool.map(buy, range(len(people)))) == [["recorded"]] * len(people)
    assert sum(map(held, people)) == 1_000
    assert sorted(map(held, people)) == [0, 0, 0, 0, 100, 300, 300, 300]


def test_one_report_sent_by_many_at_once_counts_once():
    rebate_policy()
    who = member()
    start = threading.Barrier(6)

    def buy(_: int) -> list[str]:
        start.wait(10)
        return report(purchase(who, "T1", 1_000))

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(one for answers in pool.map(buy, range(6)) for one in answers)
    assert outcomes == ["recorded", *["unchanged E702"] * 5]
    assert held(who) == 300


def test_before_the_decision_purchases_are_kept_and_count_from_the_approval_on():
    rebate_policy()
    who = member(active=False)
    report(purchase(who, "T1", 1_000))
    assert (held(who), counters().committed) == (0, 0)
    with db.transaction() as session:
        rebates.activate(session, POLICY, who.application_id)
    assert held(who) == 300


def test_who_is_out_is_not_recorded_any_more():
    rebate_policy()
    who = member(active=False)
    with db.transaction() as session:
        assert rebates.end(session, POLICY, who.application_id) == 0
    assert report(purchase(who, "T1", 1_000)) == ["not_enrolled"]


def test_br_32_without_a_shop_list_a_purchase_waits_and_counts_when_it_comes():
    rebate_policy(with_shops=False)
    who = member()
    report(purchase(who, "T1", 1_000), purchase(who, "T2", 1_000, shop_no="777"))
    assert held(who) == 0
    assert {str(one.counted.reason) for one in view(who).purchases} == {"shops_not_known"}
    load_list("店舗番号,店舗名\n００１,みどり商店\n")
    run_jobs(["rebates.count_policy_again"])
    assert held(who) == 300
    assert {one.shop_no: one.counted.reason for one in view(who).purchases} == {
        "001": None,
        "777": rebates.Reason.SHOP_NOT_LISTED,
    }


def test_a_shop_that_left_the_list_still_counts_for_what_was_bought_before():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    load_list("店舗番号,店舗名\n002,みどり書店\n")
    run_jobs(["rebates.count_policy_again"])
    report(purchase(who, "T2", 1_000, at=clock.now()))
    assert held(who) == 300
    assert view(who).purchases[0].counted.reason is rebates.Reason.SHOP_NOT_LISTED


def test_what_is_reported_after_the_last_closing_is_recorded_and_does_not_count():
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    close()
    with clock.frozen(AFTER_THE_LAST_REPORT):
        assert report(purchase(who, "T2", 1_000)) == ["recorded"]
    assert (grants(who), held(who)) == ([300], 0)
    assert {one.counted.reason for one in view(who).purchases} == {None, rebates.Reason.REPORTED_TOO_LATE}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rebate_purchases SET amount = 1",
        "UPDATE rebate_purchases SET lines = '[[\"\", 1]]'",
        "UPDATE rebate_purchases SET shop_no = '002'",
        "DELETE FROM rebate_purchases",
        "TRUNCATE rebate_purchases",
        "UPDATE rebate_enrolments SET held = 1000001",
        "UPDATE rebate_enrolments SET held = -1",
        "UPDATE rebate_enrolments SET state = 'ended'",
    ],
)
def test_the_database_refuses_what_would_change_a_record_or_break_a_cap(statement):
    rebate_policy()
    who = member()
    report(purchase(who, "T1", 1_000))
    with pytest.raises(DBAPIError), db.transaction() as session:
        session.execute(text(statement))
    assert held(who) == 300


def test_what_was_bought_can_be_erased_and_the_yen_stay():
    rebate_policy()
    report(purchase(member(), "T1", 1_000))
    with db.transaction() as session:
        session.execute(text("UPDATE rebate_purchases SET lines = '[]', shop_no = ''"))
        session.rollback()  # the books compare with what was counted; here only the permission is looked at


Arrival = list[tuple[str, int, int]]
arrivals: st.SearchStrategy[Arrival] = st.lists(
    st.tuples(st.sampled_from(["purchase", "refund"]), st.integers(1, 5), st.integers(1, 9_000)),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one[:2] if one[0] == "purchase" else one,
)


@pytest.mark.parametrize("rounding", ["floor_per_transaction", "floor_per_period"])
def test_the_grant_does_not_depend_on_the_order_of_arrival_and_equals_a_slow_model(rounding):
    rebate_policy(benefit__rounding=rounding)
    _two_people_buy_the_same(rounding)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals, st.randoms(use_true_random=False))
def _two_people_buy_the_same(rounding: str, facts: Arrival, chance: random.Random):
    """One's reports come in order and together, the other's in another order, with repeats, in several batches."""
    straight, shuffled = member(), member()
    report(*_reports(straight, facts))
    mixed = _reports(shuffled, facts) + chance.choices(_reports(shuffled, facts), k=2)
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, 3)
        report(*mixed[:size])
        mixed = mixed[size:]
    model = SlowTerms(30, rounding == "floor_per_transaction", 3_000, None, None, {}, [_DAYS])
    expected = slow_points(
        model,
        [
            SlowPurchase(
                MIDDLE.date(), "", [("", yen)], [("", y) for kind, of, y in facts if kind == "refund" and of == number]
            )
            for kind, number, yen in facts
            if kind == "purchase"
        ],
    )
    assert held(straight) == held(shuffled) == expected
    close()
    assert sum(grants(straight)) == sum(grants(shuffled)) == expected


_DAYS = (MIDDLE.date().replace(day=1), MIDDLE.date().replace(month=12, day=31))


def _reports(who, facts: Arrival) -> list[rebates.Report]:
    mark = who.account
    return [
        purchase(who, f"{mark}-T{number}", yen)
        if kind == "purchase"
        else refund(who, f"{mark}-R{number}-{yen}", f"{mark}-T{number}", yen)
        for kind, number, yen in facts
    ]


def test_br_38_a_negative_balance_never_appears_in_the_meantime():
    rebate_policy(benefit__cap_per_person=NO_CAP)
    who = member()
    report(refund(who, "R1", "T1", 9_000), purchase(who, "T2", 1_000))
    assert held(who) == 300
    report(purchase(who, "T1", 5_000))
    assert (held(who), balance(who, Account.COMMITTED)) == (300, 300)
