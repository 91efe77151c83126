"""Terminals are named by an operator; browsers join with a code, once and soon; its reader serves no other page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import cards, clock, db, organisations
from app.organisations import Place, Terminal, TerminalExists
from tests.organisations.counter import Clerk, add_terminal, who


def code_for(terminal: Terminal, place: Place) -> str:
    with db.transaction() as session:
        return organisations.issue_terminal_code(session, terminal.terminal_id, place)


def at(token: str, place: Place) -> Terminal | None:
    with db.reading() as session:
        return organisations.terminal_of(session, token, place)


def test_a_browser_joins_with_its_code_once(terminal: Terminal) -> None:
    code = code_for(terminal, "desk")
    token = organisations.join_terminal(code.lower().replace("-", " "), "desk")
    assert token is not None
    found = at(token, "desk")
    assert found is not None
    assert (found.terminal_id, found.has_desk, found.has_screen) == (terminal.terminal_id, True, False)
    assert organisations.join_terminal(code, "desk") is None


def test_a_code_for_the_screen_makes_no_desk_and_a_screens_token_opens_none(terminal: Terminal) -> None:
    assert organisations.join_terminal(code_for(terminal, "screen"), "desk") is None
    token = organisations.join_terminal(code_for(terminal, "screen"), "screen")
    assert token is not None
    assert at(token, "desk") is None


def test_a_code_lives_ten_minutes(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    code = code_for(terminal, "desk")
    late = clock.real_now() + timedelta(minutes=10)
    monkeypatch.setattr(clock, "real_now", lambda: late)
    assert organisations.join_terminal(code, "desk") is None


@pytest.mark.parametrize("typed", ["", "ABCD-2345", "あいうえ", "A" * 5000])
def test_a_made_up_code_does_nothing(terminal: Terminal, typed: str) -> None:
    assert organisations.join_terminal(typed, "desk") is None


def test_who_joins_later_has_the_place_and_the_earlier_browser_is_signed_out(terminal: Terminal, clerk: Clerk) -> None:
    first = organisations.join_terminal(code_for(terminal, "desk"), "desk")
    signed_in = clerk.sign_in(terminal)
    second = organisations.join_terminal(code_for(terminal, "desk"), "desk")
    assert first is not None
    assert second is not None
    assert at(first, "desk") is None
    assert at(second, "desk") is not None
    assert who(signed_in, terminal) is None


def test_a_closed_terminal_lets_nobody_in(terminal: Terminal, clerk: Clerk) -> None:
    code, token = code_for(terminal, "desk"), organisations.join_terminal(code_for(terminal, "desk"), "desk")
    signed_in = clerk.sign_in(terminal)
    with db.transaction() as session:
        assert organisations.close_terminal(session, terminal.terminal_id)
        assert not organisations.close_terminal(session, terminal.terminal_id)
    assert token is not None
    assert at(token, "desk") is None
    assert organisations.join_terminal(code, "desk") is None
    assert who(signed_in, terminal) is None
    assert clerk.sign_in(terminal) is None


def test_a_name_and_a_reader_belong_to_one_open_terminal(terminal: Terminal) -> None:
    with pytest.raises(TerminalExists):
        add_terminal(terminal.name)
    with pytest.raises(TerminalExists), db.transaction() as session:
        organisations.add_terminal(session, municipality_code="992011", name="別の名前", agent_id=terminal.agent_id)


def test_a_reader_at_a_counter_is_found_by_no_residents_page() -> None:
    terminal = add_terminal("3番窓口", kind="unattended")
    with db.reading() as session:
        reader = cards.reader_at_counter(session, terminal.agent_id)
        assert reader is not None
        assert reader.kind == "attended"
        assert cards.find_reader(session, reader.reader_no) is None
    with db.transaction() as session:
        cards.take_from_counter(session, terminal.agent_id)
        found = cards.find_reader(session, reader.reader_no)
    assert found is not None
    assert found.kind == "unattended"
