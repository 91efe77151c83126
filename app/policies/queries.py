"""Reading policies: one policy's page, a version by its number, the choices of forms."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, and_, bindparam, select
from sqlalchemy.orm import Session

from app import clock, maintenance, municipalities
from app.db_statements import Later, Statement
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
    """All there is to show or decide about one policy now. ``refusal`` is why it takes no application, if so.

    What is in words is made when it is asked for, in the reader's language: most who decide show none of it.
    """

    policy_id: str
    version: int
    published_at: datetime | None
    document: PolicyDocument
    stored_state: PolicyState
    state: PolicyState
    refusal: DomainError | None
    counters: Counters
    municipality: Municipality

    @property
    def state_label(self) -> str:
        return say(STATE_LABELS[self.state])

    @property
    def municipality_label(self) -> str:
        return self.municipality.label

    @property
    def category_label(self) -> str:
        return say(self.document.category_label)

    @property
    def amount(self) -> int | None:
        return fixed_amount(self.document)

    @property
    def taken_at_submit(self) -> int | None:
        return taken_at_submit(self.document)

    @property
    def amount_text(self) -> str:
        return amount_text(self.document)

    @property
    def conditions(self) -> tuple[str, ...]:
        return tuple(in_plain_words(self.document))

    @property
    def window_rows(self) -> tuple[tuple[str, str], ...]:
        return tuple(window_rows(self.document))

    @property
    def can_apply_online(self) -> bool:
        return can_apply_online(self.document)[0]

    @property
    def apply_block_reason(self) -> str | None:
        reason = can_apply_online(self.document)[1]
        return say(reason) if reason else None

    @property
    def seats_left(self) -> int | None:
        return self.counters.seats_left


_GET = Statement(
    select(
        Policy.municipality_code,
        Policy.state,
        PolicyVersion.version,
        PolicyVersion.content_digest,
        PolicyVersion.published_at,
        *counters.COUNTER_COLUMNS,
        maintenance.windows_column(bindparam("recent", None, type_=DateTime(timezone=True))).label("maintenance"),
    )
    .join(
        PolicyVersion,
        (PolicyVersion.policy_id == Policy.policy_id) & (PolicyVersion.version == Policy.current_version),
    )
    .join(PolicyCounter, PolicyCounter.policy_id == Policy.policy_id)
    .where(Policy.policy_id == bindparam("policy", None), Policy.state.in_(_PUBLIC))
)


def get(session: Session, policy_id: str) -> PolicyView | None:
    """A public policy with everything its page shows; ``None`` for an unknown one and for one not yet public."""
    return ask(session, policy_id)()


def ask(session: Session, policy_id: str) -> Later[PolicyView | None]:
    """``get`` for ``in_one_go``."""
    asked = _GET.ask(session, policy=policy_id, recent=maintenance.recent())
    return lambda: next((_view(session, policy_id, row) for row in asked.rows()), None)


def _view(session: Session, policy_id: str, row: Any) -> PolicyView:
    windows = maintenance.from_column(row.maintenance)
    moving = maintenance.moving(windows)
    document = _known(policy_id, row.content_digest, moving)
    declared = _known(policy_id, row.content_digest, ())
    if document is None or declared is None:
        version = session.get_one(PolicyVersion, (policy_id, row.version))
        document, declared = _parsed(version, moving), _parsed(version, ())
    counted = counters.from_row(row)
    state = state_of(row.state, document, counted, clock.now())
    return PolicyView(
        policy_id=policy_id,
        version=row.version,
        published_at=row.published_at,
        document=document,
        stored_state=PolicyState(row.state),
        state=state,
        refusal=refusal_of(state, document) or _stopped(windows, declared, document),
        counters=counted,
        municipality=municipalities.get(row.municipality_code),
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
    windows: tuple[maintenance.Known, ...], declared: PolicyDocument, document: PolicyDocument
) -> DomainError | None:
    """E501 while maintenance is on, with the end that it moved, if it moved one."""
    end = document.window.apply_to
    return maintenance.refusal(windows, clock.now(), end if end != declared.window.apply_to else None)


def _known(policy_id: str, digest: bytes, windows: tuple[Interval, ...]) -> PolicyDocument | None:
    return _documents.get((policy_id, digest, windows))


def _parsed(version: PolicyVersion, windows: tuple[Interval, ...]) -> PolicyDocument:
    """The document of a version, its ends moved by the windows; taken apart once."""
    found = _known(version.policy_id, version.content_digest, windows)
    if found is None:
        if windows:
            found = with_moved_ends(_parsed(version, ()), windows)
        else:
            found = PolicyDocument.model_validate_json(json.dumps(version.document))
        if len(_documents) >= _MAX_DOCUMENTS:
            _documents.clear()
        _documents[version.policy_id, version.content_digest, windows] = found
    return found


_MAX_DOCUMENTS = 2_000
# By the digest of what is in it, and by its policy, so that a kept document can never be another policy's. A stored
# version never changes: the service's database role may not (docs/decisions/0014).
_documents: dict[tuple[str, bytes, tuple[Interval, ...]], PolicyDocument] = {}
