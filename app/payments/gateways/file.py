"""The file exchange with providers: grant orders out, results in. Only the format; nothing here touches the database.

A file is CSV with CRLF: a head ``H``, a row ``D`` for each order or result, and a foot ``T`` with count and totals.
Files go out in the encoding agreed with the provider and come in as UTF-8 or CP932. A file is taken as a whole or not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app import clock, my_number
from app.payments.gateways.contract import GatewayAnswer, GrantInstruction

Encoding = Literal["utf-8-sig", "cp932"]
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_ROWS = 100_000
MAX_FAULTS = 50
REMARK_COLUMN = 7
_PRINTABLE = r"^[\x21-\x7e]+$"
WRONG_TOTALS = "件数または金額の合計が明細と一致しません。"


@dataclass(frozen=True)
class FileFault:
    """What is wrong with one row of a file; row 0 is the file as a whole. Never repeats what the row says."""

    row: int
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.row}行目 {self.code}: {self.text}" if self.row else f"{self.code}: {self.text}"


class FileRefused(Exception):
    """The file was refused as a whole and nothing of it was taken."""

    def __init__(self, *faults: FileFault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class ResultRow:
    """One result; ``row_no`` is the line of the file, ``amount`` whole points."""

    row_no: int
    order_id: UUID
    policy_id: str
    amount: int
    answer: GatewayAnswer


@dataclass(frozen=True)
class ResultFileContent:
    """Results that hold together: the file's number, the grant file it answers, and whether it answers all of it."""

    provider_id: str
    sequence_no: int
    answers: int
    is_partial: bool
    rows: tuple[ResultRow, ...] = field(repr=False)

    @property
    def succeeded_total(self) -> int:
        """Whole points of the rows that report success."""
        return sum(row.amount for row in self.rows if row.answer.state == "succeeded")


class _Line(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Head(_Line):
    kind: Literal["todoke-grant-results"]
    version: Literal["1"]
    provider_id: str = Field(min_length=1, max_length=40, pattern=_PRINTABLE)
    sequence_no: int = Field(ge=1, le=10**9)
    answers: int = Field(ge=1, le=10**9)
    completeness: Literal["FULL", "PARTIAL"]


class _Row(_Line):
    order_id: UUID
    policy_id: str = Field(min_length=1, max_length=100, pattern=_PRINTABLE)
    state: Literal["accepted", "succeeded", "failed", "received", "not_received"]
    amount: int = Field(ge=1, le=10**9)
    transaction_no: str = Field(max_length=100, pattern=r"^[\x21-\x7e]*$")
    reason: str = Field(pattern="^[a-z0-9_]{0,40}$")


class _Foot(_Line):
    count: int = Field(ge=0)
    succeeded: int = Field(ge=0)
    total: int = Field(ge=0)


Line = TypeVar("Line", bound=_Line)


def write_grant_file(
    provider_id: str, sequence_no: int, made_at: datetime, orders: Sequence[GrantInstruction], encoding: Encoding
) -> bytes:
    """A file of grant orders; the same orders give the same bytes. Raises ``FileRefused`` (E606) where CP932 fails."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    made = clock.local(made_at).isoformat(timespec="seconds")
    writer.writerow(["H", "todoke-grant-orders", "1", provider_id, sequence_no, made])
    for order in orders:
        writer.writerow(["D", order.order_id, order.policy_id, order.service_id, order.account, order.amount])
    writer.writerow(["T", len(orders), sum(order.amount for order in orders)])
    try:
        return out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        raise FileRefused(FileFault(0, "E606", "CP932では書けない文字があります。")) from None


def read_result_file(content: bytes) -> ResultFileContent:
    """The results of a file. Raises ``FileRefused`` with every fault that was found, up to a limit."""
    if len(content) > MAX_FILE_BYTES:
        raise FileRefused(FileFault(0, "E705", f"ファイルが大きすぎます({MAX_FILE_BYTES}バイトまで)。"))
    try:
        lines = list(csv.reader(io.StringIO(_decoded(content), newline="")))
    except csv.Error:
        raise FileRefused(FileFault(0, "E705", "CSVとして読み取れません。")) from None
    if not 2 <= len(lines) <= MAX_ROWS + 2:
        raise FileRefused(FileFault(0, "E705", f"行数が正しくありません(明細は{MAX_ROWS}行まで)。"))
    _refuse_my_numbers(lines)
    faults: list[FileFault] = []
    head = _checked(_Head, "H", lines[0], 1, faults)
    foot = _checked(_Foot, "T", lines[-1], len(lines), faults)
    rows = []
    for row_no, line in enumerate(lines[1:-1], start=2):
        row = _checked(_Row, "D", line, row_no, faults)
        if row is not None:
            answer = GatewayAnswer(row.state, row.transaction_no or None, row.reason or None)
            rows.append(ResultRow(row_no, row.order_id, row.policy_id, row.amount, answer))
        if len(faults) >= MAX_FAULTS:
            break
    if faults or head is None or foot is None:
        raise FileRefused(*faults)
    partial = head.completeness == "PARTIAL"
    found = ResultFileContent(head.provider_id, head.sequence_no, head.answers, partial, tuple(rows))
    succeeded = sum(row.answer.state == "succeeded" for row in rows)
    if (foot.count, foot.succeeded, foot.total) != (len(rows), succeeded, found.succeeded_total):
        raise FileRefused(FileFault(len(lines), "E705", WRONG_TOTALS))
    return found


def _decoded(content: bytes) -> str:
    """UTF-8 with or without mark, else CP932; a byte that is neither is named by row and column (E601)."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp932")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        row, column = before.count(b"\n") + 1, before.rpartition(b"\n")[2].count(b",") + 1
        text = f"{column}列目の文字を読み取れません。UTF-8またはShift_JIS(CP932)で保存してください。"
        raise FileRefused(FileFault(row, "E601", text)) from None


def _refuse_my_numbers(lines: list[list[str]]) -> None:
    """Before anything else is said. The remark is the one free column; the others have a form of their own (BR-57)."""
    for row_no, line in enumerate(lines, start=1):
        if any(my_number.looks_like_my_number(text) for text in line[REMARK_COLUMN:]):
            text = "マイナンバーと思われる番号が含まれています。ファイルは保存せず破棄しました。"
            raise FileRefused(FileFault(row_no, "E607", text))


def _checked(model: type[Line], mark: str, line: list[str], row_no: int, faults: list[FileFault]) -> Line | None:
    """One line as the model; a remark after the columns of a result is dropped."""
    names = list(model.model_fields)
    remark = 1 if model is _Row and len(line) == len(names) + 2 else 0
    if not line or line[0] != mark or len(line) != len(names) + 1 + remark:
        faults.append(FileFault(row_no, "E705", f"「{mark}」の行の形が正しくありません。"))
        return None
    try:
        return model.model_validate(dict(zip(names, line[1:], strict=False)))
    except ValidationError as error:
        wrong = ", ".join(str(fault["loc"][0]) for fault in error.errors(include_input=False))
        faults.append(FileFault(row_no, "E705", f"{wrong} が決められた形ではありません。"))
        return None
