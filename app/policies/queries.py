"""Reading policies: one policy's page, a version by its number, the choices of forms."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app import clock, maintenance, municipalities
from app.errors import DomainError
from app.language import say
from app.maintenance import Interval
from app.municipalities import Municipality
from app.policies import counters
from app.policies.amounts import can_apply_online, fixed_amount, taken_at_submit
from app.policies.document import CATEGORY_LABELS, PolicyDocument
from app.policies.models import Policy, PolicyCounter, PolicyVersion
from app.policies.moved import with_moved_ends
from app.policies.state import PUBLIC_STATES, STATE_LABELS, Counters, PolicyState, refusal_of, state_of
from app.policies.words import amount_text, in_plain_words, window_rows

_PUBLIC = [state.value for state in PUBLIC_STATES]


@dataclass(frozen=True, slots=True)
class PolicyView:
    """All there is to show or decide about one policy now. ``refusal`` is why it takes no application, if so."""

    policy_id: str
    version: int
    published_at: datetime | None
    document: PolicyDocument
    stored_state: PolicyState
    state: PolicyState
    state_label: str
    refusal: DomainError | None
    counters: Counters
    municipality: Municipality
    municipality_label: str
    category_label: str
    amount: int | None
    taken_at_submit: int | None
    amount_text: str
    conditions: tuple[str, ...]
    window_rows: tuple[tuple[str, str], ...]
    can_apply_online: bool
    apply_block_reason: str | None
    seats_left: int | None


def get(session: Session, policy_id: str) -> PolicyView | None:
    """A public policy with everything its page shows; ``None`` for an unknown one and for one not yet public."""
    row = session.execute(
        select(Policy, PolicyVersion, *counters.COUNTER_COLUMNS, maintenance.windows_column().label("maintenance"))
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.policy_id) & (PolicyVersion.version == Policy.current_version),
        )
        .join(PolicyCounter, PolicyCounter.policy_id == Policy.policy_id)
        .where(Policy.policy_id == policy_id, Policy.state.in_(_PUBLIC))
    ).one_or_none()
    if row is None:
        return None
    policy, version = row.Policy, row.PolicyVersion
    windows = maintenance.from_column(row.maintenance)
    document = _parsed(version, maintenance.moving(windows))
    counted = counters.from_row(row)
    state = state_of(policy.state, document, counted, clock.now())
    place = municipalities.get(policy.municipality_code)
    may_apply, reason = can_apply_online(document)
    return PolicyView(
        policy_id=policy_id,
        version=version.version,
        published_at=version.published_at,
        document=document,
        stored_state=PolicyState(policy.state),
        state=state,
        state_label=say(STATE_LABELS[state]),
        refusal=refusal_of(state, document) or _stopped(windows, version, document),
        counters=counted,
        municipality=place,
        municipality_label=place.label,
        category_label=say(document.category_label),
        amount=fixed_amount(document),
        taken_at_submit=taken_at_submit(document),
        amount_text=amount_text(document),
        conditions=tuple(in_plain_words(document)),
        window_rows=tuple(window_rows(document)),
        can_apply_online=may_apply,
        apply_block_reason=say(reason) if reason else None,
        seats_left=counted.seats_left,
    )


def refusal_at(policy: PolicyView, at: datetime) -> DomainError | None:
    """Why the policy would have taken no application at ``at``; seats and budget are those of now.

    For whom an earlier moment counts: the holder of a queue ticket, a paper slip (domain.md 4.2).
    """
    return refusal_of(state_of(policy.stored_state, policy.document, policy.counters, at), policy.document)


def exists(session: Session, policy_id: str) -> bool:
    """Whether there is a policy of this id, public or not."""
    return session.get(Policy, policy_id) is not None


def in_states(session: Session, states: Collection[PolicyState]) -> list[str]:
    """The ids of the policies that people put into one of these states."""
    query = select(Policy.policy_id).where(Policy.state.in_([state.value for state in states]))
    return list(session.scalars(query.order_by(Policy.policy_id)))


def of_municipality(session: Session, municipality_code: str) -> list[str]:
    """The ids of a municipality's own policies, public or not."""
    query = select(Policy.policy_id).where(Policy.municipality_code == municipality_code)
    return list(session.scalars(query.order_by(Policy.policy_id)))


def lock_declared(session: Session, policy_id: str) -> tuple[int, PolicyDocument]:
    """The present version and what it declares, public or not; no other version comes until commit.

    ``LookupError`` for an unknown policy.
    """
    policy = session.scalar(select(Policy).where(Policy.policy_id == policy_id).with_for_update())
    if policy is None:
        raise LookupError(policy_id)
    version = session.get_one(PolicyVersion, (policy_id, policy.current_version))
    return policy.current_version, PolicyDocument.model_validate_json(json.dumps(version.document))


def document_of(session: Session, policy_id: str, version: int) -> PolicyDocument:
    """The document an application was judged by, its ends as they stand now. ``LookupError`` for an unknown version."""
    stored = session.get(PolicyVersion, (policy_id, version))
    if stored is None:
        raise LookupError(f"{policy_id} version {version}")
    windows = maintenance.from_column(session.scalar(select(maintenance.windows_column())))
    return _parsed(stored, maintenance.moving(windows))


def current_documents(session: Session, policy_ids: list[str]) -> dict[str, PolicyDocument]:
    """The documents of these policies as they stand, by id."""
    rows = session.execute(
        select(PolicyVersion)
        .join(
            Policy, and_(Policy.policy_id == PolicyVersion.policy_id, Policy.current_version == PolicyVersion.version)
        )
        .where(Policy.policy_id.in_(policy_ids))
    )
    windows = maintenance.moving(maintenance.from_column(session.scalar(select(maintenance.windows_column()))))
    return {version.policy_id: _parsed(version, windows) for (version,) in rows}


def category_options() -> list[tuple[str, str]]:
    """(identifier, label) of the six categories."""
    return [(category.value, say(label)) for category, label in CATEGORY_LABELS.items()]


def _stopped(
    windows: tuple[maintenance.Known, ...], version: PolicyVersion, document: PolicyDocument
) -> DomainError | None:
    """E501 while maintenance is on, with the end that it moved, if it moved one."""
    end = document.window.apply_to
    return maintenance.refusal(windows, clock.now(), end if end != _parsed(version, ()).window.apply_to else None)


def _parsed(version: PolicyVersion, windows: tuple[Interval, ...]) -> PolicyDocument:
    return _parse(json.dumps(version.document), windows)


@lru_cache(maxsize=1_000)
def _parse(text: str, windows: tuple[Interval, ...]) -> PolicyDocument:
    # By the text itself, so that a cached document can never be another policy's.
    if windows:
        return with_moved_ends(_parse(text, ()), windows)
    return PolicyDocument.model_validate_json(text)
