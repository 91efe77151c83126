"""Grant orders by file: what waits for a provider goes out in numbered files, each order in one file only.

A file's orders are marked as sent before its content leaves; the content is made from them again at any time, byte for
byte. So a crash in between loses nothing, and a file that got lost is sent again, never made anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from app import audit, clock, db, db_rows, maintenance, payments
from app.payments import gateways
from app.payments.gateways import GrantInstruction
from app.payments.gateways.file import MAX_ROWS, Encoding, write_grant_file
from app.points.models import GrantFile, GrantOrder
from app.points.states import FINAL_ORDER, OrderEvent, OrderState, order_after

_FILE_LOCK = 7_340_002


class FileExchangeRefused(Exception):
    """The exchange can't go on like this; the text says why, in plain words for staff."""


@dataclass(frozen=True)
class OutgoingFile:
    """A file of orders as it goes to the provider; ``total`` in whole points."""

    provider_id: str
    sequence_no: int
    order_count: int
    total: int
    content: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The file's name: provider and number, nothing else."""
        return f"grant-orders-{self.provider_id}-{self.sequence_no:06}.csv"


@dataclass(frozen=True)
class GrantFileStatus:
    """How far a file of orders is answered."""

    provider_id: str
    sequence_no: int
    made_at: datetime
    order_count: int
    total: int
    answered: int

    @property
    def state(self) -> Literal["sent", "partial", "complete"]:
        """Nothing answered, some of it, or all."""
        if self.answered == self.order_count:
            return "complete"
        return "partial" if self.answered else "sent"


def export_grant_file(provider_id: str) -> OutgoingFile | None:
    """Put every order that waits for this provider into the next file; None when none waits.

    Raises ``FileExchangeRefused`` when the provider is not reached by file or staff hold its line.
    """
    encoding = gateways.file_encoding_of(provider_id)
    if encoding is None:
        raise FileExchangeRefused(f"{provider_id} is not reached by file")
    with db.transaction() as session:
        session.execute(select(func.pg_advisory_xact_lock(_FILE_LOCK, func.hashtext(provider_id))))
        if maintenance.orders_paused(session):
            raise FileExchangeRefused("workers pause for maintenance (todoke maintenance list); orders wait")
        if payments.is_held(session, provider_id):
            raise FileExchangeRefused(f"new orders to {provider_id} are held (todoke providers list)")
        orders = session.execute(_waiting(provider_id)).all()
        if not orders:
            return None
        last = session.scalar(select(func.max(GrantFile.sequence_no)).where(GrantFile.provider_id == provider_id))
        file = GrantFile(
            provider_id=provider_id,
            sequence_no=(last or 0) + 1,
            made_at=clock.now(),
            encoding=encoding,
            order_count=len(orders),
            total=sum(order.amount for order in orders),
        )
        sent = {
            "state": order_after(OrderState.CREATED, OrderEvent.SEND),
            "sent_at": file.made_at,
            "inquire_after": None,
            "file_no": file.sequence_no,
        }
        rows = [{"policy_id": order.policy_id, "id": order.id, **sent} for order in orders]
        db_rows.update_rows(session, GrantOrder, rows, keys=("policy_id", "id"))
        content = _content(session, file)
        file.digest = hashlib.sha256(content).digest()
        session.add(file)
        _record(session, file, "grant.file_made")
        return _outgoing(file, content)


def grant_file_again(provider_id: str, sequence_no: int) -> OutgoingFile:
    """A file that was made before, byte for byte, for a provider that did not get it."""
    with db.transaction() as session:
        file = session.get(GrantFile, (provider_id, sequence_no))
        if file is None:
            raise FileExchangeRefused(f"{provider_id} has no file {sequence_no}")
        content = _content(session, file)
        if hashlib.sha256(content).digest() != file.digest:
            raise FileExchangeRefused(f"file {sequence_no} can't be made again as it was: restore from a backup")
        _record(session, file, "grant.file_again")
        return _outgoing(file, content)


def grant_file_statuses(session: Session) -> list[GrantFileStatus]:
    """Every file of orders and how far it is answered, newest first; at most five hundred."""
    answered = func.sum(case((GrantOrder.state.in_(FINAL_ORDER), 1), else_=0))
    rows = session.execute(
        select(GrantFile, answered)
        .join(
            GrantOrder,
            (GrantOrder.provider_id == GrantFile.provider_id) & (GrantOrder.file_no == GrantFile.sequence_no),
        )
        .group_by(GrantFile.provider_id, GrantFile.sequence_no)
        .order_by(GrantFile.made_at.desc(), GrantFile.provider_id)
        .limit(500)
    )
    return [
        GrantFileStatus(file.provider_id, file.sequence_no, file.made_at, file.order_count, file.total, int(count))
        for file, count in rows
    ]


def _waiting(provider_id: str) -> Select[str, UUID, int]:
    return (
        select(GrantOrder.policy_id, GrantOrder.id, GrantOrder.amount)
        .where(GrantOrder.provider_id == provider_id, GrantOrder.state == OrderState.CREATED)
        .order_by(GrantOrder.id)
        .limit(MAX_ROWS)
        .with_for_update(skip_locked=True)
    )


def _content(session: Session, file: GrantFile) -> bytes:
    orders = session.execute(
        select(GrantOrder.id, GrantOrder.policy_id, GrantOrder.service_id, GrantOrder.link_id, GrantOrder.amount)
        .where(GrantOrder.provider_id == file.provider_id, GrantOrder.file_no == file.sequence_no)
        .order_by(GrantOrder.id)
    )
    sent = orders.all()
    accounts = payments.accounts_of(session, [(order.policy_id, order.link_id) for order in sent])
    rows = [
        GrantInstruction(order.id, order.service_id, accounts[order.link_id], order.amount, order.policy_id)
        for order in sent
    ]
    return write_grant_file(file.provider_id, file.sequence_no, file.made_at, rows, cast(Encoding, file.encoding))


def _outgoing(file: GrantFile, content: bytes) -> OutgoingFile:
    return OutgoingFile(file.provider_id, file.sequence_no, file.order_count, file.total, content)


def _record(session: Session, file: GrantFile, action: str) -> None:
    audit.record(
        session,
        action,
        actor_kind="system",
        object_kind="grant_file",
        object_id=f"{file.provider_id}/{file.sequence_no}",
        facts={"orders": file.order_count, "total": file.total},
    )
