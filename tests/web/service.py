"""The service in this process: a browser's requests without a socket, and cards that were read a moment ago."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app import cards, clock, db, events, municipalities, people, settings, start, web
from app.applications.models import Application
from app.cards.models import CardSession, Evidence
from app.cli.policies import load_samples
from app.payments import gateways
from app.pii import Private
from app.settings import Keys
from card_sim.people import Persona, load_people
from nfc.agent.signing import DeviceKey, sign_request
from tests.points.fake_provider import FakeProvider

HTTP = "http://localhost"
HTTPS = "https://todoke.example.jp"
POLICY = "P-001"
ACCOUNT = "1111222233334"
CODE = "1234"
SECRET, OTHER_SECRET = "secret-of-the-first-provider", "secret-of-the-second-provider"
STEPS = f"/policies/{POLICY}/apply"

_ADDRESSES = count()
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_PEOPLE = load_people()
_INSIDES = (
    "Traceback",
    'File "',
    "psycopg",
    "sqlalchemy",
    "werkzeug",
    "Internal Server Error",
    "Method Not Allowed",
    "SELECT ",
)


@dataclass
class Service:
    """One service on its own database. ``provider`` stands behind SVC-QR-01."""

    app: Flask
    settings: settings.Settings
    provider: FakeProvider
    reader: cards.Reader
    device: DeviceKey

    def browser(self) -> Browser:
        """A new browser that was never here."""
        return Browser(self)

    def signed(self, path: str, body: bytes, **changes: str) -> dict[str, str]:
        """The headers by which the enrolled reader signs this request now; ``changes`` tamper with them."""
        headers = sign_request(self.device, str(self.reader.agent_id), "POST", path, body, clock.real_now().timestamp())
        return headers | {name.replace("_", "-"): value for name, value in changes.items()}

    def card_was_read(self, session_id: UUID, person: Persona) -> UUID:
        """What a genuine reading leaves behind; the person's id. The reading itself is tested elsewhere."""
        items = people.FourItems(
            name=Private(person.name),
            address=Private(person.address),
            birth_date=Private(f"{person.birth_date:%Y%m%d}"),
            sex=Private(person.sex),
        )
        with db.transaction() as session:
            recognition = people.recognise(session, f"certificate of {person.person_id}".encode(), items)
            address = municipalities.resolve(person.address)
            evidence = Evidence(
                person_id=recognition.person_id,
                facts_id=recognition.facts_id,
                card_session_id=session_id,
                agent_id=self.reader.agent_id,
                assurance="simulated",
                revocation="good",
                issuer_check="genuine",
                environment="test",
                address_status=address.status,
                address_code=address.code,
                address_candidates=list(address.candidates),
                address_table_version=address.table_version,
                looks_like_another=recognition.looks_like_another,
                verified_at=clock.now(),
            )
            session.add(evidence)
            session.flush()
            row = session.get_one(CardSession, session_id)
            row.state, row.evidence_id, row.consumed_at = "done", evidence.id, clock.real_now()
            row.seen_key = people.person_key(f"certificate of {person.person_id}".encode())
        return recognition.person_id

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        with db.reading() as session:
            return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def applications(self) -> list[Application]:
        """Every application and draft."""
        with db.reading() as session:
            found = list(session.scalars(select(Application)))
            session.expunge_all()
            return found


