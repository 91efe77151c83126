"""Files in the state directory: whole or not at all, private unless said otherwise, one writer at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, if it is not there yet."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_whole(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Put `content` in place of the file in one step: a reader sees the old bytes or the new ones. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Hold the lock that belongs to a file, among threads and processes. Raises OSError."""
    # A lock file of its own: the file itself is replaced by every write, and a lock on it would go with it.
    with path.with_name(f"{path.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
