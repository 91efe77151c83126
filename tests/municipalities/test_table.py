"""The committed table is what the builder makes of its source, and its numbers are those of domain.md 8.3."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import municipalities
from app.municipalities import Kind
from app.municipalities.variants import GROUPS, fold_variants
from tools import build_municipalities as builder

DATA = Path(municipalities.__file__).parent / "data"


@pytest.fixture(autouse=True)
def _with_samples() -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)


def test_a_rebuild_gives_the_committed_files_byte_for_byte() -> None:
    towns = builder.read_towns()
    rows = builder.build_rows(towns)
    assert builder.table_csv(rows).encode() == (DATA / "municipalities.csv").read_bytes()
    assert builder.towns_csv(rows, towns).encode() == (DATA / "ambiguous_towns.csv").read_bytes()


def test_the_real_table_has_1959_rows() -> None:
    kinds = Counter(row.kind for row in municipalities.load_table(with_samples=False).rows.values())
    assert kinds == {
        Kind.PREFECTURE: 47,
        Kind.CITY: 772,
        Kind.DESIGNATED_CITY: 20,
        Kind.TOWN: 743,
        Kind.VILLAGE: 183,
        Kind.SPECIAL_WARD: 23,
        Kind.WARD: 171,
    }
    assert kinds.total() - kinds[Kind.PREFECTURE] - kinds[Kind.WARD] == 1_741


def test_br_73_every_code_of_the_table_has_its_check_digit() -> None:
    assert all(municipalities.is_valid_code(code) for code in municipalities.load_table(with_samples=True).rows)


@pytest.mark.parametrize(
    "code",
    [
        *("010006", "012335", "072133", "131016", "132063", "141003", "141011"),
        *("203246", "252140", "342076", "342084", "372072", "992011", "982016"),
    ],
)
def test_br_73_right_check_digits(code: str) -> None:
    assert municipalities.is_valid_code(code)


@pytest.mark.parametrize("code", ["131017", "13101", "1310160", "13101a", "１３１０１６", ""])
def test_br_71_br_73_wrong_codes_are_refused_and_never_completed(code: str) -> None:
    assert not municipalities.is_valid_code(code)


def test_br_19_25_names_are_shared_by_57_municipalities() -> None:
    bodies = (Kind.CITY, Kind.TOWN, Kind.VILLAGE, Kind.DESIGNATED_CITY)
    names = Counter(
        row.name for row in municipalities.load_table(with_samples=False).rows.values() if row.kind in bodies
    )
    shared = {name: count for name, count in names.items() if count > 1}
    assert (len(shared), sum(shared.values())) == (25, 57)
    assert shared["池田町"] == 4


def test_production_knows_no_fictional_municipality() -> None:
    municipalities.configure(with_samples=False)
    with pytest.raises(municipalities.UnknownMunicipality):
        municipalities.get("992011")
    assert municipalities.get("131016").label == "東京都千代田区"


def test_every_parent_and_prefecture_is_a_row_of_the_table() -> None:
    rows = municipalities.load_table(with_samples=True).rows
    for row in rows.values():
        assert row.parent is None if row.kind is Kind.PREFECTURE else row.parent in rows
        assert rows[row.prefecture_code].name == row.prefecture


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("992011", "みらい県あさひ市"),
        ("993018", "みらい県やまなみ郡みどり町"),
        ("991023", "みらい県みなみ市港区"),
        ("990001", "みらい県"),
        ("403440", "福岡県糟屋郡須恵町"),
    ],
)
def test_a_label_names_prefecture_county_and_name(code: str, label: str) -> None:
    assert municipalities.label(code) == label


@pytest.mark.parametrize(
    ("policy", "address", "inside"),
    [
        ("141003", "141011", True),
        ("141011", "141003", False),
        ("991007", "991023", True),
        ("991015", "991023", False),
        ("990001", "991023", True),
        ("990001", "993018", True),
        ("990001", "982016", False),
        ("992011", "982016", False),
        ("992011", "992011", True),
        ("999999", "992011", False),
        ("992011", "999999", False),
    ],
)
def test_br_21_a_ward_lies_in_its_city_and_a_municipality_in_its_prefecture(
    policy: str, address: str, inside: bool
) -> None:
    assert municipalities.covers(policy, address) is inside


def test_search_finds_by_name_reading_and_prefecture() -> None:
    assert {row.code for row in municipalities.find("あさひ市")} == {"992011", "982016"}
    assert [row.code for row in municipalities.find("みらい県あさひ市")] == ["992011"]
    assert municipalities.find("みらい県 あさひ")[0].code == "992011"
    assert municipalities.find("しらかば")[0].code == "983012"
    assert municipalities.find("だてし")[0].name == "伊達市"
    assert municipalities.find("みらい県")[0].code == "990001"
    assert municipalities.find("龍ヶ崎")[0].code == "082082"
    assert municipalities.find("   ") == []
    assert municipalities.find("存在しない名") == []
    assert len(municipalities.find("市")) <= 50


def test_every_group_of_variants_occurs_in_the_table_and_folds_one_to_one() -> None:
    rows = municipalities.load_table(with_samples=False).rows.values()
    characters = set("".join(row.full_name + row.name for row in rows))
    assert [group for group in GROUPS if not characters & set(group)] == []
    assert len("".join(GROUPS)) == len(set("".join(GROUPS)))
    assert all(len(fold_variants(group)) == len(group) for group in GROUPS)
