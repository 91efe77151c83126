"""The service's agent API as a real, small HTTP server: hands out tasks, checks every signature, keeps what it got."""

from __future__ import annotations

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from nfc.agent.signing import SignatureError, verify_request

SESSION_ID = "0192f0c1-2345-7abc-8def-0123456789ab"


def task_json(**changes: object) -> dict[str, object]:
    return {
        "session_id": SESSION_ID,
        "challenge": "ab" * 32,
        "purpose": "apply",
        "policy_id": "P-001",
        "policy_title": "あさひ市 物価高騰<応援>ポイント",
        "municipality_name": "みらい県あさひ市",
        "origin": "https://todoke.example.jp",
        "confirmation": "48",
        "expires_in": 180,
    } | changes


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that ended while it was being answered is no news."""


class Service:
    """`answers` overrides what a path answers next: (status, headers, body). An answer of None drops the connection."""

    def __init__(self, public_key: bytes) -> None:
        self.public_key = public_key
        self.tasks: queue.Queue[dict[str, object]] = queue.Queue()
        self.steps: queue.Queue[str] = queue.Queue()
        self.results: queue.Queue[dict[str, Any]] = queue.Queue()
        self.asked: queue.Queue[str] = queue.Queue()
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes] | None]] = {}
        self.nonces: list[str] = []
        self.bodies: list[bytes] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.bodies.append(body)
            try:
                signed = verify_request(service.public_key, self.headers, "POST", self.path, body, time.time())
            except SignatureError:
                self._answer(401)
                return
            service.nonces.append(signed.nonce)
            service.asked.put(self.path)
            kind = self.path.rsplit("/", 1)[-1]
            if service.answers.get(kind):
                prepared = service.answers[kind].pop(0)
                if prepared is None:
                    self.connection.close()
                    return
                self._answer(*prepared)
                return
            getattr(self, f"_{kind}")(json.loads(body))

        def _take(self, value: dict[str, Any]) -> None:
            try:
                task = service.tasks.get(timeout=min(value["wait"], 1))
            except queue.Empty:
                self._answer(204)
                return
            self._answer(200, {}, json.dumps(task).encode())

        def _progress(self, value: dict[str, Any]) -> None:
            service.steps.put(value["step"])
            self._answer(204)

        def _result(self, value: dict[str, Any]) -> None:
            service.results.put(value)
            self._answer(204)

        def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
            self.send_response(status)
            for name, text in (headers or {}).items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def ended(outcome: str, pin_kind: str | None = None, tries_left: int | None = None) -> dict[str, object]:
    """What an agent hands in about a visit that read nothing."""
    return {"outcome": outcome, "pin_kind": pin_kind, "tries_left": tries_left, "certificate_not_after": None}
