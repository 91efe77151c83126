"""Whose a payment account is, as far as its provider shows it (E308): fits, cannot tell, or seen to be another's."""

from __future__ import annotations

import pytest

from app.people import Holder, compare_holder, masked_holder

FITS, CANNOT_TELL, DIFFERENT = Holder.FITS, Holder.CANNOT_TELL, Holder.DIFFERENT


@pytest.mark.parametrize(
    ("told", "card", "answer"),
    [
        ("佐＊ 太＊", "佐藤　太郎", FITS),
        ("佐＊　太＊", "佐藤　太郎", FITS),
        ("佐* 太*", "佐藤　太郎", FITS),
        ("佐藤 太●", "佐藤　太郎", FITS),
        ("髙＊ 惠＊", "高橋　恵子", FITS),
        ("渡＊ 花＊", "渡邊　花子", FITS),
        ("辻＊ 花＊", "辻\U000e0100本　花子", FITS),
        ("N＊＊ V＊＊", "NGUYEN VAN", FITS),
        # Seen to differ: the given name, in kanji.
        ("佐＊ 花＊", "佐藤　太郎", DIFFERENT),
        ("鈴＊ 花＊", "佐藤　太郎", DIFFERENT),
        ("佐藤 太一＊", "佐藤　太郎左", DIFFERENT),
        # A family name changes, and the bank learns it later.
        ("鈴＊ 太＊", "佐藤　太郎", CANNOT_TELL),
        ("佐＊ ＊＊", "佐藤　太郎", CANNOT_TELL),
        ("＊＊ ＊＊", "佐藤　太郎", CANNOT_TELL),
        # BR-67: no card carries kana, and kana on a card is a spelling, not a registered reading.
        ("ヨシ＊ ハ＊＊", "吉田　花子", CANNOT_TELL),
        ("ヨシ＊ ハ＊＊", "吉田　てふ", CANNOT_TELL),
        ("吉＊ は＊＊", "吉田　花子", CANNOT_TELL),
        ("吉＊ 花＊", "吉田　はな", CANNOT_TELL),
        ("吉＊ 奈々＊", "吉田　奈奈子", CANNOT_TELL),
        # BR-68: often mixed up; BR-70: a character that could not be written.
        ("山＊ 斉＊", "山田　斎子", CANNOT_TELL),
        ("山＊ 〓＊", "山田　花子", CANNOT_TELL),
        ("山＊ 花＊", "山田　■子", CANNOT_TELL),
        # Which part is which, nobody knows.
        ("佐＊", "佐藤　太郎", CANNOT_TELL),
        ("佐＊＊＊", "佐藤太郎", CANNOT_TELL),
        ("山＊ 花＊ 子＊", "佐藤　太郎", CANNOT_TELL),
        ("A＊＊ B＊＊", "NGUYEN VAN", CANNOT_TELL),
        # Not a masked name at all.
        ("名義 非表示", "佐藤　太郎", CANNOT_TELL),
        ("(名義は表示されません)", "佐藤　太郎", CANNOT_TELL),
        ("鈴木 花子", "佐藤　太郎", CANNOT_TELL),
        ("", "佐藤　太郎", CANNOT_TELL),
        (None, "佐藤　太郎", CANNOT_TELL),
        ("佐＊ 太＊" * 40, "佐藤　太郎", CANNOT_TELL),
    ],
)
def test_e308_different_is_only_what_can_be_seen_to_differ(told: str | None, card: str, answer: Holder) -> None:
    assert compare_holder(told, [card]) is answer


def test_e308_the_alias_on_the_card_is_as_good_as_the_legal_name_br_74() -> None:
    card = "NGUYEN VAN AN（阮　安）"
    assert compare_holder("阮＊ 安＊", [card]) is FITS
    assert compare_holder("佐＊ 太＊", [card]) is CANNOT_TELL, "the legal name may be the one they know"
    assert compare_holder("佐＊ 太＊", []) is CANNOT_TELL, "erased"


@pytest.mark.parametrize("told", ["佐＊　太＊", "佐* 太*", "ヨシ＊ ハ＊＊", "ハラ ＊＊＊", "〇〇●●"])
def test_a_masked_name_is_shown_as_it_was_told(told: str) -> None:
    assert masked_holder(told) == told


@pytest.mark.parametrize("told", [None, "", "(名義は表示されません)", "名義非表示", "鈴木 花子", "佐＊ 太＊" * 40])
def test_what_hides_nothing_is_no_masked_name_and_neither_kept_nor_shown(told: str | None) -> None:
    assert masked_holder(told) is None
