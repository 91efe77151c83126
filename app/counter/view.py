"""A visit as its two pages see it. Staff see where it stands; the resident's screen sees the own draft as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import applications, clock
from app.counter.alarms import open_alarm_at
from app.counter.choosing import CHOOSE, is_looking_for_application
from app.counter.models import CounterSession
from app.counter.states import CounterState
from app.counter.visit import IDLE, WARNING, card_session_of
from app.errors import DomainError

ENDING_SHOWN = timedelta(minutes=2)
"""How long the screen says why the last visit ended; it names nobody."""


@dataclass(frozen=True)
class CounterView:
    """Where a terminal stands. ``stage`` is what the resident is asked for now.

    Stages: ``idle``, ``remove`` (the card of the person before), ``card``, ``pin``, ``identify`` (staff look at a card
    without PINs), ``find`` (staff look for the application that was sent), ``reading``, ``judged``
    (result and consent), ``service``, ``account``, ``read_back``, ``tap``, ``done``, ``ended``.
    """

    stage: str
    revision: str
    visit_id: UUID | None = None
    state: CounterState = CounterState.LOCKED
    policy_id: str | None = None
    staff_id: str | None = None
    person_id: UUID | None = None
    evidence_id: UUID | None = None
    receipt_no: str | None = None
    confirmation: str | None = None
    reader_name: str = ""
    keypad_url: str | None = None
    desk_url: str | None = None
    seconds_left: int | None = None
    ended_code: str | None = None
    problem: DomainError | None = None
    alarm: str | None = None
    for_child: bool = False
    has_guardian: bool = False
    came_at: datetime | None = None
    errand: str = "apply"

    @property
    def warns(self) -> bool:
        """BR-52: from the fortieth second on the screen asks whether somebody is there."""
        left = self.seconds_left
        return left is not None and left <= (IDLE - WARNING).total_seconds()


def view_of(session: Session, terminal_id: UUID) -> CounterView:
    """The terminal's latest visit; wiped ones say only how they ended, and that not for long."""
    row = session.scalar(
        select(CounterSession)
        .where(CounterSession.terminal_id == terminal_id)
        .order_by(CounterSession.opened_at.desc(), CounterSession.id.desc())
        .limit(1)
    )
    alarm = open_alarm_at(session, terminal_id)
    if row is None:
        return CounterView("idle", f"idle-{alarm}", alarm=alarm)
    if row.state == CounterState.WIPED:
        return _ended(row, alarm)
    card = card_session_of(session, row)
    stage = _stage(session, row, card.state if card else None)
    timed = stage in ("judged", "service", "account", "read_back", "done")
    left = int((IDLE - (clock.real_now() - row.touched_at)).total_seconds()) if timed else None
    return CounterView(
        stage=stage,
        revision=f"{row.id.hex[-8:]}-{stage}-{alarm}",
        visit_id=row.id,
        state=CounterState(row.state),
        policy_id=row.policy_id,
        staff_id=row.staff_id,
        person_id=row.person_id,
        evidence_id=row.evidence_id,
        receipt_no=row.receipt_no,
        confirmation=card.confirmation if card else None,
        for_child=row.for_child,
        errand=row.errand,
        has_guardian=row.guardian_evidence_id is not None,
        reader_name=card.reader_name if card else "",
        keypad_url=card.keypad_url if card else None,
        desk_url=card.desk_url if card else None,
        seconds_left=max(left, 0) if left is not None else None,
        alarm=alarm,
    )


def _ended(row: CounterSession, alarm: str | None) -> CounterView:
    assert row.wiped_at is not None
    is_fresh = clock.real_now() - row.wiped_at < ENDING_SHOWN
    stage = "ended" if is_fresh else "idle"
    return CounterView(
        stage=stage,
        revision=f"{row.id.hex[-8:]}-{stage}-{alarm}",
        state=CounterState.LOCKED,
        staff_id=row.staff_id,
        policy_id=row.policy_id if is_fresh else None,
        ended_code=row.ended_code if is_fresh else None,
        problem=_problem(row) if is_fresh else None,
        alarm=alarm,
    )


def _problem(row: CounterSession) -> DomainError | None:
    """The message of the ending, where it can be said without a word about the person."""
    code, facts = row.ended_code or "", dict(row.ended_facts or {})
    if not code.startswith("E"):
        return None
    variant = str(facts.pop("variant", "")) or None
    problem = DomainError(code, variant=variant, **facts)
    return problem if facts or "{" not in problem.message.wording else None


def _stage(session: Session, row: CounterSession, card_state: str | None) -> str:
    if row.state == CounterState.STAFF_IN:
        return "remove" if card_state == "waiting_removal" else "card"
    if row.state == CounterState.CARD_BOUND:
        return _card_bound(row, card_state)
    if row.state == CounterState.EDITING:
        return _missing(session, row)
    if row.state == CounterState.READ_BACK:
        return _read_back(row, card_state)
    return "done" if row.state == CounterState.DONE else "reading"


def _card_bound(row: CounterSession, card_state: str | None) -> str:
    if row.card_purpose == "touch" and row.seen_key is not None:
        return "identify"
    if is_looking_for_application(row):
        return "find"
    # Lifted before its PIN was used, a card is asked for again: another one may be meant to lie there.
    return {"waiting_pin": "pin", "waiting_card": "card"}.get(card_state or "", "reading")


def _read_back(row: CounterSession, card_state: str | None) -> str:
    if row.card_purpose != "confirm":
        return "read_back"
    # Asked to lift the card before the reader watches for it, a quick hand would go unseen.
    return "tap" if card_state == "waiting_card" else "reading"


def _missing(session: Session, row: CounterSession) -> str:
    if row.errand == CHOOSE:
        return "service" if row.chosen_service is None else "account"
    assert row.person_id is not None
    draft = applications.draft_of(session, row.policy_id, row.person_id, at_counter=True)
    if draft is None or draft.application_id != row.application_id or not draft.consented:
        return "judged"
    return "service" if draft.service_id is None else "account"
