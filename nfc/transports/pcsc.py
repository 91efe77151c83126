"""Card readers of this machine over PC/SC (card.md 12.2): exclusive, T=1, the card unpowered at the end.

Every operation makes a context of its own and lets go of it, and after any error nothing is used further: so a
restarted service or a reader plugged in again simply works the next time. Nothing watches in the background. Needs the
extra `pcsc` (pyscard); of it only the thin layer over the PC/SC functions is used, which tells their codes as they are.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from nfc.problems import CardProblem, Outcome

_LINUX_LIBRARY: Final = "libpcsclite.so.1"
_CODE_MASK: Final = 0xFFFFFFFF

# The one line an operator needs beside the reader; the agent shows what this logger says.
_LOGGER = logging.getLogger("nfc.agent.pcsc")


class PcscFailure(Enum):
    """What can be wrong on the way to a card: the outcome that procedures know, and a sentence for the operator."""

    DRIVER_MISSING = (Outcome.NO_SERVICE, "the Python package pyscard is missing: install todoke with the extra `pcsc`")
    LIBRARY_MISSING = (
        Outcome.NO_SERVICE,
        "the PC/SC library is missing on this machine (Debian: apt install libpcsclite1 pcscd)",
    )
    SERVICE_STOPPED = (Outcome.NO_SERVICE, "the PC/SC service does not answer: start pcscd")
    NO_READER = (Outcome.NO_READER, "no card reader is plugged in")
    NAMED_READER_MISSING = (Outcome.NO_READER, "no card reader with the given name is plugged in")
    READER_UNPLUGGED = (Outcome.NO_READER, "the card reader was unplugged while a card was being read")
    NO_CARD = (Outcome.NO_CARD, "no card lies on the reader")
    CARD_BUSY = (Outcome.CARD_BUSY, "another program is using the card: close it")
    CARD_REMOVED = (Outcome.CARD_REMOVED, "the card was taken away while it was being read")
    OTHER_CARD = (Outcome.NOT_THIS_CARD, "the card on the reader does not speak the protocol of a My Number card")
    NOT_READABLE = (Outcome.COMM_ERROR, "the card does not answer: hold it still, without a case")
    UNEXPECTED = (Outcome.COMM_ERROR, "PC/SC answered something unexpected")

    @property
    def outcome(self) -> Outcome:
        """How a procedure ends by it."""
        return self.value[0]

    @property
    def sentence(self) -> str:
        """What to tell the operator."""
        return self.value[1]


class PcscProblem(CardProblem):
    """A failure of the way to the card. `failure` tells it apart more finely than the outcome, `code` is PC/SC's."""

    def __init__(self, failure: PcscFailure, code: int | None = None) -> None:
        super().__init__(failure.outcome)
        self.failure = failure
        self.code = code


FAILURES: Final[Mapping[int, PcscFailure]] = MappingProxyType(
    {
        0x8010001D: PcscFailure.SERVICE_STOPPED,
        0x8010001E: PcscFailure.SERVICE_STOPPED,
        0x8010002E: PcscFailure.NO_READER,
        0x80100009: PcscFailure.NO_READER,
        0x80100017: PcscFailure.NO_READER,
        0x8010000C: PcscFailure.NO_CARD,
        0x8010000A: PcscFailure.NO_CARD,
        0x8010000B: PcscFailure.CARD_BUSY,
        0x80100069: PcscFailure.CARD_REMOVED,
        0x80100068: PcscFailure.CARD_REMOVED,
        0x80100067: PcscFailure.CARD_REMOVED,
        # A card that knows only T=0, or none of the protocols: some other contact card.
        0x8010000F: PcscFailure.OTHER_CARD,
        0x80100065: PcscFailure.OTHER_CARD,
        0x80100066: PcscFailure.NOT_READABLE,
        0x80100013: PcscFailure.NOT_READABLE,
        0x80100016: PcscFailure.NOT_READABLE,
    }
)
"""PC/SC's codes and what they mean here (card.md 12.2); any other is UNEXPECTED."""


def reader_names() -> list[str]:
    """The readers of this machine, in PC/SC's order; none is an empty list. Raises PcscProblem (no_service)."""
    with _context() as (scard, context):
        return _reader_names(scard, context)


class PcscReader:
    """A reader by a part of its name, or without one whichever reader holds a card."""

    def __init__(self, name: str | None = None) -> None:
        self._name = name
        self._told: PcscFailure | None = None

    def card_present(self) -> bool:
        """Whether a card lies there right now. Raises PcscProblem no_service, no_reader."""
        try:
            with _context() as (scard, context):
                present = _reader_with_card(scard, context, self._name) is not None
        except PcscProblem as problem:
            self._tell(problem.failure)
            raise
        self._told = None
        return present

    def transport(self) -> PcscTransport:
        """A transport for one session with the card that lies there when it is opened."""
        return PcscTransport(self._name, self._tell)

    def _tell(self, failure: PcscFailure) -> None:
        # A waiting agent looks four times a second: one line for each change, not for each look.
        if failure is not self._told:
            _LOGGER.warning("%s", failure.sentence)
        self._told = failure


