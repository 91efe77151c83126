"""The text by which a policy is found, and the folding that typed words and that text share."""

from __future__ import annotations

import unicodedata

from app import municipalities
from app.policies.document import PolicyDocument
from app.policies.words import amount_text

MAX_WORDS = 10
MAX_KEYWORD_CHARACTERS = 200
_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def folded(text: str) -> str:
    """Width, case and kana folded, so that ｱｻﾋ, アサヒ and あさひ are one."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_KATAKANA_TO_HIRAGANA)


def index_text(document: PolicyDocument) -> str:
    """What a keyword is looked for in: title, place with its reading, category, amount, number of the policy."""
    place = municipalities.get(document.municipality_code)
    parts = [document.title, place.label, place.kana, document.category_label, amount_text(document)]
    return folded("\n".join([*parts, document.policy_id]))


def words_of(keyword: str) -> list[str]:
    """The words of a typed keyword, folded; at most ten."""
    return folded(keyword[:MAX_KEYWORD_CHARACTERS]).replace("\x00", " ").split()[:MAX_WORDS]
