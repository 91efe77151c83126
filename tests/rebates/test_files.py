"""The purchase file: read and judged as a whole, recorded like any report, safe to import again (BR-70, BR-72)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import rebates
from app.csv_files import CsvRefused
from tests.rebates.conftest import POLICY, PROVIDER, Member, held, member, rebate_policy, rows_in

pytestmark = pytest.mark.usefixtures("service")

HEADING = "取引番号,明細番号,区分,決済サービス,決済サービスID,日時,店舗番号,商品区分,金額,元の取引番号"


def line(who: Member, number: str, yen: object, *, line_no: object = 1, goods: str = "", of: str = "") -> str:
    kind = "返品" if of else "購入"
    return f"{number},{line_no},{kind},SVC-QR-01,{who.account},2026-11-10T12:00:00,001,{goods},{yen},{of}"


def write(tmp_path: Path, *lines: str, total: int | None = None, encoding: str = "utf-8") -> Path:
    yen = sum(int(one.split(",")[8]) for one in lines if one.split(",")[8].isdigit())
    last = f"合計,{len(lines)},,,,,,,{yen if total is None else total},"
    path = tmp_path / "purchases.csv"
    path.write_text("\r\n".join([HEADING, *lines, last]), encoding=encoding)
    return path


def import_(path: Path) -> rebates.FileReport:
    return rebates.import_file(path, policy_id=POLICY, provider_id=PROVIDER)


def faults(path: Path) -> set[tuple[str, int, str]]:
    with pytest.raises(CsvRefused) as refused:
        import_(path)
    assert rows_in("rebate_purchases") == 0
    return {(fault.code, fault.row, fault.column) for fault in refused.value.faults}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_is_recorded_line_by_line_into_transactions(tmp_path, encoding):
    rebate_policy()
    who = member()
    path = write(
        tmp_path,
        line(who, "T1", 1_000, goods="食品"),
        line(who, "R1", 100, of="T1"),
        line(who, "T1", 600, line_no=2, goods="たばこ"),
        encoding=encoding,
    )
    report = import_(path)
    assert (report.transactions, report.outcomes) == (2, {rebates.Outcome.RECORDED: 2})
    assert held(who) == 270


def test_br_72_the_same_file_again_changes_nothing(tmp_path):
    rebate_policy()
    who = member()
    path = write(tmp_path, line(who, "T1", 1_000))
    import_(path)
    assert import_(path).outcomes == {rebates.Outcome.UNCHANGED: 1}
    assert held(who) == 300


def test_what_could_not_be_recorded_is_named(tmp_path):
    rebate_policy()
    who = member()
    import_(write(tmp_path, line(who, "T1", 1_000)))
    stranger = Member(who.application_id, who.person_id, "9999999999999")
    report = import_(write(tmp_path, line(who, "T1", 2_000), line(stranger, "T2", 1_000)))
    assert [(one.transaction_no, str(one.outcome), one.code) for one in report.problems] == [
        ("T1", "put_aside", "E704"),
        ("T2", "not_enrolled", None),
    ]


def test_br_72_one_bad_cell_and_nothing_is_recorded(tmp_path):
    rebate_policy()
    who = member()
    bad = line(who, "T2", "1.5").replace("購入", "売上").replace("2026-11-10T12:00:00", "2026-11-31")
    found = faults(write(tmp_path, line(who, "T1", 1_000), bad))
    assert found == {("layout", 3, "金額"), ("layout", 3, "区分"), ("E608", 3, "日時")}


def test_e705_totals_that_differ_refuse_the_file(tmp_path):
    rebate_policy()
    who = member()
    assert faults(write(tmp_path, line(who, "T1", 1_000), total=999)) == {("E705", 3, "合計")}


def test_e705_a_file_that_was_cut_off_is_refused(tmp_path):
    rebate_policy()
    who = member()
    path = write(tmp_path, line(who, "T1", 1_000), line(who, "T2", 1_000))
    path.write_text("\r\n".join(path.read_text("utf-8").splitlines()[:-1]), encoding="utf-8")
    assert faults(path) == {("E705", 3, "取引番号")}


def test_e604_the_same_line_twice_is_never_counted_twice(tmp_path):
    rebate_policy()
    who = member()
    assert faults(write(tmp_path, line(who, "T1", 1_000), line(who, "T1", 1_000))) == {("E604", 3, "明細番号")}


def test_lines_of_one_transaction_agree_on_everything_but_goods_and_yen(tmp_path):
    rebate_policy()
    who, other = member(), member()
    path = write(tmp_path, line(who, "T1", 1_000), line(other, "T1", 500, line_no=2))
    assert faults(path) == {("layout", 3, "取引番号")}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("店舗番号", "店番", ("layout", 1, "店番")),
        (",区分,", ",明細番号,", ("layout", 1, "明細番号")),
        (",001,", ",,", ("layout", 2, "店舗番号")),
        (",001,", ",123456789018,", None),
        ("食品", "123456789018", ("E607", 2, "商品区分")),
        ("食品", "x" * 401, ("layout", 2, "商品区分")),
    ],
)
def test_headings_and_cells_are_judged(tmp_path, old, new, fault):
    rebate_policy()
    who = member()
    path = write(tmp_path, line(who, "T1", 1_000, goods="食品"))
    path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    if fault is None:
        assert import_(path).transactions == 1
    else:
        assert fault in faults(path)


def test_e601_bytes_that_are_no_text_are_named_by_row(tmp_path):
    rebate_policy()
    path = tmp_path / "purchases.csv"
    path.write_bytes(HEADING.encode("cp932") + b"\r\n\r\nT1,\x81\x0a")
    assert faults(path) == {("E601", 3, "")}


@pytest.mark.parametrize("content", ["", HEADING, f'{HEADING}\r\n"T1'])
def test_an_empty_or_broken_file_is_refused(tmp_path, content):
    rebate_policy()
    path = tmp_path / "purchases.csv"
    path.write_text(content, encoding="utf-8")
    assert {code for code, _, _ in faults(path)} == {"layout"}
