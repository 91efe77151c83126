"""Where procedures meet transports: loss at any exchange is a typed problem, and the card is always left off (N10)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nfc.pins import PinKind
from nfc.problems import TRANSPORT_OUTCOMES, CardProblem, Outcome
from nfc.procedures import Procedure, identify, preview, read_authentication_certificate, read_whole
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from tests.nfc.scripted_card import JPKI, NAME_A, ScriptedCard
from tests.nfc.scripted_card import TEXT as TEXT_AID
from tests.nfc.sessions import AUTH, TEXT, WRONG_AUTH, Counting, assert_every_verify_follows_its_query

MESSAGE = b"message"
WHOLE = 14
VERIFY_AT = {2: PinKind.TEXT, 12: PinKind.AUTH}


@pytest.mark.parametrize("index", range(WHOLE))
@pytest.mark.parametrize("final", [False, True], ids=["card comes back", "card stays away"])
def test_removal_at_any_exchange_is_typed_and_no_pin_is_sent_again(index: int, final: bool) -> None:
    card = ScriptedCard()
    transport = Counting(card, removed_at=index, loss_is_final=final)
    with pytest.raises(CardProblem) as caught:
        run(read_whole(TEXT, AUTH, MESSAGE), Guarded(transport))
    problem = caught.value
    kind = VERIFY_AT.get(index)
    if kind is None:
        assert (problem.outcome, problem.pin_kind) == (Outcome.CARD_REMOVED, None)
    else:
        assert (problem.outcome, problem.pin_kind) == (Outcome.UNKNOWN_OUTCOME, kind)
        assert problem.tries_left == (None if final else 3)
    assert_every_verify_follows_its_query(card.sent)
    assert transport.closed == transport.opened
    assert not card.powered


def test_a_try_that_was_counted_before_the_loss_is_told_after_asking_the_card_again() -> None:
    card = ScriptedCard()
    transport = Counting(card, removed_at=12, counted_before_loss=True)
    with pytest.raises(CardProblem) as caught:
        run(read_whole(TEXT, WRONG_AUTH, MESSAGE), transport)
    assert (caught.value.outcome, caught.value.tries_left) == (Outcome.UNKNOWN_OUTCOME, 2)
    assert [apdu.hex().upper() for apdu in card.sent[-2:]] == ["00A4040C0A" + JPKI.hex().upper(), "00200098"]


def test_the_preview_survives_no_loss_either() -> None:
    for index in range(10):
        transport = Counting(ScriptedCard(), removed_at=index)
        with pytest.raises(CardProblem) as caught:
            run(preview(), transport)
        assert caught.value.outcome is Outcome.CARD_REMOVED
        assert transport.closed == 1


class Failing:
    """A transport that fails in a given way."""

    def __init__(
        self, *, opening: Exception | None = None, sending: Exception | None = None, answer: bytes = b""
    ) -> None:
        self.opening, self.sending, self.answer = opening, sending, answer
        self.closed = 0

    def open(self) -> None:
        if self.opening is not None:
            raise self.opening

    def transmit(self, apdu: bytes) -> bytes:
        if self.sending is not None:
            raise self.sending
        return self.answer

    def close(self) -> None:
        self.closed += 1
        raise OSError("already gone")


@pytest.mark.parametrize("outcome", sorted(TRANSPORT_OUTCOMES))
def test_what_the_transport_says_about_the_way_to_the_card_is_passed_on(outcome: Outcome) -> None:
    for transport in (Failing(opening=CardProblem(outcome)), Failing(sending=CardProblem(outcome))):
        with pytest.raises(CardProblem) as caught:
            run(identify(), transport)
        assert caught.value.outcome is outcome
        assert transport.closed == 1


@pytest.mark.parametrize(
    "transport",
    [
        Failing(opening=OSError("x")),
        Failing(opening=TimeoutError()),
        Failing(sending=OSError("x")),
        Failing(answer=b""),
        Failing(answer=b"\x90"),
        Failing(answer=bytes(70_000)),
    ],
    ids=["open", "open timed out", "send", "no answer", "half an answer", "too long"],
)
def test_a_broken_line_is_a_communication_error(transport: Failing) -> None:
    with pytest.raises(CardProblem) as caught:
        run(identify(), transport)
    assert caught.value.outcome is Outcome.COMM_ERROR
    assert transport.closed == 1


def test_a_defect_of_a_transport_is_not_hidden_but_the_card_is_closed() -> None:
    transport = Failing(sending=KeyError("defect"))
    with pytest.raises(KeyError):
        run(identify(), transport)
    assert transport.closed == 1


def test_a_procedure_that_needs_no_card_command_still_opens_and_closes() -> None:
    def nothing() -> Procedure[int]:
        yield from ()
        return 7

    transport = Counting(ScriptedCard())
    assert run(nothing(), transport) == 7
    assert (transport.opened, transport.closed) == (1, 1)


def test_a_procedure_is_ended_even_if_the_card_could_not_be_opened() -> None:
    procedure = read_whole(TEXT, AUTH, MESSAGE)
    with pytest.raises(CardProblem):
        run(procedure, Failing(opening=CardProblem(Outcome.NO_CARD)))
    with pytest.raises(StopIteration):
        next(procedure)


def test_one_session_at_a_time_on_a_card_in_this_process() -> None:
    transport = InProcess(ScriptedCard())
    transport.open()
    with pytest.raises(CardProblem) as caught:
        transport.open()
    assert caught.value.outcome is Outcome.CARD_BUSY
    transport.close()
    transport.close()
    with pytest.raises(CardProblem):
        transport.transmit(bytes(4))


def test_a_card_object_that_reports_itself_gone_is_removed() -> None:
    def gone(apdu: bytes, index: int) -> bytes:
        raise ConnectionResetError

    with pytest.raises(CardProblem) as caught:
        run(read_authentication_certificate(), InProcess(ScriptedCard(override=gone)))
    assert caught.value.outcome is Outcome.CARD_REMOVED


STATUS = st.sampled_from(
    [0x9000, 0x63C3, 0x63C1, 0x63C0, 0x6282, 0x6986, 0x6A82, 0x6B00, 0x6C10, 0x6110, 0x6F00, 0x6700]
)
ANSWER = st.builds(
    lambda data, word: data + word.to_bytes(2, "big"), st.binary(max_size=300), STATUS | st.integers(0, 0xFFFF)
)


@settings(max_examples=300)
@given(st.dictionaries(st.integers(0, 30), ANSWER | st.binary(max_size=1), max_size=8), st.booleans(), st.booleans())
def test_whatever_a_card_answers_the_end_is_a_reading_or_a_problem(
    answers: dict[int, bytes], extended: bool, last: bool
) -> None:
    card = ScriptedCard(override=lambda _, index: answers.get(index))
    procedure = read_whole(
        TEXT, AUTH, MESSAGE, issuer_check=lambda *_: "genuine", extended=extended, allow_last_try=last
    )
    try:
        reading = run(procedure, Guarded(InProcess(card)))
    except CardProblem as problem:
        assert problem.outcome is not Outcome.OK
    else:
        assert len(reading.signature) == 256
        assert reading.four_information.name == NAME_A or answers
    assert not card.powered
    assert_every_verify_follows_its_query(card.sent)
    assert card.keys[(TEXT_AID, 0x11)].tries == 3
