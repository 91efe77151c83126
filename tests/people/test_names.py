"""BR-68, BR-69, BR-74: folding joins spellings of one name and keeps two names apart."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.municipalities.variants import GROUPS as PLACE_GROUPS
from app.people.names import (
    Level,
    compare,
    compare_with_certificate,
    family_of,
    fold_for_fingerprint,
    fold_kana,
    fold_weakly,
    has_substitute_mark,
    keys_of,
    spellings_in,
)
from app.people.names_variants import STRONG, WEAK

SURNAMES = Path(__file__).parent / "variant_surnames.csv"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("渡邉", "渡辺"),
        ("渡邊", "渡辺"),
        ("𠮷田", "吉田"),
        ("濵田", "浜田"),
        ("濱田", "浜田"),
        ("齋藤", "斎藤"),
        ("辻\U000e0100", "辻"),
        ("髙橋　﨑子", "高橋 崎子"),
        ("ＮＧＵＹＥＮ　ＶＡＮ　ＡＮ", "Nguyen Van An"),
        ("MUÑOZ JOSÉ", "munoz jose"),
        ("ﾏﾘｱ・ｲｻﾍﾞﾗ", "マリア イサベラ"),
        ("一ヶ瀬", "一ケ瀨"),
    ],
)
def test_br_68_br_74_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold_for_fingerprint(one) == fold_for_fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("斉藤", "斎藤"), ("佐藤", "佐籐"), ("かとう", "がとう"), ("ハラ", "バラ"), ("伊藤　文子", "伊藤　文代")],
)
def test_br_68_two_names_stay_two(one: str, other: str) -> None:
    assert fold_for_fingerprint(one) != fold_for_fingerprint(other)


def test_br_69_normal_form_alone_would_not_join_them() -> None:
    assert unicodedata.normalize("NFKC", "髙﨑") == "髙﨑"
    assert fold_for_fingerprint("髙﨑") == "高崎"


@given(st.text(max_size=60))
def test_a_folded_name_folds_to_itself(name: str) -> None:
    once = fold_for_fingerprint(name)
    assert fold_for_fingerprint(once) == once


@given(st.text(max_size=40), st.text(max_size=40))
def test_comparing_does_not_depend_on_the_order_and_never_fails(one: str, other: str) -> None:
    assert compare(one, other).level is compare(other, one).level
    assert compare(one, one).level is Level.IDENTICAL


@given(st.text(st.sampled_from("".join(STRONG)), min_size=1, max_size=8))
def test_br_68_whatever_folds_alike_strongly_folds_alike_weakly(name: str) -> None:
    plain = fold_for_fingerprint(name)
    assert compare(name, plain).level in (Level.IDENTICAL, Level.FOLDED)
    assert fold_weakly(name) == fold_weakly(plain)


@pytest.mark.parametrize(
    ("one", "other", "level", "reason"),
    [
        ("髙橋", "高橋", Level.FOLDED, "variant_character"),
        ("山﨑", "山崎", Level.FOLDED, "variant_character"),
        ("渡邉", "渡邊", Level.FOLDED, "variant_character"),
        ("渡邊", "渡辺", Level.FOLDED, "variant_character"),
        ("𠮷田", "吉田", Level.FOLDED, "variant_character"),
        ("濵田", "濱田", Level.FOLDED, "variant_character"),
        ("濱田", "浜田", Level.FOLDED, "variant_character"),
        ("齋藤", "斎藤", Level.FOLDED, "variant_character"),
        ("斉藤", "斎藤", Level.WEAK, "characters_often_mixed_up"),
        ("齊藤", "齋藤", Level.WEAK, "characters_often_mixed_up"),
        ("辻\U000e0100", "辻", Level.FOLDED, "variation_selector"),
        ("神\ufa19", "\ufa19神", Level.FOLDED, "width_or_compatibility_form"),
        ("高橋　崎子", "高橋 崎子", Level.FOLDED, "width_or_compatibility_form"),
        ("高橋　崎子", "高橋崎子", Level.FOLDED, "spaces_and_marks"),
        ("一ヶ瀬", "一が瀬", Level.FOLDED, "variant_character"),
        ("一ノ瀬", "一之瀬", Level.WEAK, "characters_often_mixed_up"),
        ("伊藤　文子", "伊藤　文代", Level.DIFFERENT, "different_names"),
        ("高橋　崎子", "高橋　崎子", Level.IDENTICAL, "same_bytes"),
        ("佐藤　さくら", "佐藤　サクラ", Level.WEAK, "characters_often_mixed_up"),
    ],
)
def test_br_68_every_comparison_has_a_level_and_a_reason(one: str, other: str, level: Level, reason: str) -> None:
    found = compare(one, other)
    assert (found.level, found.reason) == (level, reason)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("NGUYEN VAN AN", "VAN AN NGUYEN", Level.WEAK),
        ("NGUYEN VAN AN", "nguyen van an", Level.FOLDED),
        ("MUÑOZ", "MUNOZ", Level.FOLDED),
        ("JOSÉ", "Jose", Level.FOLDED),
        ("O'NEIL MARY-ANN", "ONEIL MARY ANN", Level.FOLDED),
        ("DOE, JOHN", "JOHN DOE", Level.WEAK),
        ("阮　安", "NGUYEN VAN AN（阮　安）", Level.FOLDED),
        ("NGUYEN VAN AN", "NGUYEN VAN AN（阮　安）", Level.FOLDED),
        ("NGUYEN VAN AN (通称: 阮 安)", "阮　安", Level.FOLDED),
        ("NGUYEN VAN AN", "NGUYEN VAN", Level.DIFFERENT),
        ("NGUYEN VAN AN", "阮　安", Level.DIFFERENT),
    ],
)
def test_br_74_latin_names_compare_by_their_parts_and_an_alias_counts(one: str, other: str, level: Level) -> None:
    assert compare(one, other).level is level


@pytest.mark.parametrize(
    ("card", "certificate", "marks", "level", "reason"),
    [
        ("辻\U000e0100　明日香", "辻　明日香", "10000", Level.FOLDED, "substitute_character"),
        ("𠮷田　濵男", "■田　■男", "10010", Level.FOLDED, "substitute_character"),
        ("辻　明日香", "辻　明日花", "10000", Level.WEAK, "unmarked_difference"),
        ("髙橋　花", "高橋　花", "0000", Level.WEAK, "unmarked_difference"),
        ("辻　明日香", "辻　明日香", "00000", Level.IDENTICAL, "same_bytes"),
        ("辻　明日香", "辻　明日", "1000", Level.WEAK, "marks_do_not_fit"),
    ],
)
def test_br_75_a_difference_at_a_marked_position_is_none(
    card: str, certificate: str, marks: str, level: Level, reason: str
) -> None:
    found = compare_with_certificate(card, certificate, marks)
    assert (found.level, found.reason) == (level, reason)


def test_br_68_the_most_frequent_variant_surnames_fold_to_their_plain_form() -> None:
    with SURNAMES.open(encoding="utf-8", newline="") as file:
        pairs = [(row["variant"], row["plain"]) for row in csv.DictReader(file)]
    assert len({variant for variant, _ in pairs}) >= 200
    assert all(variant != plain for variant, plain in pairs)
    assert [pair for pair in pairs if compare(*pair).level is not Level.FOLDED] == []


def test_br_68_variant_surnames_that_are_different_names_stay_different() -> None:
    with SURNAMES.open(encoding="utf-8", newline="") as file:
        plain = {row["plain"] for row in csv.DictReader(file)}
    folded = {fold_for_fingerprint(name) for name in plain}
    assert len(folded) == len(plain)


def test_no_character_is_in_two_groups_and_nfkc_leaves_each_alone() -> None:
    for table in (STRONG, WEAK):
        together = "".join(table)
        assert len(together) == len(set(together))
        assert unicodedata.normalize("NFKC", together) == together
        assert all(len(group) > 1 for group in table)


def test_a_weak_group_joins_what_the_strong_fold_keeps_apart() -> None:
    for group in WEAK:
        assert len({fold_for_fingerprint(character) for character in group}) == len(group)
        assert len({fold_weakly(character) for character in group}) == 1


def test_names_of_places_and_of_people_fold_the_same_characters() -> None:
    """Two tables by purpose, one knowledge: what is one character in an address is one in a name, kana aside."""
    kana = "ケヶがヵカのノ之"
    apart = [g for g in PLACE_GROUPS if g[0] not in kana and len({fold_for_fingerprint(c) for c in g}) > 1]
    assert apart == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ショウジ", "シヨウジ"),
        ("しょうじ", "ショウジ"),
        ("ｼｮｳｼﾞ", "ショウジ"),
        ("オオノ　ユウコ", "オオノユウコ"),
        ("カヅコ", "カズコ"),
    ],
)
def test_br_67_kana_of_a_phone_and_of_an_old_register_meet(one: str, other: str) -> None:
    assert fold_kana(one) == fold_kana(other)


@pytest.mark.parametrize(("one", "other"), [("ハラ", "バラ"), ("ナガイ", "ナカイ"), ("ながい", "なけい")])
def test_br_67_kana_of_two_names_stay_two(one: str, other: str) -> None:
    assert fold_kana(one) != fold_kana(other)


def test_br_28_the_family_name_stands_alone_in_japanese_names_only() -> None:
    assert family_of("山本　碧") == family_of("山本 蒼") == "山本"
    assert family_of("山本") is None
    assert family_of("NGUYEN VAN AN") is None


def test_br_70_a_name_that_lost_a_character_is_seen() -> None:
    assert all(map(has_substitute_mark, ("■田　太郎", "〓田", "?田", "？田")))
    assert not has_substitute_mark("𠮷田　濵男")


def test_an_alias_is_found_only_behind_a_legal_name() -> None:
    assert spellings_in("NGUYEN VAN AN（阮　安）") == ("NGUYEN VAN AN", "阮　安")
    assert spellings_in("（阮　安）") == ("（阮　安）",)
    assert keys_of("NGUYEN VAN AN（阮　安）").strong == ("nguyenvanan", "阮安")
