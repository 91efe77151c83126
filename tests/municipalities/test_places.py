"""What a person types into the search: a name, kana, or the beginning of an address; never guessed (BR-20)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import municipalities
from app.municipalities import find_place


@pytest.fixture(autouse=True)
def _with_samples() -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("米原市", "252140"),
        ("まいばらし", "252140"),
        ("ﾏｲﾊﾞﾗｼ", "252140"),
        ("まいばら", "252140"),
        ("津市", "242012"),
        ("つし", "242012"),
        ("滋賀県米原市米原1016番地", "252140"),
        ("〒521-8501 滋賀県米原市米原１０１６", "252140"),
        ("横浜市", "141003"),
        ("横浜市３丁目", "141003"),
        ("横浜市鶴見区", "141011"),
        ("広島県府中市", "342084"),
        ("しらかば", "983012"),
        ("しらかばむら", "983012"),
        ("たかまつし", "372013"),
        ("ながのし", "202011"),
        ("龍が崎市", "082082"),
        ("みらい県", "990001"),
        ("龍ヶ崎市", "082082"),
    ],
)
def test_one_place_is_meant(typed: str, code: str) -> None:
    assert find_place(typed) == municipalities.Place(code)


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("府中市", {"132063", "342084"}),
        ("あさひ市", {"992011", "982016"}),
        ("あさひ市本町１丁目", {"992011", "982016"}),
        ("だてし", {"012335", "072133"}),
    ],
)
def test_br_20_several_places_are_asked_about(typed: str, codes: set[str]) -> None:
    found = find_place(typed)
    assert (found.code, set(found.candidates)) == (None, codes)


@pytest.mark.parametrize("typed", ["", " ", "存在しない名", "😀", "<script>"])
def test_what_is_no_place_is_none(typed: str) -> None:
    assert find_place(typed) == municipalities.Place(None)
