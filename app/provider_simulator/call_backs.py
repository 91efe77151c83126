"""The provider's call-backs: it tells todoke what became of orders that were not done at once, signed."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from uuid import UUID, uuid4

import httpx

from app.provider_simulator.faults import FaultKind, FaultSwitch
from app.provider_simulator.signing import signed_headers
from app.provider_simulator.store import Row, Store

TIMEOUT_SECONDS = 10.0
BATCH = 200
EVERY_SECONDS = 1.0
_LATE_SECONDS = 3_600
_FORGED_WITH = "made up by somebody else"
log = logging.getLogger(__name__)


class CallBackSender:
    """Tells each result until todoke has taken it; the fault switch makes it repeat, mix up, forge or lose some."""

    def __init__(self, store: Store, switch: FaultSwitch, url: str | None, secrets: Mapping[str, str]) -> None:
        self._store = store
        self._switch = switch
        self._url = url
        self._secrets = secrets

    def run_in_background(self) -> None:
        """Send what is due every second, for as long as the process lives."""
        threading.Thread(target=self._for_ever, name="call-backs", daemon=True).start()

    def send_due(self) -> int:
        """One round; how many results todoke has taken."""
        if self._url is None:
            return 0
        self._store.settle_due()
        with self._store.pool.connection() as connection:
            rows = connection.execute(
                "SELECT * FROM received_orders WHERE to_tell AND state IN ('succeeded', 'failed')"
                " AND provider_id = ANY(%s) ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED",
                (list(self._secrets), BATCH),
            ).fetchall()
            told = [row["order_id"] for row in rows if self._tell(row)]
            connection.execute("UPDATE received_orders SET to_tell = false WHERE order_id = ANY(%s)", (told,))
        return len(told)

    def _tell(self, row: Row) -> bool:
        fault = self._switch.take("call_back")
        kind = fault.kind if fault else None
        event = uuid4()
        if kind is FaultKind.LOST:
            return True
        if kind is FaultKind.FORGED:
            self._post(row, event, secret=_FORGED_WITH)
        if kind is FaultKind.LATE:
            self._post(row, event, age=_LATE_SECONDS)
        if kind is FaultKind.CONTRADICTORY:
            other = {"state": "failed", "transaction_no": None, "reason": "account_closed"}
            return self._post(row, event) and self._post(row | other, uuid4())
        taken = self._post(row, event)
        if kind is FaultKind.DUPLICATE:
            self._post(row, event)
            self._post(row, uuid4())
        if kind is FaultKind.OUT_OF_ORDER:
            self._post(row | {"state": "accepted", "transaction_no": None, "reason": None}, uuid4())
        return taken

    def _post(self, row: Row, event: UUID, *, secret: str | None = None, age: int = 0) -> bool:
        content = {
            "order_id": str(row["order_id"]),
            "policy_id": row["policy_id"],
            "state": row["state"],
            "amount": row["amount"],
            "transaction_no": row["transaction_no"],
            "reason": row["reason"],
        }
        body = json.dumps(content).encode()
        key = secret or self._secrets[row["provider_id"]]
        headers = signed_headers(row["provider_id"], key, body, event, age=age)
        assert self._url is not None
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _for_ever(self) -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                self.send_due()
            except Exception as error:  # its database may be away for a while; the next round tries again
                log.warning("call-backs wait: %s", type(error).__name__)
