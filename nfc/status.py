"""Every status word the card family is known to answer, as one table (card.md section 6)."""

from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Final

from nfc.problems import Outcome


class StatusClass(Enum):
    """What a status word means to a procedure."""

    OK = auto()
    WRONG_PIN = auto()
    BLOCKED = auto()
    SHORT_READ = auto()
    CARD_FAULT = auto()
    MEMORY_FAULT = auto()
    CARD_UNUSABLE = auto()
    WRONG_LENGTH = auto()
    PIN_NEEDED = auto()
    NO_CURRENT_FILE = auto()
    NOT_FOUND = auto()
    NO_SUCH_KEY = auto()
    OUTSIDE_FILE = auto()
    OTHER_CARD = auto()
    NO_DIAGNOSIS = auto()
    MORE_DATA = auto()
    WRONG_LE = auto()
    BUG = auto()


@dataclass(frozen=True, slots=True)
class StatusWord:
    """One row: a pattern of four hexadecimal digits, `x` for any one, its meaning, class and what is done about it."""

    pattern: str
    meaning: str
    status_class: StatusClass
    advice: str


_BUG = StatusClass.BUG

STATUS_WORDS: Final = (
    StatusWord("9000", "done", StatusClass.OK, "go on; to a query it is no number of tries"),
    StatusWord("63C0", "wrong PIN, and this attempt blocked it; to a query: blocked", StatusClass.BLOCKED, "end"),
    StatusWord("63Cx", "wrong PIN, x tries left; to a query: x tries left", StatusClass.WRONG_PIN, "end, tell x"),
    StatusWord("6300", "mismatch without a number", StatusClass.WRONG_PIN, "end"),
    StatusWord("6984", "referenced key blocked (JICSAP)", StatusClass.BLOCKED, "end, tell where it is reset"),
    StatusWord("6983", "authentication method blocked (ISO)", StatusClass.BLOCKED, "end, tell where it is reset"),
    StatusWord("6282", "end of file before Le bytes", StatusClass.SHORT_READ, "take the data, end the loop"),
    StatusWord("6281", "returned data may be damaged", StatusClass.CARD_FAULT, "stop"),
    StatusWord("6283", "application locked", StatusClass.CARD_UNUSABLE, "stop, send to the counter"),
    StatusWord("6400", "execution failed", StatusClass.MEMORY_FAULT, "SELECT and READ once more, nothing else"),
    StatusWord("6581", "memory failure", StatusClass.MEMORY_FAULT, "SELECT and READ once more, nothing else"),
    StatusWord("6381", "memory failure after a change", StatusClass.MEMORY_FAULT, "SELECT and READ once more"),
    StatusWord("6700", "wrong Lc or Le", StatusClass.WRONG_LENGTH, "extended length: go back to short; else a bug"),
    StatusWord("6881", "logical channel not supported", _BUG, "stop"),
    StatusWord("6882", "secure messaging not supported", _BUG, "stop"),
    StatusWord("6981", "command does not fit the file", _BUG, "stop"),
    StatusWord("6982", "PIN not verified", StatusClass.PIN_NEEDED, "stop; on EF 000A: a phone, not a card"),
    StatusWord("6985", "conditions not met", _BUG, "stop"),
    StatusWord("6986", "no current EF", StatusClass.NO_CURRENT_FILE, "in a read loop: SELECT EF once"),
    StatusWord("6987", "secure-messaging object missing", _BUG, "stop"),
    StatusWord("6988", "secure-messaging object wrong", _BUG, "stop"),
    StatusWord("69FC", "secure-messaging error", _BUG, "stop"),
    StatusWord("66F1", "secure-messaging error", _BUG, "stop"),
    StatusWord("6A80", "wrong data", _BUG, "stop"),
    StatusWord("6A81", "function not supported", _BUG, "stop"),
    StatusWord("6A82", "no such application or EF", StatusClass.NOT_FOUND, "SELECT AID: not this card"),
    StatusWord("6A83", "no such record", _BUG, "stop"),
    StatusWord("6A84", "no space", _BUG, "stop"),
    StatusWord("6A85", "Lc does not fit the TLV structure", _BUG, "stop"),
    StatusWord("6A86", "wrong P1 or P2", _BUG, "stop"),
    StatusWord("6A87", "Lc does not fit P1 and P2", _BUG, "stop"),
    StatusWord("6A88", "key or data object not found", StatusClass.NO_SUCH_KEY, "stop; for a PIN: the card has none"),
    StatusWord("6B00", "offset outside the file", StatusClass.OUTSIDE_FILE, "end of the read loop"),
    StatusWord("6D00", "unknown instruction", StatusClass.OTHER_CARD, "end"),
    StatusWord("6E00", "unknown class", StatusClass.OTHER_CARD, "end"),
    StatusWord("6F00", "no diagnosis", StatusClass.NO_DIAGNOSIS, "first SELECT after power-up: once more; else stop"),
    StatusWord("61xx", "more data to fetch", StatusClass.MORE_DATA, "GET RESPONSE, at most 64 times"),
    StatusWord("6Cxx", "the right Le is xx", StatusClass.WRONG_LE, "repeat a read once with that Le"),
)
"""Read from the top: the first pattern that fits counts, so 63C0 stands above 63Cx."""

