"""The gateway over HTTPS: JSON, bearer token, the order id as idempotency key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal
from uuid import UUID

import httpx
from pydantic import BaseModel, StringConstraints, ValidationError

from app.payments.gateways.contract import (
    AccountAnswer,
    Closed,
    GatewayAnswer,
    GatewayTimeout,
    GatewayUnavailable,
    GrantInstruction,
    NotReceived,
)
from app.settings import ProviderEndpoint

MAX_ANSWER_BYTES = 64 * 1024
_Text = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class _OrderBody(BaseModel):
    state: Literal["succeeded", "failed", "accepted", "closed"]
    transaction_no: _Text | None = None
    reason: _Code | None = None


class _AccountBody(BaseModel):
    result: Literal["verified", "wrong_code", "unknown_account"]
    holder_masked: _Text | None = None
    fits: bool | None = None


class RestGateway:
    """One provider behind a REST address; safe to share between threads."""

    def __init__(self, endpoint: ProviderEndpoint, timeout_seconds: float) -> None:
        self._client = httpx.Client(
            base_url=endpoint.url.rstrip("/"),
            headers={"Authorization": f"Bearer {endpoint.token.get_secret_value()}"},
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
        )

    def verify_account(self, service_id: str, account: str, code: str, amount: int | None) -> AccountAnswer:
        """Ask about an ID; the account travels in the body, so that no address line ever holds it."""
        asked: dict[str, str | int] = {"account": account, "security_code": code}
        if amount is not None:
            asked["amount"] = amount
        response = self._ask("POST", f"/v1/services/{service_id}/accounts/verify", json=asked)
        with _usable(response, 200):
            body = _AccountBody.model_validate_json(response.content)
            return AccountAnswer(body.result, body.holder_masked, body.fits)

    def send(self, instruction: GrantInstruction) -> GatewayAnswer:
        """Send or repeat one order."""
        response = self._ask(
            "PUT",
            f"/v1/grant-orders/{instruction.order_id}",
            headers={"Idempotency-Key": str(instruction.order_id)},
            json={
                "service_id": instruction.service_id,
                "account": instruction.account,
                "amount": instruction.amount,
                "policy_id": instruction.policy_id,
            },
        )
        answer = self._order_answer(response, 200, 201, 202, 409)
        return GatewayAnswer("failed", reason="closed") if isinstance(answer, Closed) else answer

    def inquire(self, order_id: UUID) -> GatewayAnswer | NotReceived | Closed:
        """Ask what became of an order."""
        response = self._ask("GET", f"/v1/grant-orders/{order_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return NotReceived()
        return self._order_answer(response, 200)

    def close(self, order_id: UUID) -> GatewayAnswer | Closed:
        """Rule out an order that was not received."""
        return self._order_answer(self._ask("POST", f"/v1/grant-orders/{order_id}/close"), 200)

    def _order_answer(self, response: httpx.Response, *expected: int) -> GatewayAnswer | Closed:
        with _usable(response, *expected):
            body = _OrderBody.model_validate_json(response.content)
            if body.state == "closed":
                return Closed()
            return GatewayAnswer(body.state, body.transaction_no, body.reason)

    def _ask(
        self, method: str, path: str, *, json: dict[str, str | int] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        try:
            return self._client.request(method, path, json=json, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            # "from None": the request object in the chain would carry the account into a traceback.
            raise GatewayUnavailable("no connection to the provider") from None
        except httpx.HTTPError as error:
            raise GatewayTimeout(f"no answer from the provider ({type(error).__name__})") from None


@contextmanager
def _usable(response: httpx.Response, *expected: int) -> Iterator[None]:
    """Any status or body outside the agreement leaves the outcome unknown; it is asked about, never guessed."""
    if response.status_code not in expected or len(response.content) > MAX_ANSWER_BYTES:
        raise GatewayTimeout(f"the provider answered {response.status_code}")
    try:
        yield
    except ValidationError:
        raise GatewayTimeout("the provider's answer is not in the agreed form") from None
