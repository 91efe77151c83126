"""The messages with which a visit can end on the keypad page, as one table (domain.md, E101 to E116).

The service tells the same on the person's own page; here it stands for somebody in front of the reader. The sentences
themselves are in `words/`, in three languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nfc.agent.visit import CANCELLED, NOT_DELIVERED, SESSION_ENDED, TIMED_OUT, WRONG_NUMBER, Ending
from nfc.agent.words import DEFAULT, Language, say
from nfc.pins import PinKind
from nfc.problems import Outcome

PIN_NAMES: Final[Mapping[PinKind, str]] = MappingProxyType({PinKind.TEXT: "pin.text", PinKind.AUTH: "pin.auth"})
"""The keys under which the words name the PINs."""


@dataclass(frozen=True, slots=True)
class Message:
    """A heading, what happened, and what to do next. `code` is the error code of domain.md, if there is one."""

    title: str
    text: str
    next_step: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """The keys of a message's three sentences; `next_step` is mostly one that several messages share."""

    title: str
    text: str
    next_step: str
    code: str | None = None


_AGAIN, _OFFICE, _STAFF = "end.again", "end.office", "end.staff"


def _row(name: str, next_step: str, code: str | None = None, *, title: str | None = None) -> _Row:
    return _Row(f"end.{title or name}.title", f"end.{name}.text", next_step, code)


_UNREADABLE: Final = _row("unreadable", _AGAIN, "E108")
_BROKEN: Final = _row("broken", _OFFICE, "E111")

_MESSAGES: Final[Mapping[tuple[str, PinKind | None], _Row]] = MappingProxyType(
    {
        (Outcome.BLOCKED, PinKind.AUTH): _row("blocked_auth", "end.blocked_auth.next", "E102", title="blocked"),
        (Outcome.BLOCKED, PinKind.TEXT): _row("blocked_text", "end.blocked_text.next", "E103", title="blocked"),
        (Outcome.NO_CERTIFICATE, None): _row("no_certificate", _OFFICE),
        (Outcome.NOT_THIS_CARD, None): _row("not_this_card", _AGAIN, "E116"),
        (Outcome.PHONE_TOKEN, None): _row("phone_token", _AGAIN, "E109"),
        (Outcome.CARD_UNUSABLE, None): _row("card_unusable", _OFFICE),
        (Outcome.MALFORMED, None): _BROKEN,
        (Outcome.CARD_FAULT, None): _BROKEN,
        (Outcome.NO_CARD, None): _UNREADABLE,
        (Outcome.CARD_REMOVED, None): _row("removed", _AGAIN, "E108"),
        ("another_card", None): _row("another_card", _STAFF, "E801"),
        (Outcome.COMM_ERROR, None): _UNREADABLE,
        (Outcome.NO_SERVICE, None): _row("no_service", _STAFF, title="reader"),
        (Outcome.NO_READER, None): _row("no_reader", _STAFF, title="reader"),
        (Outcome.CARD_BUSY, None): _row("card_busy", _STAFF, title="reader"),
        (Outcome.ORDER_BUG, None): _row("bug", _STAFF),
        (CANCELLED.outcome, None): _row("cancelled", _AGAIN, "E115"),
        (WRONG_NUMBER.outcome, None): _row("wrong_number", _AGAIN, "E115"),
        (TIMED_OUT.outcome, None): _row("timed_out", _AGAIN, "E114"),
        (SESSION_ENDED.outcome, None): _row("session_ended", _AGAIN),
        (NOT_DELIVERED.outcome, None): _row("not_delivered", "end.not_delivered.next", "E113"),
    }
)

_ABOUT_A_PIN: Final[Mapping[str, _Row]] = MappingProxyType(
    {
        Outcome.WRONG_PIN: _row("wrong_pin", "end.wrong_pin.next", "E101"),
        Outcome.LAST_TRY: _row("last_try", "end.wrong_pin.next", "E101"),
        Outcome.UNKNOWN_OUTCOME: _row("unknown_outcome", _AGAIN, "E108"),
        Outcome.CARD_UNUSABLE: _row("no_pin", "end.no_pin.next", "E110"),
    }
)
"""Messages that name a PIN, and the tries left where the card told them."""


def message_for(ending: Ending, language: Language = DEFAULT) -> Message:
    """The message of an ending; every outcome has one. Its sentences still carry their readings (`words.html`)."""
    kind, left = ending.pin_kind, ending.tries_left
    name_key = PIN_NAMES.get(kind) if kind is not None else None
    row = _ABOUT_A_PIN.get(ending.outcome) if name_key is not None else None
    if row is None:
        row = _MESSAGES.get((ending.outcome, kind)) or _MESSAGES.get((ending.outcome, None)) or _BROKEN
    name = say(language, name_key) if name_key is not None else ""
    tries = say(language, "pin.tries", n=str(left)) if left else ""
    text = say(language, row.text, name=name, tries=tries).rstrip()
    return Message(say(language, row.title), text, say(language, row.next_step), row.code)
