"""What the resident does on the own screen: agree, choose, enter the ID, read it back, confirm (K5 to K7).

Each is one act of the person under the lock of the visit that the page was made for (``visit_id``), and counts against
the idle limit. Staff have no such act.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app import applications, cards, clock, db, payments, policies
from app.applications import Declaration, Draft, Wallet
from app.cards import EvidenceView
from app.counter.alarms import note_account
from app.counter.choosing import (
    CHOOSE,
    Choosing,
    agent_of,
    choose_for_sent,
    choosing_of,
    digest_of_choice,
    forget_choice,
    keep_choice,
)
from app.counter.models import CounterSession
from app.counter.states import CounterEvent, CounterState
from app.counter.visit import (
    CANCELLED,
    CONFIRM_SECONDS,
    HOLD_SECONDS,
    VisitOver,
    advance,
    live_visit,
    open_card_session,
    visit_in,
    wipe,
)
from app.errors import DomainError
from app.payments import ServiceDocument
from app.people.ages import law_age
from app.policies import PolicyView
from app.screening import ScreeningOutcome


@dataclass(frozen=True)
class Visit:
    """What a page of the screen is made of."""

    policy: PolicyView
    evidence: EvidenceView
    draft: Draft

    @property
    def age(self) -> int | None:
        """The law age now (BR-04) of the one whose ID it is (BR-27), or None where it is not wholly known."""
        if self.draft.acting is not None:
            return self.draft.age_for_service
        return law_age(self.evidence.birth_date, clock.now()) if self.evidence.birth_date else None


def touch(terminal_id: UUID, visit_id: UUID | None) -> None:
    """The person pressed a key or asked to go on (BR-52). Raises ``VisitOver`` after the limit."""
    with db.transaction() as session:
        visit_in(session, terminal_id, visit_id, CounterState.EDITING, CounterState.READ_BACK)


def leave(terminal_id: UUID, visit_id: UUID | None, code: str = CANCELLED) -> None:
    """The person stops, or refuses consent (E215): nothing is saved."""
    with db.transaction() as session:
        row = live_visit(session, terminal_id)
        if row is not None and row.id == visit_id and row.state not in (CounterState.DONE, CounterState.SECOND_TAP_OK):
            wipe(session, row, code)


def visit_of(session: Session, terminal_id: UUID) -> Visit:
    """What the present page shows. Raises ``VisitOver``."""
    row = live_visit(session, terminal_id)
    if row is None or row.state not in (CounterState.EDITING, CounterState.READ_BACK):
        raise VisitOver
    return _loaded(session, row)


def choosing_shown(session: Session, terminal_id: UUID) -> Choosing:
    """The same for somebody who chooses a service for what they sent before. Raises ``VisitOver``, E313, E405."""
    row = live_visit(session, terminal_id)
    if row is None or row.state not in (CounterState.EDITING, CounterState.READ_BACK):
        raise VisitOver
    return choosing_of(session, row)


def judged(visit: Visit) -> ScreeningOutcome:
    """What the screening says before anything is sent."""
    return applications.judge(visit.policy, visit.evidence, visit.draft.review_requested, acting=visit.draft.acting)


def agree(
    terminal_id: UUID,
    visit_id: UUID | None,
    *,
    ask_staff: bool,
    declaration: Declaration | None = None,
    wallet: Wallet = Wallet.OWN,
) -> None:
    """All three layers are agreed to; a failed check may be given to staff to look at (``ask_staff``).

    A guardian declares what they are to the child, and whose service ID receives (``declaration``, ``wallet``). Raises
    the failed condition when it may not go on, E211 for somebody of 15 or over without a reason, and ``VisitOver``.
    """
    if declaration is not None:
        with db.transaction() as session:
            row = visit_in(session, terminal_id, visit_id, CounterState.EDITING)
            visit = _loaded(session, row)
            draft = visit.draft
            applications.declare(session, row.policy_id, draft.application_id, draft.person_id, declaration)
            applications.choose_wallet(session, visit.policy, draft.application_id, draft.person_id, wallet)
    with db.reading() as session:
        visit = _peek(session, terminal_id)
    outcome = judged(visit)
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.EDITING)
        assert row.person_id is not None
        if outcome.aggregate == "rejected":
            assert outcome.problem is not None
            if not ask_staff:
                raise outcome.problem
            applications.request_review(session, row.policy_id, row.person_id, at_counter=True)
        applications.record_consent(session, visit.policy, row.person_id, at_counter=True)


def choose(terminal_id: UUID, visit_id: UUID | None, service_id: str) -> None:
    """One of the services that may be chosen now. Raises E304, E305, E311, ``LookupError``, ``VisitOver``."""
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.EDITING)
        if row.errand == CHOOSE:
            choose_for_sent(session, row, service_id)
            return
        visit = _loaded(session, row)
        if not visit.draft.consented:
            raise VisitOver
        person_id = visit.draft.person_id
        applications.choose_service(session, visit.policy, person_id, service_id, visit.age, at_counter=True)


def chosen_service(session: Session, visit: Visit) -> ServiceDocument:
    """The service of the draft. Raises ``VisitOver`` before one was chosen."""
    service = payments.get_service(session, visit.draft.service_id) if visit.draft.service_id else None
    if service is None:
        raise VisitOver
    return service


def give_account(
    terminal_id: UUID, visit_id: UUID | None, typed: str, code: str, *, confirmed_not_my_number: bool
) -> None:
    """The ID at the service, checked with the provider; then everything is read back.

    Raises E301, E302, E303, E306 to E310 and ``VisitOver``. An ID that the same staff entered for somebody else raises
    the alarm E803 behind it (BR-55).
    """
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.EDITING)
        service, amount = _service_and_amount(session, row)
        assert row.application_id is not None
        names = applications.names_for_wallet(session, row.policy_id, row.application_id)
    normalized = payments.check_account_id(service, typed, confirmed_not_my_number=confirmed_not_my_number)
    code = payments.check_security_code(service, code)
    holder = payments.verify_account(service, normalized, code, amount, names=names)
    if holder.problem is not None:
        raise holder.problem
    index = payments.account_index(service, normalized)
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.EDITING)
        assert row.person_id is not None
        note_account(session, row, index)
        # A guardian's: whose it is and for how many it may be, ``keep_account`` knows (BR-27).
        taken = row.guardian_evidence_id is None and payments.is_taken(
            session, row.policy_id, service.service_id, index, row.person_id
        )
    if taken:
        raise DomainError("E303")
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.EDITING)
        assert row.person_id is not None
        if _service_and_amount(session, row)[0].service_id != service.service_id:
            raise VisitOver  # chosen anew in another window, while the provider was asked about this one
        if row.errand == CHOOSE:
            keep_choice(row, normalized, holder)
        else:
            applications.keep_account(session, row.policy_id, row.person_id, normalized, holder, at_counter=True)
        advance(row, CounterEvent.COMPLETE)


def change(terminal_id: UUID, visit_id: UUID | None) -> None:
    """Back to the choice of the service; what was typed is forgotten."""
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.EDITING, CounterState.READ_BACK)
        assert row.application_id is not None
        if row.errand == CHOOSE:
            forget_choice(row)
        else:
            applications.choose_again(session, row.policy_id, row.application_id)
        if row.state == CounterState.READ_BACK:
            advance(row, CounterEvent.CHANGE)
        row.read_back_digest = row.read_back_at = None
        if row.card_purpose == "confirm":
            open_card_session(session, row, agent_of(session, row), "hold", HOLD_SECONDS)


def confirm(terminal_id: UUID, visit_id: UUID | None) -> None:
    """It is right: the card is lifted and laid down again (BR-51). Pressed twice, it is asked for once."""
    with db.transaction() as session:
        row = visit_in(session, terminal_id, visit_id, CounterState.READ_BACK)
        if row.card_purpose == "confirm":
            return
        digest = digest_of_choice(row) if row.errand == CHOOSE else _loaded(session, row).draft.digest
        row.read_back_digest, row.read_back_at = digest, clock.now()
        open_card_session(session, row, agent_of(session, row), "confirm", CONFIRM_SECONDS)


def _service_and_amount(session: Session, row: CounterSession) -> tuple[ServiceDocument, int | None]:
    """The service that was chosen, and how many points it has to take. Raises ``VisitOver`` before one was chosen."""
    if row.errand != CHOOSE:
        visit = _loaded(session, row)
        return chosen_service(session, visit), visit.draft.amount
    choosing = choosing_of(session, row)
    if choosing.service is None:
        raise VisitOver
    return choosing.service, choosing.sent.amount or None


def _peek(session: Session, terminal_id: UUID) -> Visit:
    from sqlalchemy import select

    row = session.scalar(
        select(CounterSession).where(
            CounterSession.terminal_id == terminal_id, CounterSession.state == CounterState.EDITING
        )
    )
    if row is None:
        raise VisitOver
    return _loaded(session, row)


def _loaded(session: Session, row: CounterSession) -> Visit:
    policy = policies.get(session, row.policy_id)
    evidence = cards.evidence_of(session, row.evidence_id) if row.evidence_id else None
    draft = applications.draft_of(session, row.policy_id, row.person_id, at_counter=True) if row.person_id else None
    if policy is None or evidence is None or draft is None or draft.application_id != row.application_id:
        raise VisitOver
    return Visit(policy, evidence, draft)
