"""The index in memory against a slow reading of all listings: the same sets, the same order, after any changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.search_index import PAST, Index, Listing
from tests.properties import examples

STATES = ("published", "suspended", "cancelling", "settling", "completed")
PLACES = (("100", "1"), ("101", "1"), ("200", "2"))
MOMENT = st.integers(0, 6)


@st.composite
def listings(draw: Callable[..., object]) -> dict[str, Listing]:
    made = {}
    for number in range(draw(st.integers(0, 40))):
        municipality, prefecture = draw(st.sampled_from(PLACES))
        begins = draw(MOMENT)
        made[f"P-{number:02}"] = Listing(
            policy_id=f"P-{number:02}",
            state=draw(st.sampled_from(STATES)),
            is_full=draw(st.booleans()),
            closes_at=float(begins + draw(st.integers(1, 4))),
            apply_from=float(begins),
            municipality=municipality,
            prefecture=prefecture,
            category=draw(st.sampled_from("ab")),
            timing="simple",
            amount=draw(st.sampled_from((100, 1_000, 5_000))),
            decided_at_once=draw(st.booleans()),
            services=tuple(draw(st.lists(st.sampled_from("xyz"), unique=True))),
            text=0,
        )
    return made


def section_of(one: Listing, now: float) -> int:
    """The rule of domain.md 5.1, written out."""
    if one.closes_at <= now:
        return 4
    if one.state == "suspended":
        return 3
    if one.state != "published":
        return 5
    if now < one.apply_from:
        return 2
    return 1 if one.is_full else 0


def ids(index: Index, bits: int) -> set[str]:
    return {index.ids[number] for number in range(len(index.ids)) if bits >> number & 1}


def check(index: Index, expected: dict[str, Listing], now: float) -> None:
    for number, bits in enumerate(index.sections(now)):
        inside = [one for one in expected.values() if section_of(one, now) == number]
        assert ids(index, bits) == {one.policy_id for one in inside}
        order = sorted(inside, key=lambda one: (one.closes_at, one.policy_id), reverse=number == PAST)
        for offset in (0, 1, 3, 100):
            shown = index.slice(bits, offset, 2, latest_first=number == PAST)
            assert shown == [one.policy_id for one in order[offset : offset + 2]]


@given(listings(), MOMENT)
def test_sections_and_slices_are_those_of_the_rule(made: dict[str, Listing], now: int) -> None:
    check(Index(made), made, float(now))


@given(listings(), MOMENT, st.sampled_from((1, 100, 101, 5_000, 5_001)))
def test_filters_are_those_of_the_rule(made: dict[str, Listing], moment: int, points: int) -> None:
    index = Index(made)
    everything = list(made.values())
    assert ids(index, index.at_least(points)) == {one.policy_id for one in everything if one.amount >= points}
    assert ids(index, index.begun_by(moment)) == {one.policy_id for one in everything if one.apply_from <= moment}
    assert ids(index, index.closed_by(moment)) == {one.policy_id for one in everything if one.closes_at <= moment}
    assert ids(index, index.given_by(["100", "999"])) == {
        one.policy_id for one in everything if one.municipality == "100"
    }
    at_once = {one.policy_id for one in everything if one.decided_at_once and {"x", "z"} & set(one.services)}
    assert ids(index, index.at_once(["x", "z"])) == at_once
    counted = dict(index.count_municipalities((1 << len(made)) - 1, "1"))
    assert counted == {
        code: count for code in ("100", "101") if (count := sum(one.municipality == code for one in everything))
    }


@given(listings(), st.data())
def test_counts_are_those_of_the_rule_counted_one_by_one_or_set_by_set(
    made: dict[str, Listing], data: st.DataObject
) -> None:
    index = Index(made)
    found = data.draw(st.integers(0, (1 << len(made)) - 1))
    inside = [made[policy_id] for policy_id in ids(index, found)]
    expected = {
        "category": Counter(one.category for one in inside),
        "timing": Counter(one.timing for one in inside),
        "place": Counter(one.prefecture for one in inside),
        "service": Counter(service for one in inside for service in one.services),
    }
    for most in (0, 200):  # more than so many are counted set by set
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("app.policies.search_index._FEW", most)
            counted = Index(made).counts(found)
        assert {name: Counter(counts) for name, counts in counted.items()} == expected


@settings(max_examples=examples(60))
@given(listings(), listings(), st.data(), MOMENT)
def test_an_index_after_changes_is_the_index_of_what_is_there(
    made: dict[str, Listing], others: dict[str, Listing], data: st.DataObject, now: int
) -> None:
    index = Index(made)
    index.sections(float(now))
    flipped = {
        key: one._replace(state=data.draw(st.sampled_from(STATES)), is_full=data.draw(st.booleans()))
        for key, one in list(made.items())[:5]
    }
    following = index.with_changes(flipped.values())
    check(following, made | flipped, float(now))
    check(index, made, float(now))
    check(following.with_changes(others.values()), made | flipped | others, float(now))
    gone = list(made)[::2]
    check(following.without(gone), {key: one for key, one in (made | flipped).items() if key not in gone}, float(now))
