"""What a person types on the keypad page, turned into PINs or into errors that cost no try."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nfc.agent.messages import PIN_NAMES
from nfc.agent.visit import EnteredPins, Tries
from nfc.agent.words import DEFAULT, Language, say
from nfc.pins import Pin, PinFormatError, PinKind

TEXT_FIELD: Final = "text_pin"
AUTH_FIELD: Final = "auth_pin"
LAST_TRY_FIELD: Final = "last_try"
FIELDS: Final[Mapping[PinKind, str]] = {PinKind.TEXT: TEXT_FIELD, PinKind.AUTH: AUTH_FIELD}

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = re.compile(r"\s+")
_NUMBER_OF_12: Final = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error: the field it belongs to and the sentence, with its readings. Never holds what was typed."""

    field: str
    text: str


def read_form(
    fields: Mapping[str, Sequence[str]], tries: Tries, language: Language = DEFAULT
) -> EnteredPins | list[FieldError]:
    """Both PINs, or one error for each field that is not right; no PIN object is kept when there is an error."""
    errors: list[FieldError] = []
    pins: dict[PinKind, Pin] = {}
    for kind, name in FIELDS.items():
        typed = _SPACES.sub("", (fields.get(name) or [""])[0]).translate(_FULL_WIDTH)
        try:
            pins[kind] = Pin(kind, typed)
        except PinFormatError:
            errors.append(FieldError(name, _what_is_wrong(kind, typed, language)))
    last_ones = tries.last_ones()
    if last_ones and (fields.get(LAST_TRY_FIELD) or [""])[0] != "yes":
        errors.append(FieldError(LAST_TRY_FIELD, say(language, "error.last_try")))
    if errors:
        return errors
    return EnteredPins(pins[PinKind.TEXT], pins[PinKind.AUTH], last_ones)


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
