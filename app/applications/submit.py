"""Submit: everything that an application means, in one transaction (architecture.md section 3, "Apply")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit, cards, clock, db, payments, points, policies, screening
from app.applications.approval import commit_and_plan, reserve
from app.applications.at_counter import as_of
from app.applications.childs_amount import amount_to_hold, amounts_possible
from app.applications.draft import account_in_draft, check_agreed, check_not_applied_yet, digest_of, forget_account
from app.applications.facts import Known, Typed, claim_rows, known_about
from app.applications.guardian import Acting, acting_for, age_for_service, check_declared
from app.applications.happenings import tell_changed
from app.applications.models import Application
from app.applications.receipt_no import new_receipt_no
from app.applications.states import RELEASED, Action, ApplicationState, move
from app.applications.wallets import payment_wallet
from app.cards import EvidenceView
from app.errors import DomainError
from app.policies import PolicyState, PolicyView
from app.screening import ScreeningOutcome

GRACE = timedelta(minutes=15)
MAX_CONFLICTS = 3
FINGERPRINT_INDEX = "uq_applications_fingerprint"
BENEFICIARY_INDEX = "uq_applications_beneficiary"


@dataclass(frozen=True)
class Receipt:
    """Proof of submission; ``already`` when this draft had been sent before (double tap, back button, reload)."""

    receipt_no: str
    state: ApplicationState
    already: bool


@dataclass(frozen=True)
class ConfirmingPage:
    """What the signed token of the confirming page proves: when it was given out (BR-03) and what it read back."""

    opened_at: datetime
    read_back: str


def submit(policy_id: str, application_id: UUID, person_id: UUID, *, page: ConfirmingPage | None = None) -> Receipt:
    """Send a draft. The same draft sent again gives the same receipt. While the policy is full, one that has a
    queue takes the application into it (``waitlisted``); nothing is reserved then.

    With ``page``, what is sent must be what that page showed; else E504. Raises the policy's
    reason (E208, E209, E210), E206, E217, E303, E304, a failed condition (E201..), or E504 for an incomplete draft.
    """
    return submit_prepared(policy_id, lambda _: (application_id, person_id), page=page)


def submit_prepared(
    policy_id: str, prepare: Callable[[Session], tuple[UUID, UUID]], *, page: ConfirmingPage | None = None
) -> Receipt:
    """Send the draft (application, person) that ``prepare`` finds or makes, in the same transaction as it does that.

    What ``prepare`` writes stands or falls with the application; it is called again when two submits met. Raises as
    ``submit``, and whatever ``prepare`` raises.
    """
    attempt = _Attempt(page)
    conflicts = 0
    draft: tuple[UUID, UUID] | None = None
    while True:
        try:
            with db.transaction() as session:
                draft = prepare(session)
                return _submit(session, policy_id, *draft, attempt)
        except _NoRoom:
            attempt = replace(attempt, queue=True)
        except IntegrityError as conflict:
            conflicts += 1
            if conflicts > MAX_CONFLICTS or draft is None:
                raise
            if _after_conflict(conflict, policy_id, *draft):
                attempt = replace(attempt, duplicate_suspected=True)


MAX_AT_ONCE = 1_000


def submit_many(policy_id: str, drafts: Sequence[tuple[UUID, UUID]]) -> list[Receipt]:
    """Send up to a thousand drafts (application, person) of one policy in one transaction: all, or none.

    For taking over and replaying what was decided elsewhere; the checks and guards are those of ``submit``, and so are
    the refusals. The policy's counter row stays locked to the end, so nobody applies in between.
    """
    if len(drafts) > MAX_AT_ONCE:
        raise ValueError(f"at most {MAX_AT_ONCE} at once")
    with db.transaction() as session:
        receipts = []
        for application_id, person_id in drafts:
            receipts.append(_submit(session, policy_id, application_id, person_id, _Attempt(None)))
            session.flush()
            session.expunge_all()  # or each would look through all those before it
        return receipts


@dataclass(frozen=True)
class _Attempt:
    """One try to send; what the one before ran into in the database is known to the next."""

    page: ConfirmingPage | None
    duplicate_suspected: bool = False
    queue: bool = False


class _NoRoom(Exception):
    """The last seat went while this application was written; the policy has a queue."""


def _submit(session: Session, policy_id: str, application_id: UUID, person_id: UUID, attempt: _Attempt) -> Receipt:
    application = _lock(session, policy_id, application_id, person_id)
    if application.state != ApplicationState.STARTED:
        assert application.receipt_no is not None
        return Receipt(application.receipt_no, ApplicationState(application.state), already=True)
    now = clock.now()
    policy = policies.get(session, policy_id)
    if policy is None:
        raise DomainError("E504", step="施策のページ")
    policy = as_of(policy, application.came_at)
    check_not_applied_yet(session, policy_id, application.beneficiary_id, person_id)
    page = attempt.page
    in_grace = _check_open(policy, now, page.opened_at if page else None)
    if page is not None and page.read_back != digest_of(application):
        raise DomainError("E504", step="内容の確認")
    # In grace the choice is judged as at the end, too: a service that ends with the policy has not ended for them.
    chosen_at = policy.document.window.apply_to if in_grace else application.came_at or now
    evidence = cards.evidence_of(session, application.evidence_id)
    if evidence is None or evidence.person_id != application.beneficiary_id:
        raise DomainError("E504", step="本人確認")
    check_declared(application, evidence, chosen_at)
    if amount_to_hold(session, policy.document, evidence, clock.today(), application.amount) != application.amount:
        raise DomainError("E504", step="同意の確認")  # staff recorded meanwhile which child it is: shown anew
    chosen = _check_complete(session, policy, application, evidence, chosen_at)
    acting = acting_for(session, application, policy.document)
    suspected = attempt.duplicate_suspected or _somebody_alike_applied(session, application)
    known = known_about(
        session,
        policy.document,
        evidence,
        acting=acting,
        instant=application.came_at,
        application_id=application.id,
    )
    outcome = _outcome(policy, known, application.review_requested, duplicate_suspected=suspected)
    if outcome.aggregate == "rejected":
        assert outcome.problem is not None
        raise outcome.problem

    application.state = move(ApplicationState.STARTED, Action.SUBMIT, "resident").target
    application.receipt_no = new_receipt_no(policy_id)
    application.submitted_at = now
    application.in_grace = in_grace
    application.duplicate_suspected = suspected
    application.policy_version = policy.version
    application.amount_by_register = policies.counts_children(policy.document)
    holder = application.holder_masked
    forget_account(application)
    session.flush()
    link_id = service = None
    if chosen is not None:
        service, account, wallet = chosen
        link_id = payments.create_link(
            session,
            policy_id=policy_id,
            application_id=application.id,
            person_id=application.beneficiary_id,
            service=service,
            normalized=account,
            holder_masked=holder,
            wallet=wallet,
        ).id
    if policy.document.overflow == "waitlist" and (attempt.queue or policy.state is PolicyState.FULL):
        _join_queue(session, application)
    else:
        claim_rows(session, policy_id, application.id, known, outcome)
        _take_seat(session, application, policy, outcome, link_id, service)
    return Receipt(application.receipt_no, ApplicationState(application.state), already=False)


def _take_seat(  # noqa: PLR0917  # what was decided, and what it is bound to
    session: Session,
    application: Application,
    policy: PolicyView,
    outcome: ScreeningOutcome,
    link_id: UUID | None,
    service: payments.ServiceDocument | None,
) -> None:
    """The checks, the amount, with all checks passed the approval, and last the seat (E209)."""
    screening.write_checks(session, application.policy_id, application.id, outcome)
    application.state = move(ApplicationState.SUBMITTED, Action.SCREEN, "system").target
    book = points.Book(session, application.policy_id)
    reserve(session, book, application, policy.document)
    if outcome.aggregate == "approved":
        application.state = move(ApplicationState.SCREENING, Action.APPROVE, "system").target
        application.decided_at = clock.now()
        commit_and_plan(session, book, application, policy.document, link_id=link_id, service=service)
    _audit(session, application, outcome.aggregate)
    session.flush()
    try:
        book.close(seats=1)
    except DomainError:
        if policy.document.overflow == "waitlist":
            raise _NoRoom from None
        raise


def _join_queue(session: Session, application: Application) -> None:
    """No seat, so nothing is reserved and no check begins (``waitlist``)."""
    application.state = move(ApplicationState.SUBMITTED, Action.WAIT_FOR_A_SEAT, "system").target
    _audit(session, application, "waitlisted")
    session.flush()
    points.Book(session, application.policy_id).close(waiting=1)


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
    return _outcome(policy, known, review_requested)


def _outcome(
    policy: PolicyView, known: Known, review_requested: bool, *, duplicate_suspected: bool = False
) -> ScreeningOutcome:
    outcome = screening.screen(policy.document, known.facts, requested_review=review_requested)
    return screening.suspect_duplicate(outcome, known.facts.instant) if duplicate_suspected else outcome


def _lock(session: Session, policy_id: str, application_id: UUID, person_id: UUID) -> Application:
    """The draft, locked; another person's looks like none at all."""
    row = session.scalar(
        select(Application)
        .where(Application.policy_id == policy_id, Application.id == application_id)
        .with_for_update()
    )
    if row is None or row.applicant_id != person_id:
        raise DomainError("E504", step="本人確認")
    return row


