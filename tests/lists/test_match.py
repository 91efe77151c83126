"""BR-16, BR-20, BR-28, BR-32, BR-67, BR-68, BR-74: the ladder from a card to a row, and what is left to people."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import app
from app import db, lists, pii
from app.cli.lists import load_sample_lists
from app.lists import Match, Subject
from app.lists.tokens import TokenKey, fold_town, town_prefixes
from app.settings import Keys
from tests.conftest import TEST_KEYS
from tests.lists.conftest import LIST_ID, Load
from tests.properties import examples

SENIOR, BABY = "L-S-SENIOR-2026", "L-K-BABY-2026"
SHIRAKABA = "ほくと県きた郡しらかば村"


@pytest.fixture
def samples(catalogue: str) -> str:
    """The two sample lists loaded."""
    load_sample_lists()
    return catalogue


def look_up(list_id: str, name: str, address: str, born: date | None, **typed: str) -> Match:
    with db.reading() as session:
        return lists.match(session, list_id, lists.subject_of(name, address, born, **typed))


@pytest.mark.parametrize(
    ("case", "name", "address", "born", "level", "row"),
    [
        ("C-01", "髙橋　﨑子", "大字白樺１２番地", date(1947, 3, 3), "name", 2),
        ("C-03", "齋藤　文子", "大字白樺３４番地", date(1950, 11, 5), "weak", 3),
        ("C-04", "NGUYEN VAN AN", "大字湖岸５６番地", date(1949, 7, 20), "weak", 4),
        ("C-04 alias", "NGUYEN VAN AN（阮　安）", "大字湖岸５６番地", date(1949, 7, 20), "weak", 4),
        ("C-08a", "佐々木　実", "大字白樺７８番地", date(1928, 1, 15), "name", 5),
        ("C-08b", "佐々木　実", "大字白樺７８番地", date(1951, 9, 9), "none", None),
        ("C-30a", "野口　トメ", "大字湖岸１番地", date(1926, 3, 3), "name", 6),
        ("C-30b", "小川　亀吉", "大字湖岸２番地", date(1912, 7, 29), "name", 7),
    ],
)
def test_br_67_the_cases_of_the_senior_list(
    samples: str, case: str, name: str, address: str, born: date, level: str, row: int | None
) -> None:
    found = look_up(SENIOR, name, SHIRAKABA + address, born)
    assert (found.level, found.loaded) == (level, True), case
    assert found.row_id is None if row is None else str(found.row_id).endswith(f"-{row}")


def test_br_67_c_07_twins_whose_given_names_are_unknown_are_for_staff(samples: str) -> None:
    assert look_up(BABY, "山本　碧", "みらい県かわなみ市川辺一丁目１番１号", date(2026, 5, 5)).level == "several"


def test_br_28_a_newborn_without_a_given_name_is_a_weak_match_and_never_none(load: Load) -> None:
    load("K-1,山本,ヤマモト,2026-05-05,大字白樺")
    assert look_up(LIST_ID, "山本　碧", SHIRAKABA + "大字白樺１", date(2026, 5, 5)).level == "weak"


def test_br_28_a_row_loaded_before_the_card_existed_matches_when_it_comes(load: Load) -> None:
    load("K-1,山本　碧,ヤマモト　アオ,令和8年5月5日,大字白樺")
    assert look_up(LIST_ID, "山本　碧", SHIRAKABA + "大字白樺１", date(2026, 5, 5)).level == "name"


def test_br_67_step_1_the_number_of_the_letter_and_the_birth_date(samples: str) -> None:
    address = "みらい県あさひ市本町１丁目"
    assert look_up(SENIOR, "改姓　実", address, date(1928, 1, 15), control_no="s-0004").level == "control_no"
    assert look_up(SENIOR, "改姓　実", address, date(1928, 1, 15), control_no="Ｓ－０００４").level == "control_no"
    with_other_birth_date = look_up(SENIOR, "佐々木　実", address, date(1951, 9, 9), control_no="S-0004")
    assert with_other_birth_date.level == "weak"


def test_br_67_a_mistyped_number_goes_on_to_the_next_step(samples: str) -> None:
    found = look_up(SENIOR, "佐々木　実", SHIRAKABA + "大字白樺７８番地", date(1928, 1, 15), control_no="S-9999")
    assert found.level == "name"


def test_br_67_step_2_kana_birth_date_and_municipality(samples: str) -> None:
    here, elsewhere = SHIRAKABA + "大字湖岸９", "みらい県あさひ市本町１丁目"
    born = date(1928, 1, 15)
    assert look_up(SENIOR, "異体　実", here, born, kana="ささき みのる").level == "kana"
    assert look_up(SENIOR, "異体　実", elsewhere, born, kana="ササキ　ミノル").level == "weak"
    assert look_up(SENIOR, "異体　実", here, born, kana="ササキ　マコト").level == "none"


def test_br_67_step_3_needs_the_town_another_one_is_for_staff(samples: str) -> None:
    assert look_up(SENIOR, "佐々木　実", SHIRAKABA + "大字湖岸７８番地", date(1928, 1, 15)).level == "weak"
    assert look_up(SENIOR, "佐々木　実", "みらい県あさひ市大字白樺７８番地", date(1928, 1, 15)).level == "weak"


def test_br_67_never_the_name_alone(samples: str) -> None:
    assert look_up(SENIOR, "佐々木　実", SHIRAKABA + "大字白樺７８番地", None).level == "none"


def test_br_67_the_same_name_and_birth_date_twice_is_for_staff(load: Load) -> None:
    person = "高橋　崎子,タカハシ　サキコ,昭和22年3月3日"
    load(f"S-1,{person},大字白樺", f"S-2,{person},大字湖岸")
    address = SHIRAKABA + "大字白樺１２番地"
    assert look_up(LIST_ID, "髙橋　﨑子", address, date(1947, 3, 3)).level == "several"
    assert look_up(LIST_ID, "髙橋　﨑子", address, date(1947, 3, 3), kana="タカハシ　サキコ").level == "several"
    assert look_up(LIST_ID, "髙橋　﨑子", address, date(1947, 3, 3), control_no="S-2").level == "control_no"


def test_br_67_kana_of_one_row_and_name_of_another_is_for_staff(load: Load) -> None:
    load("S-1,高橋　咲子,タカハシ　サキコ,昭和22年3月3日,大字白樺", "S-2,高橋　崎子,,昭和22年3月3日,大字白樺")
    found = look_up(LIST_ID, "高橋　崎子", SHIRAKABA + "大字白樺１", date(1947, 3, 3), kana="タカハシ　サキコ")
    assert found.level == "several"


def test_br_74_an_alias_on_the_list_or_on_the_card_is_the_person(load: Load) -> None:
    load("S-1,阮　安,,1949-07-20,大字湖岸")
    address = SHIRAKABA + "大字湖岸５６番地"
    assert look_up(LIST_ID, "NGUYEN VAN AN（阮　安）", address, date(1949, 7, 20)).level == "name"
    load("S-1,NGUYEN VAN AN（阮　安）,,1949-07-20,大字湖岸")
    assert look_up(LIST_ID, "NGUYEN VAN AN", address, date(1949, 7, 20)).level == "name"
    assert look_up(LIST_ID, "VAN AN NGUYEN", address, date(1949, 7, 20)).level == "weak"


def test_br_20_an_address_that_does_not_say_which_municipality_may_match_in_each(load: Load) -> None:
    load("S-1,高橋　崎子,,昭和22年3月3日,本町", owner=lists.Owner("P-001", "992011"), list_id="L-A")
    assert look_up("L-A", "髙橋　﨑子", "あさひ市本町１丁目", date(1947, 3, 3)).level == "name"


def test_br_21_a_ward_counts_as_its_city(load: Load) -> None:
    load("S-1,加藤　美咲,カトウ　ミサキ,2009-06-15,海岸通", owner=lists.Owner("P-018", "991007"), list_id="L-B")
    address = "みらい県みなみ市港区海岸通８番地"
    assert look_up("L-B", "加藤　美咲", address, date(2009, 6, 15)).level == "name"
    assert look_up("L-B", "加藤　未咲", address, date(2009, 6, 15), kana="カトウ　ミサキ").level == "kana"


def test_br_32_a_list_that_was_not_loaded_is_no_miss(catalogue: str) -> None:
    found = look_up(SENIOR, "佐々木　実", SHIRAKABA + "大字白樺７８番地", date(1928, 1, 15))
    assert (found.level, found.loaded) == ("none", False)


def test_the_newest_version_counts(load: Load) -> None:
    load("S-1,高橋　崎子,,昭和22年3月3日,大字白樺")
    load("S-2,斉藤　文子,,S25.11.05,大字白樺")
    assert look_up(LIST_ID, "高橋　崎子", SHIRAKABA + "大字白樺１", date(1947, 3, 3)).level == "none"
    assert look_up(LIST_ID, "斉藤　文子", SHIRAKABA + "大字白樺１", date(1950, 11, 5)).level == "name"


def test_matching_works_where_no_row_can_be_read(samples: str) -> None:
    """The public side needs the index key alone: with other encryption keys it still matches, and reads nothing."""
    public = Keys(
        encryption=Keys.from_json(Keys.generate_json()).encryption,
        index=TEST_KEYS.index,
        audit=TEST_KEYS.audit,
        signing=TEST_KEYS.signing,
    )
    pii.configure(public)
    found = look_up(SENIOR, "髙橋　﨑子", SHIRAKABA + "大字白樺１２番地", date(1947, 3, 3))
    assert found.level == "name"
    with db.transaction() as session, pytest.raises(pii.PiiError):
        lists.read_row(session, str(found.row_id), staff="ST-04", reason="試験")


def test_nothing_of_a_row_lies_open_in_the_database(samples: str) -> None:
    content: dict[str, Any] = json.loads((Path(app.__file__).parent / "sample_data" / "sample_lists.json").read_text())
    with db.reading() as session:
        tables = ("list_rows", "list_tokens", "list_versions", "recipient_lists", "audit_events")
        dump = "\n".join(str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}")))
    cells = {
        row[column] for one in content.values() for row in one["rows"] for column in ("control_no", "name", "town")
    }
    shown = {cell for cell in cells if cell in dump or repr(cell.encode())[2:-1] in dump}
    assert shown == set()


def test_two_lists_can_not_be_joined_by_their_tokens(database: str) -> None:
    born = date(1947, 3, 3)
    assert TokenKey("L-1").name("高橋崎子", born) != TokenKey("L-2").name("高橋崎子", born)
    assert TokenKey("L-1").name("高橋崎子", born) == TokenKey("L-1").name("高橋崎子", born)
    assert TokenKey("L-1").name("x", born) != TokenKey("L-1").kana("x", born)


@pytest.mark.parametrize(
    ("town", "rest"),
    [
        ("大字白樺", "大字白樺１２番地"),
        ("白樺", "大字白樺１２番地"),
        ("川辺一丁目", "川辺１丁目１番１号"),
        ("川辺１丁目", "川辺一丁目１番１号"),
        ("川辺", "川辺一丁目１番１号"),
        ("朝日台十二丁目", "朝日台１２丁目３"),
        ("本町", "本町"),
        ("字南", "南１２"),
    ],
)
def test_br_67_a_town_is_found_at_the_beginning_of_the_rest_of_an_address(town: str, rest: str) -> None:
    assert fold_town(town) in town_prefixes(rest)


@pytest.mark.parametrize(
    ("town", "rest"), [("本町", "本町通１"), ("川辺一丁目", "川辺１１丁目"), ("白", "大字白樺１"), ("町", "本町１")]
)
def test_br_67_a_town_is_not_found_inside_another(town: str, rest: str) -> None:
    assert fold_town(town) not in town_prefixes(rest)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=30),
    st.text(max_size=60),
    st.one_of(st.none(), st.dates()),
    st.text(max_size=20),
    st.text(max_size=10),
)
def test_any_card_and_any_typing_is_answered(
    samples: str, name: str, address: str, born: date | None, kana: str, control_no: str
) -> None:
    with db.reading() as session:
        subject = lists.subject_of(name, address, born, kana=kana, control_no=control_no)
        found = lists.match(session, SENIOR, subject)
    assert isinstance(subject, Subject)
    assert (found.row_id is None) == (found.level in ("none", "several"))
