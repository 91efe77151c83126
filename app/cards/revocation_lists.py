"""Keeping the revocation lists current: fetched by a job, judged at each use (card.md section 11)."""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from app import clock, db
from app.cards.models import RevocationList
from app.cards.trust import anchors
from app.settings import Settings
from nfc.trust.revocation import MAX_REMEMBERED

MAX_CRL_BYTES = 20 * 1024 * 1024
FETCH_SECONDS = 5.0
PAUSE_SECONDS = 20.0
log = structlog.get_logger(__name__)


def fetch_revocation_lists(settings: Settings) -> int:
    """Fetch every configured source; returns how many lists were stored.

    A list is stored only when one of the pinned roots signed it and it is not older than the one at hand: otherwise
    whoever answers at that address could bring a revoked card back. One that fails keeps the last list, which ages
    into "not checked" by itself.
    """
    roots = [anchor.certificate for anchor in anchors(settings)]
    return sum(_fetch_one(source, roots) for source in settings.crl_sources)


def _fetch_one(source: str, roots: list[x509.Certificate]) -> bool:
    try:
        crl = x509.load_der_x509_crl(_read(source))
    except (OSError, ValueError, x509.InvalidVersion, httpx.HTTPError) as error:
        log.warning("revocation list not fetched", source=source, error=type(error).__name__)
        return False
    if not any(_is_signed_by(crl, root) for root in roots):
        log.error("revocation list refused: no pinned root signed it", source=source)
        return False
    with db.transaction() as session:
        last = session.get(RevocationList, source, with_for_update=True)
        if last is not None and x509.load_der_x509_crl(last.der).last_update_utc > crl.last_update_utc:
            log.error("revocation list refused: older than the one at hand", source=source)
            return False
        session.merge(RevocationList(source=source, der=crl.public_bytes(Encoding.DER), fetched_at=clock.now()))
    return True


def _is_signed_by(crl: x509.CertificateRevocationList, root: x509.Certificate) -> bool:
    key = root.public_key()
    return crl.issuer == root.subject and isinstance(key, RSAPublicKey) and crl.is_signature_valid(key)


def fetch_missing_lists(settings: Settings) -> None:
    """Fetch now when a configured list is missing or out of date: a person is waiting for the answer.

    The periodic job makes this rare; a source that is down is asked again only after a pause.
    """
    if time.monotonic() - _LastTry.at < PAUSE_SECONDS:
        return
    with db.reading() as session:
        stored = {row.source: row.der for row in session.execute(select(RevocationList.source, RevocationList.der))}
    if all(source in stored and _is_current(stored[source]) for source in settings.crl_sources):
        return
    _LastTry.at = time.monotonic()
    fetch_revocation_lists(settings)


class _LastTry:
    at = -1e9


def _is_current(der: bytes) -> bool:
    end = _end_of(der)
    return end is not None and clock.now() < end


@lru_cache(maxsize=MAX_REMEMBERED)
def _end_of(der: bytes) -> datetime | None:
    """Until when a list says that it holds; asked at each reading, so remembered by content."""
    return x509.load_der_x509_crl(der).next_update_utc


def _read(source: str) -> bytes:
    if urlsplit(source).scheme not in ("http", "https"):
        return Path(source).read_bytes()
    body = bytearray()
    with httpx.stream("GET", source, timeout=FETCH_SECONDS) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_CRL_BYTES:
                raise ValueError("the list is too large")
    return bytes(body)
