"""Ways to a card, and the one place where a procedure meets one (card.md sections 8 and 12.1).

A transport carries bytes in order: no hidden APDU, no changed APDU, no retry. One transport serves one worker.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from nfc.apdu import ApduError, Command, Response, parse_response
from nfc.pins import PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import Procedure, recount

_T = TypeVar("_T")


class Transport(Protocol):
    """The way to one card. Failures are `CardProblem` with a transport outcome; an OSError counts as `comm_error`."""

    def open(self) -> None:
        """Take the card for this worker alone and power it on. Raises `CardProblem` (no_card, card_busy ...)."""

    def transmit(self, apdu: bytes) -> bytes:
        """Send one C-APDU as it is and return data and status word. Raises `CardProblem`; never sends twice."""

    def close(self) -> None:
        """Power the card off, so that no verified state outlives the session (N10). May be called at any time."""


def run(procedure: Procedure[_T], transport: Transport) -> _T:
    """Run one procedure on the card: open, exchange, and always close, also after an error.

    Everything that goes wrong with card or transport is one `CardProblem`. If the card was lost during VERIFY it is
    opened once more to ask how many tries are left (P3); the PIN itself is never sent again (N8).
    """
    try:
        with _powered(transport):
            return _drive(procedure, transport)
    except CardProblem as problem:
        if problem.outcome is not Outcome.UNKNOWN_OUTCOME or problem.pin_kind is None:
            raise
        kind = problem.pin_kind
    finally:
        procedure.close()
    raise CardProblem(Outcome.UNKNOWN_OUTCOME, kind, tries_left=_tries_after_loss(kind, transport))


def _tries_after_loss(kind: PinKind, transport: Transport) -> int | None:
    with suppress(CardProblem), _powered(transport):
        return _drive(recount(kind), transport)
    return None


@contextmanager
def _powered(transport: Transport) -> Iterator[None]:
    try:
        try:
            transport.open()
        except OSError:
            raise CardProblem(Outcome.COMM_ERROR) from None
        yield
    finally:
        # A card that is gone cannot be powered off; the result or error of the procedure is what counts.
        with suppress(OSError, CardProblem):
            transport.close()


def _drive(procedure: Procedure[_T], transport: Transport) -> _T:
    try:
        command = next(procedure)
        while True:
            answer = _exchange(command, transport)
            command = procedure.throw(answer) if isinstance(answer, CardProblem) else procedure.send(answer)
    except StopIteration as finished:
        result: _T = finished.value
        return result


def _exchange(command: Command, transport: Transport) -> Response | CardProblem:
    """One command. A loss is handed to the procedure, which alone knows what was at stake at this point."""
    try:
        return parse_response(transport.transmit(command.apdu))
    except CardProblem as problem:
        return problem
    except (OSError, ApduError):
        return CardProblem(Outcome.COMM_ERROR)
