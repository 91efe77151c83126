"""BR-63, BR-70: what an office opens is neither a formula nor a question mark."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists import Unencodable, neutralised, to_csv


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(", "'=HYPERLINK("),
        ("+81…", "'+81…"),
        ("-1", "'-1"),
        ("@SUM", "'@SUM"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_br_63_a_text_cell_is_no_formula(cell: str, written: str) -> None:
    assert neutralised(cell) == written


def test_br_63_numbers_are_left_alone() -> None:
    assert to_csv(["amount", "note"], [[-500, "-500"]]) == "\ufeffamount,note\r\n-500,'-500\r\n".encode()


def test_br_70_e606_cp932_lacks_a_character_and_no_file_is_made() -> None:
    rows = [["髙橋　﨑子"], ["𠮷田　濵男"], ["辻\U000e0100"]]
    with pytest.raises(Unencodable) as refused:
        to_csv(["氏名"], rows, "cp932")
    assert refused.value.cells == ((3, 1), (4, 1))
    assert refused.value.wording().startswith("CP932では書けない文字があります(2件)")
    assert to_csv(["氏名"], rows[:1], "cp932").decode("cp932") == "氏名\r\n髙橋　﨑子\r\n"


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=2, max_size=2)))
def test_whatever_is_written_comes_back(rows: list[list[str]]) -> None:
    content = to_csv(["a", "b"], rows).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(content, newline="")))
    assert read == [["a", "b"], *([neutralised(cell) for cell in row] for row in rows)]


@given(st.text(max_size=20))
def test_br_70_cp932_writes_a_cell_as_it_is_or_not_at_all(cell: str) -> None:
    try:
        content = to_csv(["a"], [[cell]], "cp932")
    except Unencodable:
        return
    assert next(csv.reader(io.StringIO(content.decode("cp932")[3:], newline="")), [""]) == [neutralised(cell)]
