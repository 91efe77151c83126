"""The deny list: what must never be asked of a card is stopped before a byte is sent (card.md section 1, N1 and N2).

A list of forbidden byte strings would be easy to walk around, because a card knows many spellings for one file. So
the guard lets only the commands pass that the procedures of this package are made of, each in its one spelling, and
looks at every way in which these can name a file. What it cannot read, it does not send.
"""

from typing import Final

from nfc.apdu import ApduError, CommandAPDU, parse_command
from nfc.files import COUNTER_KEYS, DENIED_FILES
from nfc.transports import Transport

_SELECT: Final = 0xA4
_BY_FILE_ID: Final = 0x02
_BY_NAME: Final = 0x04
_READ_BINARY: Final = 0xB0
_VERIFY: Final = 0x20
_SIGN: Final = 0x2A
_GET_RESPONSE: Final = 0xC0
_CHANGE: Final = 0x24

# Logical channels, command chaining and secure messaging all show in the class byte: each could hide a file's name.
_SPELLINGS: Final = frozenset(
    {(0x00, _SELECT), (0x00, _READ_BINARY), (0x00, _VERIFY), (0x80, _SIGN), (0x00, _GET_RESPONSE)}
)
_AT_A_COUNTER: Final = _SPELLINGS | {(0x00, _CHANGE)}
_SHORT_ID: Final = 0x80
_SHORT_ID_MASK: Final = 0x1F
_SUCCESS: Final = b"\x90\x00"


class ForbiddenCommand(RuntimeError):
    """A caller asked for something the deny list forbids. Nothing was sent. The message names the rule, no data."""


class Guarded:
    """A transport that refuses forbidden commands. Put it around every transport that can reach a real card.

    It follows which application and file are current. While that is not certain (before the first SELECT, after one
    that failed or was lost), a command must be allowed in every application that could be current.

    `counter` lets what `nfc.counter` needs pass: 照合番号B and the change of a PIN. Never for residents' readers.
    """

    def __init__(self, transport: Transport, *, counter: bool = False) -> None:
        self._transport = transport
        self._spellings = _AT_A_COUNTER if counter else _SPELLINGS
        self._counter = counter
        self._forget()

    def _forget(self) -> None:
        # Nothing is known of the card: another program may have left any application selected.
        self._possible_aids: frozenset[bytes] = frozenset(DENIED_FILES)
        self._current_sfi: int | None = None

    def open(self) -> None:
        """Open the transport; nothing is selected on the card then."""
        self._forget()
        self._transport.open()

    def close(self) -> None:
        """Close the transport."""
        self._forget()
        self._transport.close()

    def transmit(self, apdu: bytes) -> bytes:
        """Send the command, or raise `ForbiddenCommand` before anything is sent."""
        command = _understood(apdu, self._spellings)
        if command.ins == _SELECT and command.p1 == _BY_NAME:
            return self._select_application(command, apdu)
        sfi = _named_file(command)
        if sfi is not None:
            self._check_file(sfi)
            if command.ins in (_SELECT, _READ_BINARY):
                # A READ by short id makes its file current too. Remembered before it is known whether it worked.
                self._current_sfi = sfi
        elif command.ins != _GET_RESPONSE and self._current_sfi is not None:
            self._check_file(self._current_sfi)
        return self._transport.transmit(apdu)

    def _select_application(self, command: CommandAPDU, apdu: bytes) -> bytes:
        aid = command.data
        for denied in DENIED_FILES:
            # A prefix would select it as well (JICSAP), and then its files would go under another name here.
            if aid != denied and (denied.startswith(aid) or aid.startswith(denied)):
                raise ForbiddenCommand("N1: part of an application identifier")
        self._possible_aids |= {aid}
        answer = self._transport.transmit(apdu)
        if answer[-2:] == _SUCCESS:
            self._possible_aids = frozenset({aid})
            self._current_sfi = None
        return answer

    def _check_file(self, sfi: int) -> None:
        for aid in self._possible_aids:
            for fid, rule in DENIED_FILES.get(aid, {}).items():
                if fid & _SHORT_ID_MASK == sfi:
                    raise ForbiddenCommand(f"{rule}: a file that is never used")
            if not self._counter and sfi in COUNTER_KEYS.get(aid, ()):
                raise ForbiddenCommand("a key for counters only")


def _understood(apdu: bytes, spellings: frozenset[tuple[int, int]]) -> CommandAPDU:
    try:
        command = parse_command(apdu)
    except ApduError:
        raise ForbiddenCommand("not a well-formed command") from None
    if (command.cla, command.ins) not in spellings:
        raise ForbiddenCommand("an instruction that no procedure needs")
    if command.ins == _SELECT and (command.p1 not in (_BY_FILE_ID, _BY_NAME) or command.p2 != 0x0C):
        # By path, by parent, by position: other ways to the same file.
        raise ForbiddenCommand("a way to select that no procedure needs")
    if command.ins == _SELECT and command.p1 == _BY_FILE_ID and len(command.data) != 2:
        raise ForbiddenCommand("a file identifier of the wrong length")
    return command


def _named_file(command: CommandAPDU) -> int | None:
    """The short id of the file or key a command names, in whichever spelling; None for the current one.

    Bits beside the short id are ignored, as a card might ignore them; so are the upper bits of a file identifier.
    """
    if command.ins == _SELECT:
        return command.data[1] & _SHORT_ID_MASK
    if command.ins == _READ_BINARY:
        return command.p1 & _SHORT_ID_MASK or None if command.p1 & _SHORT_ID else None
    if command.ins in (_VERIFY, _SIGN, _CHANGE):
        return command.p2 & _SHORT_ID_MASK or None
    return None
