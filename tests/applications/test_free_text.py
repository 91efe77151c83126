"""BR-62: what a resident writes to the office stays there; a provider gets what it needs for the grant."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import astuple
from datetime import timedelta

import pytest

from app import applications, clock, points
from app.applications import Receipt
from app.payments import gateways
from app.points import OrderState
from app.policies import CheckKind
from tests.applications.applicants import applicant, apply, by_receipt, open_policy, orders
from tests.cases.town import REVIEWER
from tests.points.fake_provider import FakeProvider

pytestmark = pytest.mark.usefixtures("installation")
NOTE = "=1+1 山田"
CARD = CheckKind.CARD_AUTO


@pytest.fixture(autouse=True)
def _no_gateways_afterwards() -> Iterator[None]:
    yield
    gateways.forget_all()


def approved_after_an_answer() -> Receipt:
    """Staff asked which あさひ市 it is, the person answered in words of their own, and the order is made."""
    open_policy()
    receipt = apply(who := applicant(address="あさひ市本町１丁目１番"), account="1234567890123")
    where = ("P-001", by_receipt(receipt).id, CARD, REVIEWER)
    applications.take_check(*where)
    applications.ask(*where, "どちらのあさひ市ですか。", clock.now() + timedelta(days=7))
    assert applications.answer(receipt.receipt_no, who.person_id, NOTE)
    applications.pass_check(*where)
    return receipt


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_br_62_what_a_resident_wrote_is_in_no_file_of_orders(encoding) -> None:
    gateways.register_by_file("PRV-01", encoding)
    approved_after_an_answer()
    file = points.export_grant_file("PRV-01")
    assert file is not None
    head, row, foot = csv.reader(io.StringIO(file.content.decode(encoding)))
    (order,) = orders()
    assert row == ["D", str(order.id), "P-001", "SVC-QR-01", "1234567890123", "10000"]
    assert not any("山田" in cell or cell.startswith("=") for cell in (*head, *row, *foot))


def test_br_62_what_a_resident_wrote_is_in_no_call() -> None:
    gateways.register("PRV-01", provider := FakeProvider())
    approved_after_an_answer()
    (order,) = orders()
    points.send_order("P-001", order.id)
    assert orders()[0].state == OrderState.SUCCEEDED
    (sent,) = provider.book
    assert astuple(sent) == (order.id, "SVC-QR-01", "1234567890123", 10_000, "P-001")
