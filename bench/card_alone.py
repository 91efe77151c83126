"""One procedure as a program of its own, to stand beside other programs in the table of `bench.card`."""

from __future__ import annotations

import sys

from nfc.exchanges import select_application
from nfc.files import JPKI_AP
from nfc.pins import Pin, PinKind
from nfc.procedures import Procedure, read_authentication_certificate, read_four_information, sign_challenge
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.pcsc import PcscReader


def _signature(pin: str) -> Procedure[bytes]:
    yield from select_application(JPKI_AP, after_power_on=True)
    return (yield from sign_challenge(b"message", Pin(PinKind.AUTH, pin)))


if __name__ == "__main__":
    what, *pin = sys.argv[1:]
    procedure: Procedure[object] = (
        read_authentication_certificate()
        if what == "certificate"
        else _signature(pin[0])
        if what == "signature"
        else read_four_information(Pin(PinKind.TEXT, pin[0]))
    )
    run(procedure, Guarded(PcscReader().transport()))