class Browser:
    """One browser: keeps cookies, takes the token of a page's form with it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.client = service.app.test_client()

    @property
    def cookie(self) -> str | None:
        """The session token that this browser holds."""
        domain = service_host(self.service)
        held = self.client.get_cookie(self.service.app.config["SESSION_COOKIE_NAME"], domain=domain)
        return held.value if held else None

    @property
    def cookies(self) -> dict[str, str]:
        """Everything by which the service knows this browser, by name."""
        names = (self.service.app.config["SESSION_COOKIE_NAME"], "todoke_desk", "todoke_staff", "todoke_screen")
        held = {name: self.client.get_cookie(name, domain=service_host(self.service)) for name in names}
        return {name: cookie.value for name, cookie in held.items() if cookie is not None}

    def stand_elsewhere(self) -> None:
        """From now on seen at an address of its own, so that limits count it alone."""
        self.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{next(_ADDRESSES) % 250 + 1}"

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, base_url=self.service.settings.public_url, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        """A request as it stands, with no token of its own."""
        return self.client.post(path, base_url=self.service.settings.public_url, **more)

    def token(self) -> str:
        """The token that this browser's forms carry."""
        found = _TOKEN.search(self.get(STEPS).get_data(as_text=True))
        assert found, "the start page has no form"
        return found[1]

    def send(self, path: str, **fields: str) -> TestResponse:
        """Send a form with its token, as from one of our own pages."""
        headers = {"Referer": self.service.settings.public_url + path}
        return self.post(path, data={"csrf_token": self.token(), **fields}, headers=headers)

    def open_reading(self, path: str = f"{STEPS}/identity") -> UUID:
        """Choose the reader; the id of the card session."""
        opened = self.send(path, reader=self.service.reader.reader_no)
        assert opened.status_code == 303, heading(opened)
        return UUID(opened.headers["Location"].rpartition("/")[2])

    def read_card(self, who: str | Persona, path: str = f"{STEPS}/identity") -> TestResponse:
        """Have this person's card read and go on; the answer that follows."""
        session_id = self.open_reading(path)
        self.service.card_was_read(session_id, person(who) if isinstance(who, str) else who)
        return self.get(f"/card-sessions/{session_id}/next")

    def to_account(self, who: str | Persona) -> None:
        """Up to the page that asks for the service ID."""
        assert self.read_card(who).headers["Location"].endswith("/result")
        assert self.send(f"{STEPS}/result", action="continue").status_code == 303
        ticks = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes")
        assert self.send(f"{STEPS}/consent", **ticks).status_code == 303
        assert self.send(f"{STEPS}/service", service_id="SVC-QR-01").status_code == 303

    def to_confirm(self, who: str | Persona, account: str = ACCOUNT) -> str:
        """Up to the confirming page; its form token."""
        self.to_account(who)
        assert self.send(f"{STEPS}/account", account=account, security_code=CODE).status_code == 303
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(f"{STEPS}/confirm").get_data(as_text=True))
        assert found
        return found[1]

    def apply(self, who: str | Persona, account: str = ACCOUNT) -> str:
        """The whole way; the receipt number."""
        token = self.to_confirm(who, account)
        sent = self.send(f"{STEPS}/confirm", form_token=token, confirmed="yes")
        assert sent.status_code == 303, heading(sent)
        return sent.headers["Location"].partition("?")[0].rpartition("/")[2]


def providers_json() -> str:
    """Three providers: two with a secret for call-backs, one without; none of them is ever reached."""
    secrets = {"PRV-01": SECRET, "PRV-02": OTHER_SECRET, "PRV-03": None}
    return json.dumps(
        {name: {"url": "http://127.0.0.1:9", "token": "t", "callback_secret": s} for name, s in secrets.items()}
    )


def service_host(service: Service) -> str:
    """The host name of the service's address."""
    return service.settings.public_url.partition("://")[2]


@contextmanager
def running(
    database_url: str, state: Path, monkeypatch: pytest.MonkeyPatch, public_url: str = HTTP, **environment: str
) -> Iterator[Service]:
    """The service as its process starts it, with the sample policies and one enrolled reader."""
    monkeypatch.setattr(events, "_handlers", type(events._handlers)(list))
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "PUBLIC_URL": public_url,
        "STATE_DIR": str(state),
        "KEYS_JSON": Keys.generate_json(),
        "TRUST_ANCHORS_ENVIRONMENT": "test",
        "AGENT_WAIT_SECONDS": "0",
        **environment,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    current = settings.current()
    start.configure(current)
    load_samples()
    provider = FakeProvider()
    gateways.forget_all()
    gateways.register("PRV-01", provider)
    device = DeviceKey(Ed25519PrivateKey.generate())
    with db.transaction() as session:
        reader = cards.enrol_agent(
            session, name="試験用の読み取り機", public_key=device.public_bytes, kind="simulated", listed=False
        )
    try:
        yield Service(web.create(current), current, provider, reader, device)
    finally:
        gateways.forget_all()
        settings.current.cache_clear()
        municipalities.configure(with_samples=False)


def heading(response: TestResponse) -> str:
    """The h1 of a page without its markup."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", response.get_data(as_text=True), re.DOTALL)
    return re.sub(r"<[^>]+>|\s", "", found[1]) if found else ""


def error_code(response: TestResponse) -> str | None:
    """The code of the message list that a page or a problem document names."""
    if response.mimetype == "application/problem+json":
        code = (response.get_json() or {}).get("code")
        return str(code) if code else None
    page = response.get_data(as_text=True)
    found = re.search(r'data-error-code="(E\d{3})"', page)
    return found[1] if found else None


def check_is_clear(response: TestResponse, status: int) -> None:
    """A refusal that a person understands: this status, Japanese words, and nothing of the program's inside."""
    body = response.get_data(as_text=True)
    words = heading(response) if response.mimetype == "text/html" else response.get_json()["title"]
    assert response.status_code == status, (response.status_code, words)
    assert re.search(r"[ぁ-んァ-ヶ一-龠]{4}", words), body
    for word in _INSIDES:
        assert word not in body, word


def person(person_id: str) -> Persona:
    """One of the fictional people."""
    return _PEOPLE[person_id]
