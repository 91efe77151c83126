"""The shops of a policy, for everybody: where purchases count and where points are spent (axes 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app import db
from app.shops import Purpose
from tests.rebates.conftest import load_list
from tests.web.service import Service, check_is_clear, running


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database, tmp_path, monkeypatch) as service:
        yield service


def page(service: Service, path: str) -> str:
    answer = service.browser().get(path)
    check_is_clear(answer, 200)
    return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("policy_id", "title", "shop"),
    [("P-015", "お買い物が対象になるお店", "みどり商店"), ("P-017", "ポイントを使えるお店", "しらかば温泉")],
)
def test_a_policy_that_limits_shops_names_them(service: Service, policy_id: str, title: str, shop: str) -> None:
    address = f"/policies/{policy_id}/shops"
    assert address in page(service, f"/policies/{policy_id}")
    shown = page(service, address)
    assert title in shown
    assert shop in shown


def test_a_policy_without_a_limit_says_so(service: Service) -> None:
    assert "/shops" not in page(service, "/policies/P-001")
    assert "お店を限定していません" in page(service, "/policies/P-001/shops")


def test_br_32_a_list_that_is_to_come_is_not_an_empty_one(service: Service) -> None:
    with db.transaction() as session:
        session.execute(text("DELETE FROM shops WHERE policy_id = 'P-015'"))
        session.execute(text("DELETE FROM shop_lists WHERE policy_id = 'P-015'"))
    assert "一覧は準備中です" in page(service, "/policies/P-015/shops")


def test_a_shop_that_has_ended_is_not_named(service: Service) -> None:
    load_list("店舗番号,店舗名\n001,みどり商店\n", Purpose.EARN)
    shown = page(service, "/policies/P-015/shops")
    assert ("みどり商店" in shown, "みどり書店" in shown) == (True, False)


def test_long_lists_have_pages(service: Service) -> None:
    rows = "".join(f"{number:03},みどり{number:03}号店\n" for number in range(1, 151))
    load_list(f"店舗番号,店舗名\n{rows}")
    first, second = (page(service, f"/policies/P-015/shops{end}") for end in ("", "?page=2"))
    assert ("みどり100号店" in first, "みどり101号店" in first) == (True, False)
    assert ("みどり100号店" in second, "みどり150号店" in second) == (False, True)


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999", "٣", ""])
def test_a_page_that_can_not_be_is_answered_plainly(service: Service, number: str) -> None:
    page(service, f"/policies/P-015/shops?page={number}")


def test_an_unknown_policy_has_no_shops(service: Service) -> None:
    check_is_clear(service.browser().get("/policies/P-999/shops"), 404)
