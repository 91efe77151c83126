"""What purchases are worth, as the rule book says it (BR-17, BR-36 to BR-39)."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from app.policies import carry_over_left
from app.rebates.rules import Line, Period, Purchase, Reason, Refund, Terms, count, fold_goods
from app.rebates.terms import NotARebate, periods_of, terms_of
from tests.policies.samples import document
from tests.rebates.slow_model import SlowPurchase, SlowTerms, slow_points

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)
NOON = datetime(2026, 11, 10, 12, 0, tzinfo=clock.TOKYO)
WHOLE = (Period(1, NOV, date(2026, 12, 31), NOON + timedelta(days=90)),)
MONTHS = (
    Period(1, NOV, date(2026, 11, 30), NOON + timedelta(days=30)),
    Period(2, DEC, date(2026, 12, 31), NOON + timedelta(days=60)),
)


def terms(**changes: Any) -> Terms:
    usual: dict[str, Any] = {
        "rate_percent": 30,
        "rounding": "floor_per_transaction",
        "cap_per_person": 1_000_000,
        "cap_per_transaction": None,
        "cap_per_period": None,
        "shop_group_caps": {},
        "excluded_goods": frozenset(map(fold_goods, ("たばこ", "金券"))),
        "periods": WHOLE,
        "counts_from": None,
    }
    return Terms(**(usual | changes))


def bought(number: int, *amounts: int | tuple[str, int], **changes: Any) -> Purchase:
    lines = tuple(Line("", one) if isinstance(one, int) else Line(*one) for one in amounts)
    usual: dict[str, Any] = {"at": NOON + timedelta(minutes=number), "listing": ""}
    return Purchase(f"T{number}", lines=lines, **(usual | changes))


def given_back(number: int, *amounts: int | tuple[str, int]) -> Refund:
    return Refund(f"T{number}", tuple(Line("", one) if isinstance(one, int) else Line(*one) for one in amounts))


def points(purchases: list[Purchase], refunds: list[Refund] | None = None, **changes: Any) -> int:
    return count(terms(**changes), purchases, refunds or []).entitled()


def only(purchase: Purchase, **changes: Any) -> Reason | None:
    (counted,) = count(terms(**changes), [purchase], []).purchases
    return counted.reason


@pytest.mark.parametrize(("rounding", "expected"), [("floor_per_transaction", 297), ("floor_per_period", 299)])
def test_br_36_three_purchases_of_333_at_30_percent(rounding, expected):
    assert points([bought(n, 333) for n in range(3)], rounding=rounding) == expected


def test_br_37_the_last_purchase_gets_what_is_left_of_the_cap_and_the_next_gets_nothing():
    first = [bought(1, 9_834)]
    assert points(first, cap_per_person=3_000) == 2_950
    assert points([*first, bought(3, 400)], cap_per_person=3_000) == 3_000
    assert points([*first, bought(3, 400), bought(4, 400)], cap_per_person=3_000) == 3_000


@pytest.mark.parametrize("rounding", ["floor_per_transaction", "floor_per_period"])
def test_br_37_one_transaction_gives_at_most_its_cap(rounding):
    purchases = [bought(1, 10_000), bought(2, 1_000)]
    assert points(purchases, cap_per_transaction=500, rounding=rounding) == 500 + 300
    first, second = count(terms(cap_per_transaction=500), purchases, []).purchases
    assert (first.capped, second.capped) == (True, False)


def test_br_37_each_period_has_its_own_cap_and_the_person_one_over_all():
    purchases = [bought(1, 10_000), bought(2, 10_000, at=datetime(2026, 12, 5, tzinfo=clock.TOKYO))]
    counted = count(terms(periods=MONTHS, cap_per_period=2_000, cap_per_person=3_500), purchases, [])
    assert counted.earned == (2_000, 2_000)
    assert (counted.entitled(1), counted.entitled(2)) == (2_000, 3_500)


def test_br_37_a_group_of_shops_has_a_cap_of_its_own():
    purchases = [
        bought(1, 10_000, listing="大型店"),
        bought(2, 10_000, listing="大型店"),
        bought(3, 10_000, listing=""),
    ]
    assert points(purchases, shop_group_caps={"大型店": 1_000}) == 1_000 + 3_000


@pytest.mark.parametrize(("refund", "expected"), [(4_000, 1_800), (10_000, 0), (12_000, 0)])
def test_br_38_a_refund_takes_back_its_share_and_never_more_than_was_bought(refund, expected):
    assert points([bought(1, 10_000)], [given_back(1, refund)]) == expected


def test_br_38_two_refunds_of_one_purchase_both_count():
    assert points([bought(1, 10_000)], [given_back(1, 2_000), given_back(1, 2_000)]) == 1_800


def test_br_38_a_refund_of_an_unknown_purchase_takes_nothing():
    assert points([bought(1, 10_000)], [given_back(2, 4_000)]) == 3_000


def test_br_38_a_refund_bigger_than_its_purchase_does_not_eat_another():
    assert points([bought(1, 1_000), bought(2, 1_000)], [given_back(1, 5_000)]) == 300


def test_br_39_excluded_goods_do_not_count():
    assert points([bought(1, ("食品", 1_000), ("たばこ", 600))]) == 300


@pytest.mark.parametrize("spelled", ["たばこ", "タバコ", "ﾀﾊﾞｺ", "た ば こ"])
def test_br_39_the_kind_of_goods_is_compared_however_it_is_spelled(spelled):
    assert only(bought(1, (spelled, 600))) is Reason.EXCLUDED_GOODS


def test_br_39_only_gift_certificates_give_nothing():
    assert points([bought(1, ("金券", 5_000))]) == 0


def test_br_39_giving_back_excluded_goods_takes_nothing_away():
    assert points([bought(1, ("食品", 1_000), ("たばこ", 600))], [given_back(1, ("タバコ", 600))]) == 300


def test_a_refund_without_a_kind_of_goods_is_of_what_counted():
    assert points([bought(1, ("食品", 1_000), ("たばこ", 600))], [given_back(1, 400)]) == 180


def test_br_17_what_the_earlier_round_gave_lowers_the_cap():
    assert points([bought(1, 100_000)], cap_per_person=carry_over_left(3_000, 2_000)) == 1_000
    assert points([bought(1, 100_000)], cap_per_person=carry_over_left(3_000, 3_000)) == 0


def test_a_purchase_before_the_application_does_not_count_where_the_policy_says_so():
    assert only(bought(1, 1_000), counts_from=NOON + timedelta(hours=1)) is Reason.BEFORE_APPLICATION
    assert only(bought(1, 1_000), counts_from=NOON + timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2026-10-31T23:59:59+09:00", Reason.OUTSIDE_PERIOD),
        ("2026-11-01T00:00:00+09:00", None),
        ("2026-12-31T23:59:59+09:00", None),
        ("2026-12-31T15:00:00+00:00", Reason.OUTSIDE_PERIOD),
    ],
)
def test_br_01_the_days_of_purchase_are_days_in_japan_and_include_both_ends(at, reason):
    assert only(bought(1, 1_000, at=datetime.fromisoformat(at))) is reason


def test_a_shop_that_is_not_listed_and_one_that_can_not_be_told_are_two_reasons():
    assert only(bought(1, 1_000, listing=Reason.SHOP_NOT_LISTED)) is Reason.SHOP_NOT_LISTED
    assert only(bought(1, 1_000, listing=Reason.SHOPS_NOT_KNOWN)) is Reason.SHOPS_NOT_KNOWN


def test_what_is_reported_too_late_does_not_count():
    assert only(bought(1, 1_000, too_late=True)) is Reason.REPORTED_TOO_LATE


def test_the_periods_of_p_015_are_one_and_close_when_the_last_report_is_in():
    (period,) = periods_of(document("P-015"))
    assert (period.first, period.last) == (date(2026, 11, 1), date(2026, 12, 31))
    assert period.closes_at == datetime(2027, 1, 11, tzinfo=clock.TOKYO)


def test_monthly_periods_follow_the_calendar():
    changed = document(
        "P-015", {"benefit.periods": "month", "window.purchase_from": "2026-11-15", "window.purchase_to": "2027-01-10"}
    )
    days = [(period.number, period.first.isoformat(), period.last.isoformat()) for period in periods_of(changed)]
    assert days == [
        (1, "2026-11-15", "2026-11-30"),
        (2, "2026-12-01", "2026-12-31"),
        (3, "2027-01-01", "2027-01-10"),
    ]


def test_a_policy_without_purchases_has_no_terms():
    with pytest.raises(NotARebate):
        terms_of(document("P-001"), cap_per_person=1, applied_at=NOON)


amounts = st.integers(1, 20_000)
goods = st.sampled_from(["", "食品", "たばこ", "金券"])
lines = st.lists(st.builds(Line, goods, amounts), min_size=1, max_size=3).map(tuple)
days = st.integers(0, 60)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Terms, list[Purchase], list[Refund]]:
    limits = st.none() | st.integers(1, 3_000)
    chosen = terms(
        rate_percent=draw(st.integers(1, 100)),
        rounding=draw(st.sampled_from(["floor_per_transaction", "floor_per_period"])),
        cap_per_person=draw(st.integers(0, 10_000)),
        cap_per_transaction=draw(limits),
        cap_per_period=draw(limits),
        shop_group_caps=draw(st.sampled_from([{}, {"大型店": 700}])),
        periods=draw(st.sampled_from([WHOLE, MONTHS])),
    )
    purchases = [
        bought(n, at=NOON + timedelta(days=draw(days) - 10), listing=draw(st.sampled_from(["", "大型店"])))
        for n in range(draw(st.integers(0, 6)))
    ]
    purchases = [Purchase(p.transaction_no, p.at, draw(lines), p.listing) for p in purchases]
    refunds = draw(st.lists(st.builds(Refund, st.sampled_from([f"T{n}" for n in range(8)]), lines), max_size=5))
    return chosen, purchases, refunds


@given(worlds(), st.randoms(use_true_random=False))
def test_the_count_does_not_depend_on_the_order_and_equals_an_independent_slow_model(world, chance: random.Random):
    chosen, purchases, refunds = world
    shuffled, returned = purchases[:], refunds[:]
    chance.shuffle(shuffled)
    chance.shuffle(returned)
    counted = count(chosen, shuffled, returned)
    assert counted == count(chosen, purchases, refunds)
    model = SlowTerms(
        chosen.rate_percent,
        chosen.rounding == "floor_per_transaction",
        chosen.cap_per_person,
        chosen.cap_per_transaction,
        chosen.cap_per_period,
        dict(chosen.shop_group_caps),
        [(period.first, period.last) for period in chosen.periods],
    )
    slow = [
        SlowPurchase(
            clock.local(p.at).date(),
            str(p.listing),
            [(line.goods, line.amount) for line in p.lines],
            [(line.goods, line.amount) for r in refunds if r.purchase_no == p.transaction_no for line in r.lines],
        )
        for p in purchases
    ]
    assert counted.entitled() == slow_points(model, slow)
