"""The tester's till: buys something at a shop, or gives it back, and reports it to todoke as a provider does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from flask import Blueprint, current_app, render_template, request

from app.provider_simulator.services import SERVICES
from app.provider_simulator.signing import signed_headers
from app.provider_simulator.simulated_time import SimulatedTime

TIMEOUT_SECONDS = 10.0
MAX_TEXT = 100
TOKYO = ZoneInfo("Asia/Tokyo")

blueprint = Blueprint("till", __name__)

OUTCOMES = {
    "recorded": "とどけが記録しました。",
    "unchanged": "同じ内容が、すでに記録されています。何も変わりません。",
    "not_enrolled": "この決済サービスIDの申込がないため、記録されませんでした。",
    "put_aside": "記録と食い違うため、保留になりました。",
    "refused": "受け付けられませんでした。内容を確かめてください。",
}
NO_ANSWER = "とどけから返事がありません。もう一度送っても、二重にはなりません。"


@dataclass(frozen=True)
class Till:
    """Where purchases are reported, and with which secrets; without an address nothing can be."""

    url: str | None
    secrets: Mapping[str, str]
    time: SimulatedTime

    def report(self, provider_id: str, policy_id: str, purchase: Mapping[str, Any]) -> str:
        """Send one purchase or refund; the outcome, or empty when todoke did not take the message."""
        if self.url is None or provider_id not in self.secrets:
            return ""
        body = json.dumps({"policy_id": policy_id, "purchases": [purchase]}, ensure_ascii=False).encode()
        headers = signed_headers(provider_id, self.secrets[provider_id], body)
        try:
            answer = httpx.post(self.url, content=body, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return ""
        if answer.status_code != httpx.codes.OK:
            return "refused"
        (one,) = answer.json()["answers"]
        return str(one["outcome"])


@blueprint.get("/purchases")
def purchase_form() -> str:
    """The page on which a tester buys."""
    return _page(_fresh())


@blueprint.post("/purchases")
def buy() -> tuple[str, int] | str:
    """Report what was typed; the number stays in the form, so that sending again is the same report."""
    till: Till = current_app.extensions["till"]
    typed = {name: request.form.get(name, "").strip()[:MAX_TEXT] for name in _fresh()}
    problem = _problem(typed)
    if problem is not None:
        return _page(typed, error=problem), 422
    service = SERVICES[typed["service"]]
    purchase = {
        "transaction_no": typed["transaction_no"],
        "kind": "refund" if typed["purchase_no"] else "purchase",
        "service_id": typed["service"],
        "account": "".join(typed["account"].split()),
        "at": typed["at"],
        "shop_no": typed["shop_no"],
        "lines": [{"goods": typed["goods"], "amount": int(typed["yen"])}],
        "purchase_no": typed["purchase_no"] or None,
    }
    outcome = till.report(service.provider_id, typed["policy_id"], purchase)
    return _page(typed, said=OUTCOMES.get(outcome, NO_ANSWER))


def _fresh() -> dict[str, str]:
    till: Till = current_app.extensions["till"]
    return {
        "transaction_no": f"T-{uuid4().hex[:12].upper()}",
        "policy_id": "P-015",
        "service": "SVC-QR-01",
        "account": "",
        "shop_no": "001",
        "goods": "食品",
        "yen": "1000",
        "purchase_no": "",
        "at": till.time.now().astimezone(TOKYO).isoformat(timespec="seconds"),
    }


def _problem(typed: Mapping[str, str]) -> str | None:
    service = SERVICES.get(typed["service"])
    if service is None:
        return "決済サービスを選んでください。"
    if not re.fullmatch(service.account_pattern, "".join(typed["account"].split()), re.ASCII):
        return f"{service.id_label}の形が違います。もう一度確認してください。"
    if not re.fullmatch(r"[1-9][0-9]{0,7}", typed["yen"], re.ASCII):
        return "金額は1以上の円の数字にしてください。"
    if not typed["shop_no"] or not typed["transaction_no"] or not typed["policy_id"]:
        return "取引番号、施策、店舗番号を入れてください。"
    return None


def _page(typed: Mapping[str, str], *, error: str | None = None, said: str | None = None) -> str:
    services = {one.service_id: one for one in SERVICES.values() if one.provider_id}
    return render_template("purchases.html", services=services, typed=typed, error=error, said=said)
