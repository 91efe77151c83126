"""A check in hand goes back: by who has it, by an approver when they are gone, once, and never for one's own case."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app import applications, clock, db, screening
from app.applications import ApplicationState
from app.applications.models import Application
from app.audit import AuditEvent
from app.policies import CheckKind
from app.screening import CheckMoveRefused, ReviewRefused, Staff
from app.screening.models import Check
from tests.cases.proposals import read
from tests.cases.test_review import CARD, doubtful, moves, stored_state
from tests.cases.town import (
    APPROVER,
    COUNTER,
    EVERYTHING,
    OTHER_REVIEWER,
    REVIEWER,
    apply,
    checks_of,
    open_policy,
    refuse,
    resident,
    stored,
)

pytestmark = pytest.mark.usefixtures("town")

OTHER_APPROVER = Staff("ST-A2", frozenset({"approver"}))
Where = tuple[str, UUID, CheckKind]


def in_hand(policy_id: str = "P-001") -> tuple[Application, Where]:
    """An application whose check the first reviewer has taken."""
    open_policy(policy_id)
    application = doubtful(policy_id)
    applications.take_check(policy_id, application.id, CARD, REVIEWER)
    return application, (policy_id, application.id, CARD)


def holder_of(application: Application) -> str | None:
    with db.reading() as session:
        return session.scalars(
            select(Check.assigned_to).where(Check.application_id == application.id, Check.kind == CARD)
        ).one()


def events_of(action: str) -> list[tuple[str | None, dict[str, object]]]:
    with db.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id))
        return [(row.actor, row.facts) for row in rows]


def give(application: Application, staff: Staff = REVIEWER) -> None:
    applications.give_check_back("P-001", application.id, CARD, staff)


def take_away(application: Application, staff: Staff = APPROVER, holder: str = "ST-R1") -> None:
    applications.take_check_back("P-001", application.id, CARD, staff, holder, "left")


def test_who_has_a_check_gives_it_back_and_another_takes_and_decides_it() -> None:
    application, _ = in_hand()
    give(application)
    assert (checks_of(application)["CARD_AUTO"], holder_of(application)) == ("manual_queue", None)
    assert moves(application)[-1] == ("give_back", "manual_queue", "ST-R1")
    give(application)
    assert events_of("check.given_back") == [("ST-R1", {"kind": "CARD_AUTO"})], "sent twice is done once"
    with pytest.raises(ReviewRefused, match="not_yours"):
        applications.pass_check("P-001", application.id, CARD, REVIEWER)
    applications.take_check("P-001", application.id, CARD, OTHER_REVIEWER)
    assert applications.pass_check("P-001", application.id, CARD, OTHER_REVIEWER) is ApplicationState.APPROVED


def test_an_approver_takes_it_from_who_is_gone_and_the_audit_says_from_whom_and_why() -> None:
    application, _ = in_hand()
    take_away(application)
    take_away(application)
    assert (checks_of(application)["CARD_AUTO"], holder_of(application)) == ("manual_queue", None)
    assert events_of("check.taken_back") == [("ST-A1", {"kind": "CARD_AUTO", "holder": "ST-R1", "why": "left"})]
    assert moves(application)[-1] == ("take_back", "manual_queue", "ST-A1")
    with pytest.raises(ReviewRefused, match="not_yours"):
        give(application)
    applications.take_check("P-001", application.id, CARD, OTHER_REVIEWER)
    with pytest.raises(ReviewRefused, match="holder_changed"):
        take_away(application)
    assert holder_of(application) == "ST-R2", "a page that was open since takes nothing from the next one"


@pytest.mark.parametrize("staff", [OTHER_REVIEWER, APPROVER, COUNTER, EVERYTHING])
def test_nobody_gives_back_what_another_has(staff: Staff) -> None:
    application, _ = in_hand()
    with pytest.raises(ReviewRefused, match=r"not_yours|wrong_role"):
        give(application, staff)
    assert holder_of(application) == "ST-R1"


@pytest.mark.parametrize("staff", [REVIEWER, OTHER_REVIEWER, COUNTER])
def test_only_an_approver_takes_back(staff: Staff) -> None:
    application, _ = in_hand()
    with pytest.raises(ReviewRefused, match="wrong_role"):
        take_away(application, staff)
    assert holder_of(application) == "ST-R1"


def _untouched(application: Application) -> None:
    """Nobody has taken it."""


def _asked(application: Application) -> None:
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    applications.ask("P-001", application.id, CARD, REVIEWER, "お住まいは。", clock.now() + timedelta(days=7))


def _passed(application: Application) -> None:
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    applications.pass_check("P-001", application.id, CARD, REVIEWER)


def _refused(application: Application) -> None:
    refuse(application, CARD)


def _withdrawn(application: Application) -> None:
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    assert application.receipt_no
    applications.withdraw(application.receipt_no, application.beneficiary_id)


@pytest.mark.parametrize("reach", [_untouched, _asked, _passed, _refused, _withdrawn])
def test_only_what_is_in_hand_goes_back(reach: Callable[[Application], None]) -> None:
    open_policy()
    application = doubtful()
    reach(application)
    before = checks_of(application), moves(application)
    for act in (give, take_away):
        with pytest.raises((ReviewRefused, CheckMoveRefused)):
            act(application)
    assert (checks_of(application), moves(application)) == before


@pytest.mark.parametrize("back", [give, take_away])
def test_a_proposal_goes_with_the_hand_that_made_it(back: Callable[[Application], None]) -> None:
    application, where = in_hand()
    applications.propose_refusal(*where, REVIEWER, "E201", "市外にお住まいです。")
    proposal_id = read("P-001", application.id, CARD)
    back(application)
    with db.reading() as session:
        assert screening.proposals_of(session, "P-001", application.id) == []
    with pytest.raises(ReviewRefused, match="no_proposal"):
        applications.confirm_refusal("P-001", application.id, CARD, OTHER_APPROVER, proposal_id=proposal_id)
    assert stored_state(application) == "screening"
    refuse(application, CARD, OTHER_REVIEWER)
    assert stored_state(application) == "rejected"


def test_whoever_was_asked_and_answered_is_not_stuck_with_who_left() -> None:
    open_policy()
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    _asked(application)
    assert applications.answer(receipt.receipt_no, who.person_id, "みらい県です")
    take_away(application)
    applications.take_check("P-001", application.id, CARD, OTHER_REVIEWER)
    assert applications.pass_check("P-001", application.id, CARD, OTHER_REVIEWER) is ApplicationState.APPROVED


def test_it_keeps_its_place_in_the_queue() -> None:
    application, _ = in_hand()
    with clock.frozen(clock.now() + timedelta(hours=1)):
        later = doubtful()
        give(application)
    with db.reading() as session:
        assert [item.application_id for item in applications.review_queue(session, "P-001")] == [
            application.id,
            later.id,
        ]


def test_the_database_keeps_a_check_in_the_queue_in_no_hand() -> None:
    application, _ = in_hand()
    with pytest.raises(IntegrityError, match="in_the_queue_is_in_no_hand"), db.transaction() as session:
        session.execute(update(Check).where(Check.application_id == application.id).values(result="manual_queue"))


def together(*acts: Callable[[], object]) -> list[str]:
    """Do these at the same moment; ``done``, or why not."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> str:
        start.wait(10)
        try:
            act()
        except (ReviewRefused, CheckMoveRefused) as problem:
            return str(problem)
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_given_and_taken_back_at_once_it_goes_back_once() -> None:
    application, _ = in_hand()
    outcomes = together(
        lambda: give(application), lambda: take_away(application), lambda: take_away(application, OTHER_APPROVER)
    )
    assert outcomes.count("done") == 1
    assert (checks_of(application)["CARD_AUTO"], holder_of(application)) == ("manual_queue", None)
    assert len(events_of("check.given_back") + events_of("check.taken_back")) == 1


def test_confirmed_and_taken_back_at_once_one_of_them_holds() -> None:
    application, where = in_hand()
    applications.propose_refusal(*where, REVIEWER, "E201", "市外にお住まいです。")
    proposal_id = read("P-001", application.id, CARD)
    confirmed, back = together(
        lambda: applications.confirm_refusal("P-001", application.id, CARD, OTHER_APPROVER, proposal_id=proposal_id),
        lambda: take_away(application),
    )
    assert [confirmed, back].count("done") == 1
    assert stored_state(application) == ("rejected" if confirmed == "done" else "screening")