def _check_open(policy: PolicyView, now: datetime, page_opened_at: datetime | None) -> bool:
    """BR-01, BR-02: the server's clock at submit decides. BR-03: those on the confirming page have 15 minutes more."""
    reason = policy.refusal
    if reason is None:
        return False
    end = policy.document.window.apply_to
    closing = _closing(end)
    came_in_time = page_opened_at is not None and page_opened_at < closing
    in_grace = reason.code == "E208" and came_in_time and closing <= now <= closing + GRACE
    if in_grace and policies.state_of(policy.stored_state, policy.document, policy.counters, end) is PolicyState.OPEN:
        return True
    raise reason


def _closing(end: datetime) -> datetime:
    """24:00 in Japan of the last day, because an end includes its whole day (BR-01)."""
    return datetime.combine(clock.local(end).date() + timedelta(days=1), time.min, clock.TOKYO)


def _check_complete(
    session: Session, policy: PolicyView, application: Application, evidence: EvidenceView, chosen_at: datetime
) -> tuple[payments.ServiceDocument, str, payments.Wallet] | None:
    """The service, the ID at it and whose it is; ``None`` where that is to be chosen later."""
    check_agreed(session, application, policy)
    if application.choose_later and policy.document.assign_later:
        return None
    account = account_in_draft(application)
    if application.service_id is None or account is None:
        raise DomainError("E504", step="決済サービスの選択")
    service = payments.get_service(session, application.service_id)
    if service is None:
        raise DomainError("E504", step="決済サービスの選択")
    age = age_for_service(session, application, evidence)
    for amount in amounts_possible(session, policy.document, application) or (None,):
        for offer in payments.offers(policy.document, [service], chosen_at, amount, age):
            if offer.closed is not None:
                raise offer.closed
    return service, account, payment_wallet(session, application, policy.document, service)


