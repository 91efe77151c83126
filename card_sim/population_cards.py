"""The card of a generated holder, as a row of the data: when issued, how long good, what has become of it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

from card_sim.households import Resident, age_on

FIRST_ISSUE: Final = date(2020, 11, 1)
"""No certificate of the TEST hierarchy is older than its first generation of roots."""

BABY_AFTER: Final = timedelta(days=30)
LAST_ISSUE_BEFORE: Final = timedelta(days=1)
SIGNATURE_FROM_AGE: Final = 15
GROWN_UP_CARD_AGE: Final = 18
CARD_YEARS, CHILD_CARD_YEARS, CERTIFICATE_YEARS = 10, 5, 5

PINS: Final = {"auth": "1234", "text": "1234", "sign": "ABC123"}
TRIES: Final = {"auth": 3, "text": 3, "sign": 5}

# Chances of what happens to a card.
RENEWS: Final = 0.7
REVOKED: Final = 0.004
SUSPENDED: Final = 0.001
BLOCKED: Final = 0.01
FACE_AUTHENTICATION: Final = 0.02
FACE_AUTHENTICATION_FROM_AGE: Final = 75


def card_row(resident: Resident, day: date, chance: random.Random) -> dict[str, Any]:
    """The `card` part of a person's row, as of a day."""
    issued_on = _issue_day(resident, day, chance)
    age = age_on(issued_on, resident.birth_date)
    expires_on = birthday_after(
        resident.birth_date, issued_on, CARD_YEARS if age >= GROWN_UP_CARD_AGE else CHILD_CARD_YEARS
    )
    certificate = _certificate(resident, issued_on, expires_on, day, chance)
    face = age_on(day, resident.birth_date) >= FACE_AUTHENTICATION_FROM_AGE and chance.random() < FACE_AUTHENTICATION
    signs = not face and age >= SIGNATURE_FROM_AGE
    pins = None if face else PINS | ({} if signs else {"sign": None})
    return {
        "kind": "face_auth" if face else "standard",
        "issued_on": issued_on.isoformat(),
        "expires_on": expires_on.isoformat(),
        "pins": pins,
        "tries_left": None if face else _tries(signs, chance),
        "auth_certificate": certificate,
        "sign_certificate": certificate if signs else {"status": "not_issued"},
    }


def birthday_after(birth: date, start: date, years: int) -> date:
    """The `years`-th birthday after a day; 29 February falls on 28 February in common years."""
    year = start.year + years - ((start.month, start.day) < (birth.month, birth.day))
    try:
        return birth.replace(year=year)
    except ValueError:
        return birth.replace(year=year, day=28)


def _issue_day(resident: Resident, day: date, chance: random.Random) -> date:
    latest = day - LAST_ISSUE_BEFORE
    earliest = min(max(FIRST_ISSUE, resident.birth_date + BABY_AFTER), latest)
    return earliest + timedelta(days=chance.randint(0, (latest - earliest).days))


def _certificate(
    resident: Resident, issued_on: date, expires_on: date, day: date, chance: random.Random
) -> dict[str, Any]:
    not_after = min(birthday_after(resident.birth_date, issued_on, CERTIFICATE_YEARS), expires_on)
    row: dict[str, Any] = {"status": "valid", "not_after": not_after.isoformat()}
    fate = chance.random()
    if not_after < day and fate < RENEWS:
        # Renewed on the last day of the old one.
        until = min(birthday_after(resident.birth_date, not_after + timedelta(days=1), CERTIFICATE_YEARS), expires_on)
        row |= {"usable_from": not_after.isoformat(), "not_after": max(until, not_after).isoformat()}
    elif not_after < day:
        row["status"] = "expired"
    elif fate < REVOKED:
        row["status"] = "revoked"
    elif fate < REVOKED + SUSPENDED:
        row["status"] = "suspended"
    return row


def _tries(signs: bool, chance: random.Random) -> dict[str, int | None]:
    left: dict[str, int | None] = {name: 0 if chance.random() < BLOCKED else full for name, full in TRIES.items()}
    return left if signs else left | {"sign": None}
