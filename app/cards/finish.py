"""The end of a card session: the agent's result is judged and becomes evidence, or a reason why not.

The challenge is consumed by one conditional update before any cryptography, and stays consumed whatever fails after it
(card.md section 11, row 1). Every failure is "could not verify", never "not eligible" (BR-32).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import audit, clock, db, municipalities
from app.cards.models import Agent, CardSession, Evidence, RevocationList
from app.cards.responder import ask_responder
from app.cards.revocation_lists import fetch_missing_lists
from app.cards.sessions import PROGRESS
from app.cards.trust import anchors
from app.errors import DomainError
from app.people import FourItems, person_key, recognise
from app.pii import Private
from app.settings import Settings
from nfc.agent.task import WITHOUT_PIN
from nfc.challenge import operation_text, signed_bytes
from nfc.trust import AuthenticationVerdict, Revocation, verify_authentication


class FourInformationIn(BaseModel):
    """The four items as posted; limits are generous (domain.md 8.1), never a reason to cut."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=1000)
    address: str = Field(min_length=1, max_length=2000)
    birth_date: str = Field(max_length=64)
    sex: str = Field(max_length=16)


class ResultIn(BaseModel):
    """What an agent posts at the end of a visit (docs/openapi.json). Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    outcome: str = Field(max_length=40)
    four_information: FourInformationIn | None = None
    certificate: str | None = Field(None, max_length=8192)
    signature: str | None = Field(None, max_length=1024)
    issuer_check: str = Field("not_done", pattern="^(genuine|not_genuine|unknown_issuer|malformed|not_done)$")
    card_proof: str = Field("not_done", pattern="^(live|not_live|unknown_issuer|malformed|not_done)$")
    card_environment: str | None = Field(None, pattern="^(test|production)$")
    pin_kind: str | None = Field(None, pattern="^(text|auth)$")
    tries_left: int | None = Field(None, ge=0, le=15)
    certificate_not_after: None = None


@dataclass(frozen=True)
class _Consumed:
    session_id: UUID
    agent_id: UUID
    agent_kind: str
    challenge: bytes
    purpose: str
    policy_id: str | None
    attended_by: str | None


def finish_session(
    settings: Settings, agent_id: UUID, session_id: UUID, result: ResultIn, *, relayed: bool = False
) -> bool:
    """Take the agent's result. False when the session is not this agent's, over, or answered before.

    `relayed`: the agent only carried the card's answers, so whoever it is, nobody vouches that they came from one
    card, and the evidence is `unattended`.
    """
    with db.transaction() as session:
        consumed = _consume(session, agent_id, session_id)
    if consumed is None:
        return False
    try:
        if consumed.purpose in WITHOUT_PIN:
            with db.transaction() as session:
                _conclude_tap(session, consumed, result, relayed=relayed)
            return True
        if consumed.purpose == "counter":
            _check_reader_is_there(result)
        check_reading_succeeded(result)
        certificate = _decode(result.certificate)
        verdict = _verify(settings, consumed, certificate, _decode(result.signature))
        _check_issuer_verdict(result)
        with db.transaction() as session:
            _conclude(session, consumed, result, certificate, verdict, relayed=relayed)
    except DomainError as problem:
        with db.transaction() as session:
            _fail(session, consumed, problem)
    except Exception:
        # A fault of ours must not leave the person waiting for the time limit.
        with db.transaction() as session:
            _fail(session, consumed, DomainError("E503", ref=str(consumed.session_id)[-12:]))
        raise
    return True


def _consume(session: Session, agent_id: UUID, session_id: UUID) -> _Consumed | None:
    now = clock.real_now()
    taken = (
        update(CardSession)
        .where(
            CardSession.id == session_id,
            CardSession.agent_id == agent_id,
            CardSession.state.in_(("taken", *PROGRESS)),
            CardSession.consumed_at.is_(None),
            CardSession.expires_at > now,
        )
        .values(state="verifying", consumed_at=now)
        .returning(CardSession)
    )
    row = session.scalar(taken)
    if row is None:
        return None
    agent = session.get_one(Agent, agent_id)
    return _Consumed(row.id, agent_id, agent.kind, row.challenge, row.purpose, row.policy_id, row.attended_by)


def _conclude(
    session: Session,
    consumed: _Consumed,
    result: ResultIn,
    certificate: bytes,
    verdict: AuthenticationVerdict,
    *,
    relayed: bool,
) -> None:
    assert result.four_information is not None
    items = FourItems(**{k: Private(v) for k, v in result.four_information.model_dump().items()})
    recognition = recognise(session, certificate, items)
    address = municipalities.resolve(items.address.reveal())
    evidence = Evidence(
        person_id=recognition.person_id,
        facts_id=recognition.facts_id,
        card_session_id=consumed.session_id,
        agent_id=consumed.agent_id,
        assurance=_assurance(consumed, verdict, relayed=relayed),
        revocation=verdict.revocation.value,
        issuer_check=result.issuer_check,
        card_proof=result.card_proof,
        environment=str(verdict.environment),
        address_status=address.status,
        address_code=address.code,
        address_candidates=list(address.candidates),
        address_table_version=address.table_version,
        looks_like_another=recognition.looks_like_another,
        staff_id=consumed.attended_by,
        one_card=not relayed,
        verified_at=clock.now(),
    )
    session.add(evidence)
    session.flush()
    done = update(CardSession).where(CardSession.id == consumed.session_id, CardSession.state == "verifying")
    session.execute(done.values(state="done", evidence_id=evidence.id, seen_key=person_key(certificate)))
    audit.record(
        session,
        "card.verified",
        actor_kind="agent",
        actor=str(consumed.agent_id),
        policy_id=consumed.policy_id,
        object_kind="person",
        object_id=audit.pseudonym(recognition.person_id),
        facts={
            "assurance": evidence.assurance,
            "revocation": evidence.revocation,
            "issuer": result.issuer_check,
            "proof": result.card_proof,
        },
    )


def _conclude_tap(session: Session, consumed: _Consumed, result: ResultIn, *, relayed: bool) -> None:
    """A card was seen without a PIN: which one it was is all that is kept. Raises what went wrong."""
    _check_reader_is_there(result)
    if result.outcome in _CARD_GONE:
        raise DomainError(_CARD_GONE[result.outcome])
    if result.outcome != "ok":
        check_reading_succeeded(result)
    certificate = _decode(result.certificate)
    if relayed or not certificate:
        raise DomainError("E108")
    done = update(CardSession).where(CardSession.id == consumed.session_id, CardSession.state == "verifying")
    session.execute(done.values(state="done", seen_key=person_key(certificate)))
    audit.record(
        session,
        "card.seen",
        actor_kind="agent",
        actor=str(consumed.agent_id),
        policy_id=consumed.policy_id,
        object_kind="card_session",
        object_id=str(consumed.session_id),
    )


_CARD_GONE = {"card_removed": "E802", "no_card": "E802", "another_card": "E801"}


def _check_reader_is_there(result: ResultIn) -> None:
    """E804 where it is the counter's reader that went away: nobody's card is at fault, and staff go on with paper."""
    if result.outcome in ("no_reader", "no_service"):
        raise DomainError("E804")


def _assurance(consumed: _Consumed, verdict: AuthenticationVerdict, *, relayed: bool) -> str:
    """Attended is what a counter's reader reads while a member of staff is signed in there, and nothing else."""
    if relayed:
        return "unattended"
    if verdict.environment == "test":
        return "simulated"
    return "attended" if consumed.agent_kind == "attended" and consumed.attended_by is not None else "unattended"


