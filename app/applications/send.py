"""The transaction of a submit, for one draft or for many: read, judge in memory, and write what belongs together.

One draft is a batch of one, so that no rule or guard can differ. Nothing is written for a draft that is refused; what
is written is written by one statement for each table, and last the guarded update of the policy's one counter row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app import audit, clock, db_rows, events, payments, points, policies, screening
from app.applications.approval import commit_and_plan, is_ordered_at_once, reserve
from app.applications.around import Around, look_around
from app.applications.at_counter import as_of
from app.applications.childs_amount import amount_to_hold, amounts_possible
from app.applications.draft import account_in_draft, check_agreed, check_none_stands, digest_of, forget_account
from app.applications.facts import Known, claim_rows, known_about
from app.applications.guardian import acting_for, age_for_service, check_declared
from app.applications.happenings import changed
from app.applications.models import Application
from app.applications.receipt_no import new_receipt_no
from app.applications.states import Action, ApplicationState, move
from app.applications.wallets import payment_wallet
from app.cards import EvidenceView
from app.db_statements import Later, Statement, in_one_go
from app.errors import DomainError
from app.policies import PolicyState, PolicyView
from app.screening import ScreeningOutcome

GRACE = timedelta(minutes=15)
_CHANGED_BY_SUBMIT = (
    "policy_id",
    "id",
    "policy_version",
    "amount_by_register",
    "state",
    "receipt_no",
    "submitted_at",
    "in_grace",
    "duplicate_suspected",
    "draft_account_enc",
    "draft_last4",
    "holder_masked",
    "decided_at",
    "assign_by",
)


_DRAFTS = Statement(
    select(Application)
    .where(Application.policy_id == bindparam("policy"), db_rows.is_among(Application.id, "ids"))
    .order_by(Application.id)
    .with_for_update()
)


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


@dataclass(frozen=True)
class Attempt:
    """One try to send; what the one before ran into in the database is known to the next."""

    page: ConfirmingPage | None
    duplicate_suspected: bool = False
    queue: bool = False
    link_first: bool = False


class NoRoom(Exception):
    """The last seat went while this application was written; the policy has a queue."""


@dataclass
class _Judged:
    """A draft that nothing speaks against, and what was found about it."""

    application: Application
    known: Known
    outcome: ScreeningOutcome
    wanted: payments.WantedLink | None
    link_id: UUID | None = None
    new_link: payments.PaymentLink | None = None


def send(
    session: Session, policy_id: str, drafts: Sequence[tuple[UUID, UUID]], attempt: Attempt
) -> list[Receipt | DomainError]:
    """Send drafts (application, person) of one policy in the caller's transaction, as if one after another, and end it
    where some took their seats.

    Gives the results of the first of them, up to one that depends on an earlier one: that is for another transaction.
    Raises E209 or ``NoRoom`` when not all that passed fit into the policy; the caller's transaction is then to end.
    """
    with in_one_go(session):
        locked = _lock(session, policy_id, drafts)
        asked = policies.ask(session, policy_id)
    found, policy = locked(), asked()
    around = look_around(session, policy, found.values()) if policy else None
    results: list[Receipt | DomainError | None] = []
    judged: dict[int, _Judged] = {}
    seen: set[object] = set()
    for number, (application_id, person_id) in enumerate(drafts):
        application = found.get(application_id)
        one: Receipt | DomainError | _Judged
        try:
            if application is None or application.applicant_id != person_id:
                raise DomainError("E504", step="本人確認")  # another person's looks like none at all
            about = {application_id, application.beneficiary_id, (application.unit_key, application.fingerprint)}
            if about & seen:
                break
            seen |= about
            one = _judge(session, around, application, attempt)
        except DomainError as problem:
            one = problem
        if isinstance(one, _Judged):
            rows = set(one.known.rows.values())
            if rows & seen:
                break
            seen |= rows
            judged[number] = one
            results.append(None)
        else:
            results.append(one)
    if around is not None:
        refused = _write(session, around, list(judged.values()), attempt)
        for number, done in judged.items():
            results[number] = refused.get(done.application.id) or _receipt(done.application)
    return [result for result in results if result is not None]


def _receipt(application: Application, *, already: bool = False) -> Receipt:
    assert application.receipt_no is not None
    return Receipt(application.receipt_no, ApplicationState(application.state), already)


# --- what there is --------------------------------------------------------------------------------------------------


def _lock(session: Session, policy_id: str, drafts: Sequence[tuple[UUID, UUID]]) -> Later[dict[UUID, Application]]:
    """The drafts, locked in one order for everybody. They are not the session's: ``_write`` writes them."""
    rows = _DRAFTS.ask(session, policy=policy_id, ids=[application_id for application_id, _ in drafts])
    return lambda: {row.id: Application(**row._asdict()) for row in rows.rows()}


