"""Evidence that rests on the eyes of staff: face and surface of a card without PINs (顔認証カード), or a paper."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import audit, clock, municipalities
from app.cards.models import CardSession, Evidence
from app.people import FourItems, Recognition, recognise_by_key, recognise_without_card
from app.settings import Settings


def evidence_by_staff(
    session: Session, settings: Settings, card_session_id: UUID, items: FourItems, staff_id: str
) -> UUID | None:
    """What staff read from the surface of the card that was touched; its id, or None when no card was seen.

    Nothing of it was checked by a machine, so it passes no check by itself (assurance ``staff``; BR-32): it goes to a
    reviewer, who is another person.
    """
    seen = session.get(CardSession, card_session_id, with_for_update=True)
    if seen is None or seen.state != "done" or seen.seen_key is None or seen.evidence_id is not None:
        return None
    recognition = recognise_by_key(session, seen.seen_key, items)
    evidence = _stated(settings, recognition, items, staff_id)
    evidence.card_session_id, evidence.agent_id = seen.id, seen.agent_id
    session.add(evidence)
    session.flush()
    seen.evidence_id = evidence.id
    audit.record(
        session,
        "card.identified_by_staff",
        actor_kind="staff",
        actor=staff_id,
        policy_id=seen.policy_id,
        object_kind="person",
        object_id=audit.pseudonym(recognition.person_id),
    )
    return evidence.id


def evidence_on_paper(session: Session, settings: Settings, policy_id: str, items: FourItems, staff_id: str) -> UUID:
    """What staff copied from a paper application, of somebody who is not there; its id. No card was seen at all."""
    recognition = recognise_without_card(session, items)
    evidence = _stated(settings, recognition, items, staff_id)
    session.add(evidence)
    session.flush()
    audit.record(
        session,
        "card.stated_on_paper",
        actor_kind="staff",
        actor=staff_id,
        policy_id=policy_id,
        object_kind="person",
        object_id=audit.pseudonym(recognition.person_id),
    )
    return evidence.id


def _stated(settings: Settings, recognition: Recognition, items: FourItems, staff_id: str) -> Evidence:
    address = municipalities.resolve(items.address.reveal())
    return Evidence(
        person_id=recognition.person_id,
        facts_id=recognition.facts_id,
        assurance="staff",
        revocation="not_checked",
        issuer_check="not_done",
        environment=settings.trust_anchors_environment,
        address_status=address.status,
        address_code=address.code,
        address_candidates=list(address.candidates),
        address_table_version=address.table_version,
        looks_like_another=recognition.looks_like_another,
        staff_id=staff_id,
        one_card=False,
        verified_at=clock.now(),
    )
