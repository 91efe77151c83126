"""Revocation lists as a relying service may meet them: the right one, and the ones it must not believe (card.md 14)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from itertools import chain
from typing import Final

from cryptography.x509 import ReasonFlags

from card_sim import certificates
from card_sim.certificates import Purpose, Revoked, Root
from card_sim.issuer import REPORTED, TestIssuer

LARGE_LIST: Final = 20_000
STALE_BY: Final = timedelta(days=3)


class CrlVariant(Enum):
    """What is special about the list."""

    GOOD = "good"
    """The ordinary list."""
    AFFILIATION_CHANGED = "affiliation_changed"
    KEY_COMPROMISE = "key_compromise"
    HOLD = "hold"
    STALE = "stale"
    FORGED = "forged"
    OTHER_ISSUER = "other_issuer"
    LARGE = "large"


_REASONS: Final = {
    CrlVariant.AFFILIATION_CHANGED: ReasonFlags.affiliation_changed,
    CrlVariant.KEY_COMPROMISE: ReasonFlags.key_compromise,
    CrlVariant.HOLD: ReasonFlags.certificate_hold,
}


def make(variant: CrlVariant, issuer: TestIssuer, root_index: int, at: datetime, serials: Iterable[int] = ()) -> bytes:
    """The list (DER) of an authentication root in one variant.

    `serials` are named in it besides the usual lines, with the variant's reason (keyCompromise where it has none).
    Raises KeyError when there is no such root.
    """
    root = issuer.root(Purpose.AUTHENTICATION, root_index)
    reason = _REASONS.get(variant, ReasonFlags.key_compromise)
    lines = chain(issuer.revoked(root), (Revoked(serial, REPORTED, reason) for serial in serials))
    if variant is CrlVariant.STALE:
        return certificates.revocation_list(root, lines, at - STALE_BY)
    if variant is CrlVariant.LARGE:
        lines = chain(lines, _strangers())
    return certificates.revocation_list(_signer(variant, issuer, root), lines, at)


def _signer(variant: CrlVariant, issuer: TestIssuer, root: Root) -> Root:
    if variant is CrlVariant.FORGED:
        # Name and key id of the true root, signed by the impostor's key.
        forged = issuer.forged().root(root.purpose, root.generation)
        return dataclasses.replace(root, key=forged.key)
    if variant is CrlVariant.OTHER_ISSUER:
        return issuer.root(Purpose.SIGNATURE, root.generation)
    return root


def _strangers() -> Iterator[Revoked]:
    """Numbers that no certificate of this issuer has: they are too short."""
    return (Revoked(number, REPORTED, ReasonFlags.affiliation_changed) for number in range(1, LARGE_LIST + 1))
