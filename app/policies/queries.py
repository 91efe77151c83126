"""Reading policies: the public catalogue, one policy's page, and a version by its number."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from app import clock, municipalities
from app.errors import DomainError
from app.municipalities import Municipality
from app.policies import counters
from app.policies.amounts import can_apply_online, fixed_amount
from app.policies.catalogue import words_of
from app.policies.document import CATEGORY_LABELS, PolicyDocument
from app.policies.models import Policy, PolicyCounter, PolicyVersion
from app.policies.state import (
    LISTED_STATES,
    PUBLIC_STATES,
    STATE_LABELS,
    Counters,
    PolicyState,
    refusal_of,
    state_from,
    state_of,
)
from app.policies.words import amount_text, in_plain_words, window_rows

PAGE_SIZE = 20

_LISTED = [state.value for state in LISTED_STATES]
_PUBLIC = [state.value for state in PUBLIC_STATES]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; ``number`` counts from 1, ``pages`` is at least 1."""

    items: tuple[T, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """A policy in the list. ``at_once``: decided by the card alone and granted at once by one of its services."""

    policy_id: str
    title: str
    municipality_label: str
    category: str
    category_label: str
    state: PolicyState
    state_label: str
    amount_text: str
    apply_from: datetime
    apply_to: datetime
    at_once: bool
    seats_left: int | None


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
    amount_text: str
    conditions: tuple[str, ...]
    window_rows: tuple[tuple[str, str], ...]
    can_apply_online: bool
    apply_block_reason: str | None
    seats_left: int | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    policy_id: str
    version: int
    state: PolicyState
    apply_to: datetime
    at_once: bool
    seats_left: int | None


def search(
    session: Session,
    *,
    municipality: str | None = None,
    category: str | None = None,
    keyword: str | None = None,
    open_now: bool = False,
    at_once: bool = False,
    page: int = 1,
    at_once_services: Collection[str] = (),
) -> Page[PolicyCard]:
    """Public policies: those that can be applied for first, then the coming, then the past ones, each by its end.

    ``municipality`` is a code and finds what is given there: by the municipality itself, by the designated city around
    a ward and by the prefecture; a prefecture's code finds all within it. ``at_once_services`` are the ids of services
    that grant at once; the payments domain knows them. An unknown municipality or category finds nothing; a page
    beyond the last shows the last.
    """
    now = clock.now()
    statement = select(
        Policy.policy_id,
        Policy.current_version,
        Policy.state,
        Policy.municipality_code,
        Policy.apply_from,
        Policy.apply_to,
        Policy.reopen,
        Policy.decided_at_once,
        Policy.services,
        *counters.COUNTER_COLUMNS,
    ).join(PolicyCounter, PolicyCounter.policy_id == Policy.policy_id)
    rows = session.execute(statement.where(*_filters(category, keyword))).all()
    found = [
        _candidate(row, now, at_once_services)
        for row in rows
        if municipality is None or _is_given_in(row.municipality_code, municipality)
    ]
    if open_now:
        found = [one for one in found if one.state is PolicyState.OPEN]
    if at_once:
        found = [one for one in found if one.at_once]
    found.sort(key=_order)
    pages = max(1, math.ceil(len(found) / PAGE_SIZE))
    number = min(max(1, page), pages)
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return Page(tuple(_cards(session, shown)), len(found), number, pages)


def get(session: Session, policy_id: str) -> PolicyView | None:
    """A public policy with everything its page shows; ``None`` for an unknown one and for one not yet public."""
    row = session.execute(
        select(Policy, PolicyVersion, *counters.COUNTER_COLUMNS)
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.policy_id) & (PolicyVersion.version == Policy.current_version),
        )
        .join(PolicyCounter, PolicyCounter.policy_id == Policy.policy_id)
        .where(Policy.policy_id == policy_id, Policy.state.in_(_PUBLIC))
    ).one_or_none()
    if row is None:
        return None
    policy, version, document = row.Policy, row.PolicyVersion, _parsed(row.PolicyVersion)
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
        state_label=STATE_LABELS[state],
        refusal=refusal_of(state, document),
        counters=counted,
        municipality=place,
        municipality_label=place.label,
        category_label=document.category_label,
        amount=fixed_amount(document),
        amount_text=amount_text(document),
        conditions=tuple(in_plain_words(document)),
        window_rows=tuple(window_rows(document)),
        can_apply_online=may_apply,
        apply_block_reason=reason,
        seats_left=counted.seats_left,
    )


