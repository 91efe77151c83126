"""What the database holds about drafts that are being sent: each kind read by one statement, for one or a thousand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select, union_all
from sqlalchemy.orm import Session

from app import cards, db_rows, payments, screening
from app.applications.models import STANDING, Application
from app.applications.states import ApplicationState
from app.cards import EvidenceView
from app.db_statements import Statement
from app.policies import PolicyView
from app.screening import Stated


@dataclass
class Around:
    """The policy, and by beneficiary what stands already and was stated; by id the evidence; who is alike."""

    policy: PolicyView
    standing: Mapping[UUID, Stands]
    evidence: Mapping[UUID, EvidenceView]
    stated: Mapping[UUID, Stated]
    alike: Mapping[tuple[str, bytes], Collection[UUID]]
    _services: dict[str, payments.ServiceDocument | None] = field(default_factory=dict)

    def is_like_another(self, draft: Application) -> bool:
        """BR-14: an equal fingerprint under another person is a suspicion."""
        alike = self.alike.get((draft.unit_key, draft.fingerprint), ())
        return any(person != draft.beneficiary_id for person in alike)

    def service(self, session: Session, service_id: str) -> payments.ServiceDocument | None:
        """A payment service, read once."""
        if service_id not in self._services:
            self._services[service_id] = payments.get_service(session, service_id)
        return self._services[service_id]


def look_around(session: Session, policy: PolicyView, drafts: Collection[Application]) -> Around:
    """Read what the sending of these drafts depends on; those that were sent already need nothing."""
    unsent = [row for row in drafts if row.state == ApplicationState.STARTED]
    people = {row.beneficiary_id for row in unsent}
    stands = who_stands(session, policy.policy_id, unsent)
    alike: dict[tuple[str, bytes], set[UUID]] = {}
    for row in stands:
        if not row.cleared_by_staff:
            alike.setdefault((row.unit_key, row.fingerprint), set()).add(row.beneficiary_id)
    return Around(
        policy=policy,
        standing={row.beneficiary_id: row for row in stands if row.beneficiary_id in people},
        evidence=cards.evidence_of_many(session, {row.evidence_id for row in unsent}),
        stated=screening.stated_about_many(session, people),
        alike=alike,
    )


class Stands(NamedTuple):
    """An application that stands in the policy."""

    beneficiary_id: UUID
    applicant_id: UUID
    unit_key: str
    fingerprint: bytes
    cleared_by_staff: bool
    receipt_no: str | None
    submitted_at: datetime | None


def who_stands(session: Session, policy_id: str, drafts: Collection[Application]) -> list[Stands]:
    """What stands for the beneficiaries of the drafts (BR-13), and for whoever has the fingerprint of one (BR-14)."""
    if not drafts:
        return []
    values = {
        "policy": policy_id,
        "people": [draft.beneficiary_id for draft in drafts],
        "fingerprints": [draft.fingerprint for draft in drafts],
        "units": list({draft.unit_key for draft in drafts}),
    }
    return [Stands(*row) for row in _WHO_STANDS.rows(session, **values)]


def _stands(*conditions: ColumnElement[bool]) -> Select[Any]:
    columns = (Application.__table__.columns[name] for name in Stands._fields)
    return select(*columns).where(Application.policy_id == bindparam("policy"), STANDING, *conditions)


# By three indexes, each for its own part: one condition over all would read the whole policy.
_WHO_STANDS = Statement(
    union_all(
    _stands(db_rows.is_among(Application.beneficiary_id, "people")),
    _stands(
        db_rows.is_among(Application.unit_key, "units"),
        db_rows.is_among(Application.fingerprint, "fingerprints"),
        ~Application.cleared_by_staff,
        ~Application.duplicate_suspected,
    ),
    _stands(
        db_rows.is_among(Application.unit_key, "units"),
        db_rows.is_among(Application.fingerprint, "fingerprints"),
        ~Application.cleared_by_staff,
        Application.__table__.c.duplicate_suspected,
    ),
)
)
