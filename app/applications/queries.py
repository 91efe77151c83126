"""Reading applications: one person's own, with timeline, status word and checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import cards, clock, documents, payments, points, policies, rebates, returns, screening
from app.applications.childs_amount import of_application
from app.applications.guardian import Wallet, may_see
from app.applications.models import Application
from app.applications.receipt_no import is_receipt_no
from app.applications.states import HOLDS_RESERVED, RELEASED, ApplicationState
from app.applications.status import NextDays, StatusWord, status_of
from app.applications.waitlist import place_in_queue
from app.applications.withdraw import WITHDRAWABLE
from app.language import minute_text, points_text, say
from app.pii import Private
from app.rebates import RebateView
from app.screening import InquiryView, RefusalLetter

MAY_STILL_CHANGE = (*HOLDS_RESERVED, ApplicationState.WAITLISTED, ApplicationState.RE_REVIEW)
"""While an application is in one of these, its amount may wait for what a register says (BR-29)."""


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened, or will."""

    at: datetime | None
    time_text: str
    title: str
    text: str
    done: bool


@dataclass(frozen=True)
class ApplicationView:
    """What a person sees of one own application. ``amount_is_open``: ``amount`` is the most that it may come to."""

    policy_id: str
    policy_title: str
    municipality_code: str
    application_id: UUID
    receipt_no: str
    state: ApplicationState
    status: StatusWord
    amount: int
    amount_is_open: bool
    service_name: str | None
    spend_scope: str | None
    masked_account: str | None
    submitted_at: datetime
    timeline: tuple[TimelineEntry, ...]
    checks: tuple[screening.CheckView, ...]
    can_withdraw: bool
    must_choose: bool
    can_change_service: bool
    child_name: Private | None = None
    """Whom a guardian applied for; ``None`` for one's own application, or when the name is erased."""
    rebate: RebateView | None = None
    """For a rebate: what was counted; ``amount`` is then what it is worth so far."""
    returning: returns.ReturnView | None = None
    """What is being asked back, or was, as far as the person may know of it."""


def live_application(session: Session, policy_id: str, person_id: UUID) -> Application | None:
    """The submitted application of this beneficiary in this policy that still stands (BR-13)."""
    return session.scalar(
        select(Application).where(
            Application.policy_id == policy_id,
            Application.beneficiary_id == person_id,
            Application.state.not_in(tuple(RELEASED)),
        )
    )


def view_by_receipt(session: Session, receipt_no: str, person_id: UUID) -> ApplicationView | None:
    """The application with this receipt number if it is this person's own; anybody else's looks like none."""
    if not is_receipt_no(receipt_no):
        return None
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    if row is None or not may_see(session, row, person_id):
        return None
    return _view(session, row, person_id)


def receipt_no_of(session: Session, policy_id: str, application_id: UUID) -> str | None:
    """The receipt number of an application; None before it was submitted, or when there is none."""
    number = select(Application.receipt_no).where(Application.policy_id == policy_id, Application.id == application_id)
    return session.scalar(number)


def received_by_year(session: Session, person_id: UUID) -> dict[int, int]:
    """What this person was granted in each year, latest first (BR-48)."""
    rows = session.execute(
        select(Application.policy_id, Application.id)
        .where(Application.beneficiary_id == person_id, Application.receipt_no.is_not(None))
        .limit(1_000)
    )
    keys = [(row.policy_id, row.id) for row in rows]
    return points.received_by_year(session, keys) if keys else {}


def question_to(session: Session, receipt_no: str, person_id: UUID) -> InquiryView | None:
    """What staff ask about this application now, and until when ``answer`` takes the reply; ``None`` when nothing."""
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    if row is None or row.state != ApplicationState.INFO_REQUESTED or not may_see(session, row, person_id):
        return None
    asked = screening.inquiries_of(session, row.policy_id, row.id)
    return next((one for one in asked if one.answered_at is None and one.lapsed_at is None), None)


@dataclass(frozen=True)
class Refusal:
    """The letter that stands last, and whether the person may still object to it."""

    letter: RefusalLetter
    may_object: bool


