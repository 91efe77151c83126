"""The way of a simulated card to a virtual PC/SC reader: through the door of tools/private_pcscd.sh, or directly."""

from __future__ import annotations

import os
import select
import socket
from dataclasses import dataclass
from pathlib import Path

FIRST_PORT = 35963
"""vpcd's card side of reader 0; reader 1 has the next port (card.md 12.3)."""

READERS = (0, 1)
DOOR_VARIABLE = "TODOKE_CARD_DOOR"
USUAL_DOOR = Path(".state") / "pcscd" / "door"
TIMEOUT_SECONDS = 5.0
NOTICED_SECONDS = 3.0
"""pcscd looks for a card about every 0.4 s, and asks it for its ATR."""


@dataclass(frozen=True)
class VirtualReaders:
    """The two readers of one vpcd. `door` is None where this process is in vpcd's own network namespace."""

    door: Path | None

    @classmethod
    def find(cls, door: Path | None = None) -> VirtualReaders:
        """The readers behind the door that is given, named in the environment, or in the usual folder."""
        named = door or (Path(os.environ[DOOR_VARIABLE]) if os.environ.get(DOOR_VARIABLE) else None)
        if named is None and USUAL_DOOR.exists():
            named = USUAL_DOOR
        return cls(named.absolute() if named is not None else None)

    @property
    def place(self) -> str:
        """What tells these readers from those of another pcscd on this machine."""
        return str(self.door) if self.door is not None else str(Path("/proc/self/ns/net").readlink())

    def address(self, reader: int) -> tuple[str, int]:
        """Where the reader's card side listens, inside its network namespace."""
        return "127.0.0.1", FIRST_PORT + reader

    def connect(self, reader: int) -> socket.socket:
        """A connection to the reader's card side, over which the reader has asked for the card already.

        Raises TimeoutError when it does not ask, as another card lies there; OSError when no reader answers.
        """
        line = self._open_line(reader)
        if not select.select([line], [], [], NOTICED_SECONDS)[0]:
            line.close()
            raise TimeoutError
        return line

    def _open_line(self, reader: int) -> socket.socket:
        if self.door is None:
            return socket.create_connection(self.address(reader), timeout=TIMEOUT_SECONDS)
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(TIMEOUT_SECONDS)
            door.connect(str(self.door))
            door.sendall(str(reader).encode("ascii"))
            _, lines, _, _ = socket.recv_fds(door, 1, 1)
        if not lines:
            raise ConnectionRefusedError
        return socket.socket(fileno=lines[0])
