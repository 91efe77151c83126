"""A redacted log of the traffic, on a level of its own below DEBUG (card.md section 1, N3 to N5)."""

import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from nfc.apdu import ApduError, CommandAPDU, parse_command
from nfc.transports import Transport

TRAFFIC: Final = 5
"""Logging level of the traffic: switching on DEBUG does not switch this on."""

Sink: TypeAlias = Callable[[str], None]

# The one instruction whose data field is public. Any other data field may be a PIN, and is only counted.
_SELECT: Final = 0xA4

_LOGGER = logging.getLogger("nfc.traffic")


def log_traffic(line: str) -> None:
    """The usual sink: the logger `nfc.traffic` at level TRAFFIC."""
    _LOGGER.log(TRAFFIC, "%s", line)


class Traced:
    """A transport that tells a sink what it carries: headers, lengths and status words, never content.

    Response data and the ATR are left out, as are the data fields of all commands but SELECT.
    """

    def __init__(self, transport: Transport, sink: Sink = log_traffic) -> None:
        self._transport = transport
        self._sink = sink

    def open(self) -> None:
        """Open the transport."""
        self._transport.open()
        self._sink("power on")

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()
        self._sink("power off")

    def transmit(self, apdu: bytes) -> bytes:
        """Send the command as it is and tell the sink of it and of the answer."""
        if self._sink is log_traffic and not _LOGGER.isEnabledFor(TRAFFIC):
            # Nobody listens: writing the lines would take longer than a command takes on a virtual reader.
            return self._transport.transmit(apdu)
        self._sink(f"> {_shown(apdu)}")
        answer = self._transport.transmit(apdu)
        status = answer[-2:].hex().upper() if len(answer) >= 2 else "no status word"
        self._sink(f"< {max(0, len(answer) - 2)} bytes, {status}")
        return answer


def _shown(apdu: bytes) -> str:
    try:
        command = parse_command(apdu)
    except ApduError:
        return f"unreadable command of {len(apdu)} bytes"
    parts = [bytes((command.cla, command.ins, command.p1, command.p2)).hex(" ").upper()]
    if command.data:
        parts.append(_shown_data(command))
    if command.le is not None:
        parts.append(f"Le {command.le}")
    return " ".join(parts)


def _shown_data(command: CommandAPDU) -> str:
    if (command.cla, command.ins) == (0x00, _SELECT):
        return command.data.hex().upper()
    return f"[{len(command.data)} bytes hidden]"