def refusal_to(session: Session, receipt_no: str, person_id: UUID) -> Refusal | None:
    """Why this application was refused, and how to object (BR-64); ``None`` when it does not stand refused."""
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    if row is None or row.state not in REFUSED or not may_see(session, row, person_id):
        return None
    letters = screening.letters_of(session, row.policy_id, row.id)
    if not letters:
        return None
    last_day = letters[-1].object_by
    in_time = last_day is not None and clock.today() <= last_day
    return Refusal(letters[-1], in_time and row.state == ApplicationState.REJECTED)


REFUSED = (ApplicationState.REJECTED, ApplicationState.REJECTED_FINAL)


def applications_of(session: Session, person_id: UUID) -> list[ApplicationView]:
    """Every submitted application that a person sent or is the beneficiary of, newest first (BR-26: ``may_see``)."""
    rows = session.scalars(
        select(Application)
        .where(
            or_(Application.applicant_id == person_id, Application.beneficiary_id == person_id),
            Application.receipt_no.is_not(None),
        )
        .order_by(Application.submitted_at.desc(), Application.id)
        .limit(200)
    )
    return [_view(session, row, person_id) for row in rows if may_see(session, row, person_id)]


def _view(session: Session, row: Application, person_id: UUID) -> ApplicationView:
    assert row.receipt_no is not None
    assert row.submitted_at is not None
    policy = policies.get(session, row.policy_id)
    assert policy is not None
    state = ApplicationState(row.state)
    grants = points.grants_of(session, row.policy_id, row.id)
    grant = grants[-1] if grants else None
    document = policies.document_of(session, row.policy_id, row.policy_version)
    found = of_application(session, row, document) if state in MAY_STILL_CHANGE else None
    # A guardian's wallet is the guardian's own affair, also before the child who has come of age.
    is_own = person_id == row.applicant_id
    is_shown = is_own or row.wallet == Wallet.OWN
    link = payments.link_of_application(session, row.policy_id, row.id) if is_shown else None
    service = payments.get_service(session, row.service_id) if is_shown and row.service_id else None
    ordered_at = grant.ordered_at if grant else None
    expected = ordered_at + service.grant_lead if ordered_at and service else None
    rebate = rebates.rebate_of(session, row.policy_id, row.id)
    has_died = screening.stated_about(session, row.beneficiary_id).deceased_on is not None
    returning = returns.return_of(session, row.policy_id, row.id) if grants else None
    checks = tuple(screening.checks_of(session, row.policy_id, row.id))
    return ApplicationView(
        policy_id=row.policy_id,
        policy_title=policy.document.title,
        municipality_code=policy.document.municipality_code,
        application_id=row.id,
        receipt_no=row.receipt_no,
        state=state,
        status=status_of(
            state,
            grant,
            assign_by=row.assign_by or policy.document.window.assign_by,
            expected=expected,
            place=place_in_queue(session, row) if state is ApplicationState.WAITLISTED else None,
            queue_ends=policy.document.window.apply_to,
            rebate=rebate,
            returning=returning,
            deceased=has_died,
            days=_next_days(session, row, state, checks),
        ),
        amount=row.amount if rebate is None else rebate.entitled,
        amount_is_open=found is not None and not found.is_settled,
        service_name=service.name if service else None,
        spend_scope=service.spend_scope if service else None,
        masked_account=link.masked if link else None,
        submitted_at=row.submitted_at,
        timeline=tuple(_timeline(row, state, grant, _answers(session, row))),
        rebate=rebate,
        returning=returning,
        checks=checks,
        can_withdraw=is_own and state in WITHDRAWABLE and _not_ordered(grants),
        must_choose=is_own
        and state is ApplicationState.APPROVED
        and not has_died
        and link is None
        and _may_choose(grants, rebate),
        can_change_service=is_own and state in WITHDRAWABLE and link is not None and _not_ordered(grants),
        child_name=_childs_name(session, row) if is_own else None,
    )


