"""The provider's side of a grant order: once per id, later where it takes time, never after it was ruled out."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.provider_simulator.conftest import TOKENS

DAY = 86_400


@pytest.fixture
def client(simulator) -> FlaskClient:
    return simulator.test_client()


def _auth(provider: str = "PRV-01") -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[provider]}"}


def _send(
    client: FlaskClient,
    order_id: str,
    *,
    provider: str = "PRV-01",
    service: str = "SVC-QR-01",
    account: str = "1234567890123",
    amount: object = 10_000,
    key: str | None = None,
) -> TestResponse:
    return client.put(
        f"/v1/grant-orders/{order_id}",
        headers=_auth(provider) | {"Idempotency-Key": key or order_id},
        json={"service_id": service, "account": account, "amount": amount, "policy_id": "P-001"},
    )


def _book(client: FlaskClient, order_id: str) -> list[dict[str, object]]:
    return client.get("/v1/book", query_string={"order_id": order_id}).get_json()["rows"]


@pytest.fixture
def order_id() -> str:
    return str(uuid4())


def test_a_service_without_lead_grants_at_once(client, order_id):
    answer = _send(client, order_id)
    assert answer.status_code == 200
    assert answer.get_json()["state"] == "succeeded"
    (row,) = _book(client, order_id)
    assert row["transaction_no"] == answer.get_json()["transaction_no"]
    assert row["amount"] == 10_000


def test_br_42_the_same_order_twice_is_one_grant_and_the_same_answer(client, order_id):
    assert _send(client, order_id).get_json() == _send(client, order_id).get_json()
    assert len(_book(client, order_id)) == 1


def test_br_42_the_same_order_many_times_at_once_is_one_grant(simulator, order_id):
    answers: list[str] = []

    def send() -> None:
        answers.append(_send(simulator.test_client(), order_id).get_json()["transaction_no"])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert len(_book(simulator.test_client(), order_id)) == 1


@pytest.mark.parametrize("change", [{"amount": 9_999}, {"account": "0000000000017"}])
def test_the_same_id_with_another_content_is_refused(client, order_id, change):
    _send(client, order_id)
    assert _send(client, order_id, **change).status_code == 422
    assert len(_book(client, order_id)) == 1


def test_a_service_with_a_lead_accepts_now_and_grants_when_the_lead_has_passed(client, order_id):
    sent = _send(client, order_id, provider="PRV-02", service="SVC-QR-02", account="1234567897")
    assert (sent.status_code, sent.get_json()["state"]) == (202, "accepted")
    assert _book(client, order_id) == []
    client.post("/v1/clock", json={"offset_seconds": DAY - 60})
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth("PRV-02")).get_json()["state"] == "accepted"
    client.post("/v1/clock", json={"offset_seconds": DAY + 1})
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth("PRV-02")).get_json()["state"] == "succeeded"
    assert len(_book(client, order_id)) == 1


def test_an_order_never_received_is_not_found_and_can_be_ruled_out_for_good(client, order_id):
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth()).status_code == 404
    closed = client.post(f"/v1/grant-orders/{order_id}/close", headers=_auth())
    assert (closed.status_code, closed.get_json()["state"]) == (200, "closed")
    late = _send(client, order_id)
    assert (late.status_code, late.get_json()["state"]) == (409, "closed")
    assert _book(client, order_id) == []
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth()).get_json()["state"] == "closed"


def test_ruling_out_an_order_that_was_received_tells_its_state_instead(client, order_id):
    _send(client, order_id)
    assert client.post(f"/v1/grant-orders/{order_id}/close", headers=_auth()).get_json()["state"] == "succeeded"


def test_another_provider_sees_nothing_of_an_order(client, order_id):
    _send(client, order_id)
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth("PRV-02")).status_code == 404
    assert client.post(f"/v1/grant-orders/{order_id}/close", headers=_auth("PRV-02")).status_code == 404
    assert _send(client, str(uuid4()), provider="PRV-02").status_code == 404


def test_a_closed_account_and_a_full_balance_fail_with_their_reason(client):
    closed = _send(client, str(uuid4()), account="9999999999991").get_json()
    assert (closed["state"], closed["reason"]) == ("failed", "account_closed")
    first, second = str(uuid4()), str(uuid4())
    card = {"provider": "PRV-03", "service": "SVC-EM-01", "account": "6000000000000015", "amount": 30_000}
    _send(client, first, **card)
    _send(client, second, **card)
    client.post("/v1/clock", json={"offset_seconds": 3 * DAY})
    states = [client.get(f"/v1/grant-orders/{o}", headers=_auth("PRV-03")).get_json() for o in (first, second)]
    assert [s["state"] for s in states] == ["succeeded", "failed"]
    assert states[1]["reason"] == "balance_cap"


@pytest.mark.parametrize("amount", [0, -1, 1.5, "10000", True, None, 10**10])
def test_an_amount_is_a_positive_whole_number(client, order_id, amount):
    assert _send(client, order_id, amount=amount).status_code == 422


def test_malformed_requests_are_refused_without_a_trace_in_the_book(client, order_id):
    assert _send(client, order_id, key=str(uuid4())).status_code == 400
    assert _send(client, order_id, account="12").status_code == 422
    assert _send(client, order_id, service="SVC-XX-01").status_code == 404
    put = client.put(f"/v1/grant-orders/{order_id}", headers=_auth() | {"Idempotency-Key": order_id}, data=b"[]")
    assert put.status_code == 400
    assert client.put("/v1/grant-orders/not-a-uuid", headers=_auth()).status_code == 404
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth()).status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic token-of-one", "Bearer "])
def test_without_a_right_token_nothing_is_told(client, order_id, header):
    headers = {"Authorization": header} if header else {}
    assert client.get(f"/v1/grant-orders/{order_id}", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("kind", "status", "granted"),
    [
        ("delay_before", 200, 1),
        ("delay_after", 200, 1),
        ("error_500", 500, 0),
        ("timeout_before_doing", 504, 0),
        ("timeout_after_doing", 504, 1),
    ],
)
def test_a_fault_strikes_the_next_request_only(client, order_id, kind, status, granted):
    assert client.post("/v1/faults", json={"kind": kind, "seconds": 0, "count": 1}).status_code == 200
    assert _send(client, order_id).status_code == status
    assert len(_book(client, order_id)) == granted
    assert _send(client, order_id).status_code == 200


def test_faults_can_be_aimed_counted_and_switched_off(client, order_id):
    client.post("/v1/faults", json={"kind": "error_500", "operation": "inquire", "count": 2})
    assert _send(client, order_id).status_code == 200
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth()).status_code == 500
    client.post("/v1/faults", json={"kind": "off"})
    assert client.get(f"/v1/grant-orders/{order_id}", headers=_auth()).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"kind": "earthquake"}, {"kind": "error_500", "count": 0}, {"kind": "delay_after", "seconds": 1e9}]
)
def test_an_unknown_fault_is_refused(client, body):
    assert client.post("/v1/faults", json=body).status_code == 422
