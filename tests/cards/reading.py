"""A reader with a simulated card on it, in this process: card sessions opened, taken, read and answered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app import cards, clock, db
from app.cards import Reader, ResultIn, SessionView
from app.cards.models import CardSession, Evidence, RevocationList
from app.cli.journey_card import CardOnTheTable
from app.settings import Settings
from card_sim.issuer import TestIssuer
from card_sim.people import load_people
from card_sim.wallet import Wallet
from nfc.agent.reading import IssuerKeys, look_at_card, read_card, result_of
from nfc.agent.visit import EnteredPins
from nfc.challenge import operation_text, signed_bytes
from nfc.pins import Pin, PinKind
from nfc.trust import load_cv_keys
from tests.conftest import FIXTURE_TIME

BROWSER = b"b" * 32
POLICY = "P-001"
PEOPLE = load_people()


@dataclass(frozen=True)
class Issuer:
    """A TEST issuer with the cards it gave out and what it makes public."""

    folder: Path
    issuer: TestIssuer
    wallet: Wallet

    @classmethod
    def at(cls, folder: Path) -> Issuer:
        issuer = TestIssuer.open(folder, FIXTURE_TIME)
        issuer.write_public(folder / "trust")
        for generation in (1, 2):
            (folder / f"{generation}.crl").write_bytes(issuer.crl(generation, FIXTURE_TIME))
        return cls(folder, issuer, Wallet(folder, issuer))

    def settings(self, **changes: Any) -> Settings:
        """An installation that believes this issuer's TEST cards and fetches its revocation lists."""
        values: dict[str, Any] = {
            "environment": "test",
            "database_url": "postgresql://unused",
            "public_url": "http://127.0.0.1:8000",
            "trust_anchors_dir": self.folder / "trust",
            "trust_anchors_environment": "test",
            "crl_sources": [str(self.folder / f"{generation}.crl") for generation in (1, 2)],
        }
        return Settings(**(values | changes))

    def read(self, person: str, message: bytes, challenge: bytes, *, now: datetime = FIXTURE_TIME) -> dict[str, Any]:
        """What an honest agent hands in after reading this person's card."""
        table = CardOnTheTable(self.wallet.open_card(person, now))
        own = PEOPLE[person].pins
        assert own.text is not None
        assert own.auth is not None
        pins = EnteredPins(Pin(PinKind.TEXT, own.text), Pin(PinKind.AUTH, own.auth), frozenset())
        keys = IssuerKeys(load_cv_keys(self.folder / "trust" / "cv_keys.json", "test"), "test")
        seen = look_at_card(table).certificate
        reading = read_card(table, pins, message, same_card_as=seen, issuer_keys=keys, challenge=challenge)
        return result_of(reading, "test")


def enrol(kind: str = "simulated", *, listed: bool = False, key: bytes | None = None, name: str = "reader") -> Reader:
    with db.transaction() as session:
        return cards.enrol_agent(session, name=name, public_key=key or os.urandom(32), kind=kind, listed=listed)


AT_A_COUNTER = ("counter", "hold", "confirm", "touch")


def open_session(reader: Reader, *, browser: bytes = BROWSER, seconds: int = 180, purpose: str = "apply") -> UUID:
    with db.transaction() as session:
        policy_id = POLICY if purpose == "apply" else None
        return cards.open_session(
            session,
            browser=browser,
            reader=reader,
            purpose=purpose,
            policy_id=policy_id,
            seconds=seconds,
            attended_by="ST-01" if purpose in AT_A_COUNTER else None,
        )


def take(reader: Reader) -> cards.Task | None:
    with db.transaction() as session:
        return cards.take_session(session, reader.agent_id)


def progress(reader: Reader, session_id: UUID, step: str) -> bool:
    with db.transaction() as session:
        return cards.note_progress(session, reader.agent_id, session_id, step)


def cancel(session_id: UUID, browser: bytes = BROWSER) -> None:
    with db.transaction() as session:
        cards.cancel_session(session, browser, session_id)


def seen(session_id: UUID, browser: bytes = BROWSER) -> SessionView | None:
    with db.reading() as session:
        return cards.view_session(session, browser, session_id)


def state(session_id: UUID) -> str:
    view = seen(session_id)
    assert view is not None
    return view.state


def problem(session_id: UUID) -> tuple[str, str | None, dict[str, Any]]:
    """Code, variant and facts of why a session failed."""
    view = seen(session_id)
    assert view is not None
    assert view.problem is not None
    return view.problem.code, view.problem.variant, dict(view.problem.facts)


def stored(session_id: UUID) -> CardSession:
    with db.transaction() as session:
        return session.get_one(CardSession, session_id)


def all_evidence() -> list[Evidence]:
    with db.transaction() as session:
        return list(session.scalars(select(Evidence).order_by(Evidence.verified_at, Evidence.id)))


def replace_lists(issuer: Issuer) -> None:
    """The lists as this issuer gives them out now."""
    with db.transaction() as session:
        for row in session.query(RevocationList):
            row.der = issuer.issuer.crl(int(Path(row.source).stem), clock.now())


@dataclass
class Visit:
    """One card session that a reader has taken."""

    settings: Settings
    reader: Reader
    issuer: Issuer
    purpose: str = "apply"
    session_id: UUID = field(init=False)
    task: cards.Task = field(init=False)

    def __post_init__(self) -> None:
        self.session_id = open_session(self.reader, purpose=self.purpose)
        task = take(self.reader)
        assert task is not None
        self.task = task

    @property
    def message(self) -> bytes:
        """What the card is asked to sign, as the agent computes it from its task."""
        task = self.task
        agent, origin = str(self.reader.agent_id), self.settings.public_url
        text = operation_text(str(task.session_id), agent, task.purpose, task.policy_id, origin)
        return signed_bytes(task.challenge, text)

    def read(self, person: str, *, issuer: Issuer | None = None, now: datetime = FIXTURE_TIME) -> dict[str, Any]:
        return (issuer or self.issuer).read(person, self.message, self.task.challenge, now=now)

    def hand_in(self, result: dict[str, Any], *, reader: Reader | None = None) -> bool:
        agent = (reader or self.reader).agent_id
        return cards.finish_session(self.settings, agent, self.session_id, ResultIn.model_validate(result))