class PcscTransport:
    """One exclusive session with one card."""

    def __init__(self, name: str | None = None, tell: Callable[[PcscFailure], None] | None = None) -> None:
        self._name = name
        self._tell = tell or _tell_nobody
        self._scard: Any = None
        self._context: Any = None
        self._card: Any = None
        self._reader = ""

    def open(self) -> None:
        """Take the card for this program alone; it is powered then. Raises PcscProblem with each outcome of 12.2.

        Its ATR is not looked at (N9) nor kept (N4).
        """
        if self._card is not None:
            raise PcscProblem(PcscFailure.CARD_BUSY)
        try:
            self._take_card()
        except PcscProblem as problem:
            self.close()
            self._tell(problem.failure)
            raise

    def _take_card(self) -> None:
        self._scard = _library()
        self._context = _establish(self._scard)
        reader = _reader_with_card(self._scard, self._context, self._name)
        if reader is None:
            raise PcscProblem(PcscFailure.NO_CARD)
        code, card, _ = self._scard.SCardConnect(
            self._context, reader, self._scard.SCARD_SHARE_EXCLUSIVE, self._scard.SCARD_PROTOCOL_T1
        )
        _check(code)
        self._card, self._reader = card, reader

    def transmit(self, apdu: bytes) -> bytes:
        """Exchange one command, sent once and as it is. Raises PcscProblem; the session is over then.

        PC/SC knows no time-out of its own: how long a silent card is waited for, the reader decides.
        """
        if self._card is None:
            raise PcscProblem(PcscFailure.NO_CARD)
        code, answer = self._scard.SCardTransmit(self._card, self._scard.SCARD_PCI_T1, list(apdu))
        if code & _CODE_MASK:
            failure = self._why_lost(code & _CODE_MASK)
            self.close()
            self._tell(failure)
            raise PcscProblem(failure, code & _CODE_MASK)
        return bytes(answer)

    def close(self) -> None:
        """Unpower the card and let go of it, so that no verified state outlives the session (N10). Never raises."""
        card, self._card = self._card, None
        context, self._context = self._context, None
        if card is not None:
            self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def _why_lost(self, code: int) -> PcscFailure:
        """The reason of a failed exchange. Drivers answer a bare "not transacted" to much: whether reader and card are
        still there tells more.
        """
        failure = FAILURES.get(code, PcscFailure.UNEXPECTED)
        if failure is PcscFailure.NO_READER:
            return PcscFailure.READER_UNPLUGGED
        if failure.outcome is not Outcome.COMM_ERROR:
            return failure
        try:
            with _context() as (scard, context):
                if self._reader not in _reader_names(scard, context):
                    return PcscFailure.READER_UNPLUGGED
                return failure if _holds_card(scard, context, self._reader) else PcscFailure.CARD_REMOVED
        except PcscProblem as problem:
            return problem.failure


def _tell_nobody(failure: PcscFailure) -> None:
    pass


def _library() -> Any:
    """pyscard's thin layer. Raises PcscProblem where it or the library below it is missing."""
    if sys.platform == "linux":
        # Without the library pyscard imports, prints to standard output at its first call, and tells of a stopped
        # service: so the library is looked for first.
        try:
            ctypes.CDLL(_LINUX_LIBRARY)
        except OSError:
            raise PcscProblem(PcscFailure.LIBRARY_MISSING) from None
    try:
        from smartcard import scard
    except ImportError:
        raise PcscProblem(PcscFailure.DRIVER_MISSING) from None
    return scard


def _check(code: int) -> None:
    code &= _CODE_MASK
    if code:
        raise PcscProblem(FAILURES.get(code, PcscFailure.UNEXPECTED), code)


def _establish(scard: Any) -> Any:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _check(code)
    return context


@contextmanager
def _context() -> Iterator[tuple[Any, Any]]:
    scard = _library()
    context = _establish(scard)
    try:
        yield scard, context
    finally:
        scard.SCardReleaseContext(context)


def _reader_names(scard: Any, context: Any) -> list[str]:
    code, names = scard.SCardListReaders(context, [])
    if FAILURES.get(code & _CODE_MASK) is PcscFailure.NO_READER:
        return []
    _check(code)
    return [str(name) for name in names]


def _reader_with_card(scard: Any, context: Any, part: str | None) -> str | None:
    """The first matching reader that holds a card. Raises PcscProblem no_reader."""
    every = _reader_names(scard, context)
    names = [name for name in every if part is None or part in name]
    if not names:
        raise PcscProblem(PcscFailure.NAMED_READER_MISSING if every else PcscFailure.NO_READER)
    return next((name for name in names if _holds_card(scard, context, name)), None)


def _holds_card(scard: Any, context: Any, name: str) -> bool:
    code, states = scard.SCardGetStatusChange(context, 0, [(name, scard.SCARD_STATE_UNAWARE)])
    _check(code)
    return any(state & scard.SCARD_STATE_PRESENT for _, state, _ in states)
