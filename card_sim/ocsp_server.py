"""The OCSP responder over HTTP (RFC 6960, appendix A): GET with the request in the path, POST with it as body.

`/ocsp` answers as the process was told; `/ocsp/VARIANT/SIGNER` answers in any other way, so that one process serves a
whole test. It also gives out the revocation lists: `/crl/VARIANT/N.crl`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import unquote

from card_sim import crl_variants
from card_sim.crl_variants import CrlVariant
from card_sim.issuer import TestIssuer
from card_sim.ocsp import REQUEST_MAX, OcspVariant, Responder, SignedBy

REQUEST_TYPE: Final = "application/ocsp-request"
RESPONSE_TYPE: Final = "application/ocsp-response"
CRL_TYPE: Final = "application/pkix-crl"
IDLE_SECONDS: Final = 10.0

_OTHER_RESPONDER: Final = re.compile(r"/ocsp/([a-z_]+)/([a-z]+)(?:/(.*))?", re.DOTALL)
_OWN_RESPONDER: Final = re.compile(r"/(?:ocsp(?:/(.*))?)?", re.DOTALL)
_CRL: Final = re.compile(r"/crl/([a-z_]+)/([0-9]{1,3})\.crl")

# A string is not looked up in an Enum itself before Python 3.12.
_VARIANTS: Final = frozenset(variant.value for variant in OcspVariant)
_SIGNERS: Final = frozenset(signer.value for signer in SignedBy)


class _NotThere(Exception):
    """Nothing lives at the path."""


class OcspServer(ThreadingHTTPServer):
    """The responder on a loopback or local address; `now` is the clock of the simulation, with a time zone."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], responder: Responder, now: Callable[[], datetime]) -> None:
        super().__init__(address, _Handler)
        self.responder = responder
        self.now = now


class _Handler(BaseHTTPRequestHandler):
    timeout = IDLE_SECONDS
    server_version = "TEST-OCSP"
    sys_version = ""

    def do_GET(self) -> None:
        """A request in the path, a revocation list, or the sign of life."""
        if self.path == "/healthz":
            return self._send(HTTPStatus.OK, "application/json", b'{"status": "ok"}\n')
        crl = _CRL.fullmatch(self.path)
        if crl is not None:
            return self._send_crl(crl[1], int(crl[2]))
        try:
            responder, encoded = self._chosen()
            request = base64.b64decode(unquote(encoded), validate=True)
        except (_NotThere, binascii.Error, ValueError):
            return self._refuse(HTTPStatus.NOT_FOUND)
        if not request:
            return self._refuse(HTTPStatus.NOT_FOUND)
        return self._answer(responder, request)

    def do_POST(self) -> None:
        """A request as body."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            return self._refuse(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > REQUEST_MAX:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self.headers.get_content_type() != REQUEST_TYPE:
            return self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            responder, rest = self._chosen()
        except _NotThere:
            return self._refuse(HTTPStatus.NOT_FOUND)
        if rest:
            return self._refuse(HTTPStatus.NOT_FOUND)
        return self._answer(responder, self.rfile.read(int(length)))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a request names a certificate (card.md N4)."""

    def _chosen(self) -> tuple[Responder, str]:
        """The responder the path asks for, and what follows in the path. Raises _NotThere."""
        assert isinstance(self.server, OcspServer)
        own = self.server.responder
        other = _OTHER_RESPONDER.fullmatch(self.path)
        if other is not None and other[1] in _VARIANTS and other[2] in _SIGNERS:
            return Responder(own.issuer, OcspVariant(other[1]), SignedBy(other[2])), other[3] or ""
        here = _OWN_RESPONDER.fullmatch(self.path)
        if here is None:
            raise _NotThere
        return own, here[1] or ""

    def _answer(self, responder: Responder, request: bytes) -> None:
        assert isinstance(self.server, OcspServer)
        self._send(HTTPStatus.OK, RESPONSE_TYPE, responder.answer(request, self.server.now()))

    def _send_crl(self, variant: str, root_index: int) -> None:
        assert isinstance(self.server, OcspServer)
        issuer: TestIssuer = self.server.responder.issuer
        try:
            der = crl_variants.make(CrlVariant(variant), issuer, root_index, self.server.now())
        except (KeyError, ValueError):
            return self._refuse(HTTPStatus.NOT_FOUND)
        return self._send(HTTPStatus.OK, CRL_TYPE, der)

    def _refuse(self, status: HTTPStatus) -> None:
        self._send(status, "text/plain; charset=utf-8", f"{status.phrase}\n".encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
