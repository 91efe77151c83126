"""The keypad page's own small web server, on this machine only.

The PIN is typed here, so the door is narrow: loopback address, the expected Host (against DNS rebinding), the own
Origin and a token of the visit on every form (against other pages in the same browser), small bodies, no request log.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from nfc.agent.booth import Booth
from nfc.agent.pages import asset, page, refusal_page
from nfc.agent.pin_form import read_form
from nfc.agent.visit import EnteredPins, Visit, VisitState, WrongMoment
from nfc.agent.words import LANGUAGES

ADDRESS: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 4096
MAX_FIELDS: Final = 8
REQUEST_TIMEOUT_SECONDS: Final = 10
MAX_PARALLEL_REQUESTS: Final = 32
STOP_NOTICED_SECONDS: Final = 0.1
_FORM: Final = "application/x-www-form-urlencoded"

_ASSETS: Final = MappingProxyType(
    {
        "/keypad.css": ("keypad.css", "text/css; charset=utf-8"),
        "/keypad.js": ("keypad.js", "text/javascript; charset=utf-8"),
    }
)
_FORMS: Final = frozenset({"/pin", "/cancel", "/language"})
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # With no-referrer a browser would send "Origin: null" with our own forms.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)


class KeypadUnavailable(Exception):
    """The keypad page cannot be served; the message says why in a sentence."""


class KeypadServer:
    """The page of one booth. `port` 0 takes any free one; `url` tells which. Raises KeypadUnavailable."""

    def __init__(self, booth: Booth, port: int) -> None:
        try:
            self._server = _Server(booth, port)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no such port"
            raise KeypadUnavailable(f"the keypad page cannot use port {port}: {reason}") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_NOTICED_SECONDS,), name="keypad", daemon=True
        )

    @property
    def url(self) -> str:
        """Where the page is, for a browser on this machine."""
        return f"http://{ADDRESS}:{self._server.server_port}/"

    def start(self) -> None:
        """Answer from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Linux this only skips the waiting time after a restart; two servers still cannot share the port.
    allow_reuse_address = True

    def __init__(self, booth: Booth, port: int) -> None:
        super().__init__((ADDRESS, port), _Handler)
        self.booth = booth
        self._free = threading.BoundedSemaphore(MAX_PARALLEL_REQUESTS)
        names = (ADDRESS, "localhost")
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in names)
        self.origins = frozenset(f"http://{host}" for host in self.hosts)

    def server_bind(self) -> None:
        """As in the base class, but without asking the name service for the name of this machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A traceback of a request may carry what was typed, so none is printed; the browser sees a closed door."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_TIMEOUT_SECONDS

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if not self._is_for_us():
            self._refuse(HTTPStatus.FORBIDDEN, "refused.address")
        elif path == "/":
            self._send_page(HTTPStatus.OK, page(self.server.booth))
        elif path == "/state":
            self._send_state()
        elif path in _ASSETS:
            name, content_type = _ASSETS[path]
            self._send(HTTPStatus.OK, content_type, asset(name))
        elif path in _FORMS:
            self._go_home()
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "refused.missing")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if not self._is_for_us() or not self._comes_from_us():
            self._refuse(HTTPStatus.FORBIDDEN, "refused.action")
            return
        if path not in _FORMS:
            self._refuse(HTTPStatus.NOT_FOUND, "refused.missing")
            return
        fields = self._fields()
        if fields is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "refused.body")
            return
        if path == "/language":
            self._choose_language(fields)
            return
        visit = self.server.booth.visit
        token = fields.get("token", [""])[0]
        if visit is None or not secrets.compare_digest(token.encode(), visit.form_token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "refused.old")
        elif path == "/cancel":
            self._cancel(visit)
        else:
            self._enter_pins(visit, fields)

    def _choose_language(self, fields: dict[str, list[str]]) -> None:
        """Needs no token: it shows the same in other words."""
        chosen = fields.get("language", [""])[0]
        for language in LANGUAGES:
            if language == chosen:
                self.server.booth.choose_language(language)
        self._go_home()

    def _cancel(self, visit: Visit) -> None:
        with suppress(WrongMoment):  # the page that follows shows what is going on instead
            visit.cancel()
        self._go_home()

    def _enter_pins(self, visit: Visit, fields: dict[str, list[str]]) -> None:
        if visit.state is not VisitState.WAITING_PIN:
            self._go_home()
            return
        entered = read_form(fields, visit, self.server.booth.language)
        if visit.is_over:  # the number of the person's page was wrong once too often
            self._go_home()
            return
        if not isinstance(entered, EnteredPins):
            self._send_page(HTTPStatus.UNPROCESSABLE_ENTITY, page(self.server.booth, entered))
            return
        with suppress(WrongMoment):  # sent twice, or too late: the page tells
            visit.enter_pins(entered)
        self._go_home()

    def _is_for_us(self) -> bool:
        return self.headers.get("Host", "") in self.server.hosts

    def _comes_from_us(self) -> bool:
        return self.headers.get("Origin", "") == f"http://{self.headers.get('Host', '')}"

    def _fields(self) -> dict[str, list[str]] | None:
        length = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != _FORM or "Transfer-Encoding" in self.headers:
            return None
        if not (length.isascii() and length.isdigit() and len(length) <= 5 and int(length) <= MAX_BODY_BYTES):
            return None
        body = self.rfile.read(int(length))
        try:
            return parse_qs(
                body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=MAX_FIELDS
            )
        except ValueError:
            return None

    def _send_state(self) -> None:
        visit = self.server.booth.visit
        state = visit.state.value if visit is not None else "idle"
        body = json.dumps({"state": state, "revision": self.server.booth.revision()}).encode()
        self._send(HTTPStatus.OK, "application/json", body)

    def _go_home(self) -> None:
        self._send(HTTPStatus.SEE_OTHER, "text/plain; charset=utf-8", b"", location="/")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send_page(status, refusal_page(why, self.server.booth))

    def _send_page(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/html; charset=utf-8", text.encode("utf-8"))

    def _send(self, status: HTTPStatus, content_type: str, body: bytes, location: str | None = None) -> None:
        self.send_response(status)
        for name, value in _HEADERS:
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Protocol errors in two words; the base class would quote the request."""
        status = HTTPStatus(code)
        self._send(status, "text/plain; charset=utf-8", status.phrase.encode("ascii"))

    def version_string(self) -> str:
        return "keypad"

    def log_message(self, format: str, *args: Any) -> None:
        """No request log: there is nothing in it that would help, and much that should not be kept."""
