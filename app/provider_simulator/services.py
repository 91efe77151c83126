"""The fictional payment services that this simulated provider runs, as data of its own.

The facts are those of the service list, written down a second time on purpose: a provider does not read todoke's
tables, and a mistake on either side should show.
"""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

DIGITS = string.digits
DIGITS_AND_CAPITALS = string.digits + string.ascii_uppercase
UNKNOWN_HOLDER = "(名義は表示されません)"


@dataclass(frozen=True)
class SimulatedService:
    """One service: who runs it, how its codes look and live, and how long a grant takes."""

    service_id: str
    provider_id: str
    name: str
    id_label: str
    account_pattern: str
    code_label: str
    code_length: int
    code_alphabet: str = DIGITS
    code_lifetime: timedelta | None = None
    lead: timedelta = timedelta(0)
    balance_cap: int | None = None

    def new_code(self) -> str:
        """A fresh random security code in this service's format."""
        return "".join(secrets.choice(self.code_alphabet) for _ in range(self.code_length))


def _minutes(n: int) -> timedelta:
    return timedelta(minutes=n)


SERVICES = {
    service.service_id: service
    for service in (
        SimulatedService(
            "SVC-QR-01", "PRV-01", "みらいPay", "みらいPay番号", r"[0-9]{13}", "セキュリティコード", 4,
            code_lifetime=_minutes(10), balance_cap=1_000_000,
        ),
        SimulatedService(
            "SVC-QR-02", "PRV-02", "ひかりペイ", "会員番号", r"[0-9]{10}", "受取コード", 6,
            code_alphabet=DIGITS_AND_CAPITALS, code_lifetime=_minutes(60), lead=timedelta(days=1), balance_cap=500_000,
        ),
        SimulatedService(
            "SVC-EM-01", "PRV-03", "つばめ電子マネー", "カード番号(16桁)", r"6[0-9]{15}", "セキュリティコード(7桁)", 7,
            lead=timedelta(days=2), balance_cap=50_000,
        ),
        SimulatedService(
            "SVC-EM-02", "PRV-04", "ことりカード", "ことりカード番号(16桁)", r"9[0-9]{15}",
            "裏面セキュリティコード(3桁)", 3, lead=timedelta(days=3), balance_cap=50_000,
        ),
        SimulatedService(
            "SVC-EM-03", "PRV-05", "かもめIC", "カード裏面の番号", r"KM[0-9]{15}", "登録電話番号の下4桁", 4,
            lead=timedelta(days=5), balance_cap=20_000,
        ),
        SimulatedService(
            "SVC-CC-01", "PRV-06", "あおぞらクレジット", "会員ID", r"AZ[0-9]{10}", "ワンタイム連携コード", 8,
            code_lifetime=_minutes(15), lead=timedelta(days=45),
        ),
        SimulatedService(
            "SVC-PP-01", "PRV-07", "こもれびプリペイド", "お客様番号", r"[0-9]{12}", "認証コード", 6,
            code_lifetime=_minutes(10), lead=timedelta(hours=1), balance_cap=100_000,
        ),
        SimulatedService(
            "SVC-DB-01", "PRV-08", "ほくとデビット", "デビット会員番号", r"HB-[0-9]{8}", "アプリ表示コード", 6,
            code_lifetime=_minutes(5), lead=timedelta(days=10),
        ),
        SimulatedService(
            "SVC-LC-01", "PRV-09", "まちなかコイン", "コインID", r"MC[0-9]{8}", "カード裏面PIN", 4,
            lead=_minutes(10), balance_cap=200_000,
        ),
        SimulatedService(
            "SVC-GIFT-01", "PRV-10", "えらべるギフトBOX", "受取メールアドレス", r"[^@\s]+@[^@\s]+\.[^@\s]+",
            "メール確認コード", 6, code_lifetime=_minutes(30), lead=timedelta(days=7),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class SampleAccount:
    """What the provider knows about an account: the masked holder, and why a grant to it fails, if it does."""

    holder_masked: str = UNKNOWN_HOLDER
    exists: bool = True
    grant_fails: str | None = None


def account_of(service_id: str, account: str) -> SampleAccount:
    """The known sample account; every other one of the right format exists and shows no name."""
    known = _sample_accounts().get(service_id, {}).get(account)
    return SampleAccount(**known) if known else SampleAccount()


@cache
def _sample_accounts() -> dict[str, dict[str, dict[str, Any]]]:
    text = resources.files(__package__).joinpath("sample_accounts.json").read_text("utf-8")
    accounts: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
    return accounts
