"""Forms on which staff copy something: the four items of a card's surface or of a paper, the number of a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.counter import FaceItems, ItemRefused
from app.errors import DomainError
from app.pii import Private

Error = dict[str, str | None]
TICKET_SHAPE = "整理券の番号は、数字4けたまでです。"
DAY_SHAPE = "整理券の日付を、2026-11-20のように入れてください。"
DAY_NEEDED = "同じ番号の整理券が、ほかの日にもあります。整理券に印刷された日付を入れてください。"
NO_TICKET = "この番号の、まだ使われていない整理券は見つかりません。施策と日付も確かめてください。"
_BIRTH_SHAPE = "西暦の年月日を、1975-04-01のように入れてください。"
_NO_MY_NUMBER = "マイナンバー(12桁)は入れないでください。入力した内容は残していません。"
FIELDS = ("name", "address", "birth_date", "sex")
CARD_WORDS = {
    "name": "券面の氏名を入れてください。",
    "address": "券面の住所を入れてください。",
    "birth_date": "券面の生年月日を入れてください。",
    "sex": "券面の性別を選んでください。",
}
PAPER_WORDS = {
    "name": "申込書の氏名を入れてください。",
    "address": "申込書の住所を入れてください。",
    "birth_date": "申込書の生年月日を入れてください。",
    "sex": "申込書の性別を選んでください。",
}


@dataclass(frozen=True)
class Copied:
    """What was typed, what of it can be read, and what is missing."""

    typed: dict[str, str]
    items: FaceItems | None
    errors: tuple[Error, ...]

    def kept(self, problem: Exception) -> dict[str, str]:
        """What is put back into the form: nothing of what may be a My Number (E309)."""
        return {} if isinstance(problem, DomainError) else self.typed


def read_items(form: Mapping[str, str], words: dict[str, str]) -> Copied:
    """The four items of a form; ``words`` says of each what is missing."""
    typed = {name: form.get(name, "").strip() for name in FIELDS}
    errors = [_error(name, words[name]) for name in FIELDS if not typed[name]]
    birth = typed_day(typed["birth_date"])
    if typed["birth_date"] and birth is None:
        errors.append(_error("birth_date", _BIRTH_SHAPE))
    if errors or birth is None:
        return Copied(typed, None, tuple(errors))
    items = FaceItems(Private(typed["name"]), Private(typed["address"]), birth, typed["sex"])
    return Copied(typed, items, ())


def refused_item(problem: ItemRefused | DomainError, words: dict[str, str]) -> Error:
    """Why what was copied cannot be taken."""
    if isinstance(problem, DomainError):
        return {
            "field": "name",
            "text": _NO_MY_NUMBER if problem.code == "E309" else problem.wording(),
            "code": problem.code,
        }
    return _error(problem.field, _BIRTH_SHAPE if problem.field == "birth_date" else words[problem.field])


def ticket_number(text: str) -> int | None:
    """The number of a ticket; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def typed_day(text: str) -> date | None:
    """A day such as 2026-11-20; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _error(field: str, text: str) -> Error:
    return {"field": field, "text": text, "code": None}
