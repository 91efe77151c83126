"""Facts that come from outside: what they decide, whom they hold, what they never say (BR-16, 23, 24, 30, 31)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import applications, clock, db, points, screening
from app.cli.people import people as people_command
from app.errors import DomainError
from app.policies import CheckKind
from app.screening import ReviewRefused
from tests.cases.town import (
    APPROVER,
    COUNTER,
    REVIEWER,
    Resident,
    apply,
    checks_of,
    codes_of,
    counters,
    grants_of,
    open_policy,
    orders,
    resident,
    stored,
)
from tests.conftest import FIXTURE_TIME

pytestmark = pytest.mark.usefixtures("town")

LATER = FIXTURE_TIME + timedelta(days=2)


def state_of(receipt: applications.Receipt) -> str:
    return stored(receipt).state


def granted(policy_id: str = "P-104") -> Resident:
    """Somebody who received in a policy."""
    open_policy(policy_id)
    receipt = apply(who := resident(), policy_id)
    order = next(one for one in orders() if one.policy_id == policy_id and one.state == "created")
    with db.transaction() as session:
        session.execute(
            text("UPDATE grant_orders SET state = 'sent', sent_at = now() WHERE id = :id"), {"id": order.id}
        )
    with db.transaction() as session:
        points.record_result(session, order.policy_id, order.id, answer())
    assert state_of(receipt) == "fulfilled"
    return who


def answer() -> Any:
    from app.payments.gateways import GatewayAnswer

    return GatewayAnswer("succeeded", "T-1", None)


def test_a_linked_app_that_is_silent_is_waited_for_and_what_it_says_decides() -> None:
    open_policy("P-019", sample="P-019", cooling_off_hours=0)
    receipt = apply(who := resident(), "P-019")
    assert (state_of(receipt), checks_of(stored(receipt))["EXTERNAL_APP"]) == ("screening", "pending")
    assert codes_of(stored(receipt)) == {"EXTERNAL_APP": "E218"}
    applications.record_activity(who.person_id, "APP-ECO-01", achieved=True, stated_by="APP-ECO-01")
    assert applications.look_again(who.person_id) == 1
    assert (state_of(receipt), len(orders())) == ("approved", 1)
    assert applications.look_again(who.person_id) == 0


def test_the_job_that_looks_again_is_queued_with_the_statement() -> None:
    who = resident()
    applications.record_activity(who.person_id, "APP-1", achieved=True, stated_by="APP-1")
    applications.record_activity(who.person_id, "APP-1", achieved=True, stated_by="APP-1")
    with db.reading() as session:
        jobs = session.execute(
            text("SELECT args->>'person_id' FROM procrastinate_jobs WHERE task_name = 'applications.look_again_at'")
        ).all()
    assert jobs == [(str(who.person_id),)]


def test_br_32_an_app_that_says_not_achieved_refuses_nobody_by_itself() -> None:
    open_policy("P-019", sample="P-019")
    who = resident()
    applications.record_activity(who.person_id, "APP-ECO-01", achieved=False, stated_by="APP-ECO-01")
    receipt = apply(who, "P-019")
    assert (state_of(receipt), checks_of(stored(receipt))["EXTERNAL_APP"]) == ("screening", "inconclusive")
    assert codes_of(stored(receipt)) == {"EXTERNAL_APP": "E205"}


def test_a_later_no_goes_to_staff_and_a_correction_comes_too_late_for_them() -> None:
    open_policy("P-019", sample="P-019")
    receipt = apply(who := resident(), "P-019")
    applications.record_activity(who.person_id, "APP-ECO-01", achieved=False, stated_by="APP-ECO-01")
    applications.look_again(who.person_id)
    assert checks_of(stored(receipt))["EXTERNAL_APP"] == "inconclusive"
    applications.record_activity(who.person_id, "APP-ECO-01", achieved=True, stated_by="APP-ECO-01")
    assert applications.look_again(who.person_id) == 0
    assert checks_of(stored(receipt))["EXTERNAL_APP"] == "inconclusive"


def test_a_document_is_seen_by_the_counter_and_only_its_kind_is_kept() -> None:
    open_policy(eligibility__documents=["申告完了通知の提示"], screening=["CARD_AUTO", "DOC_AT_COUNTER"])
    receipt = apply(who := resident())
    assert checks_of(stored(receipt))["DOC_AT_COUNTER"] == "pending"
    with pytest.raises(ReviewRefused, match="wrong_role"):
        applications.record_document_seen(who.person_id, "申告完了通知の提示", REVIEWER)
    applications.record_document_seen(who.person_id, "申告完了通知の提示", COUNTER)
    applications.look_again(who.person_id)
    assert state_of(receipt) == "approved"


def test_a_scan_on_the_wrong_day_settles_nothing_and_may_be_repeated() -> None:
    open_policy(eligibility__event_checkin="qr", screening=["CARD_AUTO", "EVENT_QR"])
    receipt = apply(who := resident())
    applications.record_attendance(who.person_id, "P-001", on_the_right_day=False, stated_by="V-1")
    applications.look_again(who.person_id)
    assert checks_of(stored(receipt))["EVENT_QR"] == "pending"
    applications.record_attendance(who.person_id, "P-001", on_the_right_day=True, stated_by="V-1")
    applications.record_attendance(who.person_id, "P-001", on_the_right_day=False, stated_by="V-1")
    applications.look_again(who.person_id)
    assert state_of(receipt) == "approved"


# --- earlier rounds -----------------------------------------------------------------------------------------------


def next_round(policy_id: str = "P-105") -> str:
    return open_policy(
        policy_id, eligibility__exclude_recipients_of=["P-104"], screening=["CARD_AUTO", "EXCLUSION_LIST"]
    )


def test_br_16_who_received_in_the_earlier_round_is_told_e207_and_may_ask_for_a_look() -> None:
    who = granted("P-104")
    next_round()
    with pytest.raises(DomainError, match="E207"):
        apply(who, "P-105")
    receipt = apply(who, "P-105", ask_for_review=True)
    assert checks_of(stored(receipt))["EXCLUSION_LIST"] == "inconclusive"


def test_br_16_withdrawn_in_the_earlier_round_is_accepted_and_on_the_way_is_for_staff() -> None:
    open_policy("P-104", cooling_off_hours=24)
    next_round()
    receipt = apply(who := resident(), "P-104")
    assert codes_of(stored(apply(who, "P-105")))["EXCLUSION_LIST"] == "E205"
    applications.withdraw(receipt.receipt_no, who.person_id)
    open_policy("P-106", eligibility__exclude_recipients_of=["P-104"], screening=["CARD_AUTO", "EXCLUSION_LIST"])
    assert state_of(apply(who, "P-106")) == "approved"


def test_br_16_fully_taken_back_is_for_staff() -> None:
    who = granted("P-104")
    next_round()
    with db.transaction() as session:
        book = points.Book(session, "P-104")
        application = session.execute(text("SELECT id FROM applications WHERE policy_id = 'P-104'")).scalar_one()
        names = {"application_id": application, "person_id": who.person_id}
        book.post(points.LedgerEvent.CLAWBACK_OPEN, 10_000, **names)
        book.post(points.LedgerEvent.REPAY, 10_000, **names)
        book.close()
    assert codes_of(stored(apply(who, "P-105"))) == {"EXCLUSION_LIST": "E205"}


def test_br_14_br_16_somebody_alike_who_received_is_a_doubt_and_no_more() -> None:
    open_policy("P-104")
    next_round()
    apply(resident("同姓　同名"), "P-104")
    assert codes_of(stored(apply(resident("同姓　同名"), "P-105")))["EXCLUSION_LIST"] == "E205"


# --- residence, death, protection ---------------------------------------------------------------------------------


def test_br_23_who_moves_after_approval_is_looked_at_again_where_residence_counts_until_the_grant() -> None:
    open_policy("P-101", resident_until="grant", cooling_off_hours=24)
    open_policy("P-102", resident_until="application", cooling_off_hours=24)
    who = resident()
    until_grant, until_application = apply(who, "P-101"), apply(who, "P-102")
    assert applications.record_move(who.person_id, "992020", date(2026, 11, 20), stated_by="REG") == 1
    held = stored(until_grant)
    assert (held.state, checks_of(held)["CARD_AUTO"]) == ("approved", "invalidated")
    assert [grant.order_at for grant in grants_of(held)] == [None]
    with clock.frozen(LATER):
        assert points.order_due_grants() == 1
    assert [order.policy_id for order in orders()] == ["P-102"]
    assert state_of(until_application) == "approved"
    applications.take_check("P-101", held.id, CheckKind.CARD_AUTO, REVIEWER)
    applications.pass_check("P-101", held.id, CheckKind.CARD_AUTO, REVIEWER)
    with clock.frozen(LATER):
        assert points.order_due_grants() == 1


def test_br_23_a_move_within_the_municipality_holds_nothing() -> None:
    open_policy("P-101", resident_until="grant", cooling_off_hours=24)
    who = resident()
    apply(who, "P-101")
    assert applications.record_move(who.person_id, "992011", date(2026, 11, 20), stated_by="REG") == 0


def test_br_30_death_before_the_order_stops_it_and_the_amount_goes_back() -> None:
    open_policy(cooling_off_hours=24, capacity=3, budget=30_000)
    receipt = apply(who := resident())
    assert counters().committed == 10_000
    with pytest.raises(ReviewRefused, match="wrong_role"):
        applications.record_death(who.person_id, date(2026, 11, 18), COUNTER)
    assert applications.record_death(who.person_id, date(2026, 11, 18), APPROVER) == 1
    assert (state_of(receipt), counters().committed, counters().budget) == ("revoked", 0, 30_000)
    assert counters().seats_taken == 0
    with clock.frozen(LATER):
        assert points.order_due_grants() == 0
    assert applications.record_death(who.person_id, date(2026, 11, 18), APPROVER) == 0


def test_c_17_the_command_enters_a_death_and_the_family_reads_neutral_words() -> None:
    open_policy(cooling_off_hours=24, capacity=3, budget=30_000)
    receipt = apply(who := resident())
    run = CliRunner().invoke
    enter = ["died", receipt.receipt_no, "--on", "2026-11-18", "--by", "ST-A1"]
    told = run(people_command, enter)
    assert (told.exit_code, told.output) == (0, "recorded; 1 application(s) stopped before the order\n")
    assert (state_of(receipt), counters().committed, counters().budget) == ("revoked", 0, 30_000)
    assert run(people_command, enter).output == "recorded; 0 application(s) stopped before the order\n"
    word = _status(receipt, who)
    assert (word.key, word.word, word.turn, word.is_final) == ("after_a_death", "手続は終わりました", None, True)
    for reproach in ("取消", "対象外", "死亡", "亡くな", "不服"):
        assert reproach not in word.word + word.next_line
    for whom, day in (("X-404", "2026-11-18"), (receipt.receipt_no, "2026-11-21"), (str(uuid4()), "2026-11-18")):
        assert run(people_command, ["died", whom, "--on", day, "--by", "ST-A1"]).exit_code == 1


def test_br_30_what_was_ordered_goes_on_and_is_said_so() -> None:
    open_policy(cooling_off_hours=0)
    receipt = apply(who := resident())
    with clock.frozen(FIXTURE_TIME + timedelta(minutes=1)):
        applications.record_death(who.person_id, date(2026, 11, 20), APPROVER)
    assert _status(receipt, who).key == "after_a_death_ordered"


def _status(receipt: applications.Receipt, who: Resident) -> applications.StatusWord:
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
    assert view is not None
    return view.status


def test_br_30_death_after_the_order_leaves_the_grant() -> None:
    open_policy(cooling_off_hours=0)
    receipt = apply(who := resident())
    with clock.frozen(FIXTURE_TIME + timedelta(minutes=1)):
        assert applications.record_death(who.person_id, date(2026, 11, 20), APPROVER) == 0
    assert (state_of(receipt), counters().ordered) == ("approved", 10_000)


def test_br_30_what_is_in_review_is_not_approved_for_somebody_who_died() -> None:
    open_policy("P-019", sample="P-019")
    receipt = apply(who := resident(), "P-019")
    applications.record_death(who.person_id, date(2026, 11, 20), APPROVER)
    applications.record_activity(who.person_id, "APP-ECO-01", achieved=True, stated_by="APP-ECO-01")
    assert applications.look_again(who.person_id) == 0
    application = stored(receipt)
    assert checks_of(application)["POST_REVIEW"] == "inconclusive"
    applications.take_check("P-019", application.id, CheckKind.POST_REVIEW, REVIEWER)
    with pytest.raises(ReviewRefused, match="deceased"):
        applications.pass_check("P-019", application.id, CheckKind.POST_REVIEW, REVIEWER)


def test_br_31_the_flag_makes_everything_staffs_and_its_end_opens_nothing() -> None:
    open_policy(cooling_off_hours=24)
    who = resident()
    applications.set_support_measure(who.person_id, APPROVER, expires_on=date(2026, 11, 25))
    receipt = apply(who)
    assert state_of(receipt) == "screening"
    assert codes_of(stored(receipt)) == {"SUPPORT_MEASURE": "E213"}
    assert "passed" not in checks_of(stored(receipt)).values()
    with clock.frozen(FIXTURE_TIME + timedelta(days=30)):
        applications.look_again(who.person_id)
        assert state_of(receipt) == "screening"
        open_policy("P-102")
        assert state_of(apply(who, "P-102")) == "screening"
    applications.lift_support_measure(who.person_id, APPROVER)
    open_policy("P-103")
    assert state_of(apply(who, "P-103")) == "approved"


def test_br_31_a_flag_set_after_approval_holds_the_order() -> None:
    open_policy(cooling_off_hours=24)
    receipt = apply(who := resident())
    assert applications.set_support_measure(who.person_id, APPROVER) == 1
    assert (state_of(receipt), checks_of(stored(receipt))["SUPPORT_MEASURE"]) == ("approved", "invalidated")
    with clock.frozen(LATER):
        assert points.order_due_grants() == 0


def test_br_24_strict_residence_needs_more_than_the_card() -> None:
    open_policy(strict_residence=True)
    receipt = apply(resident())
    assert (state_of(receipt), checks_of(stored(receipt))["CARD_AUTO"]) == ("screening", "inconclusive")


def test_statements_are_written_once() -> None:
    who = resident()
    applications.record_activity(who.person_id, "APP-1", achieved=False, stated_by="APP-1")
    applications.record_activity(who.person_id, "APP-1", achieved=True, stated_by="APP-1")
    with db.reading() as session:
        assert screening.stated_about(session, who.person_id).activities["APP-1"].achieved
        assert session.execute(text("SELECT count(*) FROM stated_facts")).scalar_one() == 2
    with pytest.raises(DBAPIError, match=r"append only|permission denied"), db.transaction() as session:
        session.execute(text("UPDATE stated_facts SET state = 'achieved'"))
