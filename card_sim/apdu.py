"""The card's side of the wire: take a command APDU apart (card.md section 5; ISO 7816-4 cases 1 to 4)."""

from __future__ import annotations

from dataclasses import dataclass

from card_sim.status import Refusal, Status

SHORT_LE_MAX = 256
EXTENDED_LE_MAX = 65_536


@dataclass(frozen=True)
class Command:
    """A command as the card sees it. `expected` (Le) is None when the command did not ask for data."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int | None = None
    extended: bool = False

    @property
    def parameters(self) -> int:
        """P1 and P2 as one number: the offset of a READ."""
        return self.p1 << 8 | self.p2


def parse_command(raw: bytes) -> Command:
    """Read one command APDU.

    Raises Refusal(6700) when the lengths in it disagree with the bytes that are there. Lc and Le are both short
    or both extended; an Le of zero asks for the maximum (256 or 65,536).
    """
    if len(raw) < 4:
        raise Refusal(Status.WRONG_LENGTH)
    cla, ins, p1, p2 = raw[:4]
    data, expected, extended = _parse_body(raw[4:])
    return Command(cla, ins, p1, p2, data, expected, extended)


def _parse_body(body: bytes) -> tuple[bytes, int | None, bool]:
    if not body:
        return b"", None, False
    if len(body) == 1:
        return b"", body[0] or SHORT_LE_MAX, False
    if body[0] != 0:
        return *_split(body[1:], length=body[0], le_octets=1), False
    if len(body) == 3:
        return b"", int.from_bytes(body[1:]) or EXTENDED_LE_MAX, True
    length = int.from_bytes(body[1:3])
    if len(body) < 3 or length == 0:
        raise Refusal(Status.WRONG_LENGTH)
    return *_split(body[3:], length=length, le_octets=2), True


def _split(rest: bytes, *, length: int, le_octets: int) -> tuple[bytes, int | None]:
    """Data of `length` bytes, then nothing or exactly one Le field."""
    if len(rest) == length:
        return rest, None
    if len(rest) == length + le_octets:
        return rest[:length], int.from_bytes(rest[length:]) or 1 << 8 * le_octets
    raise Refusal(Status.WRONG_LENGTH)
