"""Taking back what was granted: two people, the ledger of each end (domain.md 5.5, 5.9)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest

from app import applications, clock, db, payments, points, rebates, returns
from app.applications import ApplicationState
from app.applications.models import Application
from app.payments.gateways import GatewayAnswer
from app.points.models import GrantOrder
from app.returns import ReturnRefused
from app.returns.models import ReturnCase
from app.screening import ReviewRefused, Staff
from tests.applications.applicants import (
    applicant,
    apply,
    apply_for_later,
    by_receipt,
    counters,
    differences,
    open_policy,
    orders,
    view_of,
)
from tests.applications.submitting import AMOUNT, at, audited
from tests.applications.test_order_of_locks import owner, waiting
from tests.applications.test_rebates import buy, enrol, rebate
from tests.payments.samples import service_item
from tests.rebates.conftest import carry_out_grants

pytestmark = pytest.mark.usefixtures("installation")

REVIEWER = Staff("ST-R1", frozenset({"reviewer"}))
APPROVER = Staff("ST-A1", frozenset({"approver"}))
TREASURER = Staff("ST-T1", frozenset({"treasurer"}))
OBJECTION = "住民票の記載が誤っていました。"
LETTER = {"office": "あさひ市 給付担当窓口", "objection": "審査請求できます。"}
ALL = Staff("ST-X", frozenset({"reviewer", "approver", "treasurer"}))


def granted() -> UUID:
    """An application whose points have arrived."""
    application = by_receipt(apply(applicant()))
    order = orders()[-1]
    with db.transaction() as session:
        row = session.get_one(GrantOrder, (order.policy_id, order.id))
        row.state, row.sent_at = "sent", clock.now()
        session.flush()
        points.record_result(session, "P-001", order.id, GatewayAnswer("succeeded", transaction_no="T-1"))
    return application.id


def decided(application_id: UUID, amount: int = AMOUNT) -> UUID:
    case = applications.suspect_return("P-001", application_id, REVIEWER)
    returns.take("P-001", case, REVIEWER)
    returns.notify("P-001", case, REVIEWER, "基準日に市外にお住まいでした。", clock.today())
    read = returns.propose("P-001", case, REVIEWER, amount)
    with clock.frozen(clock.now() + timedelta(days=1)):
        returns.decide("P-001", case, APPROVER, proposal_id=read, **LETTER)
    return case


def demanded(amount: int = AMOUNT) -> UUID:
    case = decided(granted(), amount)
    returns.demand("P-001", case, TREASURER, clock.today() + timedelta(days=30))
    return case


def test_a_service_that_takes_nothing_back_has_no_reversal_to_record() -> None:
    open_policy()
    case = demanded()
    with db.transaction() as session:
        payments.load_services(session, [service_item("SVC-QR-01", reversal="none")], "test")
    with pytest.raises(ReturnRefused, match="takes nothing back") as refused:
        returns.record_payment("P-001", case, TREASURER, 4_000, "reversal")
    assert refused.value.why == "no_reversal"
    assert balances()["return_due"] == AMOUNT
    assert returns.record_payment("P-001", case, TREASURER, 4_000, "repay") == 6_000


def state_of(case: UUID) -> str:
    with db.reading() as session:
        return session.get_one(ReturnCase, ("P-001", case)).state


def balances() -> dict[str, int]:
    now = counters()
    names = ("granted", "return_due", "returned", "written_off")
    return {name: getattr(now, name) for name in names if getattr(now, name)}


def test_decided_the_points_are_due_and_the_application_is_revoked() -> None:
    open_policy()
    application_id = granted()
    decided(application_id)
    with db.reading() as session:
        row = session.get_one(Application, ("P-001", application_id))
        assert row.state == ApplicationState.REVOKED
    assert balances() == {"return_due": AMOUNT}
    assert counters().seats_taken == 1, "what was given is not given to another"
    assert audited("return.decide") == audited("application.revoked") == 1


def test_paid_in_parts_by_provider_and_slip_it_is_settled_and_never_over() -> None:
    open_policy()
    case = demanded()
    assert returns.record_payment("P-001", case, TREASURER, 4_000, "reversal") == 6_000
    assert (state_of(case), balances()) == ("partly_paid", {"return_due": 6_000, "returned": 4_000})
    returns.allow_instalments("P-001", case, TREASURER)
    assert returns.record_payment("P-001", case, TREASURER, 1_000, "repay") == 5_000
    assert state_of(case) == "instalments"
    for amount in (5_001, 0, -1):
        with pytest.raises(ReturnRefused):
            returns.record_payment("P-001", case, TREASURER, amount, "repay")
    assert returns.record_payment("P-001", case, TREASURER, 5_000, "repay") == 0
    assert (state_of(case), balances()) == ("settled", {"returned": AMOUNT})
    with pytest.raises(ReturnRefused):
        returns.record_payment("P-001", case, TREASURER, 1, "repay")


def test_the_approver_gives_the_rest_up_after_a_court() -> None:
    open_policy()
    case = demanded()
    returns.record_payment("P-001", case, TREASURER, 3_000, "repay")
    returns.litigate("P-001", case, APPROVER)
    read = returns.propose_write_off("P-001", case, TREASURER, "所在が分かりません。")
    returns.write_off("P-001", case, APPROVER, proposal_id=read)
    assert (state_of(case), balances()) == ("written_off", {"returned": 3_000, "written_off": 7_000})


def test_an_accepted_objection_gives_the_points_back_to_the_person() -> None:
    open_policy()
    case = decided(granted())
    returns.cancel("P-001", case, APPROVER, OBJECTION)
    assert (state_of(case), balances()) == ("cancelled", {"granted": AMOUNT})
    case = demanded()
    returns.record_payment("P-001", case, TREASURER, 1, "repay")
    with pytest.raises(ReturnRefused):
        returns.cancel("P-001", case, APPROVER, OBJECTION)


def test_a_part_may_be_taken_back_and_the_rest_stays_granted() -> None:
    open_policy()
    decided(granted(), 2_500)
    assert balances() == {"granted": 7_500, "return_due": 2_500}


def test_br_64_a_decision_needs_hearing_two_people_reason_office_and_objection() -> None:
    open_policy()
    case = applications.suspect_return("P-001", granted(), ALL)
    returns.take("P-001", case, ALL)
    with pytest.raises(ReturnRefused, match="heard"):
        returns.propose("P-001", case, ALL, AMOUNT)
    for reason in ("", "番号は123456789018です", "あ" * 1_001):
        with pytest.raises(ReturnRefused, match="reason"):
            returns.notify("P-001", case, ALL, reason, clock.today())
    returns.notify("P-001", case, ALL, "市外にお住まいでした。", clock.today() + timedelta(days=14))
    with pytest.raises(ReturnRefused, match="granted"):
        returns.propose("P-001", case, ALL, AMOUNT + 1)
    with pytest.raises(ReturnRefused, match="proposal"):
        returns.decide("P-001", case, APPROVER, proposal_id=case, office="x", objection="y")
    earlier = returns.propose("P-001", case, ALL, 1)
    read = returns.propose("P-001", case, ALL, AMOUNT)
    with pytest.raises(ReturnRefused, match="proposal"):
        returns.decide("P-001", case, APPROVER, proposal_id=earlier, office="x", objection="y")
    with pytest.raises(ReturnRefused, match="same person"):
        returns.decide("P-001", case, ALL, proposal_id=read, office="x", objection="y")
    for office, objection in (("", "y"), ("x", " "), ("x" * 501, "y")):
        with pytest.raises(ReturnRefused, match="BR-64"):
            returns.decide("P-001", case, APPROVER, proposal_id=read, office=office, objection=objection)
    with pytest.raises(ReturnRefused, match="still answer"):
        returns.decide("P-001", case, APPROVER, proposal_id=read, office="x", objection="y")
    assert (state_of(case), balances()) == ("notified", {"granted": AMOUNT})
    returns.clear("P-001", case, APPROVER)
    assert state_of(case) == "cleared"


def test_one_case_at_a_time_and_none_about_nothing() -> None:
    open_policy()
    application_id = granted()
    applications.suspect_return("P-001", application_id, REVIEWER)
    with pytest.raises(ReturnRefused, match="open"):
        applications.suspect_return("P-001", application_id, REVIEWER)
    waiting = by_receipt(apply_for_later(applicant())).id
    with pytest.raises(ReturnRefused, match="nothing"):
        applications.suspect_return("P-001", waiting, REVIEWER)
    with pytest.raises(ReviewRefused):
        applications.suspect_return("P-001", application_id, TREASURER)


def test_before_the_order_the_approver_revokes_and_seat_and_amount_are_free() -> None:
    open_policy(capacity=1, budget=AMOUNT)
    who = applicant()
    receipt = apply_for_later(who)
    application_id = by_receipt(receipt).id
    with pytest.raises(ReviewRefused):
        applications.revoke_before_the_order("P-001", application_id, REVIEWER)
    applications.revoke_before_the_order("P-001", application_id, APPROVER)
    assert (counters().seats_taken, counters().budget, view_of(receipt, who).status.key) == (0, AMOUNT, "revoked")
    with pytest.raises(ReviewRefused):
        applications.revoke_before_the_order("P-001", application_id, APPROVER)


def test_once_an_order_is_out_only_a_return_case_takes_back() -> None:
    open_policy()
    application_id = by_receipt(apply(applicant())).id
    with pytest.raises(ReviewRefused):
        applications.revoke_before_the_order("P-001", application_id, APPROVER)
    assert counters().ordered == AMOUNT


def test_an_accepted_objection_reinstates_the_application_its_page_and_tells_the_person() -> None:
    open_policy()
    application_id = granted()
    case = decided(application_id)
    assert _page(application_id) == ("revoked_return", "取消し・返還手続中", "you")
    returns.cancel("P-001", case, APPROVER, OBJECTION)
    assert _page(application_id) == ("granted", "付与済", None)
    assert audited("application.reinstated") == 1
    again = decided(application_id)
    returns.demand("P-001", again, TREASURER, clock.today() + timedelta(days=30))
    returns.record_payment("P-001", again, TREASURER, AMOUNT, "repay")
    assert _page(application_id) == ("revoked", "取消し", None)


def test_while_another_decision_stands_an_accepted_objection_does_not_reinstate() -> None:
    open_policy()
    application_id = granted()
    first = decided(application_id, 2_500)
    returns.demand("P-001", first, TREASURER, clock.today() + timedelta(days=30))
    returns.record_payment("P-001", first, TREASURER, 2_500, "repay")
    returns.cancel("P-001", decided(application_id, 7_500), APPROVER, OBJECTION)
    assert _page(application_id)[0] == "revoked"
    assert balances() == {"granted": 7_500, "returned": 2_500}


def _page(application_id: UUID) -> tuple[str, str, str | None]:
    with db.reading() as session:
        row = session.get_one(Application, ("P-001", application_id))
        view = applications.view_by_receipt(session, row.receipt_no or "", row.applicant_id)
        assert view is not None
        return view.status.key, view.status.word, view.status.turn


def test_a_case_about_one_of_several_benefits_revokes_what_is_still_to_come() -> None:
    rebate(benefit__periods="month")
    _, receipt = enrol()
    buy("T1", 1_000)
    with clock.frozen(at("2026-12-11T00:00:00")):
        rebates.close_due_periods()
    carry_out_grants(at("2026-12-11T00:01:00"))
    buy("T2", 2_000, when=at("2026-12-12T12:00:00"))
    application_id = by_receipt(receipt).id
    assert (counters("P-015").granted, counters("P-015").committed) == (300, 600)
    case = applications.suspect_return("P-015", application_id, REVIEWER)
    returns.take("P-015", case, REVIEWER)
    returns.notify("P-015", case, REVIEWER, "基準日に市外にお住まいでした。", clock.today())
    read = returns.propose("P-015", case, REVIEWER, 300)
    with clock.frozen(clock.now() + timedelta(days=1)):
        returns.decide("P-015", case, APPROVER, proposal_id=read, **LETTER)
    assert by_receipt(receipt).state == ApplicationState.REVOKED
    assert (counters("P-015").return_due, counters("P-015").committed) == (300, 0)
    assert buy("T3", 1_000) == "not_enrolled"
    assert differences() == []


@pytest.mark.parametrize("step", ["decide", "cancel"])
def test_who_waits_for_a_grant_does_not_hold_the_application_yet(database: str, step: str) -> None:
    """Decision 0026: a result file has the grant and then wants the application; no circle may come of it."""
    open_policy()
    application_id = granted()
    if step == "cancel":
        case = decided(application_id)
        act = partial(returns.cancel, "P-001", case, APPROVER, OBJECTION)
    else:
        act = partial(decided, application_id)
    with psycopg.connect(owner(database)) as file:
        file.execute("SELECT 1 FROM grants WHERE application_id = %s FOR UPDATE", [application_id])
        with waiting(database, act) as done:
            file.execute("SELECT 1 FROM applications WHERE id = %s FOR UPDATE NOWAIT", [application_id])
            file.commit()
            done.result(20)
    assert balances() == ({"granted": AMOUNT} if step == "cancel" else {"return_due": AMOUNT})
