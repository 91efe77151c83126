"""Folding of names, for comparing only: a name is stored byte for byte as received (BR-68, BR-69, BR-74)."""

from __future__ import annotations

import re
import unicodedata

FOLDING_VERSION = 1
"""Fingerprints are made from folded names and kept; who changes the folding must make them anew."""

_SELECTORS_AND_ZERO_WIDTH = re.compile("[\u180b-\u180d\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_IGNORED = re.compile(r"[\s・･·‧ーｰ]")

# Each group folds to its first character. 斎/齋 and 斉/齊 are two names, joined by a person only (BR-68).
GROUPS = (
    "高髙",
    "崎﨑嵜",
    "辺邊邉",
    "吉𠮷",
    "浜濱濵",
    "斎齋",
    "斉齊",
    "ケヶがヵ",
    "沢澤",
    "島嶋嶌",
    "広廣",
    "国國",
    "桜櫻",
    "瀬瀨",
    "徳德",
    "柳栁",
    "橋槗",
    "恵惠",
    "栄榮",
    "真眞",
    "竜龍",
    "滝瀧",
    "黒黑",
    "塩鹽",
    "関關",
    "館舘",
    "富冨",
    "間閒",
    "曽曾",
    "鶴靏靍",
    "蔵藏",
    "実實",
    "寿壽",
    "与與",
    "万萬",
    "礼禮",
    "弥彌",
    "条條",
    "亀龜",
)

_FOLDING = str.maketrans({variant: group[0] for group in GROUPS for variant in group[1:]})


def fold_for_fingerprint(name: str) -> str:
    """The name without what sources write differently: width, case, spaces, selectors, accents, variant kanji (BR-68).

    Two spellings of one name fold to the same text; two names may, too. So an equal fold is a reason to look, never
    a proof.
    """
    visible = _SELECTORS_AND_ZERO_WIDTH.sub("", name)
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return _IGNORED.sub("", "".join(map(_without_accent, composed))).translate(_FOLDING)


def _without_accent(character: str) -> str:
    """The plain letter of a Latin one, nothing for a mark that stands alone.

    Kana keep their marks, because か and が are two letters.
    """
    if unicodedata.category(character) == "Mn":
        return ""
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0] if decomposed[0].isascii() else character
