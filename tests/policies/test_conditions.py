"""Conditions as birth dates, amounts, words: BR-04, BR-05, BR-06, BR-08."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from app.people.ages import age_at_end_of, law_age, nendo_end_last_day
from app.policies import (
    BirthRange,
    CheckKind,
    NamedCondition,
    ResidenceCondition,
    amount_text,
    birth_conditions_of,
    can_apply_online,
    conditions_of,
    fixed_amount,
    in_plain_words,
    smallest_amount,
    window_rows,
)
from app.policies.conditions import AgeCondition
from app.policies.conditions_tree import AgeRule
from tests.policies.samples import ITEMS, document


def _tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.TOKYO)


FIXTURE = _tokyo("2026-11-20T10:00:00")


def _range(policy_id: str, at: datetime = FIXTURE) -> BirthRange:
    (condition,) = birth_conditions_of(document(policy_id))
    return condition.range_at(at)


@pytest.mark.parametrize(
    ("policy_id", "birth", "fits"),
    [
        ("P-006", date(2020, 4, 2), True),
        ("P-006", date(2026, 4, 1), True),
        ("P-006", date(2020, 4, 1), False),
        ("P-006", date(2026, 4, 2), False),
        ("P-012", date(1986, 10, 2), True),
        ("P-012", date(1986, 10, 3), False),
        ("P-017", date(1952, 4, 1), True),
        ("P-017", date(1952, 4, 2), False),
        ("P-018", date(2007, 11, 21), True),
        ("P-018", date(2007, 11, 20), False),
        ("P-008", date(2008, 4, 2), True),
        ("P-008", date(2008, 4, 1), False),
        ("P-008", date(2008, 2, 29), False),
    ],
)
def test_br_04_br_06_br_08_both_ends_of_the_range_belong_to_it(policy_id: str, birth: date, fits: bool) -> None:
    assert _range(policy_id).includes(birth) is fits


def test_br_06_under_law_age_a_birthday_decides_at_midnight() -> None:
    birth = date(2007, 11, 21)
    assert _range("P-018", _tokyo("2026-11-20T23:59:59")).includes(birth)
    assert not _range("P-018", _tokyo("2026-11-21T00:00:00")).includes(birth)


births = st.dates(date(1900, 1, 1), date(2026, 11, 20))
days = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@given(births, days, st.integers(0, 110), st.integers(0, 110))
def test_br_04_br_05_the_range_of_births_says_what_the_age_says(birth: date, day: date, one: int, other: int) -> None:
    low, high = sorted((one, other))
    rule = AgeRule(min=low, max=high, as_of=day, rule="law_age")
    assert AgeCondition(rule).range_at(FIXTURE).includes(birth) is (low <= age_at_end_of(birth, day) <= high)


@given(births, days, st.integers(0, 110))
def test_br_04_as_of_application_is_the_age_at_the_instant_of_submit(birth: date, day: date, years: int) -> None:
    at = datetime(day.year, day.month, day.day, 13, 30, tzinfo=clock.TOKYO)
    least = AgeRule(min=years, as_of="application", rule="law_age")
    assert AgeCondition(least).range_at(at).includes(birth) is (law_age(birth, at) >= years)


@given(births, days, st.integers(0, 30))
def test_br_06_nendo_end_holds_until_its_last_day(birth: date, day: date, years: int) -> None:
    at = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=clock.TOKYO)
    most = AgeRule(max=years, as_of="application", rule="nendo_end")
    assert AgeCondition(most).range_at(at).includes(birth) is (day <= nendo_end_last_day(birth, years))


def test_conditions_are_typed_and_what_cannot_be_decided_here_is_named() -> None:
    assert conditions_of(document("P-013")) == (
        ResidenceCondition("none", ()),
        NamedCondition(CheckKind.PRE_LIST, "L-R-STAMP-2026"),
        NamedCondition(CheckKind.EXTERNAL_APP, "APP-STAMP-01"),
    )
    assert conditions_of(document("P-020"))[0] == ResidenceCondition("non_resident", ("993026",))
    assert conditions_of(document("P-016"))[0] == ResidenceCondition("prefecture", ("990001",))


@pytest.mark.parametrize(
    ("policy_id", "amount", "least", "text"),
    [
        ("P-001", 10_000, 10_000, "10,000ポイント"),
        ("P-009", 100_000, 100_000, "100,000ポイント"),
        ("P-010", None, 10_000, "10,000〜50,000ポイント"),
        ("P-012", 1_000, 1_000, "目標を達成すると1,000ポイント"),
        ("P-014", 1_000, 1_000, "参加1回につき1,000ポイント"),
        ("P-015", None, 1, "購入額の30%（お一人3,000ポイントまで）"),
        ("P-019", 50, 50, "達成1回につき50ポイント"),
        ("P-020", 500, 500, "訪問1回につき500ポイント（月4回まで）"),
    ],
)
def test_the_amount_of_each_kind_of_benefit(policy_id: str, amount: int | None, least: int, text: str) -> None:
    subject = document(policy_id)
    assert (fixed_amount(subject), smallest_amount(subject), amount_text(subject)) == (amount, least, text)


def test_what_the_online_form_cannot_take_says_where_to_go() -> None:
    for policy_id in ("P-006", "P-009", "P-010", "P-011"):
        elsewhere = {"eligibility.guardian_application": "not_offered"}
        possible, reason = can_apply_online(document(policy_id, elsewhere))
        assert not possible
        assert reason is not None and "窓口" in reason
    unequal = {"type": "tiered", "tiers": [{"amount": 1_000}, {"amount": 2_000}]}
    possible, reason = can_apply_online(document("P-001", {"benefit": unequal}))
    assert not possible
    assert reason is not None and "窓口" in reason
    by_guardians = ("P-006", "P-009", "P-010", "P-011")
    for policy_id in (*by_guardians, "P-001", "P-002", "P-004", "P-008", "P-012", "P-015", "P-016", "P-017", "P-018"):
        assert can_apply_online(document(policy_id)) == (True, None)


@pytest.mark.parametrize(
    ("policy_id", "sentence"),
    [
        ("P-001", "みらい県あさひ市に住んでいる方（申込時点のカードの住所で確認します）"),
        ("P-006", "2020年4月2日から2026年4月1日までに生まれた方"),
        ("P-008", "18歳になる年度の末日（3月31日）までの方"),
        ("P-009", "お子さまの誕生日の時点でみらい県あさひ市に住んでいた方（名簿または担当者が確認します）"),
        ("P-012", "2026年10月1日の時点で40歳以上の方"),
        ("P-016", "みらい県に住んでいる方（申込時点のカードの住所で確認します）"),
        ("P-018", "申込時点で18歳以下の方"),
        ("P-018", "15歳未満の方は、保護者（法定代理人）の方が申し込みます"),
        ("P-020", "みらい県やまなみ郡いずみ町以外に住んでいる方（申込時点のカードの住所で確認します）"),
    ],
)
def test_conditions_read_as_plain_sentences(policy_id: str, sentence: str) -> None:
    assert sentence in in_plain_words(document(policy_id))


@pytest.mark.parametrize("policy_id", ITEMS)
def test_every_sample_can_be_read_aloud(policy_id: str) -> None:
    texts = [*in_plain_words(document(policy_id)), *(text for row in window_rows(document(policy_id)) for text in row)]
    assert len(texts) >= 7
    assert not [text for text in texts if not text or "None" in text or "申請" in text]
