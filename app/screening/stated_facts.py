"""Facts about a person that others state: a linked app, an event's scan, a counter, the municipality's register.

Statements are only added; of one kind and subject the latest counts, and all stay readable for the auditor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import clock, db_rows
from app.db_statements import Later, Statement
from app.policies import Activity
from app.screening.models import StatedFact


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated about a person now. ``moved_to`` is a municipality's code, ``None`` when nothing was said.

    ``guardians`` and ``not_guardians`` are ids of persons: a document showed that they represent this one, or
    no longer.
    """

    activities: dict[str, Activity] = field(default_factory=dict)
    attendances: dict[str, str] = field(default_factory=dict)
    documents_seen: frozenset[str] = frozenset()
    deceased_on: date | None = None
    support_measure: bool = False
    guardians: frozenset[str] = frozenset()
    not_guardians: frozenset[str] = frozenset()
    moved_to: str | None = None


_COUNTS_WHEREVER_STATED = frozenset({("support_measure", "set"), ("death", "reported")})


def state_fact(
    session: Session,
    person_id: UUID,
    kind: str,
    subject: str,
    state: str,
    *,
    stated_by: str,
    number: int | None = None,
    on_day: date | None = None,
) -> bool:
    """Add a statement in the caller's transaction; False when it says what the last one said already."""
    latest = session.scalar(
        select(StatedFact)
        .where(StatedFact.person_id == person_id, StatedFact.kind == kind, StatedFact.subject == subject)
        .order_by(StatedFact.id.desc())
        .limit(1)
    )
    if latest is not None and (latest.state, latest.number, latest.on_day) == (state, number, on_day):
        return False
    session.execute(
        insert(StatedFact).values(
            person_id=person_id,
            kind=kind,
            subject=subject,
            state=state,
            number=number,
            on_day=on_day,
            stated_at=clock.now(),
            stated_by=stated_by,
        )
    )
    return True


def stated_about(session: Session, person_id: UUID) -> Stated:
    """The latest statement of each kind and subject, as the checks ask for them."""
    return ask_stated(session, [person_id])()[person_id]


_STATED = Statement(
    select(StatedFact)
    .where(db_rows.is_among(StatedFact.person_id, "people"))
    .ext(distinct_on(StatedFact.person_id, StatedFact.kind, StatedFact.subject))
    .order_by(StatedFact.person_id, StatedFact.kind, StatedFact.subject, StatedFact.id.desc())
)


def ask_stated(session: Session, person_ids: Collection[UUID]) -> Later[dict[UUID, Stated]]:
    """Asks the same for many people; everybody is in the answer, also of whom nothing was stated."""
    if not person_ids:
        return dict
    stated = _STATED.ask(session, people=list(person_ids))

    def answer() -> dict[UUID, Stated]:
        of_person: dict[UUID, list[StatedFact]] = {}
        for row in stated.rows():
            of_person.setdefault(row.person_id, []).append(row)
        return {one: _stated(of_person[one]) if one in of_person else Stated() for one in person_ids}

    return answer


def _stated(rows: Sequence[StatedFact]) -> Stated:
    by_kind: dict[str, list[StatedFact]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    return Stated(
        activities={row.subject: Activity(row.state == "achieved", row.number) for row in by_kind.get("activity", ())},
        attendances={row.subject: row.state for row in by_kind.get("event_attendance", ())},
        documents_seen=frozenset(row.subject for row in by_kind.get("document_seen", ()) if row.state == "seen"),
        deceased_on=next((row.on_day for row in by_kind.get("death", ()) if row.state == "reported"), None),
        # The end of the flag's year opens nothing by itself: only a person lifts it (BR-31).
        support_measure=any(row.state == "set" for row in by_kind.get("support_measure", ())),
        guardians=frozenset(row.subject for row in by_kind.get("guardianship", ()) if row.state == "seen"),
        not_guardians=frozenset(row.subject for row in by_kind.get("guardianship", ()) if row.state == "ended"),
        moved_to=next((row.state for row in by_kind.get("move", ())), None),
    )


def carry_over_facts(session: Session, *, later: UUID, earlier: UUID) -> int:
    """State of the earlier record what was stated of the later one, who is the same person (BR-15); returns how many.

    What is known of the earlier record stands, except that a support measure or a death counts wherever it was stated.
    Whom the later record was said to represent, the earlier one represents.
    """
    newest = (
        select(StatedFact)
        .where(or_(StatedFact.person_id == later, StatedFact.subject == str(later)))
        .ext(distinct_on(StatedFact.person_id, StatedFact.kind, StatedFact.subject))
        .order_by(StatedFact.person_id, StatedFact.kind, StatedFact.subject, StatedFact.id.desc())
    )
    carried = 0
    for fact in session.scalars(newest).all():
        about = earlier if fact.person_id == later else fact.person_id
        subject = str(earlier) if fact.subject == str(later) else fact.subject
        known = select(StatedFact.id).where(
            StatedFact.person_id == about, StatedFact.kind == fact.kind, StatedFact.subject == subject
        )
        if (fact.kind, fact.state) in _COUNTS_WHEREVER_STATED or session.scalar(known.limit(1)) is None:
            carried += state_fact(
                session,
                about,
                fact.kind,
                subject,
                fact.state,
                stated_by=fact.stated_by,
                number=fact.number,
                on_day=fact.on_day,
            )
    return carried
