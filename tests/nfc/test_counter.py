"""What is done at a counter only: number B and the change of a PIN (card.md sections 5 and 7)."""

from datetime import date

import pytest

from nfc.counter import CounterOnly, change_pin, number_b, read_four_information_by_number_b
from nfc.pins import Pin, PinFormatError, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import Procedure
from nfc.transports import run
from nfc.transports.guard import ForbiddenCommand, Guarded
from nfc.transports.in_process import InProcess
from tests.nfc.scripted_card import AUTH_PIN, JPKI, NAME_A, NUMBER_B, TEXT_PIN, ScriptedCard, sw
from tests.nfc.scripted_card import TEXT as TEXT_AID
from tests.nfc.sessions import AUTH, TEXT, WRONG_TEXT, pins_sent, read

B = Pin(PinKind.NUMBER_B, NUMBER_B)


def at_the_counter(procedure: Procedure[object], card: ScriptedCard) -> object:
    return run(procedure, Guarded(InProcess(card), counter=True))


def refused_at_the_counter(procedure: Procedure[object], card: ScriptedCard) -> CardProblem:
    with pytest.raises(CardProblem) as caught:
        at_the_counter(procedure, card)
    return caught.value


@pytest.mark.parametrize(
    ("birth", "number"),
    [
        (date(1980, 2, 17), "55021720352285"),
        (date(1926, 12, 24), "15122420352285"),
        (date(1926, 12, 25), "01122520352285"),
        (date(1989, 1, 7), "64010720352285"),
        (date(1989, 1, 8), "01010820352285"),
        (date(2019, 4, 30), "31043020352285"),
        (date(2019, 5, 1), "01050120352285"),
        (date(1912, 7, 29), "45072920352285"),
        (date(1912, 7, 30), "01073020352285"),
        (date(1868, 1, 25), "01012520352285"),
    ],
)
def test_number_b_is_the_era_year_of_birth_the_expiry_and_the_security_code(birth: date, number: str) -> None:
    assert number_b(birth, 2035, "2285").apdu_bytes() == number.encode()


@pytest.mark.parametrize(
    ("birth", "year", "code"),
    [
        (date(1868, 1, 24), 2035, "2285"),
        (date(1980, 2, 17), 35, "2285"),
        (date(1980, 2, 17), 20350, "2285"),
        (date(1980, 2, 17), 2035, "228"),
        (date(1980, 2, 17), 2035, "２２８５"),
        (date(1980, 2, 17), 2035, ""),
    ],
)
def test_a_number_that_cannot_be_computed_costs_no_try(birth: date, year: int, code: str) -> None:
    with pytest.raises(PinFormatError):
        number_b(birth, year, code)


def test_number_b_opens_the_four_information_with_these_bytes() -> None:
    card = ScriptedCard()
    four = at_the_counter(read_four_information_by_number_b(B, counter=True), card)
    assert getattr(four, "name", None) == NAME_A
    assert [apdu.hex().upper() for apdu in card.sent[1:]] == [
        "00200095",
        "002000950E" + NUMBER_B.encode().hex(),
        "00B0820000",
    ]


def test_a_wrong_number_b_is_told_with_the_tries_left() -> None:
    card = ScriptedCard()
    wrong = number_b(date(1980, 2, 18), 2035, "2285")
    problem = refused_at_the_counter(read_four_information_by_number_b(wrong, counter=True), card)
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (Outcome.WRONG_PIN, PinKind.NUMBER_B, 9)


@pytest.mark.parametrize(
    "procedure",
    [
        lambda: read_four_information_by_number_b(B),
        lambda: change_pin(TEXT, Pin(PinKind.TEXT, "1111")),
        lambda: change_pin(AUTH, Pin(PinKind.AUTH, "1111"), counter=1),
    ],
)
def test_without_saying_that_this_is_a_counter_nothing_is_sent(procedure: object) -> None:
    card = ScriptedCard()
    with pytest.raises(CounterOnly):
        at_the_counter(procedure(), card)
    assert card.sent == []


def test_a_reader_for_residents_lets_none_of_it_reach_the_card() -> None:
    card = ScriptedCard()
    with pytest.raises(ForbiddenCommand):
        read(read_four_information_by_number_b(B, counter=True), card)
    with pytest.raises(ForbiddenCommand):
        read(change_pin(TEXT, Pin(PinKind.TEXT, "1111"), counter=True), card)
    assert not any(apdu[1] == 0x24 or apdu[1:4] == b"\x20\x00\x95" for apdu in card.sent)


