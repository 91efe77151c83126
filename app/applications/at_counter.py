"""Drafts at a counter: begun from nothing with each visit, dropped without a trace when it ends (BR-50)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app import policies, screening
from app.applications.draft import (
    choose_later,
    forget_account,
    record_consent,
    request_review,
    start_draft,
    start_for_child,
)
from app.applications.models import Application
from app.applications.states import ApplicationState
from app.cards import EvidenceView
from app.errors import DomainError
from app.people import erase_facts
from app.policies import PolicyView


@dataclass(frozen=True)
class AtCounter:
    """Where and by whom a person is received. ``came_at``: the moment that counts, if it is not now.

    Where that was written by hand, ``came_at_reason`` says why and ``came_at_by`` by whom.
    """

    staff_id: str
    terminal_id: UUID
    came_at: datetime | None = None
    came_at_reason: str | None = None
    came_at_by: str | None = None


def as_of(policy: PolicyView, came_at: datetime | None) -> PolicyView:
    """The policy as it stood when the person came, for whom that counts."""
    return policy if came_at is None else replace(policy, refusal=policies.refusal_at(policy, came_at))


def start_at_counter(session: Session, policy: PolicyView, evidence: EvidenceView, at: AtCounter) -> UUID:
    """A new, empty draft; one that this person had begun elsewhere is given up. Raises as ``start_draft``."""
    session.execute(
        delete(Application).where(
            Application.policy_id == policy.policy_id,
            Application.applicant_id == evidence.person_id,
            Application.beneficiary_id == evidence.person_id,
            Application.state == ApplicationState.STARTED,
        )
    )
    as_it_stood = as_of(policy, at.came_at)
    application_id = start_draft(session, as_it_stood, evidence, channel="phone", came_at=at.came_at)
    _received(session, application_id, at)
    return application_id


def _received(session: Session, application_id: UUID, at: AtCounter, channel: str = "counter") -> None:
    draft = session.scalars(select(Application).where(Application.id == application_id)).one()
    draft.channel, draft.staff_id, draft.terminal_id = channel, at.staff_id, at.terminal_id
    draft.came_at = at.came_at
    draft.came_at_reason, draft.came_at_by = at.came_at_reason, at.came_at_by
    session.flush()  # from here on it is found as a counter's, and no longer on a phone


def start_on_paper(session: Session, policy: PolicyView, evidence: EvidenceView, at: AtCounter) -> UUID:
    """The draft of a paper application that staff copy in; the service is chosen later, by the person.

    Nothing on a paper refuses anybody by itself: a failed condition goes to staff as well. Raises as ``start_draft``,
    E211 for a child, whose guardian comes with both cards, and ``LookupError`` where no service may be chosen later.
    """
    if not policy.document.assign_later:
        raise LookupError("this policy wants a service at once")
    if at.came_at is None:
        raise ValueError("a paper counts from the time of its ticket")
    if evidence.birth_date is None or screening.applicant_route(evidence.birth_date, at.came_at) == "guardian":
        raise DomainError("E211")
    application_id = start_draft(session, as_of(policy, at.came_at), evidence, channel="phone", came_at=at.came_at)
    _received(session, application_id, at, "paper")
    request_review(session, policy.policy_id, evidence.person_id, at_counter=True)
    record_consent(session, policy, evidence.person_id, at_counter=True)
    choose_later(session, policy, evidence.person_id, at_counter=True)
    return application_id


def start_for_child_at_counter(
    session: Session, policy: PolicyView, guardian: EvidenceView, child: EvidenceView, at: AtCounter
) -> UUID:
    """The same by a guardian for one child. Raises as ``start_for_child``."""
    session.execute(
        delete(Application).where(
            Application.policy_id == policy.policy_id,
            Application.applicant_id == guardian.person_id,
            Application.state == ApplicationState.STARTED,
        )
    )
    application_id = start_for_child(session, as_of(policy, at.came_at), guardian, child, channel="phone")
    _received(session, application_id, at)
    return application_id


def discard_draft(session: Session, policy_id: str, application_id: UUID, person_id: UUID) -> None:
    """Drop a draft, and what was read from the card where no application stands on it. A sent one stays."""
    session.execute(
        delete(Application).where(
            Application.policy_id == policy_id,
            Application.id == application_id,
            Application.state == ApplicationState.STARTED,
        )
    )
    forget_reading(session, person_id)


def is_sent(session: Session, policy_id: str, application_id: UUID, service_id: str | None = None) -> bool:
    """Whether what was confirmed at a counter has gone out; waits for a submit that is under way.

    ``service_id``: for one that was sent before, whether this service was chosen for it.
    """
    row = session.scalar(
        select(Application)
        .where(Application.policy_id == policy_id, Application.id == application_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.state == ApplicationState.STARTED:
        return False
    return service_id is None or row.service_id == service_id


def forget_reading(session: Session, person_id: UUID) -> None:
    """Erase what was read from a person's card, unless an application stands on it."""
    others = select(Application.id).where(
        or_(Application.applicant_id == person_id, Application.beneficiary_id == person_id)
    )
    if session.scalar(others.limit(1)) is None:
        erase_facts(session, person_id)


def choose_again(session: Session, policy_id: str, application_id: UUID) -> None:
    """Back to the choice of the service: what was typed for it is forgotten. E504 without the draft."""
    draft = session.scalar(
        select(Application)
        .where(
            Application.policy_id == policy_id,
            Application.id == application_id,
            Application.state == ApplicationState.STARTED,
        )
        .with_for_update()
    )
    if draft is None:
        raise DomainError("E504", step="本人確認")
    forget_account(draft)
    draft.service_id = None
