"""Writing CSV for offices: nothing is lost to an encoding, and no cell becomes a formula (BR-63, BR-70). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

OutputEncoding = Literal["utf-8", "cp932"]
Cell = str | int | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_BOM = b"\xef\xbb\xbf"


class Unencodable(Exception):
    """E606: characters that CP932 cannot write. No byte was made.

    ``cells`` are (row, column) as a spreadsheet counts them, the heading being row 1; ``wording`` names how many.
    """

    code = "E606"

    def __init__(self, cells: tuple[tuple[int, int], ...]) -> None:
        self.cells = cells
        super().__init__(f"{len(cells)} cells can't be written in CP932")

    def wording(self) -> str:
        """The sentence for staff (domain.md 3.2)."""
        return f"CP932では書けない文字があります({len(self.cells)}件)。対象の行を表示します。UTF-8で出力してください。"


def neutralised(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula (BR-63)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def to_csv(heading: Sequence[str], rows: Sequence[Sequence[Cell]], encoding: OutputEncoding = "utf-8") -> bytes:
    """The bytes of a CSV file, lines ended by CR LF. UTF-8 is written with its mark.

    Whole numbers are left alone (−500 stays −500), texts are neutralised. Raises ``Unencodable`` when CP932 was asked
    for and lacks a character: never a "?" in its place.
    """
    table: list[Sequence[Cell]] = [heading, *rows]
    if encoding == "cp932":
        _refuse_unencodable(table)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([neutralised(cell) if isinstance(cell, str) else cell for cell in row] for row in table)
    return text.getvalue().encode("cp932") if encoding == "cp932" else _BOM + text.getvalue().encode()


def _refuse_unencodable(table: Sequence[Sequence[Cell]]) -> None:
    cells = tuple(
        (row_no, column)
        for row_no, row in enumerate(table, start=1)
        for column, cell in enumerate(row, start=1)
        if isinstance(cell, str) and not _fits(cell)
    )
    if cells:
        raise Unencodable(cells)


def _fits(text: str) -> bool:
    try:
        # Not every character comes back as it went: 〜 and − have two codes. What does not come back is not written.
        return text.encode("cp932").decode("cp932") == text
    except UnicodeEncodeError:
        return False
