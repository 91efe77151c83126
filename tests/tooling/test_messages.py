"""The catalogues are complete: every word of a page and of a message, in every language, with the same facts."""

from __future__ import annotations

import re
from pathlib import Path

import messages
import pytest

from app.language_ruby import without_reading

ROOT = Path(__file__).parent.parent.parent
FOR_STAFF = ("templates/counter/", "templates/municipality/")
TEMPLATES = [
    path
    for path in sorted((ROOT / "templates").rglob("*.html"))
    if not str(path.relative_to(ROOT)).startswith(FOR_STAFF)
]


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_message_is_translated_with_its_facts(language: str) -> None:
    assert messages.problems(language, messages.extracted()) == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_translation_can_be_filled_in(language: str) -> None:
    """A lone percent sign or bracket would end in a fault of the page that says it, in that language alone."""
    for one in messages.load(language):
        text = str(one.string)
        facts = dict.fromkeys(re.findall(r"\w+", " ".join(messages.placeholders(str(one.id)))), "7")
        if "%(" in text:
            assert text % facts
        elif facts:
            assert text.format(**facts)


def test_every_character_of_easy_japanese_has_its_reading() -> None:
    catalogue = messages.load("ja@easy")
    missing = {word for one in catalogue if one.id for word in without_reading(str(one.string))}
    assert missing == set()


ON_THE_CARD = "利用者証明用|券面事項入力補助用|顔認証マイナンバーカード"


def test_english_has_no_japanese_left_but_the_names_people_have_to_find() -> None:
    strings = [re.sub(ON_THE_CARD, "", str(one.string)) for one in messages.load("en") if one.id]
    assert [string for string in strings if messages.JAPANESE.search(string)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_says_japanese_past_the_catalogues(path: Path) -> None:
    source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
    without = re.sub(r"""_\(\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", "", source)
    assert messages.JAPANESE.findall(without) == []


def test_a_japanese_f_string_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    module = tmp_path / "one.py"
    module.write_text('"""説明"""\nA = "言葉"\n', encoding="utf-8")
    assert list(messages.words_of_module(module)) == [(2, "言葉")]
    module.write_text('def f(n): return f"{n}件"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="f-string"):
        list(messages.words_of_module(module))
