"""The language of parts (WCAG 3.1.2): on a page in English, what a municipality or a provider wrote is marked Japanese.

A screen reader then speaks it, and a browser breaks its lines, as Japanese. Done to the finished page, like readings.
"""

from __future__ import annotations

import re

from app.language_ruby import PIECES

_LETTER = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# A word goes on to the next blank, bracket, or mark of a sentence in English; names of several words stay one.
_WORD = rf"[^\s<>&;,.:?!()\"“”{_LETTER}]*[{_LETTER}][^\s<>&;,.:?!()\"“”]*"
_JAPANESE = re.compile(rf"{_WORD}(?:[ \u3000]{_WORD})*")


def mark_japanese(html: str) -> str:
    """The finished page with ``lang="ja"`` around its Japanese words; not where no tag may stand."""
    done, at = [], 0
    for piece in PIECES.finditer(html):
        done += [_marked(html[at : piece.start()]), piece[0]]
        at = piece.end()
    return "".join([*done, _marked(html[at:])])


def _marked(text: str) -> str:
    return _JAPANESE.sub(r'<span lang="ja">\g<0></span>', text)
