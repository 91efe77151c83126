"""Payment links: one application bound to one service ID, and what may happen to the binding (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, db
from app.errors import DomainError
from app.payments.account_ids import index_form, last4, masked
from app.payments.documents import ServiceDocument
from app.payments.models import PaymentLink
from app.payments.states import LIVE, MOVES, LinkEvent, LinkState, after
from app.pii import Private, vault

ACCOUNTS_AT_ONCE = 1_000
MAX_TRIES = 5
"""So often somebody else may take the slot that was free a moment ago, before it is our fault."""


@dataclass(frozen=True)
class Wallet:
    """Whose service ID it is, and how many people it may receive for in this policy (BR-27); ``other`` is what else
    could be chosen, in words, for the person who meets the limit."""

    owner_id: UUID
    most: int = 1
    other: str = "ほかの決済サービス"


_COLUMNS = tuple(column.name for column in PaymentLink.__table__.columns)
_INSERT = insert(PaymentLink).on_conflict_do_nothing().returning(PaymentLink.id)
_LOCK = (
    update(PaymentLink)
    .where(
        PaymentLink.policy_id == bindparam("policy"),
        PaymentLink.id == bindparam("link"),
        PaymentLink.state.in_([state.value for (state, event) in MOVES if event is LinkEvent.LOCK]),
    )
    .values(state=LinkState.LOCKED.value, changed_at=bindparam("now"))
    .returning(PaymentLink.id)
)


@dataclass(frozen=True)
class LinkView:
    """What pages show of a payment link."""

    link_id: UUID
    service_id: str
    masked: str
    last4: str
    holder_masked: str | None
    state: LinkState


def create_link(
    session: Session,
    *,
    policy_id: str,
    application_id: UUID,
    person_id: UUID,
    service: ServiceDocument,
    normalized: str,
    holder_masked: str | None,
    state: Literal["verified", "unreachable"] = "verified",
    wallet: Wallet | None = None,
) -> PaymentLink:
    """Bind the application to this service ID; an earlier choice of the same application is given up.

    The same binding again returns the one that exists. ``wallet`` says whose ID it is where it is not the person's own
    alone. Raises E303 when the ID is another owner's in this policy (BR-56), E312 when it serves as many as it may
    (BR-27), and E313 when the earlier choice already has a grant order.
    """
    wallet = wallet or Wallet(person_id)
    index = vault().index(f"service:{service.service_id}", index_form(normalized))
    link = _new(policy_id, application_id, person_id, wallet, service, normalized, index)
    link.holder_masked, link.state = holder_masked, LinkState(state)
    # The first slot is free nearly always: who looked first would make the other hundred thousand pay.
    return link if _insert(session, link) else _instead_of_the_one_there_is(session, link, service, wallet)


def check_account_is_free(  # noqa: PLR0917  # the ID, and for whom
    session: Session, policy_id: str, service: ServiceDocument, normalized: str, person_id: UUID, wallet: Wallet
) -> None:
    """What ``create_link`` would refuse, told while the person can still choose; it decides nothing."""
    index = vault().index(f"service:{service.service_id}", index_form(normalized))
    _free_slot(session, policy_id, service, index, person_id, wallet)


def _free_slot(  # noqa: PLR0917  # the ID, and for whom
    session: Session, policy_id: str, service: ServiceDocument, index: bytes, person_id: UUID, wallet: Wallet
) -> int:
    """The lowest slot that nobody holds; E303 for another owner's ID, E312 when it serves as many as it may.

    Two who look at the same moment find the same slot, so that only one of them gets it.
    """
    held = session.execute(
        select(PaymentLink.owner_id, PaymentLink.person_id, PaymentLink.slot).where(
            PaymentLink.policy_id == policy_id,
            PaymentLink.service_id == service.service_id,
            PaymentLink.id_index == index,
            PaymentLink.state.in_(LIVE),
        )
    ).all()
    if any(row.owner_id != wallet.owner_id for row in held):
        raise DomainError("E303")
    if len({row.person_id for row in held} | {person_id}) > wallet.most:
        raise DomainError("E312", max=wallet.most, suggestion=wallet.other)
    taken = {row.slot for row in held}
    return next(slot for slot in range(1, len(taken) + 2) if slot not in taken)


def _new(  # noqa: PLR0917  # the columns of a new row
    policy_id: str,
    application_id: UUID,
    person_id: UUID,
    wallet: Wallet,
    service: ServiceDocument,
    normalized: str,
    index: bytes,
) -> PaymentLink:
    link_id = db.new_id()
    now = clock.now()
    return PaymentLink(
        policy_id=policy_id,
        id=link_id,
        application_id=application_id,
        person_id=person_id,
        owner_id=wallet.owner_id,
        service_id=service.service_id,
        account_enc=vault().encrypt(Private(normalized), _context(link_id)),
        id_index=index,
        last4=last4(normalized),
        slot=1,
        created_at=now,
        changed_at=now,
    )


def find_accounts(
    session: Session, policy_id: str, service_id: str, normalized: Iterable[str]
) -> dict[str, list[tuple[UUID, datetime]]]:
    """Whose these service IDs are or were in the policy: application and since when, the oldest binding first.

    Links that were given up are among them: what was done with an ID before somebody else took it stays theirs.
    """
    vault_ = vault()
    indexes = {vault_.index(f"service:{service_id}", index_form(value)): value for value in normalized}
    rows = session.execute(
        select(PaymentLink.id_index, PaymentLink.application_id, PaymentLink.created_at)
        .where(
            PaymentLink.policy_id == policy_id,
            PaymentLink.service_id == service_id,
            PaymentLink.id_index.in_(indexes),
        )
        .order_by(PaymentLink.created_at, PaymentLink.id)
    )
    found: dict[str, list[tuple[UUID, datetime]]] = {}
    for index, application_id, since in rows:
        found.setdefault(indexes[index], []).append((application_id, since))
    return found


def account_index(service: ServiceDocument, normalized: str) -> bytes:
    """The keyed value by which the same service ID is found again; the ID cannot be read from it."""
    return vault().index(f"service:{service.service_id}", index_form(normalized))


def is_taken(session: Session, policy_id: str, service_id: str, index: bytes, person_id: UUID) -> bool:
    """Whether this service ID serves another person's application of the policy already (BR-56)."""
    other = select(PaymentLink.id).where(
        PaymentLink.policy_id == policy_id,
        PaymentLink.service_id == service_id,
        PaymentLink.id_index == index,
        PaymentLink.person_id != person_id,
        PaymentLink.state.in_(LIVE),
    )
    return session.scalar(other.limit(1)) is not None


