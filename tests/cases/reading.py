"""A simulated card read for real, in this process: reader, signature, verification, evidence, or the reason why not."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from app import cards, clock, db, settings
from app.cards import EvidenceView, ResultIn
from app.cards.models import RevocationList
from app.cli.journey_card import CardOnTheTable
from card_sim.issuer import TestIssuer
from card_sim.people import Persona, load_people
from card_sim.wallet import Wallet
from nfc.agent.reading import IssuerKeys, look_at_card, read_card, result_of, result_without_reading, see_certificate
from nfc.agent.visit import Ending, EnteredPins
from nfc.challenge import operation_text, signed_bytes
from nfc.pins import Pin, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.trust import load_cv_keys

PEOPLE = load_people()
PUBLIC_URL = "http://127.0.0.1:8000"


@dataclass
class Desk:
    """The table with the reader, where test people lay down their cards."""

    state_dir: Path

    def read(self, person_id: str, policy_id: str | None) -> EvidenceView:
        """Read the person's card now; raises the message of the list when that fails (E101..E116)."""
        with db.transaction() as session:
            reader = cards.enrol_agent(session, name="desk", public_key=os.urandom(32), kind="simulated")
            browser = os.urandom(32)
            session_id = cards.open_session(
                session, browser=browser, reader=reader, purpose="apply", policy_id=policy_id, seconds=180
            )
        assert self.hand_in(reader.agent_id, person_id)
        with db.reading() as session:
            view = cards.view_session(session, browser, session_id)
            assert view is not None
            if view.problem is not None:
                raise view.problem
            assert view.evidence_id is not None
            evidence = cards.evidence_of(session, view.evidence_id)
        assert evidence is not None
        return evidence

    def hand_in(self, agent_id: UUID, person_id: str, people: Mapping[str, Persona] = PEOPLE) -> bool:
        """Lay the card of one of ``people`` on this reader, which does what it is asked for, whatever comes of it."""
        now = clock.now()
        issuer = TestIssuer.open(self.state_dir, now)
        self._publish_revocation_lists(issuer, now)
        with db.transaction() as session:
            task = cards.take_session(session, agent_id)
        assert task is not None
        reader = CardOnTheTable(Wallet(self.state_dir, issuer, people).open_card(person_id, now))
        if task.purpose in ("touch", "confirm"):
            certificate = base64.b64encode(see_certificate(reader)).decode("ascii")
            result: object = {"outcome": "ok", "certificate": certificate}
        else:
            text = operation_text(str(task.session_id), str(agent_id), task.purpose, task.policy_id, PUBLIC_URL)
            result = self._result(people[person_id], reader, signed_bytes(task.challenge, text), task.challenge)
        return cards.finish_session(settings.current(), agent_id, task.session_id, ResultIn.model_validate(result))

    def _result(self, persona: Persona, reader: CardOnTheTable, message: bytes, challenge: bytes) -> object:
        try:
            preview = look_at_card(reader)
            if persona.pins.text is None or persona.pins.auth is None:
                raise CardProblem(Outcome.BLOCKED)
            entered = frozenset({PinKind.TEXT, PinKind.AUTH})
            pins = EnteredPins(Pin(PinKind.TEXT, persona.pins.text), Pin(PinKind.AUTH, persona.pins.auth), entered)
            keys = IssuerKeys(load_cv_keys(self.state_dir / "trust" / "cv_keys.json", "test"), "test")
            seen = preview.certificate
            reading = read_card(reader, pins, message, same_card_as=seen, issuer_keys=keys, challenge=challenge)
        except CardProblem as problem:
            return result_without_reading(Ending(problem.outcome.value, problem.pin_kind, problem.tries_left))
        return result_of(reading, "test")

    def _publish_revocation_lists(self, issuer: TestIssuer, now: datetime) -> None:
        with db.transaction() as session:
            for generation in (1, 2):
                session.merge(
                    RevocationList(source=f"crl-{generation}", der=issuer.crl(generation, now), fetched_at=now)
                )


@contextmanager
def desk_at(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk of an installation that trusts this TEST issuer."""
    TestIssuer.open(state_dir, clock.now()).write_public(state_dir / "trust")
    monkeypatch.setenv("TODOKE_TRUST_ANCHORS_DIR", str(state_dir / "trust"))
    settings.current.cache_clear()
    yield Desk(state_dir)
    settings.current.cache_clear()
