"""What is known about a beneficiary when conditions are judged: card, lists, earlier rounds, stated facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, lists, people, points, policies, screening, settings
from app.applications.guardian import Acting
from app.applications.models import Application
from app.applications.states import RELEASED
from app.cards import EvidenceView
from app.lists import Subject
from app.policies import CarryOverCap, CheckKind, LivesIn, NotOnList, OnList, PolicyDocument, Received, ReceivedEarlier
from app.screening import CheckResult, Facts, ScreeningOutcome


@dataclass(frozen=True, slots=True)
class Known:
    """The facts, and which row of each list they were taken from (for ``claim_rows``)."""

    facts: Facts
    rows: dict[str, str]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the person typed beside the card: it helps to find a row of a list, and is never stored by this."""

    kana: str | None = None
    control_no: str | None = None


def known_about(
    session: Session,
    document: PolicyDocument,
    evidence: EvidenceView,
    *,
    acting: Acting | None = None,
    typed: Typed | None = None,
    instant: datetime | None = None,
    application_id: UUID | None = None,
    stated: screening.Stated | None = None,
    person_id: UUID | None = None,
) -> Known:
    """Gather what the policy's conditions ask for about the person of this evidence, at ``instant`` (now).

    ``acting``: the guardian who applies, where it is not the person alone. ``application_id``: whose own claim on a
    row of a list does not count as somebody else's. ``stated``: what was stated about the person, where it was read.
    ``person_id``: who it is, where the evidence was made for the record of a paper that a card's holder took up.
    """
    person_id = person_id or evidence.person_id
    if stated is None:
        stated = screening.stated_about(session, person_id)
    levels, rows = _on_lists(session, document, evidence, typed or Typed(), application_id)
    facts = Facts(
        address=evidence.address,
        birth_date=evidence.birth_date,
        # Without the issuer's signature over the four items they are the reader's word only (card.md section 9).
        assurance=evidence.assurance if evidence.issuer_check == "genuine" else "unattended",
        revocation=evidence.revocation,
        instant=instant or clock.now(),
        test_cards_only=settings.current().test_cards_only,
        # A flag of the one who acts protects the same home.
        support_measure=stated.support_measure
        or (acting is not None and screening.stated_about(session, acting.guardian_id).support_measure),
        sex=evidence.items.sex.reveal(),
        lists=levels,
        received={one: _received(session, one, person_id) for one in _named_by(document).earlier},
        activities=stated.activities,
        attendances=stated.attendances,
        documents_seen=stated.documents_seen,
        guardian=acting.standing if acting else None,
        deceased=stated.deceased_on is not None,
    )
    return Known(facts, rows)


def claim_rows(session: Session, policy_id: str, application_id: UUID, known: Known, outcome: ScreeningOutcome) -> None:
    """Note which rows the passed list checks rest on, so that a later list cannot lose them unseen (BR-72, E605)."""
    if any(check.kind is CheckKind.PRE_LIST and check.result is CheckResult.PASSED for check in outcome.checks):
        for row_id in known.rows.values():
            lists.claim_row(session, row_id, policy_id=policy_id, application_id=application_id)


def granted_count(session: Session, policy_id: str, application_ids: Iterable[UUID]) -> int:
    """How many of these applications got something that is not to be given back; for loading lists (E605)."""
    return sum(points.received_by(session, policy_id, [one])[0] == "received" for one in application_ids)


def _on_lists(
    session: Session, document: PolicyDocument, evidence: EvidenceView, typed: Typed, application_id: UUID | None
) -> tuple[dict[str, str], dict[str, str]]:
    """The level at which each list of the policy knows the person; a list that is not loaded is missing."""
    levels: dict[str, str] = {}
    rows: dict[str, str] = {}
    wanted = _named_by(document).lists
    if not wanted:
        return levels, rows
    subject = _subject(evidence, typed)
    for list_id in wanted:
        found = lists.match(session, list_id, subject)
        if not found.loaded:
            continue
        levels[list_id] = found.level
        if found.is_strong and found.row_id is not None:
            others = lists.claimed_by(session, found.row_id, policy_id=document.policy_id) - {application_id}
            if _still_stand(session, document.policy_id, others):
                levels[list_id] = "several"  # one row is one person's; who else used it is for staff to see
            else:
                rows[list_id] = found.row_id
    return levels, rows


def _subject(evidence: EvidenceView, typed: Typed) -> Subject:
    return lists.subject_of(
        evidence.items.name.reveal(),
        evidence.items.address.reveal(),
        evidence.birth_date,
        kana=typed.kana,
        control_no=typed.control_no,
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """The lists and the earlier policies that the conditions of a document speak of, in one order."""

    document: PolicyDocument
    lists: tuple[str, ...]
    earlier: tuple[str, ...]


_MAX_NAMED = 1_000
_named: dict[int, _Named] = {}


def _named_by(document: PolicyDocument) -> _Named:
    """Kept by identity, with the document itself, as ``screening`` keeps its plans."""
    found = _named.get(id(document))
    if found is None:
        leaves = policies.leaves_of(policies.tree_of(document))
        lists_ = {leaf.list_id for leaf in leaves if isinstance(leaf, OnList | NotOnList)}
        lists_ |= {leaf.by_list for leaf in leaves if isinstance(leaf, LivesIn) and leaf.by_list is not None}
        earlier = {one for leaf in leaves if isinstance(leaf, ReceivedEarlier) for one in leaf.policies}
        earlier |= {leaf.from_policy for leaf in leaves if isinstance(leaf, CarryOverCap)}
        if len(_named) >= _MAX_NAMED:
            _named.clear()
        found = _named[id(document)] = _Named(document, tuple(sorted(lists_)), tuple(sorted(earlier)))
    return found


def _still_stand(session: Session, policy_id: str, application_ids: Collection[UUID | None]) -> bool:
    ids = [one for one in application_ids if one is not None]
    if not ids:
        return False
    standing = select(Application.id).where(
        Application.policy_id == policy_id, Application.id.in_(ids), Application.state.not_in(tuple(RELEASED))
    )
    return session.scalar(standing.limit(1)) is not None


def _received(session: Session, policy_id: str, person_id: UUID) -> Received:
    """What the person, or somebody alike, got from an earlier policy (BR-14, BR-16, BR-17)."""
    own = _applications_in(session, policy_id, [person_id])
    state, amount = points.received_by(session, policy_id, own)
    if state != "none":
        return Received(state, amount)
    alike = _applications_in(session, policy_id, people.persons_alike(session, person_id))
    if alike and points.received_by(session, policy_id, alike)[0] != "none":
        return Received("alike")
    return Received("none")


def _applications_in(session: Session, policy_id: str, person_ids: Collection[UUID]) -> list[UUID]:
    if not person_ids:
        return []
    return list(
        session.scalars(
            select(Application.id).where(Application.beneficiary_id.in_(person_ids), Application.policy_id == policy_id)
        )
    )
