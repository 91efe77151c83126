"""Is the card of a first look still there? Two commands instead of reading its whole certificate again.

It keeps a PIN from being shown to the wrong card. That the card is the one whose certificate was seen is proven in the
end by its signature, which the caller checks with that certificate's key.
"""

from types import MappingProxyType
from typing import Final

from nfc.apdu import MAX_SHORT_LE, CommandAPDU
from nfc.exchanges import Procedure, ReadMode, exchange, read_file, select_application
from nfc.files import AUTHENTICATION_CERTIFICATE, JPKI_AP
from nfc.problems import AnotherCard, CardProblem, Outcome
from nfc.status import StatusClass, classify

_SHORT_ID: Final = 0x80
_TELLING_OFFSET: Final = 0xFF
"""The last offset that a READ by short id can name: behind the issuer's name, which all certificates share."""
_TELLING_BYTES: Final = 128
_ENDINGS: Final = MappingProxyType({StatusClass.NOT_FOUND: Outcome.NO_CERTIFICATE})


def make_sure_of(expected: bytes) -> Procedure[None]:
    """The card whose certificate (DER) was seen lies here, or `AnotherCard` is raised. First commands of a session.

    Raises other `CardProblem` as the reading of a certificate does.
    """
    try:
        yield from select_application(JPKI_AP, after_power_on=True)
        is_same = yield from _has_certificate(expected)
    except CardProblem as problem:
        if problem.outcome not in (Outcome.NOT_THIS_CARD, Outcome.NO_CERTIFICATE):
            raise
        is_same = False
    if not is_same:
        raise AnotherCard


def _has_certificate(expected: bytes) -> Procedure[bool]:
    """Compare the bytes in which certificates differ: dates, subject and the greater part of the public key."""
    offset = _TELLING_OFFSET if len(expected) > _TELLING_OFFSET + _TELLING_BYTES else 0
    p1 = _SHORT_ID | AUTHENTICATION_CERTIFICATE.sfi
    response = yield from exchange(CommandAPDU(0x00, 0xB0, p1, offset, le=MAX_SHORT_LE), repeatable=True)
    part = expected[offset : offset + MAX_SHORT_LE]
    if classify(response.sw) in (StatusClass.OK, StatusClass.SHORT_READ) and len(response.data) >= len(part):
        return response.data[: len(part)] == part
    return (yield from read_file(AUTHENTICATION_CERTIFICATE, ReadMode(), _ENDINGS)) == expected
