"""A card far from the program that reads it: APDU scripts with empty places for the PINs (card.md 12.1).

The service runs the procedures of this package and sends what is next as a script. A client beside the card, such as
a phone, asks the person for the PINs, fills them in, runs the script, and sends the answers back. No PIN crosses the
wire, and the client keeps what the card answered: every request carries all answers so far, the service replays its
procedure over them and keeps none. What the client is not trusted with, and what that means for the evidence:
docs/decisions/0010-relay-keeps-nothing.md.

Both sides' schema is here as plain dataclasses; docs/openapi.json publishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from nfc.apdu import ApduError, Command, parse_command, parse_response
from nfc.files import PIN_KEYS
from nfc.pins import SLOT_BYTES, Pin, PinKind
from nfc.problems import TRANSPORT_OUTCOMES, CardProblem, Outcome
from nfc.procedures import Procedure
from nfc.status import tries_in
from nfc.transports import Transport
from nfc.transports.guard import Guarded

_T = TypeVar("_T")

MAX_ANSWERS: Final = 64
"""Answers of one relayed reading; a whole visit takes 14."""
MAX_COMMANDS: Final = 16
"""Commands in one script."""
MAX_APDU_BYTES: Final = 65_544
MAX_ANSWER_BYTES: Final = 4_096 + 2
SLOT_OFFSET: Final = 5
_QUERY_BYTES: Final = 4


class RelayError(ValueError):
    """What came over the wire is not in the agreement. The message names the field, no value."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a PIN belongs in a command: which one, and `length` zeros at `offset` that it replaces.

    `tries_left` is what the card said a moment ago, to be shown to the person; None where it gave no number.
    """

    pin: PinKind
    offset: int
    length: int
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class RelayCommand:
    """One command for the card. With a `slot` it is secret once filled: never to be logged."""

    apdu: bytes = field(repr=False)
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class RelayAnswer:
    """The card's whole answer (data and status word), or why there was none. The repr shows no content."""

    raw: bytes | None = field(default=None, repr=False)
    failure: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """What the client is to do next: commands in their order, or nothing more (`finished`).

    `answered` is how many answers the service has replayed: the commands follow that answer.
    """

    commands: tuple[RelayCommand, ...] = ()
    answered: int = 0
    finished: bool = False


# --- the wire ---------------------------------------------------------------------------------------------------------


def script_to_json(script: Script) -> dict[str, object]:
    """The service's answer."""
    return {
        "finished": script.finished,
        "answered": script.answered,
        "commands": [
            {"apdu": command.apdu.hex().upper(), "slot": _slot_to_json(command.slot)} for command in script.commands
        ],
    }


def _slot_to_json(slot: Slot | None) -> dict[str, object] | None:
    if slot is None:
        return None
    return {"pin": slot.pin.value, "offset": slot.offset, "length": slot.length, "tries_left": slot.tries_left}


def script_from_json(value: object) -> Script:
    """Read a script strictly. Raises RelayError, also for a slot anywhere else than in the VERIFY of that very PIN:
    a service that went astray could otherwise have a PIN written into some other command, and read it there."""
    if not isinstance(value, Mapping):
        raise RelayError("script: not an object")
    finished, answered, commands = value.get("finished"), value.get("answered"), value.get("commands")
    if not isinstance(finished, bool) or not _is_count(answered) or not isinstance(commands, list):
        raise RelayError("script: a field is missing or malformed")
    if len(commands) > MAX_COMMANDS or (finished and commands) or (not finished and not commands):
        raise RelayError("script: the number of commands")
    assert isinstance(answered, int)
    return Script(tuple(_command_from_json(command) for command in commands), answered, finished)


def _command_from_json(value: object) -> RelayCommand:
    if not isinstance(value, Mapping):
        raise RelayError("command: not an object")
    apdu = _hexadecimal(value.get("apdu"), MAX_APDU_BYTES)
    slot = _slot_from_json(value.get("slot"))
    if slot is not None and apdu != _verify_with_slot(slot.pin):
        raise RelayError("slot: not the VERIFY of this PIN")
    return RelayCommand(apdu, slot)


def _slot_from_json(value: object) -> Slot | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise RelayError("slot: not an object")
    kind = next((kind for kind in SLOT_BYTES if kind.value == value.get("pin")), None)
    offset, length, tries = value.get("offset"), value.get("length"), value.get("tries_left")
    if kind is None or (offset, length) != (SLOT_OFFSET, SLOT_BYTES[kind]):
        raise RelayError("slot: pin, offset or length")
    if tries is not None and not _is_count(tries):
        raise RelayError("slot: tries_left")
    assert tries is None or isinstance(tries, int)
    return Slot(kind, SLOT_OFFSET, SLOT_BYTES[kind], tries)


def _verify_with_slot(kind: PinKind) -> bytes:
    length = SLOT_BYTES[kind]
    return bytes((0x00, 0x20, 0x00, 0x80 | PIN_KEYS[kind].sfi, length)) + bytes(length)


def answers_to_json(answers: Sequence[RelayAnswer]) -> list[dict[str, object]]:
    """The client's answers, oldest first."""
    return [
        {"failure": answer.failure.value} if answer.raw is None and answer.failure else {"response": _hex(answer.raw)}
        for answer in answers
    ]


def answers_from_json(value: object) -> tuple[RelayAnswer, ...]:
    """Read the client's answers strictly. Raises RelayError."""
    if not isinstance(value, list) or len(value) > MAX_ANSWERS:
        raise RelayError("answers: not a list, or too many")
    return tuple(_answer_from_json(answer) for answer in value)


