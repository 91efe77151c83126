"""What only staff at a counter may do with a card: 照合番号B and the change of a PIN (card.md sections 5 and 7).

Everything here refuses to begin unless the caller says `counter=True`, and a transport lets it pass only when it was
guarded with `counter=True` as well: a reader for residents cannot be brought to it by any task.
"""

from datetime import date
from typing import Final

from nfc.apdu import Command, CommandAPDU
from nfc.exchanges import Procedure, ReadMode, exchange, problem_for, read_file, select_application
from nfc.files import FOUR_INFORMATION, PIN_KEYS
from nfc.four_information import FourInformation, parse
from nfc.pins import Pin, PinFormatError, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import identify, verify_pin
from nfc.status import StatusClass, classify
from nfc.tlv import TlvError

ERAS: Final = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1868, 1, 25), "明治"),
)
"""First day of each era, the newest first. The era's name is not part of the number."""

CHANGEABLE: Final = frozenset({PinKind.TEXT, PinKind.AUTH})
"""PINs that may be changed here. The signature password belongs to a key that the service leaves alone (N11)."""

_CHANGE_REFERENCE_DATA: Final = 0x24
_NEW_VALUE_ONLY: Final = 0x01
_CURRENT_KEY: Final = 0x80


class CounterOnly(Exception):
    """This is done at a counter only, and the caller did not say that this is one. Nothing was sent."""

    def __init__(self) -> None:
        super().__init__("only at a counter: counter=True is missing")


def number_b(birth_date: date, expiry_year: int, security_code: str) -> Pin:
    """照合番号B: birth date with the era year, the Gregorian year of the card's expiry, the security code on its face.

    The security code is not the PIN; holders mistake one for the other. Whether the cards of foreign residents follow
    the same rule is not confirmed (section 19). Raises PinFormatError for a birth date before the first era, or an
    expiry year or security code that is not four digits.
    """
    first = next((start for start, _ in ERAS if birth_date >= start), None)
    four_digits = len(security_code) == 4 and security_code.isascii() and security_code.isdigit()
    if first is None or not 1000 <= expiry_year <= 9999 or not four_digits:
        raise PinFormatError(PinKind.NUMBER_B)
    year = birth_date.year - first.year + 1
    return Pin(PinKind.NUMBER_B, f"{year:02}{birth_date:%m%d}{expiry_year}{security_code}")


def read_four_information_by_number_b(
    number: Pin, *, counter: bool = False, allow_last_try: bool = False
) -> Procedure[FourInformation]:
    """P4 opened by 照合番号B, for somebody who forgot the PIN. First command of a session; four exchanges.

    Raises CounterOnly, ValueError for another PIN, and `CardProblem` as `read_four_information` does. Only the
    municipal office can unlock a blocked B.
    """
    _require(counter)
    if number.kind is not PinKind.NUMBER_B:
        raise ValueError("this way is opened by number B")
    yield from identify()
    yield from verify_pin(number, allow_last_try=allow_last_try)
    content = yield from read_file(FOUR_INFORMATION, ReadMode())
    try:
        return parse(content)
    except TlvError:
        raise CardProblem(Outcome.MALFORMED) from None


def change_pin(old: Pin, new: Pin, *, counter: bool = False, allow_last_try: bool = False) -> Procedure[None]:
    """Replace a PIN by a new one after showing the old one. First command of a session.

    Raises CounterOnly; ValueError for different kinds or one that is not changed here; `CardProblem` as `verify_pin`;
    unknown_outcome if the card was lost while it changed the PIN: then either may be in force, and nothing is repeated.
    """
    _require(counter)
    if old.kind is not new.kind or old.kind not in CHANGEABLE:
        raise ValueError("a PIN is changed to one of its own kind, and only the text or authentication PIN")
    key = PIN_KEYS[old.kind]
    yield from select_application(key.application, after_power_on=True)
    yield from verify_pin(old, allow_last_try=allow_last_try)
    # The command names no key: the current one is changed, so it is made current first, by its whole id.
    select = CommandAPDU(0x00, 0xA4, 0x02, 0x0C, key.fid.to_bytes(2, "big"))
    selected = yield from exchange(select, repeatable=True)
    if classify(selected.sw) is not StatusClass.OK:
        raise problem_for(selected)
    change = CommandAPDU(0x00, _CHANGE_REFERENCE_DATA, _NEW_VALUE_ONLY, _CURRENT_KEY, new.apdu_bytes())
    try:
        response = yield Command(bytes(change), secret=True)
    except CardProblem:
        raise CardProblem(Outcome.UNKNOWN_OUTCOME, old.kind) from None
    if classify(response.sw) is not StatusClass.OK:
        raise CardProblem(problem_for(response).outcome, old.kind, sw=response.sw)


def _require(counter: bool) -> None:
    if counter is not True:
        raise CounterOnly
