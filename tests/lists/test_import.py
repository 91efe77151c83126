"""BR-57, BR-70 to BR-73, E601 to E608: a list is loaded whole or not at all, and every bad cell is named."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app import db, lists, municipalities
from app.audit import AuditEvent
from app.lists import ListRefused
from tests.lists.conftest import HEADING, LIST_ID, OWNER, Load
from tests.lists.workbook import write_workbook

ROW = "S-0001,高橋　崎子,タカハシ　サキコ,昭和22年3月3日,大字白樺"
OTHER = "S-0002,斉藤　文子,,S25.11.05,大字白樺"
FULL_HEADING = "control_no,name,name_kana,birth_date,sex,town,municipality_code,note"


def stored(table: str) -> int:
    with db.reading() as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def refused(load: Load, *rows: str, **options: object) -> list[tuple[str, int | None, int | None]]:
    with pytest.raises(ListRefused) as refusal:
        load(*rows, **options)
    return [(p.code, p.row, p.column) for p in refusal.value.problems]


def test_br_72_a_dry_run_tells_the_differences_and_keeps_nothing(load: Load) -> None:
    report = load(ROW, OTHER, dry_run=True)
    assert (report.rows, report.added.count, report.added.rows, report.version) == (2, 2, (2, 3), None)
    assert stored("list_rows") == stored("list_tokens") == stored("list_versions") == stored("recipient_lists") == 0


def test_br_72_added_changed_and_removed_rows_are_counted_and_named(load: Load) -> None:
    assert load(ROW, OTHER).version == 1
    third = "S-0003,VAN AN NGUYEN,,1949-07-20,大字湖岸"
    report = load(ROW.replace("大字白樺", "大字湖岸"), third)
    assert report.version == 2
    assert (report.added.rows, report.changed.rows, report.removed.rows) == ((3,), (2,), (3,))


def test_br_72_the_same_file_again_changes_nothing(load: Load) -> None:
    first = load(ROW, OTHER)
    again = load(ROW, OTHER)
    assert (again.version, again.changes) == (first.version, 0)
    reordered = load(OTHER, ROW)
    assert (reordered.version, reordered.changes) == (1, 0)
    assert stored("list_versions") == 1
    assert stored("list_rows") == 2


def test_br_72_one_bad_row_in_ten_thousand_and_nothing_is_loaded(load: Load) -> None:
    rows = [f"S-{number:05},山田　太郎,ヤマダ　タロウ,昭和{number % 60 + 2}年4月1日,本町" for number in range(10_000)]
    rows[7_000] = rows[7_000].replace("4月1日", "2月30日")
    assert refused(load, *rows) == [("E608", 7_002, 4)]
    assert stored("list_rows") == stored("list_versions") == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_br_70_utf_8_with_or_without_mark_and_cp932_are_read(load: Load, encoding: str) -> None:
    content = f"{HEADING}\r\nS-0001,髙橋　﨑子,タカハシ,昭和22年3月3日,大字白樺\r\n".encode(encoding)
    assert load(content=content).rows == 1
    with db.transaction() as session:
        row = lists.read_row(session, "1-2", staff="ST-04", reason="試験")
    assert row["name"].reveal() == "髙橋　﨑子"


def test_br_69_cells_are_kept_byte_for_byte(load: Load) -> None:
    name = "\ufa19\u3000辻\U000e0100 "
    load(f"S-0001,{name},,昭和22年3月3日, 大字白樺")
    with db.transaction() as session:
        row = lists.read_row(session, "1-2", staff="ST-04", reason="試験")
    assert (row["name"].reveal(), row["town"].reveal()) == (name, " 大字白樺")


def test_br_70_e601_names_row_and_column_of_broken_bytes(load: Load) -> None:
    good = f"{HEADING}\n{ROW}\n".encode("cp932")
    whole = good + "S-0003,佐".encode("cp932") + b"\xff" + ",サト,1949-07-20,本町\n".encode("cp932")
    assert refused(load, content=whole) == [("E601", 3, 2)]


def test_br_70_e601_a_lead_byte_at_the_end_of_row_3(load: Load) -> None:
    content = f"{HEADING}\n{ROW}\nS-0003,佐藤　花,サトウ,1949-07-20,本".encode("cp932") + b"\x81\x0a"
    assert refused(load, content=content) == [("E601", 3, 5)]


def test_a_file_in_another_encoding_than_asked_for_is_refused(load: Load) -> None:
    content = f"{HEADING}\n{ROW}\n".encode("cp932")
    assert {code for code, *_ in refused(load, content=content, encoding="utf-8")} == {"E601"}
    assert refused(load, content=f"{HEADING}\n{ROW}\n".encode("utf-16")) == [("E601", 1, 1)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("983012", []),
        ("12203", [("E602", 2, 7)]),
        ("0983012", [("E602", 2, 7)]),
        ("９８３０１２", [("E602", 2, 7)]),
        ("131017", [("E603", 2, 7)]),
        ("6E+15", [("damaged", 2, 7), ("E602", 2, 7)]),
    ],
)
def test_br_71_br_73_e602_e603_codes_are_six_digits_with_a_check_digit(
    load: Load, code: str, expected: list[tuple[str, int, int]]
) -> None:
    content = f"{FULL_HEADING}\nS-1,高橋　崎子,,昭和22年3月3日,2,大字白樺,{code},\n".encode()
    if expected:
        assert refused(load, content=content) == expected
    else:
        assert load(content=content).rows == 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("6E+15,高橋,,昭和22年3月3日,町", ("damaged", 2, 1)),
        ("S-1,#N/A,,昭和22年3月3日,町", ("damaged", 2, 2)),
        ('S-1,"=""高橋""",,昭和22年3月3日,町', ("damaged", 2, 2)),
        ("S-1,高橋,,17229,町", ("E608", 2, 4)),
        ("S-1,高橋,,昭和64年1月8日,町", ("E608", 2, 4)),
        ("S-1,高橋,,2027-01-01,町", ("E608", 2, 4)),
        ("S-1,高橋,,1850-01-01,町", ("E608", 2, 4)),
        ("S-1,高橋,,,町", ("layout", 2, 4)),
        ("S-1,　,,昭和22年3月3日,町", ("layout", 2, 2)),
        (",高橋,,昭和22年3月3日,町", ("layout", 2, 1)),
        ("S-1,高\u0007橋,,昭和22年3月3日,町", ("layout", 2, 2)),
        ('S-1,"高\n橋",,昭和22年3月3日,町', ("layout", 2, 2)),
        (f"S-1,{'高' * 401},,昭和22年3月3日,町", ("layout", 2, 2)),
        ("S-1,高橋,,昭和22年3月3日", ("layout", 2, None)),
        ('S-1,"高"橋,,昭和22年3月3日,町', ("layout", 2, None)),
    ],
)
def test_br_71_every_bad_cell_is_named_by_row_and_column(
    load: Load, row: str, expected: tuple[str, int, int | None]
) -> None:
    assert refused(load, row) == [expected]


