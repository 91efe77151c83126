"""Receipt numbers: the policy's short code, then eight random characters that nobody misreads."""

from __future__ import annotations

import re
import secrets

# Crockford's base32 without vowels: no I, L, O, U, A, E, so that no word appears and nothing is mistaken for a digit.
ALPHABET = "0123456789BCDFGHJKMNPQRSTVWXYZ"
_SHAPE = re.compile(rf"[0-9A-Z]{{2,16}}-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def new_receipt_no(policy_id: str) -> str:
    """Such as ``P001-7K3M-9QXT``: 39 random bits; the database refuses the rare twin."""
    short = re.sub(r"[^0-9A-Z]", "", policy_id.upper())
    first, second = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2))
    return f"{short}-{first}-{second}"


def is_receipt_no(text: str) -> bool:
    """True when the text has the shape of a receipt number."""
    return _SHAPE.fullmatch(text) is not None
