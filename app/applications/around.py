"""What the database holds about drafts that are being sent: each kind read by one statement, for one or a thousand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import cards, db_rows, payments, screening
from app.applications.models import Application
from app.applications.states import RELEASED, ApplicationState
from app.cards import EvidenceView
from app.policies import PolicyView
from app.screening import Stated


@dataclass
class Around:
    """The policy, and by beneficiary what stands already and was stated; by id the evidence; who is alike."""

    policy: PolicyView
    standing: Mapping[UUID, Application]
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
    return Around(
        policy=policy,
        standing=_standing(session, policy.policy_id, people),
        evidence=cards.evidence_of_many(session, {row.evidence_id for row in unsent}),
        stated=screening.stated_about_many(session, people),
        alike=somebody_alike(session, policy.policy_id, unsent),
    )


def somebody_alike(
    session: Session, policy_id: str, drafts: Collection[Application]
) -> dict[tuple[str, bytes], set[UUID]]:
    """Who stands in the policy, by unit and fingerprint, with those of the drafts."""
    if not drafts:
        return {}
    rows = session.execute(
        select(Application.unit_key, Application.fingerprint, Application.beneficiary_id).where(
            Application.policy_id == policy_id,
            db_rows.among(Application.unit_key, {draft.unit_key for draft in drafts}),
            db_rows.among(Application.fingerprint, {draft.fingerprint for draft in drafts}),
            Application.state.not_in(tuple(RELEASED)),
            Application.cleared_by_staff.is_(False),
        )
    )
    people: dict[tuple[str, bytes], set[UUID]] = {}
    for row in rows:
        people.setdefault((row.unit_key, row.fingerprint), set()).add(row.beneficiary_id)
    return people


def _standing(session: Session, policy_id: str, people: Collection[UUID]) -> dict[UUID, Application]:
    """The applications for these people that still stand (BR-13)."""
    if not people:
        return {}
    rows = session.scalars(
        select(Application).where(
            Application.policy_id == policy_id,
            db_rows.among(Application.beneficiary_id, people),
            Application.state.not_in(tuple(RELEASED)),
        )
    )
    return {row.beneficiary_id: row for row in rows}
