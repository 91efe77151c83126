"""What erasing a person means for return cases (BR-65)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from app.returns.models import ReturnCase, ReturnStep
from app.returns.states import FINAL


def has_open_case(session: Session, applications: Collection[tuple[str, UUID]]) -> bool:
    """True while something is still being asked back of one of these applications."""
    wanted = select(ReturnCase.id).where(_of(applications), ReturnCase.state.not_in(FINAL)).limit(1)
    return session.scalar(wanted) is not None


def any_open_case(session: Session, policy_id: str) -> bool:
    """True while something is still being asked back of anybody in this policy."""
    wanted = select(ReturnCase.id).where(ReturnCase.policy_id == policy_id, ReturnCase.state.not_in(FINAL)).limit(1)
    return session.scalar(wanted) is not None


def erase_texts(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Empty the reasons, which tell facts about a person; amounts, states and who decided stay. Returns how many."""
    if not applications:
        return 0
    of_these = select(ReturnCase.policy_id, ReturnCase.id).where(_of(applications))
    steps = session.execute(
        update(ReturnStep)
        .where(tuple_(ReturnStep.policy_id, ReturnStep.case_id).in_(of_these), ReturnStep.text_enc != b"")
        .values(text_enc=b"")
        .returning(ReturnStep.id)
        .execution_options(synchronize_session=False)
    )
    emptied = session.execute(
        update(ReturnCase)
        .where(_of(applications), ReturnCase.reason_enc.is_not(None), ReturnCase.reason_enc != b"")
        .values(reason_enc=b"")
        .returning(ReturnCase.id)
        .execution_options(synchronize_session=False)
    )
    return len(steps.all()) + len(emptied.all())


def _of(applications: Collection[tuple[str, UUID]]) -> ColumnElement[bool]:
    return tuple_(ReturnCase.policy_id, ReturnCase.application_id).in_(list(applications))