# --- what is thought of one draft -----------------------------------------------------------------------------------


def _judge(session: Session, around: Around | None, application: Application, attempt: Attempt) -> Receipt | _Judged:
    if application.state != ApplicationState.STARTED:
        return _receipt(application, already=True)
    now = clock.now()
    if around is None:
        raise DomainError("E504", step="施策のページ")
    policy, page = as_of(around.policy, application.came_at), attempt.page
    check_none_stands(
        around.standing.get(application.beneficiary_id), application.beneficiary_id, application.applicant_id
    )
    in_grace = _check_open(policy, now, page.opened_at if page else None)
    if page is not None and page.read_back != digest_of(application):
        raise DomainError("E504", step="内容の確認")
    # In grace the choice is judged as at the end, too: a service that ends with the policy has not ended for them.
    chosen_at = policy.document.window.apply_to if in_grace else application.came_at or now
    evidence = around.evidence.get(application.evidence_id)
    if evidence is None or evidence.person_id != application.beneficiary_id:
        raise DomainError("E504", step="本人確認")
    check_declared(application, evidence, chosen_at)
    if amount_to_hold(session, policy.document, evidence, clock.today(), application.amount) != application.amount:
        raise DomainError("E504", step="同意の確認")  # staff recorded meanwhile which child it is: shown anew
    check_agreed(session, application, policy)
    wanted = _wanted_link(session, around, application, evidence, chosen_at)
    acting = acting_for(session, application, policy.document)
    suspected = attempt.duplicate_suspected or around.is_like_another(application)
    known = known_about(
        session,
        policy.document,
        evidence,
        acting=acting,
        instant=application.came_at,
        application_id=application.id,
        stated=around.stated[application.beneficiary_id],
    )
    outcome = outcome_of(policy, known, application.review_requested, duplicate_suspected=suspected)
    if outcome.aggregate == "rejected":
        assert outcome.problem is not None
        raise outcome.problem
    if wanted is not None and outcome.aggregate == "approved" and not _waits(around, attempt):
        wanted = replace(wanted, fixed=is_ordered_at_once(policy.document))
    application.submitted_at, application.in_grace, application.duplicate_suspected = now, in_grace, suspected
    application.policy_version = policy.version
    application.amount_by_register = policies.counts_children(policy.document)
    return _Judged(application, known, outcome, wanted)


def outcome_of(
    policy: PolicyView, known: Known, review_requested: bool, *, duplicate_suspected: bool = False
) -> ScreeningOutcome:
    """What the checks say, and that staff look at it where somebody alike has applied."""
    outcome = screening.screen(policy.document, known.facts, requested_review=review_requested)
    return screening.suspect_duplicate(outcome, known.facts.instant) if duplicate_suspected else outcome


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


def _wanted_link(
    session: Session, around: Around, application: Application, evidence: EvidenceView, chosen_at: datetime
) -> payments.WantedLink | None:
    """The service, the ID at it and whose it is; ``None`` where that is to be chosen later."""
    document = around.policy.document
    if application.choose_later and document.assign_later:
        return None
    account = account_in_draft(application)
    if application.service_id is None or account is None:
        raise DomainError("E504", step="決済サービスの選択")
    service = around.services.get(application.service_id)
    if service is None:
        raise DomainError("E504", step="決済サービスの選択")
    age = age_for_service(session, application, evidence)
    for amount in amounts_possible(session, document, application) or (None,):
        for offer in payments.offers(document, [service], chosen_at, amount, age):
            if offer.closed is not None:
                raise offer.closed
    return payments.WantedLink(
        application_id=application.id,
        person_id=application.beneficiary_id,
        service=service,
        normalized=account,
        holder_masked=application.holder_masked,
        wallet=payment_wallet(session, application, document, service),
    )


# --- what is written ------------------------------------------------------------------------------------------------


