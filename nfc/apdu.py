"""Command and response APDUs, cases 1 to 4, short and extended (card.md section 5; ISO 7816-4)."""

from dataclasses import dataclass, field
from typing import Final

MAX_SHORT_DATA: Final = 255
MAX_SHORT_LE: Final = 256
MAX_EXTENDED_DATA: Final = 65_535
MAX_EXTENDED_LE: Final = 65_536


class ApduError(ValueError):
    """The bytes are not an APDU, or the fields do not fit into one. The message never holds the bytes."""


@dataclass(frozen=True, slots=True)
class CommandAPDU:
    """One command. `bytes(command)` encodes it; `le` is the number of bytes expected (1-65,536), None for none.

    A case-1 command is exactly four bytes: the query of the tries depends on that. Lc and Le are both short or both
    extended. The data field is left out of the repr because it may be a PIN.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None

    def __post_init__(self) -> None:
        if (self.cla | self.ins | self.p1 | self.p2) & ~0xFF:  # a negative number has those bits as well
            raise ApduError("a header byte is outside 00-FF")
        if len(self.data) > MAX_EXTENDED_DATA:
            raise ApduError("the data field is too long")
        if self.le is not None and not 1 <= self.le <= MAX_EXTENDED_LE:
            raise ApduError("Le is outside 1-65536")

    def __bytes__(self) -> bytes:
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        if len(self.data) > MAX_SHORT_DATA or (self.le or 0) > MAX_SHORT_LE:
            return header + self._extended_body()
        lc = bytes((len(self.data),)) if self.data else b""
        le = b"" if self.le is None else bytes((self.le % 0x100,))
        return header + lc + self.data + le

    def _extended_body(self) -> bytes:
        le = b"" if self.le is None else (self.le % 0x1_0000).to_bytes(2, "big")
        if not self.data:
            return b"\x00" + le
        return b"\x00" + len(self.data).to_bytes(2, "big") + self.data + le


@dataclass(frozen=True, slots=True)
class Response:
    """The card's answer: data and status word. The repr tells the length of the data only (N5)."""

    data: bytes
    sw: int

    def __repr__(self) -> str:
        return f"Response({len(self.data)} bytes, {self.sw:04X})"


@dataclass(frozen=True, slots=True)
class Command:
    """What a procedure asks a transport to send. `secret` marks bytes that must not be shown anywhere (N5)."""

    apdu: bytes
    secret: bool = False

    def __repr__(self) -> str:
        shown = "hidden" if self.secret else self.apdu[:4].hex(" ").upper()
        return f"Command({shown}, {len(self.apdu)} bytes)"


def parse_response(raw: bytes) -> Response:
    """Split an answer into data and status word. Raises `ApduError` if there is no status word or too much data."""
    if len(raw) < 2:
        raise ApduError("the answer has no status word")
    if len(raw) - 2 > MAX_EXTENDED_LE:
        raise ApduError("the answer is too long")
    return Response(bytes(raw[:-2]), int.from_bytes(raw[-2:], "big"))


def parse_command(raw: bytes) -> CommandAPDU:
    """Read a command APDU back, strictly: every length must fit exactly. Raises `ApduError`.

    The guard and the trace judge commands by this; what it cannot read, they do not let pass or show.
    """
    if len(raw) < 4:
        raise ApduError("the command has no full header")
    cla, ins, p1, p2 = raw[:4]
    data, le = _parse_body(raw[4:])
    return CommandAPDU(cla, ins, p1, p2, data, le)


def _parse_body(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or MAX_SHORT_LE
    if body[0] != 0:
        return _split_body(body, header=1, le_width=1)
    if len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or MAX_EXTENDED_LE
    return _split_body(body, header=3, le_width=2)


def _split_body(body: bytes, *, header: int, le_width: int) -> tuple[bytes, int | None]:
    """Case 3 or 4: an Lc of `header` bytes, the data, and then nothing or an Le of `le_width` bytes."""
    lc = int.from_bytes(body[:header], "big")
    data, rest = body[header : header + lc], body[header + lc :]
    if len(body) < header or lc == 0 or len(data) != lc or len(rest) not in (0, le_width):
        raise ApduError("the lengths of the command do not fit")
    if not rest:
        return data, None
    return data, int.from_bytes(rest, "big") or 0x100**le_width
