"""The reader's language: Japanese, やさしい日本語 (Japanese in short words with ruby), English.

The words of the source are the Japanese ones; the catalogues in ``app/translations`` hold the other two. The web sets
the language of a request, the sender of a message that of its reader; elsewhere it is Japanese. Pages take their words
by Flask-Babel's ``gettext`` (``%(name)s``), whatever has no Flask by ``say`` (``{name}``).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from app.language_ruby import from_brackets, mark_readings

JAPANESE, EASY, ENGLISH = "ja", "ja@easy", "en"
LANGUAGES = (JAPANESE, EASY, ENGLISH)
TRANSLATIONS = Path(__file__).parent / "translations"

_TOKYO = ZoneInfo("Asia/Tokyo")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# The number is read together with its 日.
_DAYS_WITH_NAMES = {
    1: "ついたち",
    2: "ふつか",
    3: "みっか",
    4: "よっか",
    5: "いつか",
    6: "むいか",
    7: "なのか",
    8: "ようか",
    9: "ここのか",
    10: "とおか",
    14: "じゅうよっか",
    20: "はつか",
    24: "にじゅうよっか",
}
_current: ContextVar[str] = ContextVar("todoke_language", default=JAPANESE)


def current() -> str:
    """The language that words are made in now, one of ``LANGUAGES``."""
    return _current.get()


def set_current(language: str) -> None:
    """From here on, in this thread; raises ``ValueError`` for a language we don't speak."""
    if language not in LANGUAGES:
        raise ValueError(language)
    _current.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make words in this language inside the block, such as those of a message to somebody."""
    before = current()
    set_current(language)
    try:
        yield
    finally:
        set_current(before)


def say(text: str, /, **facts: object) -> str:
    """The text in the reader's language with its ``{facts}`` filled in; a text no catalogue knows stays as it is.

    A fact that is itself a text of the catalogue is translated too, and a day (a date, or ``2026-11-20``) is written
    as the reader writes days.
    """
    words = word(current(), text)
    return words.format(**{name: _fact(value) for name, value in facts.items()}) if facts else words


@lru_cache(maxsize=8_192)
def word(language: str, text: str) -> str:
    """A text of ours in a language, without its facts; a page asks for a hundred and more."""
    return str(catalogue(language).gettext(text)) if text else text


def one_after_another(*sentences: str) -> str:
    """Sentences of one paragraph: only Japanese puts no space between them."""
    return ("" if current() == JAPANESE else " ").join(sentence for sentence in sentences if sentence)


def with_more(text: str, more: str) -> str:
    """The text and more in brackets; only Japanese puts no space before them."""
    return f"{text} ({more})" if current() == ENGLISH else f"{text}({more})"


def in_language(texts: tuple[str, str, str]) -> str:
    """Of the same in the three languages the reader's; readings in full-width brackets become ruby."""
    text = texts[LANGUAGES.index(current())]
    return from_brackets(text) if current() == EASY else text


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Translations:
    """The words of a language, read once from its text file: no build step stands between a clone and its words."""
    source = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if language == JAPANESE:
        return Translations()
    with source.open("rb") as file:
        messages = read_po(file, locale=language)
    if language == EASY:
        for message in messages:
            if message.id and isinstance(message.string, str):
                message.string = mark_readings(message.string)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def day_text(value: date | datetime) -> str:
    """2026年11月20日, in Japan; 20 November 2026."""
    day = value.astimezone(_TOKYO).date() if isinstance(value, datetime) else value
    if current() == ENGLISH:
        return format_date(day, "d MMMM y", locale="en")
    return _easy(f"{day.year}年{_month_and_day(day)}")


def short_day_text(value: date | datetime) -> str:
    """11月20日, in Japan; 20 November."""
    day = value.astimezone(_TOKYO).date() if isinstance(value, datetime) else value
    if current() == ENGLISH:
        return format_date(day, "d MMMM", locale="en")
    return _easy(_month_and_day(day))


def moment_text(instant: datetime) -> str:
    """2026年10月1日9時 or 9時30分, on a clock in Japan; 1 October 2026, 09:30."""
    local = instant.astimezone(_TOKYO)
    if current() == ENGLISH:
        return f"{day_text(local.date())}, {local:%H:%M}"
    return day_text(local.date()) + _easy(f"{local.hour}時{f'{local.minute:02}分' if local.minute else ''}")


def minute_text(instant: datetime) -> str:
    """11月20日 10:05, in Japan."""
    local = instant.astimezone(_TOKYO)
    return f"{short_day_text(local.date())} {local:%H:%M}"


def points_text(amount: int) -> str:
    """10,000ポイント; 10,000 points."""
    return say("{amount}ポイント", amount=f"{amount:,}")


def _fact(value: object) -> object:
    if isinstance(value, date):
        return day_text(value)
    if not isinstance(value, str):
        return value
    if _ISO_DAY.search(value):
        return _ISO_DAY.sub(lambda found: day_text(date.fromisoformat(found[0])), value)
    # Not by ``word``: a fact may be somebody's name, which is not kept.
    return str(catalogue(current()).gettext(value)) if value else value


def _month_and_day(day: date) -> str:
    own = _DAYS_WITH_NAMES.get(day.day) if current() == EASY else None
    return f"{day.month}月{day.day}日《{own}》" if own else f"{day.month}月{day.day}日"


def _easy(text: str) -> str:
    return mark_readings(text) if current() == EASY else text