def test_e608_says_what_was_perhaps_meant(load: Load) -> None:
    with pytest.raises(ListRefused) as refusal:
        load("S-1,高橋,,昭和64年1月8日,町", "S-2,高橋,,平成12年2月30日,町")
    assert [p.text for p in refusal.value.problems] == [
        "2行目: 「昭和64年1月8日」は存在しない日付です。「平成元年1月8日」ではありませんか。",
        "3行目: 「平成12年2月30日」は存在しない日付です。",
    ]


def test_e604_the_same_person_twice_is_refused_with_both_rows(load: Load) -> None:
    with pytest.raises(ListRefused) as refusal:
        load(ROW, OTHER, ROW.replace("大字白樺", "大字湖岸"))
    assert [(p.code, p.text) for p in refusal.value.problems] == [("E604", "2行目と4行目が同じ方です。")]


def test_e604_without_control_numbers_the_person_is_the_row(load: Load) -> None:
    content = "氏名,生年月日,町名\n髙橋　花,昭和22年3月3日,本町\n高橋 花,S22.3.3,本町\n".encode()
    assert refused(load, content=content) == [("E604", 2, None)]


def test_br_67_twins_under_two_numbers_are_loaded_and_shown_to_staff(load: Load) -> None:
    twin = "山本,ヤマモト,2026-05-05,川辺一丁目"
    report = load(f"K-0101,{twin}", f"K-0102,{twin}")
    assert (report.rows, report.alike.rows) == (2, (2, 3))


