"""Address to municipality: the cases of domain.md 8.2 and BR-19 to BR-22. A wrong code is worse than none."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import municipalities
from app.municipalities import Kind, Status, resolve

CASES = list(csv.DictReader((Path(__file__).parent / "address_cases.csv").open(encoding="utf-8", newline="")))
REAL = municipalities.load_table(with_samples=False)


@pytest.fixture(autouse=True)
def _with_samples() -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)


def test_the_case_file_is_whole() -> None:
    assert len(CASES) == 64


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["address"] or "empty")
def test_br_19_the_case_file(case: dict[str, str]) -> None:
    found = resolve(case["address"])
    expected = case["expected_code6"]
    if expected == "?":
        assert (found.status, found.code) == (Status.AMBIGUOUS, None)
        assert len(found.candidates) > 1
    elif not expected:
        assert (found.status, found.code, found.candidates) == (Status.NONE, None, ())
    else:
        assert found.code == expected
        assert found.status in (Status.EXACT, Status.FOLDED)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("長野県北佐久郡立科町大字芦田２５３２", "203246"),
        ("長野県立科町芦田2532", "203246"),
        ("神奈川県横浜市鶴見区鶴見中央３丁目", "141011"),
        ("大阪府泉大津市東雲町９番１２号", "272060"),
        ("みらい県やまなみ郡みどり町大字緑", "993018"),
        ("みらい県みどり町大字緑", "993018"),
        ("みらい県みなみ市港区海岸通８番地", "991023"),
        ("きた郡いずみ町湖岸１番地", "983021"),
        ("東京都葛\U000e0100飾区金町９９丁目９番９号", "131229"),
        ("〒１００－０００１　東京都千代田区千代田１番１号", "131016"),
        ("横浜市中區日本大通１番地", "141046"),
        ("宮城県黒川郡富谷町富谷", "042161"),
        ("福岡県筑紫郡那珂川町西隈", "402311"),
        ("兵庫県篠山市北新町", "282219"),
    ],
)
def test_br_19_br_21_br_22_prefecture_ward_county_and_old_names(address: str, code: str) -> None:
    assert resolve(address).code == code


@pytest.mark.parametrize(
    ("address", "candidates"),
    [
        ("あさひ市本町１丁目", {"982016", "992011"}),
        ("いずみ町大字泉１番地", {"983021", "993026"}),
        ("伊達市保原町字舟橋１８０番地", {"012335", "072133"}),
        # Before 2018 a card of 那珂川市 said 那珂川町, and 栃木県 has a town of that name.
        ("那珂川町馬頭５５５番地", {"094111", "402311"}),
    ],
)
def test_br_20_a_shared_name_without_prefecture_is_ambiguous(address: str, candidates: set[str]) -> None:
    found = resolve(address)
    assert (found.status, found.code, set(found.candidates)) == (Status.AMBIGUOUS, None, candidates)


def test_br_20_the_town_table_ranks_candidates_but_never_decides() -> None:
    found = resolve("伊達市保原町字舟橋１８０番地")
    assert found.candidates == ("072133", "012335")
    assert found.code is None


def test_br_20_a_ward_name_alone_may_be_another_citys_ward() -> None:
    found = resolve("港区芝公園１丁目５番２５号")
    assert found.status is Status.AMBIGUOUS
    assert {"131032", "231118", "271071"} <= set(found.candidates)


@pytest.mark.parametrize("address", ["みらい県みなみ市１番", "神奈川県横浜市３丁目", "横濱市３丁目"])
def test_br_21_a_designated_city_without_a_ward_is_no_answer(address: str) -> None:
    found = resolve(address)
    assert (found.status, found.code) == (Status.WARD_MISSING, None)
    assert len(found.candidates) == 1


def test_br_21_a_retired_ward_gives_the_city_and_the_renumbered_one_its_ward() -> None:
    assert resolve("静岡県浜松市北区細江町").code == "221309"
    assert resolve("静岡県浜松市天竜区二俣町").code == "221406"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "　",
        "みらい県",
        "みらい県府中市本町１丁目",  # the prefecture is known, the city is not in it
        "東村山郡旧村町１番地",  # an unknown town of a county must not become 東村
        "Main Street 1, Springfield",
        "\ud800\udfff\x00",
        "１" * 5_000,
    ],
)
def test_what_names_no_municipality_gives_none(address: str) -> None:
    found = resolve(address)
    assert (found.status, found.code, found.candidates) == (Status.NONE, None, ())


def test_folding_at_once_would_join_two_cities_so_exact_comes_first() -> None:
    assert resolve("鹿嶋市平井").code == "082228"
    assert resolve("鹿島市納富分").code == "412074"
    assert resolve("茨城県鹿島市平井").code == "082228"
    assert resolve("佐賀県鹿嶋市納富分").code == "412074"


def test_every_municipality_and_ward_resolves_by_its_own_full_name() -> None:
    for row in REAL.rows.values():
        if row.kind not in (Kind.PREFECTURE, Kind.DESIGNATED_CITY):
            assert resolve(row.full_name + "１番地").code == row.code, row
            assert resolve(row.label + "本町１丁目").code == row.code, row
            assert resolve(f"{row.prefecture}{row.name}本町").code == row.code, row


@given(st.sampled_from(sorted(REAL.rows)), st.text(max_size=40))
@example("473031", "山市本町")
def test_br_19_no_text_behind_a_full_name_leads_out_of_its_prefecture(code: str, rest: str) -> None:
    row = REAL.get(code)
    found = resolve(row.full_name + rest)
    if found.code is not None:
        assert municipalities.covers(row.prefecture_code, found.code)


@given(st.text(max_size=80))
def test_any_text_gets_an_answer_and_a_code_only_with_a_match(text: str) -> None:
    found = resolve(text)
    assert (found.code is not None) == (found.status in (Status.EXACT, Status.FOLDED))
    assert found.code is None or found.matched