def get_link(session: Session, policy_id: str, link_id: UUID) -> PaymentLink:
    """The link, locked until the transaction ends; ``LookupError`` when there is none."""
    link = session.scalar(
        select(PaymentLink)
        .where(PaymentLink.policy_id == policy_id, PaymentLink.id == link_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if link is None:
        raise LookupError("no such payment link")
    return link


def lock_link(session: Session, policy_id: str, link_id: UUID) -> None:
    """Fix the link because a grant order exists (E313 from here); a further order on the same link changes nothing."""
    session.flush()
    locked = session.connection().execute(_LOCK, {"policy": policy_id, "link": link_id, "now": clock.now()})
    if locked.scalar() is None:
        link = get_link(session, policy_id, link_id)
        if link.state != LinkState.LOCKED:
            _move(link, LinkEvent.LOCK)


def release_link(session: Session, policy_id: str, link_id: UUID) -> None:
    """Free the service ID after the order failed or the grant was reversed; again changes nothing."""
    link = get_link(session, policy_id, link_id)
    if link.state != LinkState.RELEASED:
        _move(link, LinkEvent.RELEASE)


def remove_link(session: Session, policy_id: str, link_id: UUID) -> None:
    """The person gives the choice up before an order; raises E313 after it."""
    _remove(get_link(session, policy_id, link_id))


def applications_with_account(session: Session, service: ServiceDocument, normalized: str) -> list[tuple[str, UUID]]:
    """The applications (policy, id) whose choice is this service ID and not yet fixed by an order."""
    rows = session.execute(
        select(PaymentLink.policy_id, PaymentLink.application_id)
        .where(
            PaymentLink.service_id == service.service_id,
            PaymentLink.id_index == account_index(service, normalized),
            PaymentLink.state == LinkState.VERIFIED,
        )
        .order_by(PaymentLink.policy_id, PaymentLink.application_id)
    )
    return [(policy_id, application_id) for policy_id, application_id in rows]


def go_stale(session: Session, policy_id: str, link_id: UUID) -> bool:
    """The provider closed the account: the choice no longer stands. False once an order fixed it, or it is gone."""
    link = get_link(session, policy_id, link_id)
    if link.state != LinkState.VERIFIED:
        return False
    _move(link, LinkEvent.GO_STALE)
    session.flush()
    return True


def confirm_link(session: Session, policy_id: str, link_id: UUID, *, holder_masked: str | None) -> None:
    """The provider answered at last about a link that was ``unreachable``."""
    link = get_link(session, policy_id, link_id)
    _move(link, LinkEvent.ASK)
    _move(link, LinkEvent.CONFIRM)
    link.holder_masked = holder_masked


def account_of(session: Session, link: PaymentLink) -> str:
    """The service ID in clear, for the gateway only. Raises ``PiiError`` when it can't be read."""
    return vault().decrypt(link.account_enc, _context(link.id)).reveal()


def accounts_of(session: Session, links: Sequence[tuple[str, UUID]]) -> dict[UUID, str]:
    """The service IDs of many links (policy id, link id) in clear, for a file to the provider."""
    found: dict[UUID, str] = {}
    for first in range(0, len(links), ACCOUNTS_AT_ONCE):
        wanted = links[first : first + ACCOUNTS_AT_ONCE]
        rows = session.scalars(select(PaymentLink).where(tuple_(PaymentLink.policy_id, PaymentLink.id).in_(wanted)))
        found |= {row.id: account_of(session, row) for row in rows}
    return found


def link_of_application(session: Session, policy_id: str, application_id: UUID) -> LinkView | None:
    """The live link of an application, as pages show it."""
    row = session.scalar(
        select(PaymentLink).where(
            PaymentLink.policy_id == policy_id,
            PaymentLink.application_id == application_id,
            PaymentLink.state.in_(LIVE),
        )
    )
    return _view(row) if row else None


def link_views(session: Session, policy_id: str, link_ids: Iterable[UUID]) -> dict[UUID, LinkView]:
    """These links of a policy, by id, as pages show them."""
    wanted = set(link_ids)
    if not wanted:
        return {}
    rows = session.scalars(select(PaymentLink).where(PaymentLink.policy_id == policy_id, PaymentLink.id.in_(wanted)))
    return {row.id: _view(row) for row in rows}


def _live_link_of(session: Session, policy_id: str, application_id: UUID) -> PaymentLink | None:
    return session.scalar(
        select(PaymentLink)
        .where(
            PaymentLink.policy_id == policy_id,
            PaymentLink.application_id == application_id,
            PaymentLink.state.in_(LIVE),
        )
        .with_for_update()
    )


def _insert(session: Session, link: PaymentLink) -> bool:
    """False when the application has a live link already, or the ID serves another application.

    One statement: the unique indexes judge, and a refusal leaves the transaction whole.
    """
    session.flush()
    values = {name: getattr(link, name) for name in _COLUMNS}
    return session.connection().execute(_INSERT, values).scalar() is not None


def _instead_of_the_one_there_is(
    session: Session, wanted: PaymentLink, service: ServiceDocument, wallet: Wallet
) -> PaymentLink:
    """An earlier choice gives way; a parallel request of the same application may have made the very same one.

    Then the next free slot, where the ID may serve several: a slot that somebody took meanwhile is asked for again.
    """
    first = _live_link_of(session, wanted.policy_id, wanted.application_id)
    if first is not None:
        if (first.service_id, first.id_index) == (wanted.service_id, wanted.id_index):
            return first
        _remove(first)
        session.flush()
    for _ in range(MAX_TRIES):
        wanted.slot = _free_slot(session, wanted.policy_id, service, wanted.id_index, wanted.person_id, wallet)
        if _insert(session, wanted):
            return wanted
    raise DomainError("E303")


def _remove(link: PaymentLink) -> None:
    if link.state == LinkState.LOCKED:
        raise DomainError("E313")
    if link.state == LinkState.UNREACHABLE:
        # Never confirmed, so there is nothing at the provider to give up: the answer no longer matters.
        _move(link, LinkEvent.ASK)
        _move(link, LinkEvent.DIFFER)
        return
    _move(link, LinkEvent.REMOVE)


def _move(link: PaymentLink, event: LinkEvent) -> None:
    link.state = after(LinkState(link.state), event)
    link.changed_at = clock.now()


def _view(row: PaymentLink) -> LinkView:
    return LinkView(row.id, row.service_id, masked(row.last4), row.last4, row.holder_masked, LinkState(row.state))


def _context(link_id: UUID) -> str:
    return f"payment_links.account:{link_id}"
