"""Reading list files: CSV in UTF-8 or CP932, Excel workbooks; row by row, so that a million rows need no more memory.

A CSV is read twice: once to learn its encoding and that no byte is broken, once for its rows. A file with broken bytes
is read to its end all the same, so that every bad cell is named (E601).
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from app.lists.problems import ListRefused, problem

Encoding = Literal["auto", "utf-8", "cp932"]
Progress = Callable[[int, int], None]
"""Called now and then with the bytes read so far and the bytes in all."""

MAX_CELL_CHARACTERS = 16 * 1024
MAX_WORKBOOK_BYTES = 64 * 1024 * 1024
MAX_WORKBOOK_CONTENT_BYTES = 512 * 1024 * 1024
MAX_EXACT_NUMBER = 10**15
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
            return _workbook_rows(self.path)
        return _csv_rows(self, progress)


def open_file(path: Path, encoding: Encoding = "auto") -> SourceFile:
    """Look at the file: workbook or text, and in which encoding. Raises ``ListRefused`` for what is neither."""
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
    if magic in (_ZIP_MAGIC, _OLE_MAGIC):
        _refuse_huge_workbook(path, size, magic)
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


def _refuse_huge_workbook(path: Path, size: int, magic: bytes) -> None:
    """A workbook is unpacked in memory: what would not fit is refused before, also a small file that unpacks huge."""
    if size > MAX_WORKBOOK_BYTES:
        raise ListRefused((problem("layout:workbook_size"),))
    if magic == _OLE_MAGIC:
        return
    try:
        with zipfile.ZipFile(path) as archive:
            content = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise ListRefused((problem("layout:workbook"),)) from None
    if content > MAX_WORKBOOK_CONTENT_BYTES:
        raise ListRefused((problem("layout:workbook_size"),))


def _workbook_rows(path: Path) -> Iterator[Record]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError):
        raise ListRefused((problem("layout:workbook"),)) from None
    width = max((at for at, cell in enumerate(rows[0], start=1) if cell != ""), default=0) if rows else 0
    for row_no, values in enumerate(rows, start=1):
        while len(values) > width and values[-1] == "":
            values.pop()
        cells, rewritten = [], {}
        for at, value in enumerate(values):
            text, kind = _cell_text(value)
            cells.append(text)
            if kind is not None:
                rewritten[at] = kind
        if any(cells):
            yield Record(row_no, cells, rewritten or None)


def _cell_text(value: object) -> tuple[str, str | None]:
    """What a cell says, and what it became if it is not text. A number past 15 digits has lost the others (BR-71)."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, bool):
        return str(value).upper(), "number"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, datetime):
        at_midnight = value.time() == datetime.min.time()
        return value.date().isoformat() if at_midnight else value.isoformat(" "), "date"
    return value.isoformat() if isinstance(value, date) else str(value), "date"


def _number_text(value: float) -> tuple[str, str | None]:
    if abs(value) >= MAX_EXACT_NUMBER:
        return f"{value:.2E}", None
    return str(int(value)) if float(value).is_integer() else str(value), "number"


@contextmanager
def discarded_afterwards(path: Path) -> Iterator[Path]:
    """An uploaded file that is gone when the work is done, whatever happened: lists are kept encrypted only."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
