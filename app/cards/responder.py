"""Asking the configured OCSP responder about one certificate while its holder waits (card.md 11, row 7).

The address is the operator's setting, never one that a certificate names: else whoever makes certificates could send
this service anywhere. No answer, a late one and a useless one are all the same to the person: not checked.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from urllib.parse import urlsplit

import httpx
import structlog

from app.cards.trust import anchors
from app.settings import Settings
from nfc.agent.client import is_loopback
from nfc.trust import NONCE_BYTES, OcspAnswer, build_ocsp_request, issuing_anchor
from nfc.trust.ocsp import MAX_RESPONSE_BYTES

PAUSE_SECONDS = 10.0
"""A responder that did not answer is left alone so long: meanwhile nobody waits for it in vain."""
_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
log = structlog.get_logger(__name__)


def ask_responder(settings: Settings, certificate_der: bytes) -> list[OcspAnswer]:
    """The responder's answer about this certificate, to be judged with the lists; empty when there is none.

    Asks only about certificates that a pinned root signed. Takes ``ocsp_seconds`` at most. Call it without a database
    connection in hand.
    """
    if settings.ocsp_url is None or _Silence.lasts():
        return []
    issued = issuing_anchor(certificate_der, anchors(settings))
    if issued is None:
        return []
    nonce = secrets.token_bytes(NONCE_BYTES)
    try:
        answer = _within(settings.ocsp_seconds, settings.ocsp_url, build_ocsp_request(*issued, nonce))
    except (httpx.HTTPError, httpx.InvalidURL, _Unusable) as error:
        # Neither request nor answer: both name a certificate (N4).
        log.warning("the OCSP responder did not answer", error=type(error).__name__)
        _Silence.begin()
        return []
    return [OcspAnswer(answer, nonce)]


class _Unusable(Exception):
    """Too late, too long, or no answer of OCSP's."""


def _within(seconds: float, url: str, request: bytes) -> bytes:
    """The answer's body, in so many seconds or not at all.

    The client limits each of its waits, of which a responder that answers in crumbs makes very many: so it works in a
    thread that is left behind when the time is over. The pause that follows keeps such threads few.
    """
    answered: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answered.put(_post(url, request, seconds))
        except Exception as error:
            answered.put(error)

    threading.Thread(target=ask, name="ocsp", daemon=True).start()
    try:
        answer = answered.get(timeout=seconds)
    except queue.Empty:
        raise _Unusable from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _post(url: str, request: bytes, seconds: float) -> bytes:
    body = bytearray()
    with (
        # A proxy of the environment has no business between two programs of one machine.
        httpx.Client(timeout=seconds, follow_redirects=False, trust_env=not _is_here(url)) as client,
        client.stream("POST", url, content=request, headers=_HEADERS) as response,
    ):
        if response.status_code != 200:
            raise _Unusable
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                raise _Unusable
    return bytes(body)


def _is_here(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


class _Silence:
    """Since when the responder is left alone, for this process."""

    _until = -1e9
    _lock = threading.Lock()

    @classmethod
    def begin(cls) -> None:
        with cls._lock:
            cls._until = time.monotonic() + PAUSE_SECONDS

    @classmethod
    def lasts(cls) -> bool:
        with cls._lock:
            return time.monotonic() < cls._until

    @classmethod
    def end(cls) -> None:
        with cls._lock:
            cls._until = -1e9
