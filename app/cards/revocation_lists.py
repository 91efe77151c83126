"""Keeping the revocation lists current: fetched by a job, judged at each use (card.md section 11)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography import x509
from sqlalchemy.dialects.postgresql import insert

from app import clock, db
from app.cards.models import RevocationList
from app.settings import Settings

MAX_CRL_BYTES = 20 * 1024 * 1024
FETCH_SECONDS = 10.0
log = structlog.get_logger(__name__)


def fetch_revocation_lists(settings: Settings) -> int:
    """Fetch every configured source; returns how many were stored. One that fails keeps its last list, which ages
    into "not checked" by itself."""
    stored = 0
    for source in settings.crl_sources:
        try:
            der = _read(source)
            x509.load_der_x509_crl(der)
        except (OSError, ValueError, x509.InvalidVersion, httpx.HTTPError) as error:
            log.warning("revocation list not fetched", source=source, error=type(error).__name__)
            continue
        _store(source, der)
        stored += 1
    return stored


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


def _store(source: str, der: bytes) -> None:
    values = {"der": der, "fetched_at": clock.now()}
    statement = insert(RevocationList).values(source=source, **values)
    with db.transaction() as session:
        session.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))
