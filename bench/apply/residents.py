"""People at the confirming page, made in bulk: card read, draft filled in, signed in; only the button is left.

The rows are those that the pages leave (tests/bench checks it against the use cases). Each resident carries the very
request that a browser would send.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from app import clock, create_app, db, db_rows, municipalities, people, policies
from app.applications.draft import TERMS_VERSION, digest_of
from app.applications.models import Application
from app.cards.models import Evidence
from app.people.models import Person, PersonFacts
from app.people.recognise import fingerprint_of
from app.pii import Private, vault
from app.web.models import WebSession

ADDRESS = "みらい県あさひ市本町１丁目１番１号"
SERVICE_ID = "SVC-QR-01"
BATCH = 500


@dataclass(frozen=True)
class Resident:
    """One who has only the button left to press."""

    policy_id: str
    application_id: UUID
    person_id: UUID
    evidence_id: UUID
    facts_id: UUID
    token: str
    account: str
    request: bytes


class Makers:
    """Makes residents of one installation."""

    def __init__(self, agent_id: str, *, service_id: str = SERVICE_ID, signed_in: bool = True) -> None:
        """``signed_in=False`` for people who never come to the pages: no session, no request."""
        self._service_id = service_id
        self._signed_in = signed_in
        self._agent = UUID(agent_id)
        self._app: Flask = create_app()
        self._address = municipalities.resolve(ADDRESS)
        self._number = secrets.randbelow(10**6) * 10**6

    def make(self, policy_of: Callable[[int], str], count: int) -> list[Resident]:
        """``count`` residents, the n-th at the confirming page of ``policy_of(n)``."""
        residents: list[Resident] = []
        for first in range(0, count, BATCH):
            with db.transaction() as session:
                residents += self._batch(session, [policy_of(n) for n in range(first, min(first + BATCH, count))])
        return residents

    def _batch(self, session: Session, policy_ids: list[str]) -> list[Resident]:
        versions = {name: self._version(session, name) for name in set(policy_ids)}
        rows: dict[Any, list[dict[str, Any]]] = {Person: [], PersonFacts: [], Evidence: [], Application: []}
        rows[WebSession] = []
        residents = [self._one(rows, policy_id, *versions[policy_id]) for policy_id in policy_ids]
        for table, values in rows.items():
            db_rows.insert_rows(session, table, values)
        return residents

    @staticmethod
    def _version(session: Session, policy_id: str) -> tuple[int, int]:
        policy = policies.get(session, policy_id)
        assert policy is not None
        assert policy.amount is not None
        return policy.version, policy.amount

    def _one(self, rows: dict[Any, list[dict[str, Any]]], policy_id: str, version: int, amount: int) -> Resident:
        self._number += 1
        now = clock.now()
        person, facts, evidence, application = (db.new_id() for _ in range(4))
        items = people.FourItems(
            Private(f"試験　花子{self._number}"), Private(ADDRESS), Private("19800401"), Private("2")
        )
        fingerprint = fingerprint_of(items)
        account = f"{self._number:013d}"
        rows[Person].append({"id": person, "created_at": now})
        encrypted = {
            f"{name}_enc": vault().encrypt(getattr(items, name), f"person_facts.{name}:{facts}")
            for name in ("name", "address", "birth_date", "sex")
        }
        rows[PersonFacts].append(
            {"id": facts, "person_id": person, "fingerprint": fingerprint, "received_at": now, **encrypted}
        )
        rows[Evidence].append(self._evidence(person, facts, evidence))
        draft: dict[str, Any] = {
            "policy_id": policy_id,
            "id": application,
            "policy_version": version,
            "applicant_id": person,
            "beneficiary_id": person,
            "unit_key": "",
            "fingerprint": fingerprint,
            "state": "started",
            "channel": "phone",
            "evidence_id": evidence,
            "consents": {
                "terms": TERMS_VERSION,
                "outline": f"{policy_id}/{version}",
                "service_terms": TERMS_VERSION,
                "at": now.isoformat(),
            },
            "amount": amount,
            "service_id": self._service_id,
            "draft_account_enc": vault().encrypt(Private(account), f"applications.draft_account:{application}"),
            "draft_last4": account[-4:],
            "holder_masked": "タ＊＊",
            "started_at": now,
            "cleared_by_staff": False,
            "duplicate_suspected": False,
            "review_requested": False,
            "choose_later": False,
            "in_grace": False,
        }
        rows[Application].append(draft)
        if not self._signed_in:
            return Resident(policy_id, application, person, evidence, facts, "", account, b"")
        token = secrets.token_urlsafe(32)
        csrf = hashlib.sha256(token.encode()).hexdigest()[:40]
        rows[WebSession].append(_web_session(token, person, csrf))
        request = self._request(Application(**draft), token, csrf)
        return Resident(policy_id, application, person, evidence, facts, token, account, request)

    def _evidence(self, person: UUID, facts: UUID, evidence: UUID) -> dict[str, Any]:
        return {
            "id": evidence,
            "person_id": person,
            "facts_id": facts,
            "card_session_id": uuid4(),
            "agent_id": self._agent,
            "assurance": "simulated",
            "revocation": "good",
            "issuer_check": "genuine",
            "environment": "test",
            "address_status": self._address.status.value,
            "address_code": self._address.code,
            "address_candidates": list(self._address.candidates),
            "address_table_version": self._address.table_version,
            "looks_like_another": False,
            "verified_at": clock.now(),
        }

    def _request(self, draft: Application, token: str, csrf: str) -> bytes:
        """The form as the confirming page gives it out."""
        secret = self._app.config["SECRET_KEY"]
        shown = [draft.policy_id, str(draft.id), str(draft.applicant_id), clock.now().isoformat(), digest_of(draft)]
        form_token = str(URLSafeSerializer(secret, salt="confirm-page").dumps(shown))
        csrf_token = str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(csrf))
        body = f"csrf_token={csrf_token}&form_token={form_token}&confirmed=yes"
        return post(f"/policies/{draft.policy_id}/apply/confirm", body, f"todoke={token}")


def post(path: str, body: str, cookie: str) -> bytes:
    """A form as a browser posts it, ready for the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nCookie: {cookie}\r\nUser-Agent: bench\r\n\r\n"
    )
    return (head + body).encode("ascii")


def _web_session(token: str, person: UUID, csrf: str) -> dict[str, Any]:
    now = clock.real_now()
    return {
        "token_hash": hashlib.sha256(token.encode()).digest(),
        "person_id": person,
        "data": {"_user_id": str(person), "_fresh": True, "csrf_token": csrf, "browser": csrf},
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + timedelta(hours=8),
    }


def in_turn(names: list[str]) -> Callable[[int], str]:
    """The policies one after another, again and again."""
    return lambda number: names[number % len(names)]
