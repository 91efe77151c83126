"""What a person types on the keypad page, turned into PINs or into errors that cost no try.

First the number of the person's own page: without it no PIN is looked at, so that a card laid for one page is never
read for another's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nfc.agent.messages import PIN_NAMES
from nfc.agent.visit import EnteredPins, Visit
from nfc.agent.words import DEFAULT, Language, say
from nfc.pins import Pin, PinFormatError, PinKind

TEXT_FIELD: Final = "text_pin"
AUTH_FIELD: Final = "auth_pin"
LAST_TRY_FIELD: Final = "last_try"
NUMBER_FIELD: Final = "page_number"
FIELDS: Final[Mapping[PinKind, str]] = {PinKind.TEXT: TEXT_FIELD, PinKind.AUTH: AUTH_FIELD}

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = re.compile(r"\s+")
_PAGE_NUMBER: Final = re.compile(r"[0-9]{2}")
_NUMBER_OF_12: Final = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error: the field it belongs to and the sentence, with its readings. Never holds what was typed."""

    field: str
    text: str


def read_form(
    fields: Mapping[str, Sequence[str]], visit: Visit, language: Language = DEFAULT
) -> EnteredPins | list[FieldError]:
    """Both PINs, or one error for each field that is not right; no PIN object is kept when there is an error.

    A page number of the right form that is wrong counts against the visit, and is then the only error told.
    """
    number = _typed(fields, NUMBER_FIELD)
    if not _PAGE_NUMBER.fullmatch(number):
        return [FieldError(NUMBER_FIELD, say(language, "error.number.form")), *_read_pins(fields, visit, language)[1]]
    if not visit.check_number(number):
        return [FieldError(NUMBER_FIELD, say(language, "error.number.wrong"))]
    pins, errors = _read_pins(fields, visit, language)
    if errors:
        return errors
    return EnteredPins(pins[PinKind.TEXT], pins[PinKind.AUTH], visit.view().tries.last_ones())


def _read_pins(
    fields: Mapping[str, Sequence[str]], visit: Visit, language: Language
) -> tuple[dict[PinKind, Pin], list[FieldError]]:
    errors: list[FieldError] = []
    pins: dict[PinKind, Pin] = {}
    for kind, name in FIELDS.items():
        typed = _typed(fields, name)
        try:
            pins[kind] = Pin(kind, typed)
        except PinFormatError:
            errors.append(FieldError(name, _what_is_wrong(kind, typed, language)))
    if visit.view().tries.last_ones() and (fields.get(LAST_TRY_FIELD) or [""])[0] != "yes":
        errors.append(FieldError(LAST_TRY_FIELD, say(language, "error.last_try")))
    return pins, errors


def _typed(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """As it was meant: full-width digits count, spaces do not."""
    return _SPACES.sub("", (fields.get(name) or [""])[0]).translate(_FULL_WIDTH)


def _what_is_wrong(kind: PinKind, typed: str, language: Language) -> str:
    if not typed:
        key = "error.missing"
    elif _NUMBER_OF_12.fullmatch(typed.replace("-", "")):
        key = "error.my_number"
    elif re.search(r"[A-Za-z]", typed):
        # E104: the usual mix-up with the password for the signature certificate.
        key = "error.letters"
    else:
        key = "error.digits"
    return say(language, key, name=say(language, PIN_NAMES[kind]))
