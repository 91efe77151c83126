"""PINs in the procedures: query first, never twice, never the last try unasked (card.md N6 to N8)."""

from collections.abc import Callable

import pytest

from nfc.apdu import parse_response
from nfc.pins import Pin, PinKind
from nfc.problems import Outcome
from nfc.procedures import (
    preview,
    read_four_information,
    read_whole,
    recount,
    sign_challenge,
)
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from tests.nfc.scripted_card import (
    NAME_A,
    SIGN_PIN,
    ScriptedCard,
    sw,
)
from tests.nfc.scripted_card import TEXT as TEXT_AID
from tests.nfc.sessions import (
    AUTH,
    TEXT,
    WRONG_AUTH,
    WRONG_TEXT,
    assert_every_verify_follows_its_query,
    pins_sent,
    read,
    refused,
)

SELECT_TEXT = "00A4040C0AD3921000310001010408"
SELECT_JPKI = "00A4040C0AD392F000260100000001"
MESSAGE = b"what the card signs"


def answering(answers: dict[str, bytes]) -> Callable[[bytes, int], bytes | None]:
    """An override: commands that begin with the given hexadecimal text get the given answer."""

    def override(apdu: bytes, index: int) -> bytes | None:
        text = apdu.hex().upper()
        return next((answer for begin, answer in answers.items() if text.startswith(begin)), None)

    return override


def traffic(card: ScriptedCard) -> list[str]:
    return [apdu.hex().upper() for apdu in card.sent]


