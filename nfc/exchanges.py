"""Selecting and reading without I/O: the parts that every procedure is made of (card.md sections 5 and 6)."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from nfc.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, Command, CommandAPDU, Response
from nfc.files import Application, ElementaryFile
from nfc.problems import CardProblem, Outcome
from nfc.status import OUTCOMES, StatusClass, classify
from nfc.tlv import TlvError, TlvIncomplete, object_length, read_object

_T = TypeVar("_T")
Procedure: TypeAlias = Generator[Command, Response, _T]
"""Yields commands, is sent responses, returns a result or raises `CardProblem`. A transport failure is thrown in."""

MAX_READS: Final = 64
"""READ commands for one file: a card that answers in crumbs must not hold the reader for ever."""

MAX_GET_RESPONSES: Final = 64

_SELECT: Final = 0xA4
_READ_BINARY: Final = 0xB0
_GET_RESPONSE: Final = 0xC0
_SHORT_ID: Final = 0x80
_NO_ENDINGS: Final[Mapping[StatusClass, Outcome]] = MappingProxyType({})


class ExtendedLength(StrEnum):
    """Whether long files are asked for in one extended-length command (section 5; short is the default)."""

    OFF = "off"
    AUTO = "auto"
    """Tried on the first long file; a card or reader that fails at it gets short commands from then on."""
    DECLARED = "declared"
    """As AUTO, but only where EF 0408:0005 says that the card supports it; asking costs one command."""


@dataclass(slots=True)
class ReadMode:
    """Whether long files may be read in one extended-length command. A card or reader that fails at it turns it off."""

    extended: bool = False


def problem_for(response: Response, endings: Mapping[StatusClass, Outcome] = _NO_ENDINGS) -> CardProblem:
    """The failure a status word stands for; `endings` says where this place of a procedure knows better."""
    status_class = classify(response.sw)
    return CardProblem(endings.get(status_class, OUTCOMES[status_class]), sw=response.sw)


def exchange(command: CommandAPDU, *, repeatable: bool) -> Procedure[Response]:
    """Send one command that may return data. Only a `repeatable` one (SELECT, READ) is ever sent a second time."""
    response = yield Command(bytes(command))
    if repeatable and classify(response.sw) is StatusClass.MEMORY_FAULT:
        response = yield Command(bytes(command))
    if repeatable and classify(response.sw) is StatusClass.WRONG_LE and command.le is not None:
        response = yield Command(bytes(replace(command, le=(response.sw & 0xFF) or MAX_SHORT_LE)))
    return (yield from _fetch_rest(response))


def _fetch_rest(response: Response) -> Procedure[Response]:
    data = bytearray(response.data)
    for _ in range(MAX_GET_RESPONSES):
        if classify(response.sw) is not StatusClass.MORE_DATA:
            break
        waiting = (response.sw & 0xFF) or MAX_SHORT_LE
        response = yield Command(bytes(CommandAPDU(0x00, _GET_RESPONSE, 0x00, 0x00, le=waiting)))
        data += response.data
    return Response(bytes(data), response.sw)


_SELECT_ENDINGS: Final = MappingProxyType(
    {StatusClass.NOT_FOUND: Outcome.NOT_THIS_CARD, StatusClass.OTHER_CARD: Outcome.NOT_THIS_CARD}
)


def select_application(application: Application, *, after_power_on: bool) -> Procedure[None]:
    """Make an application current. `after_power_on` says that this is the first command of the session: one card
    family answers 6F00 to whatever comes first, so that one SELECT is repeated once.

    Raises `CardProblem` not_this_card if the card has no such application.
    """
    command = CommandAPDU(0x00, _SELECT, 0x04, 0x0C, application.aid)
    response = yield from exchange(command, repeatable=True)
    if after_power_on and classify(response.sw) is StatusClass.NO_DIAGNOSIS:
        response = yield from exchange(command, repeatable=True)
    if classify(response.sw) is not StatusClass.OK:
        raise problem_for(response, _SELECT_ENDINGS)


def read_file(
    file: ElementaryFile, mode: ReadMode, endings: Mapping[StatusClass, Outcome] = _NO_ENDINGS
) -> Procedure[bytes]:
    """Read the one object a file of the current application holds, without the filler behind it.

    The object's own header says how much there is to read. Raises `CardProblem` malformed when the file ends before
    the object does, begins with another tag, breaks a limit, or is not there.
    """
    content = bytearray()
    if mode.extended and file.over_256_bytes:
        content += yield from _read_at_once(file, mode)
    selected = False
    for _ in range(MAX_READS):
        wanted = _missing_bytes(content)
        if wanted == 0:
            return _complete_object(file, content)
        response = yield from exchange(_read_command(file, len(content), wanted, selected), repeatable=True)
        status_class = classify(response.sw)
        if status_class is StatusClass.NO_CURRENT_FILE and not selected:
            yield from _select_file(file, endings)
            selected = True
            continue
        if status_class is StatusClass.OUTSIDE_FILE:
            break
        if status_class not in (StatusClass.OK, StatusClass.SHORT_READ):
            raise problem_for(response, endings)
        content += response.data
        if status_class is StatusClass.SHORT_READ or not response.data:
            break
    if _missing_bytes(content) == 0:
        return _complete_object(file, content)
    raise CardProblem(Outcome.MALFORMED)


def _read_command(file: ElementaryFile, offset: int, wanted: int, selected: bool) -> CommandAPDU:
    if offset == 0 and not selected:
        return CommandAPDU(0x00, _READ_BINARY, _SHORT_ID | file.sfi, 0x00, le=wanted)
    return CommandAPDU(0x00, _READ_BINARY, offset >> 8, offset & 0xFF, le=wanted)


def _select_file(file: ElementaryFile, endings: Mapping[StatusClass, Outcome]) -> Procedure[None]:
    command = CommandAPDU(0x00, _SELECT, 0x02, 0x0C, file.fid.to_bytes(2, "big"))
    response = yield from exchange(command, repeatable=True)
    if classify(response.sw) is not StatusClass.OK:
        raise problem_for(response, endings)


def _read_at_once(file: ElementaryFile, mode: ReadMode) -> Procedure[bytes]:
    """The whole file by one extended-length READ, or nothing: then short reads begin at the start."""
    command = CommandAPDU(0x00, _READ_BINARY, _SHORT_ID | file.sfi, 0x00, le=MAX_EXTENDED_LE)
    try:
        response = yield Command(bytes(command))
    except CardProblem as problem:
        if problem.outcome is not Outcome.COMM_ERROR:
            raise
        mode.extended = False
        return b""
    status_class = classify(response.sw)
    if status_class in (StatusClass.WRONG_LENGTH, StatusClass.NO_DIAGNOSIS):
        mode.extended = False
    # Whatever else this one command could not do, the short reads that follow find out and report.
    return response.data if status_class in (StatusClass.OK, StatusClass.SHORT_READ) else b""


def _missing_bytes(content: bytearray) -> int:
    """How much the next READ asks for; 0 when the object is complete."""
    try:
        total = object_length(bytes(content))
    except TlvIncomplete:
        return MAX_SHORT_LE
    except TlvError:
        raise CardProblem(Outcome.MALFORMED) from None
    return max(0, min(MAX_SHORT_LE, total - len(content)))


def _complete_object(file: ElementaryFile, content: bytearray) -> bytes:
    # `_missing_bytes` has read this header already, so this cannot fail.
    outer = read_object(bytes(content))
    if outer.tag != file.outer_tag:
        raise CardProblem(Outcome.MALFORMED)
    return outer.encoded
