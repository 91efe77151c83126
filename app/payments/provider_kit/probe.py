"""Asks a provider's interface and keeps every answer, so that checks can look at all of them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

MAX_ANSWER_BYTES = 64 * 1024
POLICY = "KIT-001"


class CheckFailed(Exception):
    """What the provider did that it must not do; the text is for its engineers."""


@dataclass(frozen=True)
class Subject:
    """The interface under test, with an account that may receive points and its present security code, where known."""

    url: str
    token: str = field(repr=False)
    service_id: str
    account: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    unknown_account: str | None = None
    amount: int = 100
    limit_seconds: float = 10.0


@dataclass(frozen=True)
class Answer:
    """One answer as it came."""

    what: str
    status: int
    content_type: str
    body: bytes = field(repr=False)
    seconds: float

    def json(self) -> dict[str, Any]:
        """The body as an object; an answer that is none fails the check."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise CheckFailed(f"{self.what} answered {self.status} with a body that is no JSON") from None
        if not isinstance(value, dict):
            raise CheckFailed(f"{self.what} answered {self.status} with JSON that is no object")
        return value


@dataclass(frozen=True)
class Order:
    """What the provider says about an order."""

    state: str
    transaction_no: str | None


class Probe:
    """The requests that todoke makes, one method each."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.answers: list[Answer] = []
        self._client = httpx.Client(base_url=subject.url.rstrip("/"), timeout=subject.limit_seconds * 2)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def put(self, order_id: UUID, *, key: str | None = None, **changes: object) -> Answer:
        """Send an order; ``changes`` replace fields of its body, None leaves one out."""
        content: dict[str, object] = {
            "service_id": self.subject.service_id,
            "account": self.subject.account,
            "amount": self.subject.amount,
            "policy_id": POLICY,
        }
        body = {name: value for name, value in (content | changes).items() if value is not None}
        headers = {"Idempotency-Key": key or str(order_id)}
        return self.ask("PUT", f"/v1/grant-orders/{order_id}", json_body=body, headers=headers)

    def get(self, order_id: UUID) -> Answer:
        """Ask about an order."""
        return self.ask("GET", f"/v1/grant-orders/{order_id}")

    def rule_out(self, order_id: UUID) -> Answer:
        """Rule an order out."""
        return self.ask("POST", f"/v1/grant-orders/{order_id}/close")

    def verify(self, account: str, code: str) -> Answer:
        """Ask whether account and code belong together."""
        path = f"/v1/services/{self.subject.service_id}/accounts/verify"
        return self.ask("POST", path, json_body={"account": account, "security_code": code})

    def ask(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Answer:
        """One request with the token; no answer at all fails the check."""
        what = f"{method} {path}"
        own = {"Authorization": f"Bearer {self.subject.token if token is None else token}"} if token != "" else {}
        body = json.dumps(json_body).encode() if json_body is not None else content
        kind = {"Content-Type": "application/json"} if body is not None else {}
        started = time.monotonic()
        try:
            response = self._client.request(method, path, content=body, headers=own | kind | (headers or {}))
        except httpx.HTTPError as error:
            raise CheckFailed(f"{what}: no answer ({type(error).__name__})") from None
        seconds = time.monotonic() - started
        kind_of_answer = response.headers.get("content-type", "").partition(";")[0]
        answer = Answer(what, response.status_code, kind_of_answer, response.content, seconds)
        self.answers.append(answer)
        return answer

    def new_order(self) -> tuple[UUID, Order]:
        """Send an order that was never sent before; it must be taken."""
        order_id = uuid4()
        return order_id, order_of(self.put(order_id), 200, 201, 202)


def expect(answer: Answer, *statuses: int) -> Answer:
    """The answer, if its status is one of these."""
    if answer.status not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise CheckFailed(f"{answer.what} answered {answer.status}, expected {wanted}")
    return answer


def refused(answer: Answer) -> None:
    """The request must have been refused as the caller's mistake."""
    if not 400 <= answer.status < 500:
        raise CheckFailed(f"{answer.what} answered {answer.status}, expected a refusal (4xx)")


def order_of(answer: Answer, *statuses: int) -> Order:
    """The order in an answer of these statuses, in the agreed form."""
    body = expect(answer, *statuses).json()
    state, number, reason = body.get("state"), body.get("transaction_no"), body.get("reason")
    if state not in ("accepted", "succeeded", "failed", "closed"):
        raise CheckFailed(f"{answer.what}: state is not accepted, succeeded, failed or closed")
    for name, value in (("transaction_no", number), ("reason", reason)):
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable()):
            raise CheckFailed(f"{answer.what}: {name} is not a text of 1 to 100 characters")
    if state == "succeeded" and not number:
        raise CheckFailed(f"{answer.what}: a succeeded order has no transaction_no")
    return Order(state, number)
