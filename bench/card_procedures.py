"""The procedures that are measured, by the name they have in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from nfc.exchanges import ExtendedLength, Procedure, select_application
from nfc.files import JPKI_AP
from nfc.pins import Pin, PinKind
from nfc.procedures import (
    ProofRequest,
    identify,
    preview,
    prove_card,
    read_authentication_certificate,
    read_four_information,
    read_four_information_file,
    read_integrity_record,
    read_whole,
    sign_challenge,
)

MESSAGE: Final = b"todoke-card-session-v1\x00" + bytes(64)


@dataclass(frozen=True)
class Pins:
    """The PINs of a fictional holder."""

    text: str = field(repr=False)
    auth: str = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)
    """The card's, as the look before the PINs shows it."""

    @property
    def both(self) -> tuple[Pin, Pin]:
        """As procedures take them."""
        return Pin(PinKind.TEXT, self.text), Pin(PinKind.AUTH, self.auth)


def _with_issuer_record(pins: Pins) -> Procedure[object]:
    yield from read_four_information_file(pins.both[0])
    return (yield from read_integrity_record())


def _with_proof(pins: Pins) -> Procedure[object]:
    yield from read_four_information_file(pins.both[0])
    return (yield from prove_card(bytes(32)))


def _signature(pins: Pins) -> Procedure[object]:
    yield from select_application(JPKI_AP, after_power_on=True)
    return (yield from sign_challenge(MESSAGE, pins.both[1]))


def _whole(*, extended: bool, issuer: bool) -> Callable[[Pins], Procedure[Any]]:
    check = (lambda *_: "malformed") if issuer else None
    return lambda pins: read_whole(*pins.both, MESSAGE, extended=extended, issuer_check=check)


def _after_look(*, extended: bool, checks: bool) -> Callable[[Pins], Procedure[Any]]:
    """The agent's second meeting with a card; `checks` are P7 and P8."""
    return lambda pins: read_whole(
        *pins.both,
        MESSAGE,
        extended=extended,
        expected_certificate=pins.certificate,
        issuer_check=(lambda *_: "genuine") if checks else None,
        proof=ProofRequest(bytes(32), lambda *_: "live") if checks else None,
    )


PROCEDURES: Final[Mapping[str, Callable[[Pins], Procedure[Any]]]] = MappingProxyType(
    {
        "recognise the card (P1)": lambda pins: identify(),
        "four information (P4)": lambda pins: read_four_information(pins.both[0]),
        "four information, issuer's records (P4, P7)": _with_issuer_record,
        "four information, live-card proof (P4, P8)": _with_proof,
        "authentication certificate (P5)": lambda pins: read_authentication_certificate(),
        "authentication certificate, extended": lambda pins: read_authentication_certificate(extended=True),
        "authentication signature (P6)": _signature,
        "look before the PINs (agent)": lambda pins: preview(),
        "whole visit, short": _whole(extended=False, issuer=False),
        "whole visit, extended": _whole(extended=True, issuer=False),
        "whole visit with issuer check, short": _whole(extended=False, issuer=True),
        "whole visit with issuer check, extended": _whole(extended=True, issuer=True),
        "look, card declares extended length (agent)": lambda pins: preview(extended=ExtendedLength.DECLARED),
        "reading after the look (agent)": _after_look(extended=False, checks=False),
        "reading after the look, P7 and P8, short (agent)": _after_look(extended=False, checks=True),
        "reading after the look, P7 and P8, extended (agent)": _after_look(extended=True, checks=True),
    }
)
