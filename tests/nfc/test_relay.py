"""The relay: procedures replayed on one side, commands run and PINs filled in on the other (card.md 12.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from nfc.pins import Pin, PinKind, PinSlot
from nfc.problems import CardProblem, Outcome
from nfc.procedures import CardReading, Procedure, read_whole, verify_pin
from nfc.transports.guard import ForbiddenCommand
from nfc.transports.in_process import InProcess
from nfc.transports.relay import (
    MAX_ANSWERS,
    Finished,
    RelayAnswer,
    RelayCommand,
    RelayError,
    Script,
    Slot,
    answers_from_json,
    answers_to_json,
    replay,
    run_relayed,
    script_from_json,
    script_to_json,
)
from tests.nfc.scripted_card import AUTH_PIN, NAME_A, SIGNING_KEY, TEXT_PIN, ScriptedCard, sw
from tests.nfc.scripted_card import TEXT as TEXT_AID
from tests.nfc.sessions import TEXT, pins_sent

MESSAGE = b"what the card signs"


class Service:
    """The far side, as the service plays it; keeps what went over the wire to be searched, and nothing else."""

    def __init__(self, allow_last_try: frozenset[PinKind] = frozenset()) -> None:
        self.allow_last_try = allow_last_try
        self.end: Finished | None = None
        self.wire: list[object] = []

    def __call__(self, answers: tuple[RelayAnswer, ...]) -> Script:
        request = answers_to_json(answers)
        after = replay(self.procedure(), answers_from_json(request))
        if isinstance(after, Finished):
            self.end, script = after, Script(answered=len(answers), finished=True)
        else:
            script = after
        answer = script_to_json(script)
        self.wire += [request, answer]
        return script_from_json(answer)

    def procedure(self) -> Procedure[CardReading]:
        slots = PinSlot(PinKind.TEXT), PinSlot(PinKind.AUTH)
        return read_whole(*slots, MESSAGE, allow_last_try=self.allow_last_try)


class Person:
    """Enters PINs, and remembers what was shown."""

    def __init__(self, text: str = TEXT_PIN, auth: str = AUTH_PIN) -> None:
        self.pins = {PinKind.TEXT: text, PinKind.AUTH: auth}
        self.asked: list[tuple[PinKind, int | None]] = []

    def __call__(self, kind: PinKind, tries_left: int | None) -> Pin:
        self.asked.append((kind, tries_left))
        return Pin(kind, self.pins[kind])


def relayed(card: ScriptedCard, person: Person | None = None, service: Service | None = None) -> Service:
    service = service or Service()
    run_relayed(service, InProcess(card), person or Person())
    assert not card.powered
    return service


def test_a_whole_visit_over_the_relay_reads_the_card_and_signs() -> None:
    card, person = ScriptedCard(), Person()
    service = relayed(card, person)
    assert service.end is not None
    reading = service.end.result
    assert isinstance(reading, CardReading)
    assert reading.four_information.name == NAME_A
    SIGNING_KEY.public_key().verify(reading.signature, MESSAGE, PKCS1v15(), SHA256())
    assert len(card.sent) == 14
    assert person.asked == [(PinKind.TEXT, 3), (PinKind.AUTH, 3)]


def test_no_pin_crosses_the_wire() -> None:
    card = ScriptedCard()
    wire = str(relayed(card).wire)
    for pin in (TEXT_PIN, AUTH_PIN):
        assert f"04{pin.encode().hex()}".upper() not in wire
        assert pin.encode() in b"".join(card.sent)
    assert wire.count("'pin': 'text'") == wire.count("'pin': 'auth'") == 1


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (Person(text="0000"), (Outcome.WRONG_PIN, PinKind.TEXT, 2)),
        (Person(auth="0000"), (Outcome.WRONG_PIN, PinKind.AUTH, 2)),
    ],
)
def test_a_wrong_pin_ends_the_visit_with_the_tries_left(person: Person, expected: tuple[Outcome, PinKind, int]) -> None:
    end = relayed(ScriptedCard(), person).end
    assert end is not None and end.problem is not None
    assert (end.problem.outcome, end.problem.pin_kind, end.problem.tries_left) == expected


def test_the_last_try_is_used_only_with_consent() -> None:
    card = ScriptedCard()
    card.keys[(TEXT_AID, 0x11)].tries = 1
    end = relayed(card).end
    assert end is not None and end.problem is not None
    assert end.problem.outcome is Outcome.LAST_TRY
    assert pins_sent(card) == []
    person = Person()
    allowed = relayed(card, person, Service(frozenset({PinKind.TEXT})))
    assert allowed.end is not None and allowed.end.problem is None
    assert person.asked[0] == (PinKind.TEXT, 1)


@pytest.mark.parametrize("lost_at", range(14))
def test_a_card_lost_at_any_command_ends_the_visit_and_sends_no_pin_twice(lost_at: int) -> None:
    def lose(apdu: bytes, index: int) -> bytes | None:
        if index == lost_at:
            raise OSError
        return None

    card = ScriptedCard(override=lose)
    end = relayed(card).end
    assert end is not None and end.problem is not None
    verify = card.sent[lost_at][1] == 0x20 and len(card.sent[lost_at]) > 4
    assert end.problem.outcome is (Outcome.UNKNOWN_OUTCOME if verify else Outcome.CARD_REMOVED)
    assert len(pins_sent(card)) == len(set(pins_sent(card)))


def test_no_card_at_all_is_told() -> None:
    class Empty:
        def open(self) -> None:
            raise CardProblem(Outcome.NO_CARD)

        def transmit(self, apdu: bytes) -> bytes:
            raise AssertionError

        def close(self) -> None:
            pass

    service = Service()
    run_relayed(service, Empty(), Person())
    assert service.end is not None and service.end.problem is not None
    assert service.end.problem.outcome is Outcome.NO_CARD


# A service that went astray, and a client that lies.


def scripted(*scripts: Script) -> Callable[[tuple[RelayAnswer, ...]], Script]:
    rest = iter(scripts)
    return lambda answers: next(rest)


SELECT_TEXT = RelayCommand(bytes.fromhex("00A4040C0AD3921000310001010408"))


@pytest.mark.parametrize("apdu", ["00B0810000", "00A4020C020001", "0020009400", "00200094"])
def test_what_a_card_must_never_be_asked_is_refused_beside_the_card(apdu: str) -> None:
    card = ScriptedCard()
    script = Script((SELECT_TEXT, RelayCommand(bytes.fromhex(apdu))))
    with pytest.raises((ForbiddenCommand, RelayError)):
        run_relayed(scripted(script), InProcess(card), Person())
    assert card.sent == [SELECT_TEXT.apdu]
    assert not card.powered


def test_a_pin_that_the_service_filled_in_itself_is_refused() -> None:
    card = ScriptedCard()
    script = Script((SELECT_TEXT, RelayCommand(bytes.fromhex("0020009104") + b"1234")))
    with pytest.raises(RelayError):
        run_relayed(scripted(script), InProcess(card), Person())
    assert pins_sent(card) == []


@pytest.mark.parametrize(
    "change",
    [
        {"apdu": "00A4040C0400000000"},
        {"apdu": "00D6000004" + "00" * 4},
        {"apdu": "002000980400000000"},
        {"apdu": "002000910400000001"},
        {"slot": {"pin": "text", "offset": 4, "length": 4, "tries_left": 3}},
        {"slot": {"pin": "text", "offset": 5, "length": 5, "tries_left": 3}},
        {"slot": {"pin": "sign", "offset": 5, "length": 4, "tries_left": 3}},
        {"slot": {"pin": "text", "offset": 5, "length": 4, "tries_left": "3"}},
        {"slot": "text"},
        {"apdu": "zz"},
        {"apdu": None},
    ],
)
def test_a_place_for_a_pin_is_only_in_the_verify_of_that_pin(change: dict[str, object]) -> None:
    command = {
        "apdu": "002000910400000000",
        "slot": {"pin": "text", "offset": 5, "length": 4, "tries_left": 3},
    }
    fine: dict[str, Any] = {"finished": False, "answered": 1, "commands": [command]}
    assert script_from_json(fine).commands[0].slot == Slot(PinKind.TEXT, 5, 4, 3)
    with pytest.raises(RelayError):
        script_from_json(fine | {"commands": [command | change]})


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"finished": True, "answered": 0, "commands": [{"apdu": "00200091", "slot": None}]},
        {"finished": False, "answered": 0, "commands": []},
        {"finished": False, "answered": -1, "commands": [{"apdu": "00200091", "slot": None}]},
        {"finished": False, "answered": True, "commands": [{"apdu": "00200091", "slot": None}]},
        {"finished": False, "answered": 0, "commands": [{"apdu": "00200091", "slot": None}] * 17},
    ],
)
def test_a_script_of_another_form_is_refused(value: object) -> None:
    with pytest.raises(RelayError):
        script_from_json(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [{}],
        [{"response": "90"}],
        [{"response": "9000", "failure": "no_card"}],
        [{"failure": "ok"}],
        [{"failure": "wrong_pin"}],
        [{"response": "90 00"}],
        [{"response": "90" * 5000}],
        [{"response": "9000"}] * (MAX_ANSWERS + 1),
    ],
)
def test_answers_of_another_form_are_refused(value: object) -> None:
    with pytest.raises(RelayError):
        answers_from_json(value)


def test_answers_beyond_the_end_of_the_procedure_are_refused() -> None:
    gone = RelayAnswer(failure=Outcome.NO_CARD)
    with pytest.raises(RelayError):
        replay(Service().procedure(), [gone, gone])


def test_a_script_that_does_not_follow_the_answers_is_refused() -> None:
    with pytest.raises(RelayError, match="next"):
        run_relayed(scripted(Script((SELECT_TEXT,), answered=3)), InProcess(ScriptedCard()), Person())


def test_a_card_that_never_ends_is_given_up() -> None:
    endless = [RelayAnswer(sw(0x9000))] * 3 + [RelayAnswer(sw(0x6100))] * (MAX_ANSWERS - 3)
    end = replay(verify_pin(PinSlot(PinKind.TEXT)), [RelayAnswer(sw(0x63C3))])
    assert isinstance(end, Script)
    finished = replay(Service().procedure(), endless)
    assert isinstance(finished, Finished) and finished.problem is not None


def test_a_real_pin_on_the_services_side_would_not_leave_it() -> None:
    with pytest.raises(RelayError, match="slot"):
        replay(verify_pin(TEXT), [RelayAnswer(sw(0x63C3))])


ANSWERS = st.lists(
    st.builds(RelayAnswer, st.binary(min_size=2, max_size=300)) | st.builds(lambda: RelayAnswer(sw(0x9000))),
    max_size=20,
)


@given(ANSWERS)
def test_whatever_a_client_says_the_replay_is_a_script_an_end_or_a_refusal(answers: list[RelayAnswer]) -> None:
    try:
        after = replay(Service().procedure(), answers_from_json(answers_to_json(answers)))
    except RelayError:
        return
    if isinstance(after, Script):
        assert script_from_json(script_to_json(after)) == after
        assert replay(Service().procedure(), answers) == after, "the same answers lead to the same place"


def test_nothing_of_the_card_shows_in_a_repr() -> None:
    service = relayed(ScriptedCard())
    shown = repr(service.end) + repr(RelayAnswer(b"secret\x90\x00")) + repr(RelayCommand(b"secret"))
    assert NAME_A not in shown
    assert "secret" not in shown
