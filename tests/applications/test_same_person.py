"""Paper and card: when four items are one person's (BR-67, BR-68), and that a doubt is never taken for sameness."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import municipalities
from app.applications.same_person import items_that_differ
from app.people import FourItems
from app.pii import Private

CARD = ("髙橋　花子", "みらい県やまなみ郡みどり町大字緑２５番地３", "19800401", "2")


@pytest.fixture(autouse=True)
def _with_samples() -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)


def items(name: str = CARD[0], address: str = CARD[1], birth: str = CARD[2], sex: str = CARD[3]) -> FourItems:
    return FourItems(Private(name), Private(address), Private(birth), Private(sex))


@pytest.mark.parametrize(
    "paper",
    [
        items(),
        items(name="高橋 花子"),
        items(address="みらい県みどり町緑25-3"),
        items(address="みらい県みどり町大字緑25番地3 みどり荘102号"),
        items(address="みらい県やまなみ郡みどり町大字緑二十五番地3"),
        items(address="みらい県みどり町緑25"),
    ],
    ids=["as on the card", "another glyph", "short", "with a room", "kanji numbers", "without the last number"],
)
def test_br_68_another_way_to_write_it_is_the_same_person(paper: FourItems) -> None:
    assert items_that_differ(paper, items()) == ()
    assert items_that_differ(items(), paper) == ()


@pytest.mark.parametrize(
    ("paper", "differs"),
    [
        (items(name="髙橋　花江"), ("name",)),
        (items(birth="19800402"), ("birth_date",)),
        (items(sex="1"), ("sex",)),
        (items(address="みらい県みどり町緑26-3"), ("address",)),
        (items(address="みらい県みどり町紅25-3"), ("address",)),
        (items(address="みらい県みどり町緑"), ("address",)),
        (items(address="みらい県あさひ市緑25-3"), ("address",)),
        (items(address="緑25-3"), ("address",)),
        (items(name="髙橋　花江", sex="1"), ("name", "sex")),
    ],
    ids=lambda value: "" if isinstance(value, FourItems) else " ".join(value),
)
def test_what_differs_is_named(paper: FourItems, differs: tuple[str, ...]) -> None:
    assert items_that_differ(paper, items()) == differs


def test_br_68_a_weak_match_of_names_is_none_here() -> None:
    assert items_that_differ(items(name="斉藤　花子"), items(name="斎藤　花子")) == ("name",)


def test_br_20_an_address_that_may_be_two_places_is_no_match_even_to_itself() -> None:
    doubtful = items(address="あさひ市本町１丁目１番")
    assert items_that_differ(doubtful, doubtful) == ("address",)
