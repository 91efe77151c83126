"""The REST gateway against the real simulated provider over HTTP, and against one that talks nonsense."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest
from werkzeug import Request, Response

from app.payments import verify_account
from app.payments.gateways import (
    Closed,
    GatewayAnswer,
    GatewayTimeout,
    GatewayUnavailable,
    GrantInstruction,
    NotReceived,
    RestGateway,
    forget_all,
    register,
)
from app.pii import Private
from app.provider_simulator import create_simulator
from app.settings import ProviderEndpoint
from tests.payments.samples import service
from tests.provider_simulator.serving import serving

ACCOUNT = "1234567890123"
TOKENS = {"PRV-01": "token-of-one", "PRV-02": "token-of-two"}


@pytest.fixture
def provider(fresh_database_url: str) -> Iterator[str]:
    simulator = create_simulator(fresh_database_url, TOKENS)
    with serving(simulator) as address:
        yield address
    simulator.extensions["store"].close()


def _gateway(address: str, *, token: str = "token-of-one", timeout: float = 5.0) -> RestGateway:
    return RestGateway(ProviderEndpoint(url=address, token=token), timeout)


def _instruction(order_id: UUID | None = None, **changes: object) -> GrantInstruction:
    content = {"service_id": "SVC-QR-01", "account": ACCOUNT, "amount": 10_000, "policy_id": "P-001"} | changes
    return GrantInstruction(order_id=order_id or uuid4(), **content)


def _fault(provider: str, kind: str, **fields: object) -> None:
    httpx.post(f"{provider}/v1/faults", json={"kind": kind, **fields}).raise_for_status()


def test_an_order_is_sent_repeated_and_found_again(provider):
    gateway, order = _gateway(provider), _instruction()
    first = gateway.send(order)
    assert isinstance(first, GatewayAnswer)
    assert first.state == "succeeded"
    assert gateway.send(order) == first
    assert gateway.inquire(order.order_id) == first
    assert gateway.close(order.order_id) == first


def test_a_service_with_a_lead_accepts(provider):
    gateway = _gateway(provider, token="token-of-two")
    order = _instruction(service_id="SVC-QR-02", account="1234567897")
    assert gateway.send(order) == GatewayAnswer("accepted")


def test_an_order_not_received_can_be_ruled_out_and_then_never_succeeds(provider):
    gateway, order = _gateway(provider), _instruction()
    assert gateway.inquire(order.order_id) == NotReceived()
    assert gateway.close(order.order_id) == Closed()
    assert gateway.send(order) == GatewayAnswer("failed", reason="closed")
    assert gateway.inquire(order.order_id) == Closed()


@pytest.mark.parametrize(
    ("kind", "granted"), [("timeout_after_doing", 1), ("timeout_before_doing", 0), ("error_500", 0)]
)
def test_silence_and_errors_leave_the_outcome_unknown(provider, kind, granted):
    order = _instruction()
    _fault(provider, kind, seconds=0.4)
    with pytest.raises(GatewayTimeout):
        _gateway(provider, timeout=0.1).send(order)
    _fault(provider, "off")
    found = _gateway(provider).inquire(order.order_id)
    assert isinstance(found, NotReceived) is (granted == 0)


def test_a_provider_that_is_not_there_is_unavailable():
    with serving(Response("gone")) as address:
        pass
    with pytest.raises(GatewayUnavailable):
        _gateway(address, timeout=1).inquire(uuid4())


def test_a_wrong_token_or_a_refused_content_is_no_answer_about_the_order(provider):
    order = _instruction()
    with pytest.raises(GatewayTimeout, match="401"):
        _gateway(provider, token="wrong").send(order)
    _gateway(provider).send(order)
    with pytest.raises(GatewayTimeout, match="422"):
        _gateway(provider).send(_instruction(order.order_id, amount=1))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"state": "perhaps"}',
        '{"state": "failed", "reason": "<b>x"}',
        '{"state": 1}',
        "x" * 70_000,
    ],
)
def test_an_answer_outside_the_agreement_is_no_answer(body):
    @Request.application
    def nonsense(request: Request) -> Response:
        return Response(body, status=200, content_type="application/json")

    with serving(nonsense) as address, pytest.raises(GatewayTimeout):
        _gateway(address).send(_instruction())


def test_no_log_line_and_no_traceback_holds_the_account_or_the_token(provider, caplog):
    caplog.set_level(logging.DEBUG)
    _fault(provider, "timeout_before_doing", seconds=0.4)
    try:
        _gateway(provider, timeout=0.1).send(_instruction())
    except GatewayTimeout as error:
        text = "".join(traceback.format_exception(error))
    _gateway(provider).verify_account("SVC-QR-01", ACCOUNT, "0000", 1_000)
    written = text + "\n".join(record.getMessage() for record in caplog.records)
    assert ACCOUNT not in written
    assert "token-of-one" not in written


def test_a_right_code_verifies_and_shows_the_masked_holder(database, provider):
    register("PRV-01", _gateway(provider))
    code = httpx.get(f"{provider}/v1/services/SVC-QR-01/accounts/{ACCOUNT}/code").json()["code"]
    right = verify_account(service(), ACCOUNT, code, names=())
    wrong = verify_account(service(), ACCOUNT, "0000" if code != "0000" else "1111", names=())
    forget_all()
    assert (right.state, right.holder_masked) == ("verified", "ヨシ＊ ハ＊＊")
    assert wrong.state == "mismatch"
    assert wrong.problem is not None
    assert wrong.problem.code == "E302"
    assert wrong.holder_masked is None


IN_KANJI = "0000000000024"
"""An account of which the simulated provider shows 「佐＊ 太＊」; of the others it shows kana, or nothing."""


@pytest.mark.parametrize(
    ("account", "name", "any_holder", "told"),
    [
        (IN_KANJI, "佐藤　太郎", False, None),
        (IN_KANJI, "佐藤　花子", False, "E308"),
        (IN_KANJI, "佐藤　花子", True, None),
        (IN_KANJI, "鈴木　太郎", False, None),
        (ACCOUNT, "佐藤　太郎", False, None),
        ("1111222233334", "佐藤　太郎", False, None),
    ],
)
def test_e308_only_a_holder_who_can_be_seen_to_be_somebody_else_is_refused(
    database, provider, account, name, any_holder, told
):
    register("PRV-01", _gateway(provider))
    code = httpx.get(f"{provider}/v1/services/SVC-QR-01/accounts/{account}/code").json()["code"]
    asked = verify_account(service(any_holder=any_holder), account, code, names=[Private(name)])
    wrong = verify_account(
        service(any_holder=any_holder), account, "0000" if code != "0000" else "1111", names=[Private(name)]
    )
    forget_all()
    assert asked.state == ("mismatch" if told else "verified")
    assert (asked.problem.code if asked.problem else None) == told
    shown = None if told else {IN_KANJI: "佐＊ 太＊", ACCOUNT: "ヨシ＊ ハ＊＊"}.get(account)
    assert asked.holder_masked == shown, "of the others the provider says in words that it shows no name"
    assert wrong.problem is not None
    assert wrong.problem.code == "E302", "whose it is, is told to nobody without the code"


def test_e306_an_amount_over_the_balance_cap_is_told_while_another_service_can_be_chosen(database, provider):
    register("PRV-01", _gateway(provider))
    code = httpx.get(f"{provider}/v1/services/SVC-QR-01/accounts/{ACCOUNT}/code").json()["code"]
    cap = 1_000_000  # the simulated provider's; ours may be another
    asked = {amount: _verify_with(amount, code) for amount in (1, cap, cap + 1)}
    wrong = verify_account(
        service(max_per_grant=cap + 1), ACCOUNT, "0000" if code != "0000" else "1111", cap + 1, names=()
    )
    forget_all()
    assert (asked[1].state, asked[cap].state) == ("verified", "verified")
    assert asked[cap + 1].problem is not None
    assert (asked[cap + 1].state, asked[cap + 1].problem.code) == ("mismatch", "E306")
    assert "別の決済サービス" in asked[cap + 1].problem.wording()
    assert wrong.problem is not None
    assert wrong.problem.code == "E302", "how much a balance takes is told to nobody without the code"


def _verify_with(amount, code):
    return verify_account(service(max_per_grant=2_000_000, balance_cap=None), ACCOUNT, code, amount, names=())


def test_br_40_what_is_granted_in_parts_is_asked_about_by_its_first_part(database, provider):
    register("PRV-01", _gateway(provider))
    code = httpx.get(f"{provider}/v1/services/SVC-QR-01/accounts/{ACCOUNT}/code").json()["code"]
    asked = verify_account(service(max_per_grant=30_000), ACCOUNT, code, 3_000_000, names=())
    forget_all()
    assert asked.state == "verified"


def test_an_unknown_id_and_a_wrong_code_can_not_be_told_apart(database, provider):
    register("PRV-01", _gateway(provider))
    unknown = verify_account(service(), "9999999999990", "0000", names=())
    wrong = verify_account(service(), "1111222233334", "0000", names=())
    forget_all()
    assert (unknown.state, unknown.problem and unknown.problem.code) == ("mismatch", "E302")
    assert unknown.problem is not None
    assert wrong.problem is not None
    assert unknown.problem.wording() == wrong.problem.wording()


def test_a_provider_that_does_not_answer_leaves_the_id_unverified_but_not_refused(database):
    with serving(Response("gone")) as address:
        pass
    register("PRV-01", _gateway(address, timeout=1))
    asked = verify_account(service(), ACCOUNT, "1234", names=())
    forget_all()
    assert (asked.state, asked.problem) == ("unreachable", None)


@pytest.mark.parametrize("service_id", ["SVC-EM-01", "SVC-EM-03", "SVC-PAPER-01"])
def test_services_that_check_the_format_only_ask_nobody(service_id):
    forget_all()
    document = service(service_id)
    assert verify_account(document, document.sample_ids.valid[0], "", names=()).state == "verified"
