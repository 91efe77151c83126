"""The catalogues are complete: every word of a page and of a message, in every language, with the same facts."""

from __future__ import annotations

import re
from pathlib import Path

import messages
import pytest

ROOT = Path(__file__).parent.parent.parent
FOR_STAFF = ("templates/counter/",)
TEMPLATES = [
    path
    for path in sorted((ROOT / "templates").rglob("*.html"))
    if not str(path.relative_to(ROOT)).startswith(FOR_STAFF)
]


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
