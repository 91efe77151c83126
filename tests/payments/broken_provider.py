"""A provider in memory that keeps every promise of the interface, or breaks exactly one of them: its sin."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from uuid import uuid4

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

TOKEN, SERVICE, ACCOUNT, CODE, UNKNOWN_ACCOUNT = "kit-token", "SVC-X", "1111222233334", "4711", "9999999999990"
SLOW_SECONDS = 0.3

# Which check must see which sin.
SINS = {
    "no_token_needed": "token",
    "new_orders_are_closed": "taken",
    "500_for_a_new_order": "taken",
    "a_new_grant_each_time": "again",
    "no_lock": "at_once",
    "takes_other_content": "other_content",
    "any_key_will_do": "key",
    "forgets_the_state": "inquiry",
    "unknown_is_accepted": "unknown",
    "does_what_was_ruled_out": "ruled_out",
    "ruling_out_again_is_a_conflict": "ruled_out_again",
    "rules_out_what_was_done": "too_late",
    "two_truths": "race",
    "any_amount": "amounts",
    "true_is_one_point": "amounts",
    "any_service": "service",
    "500_for_nonsense": "nonsense",
    "one_number_for_all": "numbers",
    "no_code_is_right": "right_code",
    "every_code_is_right": "wrong_code",
    "names_the_holder": "wrong_code",
    "every_account_exists": "unknown_account",
    "repeats_the_account": "refusals",
    "answers_in_html": "form",
    "endless_answers": "form",
    "slow": "in_time",
}


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class BrokenProvider:
    """A WSGI application; ``sin`` is one of ``SINS`` or empty."""

    def __init__(self, sin: str = "") -> None:
        self.sin = sin
        self.orders: dict[str, dict[str, Any]] = {}
        self.lock = threading.RLock()
        self.routes = Map(
            [
                Rule("/v1/grant-orders/<uuid:order_id>", methods=["PUT"], endpoint=self.send),
                Rule("/v1/grant-orders/<uuid:order_id>", methods=["GET"], endpoint=self.inquire),
                Rule("/v1/grant-orders/<uuid:order_id>/close", methods=["POST"], endpoint=self.rule_out),
                Rule("/v1/services/<service_id>/accounts/verify", methods=["POST"], endpoint=self.verify),
            ]
        )

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        try:
            status, body = self.answer(request)
        except Refused as refusal:
            error = refusal.error
            if self.sin == "repeats_the_account":
                error += request.get_data(as_text=True)
            status, body = refusal.status, {"error": error}
        except HTTPException as error:
            status, body = error.code or 500, {"error": "no"}
        if self.sin == "slow" and request.method == "GET":
            time.sleep(SLOW_SECONDS)
        if self.sin == "answers_in_html" and status == 404:
            return Response("<p>no</p>", status, mimetype="text/html")(environ, start_response)
        if self.sin == "endless_answers" and status == 404:
            body["padding"] = "x" * 100_000
        return Response(json.dumps(body), status, mimetype="application/json")(environ, start_response)

    def answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        if self.sin != "no_token_needed" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "token")
        endpoint, values = self.routes.bind_to_environ(request.environ).match()
        if self.sin == "no_lock":
            return endpoint(request, **{name: str(value) for name, value in values.items()})
        with self.lock:
            return endpoint(request, **{name: str(value) for name, value in values.items()})

    def send(self, request: Request, order_id: str) -> tuple[int, dict[str, Any]]:
        content = self._content(request, order_id)
        known = self.orders.get(order_id)
        if known is None or (self.sin == "a_new_grant_each_time" and known["content"] is not None):
            if self.sin == "no_lock":
                time.sleep(0.02)
            number = "T-1" if self.sin == "one_number_for_all" else f"T-{uuid4().hex}"
            known = {"content": content, "state": "succeeded", "transaction_no": number}
            if self.sin == "new_orders_are_closed":
                known |= {"state": "closed", "transaction_no": None}
            self.orders[order_id] = known
            if self.sin == "500_for_a_new_order":
                raise Refused(500, "oh")
        elif known["state"] == "closed":
            if self.sin in ("does_what_was_ruled_out", "two_truths"):
                known |= {"content": content, "state": "succeeded", "transaction_no": "T-late"}
                return 200, self._told(known)
            return 409, self._told(known)
        elif known["content"] != content and self.sin != "takes_other_content":
            raise Refused(422, "another content")
        return 200, self._told(known)

    def inquire(self, request: Request, order_id: str) -> tuple[int, dict[str, Any]]:
        known = self.orders.get(order_id)
        if known is None:
            if self.sin == "unknown_is_accepted":
                return 200, {"state": "accepted", "transaction_no": None, "reason": None}
            raise Refused(404, "no such order")
        if self.sin == "forgets_the_state" and known["state"] == "succeeded":
            return 200, {"state": "accepted", "transaction_no": None, "reason": None}
        return 200, self._told(known)

    def rule_out(self, request: Request, order_id: str) -> tuple[int, dict[str, Any]]:
        fresh = {"content": None, "state": "closed", "transaction_no": None}
        if self.sin == "ruling_out_again_is_a_conflict" and order_id in self.orders:
            raise Refused(409, "known")
        if self.sin == "rules_out_what_was_done":
            self.orders[order_id] = fresh
        known = self.orders.setdefault(order_id, fresh)
        if self.sin == "two_truths":
            return 200, self._told(fresh)
        return 200, self._told(known)

    def verify(self, request: Request, service_id: str) -> tuple[int, dict[str, Any]]:
        body = self._json(request)
        exists = body.get("account") == ACCOUNT or self.sin == "every_account_exists"
        right = body.get("security_code") == CODE or self.sin in ("every_code_is_right", "every_account_exists")
        right = right and self.sin != "no_code_is_right"
        result = "unknown_account" if not exists else "verified" if right else "wrong_code"
        shown = result == "verified" or self.sin == "names_the_holder"
        return 200, {"result": result, "holder_masked": "ヤ＊＊" if shown else None}

    def _content(self, request: Request, order_id: str) -> dict[str, Any]:
        body = self._json(request)
        if request.headers.get("Idempotency-Key") != order_id and self.sin != "any_key_will_do":
            raise Refused(400, "key")
        amount = body.get("amount")
        whole = isinstance(amount, int) and (not isinstance(amount, bool) or self.sin == "true_is_one_point")
        if self.sin != "any_amount" and not (whole and 0 < amount <= 10**9):
            raise Refused(422, "amount")
        if body.get("service_id") != SERVICE and self.sin != "any_service":
            raise Refused(422, "service")
        return body

    def _json(self, request: Request) -> dict[str, Any]:
        try:
            body = json.loads(request.get_data())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(500 if self.sin == "500_for_nonsense" else 400, "no JSON object")
        return body

    def _told(self, known: dict[str, Any]) -> dict[str, Any]:
        return {"state": known["state"], "transaction_no": known["transaction_no"], "reason": None}