def test_a_wrong_pin_ends_with_the_tries_left_and_is_not_repeated() -> None:
    card = ScriptedCard()
    problem = refused(read_four_information(WRONG_TEXT), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (Outcome.WRONG_PIN, PinKind.TEXT, 2)
    assert len(pins_sent(card)) == 1
    assert_every_verify_follows_its_query(card.sent)


def test_with_one_try_left_nothing_is_sent_until_the_person_wants_it() -> None:
    card = ScriptedCard()
    card.keys[(TEXT_AID, 0x11)].tries = 1
    problem = refused(read_four_information(TEXT), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (Outcome.LAST_TRY, PinKind.TEXT, 1)
    assert pins_sent(card) == []
    assert read(read_four_information(TEXT, allow_last_try=True), card).name == NAME_A
    assert card.keys[(TEXT_AID, 0x11)].tries == 3


def test_a_wrong_last_try_blocks_and_says_so() -> None:
    card = ScriptedCard()
    card.keys[(TEXT_AID, 0x11)].tries = 1
    problem = refused(read_four_information(WRONG_TEXT, allow_last_try=True), card)
    assert (problem.outcome, problem.tries_left, problem.sw) == (Outcome.BLOCKED, 0, 0x63C0)


@pytest.mark.parametrize("word", [0x63C0, 0x6983, 0x6984])
def test_a_blocked_pin_is_known_from_the_query_in_every_spelling_and_nothing_is_sent(word: int) -> None:
    card = ScriptedCard(override=lambda apdu, _: sw(word) if len(apdu) == 4 else None)
    problem = refused(read_four_information(TEXT, allow_last_try=True), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (Outcome.BLOCKED, PinKind.TEXT, 0)
    assert pins_sent(card) == []


@pytest.mark.parametrize("word", [0x9000, 0x6300])
def test_a_query_without_a_number_is_unknown_and_goes_on(word: int) -> None:
    card = ScriptedCard(override=lambda apdu, _: sw(word) if len(apdu) == 4 else None)
    assert read(preview(), card).text_tries is None
    assert read(read_four_information(TEXT), card).name == NAME_A


def test_the_wrong_authentication_pin_is_told_as_that_one() -> None:
    card = ScriptedCard()
    problem = refused(read_whole(TEXT, WRONG_AUTH, MESSAGE), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (Outcome.WRONG_PIN, PinKind.AUTH, 2)
    assert card.keys[(TEXT_AID, 0x11)].tries == 3


def test_the_tries_run_down_as_measured_and_never_rise_without_the_right_pin() -> None:
    card = ScriptedCard()
    ends = [refused(read_four_information(WRONG_TEXT, allow_last_try=True), card) for _ in range(4)]
    assert [(end.outcome, end.tries_left) for end in ends] == [
        (Outcome.WRONG_PIN, 2),
        (Outcome.WRONG_PIN, 1),
        (Outcome.BLOCKED, 0),
        (Outcome.BLOCKED, 0),
    ]
    assert len(pins_sent(card)) == 3
    assert refused(read_four_information(TEXT, allow_last_try=True), card).outcome is Outcome.BLOCKED


VERIFY_TEXT = "0020009104"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        (0x6300, Outcome.WRONG_PIN),
        (0x6581, Outcome.CARD_FAULT),
        (0x6F00, Outcome.CARD_FAULT),
        (0x6C04, Outcome.CARD_FAULT),
        (0x6102, Outcome.CARD_FAULT),
        (0x6700, Outcome.ORDER_BUG),
        (0x6A88, Outcome.CARD_UNUSABLE),
        (0x1234, Outcome.CARD_FAULT),
    ],
)
def test_after_a_verify_without_a_number_the_tries_are_asked_and_nothing_is_repeated(
    word: int, outcome: Outcome
) -> None:
    card = ScriptedCard(override=answering({VERIFY_TEXT: sw(word)}))
    problem = refused(read_four_information(TEXT), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left, problem.sw) == (outcome, PinKind.TEXT, 3, word)
    assert traffic(card) == [SELECT_TEXT, "00200091", VERIFY_TEXT + b"2580".hex(), "00200091"]


@pytest.mark.parametrize(
    ("word", "outcome"), [(0x6581, Outcome.CARD_FAULT), (0x6C00, Outcome.CARD_FAULT), (0x6982, Outcome.ORDER_BUG)]
)
def test_a_failed_signature_is_not_repeated_and_the_tries_are_told(word: int, outcome: Outcome) -> None:
    card = ScriptedCard(override=answering({"802A": sw(word)}))
    problem = refused(read_whole(TEXT, AUTH, MESSAGE), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (outcome, PinKind.AUTH, 3)
    assert [text[:4] for text in traffic(card)].count("802A") == 1


def test_a_signature_of_another_length_is_malformed() -> None:
    card = ScriptedCard(override=answering({"802A": bytes(255) + sw(0x9000)}))
    assert refused(read_whole(TEXT, AUTH, MESSAGE), card).outcome is Outcome.MALFORMED


def test_a_signature_that_comes_by_get_response_is_put_together() -> None:
    parts = {"802A": b"\x01" * 200 + sw(0x6138), "00C0000038": b"\x02" * 56 + sw(0x9000)}
    card = ScriptedCard(override=answering(parts))
    assert read(read_whole(TEXT, AUTH, MESSAGE), card).signature == b"\x01" * 200 + b"\x02" * 56


def test_a_card_without_this_pin_sends_the_person_to_the_counter() -> None:
    card = ScriptedCard()
    card.keys.clear()
    problem = refused(preview(), card)
    assert (problem.outcome, problem.pin_kind, problem.sw) == (Outcome.CARD_UNUSABLE, PinKind.TEXT, 0x6A88)


def test_the_authentication_key_takes_no_other_pin() -> None:
    for kind, value in ((PinKind.TEXT, "2580"), (PinKind.SIGN, SIGN_PIN)):
        with pytest.raises(ValueError, match="authentication PIN"):
            next(sign_challenge(MESSAGE, Pin(kind, value)))


def test_the_tries_of_any_pin_can_be_asked_after_power_on() -> None:
    card = ScriptedCard()
    transport = Guarded(InProcess(card), counter=True)
    assert [run(recount(kind), transport) for kind in PinKind] == [3, 3, 5, 10]
    assert traffic(card)[-1] == "00200095"


def test_verify_commands_are_marked_secret_and_no_other_one_is() -> None:
    procedure = read_four_information(TEXT)
    select = next(procedure)
    card = ScriptedCard()
    card.power_on()
    commands = [select]
    with pytest.raises(StopIteration):
        while True:
            raw = card.transmit(commands[-1].apdu)
            commands.append(procedure.send(parse_response(raw)))
    assert [command.secret for command in commands] == [False, False, True, False]