def _answer_from_json(value: object) -> RelayAnswer:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise RelayError("answer: not one of response and failure")
    if "failure" in value:
        failure = next((one for one in TRANSPORT_OUTCOMES if one.value == value["failure"]), None)
        if failure is None:
            raise RelayError("answer: failure")
        return RelayAnswer(failure=failure)
    raw = _hexadecimal(value.get("response"), MAX_ANSWER_BYTES)
    if len(raw) < 2:
        raise RelayError("answer: no status word")
    return RelayAnswer(raw)


def _hex(raw: bytes | None) -> str:
    return (raw or b"").hex().upper()


def _hexadecimal(value: object, limit: int) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * limit or not value.isascii() or any(c.isspace() for c in value):
        raise RelayError("not hexadecimal")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise RelayError("not hexadecimal") from None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ANSWERS


# --- the service's side -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finished:
    """The procedure is over: its result, or the problem it ended with."""

    result: object = field(default=None, repr=False)
    problem: CardProblem | None = None


def replay(procedure: Procedure[object], answers: Sequence[RelayAnswer]) -> Script | Finished:
    """Run a fresh procedure over all answers so far: the script of what comes next, or how it ended.

    The procedure must do the same for the same answers, as all of this package do. Raises RelayError for answers
    beyond its end.
    """
    used = 0
    try:
        command = next(procedure)
        for answer in answers:
            used += 1
            command = _continue(procedure, answer)
    except StopIteration as finished:
        end = Finished(result=finished.value)
    except CardProblem as problem:
        end = Finished(problem=problem)
    else:
        procedure.close()
        if len(answers) >= MAX_ANSWERS:
            return Finished(problem=CardProblem(Outcome.CARD_FAULT))
        return Script((_placed(command, answers[-1] if answers else None),), len(answers))
    if used != len(answers):
        raise RelayError("answers: more than the procedure has")
    return end


def _continue(procedure: Procedure[object], answer: RelayAnswer) -> Command:
    if answer.raw is None:
        return procedure.throw(CardProblem(answer.failure or Outcome.COMM_ERROR))
    return procedure.send(parse_response(answer.raw))


def _placed(command: Command, before: RelayAnswer | None) -> RelayCommand:
    if not command.secret:
        return RelayCommand(command.apdu)
    kind = next((kind for kind in SLOT_BYTES if command.apdu == _verify_with_slot(kind)), None)
    if kind is None:
        # Only PinSlot makes secret commands here; a real PIN on this side would be a defect, and must not leave.
        raise RelayError("a secret command without a slot")
    tries = tries_in(parse_response(before.raw).sw) if before is not None and before.raw is not None else None
    return RelayCommand(command.apdu, Slot(kind, SLOT_OFFSET, SLOT_BYTES[kind], tries))


# --- the client's side: reference -------------------------------------------------------------------------------------


class AskPin(Protocol):
    """Asks the person for one PIN on this device. Raises whatever means that the person gave up."""

    def __call__(self, kind: PinKind, tries_left: int | None, /) -> Pin:
        """The PIN; `tries_left` is to be shown."""


Exchange = Callable[[tuple[RelayAnswer, ...]], Script]
"""Send all answers so far to the service and return its next script."""


def run_relayed(exchange: Exchange, transport: Transport, ask_pin: AskPin) -> None:
    """Let the service read the card that lies here. Everything goes through the deny list (N1, N2).

    Asks for each PIN when its place comes and drops it with the command. Raises RelayError for a script that is not
    in the agreement, `nfc.transports.guard.ForbiddenCommand` for a command that a card must never get, and what
    `exchange` and `ask_pin` raise. What was read lives in this call only.
    """
    guarded = Guarded(transport)
    answers: list[RelayAnswer] = []
    try:
        answers_before = _open(guarded)
        script = exchange(())
        while not script.finished:
            if script.answered != len(answers) or len(answers) >= MAX_ANSWERS:
                raise RelayError("script: not what comes next")
            for command in script.commands:
                answers.append(answers_before or _transmit(command, guarded, ask_pin))
                if answers[-1].raw is None:
                    break
            script = exchange(tuple(answers))
    finally:
        _close(guarded)


def _open(transport: Transport) -> RelayAnswer | None:
    """None when the card is open; else the failure that answers the first command."""
    try:
        transport.open()
    except CardProblem as problem:
        return RelayAnswer(failure=_as_transport(problem.outcome))
    except OSError:
        return RelayAnswer(failure=Outcome.COMM_ERROR)
    return None


def _transmit(command: RelayCommand, transport: Transport, ask_pin: AskPin) -> RelayAnswer:
    apdu = command.apdu
    _check_case(apdu, command.slot)
    if command.slot is not None:
        pin = ask_pin(command.slot.pin, command.slot.tries_left)
        if pin.kind is not command.slot.pin:
            raise RelayError("another PIN than was asked for")
        apdu = apdu[: command.slot.offset] + pin.apdu_bytes()
    try:
        raw = transport.transmit(apdu)
        parse_response(raw)
    except CardProblem as problem:
        return RelayAnswer(failure=_as_transport(problem.outcome))
    except (OSError, ApduError):
        return RelayAnswer(failure=Outcome.COMM_ERROR)
    return RelayAnswer(raw)


def _check_case(apdu: bytes, slot: Slot | None) -> None:
    """A VERIFY with data must have a slot: the service has no business with a value of its own there."""
    try:
        command = parse_command(apdu)
    except ApduError:
        raise RelayError("command: not an APDU") from None
    if slot is None and command.ins == 0x20 and len(apdu) != _QUERY_BYTES:
        raise RelayError("command: a PIN that the person did not enter")


def _as_transport(outcome: Outcome) -> Outcome:
    return outcome if outcome in TRANSPORT_OUTCOMES else Outcome.COMM_ERROR


def _close(transport: Transport) -> None:
    try:
        transport.close()
    except (OSError, CardProblem):
        return
