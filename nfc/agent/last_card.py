"""Which card lay on this reader last, so that a watch begins with that card and no other (BR-50)."""

from __future__ import annotations

import hashlib


class LastCard:
    """A digest of the certificate that was read or seen last; nobody is known by it, and it goes with the program."""

    def __init__(self) -> None:
        self._digest: bytes | None = None

    def note(self, certificate: bytes) -> None:
        """This card was read, or seen."""
        self._digest = _digest(certificate)

    def is_another(self, certificate: bytes) -> bool:
        """Whether this is certainly another card; a program that has just begun knows of none."""
        return self._digest is not None and self._digest != _digest(certificate)


def _digest(certificate: bytes) -> bytes:
    return hashlib.sha256(certificate).digest()