def document_of(session: Session, policy_id: str, version: int) -> PolicyDocument:
    """The document an application was judged by. ``LookupError`` for an unknown version."""
    stored = session.get(PolicyVersion, (policy_id, version))
    if stored is None:
        raise LookupError(f"{policy_id} version {version}")
    return _parsed(stored)


def municipality_options(session: Session) -> list[tuple[str, str]]:
    """(code, label) of every municipality that has a listed policy, by code: the choices of the search form."""
    codes = session.scalars(
        select(Policy.municipality_code).where(Policy.state.in_(_LISTED)).distinct().order_by("municipality_code")
    )
    return [(code, municipalities.label(code)) for code in codes]


def category_options() -> list[tuple[str, str]]:
    """(identifier, label) of the six categories."""
    return [(category.value, label) for category, label in CATEGORY_LABELS.items()]


def _filters(category: str | None, keyword: str | None) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [Policy.state.in_(_LISTED)]
    if category is not None:
        filters.append(Policy.category == category)
    filters += [Policy.title_index.contains(word, autoescape=True) for word in words_of(keyword or "")]
    return filters


def _is_given_in(policy_code: str, wanted: str) -> bool:
    return municipalities.covers(wanted, policy_code) or municipalities.covers(policy_code, wanted)


def _candidate(row: Row[Any], now: datetime, at_once_services: Collection[str]) -> _Candidate:
    counted = counters.from_row(row)
    state = state_from(row.state, row.apply_from, row.apply_to, reopen=row.reopen, counters=counted, now=now)
    at_once = row.decided_at_once and not set(row.services).isdisjoint(at_once_services)
    return _Candidate(row.policy_id, row.current_version, state, row.apply_to, at_once, counted.seats_left)


_RANKS = {PolicyState.OPEN: 0, PolicyState.FULL: 1, PolicyState.SCHEDULED: 2, PolicyState.SUSPENDED: 3}


def _order(one: _Candidate) -> tuple[int, float, str]:
    """Open ones that end soonest first; of the past ones the latest."""
    rank = _RANKS.get(one.state, len(_RANKS))
    end = one.apply_to.timestamp()
    return rank, end if one.state in _RANKS else -end, one.policy_id


def _cards(session: Session, shown: Sequence[_Candidate]) -> list[PolicyCard]:
    ids = [one.policy_id for one in shown]
    versions = session.scalars(
        select(PolicyVersion)
        .join(Policy, (Policy.policy_id == PolicyVersion.policy_id) & (Policy.current_version == PolicyVersion.version))
        .where(Policy.policy_id.in_(ids))
    )
    documents = {version.policy_id: _parsed(version) for version in versions}
    return [_card(one, documents[one.policy_id]) for one in shown]


def _card(one: _Candidate, document: PolicyDocument) -> PolicyCard:
    return PolicyCard(
        policy_id=one.policy_id,
        title=document.title,
        municipality_label=municipalities.label(document.municipality_code),
        category=document.category.value,
        category_label=document.category_label,
        state=one.state,
        state_label=STATE_LABELS[one.state],
        amount_text=amount_text(document),
        apply_from=document.window.apply_from,
        apply_to=document.window.apply_to,
        at_once=one.at_once,
        seats_left=one.seats_left,
    )


def _parsed(version: PolicyVersion) -> PolicyDocument:
    return _parse(json.dumps(version.document))


@lru_cache(maxsize=1_000)
def _parse(text: str) -> PolicyDocument:
    # By the text itself, so that a cached document can never be another policy's.
    return PolicyDocument.model_validate_json(text)
