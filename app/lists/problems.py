"""What is wrong with a file: each cell named by row and column, with the code of the message list (domain.md 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_PROBLEMS = 1_000
"""So many are named; a file with more is of another layout, and the rest would help nobody."""

Code = Literal["E601", "E602", "E603", "E604", "E605", "E607", "E608", "layout", "damaged"]

WORDINGS: dict[str, str] = {
    "E601": "{row}行{col}列目の文字を読み取れません。UTF-8またはShift_JIS(CP932)で保存してください。",
    "E602": "{row}行目: 自治体コードは6桁です。先頭の0が消えていないか確認してください。",
    "E603": "{row}行目: 自治体コードの検査数字が合いません。",
    "E604": "{row}行目と{row2}行目が同じ方です。",
    "E605": "付与済みの方の行は削除できません({n}件)。",
    "E607": "マイナンバーと思われる番号が含まれています。ファイルは保存せず破棄しました。",
    "E608": "{row}行目: 「{value}」は存在しない日付です。「{hint}」ではありませんか。",
    "E608:no_hint": "{row}行目: 「{value}」は存在しない日付です。",
    "E608:future": "{row}行目: 「{value}」は未来の日付です。",
    "E608:calendar": "{row}行目: 「{value}」は西暦に直せない日付です(明治6年1月1日より前)。",
    "layout:header": "1行目の見出し「{value}」は使えません。使える見出し: {known}",
    "layout:twice": "1行目の見出し「{value}」が2回あります。",
    "layout:missing": "1行目に見出し「{value}」がありません。",
    "layout:empty_file": "ファイルに行がありません。",
    "layout:cells": "{row}行目: 列の数が見出しと合いません({n}列)。",
    "layout:empty": "{row}行目: 「{title}」が空です。",
    "layout:too_long": "{row}行目: 「{title}」が長すぎます({n}文字まで)。",
    "layout:control": "{row}行目: 「{title}」に改行などの制御文字があります。",
    "layout:quotes": '{row}行目: 引用符(")の組が合いません。',
    "layout:sex": "{row}行目: 性別は1(男)、2(女)、9、0のどれかです。",
    "layout:control_no": "{row}行目: 対象者管理番号がありません。入れるときは、すべての行に入れてください。",
    "layout:rows": "行が多すぎます({n}行まで)。ファイルを分けずに、担当へご相談ください。",
    "layout:workbook": "Excelのファイルとして読み取れません。xlsx形式で保存し直すか、CSVにしてください。",
    "layout:workbook_area": "表から遠くはなれたセルに、何か入っています。表の外を空にするか、CSVにしてください。",
    "layout:workbook_size": "Excelのファイルが大きすぎます。CSV(UTF-8)で保存してください。",
    "damaged:number": "{row}行目: 「{title}」の「{value}」は、表計算ソフトが書き換えた数です。"
    "列を「文字列」にして入れ直してください。",
    "damaged:date": "{row}行目: 「{title}」の「{value}」は、表計算ソフトが日付に書き換えたものです。"
    "列を「文字列」にして入れ直してください。",
    "damaged:formula": "{row}行目: 「{title}」に数式またはエラーの値「{value}」があります。",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. ``row`` counts the heading as 1; both are ``None`` when the whole file is meant."""

    code: Code
    row: int | None
    column: int | None
    text: str


def problem(name: str, row: int | None = None, column: int | None = None, **facts: str | int) -> Problem:
    """The problem of a row of ``WORDINGS``; the part after the colon picks one of several wordings of a code."""
    code: Code = name.partition(":")[0]  # type: ignore[assignment]  # names of WORDINGS begin with a Code
    return Problem(code, row, column, WORDINGS[name].format(row=row, col=column, **facts))


class ListRefused(Exception):
    """Nothing of the file was kept (BR-72). ``str()`` gives codes alone: what a cell holds does not go to logs."""

    def __init__(self, problems: tuple[Problem, ...], *, total: int | None = None) -> None:
        self.problems = problems
        self.total = len(problems) if total is None else total
        super().__init__(", ".join(sorted({problem.code for problem in problems})))


class TooManyProblems(Exception):
    """Reading further would name nothing more."""


class Problems:
    """Collects problems up to the limit."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, name: str, row: int | None = None, column: int | None = None, **facts: str | int) -> None:
        """Note one; ``TooManyProblems`` at the limit."""
        self.found.append(problem(name, row, column, **facts))
        if len(self.found) >= MAX_PROBLEMS:
            raise TooManyProblems

    def refuse_if_any(self) -> None:
        """Raise ``ListRefused`` with what was found."""
        if self.found:
            raise ListRefused(tuple(self.found))
