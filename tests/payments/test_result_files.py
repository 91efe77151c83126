"""Files of results: read as a whole or refused as a whole, with row and reason; and files of orders as they go out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from app.payments.gateways import GatewayAnswer, GrantInstruction
from app.payments.gateways.file import MAX_FAULTS, FileRefused, read_result_file, write_grant_file

ONE, TWO = UUID(int=1), UUID(int=2)
HEAD = "H,todoke-grant-results,1,PRV-03,7,12,FULL"
DONE = f"D,{ONE},P-001,succeeded,10000,T-1,"
FAILED = f"D,{TWO},P-001,failed,10000,,account_closed"
FOOT = "T,2,1,10000"


def _file(*lines: str, encoding: str = "utf-8") -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)


def _faults(content: bytes) -> list[tuple[int, str]]:
    with pytest.raises(FileRefused) as caught:
        read_result_file(content)
    return [(fault.row, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_br_70_a_file_in_utf_8_or_cp932_is_read_and_its_remarks_are_dropped(encoding: str) -> None:
    found = read_result_file(_file(HEAD, f"{DONE},完了しました", FAILED, FOOT, encoding=encoding))
    assert (found.provider_id, found.sequence_no, found.answers, found.is_partial) == ("PRV-03", 7, 12, False)
    assert [(row.row_no, row.order_id, row.answer) for row in found.rows] == [
        (2, ONE, GatewayAnswer("succeeded", "T-1")),
        (3, TWO, GatewayAnswer("failed", reason="account_closed")),
    ]
    assert found.succeeded_total == 10_000
    assert "完了" not in repr(found)


def test_br_70_e601_the_first_bad_byte_is_named_by_row_and_column() -> None:
    bad = _file(HEAD, f"{DONE},") + b"D,\x81\x0a,x\r\n" + _file(FOOT)
    with pytest.raises(FileRefused) as caught:
        read_result_file(bad)
    (fault,) = caught.value.faults
    assert (fault.row, fault.code) == (3, "E601")
    assert "2列目" in fault.text


@pytest.mark.parametrize(
    "foot", ["T,3,1,10000", "T,2,2,10000", "T,2,1,10001", "T,2,1,9999"], ids=["rows", "successes", "more", "less"]
)
def test_e705_totals_that_differ_from_the_rows_refuse_the_file(foot: str) -> None:
    assert _faults(_file(HEAD, DONE, FAILED, foot)) == [(4, "E705")]


@pytest.mark.parametrize(
    "row",
    [
        "D",
        f"X,{ONE},P-001,succeeded,10000,T-1,",
        "D,not-an-id,P-001,succeeded,10000,T-1,",
        f"D,{ONE},P-001,closed,10000,T-1,",
        f"D,{ONE},P-001,succeeded,-1,T-1,",
        f"D,{ONE},P-001,succeeded,1.5,T-1,",
        f"D,{ONE},P-001,succeeded,1E+15,T-1,",
        f"D,{ONE},P-001,succeeded,,T-1,",
        f"D,{ONE},,succeeded,10000,T-1,",
        f"D,{ONE},P-001,succeeded,10000,山田,",
        f"D,{ONE},P-001,failed,10000,,理由",
        f"D,{ONE},P-001,succeeded,10000,T-1,,remark,more",
    ],
)
def test_br_72_one_bad_row_refuses_the_whole_file_and_is_not_repeated(row: str) -> None:
    content = _file(HEAD, row, FAILED, FOOT)
    assert _faults(content)[0] == (2, "E705")
    with pytest.raises(FileRefused) as caught:
        read_result_file(content)
    assert "山田" not in str(caught.value)


@pytest.mark.parametrize(
    "head",
    [
        "H,todoke-grant-orders,1,PRV-03,7,12,FULL",
        "H,todoke-grant-results,2,PRV-03,7,12,FULL",
        "H,todoke-grant-results,1,PRV-03,0,12,FULL",
        "H,todoke-grant-results,1,PRV-03,7,12,ALMOST",
        "H,todoke-grant-results,1,PRV-03,7,12",
        "",
    ],
)
def test_a_head_of_another_kind_is_refused(head: str) -> None:
    assert (1, "E705") in _faults(_file(head, DONE, FAILED, FOOT))


def test_all_faults_are_told_up_to_a_limit() -> None:
    assert len(_faults(_file(HEAD, *["D,x"] * 10, FOOT))) == 10
    assert len(_faults(_file(HEAD, *["D,x"] * 200, FOOT))) == MAX_FAULTS


@pytest.mark.parametrize("content", [b"", b"H", b"\x00\x00\r\n\r\n", b'"', b"\xff\xff\r\n"])
def test_what_is_no_file_of_results_is_refused(content: bytes) -> None:
    assert _faults(content)


def test_br_57_e607_a_my_number_in_a_remark_refuses_the_file_before_anything_else() -> None:
    assert _faults(_file(HEAD, "D,x", f"{FAILED},番号は１２３４ ５６７８ ９０１８です", FOOT)) == [(3, "E607")]


def _order(account: str = "6000000000000015") -> GrantInstruction:
    return GrantInstruction(ONE, "SVC-EM-01", account, 10_000, "P-001")


def test_a_file_of_orders_carries_order_account_and_amount_and_its_totals() -> None:
    made = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
    content = write_grant_file("PRV-03", 12, made, [_order(), _order()], "utf-8-sig")
    assert content.decode("utf-8-sig").split("\r\n") == [
        "H,todoke-grant-orders,1,PRV-03,12,2026-11-20T10:00:00+09:00",
        f"D,{ONE},P-001,SVC-EM-01,6000000000000015,10000",
        f"D,{ONE},P-001,SVC-EM-01,6000000000000015,10000",
        "T,2,20000",
        "",
    ]


def test_br_70_e606_a_character_that_cp932_lacks_stops_the_file() -> None:
    with pytest.raises(FileRefused, match="E606"):
        write_grant_file("PRV-03", 1, datetime.fromisoformat("2026-11-20T10:00:00+09:00"), [_order("é@x.jp")], "cp932")