def test_br_70_a_name_that_lost_a_character_is_marked_for_staff(load: Load) -> None:
    assert load("S-1,■田　太郎,,昭和22年3月3日,町", ROW).marked.rows == (2,)


def test_br_71_numbers_of_uneven_length_are_pointed_out(load: Load) -> None:
    person = "高橋,,昭和22年3月3日,町"
    assert load(f"0001,{person}", f"12,{person}", dry_run=True).uneven_numbers
    assert not load(f"0001,{person}", f"0012,{person}", dry_run=True).uneven_numbers


@pytest.mark.parametrize(
    "number",
    [
        "123456789018",
        "1234-5678-9018",
        "１２３４ ５６７８ ９０１８",
        "番号は123456789018です",
        "1.23456789018E+11",
        '"123,456,789,018"',
        "一二三四五六七八九〇一八",
    ],
)
def test_br_57_e607_a_my_number_ends_the_reading_and_only_that_is_kept(load: Load, number: str) -> None:
    content = f"{FULL_HEADING}\nS-1,高橋　崎子,,昭和22年3月3日,2,大字白樺,,{number}\n".encode()
    assert refused(load, content=content) == [("E607", 2, 8)]
    assert stored("list_rows") == stored("list_versions") == 0
    with db.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action.like("list.%")))
        told = [(event.action, event.object_id, event.facts) for event in events]
    assert told == [("list.my_number_refused", LIST_ID, {})]


def test_br_57_a_my_number_in_heading_or_file_name_is_refused_too(load: Load, tmp_path: Path) -> None:
    assert refused(load, content=b"name,birth_date,123456789018\n")[0][0] == "E607"
    path = tmp_path / "list-123456789018.csv"
    path.write_text(f"{HEADING}\n{ROW}\n", encoding="utf-8")
    assert refused(load, path=path)[0][0] == "E607"


def test_br_57_other_runs_of_digits_are_plain_values(load: Load) -> None:
    rows = [f"{number},高橋,,昭和22年3月3日,町" for number in ("123456789017", "1234567890189")]
    assert load(*rows).rows == 2


@pytest.mark.parametrize(
    ("content", "column"),
    [("", None), (HEADING, None), ("name,town\n", None), ("name,birth_date,電話\n", 3), ("name,name,birth_date\n", 2)],
)
def test_a_file_without_rows_or_with_other_columns_is_refused(load: Load, content: str, column: int | None) -> None:
    problems = refused(load, content=content.encode())
    assert problems[0][0] == "layout"
    assert problems[0][2] == column


def test_a_thousand_problems_are_enough(load: Load) -> None:
    assert len(refused(load, *["S-1,,,,町"] * 5_000)) == 1_000


def test_empty_rows_are_left_out_but_counted(load: Load) -> None:
    assert refused(load, "", ",,,,", "S-1,高橋,,昭和64年1月8日,町") == [("E608", 4, 4)]


HEADINGS = ["対象者管理番号", "氏名", "氏名（カナ）", "生年月日", "町名"]


def test_a_workbook_is_read_with_text_and_dates(load: Load, tmp_path: Path) -> None:
    rows = [
        HEADINGS,
        ["0001", "髙橋　﨑子", None, date(1947, 3, 3), "大字白樺"],
        ["0002", "佐藤", "サトウ", "S25.11.05", None],
    ]
    report = load(path=write_workbook(tmp_path / "list.xlsx", rows))
    assert (report.rows, report.uneven_numbers) == (2, False)
    with db.reading() as session:
        subject = lists.subject_of("高橋 崎子", "ほくと県きた郡しらかば村大字白樺１２番地", date(1947, 3, 3))
        assert lists.match(session, LIST_ID, subject).level == "name"


