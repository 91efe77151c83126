"""The life of a card session: opened by one browser for one reader, taken once, ended for good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from app import cards, clock, db
from app.cards.models import CardSession
from app.settings import Settings
from tests.cards.reading import (
    BROWSER,
    POLICY,
    Visit,
    all_evidence,
    cancel,
    enrol,
    open_session,
    problem,
    progress,
    seen,
    state,
    stored,
    take,
)

pytestmark = pytest.mark.usefixtures("database")


def test_the_reader_is_told_what_is_to_be_read_and_why() -> None:
    reader = enrol()
    session_id = open_session(reader, seconds=180)
    view, task = seen(session_id), take(reader)
    assert view is not None
    assert task is not None
    assert (task.session_id, task.purpose, task.policy_id) == (session_id, "apply", POLICY)
    assert task.confirmation == view.confirmation
    assert len(task.challenge) == 32
    assert 170 < task.expires_in <= 180


def test_a_session_is_taken_once() -> None:
    reader = enrol()
    session_id = open_session(reader)
    assert take(reader) is not None
    assert take(reader) is None
    assert state(session_id) == "taken"


def test_a_session_is_taken_once_by_many_polls_at_the_same_moment() -> None:
    reader, start = enrol(), threading.Barrier(4)
    open_session(reader)

    def poll(_: int) -> cards.Task | None:
        start.wait(10)
        return take(reader)

    with ThreadPoolExecutor(4) as pool:
        assert sum(task is not None for task in pool.map(poll, range(4))) == 1


def test_a_reader_gets_only_its_own_sessions_oldest_first() -> None:
    reader, other = enrol(), enrol()
    first = open_session(reader, browser=b"1" * 32)
    second = open_session(reader, browser=b"2" * 32)
    assert take(other) is None
    assert [task.session_id for task in (take(reader), take(reader)) if task] == [first, second]


def test_no_two_challenges_are_alike() -> None:
    reader = enrol()
    challenges = {stored(open_session(reader, browser=bytes([n]) * 32)).challenge for n in range(8)}
    assert len(challenges) == 8


def test_the_waiting_page_follows_the_reader_step_by_step() -> None:
    reader = enrol()
    session_id = open_session(reader)
    assert not progress(reader, session_id, "waiting_card"), "nobody has taken it"
    take(reader)
    for step in cards.PROGRESS:
        assert progress(reader, session_id, step)
        assert state(session_id) == step
    with pytest.raises(ValueError, match="not a step"):
        progress(reader, session_id, "done")


def test_another_reader_cannot_tell_the_progress_of_a_session() -> None:
    reader, other = enrol(), enrol()
    session_id = open_session(reader)
    take(reader)
    assert not progress(other, session_id, "reading")
    assert state(session_id) == "taken"


def test_a_foreign_browser_sees_nothing_and_cancels_nothing() -> None:
    session_id = open_session(enrol())
    assert seen(session_id, b"x" * 32) is None
    assert seen(uuid4()) is None
    cancel(session_id, b"x" * 32)
    assert state(session_id) == "open"


def test_a_new_session_of_the_same_browser_ends_the_earlier_one() -> None:
    reader = enrol()
    earlier, other = open_session(reader), open_session(reader, browser=b"o" * 32)
    later = open_session(reader)
    assert problem(earlier)[0] == "E115"
    assert state(later) == "open"
    assert stored(other).state == "open"


def over(session_id: UUID, visit: Visit) -> bool:
    """Nothing moves a session that is over: no reader takes it, tells progress or hands in a result."""
    result = visit.read("TP-02")
    refused = not progress(visit.reader, session_id, "reading") and not visit.hand_in(result)
    return refused and take(visit.reader) is None and all_evidence() == []


def test_a_cancelled_session_is_over(visit: Callable[..., Visit]) -> None:
    one = visit()
    cancel(one.session_id)
    assert problem(one.session_id)[0] == "E115"
    assert over(one.session_id, one)
    assert state(one.session_id) == "cancelled"


def test_an_expired_session_is_over(visit: Callable[..., Visit]) -> None:
    one = visit()
    with db.transaction() as session:
        session.get_one(CardSession, one.session_id).expires_at = clock.real_now()
    assert problem(one.session_id)[0] == "E114"
    assert over(one.session_id, one)
    assert (state(one.session_id), stored(one.session_id).consumed_at) == ("expired", None)


def test_a_session_that_expired_before_it_was_taken_is_given_to_nobody() -> None:
    reader = enrol()
    session_id = open_session(reader, seconds=-1)
    assert take(reader) is None
    assert problem(session_id)[0] == "E114"


def test_the_moved_business_clock_of_a_demo_lengthens_no_challenge() -> None:
    reader = enrol()
    session_id = open_session(reader, seconds=180)
    with clock.frozen(clock.now().replace(year=2020)):
        view = seen(session_id)
    assert view is not None
    assert 170 < view.seconds_left <= 180


def test_a_session_that_is_done_stays_done(visit: Callable[..., Visit]) -> None:
    one = visit()
    assert one.hand_in(one.read("TP-02"))
    cancel(one.session_id)
    assert not progress(one.reader, one.session_id, "reading")
    view = seen(one.session_id)
    assert view is not None
    assert (view.state, view.problem, view.is_waiting) == ("done", None, False)
    assert view.evidence_id == all_evidence()[0].id


def test_br_50_the_address_of_a_reading_signs_nobody_in_after_the_next_reading_began(
    visit: Callable[..., Visit],
) -> None:
    one = visit()
    one.hand_in(one.read("TP-02"))
    open_session(one.reader, browser=BROWSER)
    assert problem(one.session_id)[0] == "E115"


def test_a_result_for_a_session_that_nobody_took_is_refused(believing: Settings, visit: Callable[..., Visit]) -> None:
    one = visit()
    result = one.read("TP-02")
    with db.transaction() as session:
        session.get_one(CardSession, one.session_id).state = "open"
    assert not one.hand_in(result)
    assert state(one.session_id) == "open"


def test_a_reader_with_one_place_waits_for_one_persons_card() -> None:
    """Else somebody who knows its number could have the next person's card sign in at another screen."""
    reader = enrol(listed=True)
    session_id = open_session(reader)
    with pytest.raises(cards.ReaderBusy) as busy:
        open_session(reader, browser=b"another browser")
    assert 0 < busy.value.seconds <= 181
    with db.transaction() as session:
        cards.cancel_session(session, BROWSER, session_id)
    open_session(reader, browser=b"another browser")


def test_of_many_who_ask_at_the_same_moment_one_gets_the_reader() -> None:
    reader = enrol(listed=True)

    def ask(number: int) -> bool:
        try:
            open_session(reader, browser=b"browser %d" % number)
        except cards.ReaderBusy:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_an_agent_that_knows_its_page_takes_that_session_and_no_other() -> None:
    reader = enrol()
    first = open_session(reader)
    second = open_session(reader, browser=b"another browser")
    with db.transaction() as session:
        task = cards.take_session(session, reader.agent_id, second)
    assert task is not None
    assert task.session_id == second
    with db.transaction() as session:
        assert cards.take_session(session, reader.agent_id, uuid4()) is None
    assert (rest := take(reader)) is not None
    assert rest.session_id == first
