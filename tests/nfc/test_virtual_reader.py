"""The virtual reader (card.md 12.3), met by a card that is nothing but a socket in the test."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nfc.problems import CardProblem, Outcome
from nfc.procedures import preview, read_whole
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.virtual import VirtualReader
from tests.nfc.scripted_card import NAME_A, ScriptedCard, certificate
from tests.nfc.sessions import AUTH, TEXT

WAIT = 5.0


@pytest.fixture
def reader() -> Iterator[VirtualReader]:
    """A running reader on a free port that does not wait long for an answer."""
    running = VirtualReader("127.0.0.1", 0, timeout=0.3)
    running.start()
    yield running
    running.stop()


class SocketCard:
    """A card as the TCP client of the frame protocol, answering in a thread of its own."""

    def __init__(self, reader: VirtualReader, card: ScriptedCard, *, silent_after: int | None = None) -> None:
        self.card = card
        self.controls: list[int] = []
        self._silent_after = silent_after
        self.connection = socket.create_connection(reader.address, timeout=WAIT)
        self.ended = threading.Event()
        self.powered_off = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        stream = self.connection.makefile("rb")
        try:
            while header := stream.read(2):
                answer = self._answer(stream.read(int.from_bytes(header, "big")))
                if answer is not None:
                    self.connection.sendall(len(answer).to_bytes(2, "big") + answer)
        except OSError:
            pass
        finally:
            # The stream shares the socket: both must be closed for the reader to see that the card is gone.
            stream.close()
            self.connection.close()
            self.ended.set()

    def _answer(self, body: bytes) -> bytes | None:
        if len(body) > 1:
            if self._silent_after is not None and len(self.card.sent) >= self._silent_after:
                return None
            return self.card.transmit(body)
        self.controls.append(body[0])
        if body == b"\x01":
            self.card.power_on()
        elif body == b"\x00":
            self.card.power_off()
            self.powered_off.set()
        return b"\x3b\x80\x01" if body == b"\x04" else None

    def take_away(self) -> None:
        """Close the socket, as a card that leaves the field."""
        self.connection.shutdown(socket.SHUT_RDWR)
        assert self.ended.wait(WAIT)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something that another thread does has happened, or fail."""
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")


def outcome_of(reader: VirtualReader) -> Outcome:
    with pytest.raises(CardProblem) as caught:
        run(preview(), Guarded(reader.transport()))
    return caught.value.outcome


def test_a_whole_session_over_the_wire_ends_with_power_off(reader: VirtualReader) -> None:
    card = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    reading = run(read_whole(TEXT, AUTH, b"message", extended=True), Guarded(reader.transport()))
    assert reading.four_information.name == NAME_A
    assert reading.certificate == certificate(1400)
    assert card.powered_off.wait(WAIT)
    assert card.controls == [1, 4, 0]
    assert reader.card_present()
    assert run(preview(), reader.transport()).text_tries == 3


def test_a_case_1_query_arrives_as_four_bytes(reader: VirtualReader) -> None:
    card = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    run(preview(), reader.transport())
    assert card.card.sent[1] == bytes.fromhex("00200091")


def test_without_a_card_there_is_no_session(reader: VirtualReader) -> None:
    assert not reader.card_present()
    assert outcome_of(reader) is Outcome.NO_CARD


def test_taking_the_card_away_is_noticed_and_the_next_card_is_welcome(reader: VirtualReader) -> None:
    first = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    first.take_away()
    until(lambda: not reader.card_present())
    SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    assert run(preview(), reader.transport()).auth_tries == 3


def test_a_second_card_is_refused_while_the_first_lies_there(reader: VirtualReader) -> None:
    first = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    second = SocketCard(reader, ScriptedCard())
    assert second.ended.wait(WAIT), "the reader closed the second connection"
    assert run(preview(), reader.transport()).text_tries == 3
    assert first.controls == [1, 4, 0] or first.powered_off.wait(WAIT)
    assert second.controls == []


def test_a_card_changed_without_asking_in_between_is_the_new_card(reader: VirtualReader) -> None:
    first = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    first.take_away()
    second = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    run(preview(), reader.transport())
    assert second.card.sent


@pytest.mark.parametrize("at", range(4))
def test_a_card_that_leaves_in_the_middle_is_removed(reader: VirtualReader, at: int) -> None:
    def leave(apdu: bytes, index: int) -> bytes | None:
        if index == at:
            raise ConnectionAbortedError
        return None

    SocketCard(reader, ScriptedCard(override=leave))
    until(reader.card_present)
    assert outcome_of(reader) is Outcome.CARD_REMOVED
    assert not reader.card_present()


def test_a_late_answer_is_never_taken_for_the_next_one(reader: VirtualReader) -> None:
    card = SocketCard(reader, ScriptedCard(), silent_after=2)
    until(reader.card_present)
    assert outcome_of(reader) is Outcome.COMM_ERROR
    assert card.ended.wait(WAIT), "the line is closed and cannot answer late"
    assert not reader.card_present()


def test_a_card_that_speaks_unasked_is_dropped(reader: VirtualReader) -> None:
    card = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    card.connection.sendall(b"\x00\x02\x90\x00")
    until(lambda: not reader.card_present())
    assert outcome_of(reader) is Outcome.NO_CARD


def test_one_session_at_a_time(reader: VirtualReader) -> None:
    SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    first = reader.transport()
    first.open()
    with pytest.raises(CardProblem) as caught:
        first.open()
    assert caught.value.outcome is Outcome.CARD_BUSY
    assert outcome_of(reader) is Outcome.CARD_BUSY
    first.close()
    first.close()
    assert run(preview(), reader.transport()).text_tries == 3


@pytest.mark.parametrize("length", [0, 1, 3, 65_536])
def test_what_is_no_command_is_not_sent_because_short_frames_are_controls(reader: VirtualReader, length: int) -> None:
    card = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    transport = reader.transport()
    with pytest.raises(CardProblem):
        transport.transmit(bytes(4))
    transport.open()
    with pytest.raises(CardProblem) as caught:
        transport.transmit(bytes(length))
    assert caught.value.outcome is Outcome.COMM_ERROR
    transport.close()
    assert card.powered_off.wait(WAIT)
    assert card.card.sent == []


def test_stopping_lets_go_of_the_card_and_of_the_port(reader: VirtualReader) -> None:
    card = SocketCard(reader, ScriptedCard())
    until(reader.card_present)
    address = reader.address
    reader.stop()
    reader.stop()
    assert card.ended.wait(WAIT)
    assert not reader.card_present()
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(address, timeout=WAIT)
    reader.start()
    with pytest.raises(RuntimeError):
        reader.start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "localhost.example", ""])
def test_only_loopback_addresses_are_listened_on(host: str) -> None:
    with pytest.raises(ValueError):
        VirtualReader(host, 0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_from_a_card_end_in_a_typed_problem(reader: VirtualReader, noise: bytes) -> None:
    card = socket.create_connection(reader.address, timeout=WAIT)

    def babble() -> None:
        with card, suppress(OSError):
            card.recv(2)
            card.sendall(noise)
            card.shutdown(socket.SHUT_WR)
            card.recv(100)

    until(reader.card_present)
    babbling = threading.Thread(target=babble)
    babbling.start()
    with pytest.raises(CardProblem):
        run(preview(), Guarded(reader.transport()))
    babbling.join(WAIT)
    until(lambda: not reader.card_present())
