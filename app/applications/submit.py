"""Submit: everything that an application means, in one transaction (architecture.md section 3, "Apply")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from psycopg import errors
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app import db, payments
from app.applications.draft import check_not_applied_yet
from app.applications.facts import Typed, known_about
from app.applications.guardian import Acting
from app.applications.models import Application
from app.applications.send import Attempt, ConfirmingPage, NoRoom, Receipt, outcome_of, send
from app.cards import EvidenceView
from app.errors import DomainError
from app.policies import PolicyView
from app.screening import ScreeningOutcome

MAX_CONFLICTS = 3
FINGERPRINT_INDEX = "uq_applications_fingerprint"
BENEFICIARY_INDEX = "uq_applications_beneficiary"
MAX_AT_ONCE = 1_000
Draft = tuple[UUID, UUID]
"""An application that was not sent yet, and who sends it."""


def submit(policy_id: str, application_id: UUID, person_id: UUID, *, page: ConfirmingPage | None = None) -> Receipt:
    """Send a draft. The same draft sent again gives the same receipt. While the policy is full, one that has a
    queue takes the application into it (``waitlisted``); nothing is reserved then.

    With ``page``, what is sent must be what that page showed; else E504. Raises the policy's
    reason (E208, E209, E210), E206, E217, E303, E304, a failed condition (E201..), or E504 for an incomplete draft.
    """
    return submit_prepared(policy_id, lambda _: (application_id, person_id), page=page)


def submit_prepared(
    policy_id: str, prepare: Callable[[Session], Draft], *, page: ConfirmingPage | None = None
) -> Receipt:
    """Send the draft (application, person) that ``prepare`` finds or makes, in the same transaction as it does that.

    What ``prepare`` writes stands or falls with the application; it is called again when two submits met. Raises as
    ``submit``, and whatever ``prepare`` raises.
    """
    attempt = Attempt(page)
    conflicts = 0
    draft: Draft | None = None
    while True:
        try:
            with db.transaction() as session:
                draft = prepare(session)
                (sent,) = send(session, policy_id, [draft], attempt)
                if isinstance(sent, DomainError):
                    raise sent  # undoes all of it
                return sent
        except NoRoom:
            attempt = replace(attempt, queue=True)
        except IntegrityError as conflict:
            conflicts += 1
            if conflicts > MAX_CONFLICTS or draft is None:
                raise
            attempt = _after_conflict(conflict, attempt, policy_id, *draft)


def submit_many(policy_id: str, drafts: Sequence[Draft]) -> list[Receipt | DomainError]:
    """Send up to a thousand drafts of one policy as if one after another, in as few transactions as that allows.

    For taking over and replaying what was decided elsewhere. For each its receipt, or why it was refused: what
    ``submit`` would have returned or raised. A fault undoes the transaction it happens in and ends the rest; the same
    drafts can be sent again.
    """
    if len(drafts) > MAX_AT_ONCE:
        raise ValueError(f"at most {MAX_AT_ONCE} at once")
    results: list[Receipt | DomainError] = []
    while len(results) < len(drafts):
        results += _send_some(policy_id, drafts[len(results) :])
    return results


def _send_some(policy_id: str, drafts: Sequence[Draft]) -> list[Receipt | DomainError]:
    """The results of the first of these, at least of one.

    Where they don't all fit, or meet somebody else in the database, half of them may: in the end what doesn't fit is
    refused by itself, and in its turn.
    """
    if len(drafts) == 1:
        return [_alone(policy_id, *drafts[0])]
    try:
        with db.transaction() as session:
            return send(session, policy_id, drafts, Attempt(None))
    except (NoRoom, IntegrityError):
        pass
    except OperationalError as met:
        if not _met_another(met):
            raise
    except DomainError as problem:
        if problem.code != "E209":
            raise
    return _send_some(policy_id, drafts[: len(drafts) // 2])


def _met_another(problem: OperationalError) -> bool:
    """Whether the database undid this because another transaction was in its way: then it may simply be done again."""
    return isinstance(problem.orig, errors.DeadlockDetected | errors.SerializationFailure | errors.LockNotAvailable)


def _alone(policy_id: str, application_id: UUID, person_id: UUID) -> Receipt | DomainError:
    for tries_left in reversed(range(MAX_CONFLICTS)):
        try:
            return submit(policy_id, application_id, person_id)
        except DomainError as problem:
            return problem
        except OperationalError as met:
            if not tries_left or not _met_another(met):
                raise
    raise AssertionError("the last try returns or raises")


def judge(
    policy: PolicyView,
    evidence: EvidenceView,
    review_requested: bool,
    *,
    acting: Acting | None = None,
    typed: Typed | None = None,
) -> ScreeningOutcome:
    """Screen this evidence against the policy as it stands now, as the result page shows it before the submit."""
    with db.reading() as session:
        known = known_about(session, policy.document, evidence, acting=acting, typed=typed)
    return outcome_of(policy, known, review_requested)


def _after_conflict(
    conflict: IntegrityError, attempt: Attempt, policy_id: str, application_id: UUID, person_id: UUID
) -> Attempt:
    """Two submits met in the database. The later one tries again, knowing where: somebody alike was first, or the
    service ID was bound already; where the other has gone since, as before."""
    diagnosis = getattr(conflict.orig, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None)
    if constraint in payments.LINK_RULES:
        return replace(attempt, link_first=True)
    if constraint == FINGERPRINT_INDEX:
        return replace(attempt, duplicate_suspected=True)
    if constraint != BENEFICIARY_INDEX:
        raise conflict
    with db.reading() as session:
        whose = select(Application.beneficiary_id).where(Application.id == application_id)
        check_not_applied_yet(session, policy_id, session.scalars(whose).one(), person_id)
    return attempt
