"""Readings above Chinese characters (ruby) for やさしい日本語: how they are marked in text, and shown.

Inside the service a reading travels in Unicode's own marks for it (U+FFF9 base U+FFFA reading U+FFFB), through
escaping and through every template; only the finished page turns it into ``<ruby>`` where tags may stand, and drops it
where they may not: in attributes, the title, options, plain text. Catalogues write 漢字《かんじ》, or leave the reading
to ``translations/readings.txt``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

BEGIN, BETWEEN, END = "\ufff9", "\ufffa", "\ufffb"
READINGS = Path(__file__).parent / "translations" / "readings.txt"

KANJI = "\u4e00-\u9fff\u3400-\u4dbf\u3005\u30f6"
_WRITTEN = re.compile(f"([0-9]*[{KANJI}][{KANJI}ぁ-んァ-ヶー]*)《([ぁ-んァ-ヶー]+)》")
_BRACKETED = re.compile(f"([{KANJI}]+)（([ぁ-ん]+)）")
_MARKED = re.compile(f"{BEGIN}([^{BETWEEN}]*){BETWEEN}([^{END}]*){END}")
_MARKED_IN_JSON = re.compile(r"\\ufff9(.*?)\\ufffa.*?\\ufffb")
_WITH_NUMBER = re.compile("(?:ついた|ふつ|みっ|(?:に?じゅう)?よっ|いつ|むい|なの|よう|ここの|とお|はつ)[ちか]")
# What stands between these can't hold a tag, or is no text that is read.
PIECES = re.compile(r"(<!--.*?-->|<(title|option|textarea|script|style)\b.*?</\2>|<[^>]*>)", re.S)
_SHOWN = r"<ruby>\1<rp>(</rp><rt>\2</rt><rp>)</rp></ruby>"


def mark_readings(text: str) -> str:
    """Mark the readings that are written as 漢字《かんじ》, and those of the list for the rest; longer words first."""
    marked = _WRITTEN.sub(lambda found: _of_the_end(found[1], found[2]), text)
    pieces = _MARKED.split(marked)
    done = [_from_list(pieces[0])]
    for base, reading, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        done += [_marked(base, reading), _from_list(after)]
    return "".join(done)


def from_brackets(text: str) -> str:
    """Mark the readings that are written as 漢字（かんじ）."""
    return _BRACKETED.sub(lambda found: _marked(found[1], found[2]), text)


def plain(text: str) -> str:
    """The text without readings."""
    return _MARKED.sub(r"\1", text)


def in_brackets(text: str) -> str:
    """The text with its readings as 漢字(かんじ), for mail and whatever else has no ruby."""
    return _MARKED.sub(r"\1(\2)", text)


def plain_json(document: str) -> str:
    """A JSON document without readings."""
    return plain(_MARKED_IN_JSON.sub(r"\1", document))


def in_page(html: str) -> str:
    """The finished page with readings as ruby, and without them where no tag may stand."""
    if BEGIN not in html:
        return html
    done, at = [], 0
    for piece in PIECES.finditer(html):
        done += [_MARKED.sub(_SHOWN, html[at : piece.start()]), plain(piece[0])]
        at = piece.end()
    return "".join([*done, _MARKED.sub(_SHOWN, html[at:])])


def without_reading(text: str) -> list[str]:
    """Chinese characters that no reading explains; for the test of the catalogue."""
    return re.findall(f"[{KANJI}]+", _MARKED.sub("", mark_readings(text)))


def _from_list(text: str) -> str:
    words, pattern = _readings()
    return pattern.sub(lambda found: words[found[0]], text)


@lru_cache(maxsize=1)
def _readings() -> tuple[dict[str, str], re.Pattern[str]]:
    """Words with their marked readings. A line is ``申し込む もうしこむ``: kana at the ends stays outside the mark."""
    lines = READINGS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    words = {word: _aligned(word, reading) or _marked(word, reading) for word, reading in pairs}
    longest = sorted(words, key=len, reverse=True)
    return words, re.compile("|".join(map(re.escape, longest)) or "(?!)")


def _of_the_end(text: str, reading: str) -> str:
    """The reading belongs to the longest end of the text that can be read like this: 申込の人《ひと》."""
    if text[0].isdigit() and _WITH_NUMBER.fullmatch(reading):  # 20日《はつか》: the reading says the number, too
        return _marked(text, reading)
    for start in range(len(text)):
        if re.match(f"[{KANJI}]", text[start]) and (aligned := _aligned(text[start:], reading)) is not None:
            return text[:start] + aligned
    return text  # the test of the catalogue finds it


def _aligned(word: str, reading: str) -> str | None:
    """Each run of Chinese characters with its part of the reading: 申《もう》し込《こ》む; ``None`` when not so."""
    parts = [part for part in re.split(f"([{KANJI}]+)", word) if part]
    pattern = "".join("(.+?)" if _is_kanji(part) else re.escape(part) for part in parts)
    fitting = re.fullmatch(pattern, reading)
    if fitting is None:
        return None
    readings = iter(fitting.groups())
    return "".join(_marked(part, next(readings)) if _is_kanji(part) else part for part in parts)


def _is_kanji(part: str) -> bool:
    return re.match(f"[{KANJI}]", part) is not None


def _marked(base: str, reading: str) -> str:
    return f"{BEGIN}{base}{BETWEEN}{reading}{END}"
