"""The door into the network namespace of tools/private_pcscd.sh: hands out connections to its virtual readers.

A program outside connects to the Unix socket and sends the number of a reader. It gets one byte, and with it the open
TCP connection to that reader's card side, as a file descriptor: from then on it talks to vpcd directly. Needs nothing
but Python. `--ask` tells by the exit status whether a door stands open.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

FIRST_PORT = 35963
OPEN, NO_READER = b"\x01", b"\x00"
PATIENCE_SECONDS = 5.0


def keep_open(path: str) -> None:
    """Serve one visitor after the other, for ever."""
    before = os.umask(0o177)  # only this user may come in
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    os.umask(before)
    while True:
        visitor, _ = listener.accept()
        with visitor, suppress(OSError):
            visitor.settimeout(PATIENCE_SECONDS)
            _serve(visitor)


def _serve(visitor: socket.socket) -> None:
    wish = visitor.recv(1)
    if not wish.isdigit():
        return
    try:
        line = socket.create_connection(("127.0.0.1", FIRST_PORT + int(wish)), timeout=PATIENCE_SECONDS)
    except OSError:
        visitor.sendall(NO_READER)
        return
    with line:
        line.settimeout(None)
        socket.send_fds(visitor, [OPEN], [line.fileno()])


def _stands_open(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


if __name__ == "__main__":
    if sys.argv[2:] == ["--ask"]:
        sys.exit(not _stands_open(sys.argv[1]))
    with suppress(KeyboardInterrupt):
        keep_open(sys.argv[1])
