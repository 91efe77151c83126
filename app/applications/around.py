"""What the database holds about drafts that are being sent: each kind read by one statement, for one or a thousand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select, union_all
from sqlalchemy.orm import Session

from app import cards, db_rows, payments, screening
from app.applications.models import STANDING, Application
from app.applications.states import ApplicationState
from app.cards import EvidenceView
from app.db_statements import Later, Statement, in_one_go
from app.policies import PolicyView
from app.screening import Stated


@dataclass
class Around:
    """The policy; by beneficiary what stands already and was stated; by id evidence and services; who is alike."""

    policy: PolicyView
    standing: Mapping[UUID, Stands]
    evidence: Mapping[UUID, EvidenceView]
    stated: Mapping[UUID, Stated]
    services: Mapping[str, payments.ServiceDocument]
    alike: Mapping[tuple[str, bytes], Collection[UUID]]

    def is_like_another(self, draft: Application) -> bool:
        """BR-14: an equal fingerprint under another person is a suspicion."""
        alike = self.alike.get((draft.unit_key, draft.fingerprint), ())
        return any(person != draft.beneficiary_id for person in alike)


def look_around(session: Session, policy: PolicyView, drafts: Collection[Application]) -> Around:
    """Read what the sending of these drafts depends on; those that were sent already need nothing."""
    unsent = [row for row in drafts if row.state == ApplicationState.STARTED]
    people = {row.beneficiary_id for row in unsent}
    with in_one_go(session):
        standing = who_stands(session, policy.policy_id, unsent)
        evidence = cards.ask_evidence(session, {row.evidence_id for row in unsent})
        stated = screening.ask_stated(session, people)
        services = payments.ask_services(session, {row.service_id for row in unsent if row.service_id is not None})
    stands = standing()
    alike: dict[tuple[str, bytes], set[UUID]] = {}
    for row in stands:
        if not row.cleared_by_staff:
            alike.setdefault((row.unit_key, row.fingerprint), set()).add(row.beneficiary_id)
    return Around(
        policy=policy,
        standing={row.beneficiary_id: row for row in stands if row.beneficiary_id in people},
        evidence=evidence(),
        stated=stated(),
        services=services(),
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


def who_stands(session: Session, policy_id: str, drafts: Collection[Application]) -> Later[list[Stands]]:
    """Asks what stands for the beneficiaries of the drafts (BR-13), and for whoever has the fingerprint of one
    (BR-14)."""
    if not drafts:
        return list
    asked = _WHO_STANDS.ask(
        session,
        policy=policy_id,
        people=[draft.beneficiary_id for draft in drafts],
        fingerprints=[draft.fingerprint for draft in drafts],
        units=list({draft.unit_key for draft in drafts}),
    )
    return lambda: [Stands(*row) for row in asked.rows()]


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
