"""Every sentence of the keypad page in three languages, as data in `words/`.

`ja@easy` is plain Japanese with readings: `{漢字|かんじ}` in the data becomes ruby on the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources
from string import Template
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["ja", "ja@easy", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("ja", "ja@easy", "en")
DEFAULT: Final[Language] = "ja"
HTML_LANGUAGE: Final[Mapping[Language, str]] = MappingProxyType({"ja": "ja", "ja@easy": "ja", "en": "en"})

_FILES: Final[Mapping[Language, str]] = MappingProxyType({"ja": "ja.json", "ja@easy": "easy.json", "en": "en.json"})
_RUBY: Final = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
_RUBY_TAGS: Final = r"<ruby>\1<rp>(</rp><rt>\2</rt><rp>)</rp></ruby>"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All sentences of one language by their key."""
    text = (resources.files("nfc.agent") / "words" / _FILES[language]).read_text(encoding="utf-8")
    words = json.loads(text)
    assert isinstance(words, dict)
    return MappingProxyType(words)


def is_language(text: str) -> bool:
    """Whether this is one of the languages."""
    return text in LANGUAGES


def say(language: Language, key: str, **values: str) -> str:
    """A sentence, still with its readings. `values` are sentences or numbers of our own, never what somebody typed."""
    return Template(catalogue(language)[key]).substitute(values)


def plain(text: str) -> str:
    """Without the readings: for titles, labels and scripts."""
    return _RUBY.sub(r"\1", text)


def html(text: str) -> str:
    """For the page: escaped, and readings as ruby."""
    return _RUBY.sub(_RUBY_TAGS, escape(text))
