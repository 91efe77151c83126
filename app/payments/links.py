"""Payment links: one application bound to one service ID, and what may happen to the binding (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app import clock, db, db_rows
from app.errors import DomainError
from app.payments.account_ids import index_form, last4
from app.payments.documents import ServiceDocument
from app.payments.models import PaymentLink
from app.payments.states import LIVE, MOVES, LinkEvent, LinkState, after
from app.pii import Private, vault

ACCOUNTS_AT_ONCE = 1_000
LINK_RULES = frozenset(
    {"uq_payment_links_live_account", "uq_payment_links_live_application", "ex_payment_links_one_owner"}
)
"""The constraints that a second choice, or a second person, breaks."""
MAX_TRIES = 5
"""So often somebody else may take the slot that was free a moment ago, before it is our fault."""


@dataclass(frozen=True)
class Wallet:
    """Whose service ID it is, and how many people it may receive for in this policy (BR-27); ``other`` is what else
    could be chosen, in words, for the person who meets the limit."""

    owner_id: UUID
    most: int = 1
    other: str = "ほかの決済サービス"


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
class WantedLink:
    """One application to be bound to one service ID; ``normalized`` is the ID in its one written form.

    ``wallet`` says whose ID it is where it is not the person's own alone; ``fixed`` that a grant order goes out with
    the binding, so that it is locked from its beginning.
    """

    application_id: UUID
    person_id: UUID
    service: ServiceDocument
    normalized: str = field(repr=False)
    holder_masked: str | None
    state: Literal["verified", "unreachable"] = "verified"
    wallet: Wallet | None = None
    fixed: bool = False


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

    The same binding again returns the one that exists. Raises E303 when the ID is another owner's in this policy
    (BR-56), E312 when it serves as many as it may (BR-27), and E313 when the earlier choice already has a grant order.
    """
    wanted = WantedLink(application_id, person_id, service, normalized, holder_masked, state, wallet)
    link = create_links(session, policy_id, [wanted])[application_id]
    if isinstance(link, DomainError):
        raise link
    return link


def create_links(
    session: Session, policy_id: str, wanted: Sequence[WantedLink]
) -> dict[UUID, PaymentLink | DomainError]:
    """``create_link`` for many applications of a policy, by application: the link, or why there is none.

    Nothing is written for one that is refused. They are written in the order of the unique index on service IDs, so
    that two batches with the same IDs never wait for each other in a circle (decision 0026); of two that want one ID,
    the first in ``wanted`` gets it.
    """
    new = {one.application_id: new_link(policy_id, one) for one in wanted}
    wanted = sorted(wanted, key=lambda one: (one.service.service_id, new[one.application_id].id_index))
    # The first slot is free nearly always: who looked first would make the other hundred thousand pay.
    written = _insert(session, [new[one.application_id] for one in wanted])
    bound: dict[UUID, PaymentLink | DomainError] = {}
    for one in wanted:
        link = new[one.application_id]
        if link.id in written:
            bound[one.application_id] = link
            continue
        try:
            with session.begin_nested():
                bound[one.application_id] = _instead_of_the_one_there_is(session, link, one)
        except DomainError as problem:
            bound[one.application_id] = problem
    return bound


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


def insert_link(session: Session, link: PaymentLink) -> None:
    """Write a link as if its ID were free and the application had none, as is so nearly always.

    Where it is not so, one of ``LINK_RULES`` is broken, and ``create_links`` is to be asked in a new transaction.
    """
    db_rows.insert_rows(session, PaymentLink, [db_rows.values_of(link)])


def new_link(policy_id: str, wanted: WantedLink) -> PaymentLink:
    """The link as it is to be written in the first slot."""
    link_id = db.new_id()
    now = clock.now()
    state = LinkState(wanted.state)
    return PaymentLink(
        policy_id=policy_id,
        id=link_id,
        application_id=wanted.application_id,
        person_id=wanted.person_id,
        owner_id=_wallet_of(wanted).owner_id,
        service_id=wanted.service.service_id,
        account_enc=vault().encrypt(Private(wanted.normalized), _context(link_id)),
        id_index=account_index(wanted.service, wanted.normalized),
        last4=last4(wanted.normalized),
        holder_masked=wanted.holder_masked,
        slot=1,
        state=after(state, LinkEvent.LOCK) if wanted.fixed else state,
        created_at=now,
        changed_at=now,
    )


def _wallet_of(wanted: WantedLink) -> Wallet:
    return wanted.wallet or Wallet(wanted.person_id)


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
    columns = select(PaymentLink.id, PaymentLink.account_enc)
    for first in range(0, len(links), ACCOUNTS_AT_ONCE):
        wanted = links[first : first + ACCOUNTS_AT_ONCE]
        rows = session.execute(
            columns.where(
                db_rows.among(PaymentLink.policy_id, {policy_id for policy_id, _ in wanted}),
                db_rows.among(PaymentLink.id, [link_id for _, link_id in wanted]),
            )
        )
        found |= {row.id: vault().decrypt(row.account_enc, _context(row.id)).reveal() for row in rows}
    return found


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


def _insert(session: Session, links: Sequence[PaymentLink]) -> set[UUID]:
    """The ids of those that were written: not where the application has a live link already, or the ID serves another.

    One statement: the unique indexes judge, and a refusal leaves the transaction whole.
    """
    session.flush()
    rows = [db_rows.values_of(link) for link in links]
    return {row[0] for row in db_rows.insert_unless_taken(session, PaymentLink, rows, returning="id")}


def _instead_of_the_one_there_is(session: Session, link: PaymentLink, wanted: WantedLink) -> PaymentLink:
    """An earlier choice gives way; a parallel request of the same application may have made the very same one.

    Then the next free slot, where the ID may serve several: a slot that somebody took meanwhile is asked for again.
    """
    first = _live_link_of(session, link.policy_id, link.application_id)
    if first is not None:
        if (first.service_id, first.id_index) == (link.service_id, link.id_index):
            if wanted.fixed and first.state != LinkState.LOCKED:
                _move(first, LinkEvent.LOCK)
            return first
        _remove(first)
        session.flush()
    for _ in range(MAX_TRIES):
        link.slot = _free_slot(
            session, link.policy_id, wanted.service, link.id_index, link.person_id, _wallet_of(wanted)
        )
        if _insert(session, [link]):
            return link
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


def _context(link_id: UUID) -> str:
    return f"payment_links.account:{link_id}"
