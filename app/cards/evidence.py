"""Reading evidence back for screening: what was established, and how far it is believed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cards.models import Evidence
from app.db_rows import is_among
from app.db_statements import Later, Statement
from app.municipalities import Resolution, Status
from app.people import FourItems, facts_among, items_of
from app.people.ages import parse_card_birth_date

_EVIDENCE = Statement(select(Evidence).where(is_among(Evidence.id, "ids")))
_FACTS = facts_among(select(Evidence.facts_id).where(is_among(Evidence.id, "ids")))


@dataclass(frozen=True)
class EvidenceView:
    """Evidence with the address resolution made when the card was read; the birth date comes from ``people``."""

    id: UUID
    person_id: UUID
    facts_id: UUID
    assurance: str
    revocation: str
    issuer_check: str
    address: Resolution
    birth_date: date | None
    looks_like_another: bool
    verified_at: datetime
    items: FourItems = field(repr=False)
    staff_id: str | None = None

    @property
    def is_believed(self) -> bool:
        """Read by somebody whose word counts, from a record its issuer signed, with a certificate that is good."""
        return self.assurance != "unattended" and self.issuer_check == "genuine" and self.revocation == "good"


def evidence_of(session: Session, evidence_id: UUID) -> EvidenceView | None:
    """One piece of evidence, or None when it does not exist or the person's facts are erased."""
    return ask_evidence(session, [evidence_id])().get(evidence_id)


def ask_evidence(session: Session, evidence_ids: Collection[UUID]) -> Later[dict[UUID, EvidenceView]]:
    """Asks for these pieces of evidence, by id; without those that don't exist or whose person's facts are erased."""
    if not evidence_ids:
        return dict
    ids = list(evidence_ids)
    evidence, facts = _EVIDENCE.ask(session, ids=ids), _FACTS.ask(session, ids=ids)

    def answer() -> dict[UUID, EvidenceView]:
        items = {row.id: items_of(row) for row in facts.rows()}
        return {row.id: _view(row, items[row.facts_id]) for row in evidence.rows() if row.facts_id in items}

    return answer


def _view(row: Evidence, items: FourItems) -> EvidenceView:
    return EvidenceView(
        id=row.id,
        person_id=row.person_id,
        facts_id=row.facts_id,
        assurance=row.assurance,
        revocation=row.revocation,
        issuer_check=row.issuer_check,
        address=Resolution(
            status=Status(row.address_status),
            code=row.address_code,
            candidates=tuple(row.address_candidates),
            matched="",
            table_version=row.address_table_version,
        ),
        birth_date=parse_card_birth_date(items.birth_date.reveal()),
        looks_like_another=row.looks_like_another,
        verified_at=row.verified_at,
        staff_id=row.staff_id,
        items=items,
    )


def latest_address_code(session: Session, person_id: UUID) -> str | None:
    """The municipality of the address on the card that this person had read last, if it was clear."""
    return session.scalar(
        select(Evidence.address_code)
        .where(Evidence.person_id == person_id)
        .order_by(Evidence.verified_at.desc(), Evidence.id.desc())
        .limit(1)
    )
