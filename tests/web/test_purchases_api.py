"""Purchases by the providers' interface: signed, taken once, answered one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from app import clock, points
from tests.rebates.conftest import POLICY, Member, held, load_list, member
from tests.web.service import OTHER_SECRET, SECRET, Service, check_is_clear, providers_json, running

PATH = "/api/provider/v1/purchases"
SHOPS = "店舗番号,店舗名\n001,みどり商店\n"


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database, tmp_path, monkeypatch, PROVIDERS=providers_json()) as service:
        load_list(SHOPS)
        yield service


def purchase(who: Member, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "transaction_no": "T1",
        "kind": "purchase",
        "service_id": "SVC-QR-01",
        "account": who.account,
        "at": "2026-11-10T12:00:00+09:00",
        "shop_no": "001",
        "lines": [{"goods": "食品", "amount": 1_000}, {"goods": "たばこ", "amount": 600}],
    }
    return usual | changes


def post(
    service: Service,
    *purchases: dict[str, Any],
    policy_id: str = POLICY,
    provider: str = "PRV-01",
    secret: str = SECRET,
    age: timedelta = timedelta(0),
    **more: Any,
) -> TestResponse:
    body = json.dumps({"policy_id": policy_id, "purchases": purchases} | more).encode()
    stamp, event_id = str(int((clock.real_now() - age).timestamp())), str(uuid4())
    headers = {
        "X-Todoke-Provider": provider,
        "X-Todoke-Timestamp": stamp,
        "X-Todoke-Event": event_id,
        "X-Todoke-Signature": points.sign(secret.encode(), stamp, event_id, body),
    }
    return service.app.test_client().post(PATH, data=body, content_type="application/json", headers=headers)


def outcomes(response: TestResponse) -> list[tuple[str, str | None]]:
    assert response.status_code == 200, response.text
    return [(one["outcome"], one["code"]) for one in response.get_json()["answers"]]


def test_br_39_a_purchase_is_recorded_and_takes_its_share(service: Service) -> None:
    who = member()
    assert outcomes(post(service, purchase(who))) == [("recorded", None)]
    assert held(who) == 300


def test_the_same_message_again_changes_nothing(service: Service) -> None:
    who = member()
    post(service, purchase(who))
    assert outcomes(post(service, purchase(who), purchase(who, transaction_no="T2"))) == [
        ("unchanged", "E702"),
        ("recorded", None),
    ]
    assert held(who) == 600


def test_br_38_a_refund_before_its_purchase(service: Service) -> None:
    who = member()
    back = purchase(who, transaction_no="R1", kind="refund", purchase_no="T1", lines=[{"amount": 400}])
    assert outcomes(post(service, back)) == [("recorded", None)]
    post(service, purchase(who))
    assert held(who) == 180


def test_each_report_has_its_own_answer(service: Service) -> None:
    who = member()
    post(service, purchase(who))
    answers = outcomes(
        post(
            service,
            purchase(who, lines=[{"amount": 5}]),
            purchase(who, transaction_no="T2", account="9999999999999"),
            purchase(who, transaction_no="T3", account="9"),
            purchase(who, transaction_no="T4", service_id="SVC-QR-02", account="1234567897"),
            purchase(who, transaction_no="T5", service_id="SVC-EM-01"),
        )
    )
    assert answers == [
        ("put_aside", "E704"),
        ("not_enrolled", None),
        ("refused", "account"),
        ("put_aside", "E703"),
        ("refused", "service_id"),
    ]
    assert held(who) == 300


@pytest.mark.parametrize(
    "changes",
    [{"secret": OTHER_SECRET}, {"provider": "PRV-02"}, {"provider": "PRV-99"}, {"age": timedelta(minutes=6)}],
)
def test_who_did_not_sign_it_now_is_not_heard(service: Service, changes: dict[str, Any]) -> None:
    who = member()
    check_is_clear(post(service, purchase(who), **changes), 401)
    assert (held(who), service.rows("rebate_purchases")) == (0, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "2026-11-10T12:00:00"},
        {"at": "yesterday"},
        {"lines": []},
        {"lines": [{"amount": 1.5}]},
        {"lines": [{"amount": 0}]},
        {"lines": [{"amount": "1000"}]},
        {"kind": "sale"},
        {"name": "somebody"},
        {"shop_no": "0\n1"},
    ],
)
def test_a_body_in_another_form_is_refused_as_a_whole(service: Service, changes: dict[str, Any]) -> None:
    who = member()
    check_is_clear(post(service, purchase(who, transaction_no="T0"), purchase(who, **changes)), 400)
    assert service.rows("rebate_purchases") == 0


def test_too_many_at_once_and_unknown_keys_are_refused(service: Service) -> None:
    who = member()
    check_is_clear(post(service, *[purchase(who, transaction_no=f"T{n}") for n in range(501)]), 400)
    check_is_clear(post(service, purchase(who), note="x"), 400)


@pytest.mark.parametrize("policy_id", ["P-999", "P-001"])
def test_a_policy_that_gives_no_share_of_purchases_is_not_found(service: Service, policy_id: str) -> None:
    check_is_clear(post(service, purchase(member()), policy_id=policy_id), 404)
