"""``make messages``: bring the catalogues in step with the words of pages and code, and say what is missing.

A message is every ``_()`` of a template, and every Japanese text in a module that speaks to people: nobody has to
remember to mark one. A Japanese f-string there is an error, for nobody could translate it.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
TRANSLATIONS = ROOT / "app" / "translations"
LANGUAGES = ("ja@easy", "en")
JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]")

# What speaks to residents. A folder stands for all its modules.
SPEAKING = (
    "app/applications/queries.py",
    "app/applications/status.py",
    "app/errors.py",
    "app/notifications/words.py",
    "app/web/__init__.py",
    "app/web/errors.py",
    "app/web/idempotency.py",
    "app/web/pages.py",
    "app/web/relation_texts.py",
    "app/web/service_texts.py",
    "app/web/public",
    "app/web/resident",
    "app/web/counter/readers.py",
    "app/web/counter/screen.py",
    "app/web/counter/screen_pages.py",
    "app/payments/formats.py",
    "app/points/queries.py",
    "app/policies/amounts.py",
    "app/policies/document.py",
    "app/policies/queries.py",
    "app/policies/search_listings.py",
    "app/policies/self_check.py",
    "app/policies/state.py",
    "app/policies/words.py",
    "app/screening/checks.py",
)
# Names of the languages themselves and the like: the same in every language.
# Said by app/language.py, which for the rest is made of dates.
BY_LANGUAGE = ("{amount}ポイント",)
SAME_EVERYWHERE = frozenset({"日本語", "やさしい日本語"})


def speaking_modules() -> list[Path]:
    """Every module whose Japanese texts are messages."""
    found: list[Path] = []
    for name in SPEAKING:
        path = ROOT / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def words_of_module(path: Path) -> Iterator[tuple[int, str]]:
    """The Japanese texts of a module with their lines; raises ``ValueError`` for a Japanese f-string."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = set(_documentation(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            if any(JAPANESE.search(str(part)) for part in parts):
                raise ValueError(f"{path.relative_to(ROOT)}:{node.lineno}: a Japanese f-string can't be translated")
        elif isinstance(node, ast.Constant) and id(node) not in documentation and _is_said(node.value):
            yield node.lineno, str(node.value)


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(JAPANESE.search(value)) and value not in SAME_EVERYWHERE


def _documentation(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def extracted() -> Catalog:
    """Every message with where it is said."""
    catalog = Catalog(project="todoke", charset="utf-8")
    for path in sorted((ROOT / "templates").rglob("*.html")):
        options = {"trimmed": "true", "silent": "false"}
        for line, message, _, _ in extract_from_file("jinja2.ext:babel_extract", str(path), options=options):
            assert isinstance(message, str), f"{path}:{line}"
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), line)])
    for path in speaking_modules():
        for line, message in words_of_module(path):
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), line)])
    for message in BY_LANGUAGE:
        catalog.add(message, locations=[("app/language.py", 1)])
    return catalog


def catalogue_path(language: str) -> Path:
    """Where the words of a language are."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def load(language: str) -> Catalog:
    """The catalogue as it is."""
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language)


def placeholders(text: str) -> set[str]:
    """The facts a text names, in either notation."""
    return set(re.findall(r"%\(\w+\)s|\{\w+\}", text))


def problems(language: str, messages: Catalog) -> list[str]:
    """What is wrong with a catalogue: missing, left over, uncertain, or with other facts than the source."""
    catalog = load(language)
    found = []
    for message in messages:
        if not message.id:
            continue
        translated = catalog.get(message.id)
        if translated is None or not translated.string:
            found.append(f"{language}: not translated: {message.id}")
        elif translated.fuzzy:
            found.append(f"{language}: fuzzy: {message.id}")
        elif placeholders(str(message.id)) != placeholders(str(translated.string)):
            found.append(f"{language}: other facts: {message.id}")
    return found + [f"{language}: said nowhere: {one.id}" for one in catalog if one.id and messages.get(one.id) is None]


def update() -> None:
    """Write the catalogues anew: new messages empty, those that are said nowhere dropped."""
    messages = extracted()
    for language in LANGUAGES:
        path = catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        old = load(language) if path.exists() else Catalog(locale=language)
        new = Catalog(locale=language, project="todoke", charset="utf-8")
        for message in messages:
            if message.id:
                known = old.get(message.id)
                new.add(message.id, known.string if known else "")
        with path.open("wb") as file:
            write_po(file, new, width=0, sort_output=True, omit_header=True)


def main() -> None:
    """``update`` (the usual) or ``--check`` without writing; lists what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args().check:
        update()
    messages = extracted()
    missing = [problem for language in LANGUAGES for problem in problems(language, messages)]
    print("\n".join(missing) or f"{len(messages)} messages, complete in {', '.join(LANGUAGES)}")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
