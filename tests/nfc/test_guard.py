"""The deny list (card.md N1 and N2) against a caller who tries every spelling, for a lenient card of any kind."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfc.apdu import Command
from nfc.pins import PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import (
    Procedure,
    preview,
    read_authentication_certificate,
    read_four_information,
    read_whole,
    recount,
)
from nfc.transports import run
from nfc.transports.guard import ForbiddenCommand, Guarded
from tests.nfc.scripted_card import JPKI, TEXT, VISUAL, ScriptedCard
from tests.nfc.sessions import AUTH, Counting
from tests.nfc.sessions import TEXT as TEXT_PIN

SELECT = {aid: b"\x00\xa4\x04\x0c\x0a" + aid for aid in (TEXT, VISUAL, JPKI)}
FORBIDDEN = {TEXT: (0x01, 0x14), VISUAL: (0x05, 0x13)}


class Lenient:
    """A card that says yes to everything, and remembers it."""

    def __init__(self, answer: bytes = b"\x90\x00") -> None:
        self.answer = answer
        self.sent: list[bytes] = []

    def open(self) -> None:
        self.sent.clear()

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        return self.answer

    def close(self) -> None:
        pass


def spellings(sfi: int) -> dict[str, bytes]:
    """Ways to name one file to a card, usual and unusual."""
    one = bytes((sfi,))
    return {
        "SELECT EF": b"\x00\xa4\x02\x0c\x02\x00" + one,
        "SELECT EF with answer": b"\x00\xa4\x02\x00\x02\x00" + one + b"\x00",
        "SELECT EF, extended": b"\x00\xa4\x02\x0c\x00\x00\x02\x00" + one,
        "SELECT by any id": b"\x00\xa4\x00\x0c\x02\x00" + one,
        "SELECT child": b"\x00\xa4\x01\x0c\x02\x00" + one,
        "SELECT by path": b"\x00\xa4\x08\x0c\x04\x3f\x00\x00" + one,
        "SELECT by path from here": b"\x00\xa4\x09\x0c\x02\x00" + one,
        "SELECT EF on channel 1": b"\x01\xa4\x02\x0c\x02\x00" + one,
        "SELECT EF chained": b"\x10\xa4\x02\x0c\x02\x00" + one,
        "SELECT EF in secure messaging": b"\x0c\xa4\x02\x0c\x02\x00" + one,
        "READ by short id": bytes((0x00, 0xB0, 0x80 | sfi, 0x00, 0x00)),
        "READ by short id, extended": bytes((0x00, 0xB0, 0x80 | sfi, 0x00, 0x00, 0x00, 0x00)),
        "READ by short id, offset": bytes((0x00, 0xB0, 0x80 | sfi, 0x03, 0x0C)),
        "READ by short id, spare bits": bytes((0x00, 0xB0, 0xE0 | sfi, 0x00, 0x00)),
        "READ by short id on channel 3": bytes((0x03, 0xB0, 0x80 | sfi, 0x00, 0x00)),
        "READ in secure messaging": bytes((0x04, 0xB0, 0x80 | sfi, 0x00, 0x00)),
        "READ, odd instruction": bytes((0x00, 0xB1, 0x00, sfi, 0x04, 0x54, 0x02, 0x00, 0x00, 0x00)),
        "READ RECORD by short id": bytes((0x00, 0xB2, 0x01, sfi << 3 | 0x04, 0x00)),
        "SEARCH BINARY": bytes((0x00, 0xA0, 0x80 | sfi, 0x00, 0x01, 0x31)),
        "UPDATE BINARY": bytes((0x00, 0xD6, 0x80 | sfi, 0x00, 0x01, 0x31)),
        "query": bytes((0x00, 0x20, 0x00, 0x80 | sfi)),
        "query, global": bytes((0x00, 0x20, 0x00, sfi)),
        "VERIFY": bytes((0x00, 0x20, 0x00, 0x80 | sfi, 0x0C)) + b"9" * 12,
        "VERIFY, odd instruction": bytes((0x00, 0x21, 0x00, 0x80 | sfi, 0x0C)) + b"9" * 12,
        "CHANGE REFERENCE DATA": bytes((0x00, 0x24, 0x01, 0x80 | sfi, 0x04)) + b"1111",
        "CHANGE KEY": bytes((0x80, 0x32, 0x00, 0x80 | sfi, 0x04)) + b"1111",
        "sign": bytes((0x80, 0x2A, 0x00, 0x80 | sfi, 0x01, 0x00, 0x00)),
    }


CASES = [
    pytest.param(aid, apdu, id=f"{aid.hex()[-3:]}-{sfi:02X}-{name}")
    for aid, sfis in FORBIDDEN.items()
    for sfi in sfis
    for name, apdu in spellings(sfi).items()
]


@pytest.mark.parametrize(("aid", "apdu"), CASES)
def test_a_forbidden_file_is_out_of_reach_in_every_spelling_and_nothing_is_sent(aid: bytes, apdu: bytes) -> None:
    card = Lenient()
    guard = Guarded(card)
    guard.open()
    guard.transmit(SELECT[aid])
    with pytest.raises(ForbiddenCommand):
        guard.transmit(apdu)
    assert card.sent == [SELECT[aid]]


@pytest.mark.parametrize(("aid", "apdu"), CASES)
def test_a_forbidden_file_is_out_of_reach_before_any_application_was_selected(aid: bytes, apdu: bytes) -> None:
    card = Lenient()
    guard = Guarded(card)
    guard.open()
    with pytest.raises(ForbiddenCommand):
        guard.transmit(apdu)
    assert card.sent == []


@pytest.mark.parametrize("aid", [TEXT, VISUAL], ids=["text", "visual"])
@pytest.mark.parametrize("length", [0, 1, 9, 11, 16])
def test_an_application_with_forbidden_files_is_selected_by_its_whole_name_or_not_at_all(
    aid: bytes, length: int
) -> None:
    guard = Guarded(Lenient())
    guard.open()
    part = (aid + bytes(6))[:length]
    lc = bytes((len(part),)) if part else b""
    with pytest.raises(ForbiddenCommand):
        guard.transmit(b"\x00\xa4\x04\x0c" + lc + part)


@pytest.mark.parametrize("p2", [0x01, 0x02, 0x03, 0x0D, 0x0E])
def test_the_next_application_of_that_name_cannot_be_asked_for(p2: int) -> None:
    guard = Guarded(Lenient())
    guard.open()
    with pytest.raises(ForbiddenCommand):
        guard.transmit(bytes((0x00, 0xA4, 0x04, p2, 0x0A)) + JPKI)


def test_a_select_that_failed_or_was_lost_leaves_the_old_application_guarded() -> None:
    card = Lenient()
    guard = Guarded(card)
    guard.open()
    guard.transmit(SELECT[TEXT])
    card.answer = b"\x6a\x82"
    guard.transmit(SELECT[JPKI])
    with pytest.raises(ForbiddenCommand):
        guard.transmit(spellings(0x01)["READ by short id"])
    card.answer = b""
    guard.transmit(SELECT[JPKI])
    with pytest.raises(ForbiddenCommand):
        guard.transmit(spellings(0x14)["VERIFY"])


def test_a_select_whose_answer_was_lost_may_have_worked() -> None:
    class Losing(Lenient):
        def transmit(self, apdu: bytes) -> bytes:
            super().transmit(apdu)
            if apdu == SELECT[TEXT]:
                raise CardProblem(Outcome.COMM_ERROR)
            return self.answer

    guard = Guarded(Losing())
    guard.open()
    guard.transmit(SELECT[JPKI])
    guard.transmit(spellings(0x01)["READ by short id"])
    with pytest.raises(CardProblem):
        guard.transmit(SELECT[TEXT])
    with pytest.raises(ForbiddenCommand):
        guard.transmit(spellings(0x14)["READ by short id"])
    with pytest.raises(ForbiddenCommand):
        guard.transmit(b"\x00\xb0\x00\x00\x00")


def test_the_same_short_ids_in_another_application_are_other_files() -> None:
    card = Lenient()
    guard = Guarded(card)
    guard.open()
    guard.transmit(SELECT[JPKI])
    for sfi in (0x01, 0x05, 0x13, 0x14):
        guard.transmit(spellings(sfi)["READ by short id"])
    guard.transmit(SELECT[TEXT])
    guard.transmit(spellings(0x05)["READ by short id"])
    assert len(card.sent) == 7


def test_the_current_file_of_one_application_is_not_that_of_the_next() -> None:
    card = Lenient()
    guard = Guarded(card)
    guard.open()
    guard.transmit(SELECT[JPKI])
    guard.transmit(spellings(0x14)["READ by short id"])
    guard.transmit(SELECT[TEXT])
    guard.transmit(b"\x80\x2a\x00\x00\x01\x00\x00")
    assert len(card.sent) == 4


def test_opening_again_forgets_what_was_selected() -> None:
    guard = Guarded(Lenient())
    guard.open()
    guard.transmit(SELECT[JPKI])
    guard.close()
    guard.open()
    with pytest.raises(ForbiddenCommand):
        guard.transmit(spellings(0x01)["READ by short id"])


@pytest.mark.parametrize(
    "procedure",
    [
        preview,
        lambda: read_four_information(TEXT_PIN),
        lambda: read_whole(TEXT_PIN, AUTH, b"message", issuer_check=lambda *_: "genuine", extended=True),
        read_authentication_certificate,
        lambda: recount(PinKind.SIGN),
    ],
    ids=["preview", "P4", "P9", "P5", "P2"],
)
def test_no_procedure_ever_meets_the_deny_list(procedure: Callable[[], Procedure[object]]) -> None:
    card = ScriptedCard()
    run(procedure(), Guarded(Counting(card)))
    assert card.sent


def test_a_hostile_procedure_is_stopped_and_the_card_left_without_power() -> None:
    def hostile() -> Procedure[bytes]:
        yield Command(SELECT[TEXT])
        return (yield Command(spellings(0x01)["READ by short id"])).data

    card = ScriptedCard()
    with pytest.raises(ForbiddenCommand):
        run(hostile(), Guarded(Counting(card)))
    assert card.sent == [SELECT[TEXT]]
    assert not card.powered


def test_the_refusal_names_the_rule_and_no_data() -> None:
    guard = Guarded(Lenient())
    guard.open()
    guard.transmit(SELECT[TEXT])
    with pytest.raises(ForbiddenCommand, match=r"^N2") as caught:
        guard.transmit(spellings(0x14)["VERIFY"])
    assert "9999" not in repr(caught.value)


class Believing:
    """What an obliging card would have current: it follows every SELECT and READ by short id that reaches it."""

    def __init__(self, outcomes: list[bool]) -> None:
        self.outcomes = outcomes
        self.aid: bytes | None = None
        self.sfi: int | None = None

    def open(self) -> None:
        self.aid = self.sfi = None

    def close(self) -> None:
        pass

    def transmit(self, apdu: bytes) -> bytes:
        if self.outcomes and not self.outcomes.pop():
            return b"\x6a\x82"
        if apdu[:3] == b"\x00\xa4\x04":
            self.aid, self.sfi = apdu[5:], None
        elif apdu[1] == 0xA4:
            self.sfi = apdu[-1] & 0x1F
        elif apdu[1] == 0xB0 and apdu[2] & 0x80:
            self.sfi = apdu[2] & 0x1F
        named = apdu[3] & 0x1F or self.sfi if apdu[1] in (0x20, 0x2A) else self.sfi
        assert named not in FORBIDDEN.get(self.aid or b"", ()), "a forbidden file was reached"
        return b"\x90\x00"


ATTEMPT = st.sampled_from(
    [
        *SELECT.values(),
        *(apdu for sfi in (1, 2, 5, 0x13, 0x14) for apdu in spellings(sfi).values()),
        *(b"\x00\xb0\x00\x00\x00", b"\x00\xb0\x80\x00\x00", b"\x00\x20\x00\x80", b"\x80\x2a\x00\x80\x01\x00\x00"),
    ]
)


@given(st.lists(ATTEMPT | st.binary(min_size=4, max_size=8), max_size=25), st.lists(st.booleans(), max_size=25))
def test_no_sequence_of_commands_reaches_a_forbidden_file(commands: list[bytes], outcomes: list[bool]) -> None:
    guard = Guarded(Believing(outcomes))
    guard.open()
    for command in commands:
        try:
            guard.transmit(command)
        except ForbiddenCommand:
            continue
