"""The state machine of one card session: every pair of state and action, and what time does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nfc.agent.task import CardSessionTask, TaskError
from nfc.agent.visit import (
    SESSION_ENDED,
    TIMED_OUT,
    TRANSITIONS,
    Ending,
    EnteredPins,
    Tries,
    Visit,
    VisitAction,
    VisitState,
    WrongMoment,
)
from nfc.pins import Pin, PinKind
from tests.nfc_agent.conftest import Clock
from tests.nfc_agent.service import task_json

PINS = EnteredPins(Pin(PinKind.TEXT, "2580"), Pin(PinKind.AUTH, "1470"), frozenset())
READ_ENDING = Ending("card_fault")

# The way to each state, and each action as its callers do it.
WAYS: dict[VisitState, list[Callable[[Visit], None]]] = {
    VisitState.WAITING_CARD: [],
    VisitState.WAITING_PIN: [lambda visit: visit.card_shown(Tries(3, 3))],
    VisitState.READING: [lambda visit: visit.card_shown(Tries(3, 3)), lambda visit: visit.enter_pins(PINS)],
    VisitState.DONE: [
        lambda visit: visit.card_shown(Tries(3, 3)),
        lambda visit: visit.enter_pins(PINS),
        lambda visit: visit.finish(),
    ],
    VisitState.FAILED: [lambda visit: visit.cancel()],
}
ACTIONS: dict[VisitAction, Callable[[Visit], None]] = {
    VisitAction.CARD_SHOWN: lambda visit: visit.card_shown(Tries(3, 3)),
    VisitAction.PINS_ENTERED: lambda visit: visit.enter_pins(PINS),
    VisitAction.CANCEL: lambda visit: visit.cancel(),
    VisitAction.REFUSE: lambda visit: visit.refuse(READ_ENDING),
    VisitAction.FINISH: lambda visit: visit.finish(),
}


def make(clock: Callable[[], float] | None = None, **changes: object) -> Visit:
    return Visit(CardSessionTask.from_json(task_json(**changes)), clock=clock or Clock())


def visit_in(state: VisitState, clock: Callable[[], float] | None = None) -> Visit:
    visit = make(clock)
    for step in WAYS[state]:
        step(visit)
    assert visit.state is state
    return visit


@pytest.mark.parametrize("state", VisitState)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_pair_of_state_and_action_does_what_the_table_says(state: VisitState, action: VisitAction) -> None:
    visit = visit_in(state)
    before = visit.revision
    expected = TRANSITIONS.get((state, action))
    if expected is None:
        with pytest.raises(WrongMoment):
            ACTIONS[action](visit)
        assert (visit.state, visit.revision) == (state, before)
    else:
        ACTIONS[action](visit)
        assert visit.state is expected
        assert visit.revision == before + 1


@pytest.mark.parametrize("state", VisitState)
def test_time_ends_a_visit_that_waits_for_a_person_and_no_other(state: VisitState) -> None:
    clock = Clock()
    visit = visit_in(state, clock)
    clock.now += 174.9
    assert visit.wait(0) is state
    clock.now += 0.1
    waits = state in {VisitState.WAITING_CARD, VisitState.WAITING_PIN}
    assert visit.wait(0) is (VisitState.FAILED if waits else state)
    assert (visit.view().ending == TIMED_OUT) is waits


def test_pins_that_come_after_the_time_are_not_taken() -> None:
    clock = Clock()
    visit = visit_in(VisitState.WAITING_PIN, clock)
    clock.now += 175
    with pytest.raises(WrongMoment):
        visit.enter_pins(PINS)
    assert visit.state is VisitState.FAILED


def test_a_visit_never_waits_longer_than_three_minutes_whatever_the_service_says() -> None:
    clock = Clock()
    visit = make(clock, expires_in=86_400)
    clock.now += 180
    assert visit.wait(0) is VisitState.FAILED


def test_the_pins_are_handed_over_once() -> None:
    visit = visit_in(VisitState.READING)
    assert visit.take_pins() is PINS
    with pytest.raises(WrongMoment):
        visit.take_pins()


def test_no_representation_shows_a_pin() -> None:
    visit = visit_in(VisitState.READING)
    shown = (
        repr(visit) + str(visit) + repr(PINS) + repr(visit.view()) + repr(WrongMoment(visit.state, VisitAction.CANCEL))
    )
    assert "2580" not in shown
    assert "1470" not in shown


def test_a_session_that_the_service_ended_is_told_from_a_cancelled_one() -> None:
    visit = make()
    visit.cancel(SESSION_ENDED)
    assert visit.view().ending == SESSION_ENDED


def test_every_visit_has_a_token_of_its_own() -> None:
    assert len({make().form_token for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "changes",
    [
        {"session_id": "../../etc"},
        {"session_id": "0192F0C1-2345-7ABC-8DEF-0123456789AB"},
        {"session_id": 5},
        {"challenge": "ab" * 31},
        {"challenge": "AB" * 32},
        {"purpose": "vote"},
        {"policy_title": "x" * 201},
        {"policy_title": "a\u202eb"},
        {"policy_title": ""},
        {"municipality_name": 5},
        {"origin": "javascript:alert(1)"},
        {"origin": None},
        {"confirmation": "4８"},
        {"confirmation": "480"},
        {"expires_in": -1},
        {"expires_in": True},
        {"expires_in": "180"},
    ],
)
def test_a_task_that_is_not_as_agreed_is_refused_with_its_field(changes: dict[str, object]) -> None:
    with pytest.raises(TaskError, match=next(iter(changes))):
        CardSessionTask.from_json(task_json(**changes))


@pytest.mark.parametrize("value", [None, [], "task", 5])
def test_what_is_no_object_is_no_task(value: object) -> None:
    with pytest.raises(TaskError):
        CardSessionTask.from_json(value)


def test_a_status_session_has_no_policy() -> None:
    task = CardSessionTask.from_json(
        task_json(purpose="status", policy_id=None, policy_title=None, municipality_name=None)
    )
    assert (task.purpose, task.policy_id) == ("status", None)
