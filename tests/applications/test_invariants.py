"""What the nightly comparison finds between applications, ledger, seats and queue; promises 3 and 4."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import clock, db, points
from app.applications import withdraw
from app.applications.expire import expire_unassigned
from app.cli.check import invariants
from app.points import tasks
from tests.applications.applicants import (
    applicant,
    apply,
    apply_for_later,
    by_receipt,
    counters,
    differences,
    open_policy,
)
from tests.applications.submitting import AMOUNT, at
from tests.conftest import as_owner

pytestmark = pytest.mark.usefixtures("installation")


def tampered(statement: str, back: str) -> set[tuple[str, int, int]]:
    """What is found after this statement; then it is undone, because the books must agree after every test."""
    with db.transaction() as session:
        session.execute(text(statement))
    found = {(one.what.partition(" of application")[0], one.expected, one.found) for one in differences()}
    with db.transaction() as session:
        session.execute(text(back))
    assert differences() == []
    return found


def test_a_seat_that_nobody_holds_and_a_queue_of_the_wrong_length_are_named() -> None:
    open_policy(capacity=5, budget=5 * AMOUNT)
    apply(applicant())
    found = tampered(
        "UPDATE policy_counters SET seats_taken = 2, waiting = 3",
        "UPDATE policy_counters SET seats_taken = 1, waiting = 0",
    )
    assert found == {("seats_taken", 1, 2), ("waiting", 0, 3)}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("withdrawn", {("COMMITTED and ORDERED", 0, AMOUNT)}),
        ("fulfilled", {("COMMITTED and ORDERED", 0, AMOUNT), ("GRANTED and after", AMOUNT, 0)}),
        ("screening", {("RESERVED", AMOUNT, 0), ("COMMITTED and ORDERED", 0, AMOUNT)}),
    ],
)
def test_an_application_that_does_not_hold_what_its_state_says_is_named(wrong: str, expected: object) -> None:
    open_policy()
    receipt = apply(applicant())
    row = f"WHERE id = '{by_receipt(receipt).id}'"
    found = tampered(
        f"UPDATE applications SET state = '{wrong}' {row}", f"UPDATE applications SET state = 'approved' {row}"
    )
    assert found == expected


def test_through_all_that_can_happen_the_books_agree() -> None:
    open_policy(capacity=4, budget=4 * AMOUNT, overflow="waitlist", reopen=True, recycle=True, assign_days=3)
    gone = applicant()
    receipt = apply_for_later(gone)
    apply(applicant())
    apply(applicant(assurance="unattended"))
    apply_for_later(applicant())
    apply(applicant())
    assert counters().waiting == 1
    assert differences() == []
    withdraw(receipt.receipt_no, gone.person_id)
    assert differences() == []
    with clock.frozen(at("2026-11-30T00:00:00")):
        assert expire_unassigned() == 1
    assert differences() == []


def test_seats_that_were_taken_before_this_ledger_began_are_nobodys_here() -> None:
    open_policy(capacity=50, budget=50 * AMOUNT)
    with db.transaction() as session:
        points.open_with(session, "P-001", granted=20 * AMOUNT, seats=20)
    apply(applicant())
    assert (counters().seats_taken, counters().opening_seats, differences()) == (21, 20, [])


def test_the_command_names_each_difference_and_says_it_by_its_exit_status() -> None:
    open_policy()
    apply(applicant())
    run = CliRunner()
    right = run.invoke(invariants)
    assert (right.exit_code, "agree" in right.output) == (0, True)
    from app import settings, start

    with db.transaction() as session:
        session.execute(text("UPDATE policy_counters SET seats_taken = 7"))
    wrong = run.invoke(invariants)
    assert (wrong.exit_code, wrong.output) == (1, "P-001 seats_taken: expected 1, found 7\n")
    start.configure(settings.current())
    with db.transaction() as session:
        session.execute(text("UPDATE policy_counters SET seats_taken = 1"))


def test_the_nightly_comparison_is_kept_for_page_and_metric() -> None:
    open_policy()
    apply(applicant())
    tasks.check_invariants_nightly(0)
    with db.reading() as session:
        checked = points.last_check(session)
    assert checked is not None
    assert (checked.differences, checked.at) == (0, clock.now())
    with clock.frozen(clock.now() + timedelta(days=1)):
        with db.transaction() as session:
            session.execute(text("UPDATE policy_counters SET seats_taken = 7"))
        tasks.check_invariants_nightly(0)
        with db.transaction() as session:
            session.execute(text("UPDATE policy_counters SET seats_taken = 1"))
    with db.reading() as session:
        checked = points.last_check(session)
    assert checked is not None
    assert [one.what for one in checked.named] == ["seats_taken"]


def test_a_broken_seal_of_the_audit_log_is_a_difference_too(database: str) -> None:
    open_policy()
    from app import audit

    apply(applicant())
    with db.transaction() as session:
        audit.seal(session)
    as_owner(database, "ALTER TABLE audit_events DISABLE TRIGGER USER")
    as_owner(database, "UPDATE audit_events SET actor = 'nobody'")
    answer = CliRunner().invoke(invariants)
    assert (answer.exit_code, "audit seal" in answer.output) == (1, True)
