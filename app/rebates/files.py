"""The purchase file of a provider (CSV): one row for each line of a purchase or refund, the last row is the total.

Read and judged as a whole before anything is recorded (BR-72); then recorded like reports by the interface, so a file
that was interrupted, or comes twice, is simply imported again. Layout: docs/rebates.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from app import clock
from app.csv_files import Column, Faults, read_rows, whole_number
from app.rebates.record import MAX_LINES, MAX_NUMBER, MAX_REPORTS, Answer, Outcome, Report, record_purchases
from app.rebates.rules import Line

COLUMNS = (
    Column("transaction_no", "取引番号", own_number=True),
    Column("line_no", "明細番号"),
    Column("kind", "区分", may_be_empty=True),
    Column("service_id", "決済サービス", may_be_empty=True),
    Column("account", "決済サービスID", may_be_empty=True, own_number=True),
    Column("at", "日時", may_be_empty=True),
    Column("shop_no", "店舗番号", may_be_empty=True, own_number=True),
    Column("goods", "商品区分", may_be_empty=True),
    Column("amount", "金額"),
    Column("purchase_no", "元の取引番号", may_be_empty=True, own_number=True),
)
KINDS: dict[str, Literal["purchase", "refund"]] = {
    "購入": "purchase",
    "返品": "refund",
    "purchase": "purchase",
    "refund": "refund",
}
TOTAL = "合計"
_OF_THE_WHOLE = ("kind", "service_id", "account", "at", "shop_no", "purchase_no")
MAX_PROBLEMS = 1_000

Progress = Callable[[int, int], None]
"""Called with the transactions done so far and the transactions in all."""


@dataclass(frozen=True)
class FileReport:
    """How many transactions had which outcome; ``problems`` are the answers that need somebody, the first 1,000."""

    transactions: int
    outcomes: dict[Outcome, int]
    problems: tuple[Answer, ...]


def import_file(path: Path, *, policy_id: str, provider_id: str, progress: Progress | None = None) -> FileReport:
    """Record a purchase file. Raises ``CsvRefused`` with every fault, and then nothing is recorded; and what
    ``record_purchases`` raises."""
    reports = read_file(path)
    outcomes: Counter[Outcome] = Counter()
    problems: list[Answer] = []
    for start in range(0, len(reports), MAX_REPORTS):
        answers = record_purchases(policy_id, provider_id, reports[start : start + MAX_REPORTS])
        outcomes.update(answer.outcome for answer in answers)
        told = (answer for answer in answers if answer.outcome not in (Outcome.RECORDED, Outcome.UNCHANGED))
        problems += list(told)[: MAX_PROBLEMS - len(problems)]
        if progress is not None:
            progress(min(start + MAX_REPORTS, len(reports)), len(reports))
    return FileReport(len(reports), dict(outcomes), tuple(problems))


def read_file(path: Path) -> list[Report]:
    """The reports of a file, in its order; ``CsvRefused`` with every fault by row and column."""
    faults = Faults()
    rows = read_rows(path, COLUMNS, faults)
    faults.refuse_if_any()
    lines, last = rows[:-1], rows[-1]
    transactions: dict[str, _Transaction] = {}
    total = 0
    for row_no, cells in lines:
        total += _take_row(row_no, cells, transactions, faults)
    _check_total(last, total, len(lines), faults)
    faults.refuse_if_any()
    return [one.report() for one in transactions.values()]


@dataclass
class _Transaction:
    row_no: int
    cells: dict[str, str]
    at: datetime | None
    lines: dict[int, Line]

    def report(self) -> Report:
        assert self.at is not None
        return Report(
            transaction_no=self.cells["transaction_no"],
            kind=KINDS[self.cells["kind"]],
            service_id=self.cells["service_id"],
            account=self.cells["account"],
            at=self.at,
            shop_no=self.cells["shop_no"],
            lines=tuple(line for _, line in sorted(self.lines.items())),
            purchase_no=self.cells["purchase_no"] or None,
        )


def _take_row(row_no: int, cells: dict[str, str], transactions: dict[str, _Transaction], faults: Faults) -> int:
    number = cells["transaction_no"]
    line_no, amount = whole_number(cells["line_no"]), whole_number(cells["amount"])
    if not line_no:
        faults.add("layout", row_no, "明細番号", "1以上の数字にしてください")
    if not amount:
        faults.add("layout", row_no, "金額", "1以上の円の数字にしてください(区切りの「,」は使えません)")
    known = transactions.get(number)
    if known is None:
        known = transactions[number] = _Transaction(row_no, cells, _check_head(row_no, cells, faults), {})
    elif any(known.cells[name] != cells[name] for name in _OF_THE_WHOLE):
        faults.add("layout", row_no, "取引番号", f"{known.row_no}行目と同じ取引番号で、商品区分と金額のほかが違います")
    if line_no in known.lines:
        faults.add("E604", row_no, "明細番号", "同じ取引番号と明細番号の行が2回あります")
    elif len(known.lines) >= MAX_LINES:
        faults.add("layout", row_no, "明細番号", f"1つの取引は{MAX_LINES}行までです")
    known.lines[line_no or 0] = Line(cells["goods"], amount or 0)
    return amount or 0


def _check_head(row_no: int, cells: dict[str, str], faults: Faults) -> datetime | None:
    kind = KINDS.get(cells["kind"])
    if kind is None:
        faults.add("layout", row_no, "区分", "「購入」か「返品」にしてください")
    if (kind == "refund") != bool(cells["purchase_no"]):
        faults.add("layout", row_no, "元の取引番号", "返品には元の購入の取引番号を入れ、購入では空にしてください")
    for name in ("transaction_no", "shop_no", "purchase_no"):
        if len(cells[name]) > MAX_NUMBER:
            faults.add("layout", row_no, _title(name), f"{MAX_NUMBER}文字までです")
    for name in ("service_id", "account", "shop_no"):
        if not cells[name]:
            faults.add("layout", row_no, _title(name), "空です")
    try:
        at = datetime.fromisoformat(cells["at"].replace("/", "-"))
    except ValueError:
        faults.add("E608", row_no, "日時", "2026-11-20T10:00:00の形の、ある日時にしてください")
        return None
    return at if at.tzinfo else at.replace(tzinfo=clock.TOKYO)


def _check_total(last: tuple[int, dict[str, str]], total: int, rows: int, faults: Faults) -> None:
    row_no, cells = last
    if cells["transaction_no"] != TOTAL:
        faults.add("E705", row_no, "取引番号", "最後の行は「合計」(明細番号に行数、金額に円の合計)にしてください")
    elif (whole_number(cells["line_no"]), whole_number(cells["amount"])) != (rows, total):
        faults.add("E705", row_no, TOTAL, f"明細と一致しません。明細は{rows}行、{total}円です")


def _title(name: str) -> str:
    return next(column.title for column in COLUMNS if column.name == name)
