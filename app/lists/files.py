"""Reading list files: CSV in UTF-8 or CP932, Excel workbooks; row by row, so that a million rows need no more memory.

A CSV is read twice: once to learn its encoding and that no byte is broken, once for its rows. A file with broken bytes
is read to its end all the same, so that every bad cell is named (E601).
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from app.lists.problems import ListRefused, problem
from app.lists.workbooks import refuse_unreadable, workbook_rows

Encoding = Literal["auto", "utf-8", "cp932"]
Progress = Callable[[int, int], None]
"""Called now and then with the bytes read so far and the bytes in all."""

MAX_CELL_CHARACTERS = 16 * 1024
_CHUNK = 1024 * 1024
_ZIP_MAGIC, _OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class Record(NamedTuple):
    """The cells of one row. ``rewritten``: which cells a workbook holds as ``number`` or ``date``, by position."""

    row_no: int
    cells: list[str]
    rewritten: dict[int, str] | None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that can be read; ``digest`` is SHA-256 over its bytes, ``encoding`` is ``None`` for a workbook."""

    path: Path
    size: int
    digest: bytes
    encoding: str | None
    is_broken: bool = False

    def records(self, progress: Progress | None = None) -> Iterator[Record]:
        """All rows from the heading on, which is row 1. Empty rows are left out, but counted."""
        if self.encoding is None:
            return (Record(*row) for row in workbook_rows(self.path))
        return _csv_rows(self, progress)


def open_file(path: Path, encoding: Encoding = "auto") -> SourceFile:
    """Look at the file: workbook or text, and in which encoding. Raises ``ListRefused`` for what is neither."""
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
    if magic in (_ZIP_MAGIC, _OLE_MAGIC):
        refuse_unreadable(path, size, is_zip=magic == _ZIP_MAGIC)
        with path.open("rb") as file:
            return SourceFile(path, size, hashlib.file_digest(file, "sha256").digest(), None)
    if magic[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise ListRefused((problem("E601", 1, 1),))
    digest, broken_at = _check_encodings(path, ("utf-8", "cp932") if encoding == "auto" else (encoding,))
    chosen = max(broken_at, key=lambda name: size + 1 if broken_at[name] is None else broken_at[name] or 0)
    return SourceFile(path, size, digest, chosen, is_broken=broken_at[chosen] is not None)


def _check_encodings(path: Path, names: tuple[str, ...]) -> tuple[bytes, dict[str, int | None]]:
    """The digest, and for each encoding the offset of the chunk with its first bad byte, ``None`` when all is well.

    UTF-8 comes first and wins where both would do: Japanese text in CP932 is practically never valid UTF-8.
    """
    digest = hashlib.sha256()
    decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
    broken_at: dict[str, int | None] = dict.fromkeys(names)
    read = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            for name in list(decoders):
                _decode(name, decoders, broken_at, chunk, read)
            read += len(chunk)
    for name in list(decoders):
        _decode(name, decoders, broken_at, b"", read, final=True)
    return digest.digest(), broken_at


def _decode(
    name: str,
    decoders: dict[str, codecs.IncrementalDecoder],
    broken_at: dict[str, int | None],
    chunk: bytes,
    read: int,
    *,
    final: bool = False,
) -> None:
    try:
        decoders[name].decode(chunk, final)
    except UnicodeDecodeError as error:
        broken_at[name] = read + error.start
        del decoders[name]


def _csv_rows(source: SourceFile, progress: Progress | None) -> Iterator[Record]:
    """Broken bytes come as lone surrogates, which no good file holds; ``layout`` names the cells that have them."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    errors = "surrogateescape" if source.is_broken else "strict"
    row_no = 0
    with (
        source.path.open("rb") as raw,
        io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline="") as file,
    ):
        reader = csv.reader(file, strict=True)
        try:
            for row_no, cells in enumerate(reader, start=1):
                if any(cells):
                    yield Record(row_no, cells, None)
                if progress is not None and row_no % 5_000 == 0:
                    progress(raw.tell(), source.size)
        except csv.Error:
            raise ListRefused((problem("layout:quotes", row_no + 1),)) from None
    if progress is not None:
        progress(source.size, source.size)


@contextmanager
def discarded_afterwards(path: Path) -> Iterator[Path]:
    """An uploaded file that is gone when the work is done, whatever happened: lists are kept encrypted only."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
