"""Applying for the rebate of P-015 in a browser, and what is then reported to have been bought."""

from __future__ import annotations

import re

from app import clock, rebates
from tests.rebates.conftest import POLICY, PROVIDER, at
from tests.web.service import ACCOUNT, CODE, Browser, check_is_clear

STEPS = f"/policies/{POLICY}/apply"
RESIDENT = "TP-13"
DURING = at("2026-11-25T12:00:00")


def to_confirm(browser: Browser) -> str:
    assert browser.read_card(RESIDENT, f"{STEPS}/identity").headers["Location"].endswith("/result")
    assert browser.send(f"{STEPS}/result", action="continue").status_code == 303
    ticks = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes")
    assert browser.send(f"{STEPS}/consent", **ticks).status_code == 303
    assert browser.send(f"{STEPS}/service", service_id="SVC-QR-01").status_code == 303
    assert browser.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE).status_code == 303
    return text_of(browser, f"{STEPS}/confirm")


def apply_for_rebate(browser: Browser) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', to_confirm(browser))
    assert found
    sent = browser.send(f"{STEPS}/confirm", form_token=found[1], confirmed="yes")
    assert sent.status_code == 303
    return sent.headers["Location"].partition("?")[0].rpartition("/")[2]


def text_of(browser: Browser, path: str) -> str:
    page = browser.get(path)
    check_is_clear(page, 200)
    return page.get_data(as_text=True)


def buy(number: str, *lines: tuple[str, int], shop_no: str = "001", **changes: object) -> None:
    usual: dict[str, object] = {
        "transaction_no": number,
        "kind": "purchase",
        "service_id": "SVC-QR-01",
        "account": ACCOUNT,
        "at": DURING,
        "shop_no": shop_no,
        "lines": tuple(rebates.Line(*line) for line in lines),
    }
    with clock.frozen(DURING):
        (answer,) = rebates.record_purchases(POLICY, PROVIDER, [rebates.Report(**(usual | changes))])
    assert answer.outcome is rebates.Outcome.RECORDED
