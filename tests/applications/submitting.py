"""Sending applications in tests: at a moment, together, and refused with a code."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from app import db
from app.applications import Receipt, submit
from app.audit import AuditEvent
from app.errors import DomainError
from tests.applications.applicants import Applicant

AMOUNT = 10_000


def at(local: str) -> datetime:
    """A moment on a clock in Japan."""
    return datetime.fromisoformat(local + "+09:00")


def refusal(code: str) -> Any:
    """Exactly this code of the message list."""
    return pytest.raises(DomainError, match=f"^{code}$")


def audited(action: str) -> int:
    with db.reading() as session:
        return session.query(AuditEvent).filter_by(action=action).count()


def together(*acts: Callable[[], Receipt]) -> list[Receipt | str]:
    """Do these at the same moment; a refusal gives its code."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], Receipt]) -> Receipt | str:
        start.wait(10)
        try:
            return act()
        except DomainError as problem:
            return problem.code

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def sending(who: Applicant, draft: UUID, policy_id: str = "P-001") -> Callable[[], Receipt]:
    return lambda: submit(policy_id, draft, who.person_id)
