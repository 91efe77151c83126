"""BR-12, BR-40 and BR-41: which services may be chosen, until when, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import pytest

from app.payments import Offer, offers
from app.web.service_texts import consent_text
from tests.payments.samples import every_service


@dataclass(frozen=True)
class Window:
    apply_to: datetime
    assign_by: datetime


WINDOW = Window(
    apply_to=datetime.fromisoformat("2027-02-28T23:59:59+09:00"),
    assign_by=datetime.fromisoformat("2027-03-15T23:59:59+09:00"),
)


@dataclass(frozen=True)
class HananoPolicy:
    """The terms of P-004: five services with four windows."""

    window: Window = WINDOW
    services: tuple[str, ...] = ("SVC-QR-01", "SVC-QR-02", "SVC-EM-01", "SVC-EM-03", "SVC-LC-01", "SVC-CC-01")
    service_windows: dict[str, tuple[date, date]] = field(
        default_factory=lambda: {
            "SVC-EM-03": (date(2026, 11, 1), date(2027, 2, 20)),
            "SVC-QR-02": (date(2026, 11, 2), date(2027, 2, 10)),
            "SVC-LC-01": (date(2026, 11, 1), date(2027, 2, 28)),
        }
    )


def _offers(
    at: str = "2026-11-20T10:00:00+09:00", amount: int | None = 5000, age: int | None = 40, later: bool = False
) -> dict[str, Offer]:
    found = offers(HananoPolicy(), every_service(), datetime.fromisoformat(at), amount, age, later_choice=later)
    return {offer.service.service_id: offer for offer in found}


def _code(offer: Offer) -> str | None:
    return offer.closed.code if offer.closed else None


@pytest.mark.parametrize(
    ("service_id", "last"),
    [
        ("SVC-EM-01", date(2027, 2, 18)),
        ("SVC-QR-02", date(2027, 2, 10)),
        ("SVC-EM-03", date(2027, 2, 20)),
        ("SVC-LC-01", date(2027, 2, 28)),
        ("SVC-QR-01", date(2027, 2, 28)),
    ],
)
def test_br_12_the_last_day_is_the_earliest_of_three(service_id, last):
    assert _offers()[service_id].last_day == last


def test_br_12_a_service_is_offered_on_its_last_day_and_not_on_the_next():
    assert _code(_offers("2027-02-18T23:59:59+09:00")["SVC-EM-01"]) is None
    gone = _offers("2027-02-19T00:00:00+09:00")["SVC-EM-01"]
    assert gone.closed is not None
    assert gone.closed.code == "E304"
    assert (
        gone.closed.wording() == "つばめ電子マネーの受付は2027年2月18日に終了しました。ほかの決済サービスを選べます。"
    )


def test_br_12_before_its_own_start_a_service_is_not_offered():
    early = _offers("2026-11-01T12:00:00+09:00")["SVC-QR-02"]
    assert early.closed is not None
    assert early.closed.wording() == "受付は2026年11月2日からです。"
    assert _code(_offers("2026-11-02T00:00:00+09:00")["SVC-QR-02"]) is None


def test_br_12_a_later_choice_counts_from_assign_by():
    assert _offers(later=True)["SVC-EM-01"].last_day == date(2027, 3, 5)


def test_br_40_an_amount_over_the_maximum_is_not_offered():
    found = _offers(amount=100_000)
    assert _code(found["SVC-EM-01"]) == "E311"
    assert _code(found["SVC-QR-01"]) is None
    refused = found["SVC-EM-01"].closed
    assert refused is not None
    assert refused.wording() == "つばめ電子マネーでは1回に30,000ポイントまでです。ほかの決済サービスを選べます。"


def test_br_41_a_flat_amount_that_does_not_fit_the_unit_is_not_offered():
    assert _code(_offers(amount=1050)["SVC-CC-01"]) == "E311"
    assert _code(_offers(amount=1100)["SVC-CC-01"]) is None
    assert _code(_offers(amount=None)["SVC-CC-01"]) is None


@pytest.mark.parametrize(("age", "code"), [(14, "E305"), (15, None), (None, None)])
def test_e305_below_the_age_of_the_service_it_is_not_offered(age, code):
    assert _code(_offers(age=age)["SVC-QR-01"]) == code


@pytest.mark.parametrize(("age", "asks"), [(15, True), (17, True), (18, False), (None, False)])
def test_a_service_that_wants_a_guardians_consent_says_so_to_whom_it_concerns(age, asks):
    found = _offers(age=age)
    assert found["SVC-QR-01"].asks_consent is asks
    assert not found["SVC-EM-01"].asks_consent
    told = consent_text(found["SVC-QR-01"])
    assert told == ("18歳未満の方がこの決済サービスを使うには、保護者の同意が必要です。" if asks else None)


def test_offers_come_in_the_order_of_the_policy_and_unknown_services_are_left_out():
    assert list(_offers()) == list(HananoPolicy().services)
    few = offers(HananoPolicy(), every_service()[:1], datetime.fromisoformat("2026-11-20T10:00:00+09:00"), 1, 40)
    assert [offer.service.service_id for offer in few] == ["SVC-QR-01"]
