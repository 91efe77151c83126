"""What a person sees of a rebate: the offer, the confirming page without a made-up amount, and what was counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import clock, rebates
from tests.rebates.conftest import AFTER_THE_LAST_REPORT, POLICY, run_jobs
from tests.web.rebates import STEPS, apply_for_rebate, buy, text_of, to_confirm
from tests.web.service import Service, check_is_clear, running


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database, tmp_path, monkeypatch) as service:
        yield service


def test_c_13a_a_rebate_is_applied_for_online_and_no_amount_is_made_up(service: Service) -> None:
    browser = service.browser()
    assert f"{STEPS}" in text_of(browser, f"/policies/{POLICY}")
    page = to_confirm(browser)
    assert "購入額の30%" in page
    assert "0ポイント</" not in page


def test_the_status_says_what_counted_what_not_and_why_how_far_to_the_cap_and_the_next_date(service: Service) -> None:
    browser = service.browser()
    receipt = apply_for_rebate(browser)
    assert "まだ届いていません" in text_of(browser, f"/applications/{receipt}")
    buy("T1", ("食品", 2_000), ("たばこ", 600))
    buy("R1", ("食品", 1_000), kind="refund", purchase_no="T1")
    buy("T2", ("食品", 900), shop_no="777")
    page = text_of(browser, f"/applications/{receipt}")
    assert 'data-journey-status="collecting"' in page
    for said in (
        "これまでの還元 300ポイント",
        "あと2,700ポイント",
        "2027年1月11日",
        "2027年1月10日",
        "1,000円を数えました。",
        "対象にならない商品は600円です。",
        "返品は1,000円です。",
        "対象のお店の一覧にないため、数えません。",
    ):
        assert said in page, said
    assert "これまでの還元 300ポイント" in text_of(browser, "/applications")
    assert "300ポイント" in text_of(browser, f"/applications/{receipt}/withdraw")


def test_a_purchase_is_seen_by_nobody_else(service: Service) -> None:
    receipt = apply_for_rebate(service.browser())
    stranger = service.browser()
    stranger.apply("TP-02", account="1111222233335")
    check_is_clear(stranger.get(f"/applications/{receipt}"), 404)


def test_after_a_closing_without_purchases_the_page_says_so_plainly(service: Service) -> None:
    browser = service.browser()
    receipt = apply_for_rebate(browser)
    with clock.frozen(AFTER_THE_LAST_REPORT):
        rebates.close_due_periods()
        run_jobs(["applications.finish_rebate"])
    page = text_of(browser, f"/applications/{receipt}")
    assert "還元はありませんでした" in page
    assert 'data-journey-final="yes"' in page


@pytest.mark.parametrize(("language", "said"), [("en", "2,000 yen counted."), ("ja@easy", "かぞえました")])
def test_what_counted_is_told_in_the_readers_language(service: Service, language: str, said: str) -> None:
    browser = service.browser()
    receipt = apply_for_rebate(browser)
    buy("T1", ("食品", 2_000))
    page = browser.get(f"/applications/{receipt}?lang={language}")
    assert page.status_code == 200
    assert said in page.get_data(as_text=True)
