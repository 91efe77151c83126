"""Shop lists: for earning and for spending, replaced as a whole, shops ended and never deleted."""

from __future__ import annotations

from datetime import date

import pytest

from app import clock, db, shops
from app.csv_files import CsvRefused
from app.shops import Purpose
from tests.rebates.conftest import at, load_list, rebate_policy, service

__all__ = ["service"]
pytestmark = pytest.mark.usefixtures("service")

TODAY = date(2026, 11, 20)
TWO = "店舗番号,店舗名\n001,みどり商店\n002,みどり書店\n"


def names(purpose: Purpose = Purpose.EARN, day: date = TODAY, **choice: str) -> list[str]:
    with db.reading() as session:
        return [shop.name for shop in shops.shops_on(session, "P-015", purpose, day, **choice)]


def refused(content: str, purpose: Purpose = Purpose.EARN) -> set[tuple[str, int, str]]:
    with pytest.raises(CsvRefused) as problem:
        load_list(content, purpose)
    return {(fault.code, fault.row, fault.column) for fault in problem.value.faults}


def group_on(shop_no: str, day: date, service_id: str = "SVC-QR-01") -> str | None:
    with db.reading() as session:
        listed = shops.listed_shops(session, "P-015", Purpose.EARN, {shop_no})
        assert listed is not None
        return listed.group_of(service_id, shop_no, day)


def test_no_list_and_an_empty_answer_are_two_things():
    rebate_policy(with_shops=False)
    with db.reading() as session:
        assert shops.listed_shops(session, "P-015", Purpose.EARN, {"001"}) is None
        assert shops.shop_count(session, "P-015", Purpose.EARN, TODAY) is None
    load_list(TWO)
    with db.reading() as session:
        assert shops.shop_count(session, "P-015", Purpose.EARN, TODAY) == 2


def test_a_list_replaces_the_one_before_and_tells_the_differences():
    rebate_policy(with_shops=False)
    first = load_list(TWO)
    assert (first.version, first.added, first.changed, first.ended) == (1, 2, 0, 0)
    again = load_list(TWO)
    assert (again.version, again.added, again.changed, again.ended) == (1, 0, 0, 0)
    other = load_list("店舗番号,店舗名\n002,みどり書房\n003,みどり食堂\n")
    assert (other.version, other.added, other.changed, other.ended) == (2, 1, 1, 1)
    assert names() == ["みどり書房", "みどり食堂"]


def test_a_shop_that_left_the_list_was_on_it_until_yesterday():
    rebate_policy()
    load_list("店舗番号,店舗名\n002,みどり書店\n")
    assert (group_on("001", date(2026, 11, 19)), group_on("001", TODAY)) == ("", None)


def test_a_dry_run_keeps_nothing(tmp_path):
    rebate_policy(with_shops=False)
    path = tmp_path / "shops.csv"
    path.write_text(TWO, encoding="utf-8")
    report = shops.load_shops(path, policy_id="P-015", purpose=Purpose.EARN, loaded_by="staff-1", dry_run=True)
    assert (report.dry_run, report.added, names()) == (True, 2, [])


def test_a_shop_may_take_part_with_one_service_and_for_some_days():
    rebate_policy(with_shops=False)
    load_list(
        "店舗番号,店舗名,決済サービス,取扱開始日,取扱終了日\n"
        "001,みどり商店,SVC-QR-01,2026-11-10,2026/11/20\n001,みどり商店,SVC-QR-02,,\n"
    )
    assert group_on("001", date(2026, 11, 9)) is None
    assert group_on("001", date(2026, 11, 10)) == group_on("001", date(2026, 11, 20)) == ""
    assert group_on("001", date(2026, 11, 21)) is None
    assert group_on("001", date(2026, 11, 21), "SVC-QR-02") == ""
    assert names(service_id="SVC-QR-02") == ["みどり商店"]


@pytest.mark.parametrize("written", ["001", "００１", " 001 "])
def test_a_shop_number_is_compared_without_width_and_spaces_but_with_its_zeros(written):
    rebate_policy()
    assert (group_on(written, TODAY), group_on("1", TODAY)) == ("", None)


def test_the_group_of_a_shop_must_be_one_of_the_policy():
    rebate_policy(with_shops=False, benefit__shop_group_caps={"大型店": 1_000})
    found = refused("店舗番号,店舗名,店舗グループ\n001,みどり商店,大形店\n")
    assert found == {("layout", 2, "店舗グループ")}
    load_list("店舗番号,店舗名,店舗グループ\n001,みどり商店,大型店\n")
    assert group_on("001", TODAY) == "大型店"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("001,みどり商店,SVC-EM-01,,", ("layout", 2, "決済サービス")),
        ("001,みどり商店,,2026-11-31,", ("E608", 2, "取扱開始日")),
        ("001,みどり商店,,2026-11-30,2026-11-01", ("layout", 2, "取扱終了日")),
        (",みどり商店,,,", ("layout", 2, "店舗番号")),
        ("001,,,,", ("layout", 2, "店舗名")),
    ],
)
def test_each_bad_cell_is_named_and_nothing_is_loaded(row, fault):
    rebate_policy(with_shops=False)
    assert fault in refused(f"店舗番号,店舗名,決済サービス,取扱開始日,取扱終了日\n{row}\n")
    assert names() == []


def test_the_same_shop_twice_is_refused():
    rebate_policy(with_shops=False)
    assert refused("店舗番号,店舗名\n001,みどり商店\n００１,みどり商店\n") == {("layout", 3, "店舗番号")}


def test_a_list_for_an_axis_that_is_not_limited_is_refused():
    rebate_policy(with_shops=False)
    assert refused(TWO, Purpose.SPEND) == {("layout", 0, "")}


def test_axis_4_has_a_list_of_shops_where_a_benefit_is_spent():
    rebate_policy(with_shops=False, axes__spend_shop_limited=True)
    load_list("店舗番号,店舗名,所在地\n001,みどり商店,大字緑1\n", Purpose.SPEND)
    assert (names(Purpose.SPEND), names(Purpose.EARN)) == (["みどり商店"], [])


def test_an_unknown_policy_has_no_list():
    rebate_policy(with_shops=False)
    with pytest.raises(LookupError):
        load_list(TWO, policy_id="P-999")


def test_the_clock_decides_which_day_a_shop_ends():
    rebate_policy()
    with clock.frozen(at("2026-12-01T00:00:00")):
        load_list("店舗番号,店舗名\n002,みどり書店\n")
    assert group_on("001", date(2026, 11, 30)) == ""