def test_br_71_what_a_spreadsheet_did_to_cells_is_found(load: Load, tmp_path: Path) -> None:
    rows = [
        [*HEADINGS, "自治体コード"],
        [6e15, "高橋", None, date(1947, 3, 3), "町", "983012"],
        ["S-2", 12.0, None, date(1947, 3, 3), "町", "983012"],
        ["S-3", "高橋", None, 17229.0, "町", "983012"],
        ["S-4", "高橋", None, date(1947, 3, 3), "町", 12203.0],
        [date(2026, 1, 2), "高橋", None, date(1947, 3, 3), "町", "983012"],
        ["S-6", "高橋", None, date(1947, 3, 3), "町", 983012.0],
    ]
    assert refused(load, path=write_workbook(tmp_path / "list.xlsx", rows)) == [
        ("damaged", 2, 1),
        ("damaged", 3, 2),
        ("E608", 4, 4),
        ("E602", 5, 6),
        ("damaged", 6, 1),
    ]


def test_br_71_numbers_instead_of_text_show_by_their_length(load: Load, tmp_path: Path) -> None:
    rows = [HEADINGS, *([number, "高橋", None, date(1947, 3, 3), "町"] for number in (7.0, 12.0))]
    assert load(path=write_workbook(tmp_path / "list.xlsx", rows)).uneven_numbers


def test_a_broken_workbook_is_refused_in_words(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"PK\x03\x04 and then something else")
    assert refused(load, path=path) == [("layout", None, None)]


def test_a_stray_cell_far_away_is_named_and_not_unpacked(load: Load, tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "list.xlsx", [HEADINGS], stray="XFD1048576")
    assert refused(load, path=path) == [("layout", None, None)]
    near = write_workbook(
        tmp_path / "near.xlsx", [HEADINGS, ["1", "高橋", None, date(1947, 3, 3), "町"]], stray="K2000"
    )
    assert refused(load, path=near) == [("layout", 2000, None)]


def test_a_part_that_holds_more_than_it_says_is_refused(load: Load, tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "list.xlsx", [HEADINGS, *([["1", "高橋", None, date(1947, 3, 3), "町"]] * 50)])
    with zipfile.ZipFile(path) as archive:
        said = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(path.read_bytes().replace(said.to_bytes(4, "little"), (200).to_bytes(4, "little")))
    assert refused(load, path=path) == [("layout", None, None)]


def test_another_kind_of_package_is_no_workbook(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<table/>")
    assert refused(load, path=path) == [("layout", None, None)]


def test_an_unknown_list_or_another_owner_is_refused(load: Load) -> None:
    with pytest.raises(lists.UnknownList):
        load(ROW, owner=None)
    load(ROW)
    with pytest.raises(lists.OtherOwner):
        load(OTHER, owner=lists.Owner("P-007", "992020"))
    assert load(OTHER, owner=None).version == 2
    assert OWNER.policy_id == "P-017"


def test_one_load_of_a_list_at_a_time(load: Load) -> None:
    load(ROW)
    with db.transaction() as session:
        session.execute(text("SELECT FROM recipient_lists FOR UPDATE"))
        with pytest.raises(lists.LoadInProgress):
            load(OTHER)


def test_an_uploaded_file_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "upload.csv"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), lists.discarded_afterwards(path):
        raise ZeroDivisionError
    assert not path.exists()


def test_br_71_a_code_that_lost_its_zero_would_be_another_place_and_is_refused(load: Load) -> None:
    codes = {row.code: row.kind for row in municipalities.load_table(with_samples=False).rows.values()}
    others = {code[:5]: kind for code, kind in codes.items()}
    pairs = [(code[1:], {codes[code], others[code[1:]]}) for code in codes if code[0] == "0" and code[1:] in others]
    assert len(pairs) == 15
    assert len([kinds for _, kinds in pairs if municipalities.Kind.WARD not in kinds]) == 12
    rows = "".join(f"S-{number},高橋,,昭和22年3月3日,2,町,{five},\n" for number, (five, _) in enumerate(pairs))
    found = refused(load, content=f"{FULL_HEADING}\n{rows}".encode())
    assert found == [("E602", number + 2, 7) for number in range(15)]