def test_number_a_and_its_key_stay_forbidden_at_a_counter() -> None:
    guard = Guarded(InProcess(ScriptedCard()), counter=True)
    guard.open()
    guard.transmit(b"\x00\xa4\x04\x0c\x0a" + TEXT_AID)
    for apdu in ("002000940C" + "39" * 12, "00A4020C020014", "00240194 04 31313131".replace(" ", ""), "00B0810000"):
        with pytest.raises(ForbiddenCommand):
            guard.transmit(bytes.fromhex(apdu))


@pytest.mark.parametrize(
    ("old", "aid", "select_key", "query"),
    [
        (Pin(PinKind.TEXT, TEXT_PIN), TEXT_AID, "00A4020C020011", "00200091"),
        (Pin(PinKind.AUTH, AUTH_PIN), JPKI, "00A4020C020018", "00200098"),
    ],
)
def test_a_pin_is_changed_with_these_bytes(old: Pin, aid: bytes, select_key: str, query: str) -> None:
    card = ScriptedCard()
    at_the_counter(change_pin(old, Pin(old.kind, "3691"), counter=True), card)
    assert [apdu.hex().upper() for apdu in card.sent] == [
        "00A4040C0A" + aid.hex().upper(),
        query,
        query + "04" + old.apdu_bytes().hex(),
        select_key,
        "0024018004" + b"3691".hex(),
    ]
    assert card.keys[(aid, int(select_key[-2:], 16))].value == b"3691"


def test_a_wrong_old_pin_changes_nothing() -> None:
    card = ScriptedCard()
    problem = refused_at_the_counter(change_pin(WRONG_TEXT, Pin(PinKind.TEXT, "3691"), counter=True), card)
    assert (problem.outcome, problem.tries_left) == (Outcome.WRONG_PIN, 2)
    assert card.keys[(TEXT_AID, 0x11)].value == TEXT_PIN.encode()


def test_the_last_try_of_the_old_pin_needs_its_own_consent() -> None:
    card = ScriptedCard()
    card.keys[(TEXT_AID, 0x11)].tries = 1
    new = Pin(PinKind.TEXT, "3691")
    assert refused_at_the_counter(change_pin(TEXT, new, counter=True), card).outcome is Outcome.LAST_TRY
    assert pins_sent(card) == []
    at_the_counter(change_pin(TEXT, new, counter=True, allow_last_try=True), card)


def test_a_card_lost_while_it_changes_the_pin_is_told_as_unknown_and_nothing_is_repeated() -> None:
    def lose(apdu: bytes, index: int) -> bytes | None:
        if apdu[1] == 0x24:
            raise OSError
        return None

    card = ScriptedCard(override=lose)
    problem = refused_at_the_counter(change_pin(TEXT, Pin(PinKind.TEXT, "3691"), counter=True), card)
    assert (problem.outcome, problem.pin_kind) == (Outcome.UNKNOWN_OUTCOME, PinKind.TEXT)
    assert [apdu[1] for apdu in card.sent].count(0x24) == 1


@pytest.mark.parametrize("word", [0x6581, 0x6A80, 0x6982, 0x6C04, 0x6104])
def test_a_refused_change_is_not_sent_again(word: int) -> None:
    card = ScriptedCard(override=lambda apdu, _: sw(word) if apdu[1] == 0x24 else None)
    problem = refused_at_the_counter(change_pin(TEXT, Pin(PinKind.TEXT, "3691"), counter=True), card)
    assert problem.pin_kind is PinKind.TEXT
    assert [apdu[1] for apdu in card.sent].count(0x24) == 1


def test_pins_of_different_kinds_and_the_signature_password_are_not_changed_here() -> None:
    for old, new in (
        (TEXT, Pin(PinKind.AUTH, "3691")),
        (Pin(PinKind.SIGN, "TEST123"), Pin(PinKind.SIGN, "TEST456")),
        (B, B),
    ):
        with pytest.raises(ValueError, match="own kind"):
            next(change_pin(old, new, counter=True))
    with pytest.raises(ValueError, match="number B"):
        next(read_four_information_by_number_b(TEXT, counter=True))