def check_reading_succeeded(result: ResultIn) -> None:
    """Turn every outcome of reading but success into its message (domain.md 3.2, E101..E116)."""
    if result.outcome == "ok":
        if result.four_information is None or result.certificate is None or result.signature is None:
            raise DomainError("E108")
        return
    if result.outcome in ("wrong_pin", "last_try", "unknown_outcome", "blocked"):
        raise _pin_problem(result)
    if result.outcome == "card_unusable" and result.pin_kind is not None:
        raise DomainError("E110")  # a card that knows no such PIN: the kind issued without PINs
    raise DomainError(_OUTCOME_CODES.get(result.outcome, "E108"))


_OUTCOME_CODES = {
    "not_this_card": "E116",
    "phone_token": "E109",
    "no_certificate": "E105",
    "malformed": "E111",
    "card_unusable": "E111",
    "card_fault": "E111",
    "cancelled": "E115",
    "wrong_number": "E115",
    "timed_out": "E114",
}


def _pin_problem(result: ResultIn) -> DomainError:
    left = 0 if result.outcome == "blocked" else result.tries_left
    if left == 0:
        return DomainError("E103" if result.pin_kind == "text" else "E102")
    if left is None:
        return DomainError("E108")
    return DomainError("E101", variant="text" if result.pin_kind == "text" else None, n=left)


def _verify(settings: Settings, consumed: _Consumed, certificate: bytes, signature: bytes) -> AuthenticationVerdict:
    """Judge certificate and signature. Holds no database connection while others are asked about revocation, and asks
    only about a certificate that is good in itself. Raises DomainError."""
    text = operation_text(
        str(consumed.session_id), str(consumed.agent_id), consumed.purpose, consumed.policy_id, settings.public_url
    )
    judge = partial(
        verify_authentication,
        certificate_der=certificate,
        message=signed_bytes(consumed.challenge, text),
        signature=signature,
        anchors=anchors(settings),
        at=clock.now(),
    )
    _check_verdict(judge(crls=()))
    fetch_missing_lists(settings)
    answers = ask_responder(settings, certificate)
    with db.reading() as session:
        lists = list(session.scalars(select(RevocationList.der)))
    verdict = judge(crls=lists, ocsp=answers)
    _check_verdict(verdict)
    return verdict


def _check_verdict(verdict: AuthenticationVerdict) -> None:
    if verdict.result == "expired":
        raise DomainError("E105")
    if verdict.result == "not_yet_valid":
        assert verdict.not_before is not None
        day = clock.local(verdict.not_before)
        raise DomainError("E107", date=day.date().isoformat())
    if verdict.result == "bad_signature":
        raise DomainError("E108")
    if verdict.result != "ok":
        raise DomainError("E116")
    if verdict.revocation is Revocation.REVOKED:
        raise DomainError("E106")


def _check_issuer_verdict(result: ResultIn) -> None:
    """A record that the issuer did not sign is no My Number card's; one that nobody could check stays unchecked. So
    with the card's own key: what it does not offer proves nothing, what it gets wrong is no such card's."""
    if result.issuer_check in ("not_genuine", "malformed") or result.card_proof in ("not_live", "malformed"):
        raise DomainError("E116")


def _fail(session: Session, consumed: _Consumed, problem: DomainError) -> None:
    failed = update(CardSession).where(CardSession.id == consumed.session_id, CardSession.state == "verifying")
    session.execute(
        failed.values(
            state="failed", error_code=problem.code, error_variant=problem.variant, error_facts=problem.facts or None
        )
    )
    audit.record(
        session,
        "card.not_verified",
        actor_kind="agent",
        actor=str(consumed.agent_id),
        policy_id=consumed.policy_id,
        object_kind="card_session",
        object_id=str(consumed.session_id),
        facts={"code": problem.code},
    )


def _decode(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        raise DomainError("E108") from None
