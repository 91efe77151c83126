"""Security codes: shown to testers by page and API, verified for todoke, dead when their time is over."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.provider_simulator.new_accounts import new_account
from app.provider_simulator.services import SERVICES
from tests.payments.samples import every_service
from tests.provider_simulator.conftest import TOKENS

ACCOUNT = "1234567890123"


@pytest.fixture
def client(simulator) -> FlaskClient:
    return simulator.test_client()


def _code(client: FlaskClient, account: str = ACCOUNT, service: str = "SVC-QR-01") -> str:
    return client.get(f"/v1/services/{service}/accounts/{account}/code").get_json()["code"]


def _verify(client: FlaskClient, code: str, account: str = ACCOUNT) -> dict[str, str | None]:
    return client.post(
        "/v1/services/SVC-QR-01/accounts/verify",
        headers={"Authorization": f"Bearer {TOKENS['PRV-01']}"},
        json={"account": account, "security_code": code},
    ).get_json()


@pytest.mark.parametrize(
    ("service", "account", "pattern"),
    [
        ("SVC-QR-01", "1234567890123", r"\d{4}"),
        ("SVC-QR-02", "1234567897", r"[0-9A-Z]{6}"),
        ("SVC-EM-01", "6000000000000015", r"\d{7}"),
        ("SVC-GIFT-01", "hikari@example.jp", r"\d{6}"),
    ],
)
def test_a_code_has_the_format_of_its_service(client, service, account, pattern):
    assert re.fullmatch(pattern, _code(client, account, service))


def test_a_right_code_verifies_again_and_again_and_tells_the_masked_holder(client):
    code = _code(client)
    assert _verify(client, code) == {"result": "verified", "holder_masked": "ヨシ＊ ハ＊＊"}
    assert _verify(client, code)["result"] == "verified"
    assert _code(client) == code


def test_a_wrong_code_and_an_unknown_account_tell_no_holder(client):
    wrong = "0000" if _code(client) != "0000" else "1111"
    assert _verify(client, wrong) == {"result": "wrong_code", "holder_masked": None}
    assert _verify(client, "0000", "9999999999990") == {"result": "unknown_account", "holder_masked": None}
    assert _verify(client, "1234", "12")["result"] == "unknown_account"


def test_a_code_dies_after_its_lifetime(client):
    code = _code(client)
    client.post("/v1/clock", json={"offset_seconds": 9 * 60})
    assert _verify(client, code)["result"] == "verified"
    client.post("/v1/clock", json={"offset_seconds": 10 * 60 + 1})
    assert _verify(client, code)["result"] == "wrong_code"
    assert _verify(client, _code(client))["result"] == "verified"


def test_a_code_printed_on_a_card_never_changes(client):
    first = _code(client, "6000000000000015", "SVC-EM-01")
    client.post("/v1/clock", json={"offset_seconds": 86_400 * 300})
    assert _code(client, "6000000000000015", "SVC-EM-01") == first


@pytest.mark.parametrize(("service", "account"), [("SVC-XX-01", "1"), ("SVC-QR-01", "12"), ("SVC-QR-01", "１" * 13)])
def test_there_is_no_code_for_what_is_not_an_account(client, service, account):
    assert client.get(f"/v1/services/{service}/accounts/{account}/code").status_code == 404


def test_the_page_shows_the_code_and_the_test_banner(client):
    start = client.get("/?service=SVC-QR-02").get_data(as_text=True)
    assert "TEST" in start
    assert start.count("<option") == len(SERVICES)
    assert re.search(r'value="SVC-QR-02"\s+selected', start)
    page = client.post("/", data={"service": "SVC-QR-01", "account": " 1234567890123 "}).get_data(as_text=True)
    assert f">{_code(client)}<" in page


def test_who_comes_from_the_page_of_a_service_gets_a_new_account_with_its_code(client):
    """A stranger has neither account nor app: the demo hands out both, to each one a different account."""
    pages = [client.get("/?service=SVC-QR-01").get_data(as_text=True) for _ in range(2)]
    first, second = (re.findall(r'class="code[^"]*"[^>]*>([0-9]+)<', page) for page in pages)
    assert first[0] != second[0]
    assert 'data-copy="new-account"' in pages[0]
    assert client.get("/static/simulator.js").status_code == 200
    account, code = first
    assert _verify(client, code, account)["result"] == "verified"


def test_every_new_account_is_one_that_todoke_takes():
    ours = {service.service_id: service for service in every_service()}
    for service_id, service in SERVICES.items():
        for _ in range(20):
            account = new_account(service)
            assert ours[service_id].accepts(account), (service_id, account)


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed_as_text(client):
    answer = client.post("/", data={"service": "SVC-QR-01", "account": '"><b>x'})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "みらいPay番号の形が違います" in page
    assert "<b>x" not in page
    assert client.post("/", data={}).status_code == 422


def test_the_book_page_masks_accounts(client):
    order = "0190a000-0000-7000-8000-000000000001"
    client.put(
        f"/v1/grant-orders/{order}",
        headers={"Authorization": f"Bearer {TOKENS['PRV-01']}", "Idempotency-Key": order},
        json={"service_id": "SVC-QR-01", "account": ACCOUNT, "amount": 10_000, "policy_id": "P-001"},
    )
    page = client.get("/book").get_data(as_text=True)
    assert "…0123" in page
    assert "10,000" in page
    assert ACCOUNT not in page
    assert client.get("/v1/book?order_id=x").status_code == 422


def test_every_page_is_locked_down_and_never_stored(client):
    answer = client.get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.get("/static/simulator.css").status_code == 200
    assert client.get("/healthz").get_json() == {"status": "ok"}