def _somebody_alike_applied(session: Session, application: Application) -> bool:
    """BR-14: an equal fingerprint under another person is a suspicion."""
    alike = select(Application.id).where(
        Application.policy_id == application.policy_id,
        Application.unit_key == application.unit_key,
        Application.fingerprint == application.fingerprint,
        Application.beneficiary_id != application.beneficiary_id,
        Application.state.not_in(tuple(RELEASED)),
        Application.cleared_by_staff.is_(False),
    )
    return session.scalar(alike.limit(1)) is not None


def _after_conflict(conflict: IntegrityError, policy_id: str, application_id: UUID, person_id: UUID) -> bool:
    """Two submits met in the database. True when somebody alike was first; then, and where the other has gone since,
    the later one tries again."""
    diagnosis = getattr(conflict.orig, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None)
    if constraint == BENEFICIARY_INDEX:
        with db.reading() as session:
            whose = select(Application.beneficiary_id).where(Application.id == application_id)
            check_not_applied_yet(session, policy_id, session.scalars(whose).one(), person_id)
    elif constraint != FINGERPRINT_INDEX:
        raise conflict
    return bool(constraint == FINGERPRINT_INDEX)


def _audit(session: Session, application: Application, outcome: str) -> None:
    audit.record(
        session,
        "application.submitted",
        actor_kind="person",
        actor=audit.pseudonym(application.applicant_id),
        policy_id=application.policy_id,
        object_kind="application",
        object_id=str(application.id),
        facts={
            "outcome": outcome,
            "version": application.policy_version,
            "amount": application.amount,
            "in_grace": application.in_grace,
        },
    )
    tell_changed(session, application, "application.submitted")