def _waits(around: Around, attempt: Attempt) -> bool:
    """Whether there is no seat, so that these join the queue."""
    policy = around.policy
    return policy.document.overflow == "waitlist" and (attempt.queue or policy.state is PolicyState.FULL)


def _write(session: Session, around: Around, judged: Sequence[_Judged], attempt: Attempt) -> dict[UUID, DomainError]:
    """Write all that goes with these, and last take the seats; gives those that were refused at their service ID."""
    policy_id = around.policy.policy_id
    refused = _bind(session, around, judged, attempt)
    staying = [one for one in judged if one.application.id not in refused]
    if not staying:
        return refused
    for one in staying:
        one.application.state = move(ApplicationState.STARTED, Action.SUBMIT, "resident").target
        one.application.receipt_no = new_receipt_no(policy_id)
        forget_account(one.application)
    book = points.Book(session, policy_id)
    if _waits(around, attempt):
        for one in staying:
            one.application.state = move(ApplicationState.SUBMITTED, Action.WAIT_FOR_A_SEAT, "system").target
        _update(session, staying)
        _tell(session, [(one.application, "waitlisted") for one in staying])
        book.close(waiting=len(staying))
        return refused
    _take_seats(session, around, staying, book)
    return refused


def _bind(session: Session, around: Around, judged: Sequence[_Judged], attempt: Attempt) -> dict[UUID, DomainError]:
    """Bind each to its service ID; gives those that were refused at it.

    The link of a single one is written with all the rest: who finds there that it can't be is the next attempt.
    """
    policy_id = around.policy.policy_id
    if len(judged) == 1 and not attempt.link_first and not _waits(around, attempt):
        for one in judged:
            if one.wanted is not None:
                one.new_link = payments.new_link(policy_id, one.wanted)
                one.link_id = one.new_link.id
        return {}
    wanted = [one.wanted for one in judged if one.wanted is not None]
    links = payments.create_links(session, policy_id, wanted) if wanted else {}
    for one in judged:
        link = links.get(one.application.id)
        one.link_id = None if link is None or isinstance(link, DomainError) else link.id
    return {of: link for of, link in links.items() if isinstance(link, DomainError)}


def _take_seats(session: Session, around: Around, judged: Sequence[_Judged], book: points.Book) -> None:
    """The checks, the amounts, with all checks passed the approval, and last the seats (E209)."""
    document = around.policy.document
    for one in judged:
        claim_rows(session, around.policy.policy_id, one.application.id, one.known, one.outcome)
    for one in judged:
        application = one.application
        application.state = move(ApplicationState.SUBMITTED, Action.SCREEN, "system").target
        reserve(session, book, application, document)
        if one.outcome.aggregate == "approved":
            application.state = move(ApplicationState.SCREENING, Action.APPROVE, "system").target
            application.decided_at = clock.now()
            service = one.wanted.service if one.wanted else None
            commit_and_plan(
                session,
                book,
                application,
                document,
                link_id=one.link_id,
                service=service,
                link_is_locked=one.wanted is not None and one.wanted.fixed,
            )
    checks = [(one.application.id, one.outcome) for one in judged]

    def beside() -> None:
        for one in judged:
            if one.new_link is not None:
                payments.insert_link(session, one.new_link)
        _tell(session, [(one.application, one.outcome.aggregate) for one in judged])
        screening.write_checks(session, around.policy.policy_id, checks)
        _update(session, judged)

    try:
        book.close_and_commit(seats=len(judged), beside=beside, most=sum(len(one.checks) for _, one in checks))
    except DomainError:
        if document.overflow == "waitlist":
            raise NoRoom from None
        raise


def _update(session: Session, judged: Sequence[_Judged]) -> None:
    # In the order of the unique indexes on people, for the same reason as service IDs (decision 0026).
    ordered = sorted(judged, key=lambda one: (one.application.fingerprint, one.application.unit_key))
    rows = [{name: getattr(one.application, name) for name in _CHANGED_BY_SUBMIT} for one in ordered]
    db_rows.update_rows(session, Application, rows, keys=("policy_id", "id"))


def _tell(session: Session, applications: Sequence[tuple[Application, str]]) -> None:
    for application, outcome in applications:
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
    events.publish(session, *(changed(application, "application.submitted") for application, _ in applications))
