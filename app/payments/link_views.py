"""What pages show of payment links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.payments.account_ids import masked
from app.payments.models import PaymentLink
from app.payments.states import LIVE, LinkState


@dataclass(frozen=True)
class LinkView:
    """What pages show of a payment link."""

    link_id: UUID
    service_id: str
    masked: str
    last4: str
    holder_masked: str | None
    state: LinkState


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


def _view(row: PaymentLink) -> LinkView:
    return LinkView(row.id, row.service_id, masked(row.last4), row.last4, row.holder_masked, LinkState(row.state))
