"""BR-68, BR-69, BR-74: folding joins spellings of one name and keeps two names apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.names import GROUPS, fold_for_fingerprint


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


def test_no_character_is_in_two_groups() -> None:
    together = "".join(GROUPS)
    assert len(together) == len(set(together))
