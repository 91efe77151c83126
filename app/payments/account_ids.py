"""Checks what a person typed as service ID and security code (E301, E302, E309, E310; domain.md 8.6)."""

from __future__ import annotations

import re

from app import my_number
from app.errors import DomainError
from app.payments.documents import ServiceDocument
from app.payments.formats import (
    describe_account_id,
    describe_security_code,
    first_wrong_position,
    kind_of_mistake,
    whole_length,
)

# Full-width forms of ASCII, and the dashes and the long vowel mark that Japanese keyboards give for a hyphen.
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | dict.fromkeys(
    (*range(0x2010, 0x2016), 0x2212, 0x30FC, 0xFF70), ord("-")
)


def check_account_id(service: ServiceDocument, raw: str, *, confirmed_not_my_number: bool = False) -> str:
    """The service ID in its one written form: full-width folded, spaces dropped, format and check digit right.

    Raises E309 for anything that looks like a My Number (BR-57), E310 once where the field's own format is 12 digits
    (BR-58; ``confirmed_not_my_number`` is the person's "no, it isn't"), and E301 with what is wrong.
    """
    value = _fold(raw)
    if not service.matches(value) and service.matches(value.upper()):
        value = value.upper()
    own_format_is_12_digits = len(value) == 12 and value.isdigit() and service.matches(value)
    if own_format_is_12_digits:
        if my_number.has_valid_check_digit(value) and not confirmed_not_my_number:
            raise DomainError("E310", label=service.id_label)
    elif my_number.looks_like_my_number(raw):
        raise DomainError("E309")
    # The pattern of an address takes any character; stored, indexed and sent is plain ASCII only.
    # And nothing that a spreadsheet would take for a formula where a provider opens a file of orders (BR-63).
    printable = value.isascii() and value.isprintable() and not value.startswith(("=", "+", "-", "@"))
    if not (printable and service.accepts(value)):
        raise _not_an_id(service, value, printable=printable)
    return value


def check_security_code(service: ServiceDocument, raw: str) -> str:
    """The security code folded as the ID is; empty for a service that asks for none. Raises E302 or E309."""
    form = describe_security_code(service)
    if service.security_code_regex is None or form is None:
        return ""
    if my_number.looks_like_my_number(raw):
        raise DomainError("E309")
    value = _fold(raw)
    for candidate in (value, value.upper()):
        if candidate.isascii() and re.fullmatch(service.security_code_regex, candidate):
            return candidate
    raise DomainError("E302", variant="form", code_label=service.security_code_label or "", format=form)


def last4(normalized: str) -> str:
    """What may be shown of a service ID: its last four characters, of a mail address those before the @.

    An ID of four characters or fewer shows only its last one (BR-54).
    """
    telling = normalized.rpartition("@")[0] or normalized
    return telling[-4:] if len(telling) > 4 else telling[-1:]


def mask(normalized: str) -> str:
    """A service ID as pages and receipts show it: …0123 (BR-54)."""
    return masked(last4(normalized))


def masked(tail: str) -> str:
    """The same from the stored last characters."""
    return f"…{tail}"


def index_form(normalized: str) -> bytes:
    """The form that decides whether two IDs are one: mail addresses differ from no other by case alone."""
    return (normalized.lower() if "@" in normalized else normalized).encode("ascii")


def _not_an_id(service: ServiceDocument, value: str, *, printable: bool) -> DomainError:
    """E301 in the words that help: how many were typed and how many it has, or which one is wrong. Never the value."""
    n = first_wrong_position(service, value) if printable else _first_foreign_position(value)
    facts: dict[str, str | int] = {"label": service.id_label, "format": describe_account_id(service), "n": n}
    variant = kind_of_mistake(service, value) if printable else None
    if variant in ("short", "long", "unfinished"):
        difference = len(value) - (whole_length(service) or len(value))
        facts |= {"typed": len(value), "masked": mask(value), "missing": -difference, "extra": difference}
    return DomainError("E301", variant=variant, **facts)


def _fold(raw: str) -> str:
    return "".join(raw.split()).translate(_FOLD)


def _first_foreign_position(value: str) -> int:
    return next((n for n, char in enumerate(value, start=1) if not (char.isascii() and char.isprintable())), 1)