_UNKNOWN = StatusWord("xxxx", "not a status word known of this card", StatusClass.CARD_FAULT, "stop")

OUTCOMES: Final = {
    StatusClass.OK: Outcome.OK,
    StatusClass.WRONG_PIN: Outcome.WRONG_PIN,
    StatusClass.BLOCKED: Outcome.BLOCKED,
    StatusClass.SHORT_READ: Outcome.MALFORMED,
    StatusClass.CARD_FAULT: Outcome.CARD_FAULT,
    StatusClass.MEMORY_FAULT: Outcome.CARD_FAULT,
    StatusClass.CARD_UNUSABLE: Outcome.CARD_UNUSABLE,
    StatusClass.WRONG_LENGTH: Outcome.ORDER_BUG,
    StatusClass.PIN_NEEDED: Outcome.ORDER_BUG,
    StatusClass.NO_CURRENT_FILE: Outcome.ORDER_BUG,
    StatusClass.NOT_FOUND: Outcome.MALFORMED,
    # A card without this PIN (the 顔認証 card) cannot be used here: the person goes to the counter.
    StatusClass.NO_SUCH_KEY: Outcome.CARD_UNUSABLE,
    StatusClass.OUTSIDE_FILE: Outcome.MALFORMED,
    StatusClass.OTHER_CARD: Outcome.NOT_THIS_CARD,
    StatusClass.NO_DIAGNOSIS: Outcome.CARD_FAULT,
    StatusClass.MORE_DATA: Outcome.CARD_FAULT,
    StatusClass.WRONG_LE: Outcome.CARD_FAULT,
    StatusClass.BUG: Outcome.ORDER_BUG,
}
"""How a procedure ends on a status word it has no better use for. A place that knows more says so itself."""


@cache
def lookup(sw: int) -> StatusWord:
    """The row for a status word; an unknown one is a fault of the card."""
    text = f"{sw:04X}"
    for row in STATUS_WORDS:
        if all(wanted in ("x", got) for wanted, got in zip(row.pattern, text, strict=True)):
            return row
    return _UNKNOWN


def classify(sw: int) -> StatusClass:
    """The class of a status word."""
    return lookup(sw).status_class


def tries_in(sw: int) -> int | None:
    """The number of tries a 63Cx tells, 0 for a blocked key (63C0, 6983, 6984), None when it tells no number."""
    if sw & 0xFFF0 == 0x63C0:
        return sw & 0x0F
    return 0 if classify(sw) is StatusClass.BLOCKED else None
