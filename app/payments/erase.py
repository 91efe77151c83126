"""Erasing service IDs from payment links whose applications are over."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlalchemy.orm import Session

from app.payments.models import PaymentLink


def erase_accounts(session: Session, applications: Collection[tuple[str, UUID]], *, keep_index: bool) -> int:
    """Drop ID, last digits and holder; without ``keep_index`` also the keyed value that finds equals (BR-56).

    The link itself stays: grants and orders stand on it. Returns how many links held something.
    """
    if not applications:
        return 0
    values: dict[str, object] = {"account_enc": b"", "last4": "", "holder_masked": None}
    held = [PaymentLink.account_enc != b""]
    if not keep_index:
        values["id_index"] = func.sha256(func.uuid_send(func.gen_random_uuid()))
        held = []
    changed = session.execute(
        update(PaymentLink)
        .where(tuple_(PaymentLink.policy_id, PaymentLink.application_id).in_(list(applications)), *held)
        .values(values)
        .returning(PaymentLink.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())