def _next_days(
    session: Session, row: Application, state: ApplicationState, checks: tuple[screening.CheckView, ...]
) -> NextDays | None:
    """By when staff decide, as the checks tell the person; by when the person answers, or may object."""
    if state in (ApplicationState.SUBMITTED, ApplicationState.SCREENING, ApplicationState.RE_REVIEW):
        is_again = state is ApplicationState.RE_REVIEW
        objection = screening.objection_of(session, row.policy_id, row.id) if is_again else None
        since = objection.at if objection else row.submitted_at
        assert since is not None, "whoever looks has submitted"
        counted = (clock.local(since) + timedelta(days=screening.REVIEW_DAYS)).date()
        named = [check.named_day for check in checks if check.named_day is not None]
        return NextDays(decision_by=max([counted, *named]))
    if state is ApplicationState.INFO_REQUESTED:
        asked = screening.inquiries_of(session, row.policy_id, row.id)
        return NextDays(answer_by=next((one.answer_by for one in asked if one.answered_at is None), None))
    if state is ApplicationState.REJECTED:
        letters = screening.letters_of(session, row.policy_id, row.id)
        return NextDays(object_by=letters[-1].object_by if letters else None)
    return None


def _not_ordered(grants: list[points.GrantView]) -> bool:
    return all(grant.state is points.GrantState.PLANNED for grant in grants)


def _may_choose(grants: list[points.GrantView], rebate: RebateView | None) -> bool:
    """Nothing is out; a rebate may have been granted for an earlier period."""
    done = points.ARRIVED | {points.GrantState.PLANNED}
    return all(grant.state in done for grant in grants) if rebate else _not_ordered(grants)


def _childs_name(session: Session, row: Application) -> Private | None:
    evidence = cards.evidence_of(session, row.evidence_id) if row.guardian_evidence_id else None
    return evidence.items.name if evidence else None


def _answers(session: Session, row: Application) -> list[TimelineEntry]:
    """What the person sent to the office: when, and how many pictures; not what it said."""
    pictures = documents.sent_with(session, row.policy_id, row.id)
    entries = []
    for inquiry_id, at in screening.answered(session, row.policy_id, row.id):
        count = pictures.get(inquiry_id, 0)
        text = say("写真{n}枚", n=count) if count else ""
        entries.append(_happened(at, "担当窓口へお返事を送りました", text))
    return entries


def _timeline(
    row: Application, state: ApplicationState, grant: points.GrantView | None, answers: list[TimelineEntry]
) -> list[TimelineEntry]:
    assert row.submitted_at is not None
    entries = [_happened(row.submitted_at, "申込を受け付けました", say("受付番号 {no}", no=str(row.receipt_no)))]
    entries += answers
    if row.decided_at:
        refused = state in (ApplicationState.REJECTED, ApplicationState.RE_REVIEW, ApplicationState.REJECTED_FINAL)
        found = (
            say("理由と手続をお知らせしています") if refused else say("すべての条件を満たしていることを確認しました")
        )
        entries.append(_happened(row.decided_at, "審査が終わりました", found))
    elif state is ApplicationState.SCREENING:
        entries.append(
            TimelineEntry(
                None, say("確認中"), say("自治体が審査しています"), say("結果が出ると、ここに表示されます"), False
            )
        )
    if row.withdrawn_at:
        entries.append(_happened(row.withdrawn_at, "申込を取り下げました", say("お預かりしていた枠は解放しました")))
    elif grant is not None:
        entries += _grant_entries(grant, row.amount or grant.amount)
    return entries


def _grant_entries(grant: points.GrantView, amount: int) -> list[TimelineEntry]:
    entries = []
    if grant.ordered_at:
        text = say("窓口でお渡しします") if grant.by_staff else say("決済事業者に依頼しました")
        entries.append(_happened(grant.ordered_at, "付与の手続を始めました", text))
    elif grant.order_at is not None:
        time = minute_text(grant.order_at)
        text = say("窓口でお渡しします") if grant.by_staff else say("{time}に決済事業者へ依頼します", time=time)
        entries.append(TimelineEntry(None, time, say("付与の手続"), text, False))
    if grant.granted_at:
        entries.append(_happened(grant.granted_at, "ポイントが届きました", points_text(amount)))
    else:
        entries.append(TimelineEntry(None, say("これから"), say("ポイントの付与"), points_text(amount), False))
    return entries


def _happened(at: datetime, title: str, text: str) -> TimelineEntry:
    return TimelineEntry(at, minute_text(at), say(title), text, True)
