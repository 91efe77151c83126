"""Staff sign in with number, password and second factor, at a registered terminal, one person at one place (K1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app import clock, db, organisations
from app.audit import AuditEvent
from app.organisations import AccountMoveRefused, AccountState, Role, StaffExists, Terminal
from app.organisations.models import StaffAccount
from tests.organisations.counter import ABSOLUTE, IDLE, Clerk, add_clerk, add_terminal, who


def state_of(clerk: Clerk) -> AccountState:
    with db.reading() as session:
        view = organisations.get_staff(session, clerk.staff_id)
    assert view is not None
    return view.state


def later(monkeypatch: pytest.MonkeyPatch, wait: timedelta) -> None:
    now = clock.real_now() + wait
    monkeypatch.setattr(clock, "real_now", lambda: now)


def test_with_all_three_somebody_is_signed_in(clerk: Clerk, terminal: Terminal) -> None:
    staff = who(clerk.sign_in(terminal), terminal)
    assert staff is not None
    assert (staff.staff_id, staff.roles, staff.terminal_id) == ("ST-01", {Role.COUNTER}, terminal.terminal_id)


def test_each_of_the_three_is_needed(clerk: Clerk, terminal: Terminal) -> None:
    assert clerk.sign_in(terminal, password="wrong-wrong-wrong") is None
    assert clerk.sign_in(terminal, code="000000") is None
    assert (
        organisations.sign_in(terminal.terminal_id, "ST-99", clerk.credentials.password, "1", absolute=ABSOLUTE) is None
    )
    assert clerk.sign_in(terminal) is not None


def test_a_code_that_was_used_is_used_up(clerk: Clerk, terminal: Terminal) -> None:
    code = clerk.code()
    assert clerk.sign_in(terminal, code=code) is not None
    assert clerk.sign_in(terminal, code=code) is None


def test_five_failures_lock_the_account_also_for_the_right_password(clerk: Clerk, terminal: Terminal) -> None:
    for _ in range(4):
        clerk.sign_in(terminal, password="wrong-wrong-wrong")
    assert state_of(clerk) is AccountState.ACTIVE
    clerk.sign_in(terminal, password="wrong-wrong-wrong")
    assert state_of(clerk) is AccountState.LOCKED
    assert clerk.sign_in(terminal) is None


def test_a_right_sign_in_between_counts_the_failures_anew(clerk: Clerk, terminal: Terminal) -> None:
    for _ in range(2):
        for _ in range(4):
            clerk.sign_in(terminal, password="wrong-wrong-wrong")
        assert clerk.sign_in(terminal) is not None
    assert state_of(clerk) is AccountState.ACTIVE


def test_an_operator_gives_new_secrets_and_the_old_ones_end(clerk: Clerk, terminal: Terminal) -> None:
    token = clerk.sign_in(terminal)
    with db.transaction() as session:
        fresh = Clerk(organisations.reset_staff(session, clerk.staff_id))
    assert who(token, terminal) is None
    assert clerk.sign_in(terminal) is None
    assert fresh.sign_in(terminal) is not None


def test_a_suspended_account_is_out_at_once_and_may_come_back(clerk: Clerk, terminal: Terminal) -> None:
    token = clerk.sign_in(terminal)
    with db.transaction() as session:
        organisations.disable_staff(session, clerk.staff_id)
    assert who(token, terminal) is None
    assert clerk.sign_in(terminal) is None
    with db.transaction() as session:
        organisations.enable_staff(session, clerk.staff_id)
    assert clerk.sign_in(terminal) is not None
    with db.transaction() as session:
        organisations.close_staff(session, clerk.staff_id)
    assert clerk.sign_in(terminal) is None
    with pytest.raises(AccountMoveRefused), db.transaction() as session:
        organisations.enable_staff(session, clerk.staff_id)


def test_nobody_signs_in_at_another_municipalitys_terminal(clerk: Clerk) -> None:
    assert clerk.sign_in(add_terminal("よその窓口", town="993018")) is None


def test_a_token_is_worth_nothing_at_another_terminal(clerk: Clerk, terminal: Terminal) -> None:
    token = clerk.sign_in(terminal)
    assert who(token, add_terminal("2番窓口")) is None


def test_one_person_is_at_one_place_and_one_place_serves_one_person(clerk: Clerk, terminal: Terminal) -> None:
    first = clerk.sign_in(terminal)
    second_place = add_terminal("2番窓口")
    second = clerk.sign_in(second_place)
    assert who(first, terminal) is None
    colleague = add_clerk("ST-05")
    third = colleague.sign_in(second_place)
    assert who(second, second_place) is None
    assert who(third, second_place) is not None


def test_idle_ends_it_and_the_pages_own_asking_does_not_keep_it(
    clerk: Clerk, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = clerk.sign_in(terminal)
    later(monkeypatch, IDLE - timedelta(seconds=1))
    assert who(token, terminal, is_activity=False) is not None
    later(monkeypatch, timedelta(seconds=1))
    assert who(token, terminal) is None


def test_doing_something_keeps_it_until_the_day_is_over(
    clerk: Clerk, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = clerk.sign_in(terminal)
    for _ in range(59):
        later(monkeypatch, timedelta(minutes=10))
        assert who(token, terminal) is not None
    later(monkeypatch, timedelta(minutes=10))
    assert who(token, terminal) is None


def test_secrets_are_stored_unreadable_and_shown_nowhere(clerk: Clerk) -> None:
    with db.reading() as session:
        row = session.get_one(StaffAccount, clerk.staff_id)
        events = str([(e.action, e.facts, e.object_id) for e in session.scalars(select(AuditEvent))])
    secret, password = clerk.credentials.totp_secret.reveal(), clerk.credentials.password.reveal()
    assert row.password_hash.startswith("$argon2id$")
    assert secret.encode() not in row.totp_secret_enc
    for hidden in (secret, password):
        assert hidden not in f"{clerk.credentials}{events}"


def test_every_sign_in_and_failure_is_audited_with_the_terminal(clerk: Clerk, terminal: Terminal) -> None:
    clerk.sign_in(terminal, code="000000")
    clerk.sign_in(terminal)
    with db.reading() as session:
        found = [
            (event.action, event.actor, event.object_id)
            for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
            if event.action.startswith("staff.sign")
        ]
    place = str(terminal.terminal_id)
    assert found == [("staff.sign_in_failed", "ST-01", place), ("staff.signed_in", "ST-01", place)]


def test_a_number_is_given_once(clerk: Clerk) -> None:
    with pytest.raises(StaffExists):
        add_clerk()


def test_an_account_has_known_roles_whatever_is_written(clerk: Clerk) -> None:
    for roles in ('["king"]', "[]"):
        with pytest.raises(Exception, match="ck_staff_accounts_roles"), db.transaction() as session:
            session.execute(text("UPDATE staff_accounts SET roles = CAST(:roles AS jsonb)"), {"roles": roles})
