"""card.md section 12.3: the card as TCP client of a virtual reader, against a reader of a few lines."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from card_sim.card import SimulatedCard
from card_sim.profile import CardProfile
from card_sim.vpcd import Place, ReaderUnreachable, VirtualCardConnection
from tests.card_sim.talk import SELECT_TEXT, TEXT_PIN

ON, OFF, RESET, ATR = b"\x01", b"\x00", b"\x02", b"\x04"


@dataclass
class Reader:
    """The reader's side of one card."""

    connection: socket.socket

    def send(self, body: bytes) -> None:
        self.connection.sendall(len(body).to_bytes(2) + body)

    def receive(self) -> bytes:
        size = int.from_bytes(self._exactly(2))
        return self._exactly(size)

    def ask(self, body: bytes) -> bytes:
        self.send(body)
        return self.receive()

    def _exactly(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            part = self.connection.recv(size - len(received))
            assert part, "the card went away"
            received += part
        return received


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


@pytest.fixture
def stay(card: SimulatedCard, listener: socket.socket) -> Iterator[VirtualCardConnection]:
    connection = VirtualCardConnection(card, *listener.getsockname())
    yield connection
    connection.remove()


@pytest.fixture
def reader(stay: VirtualCardConnection, listener: socket.socket) -> Iterator[Reader]:
    stay.insert()
    accepted, _ = listener.accept()
    with accepted:
        accepted.settimeout(5)
        yield Reader(accepted)


def test_the_atr_is_answered_even_without_power(reader: Reader, card: SimulatedCard) -> None:
    assert reader.ask(ATR) == card.atr
    reader.send(ON)
    assert reader.ask(ATR) == card.atr
    reader.send(OFF)
    assert reader.ask(ATR) == card.atr


def test_commands_are_answered_with_data_and_status_in_one_frame(reader: Reader) -> None:
    reader.send(ON)
    assert reader.ask(bytes.fromhex(SELECT_TEXT)) == b"\x90\x00"
    assert len(reader.ask(bytes.fromhex("00B0840000"))) == 258
    assert reader.ask(bytes.fromhex("00200091")) == b"\x63\xc3"


def test_power_off_forgets_and_reset_deselects(reader: Reader) -> None:
    verify = bytes.fromhex("0020009104") + TEXT_PIN
    read = bytes.fromhex("00B0820001")
    reader.send(ON)
    reader.ask(bytes.fromhex(SELECT_TEXT))
    assert reader.ask(verify) == b"\x90\x00"
    reader.send(RESET)
    assert reader.ask(read) == b"\x69\x86"
    reader.send(OFF)
    assert reader.ask(read) == b"\x6f\x00"
    reader.send(ON)
    reader.ask(bytes.fromhex(SELECT_TEXT))
    assert reader.ask(read) == b"\x69\x82"


@pytest.mark.parametrize("frame", [b"", b"\x03", b"\x7f", b"\xff"])
def test_unknown_control_frames_are_ignored(reader: Reader, card: SimulatedCard, frame: bytes) -> None:
    reader.send(frame)
    assert reader.ask(ATR) == card.atr


def test_a_frame_may_arrive_in_pieces(reader: Reader) -> None:
    reader.send(ON)
    body = bytes.fromhex(SELECT_TEXT)
    for part in (b"\x00", bytes([len(body)]), body[:3], body[3:]):
        reader.connection.sendall(part)
    assert reader.receive() == b"\x90\x00"


def test_a_long_extended_command_passes(reader: Reader) -> None:
    reader.send(ON)
    command = bytes.fromhex("00200091") + b"\x00" + (60_000).to_bytes(2) + bytes(60_000)
    reader.ask(bytes.fromhex(SELECT_TEXT))
    assert reader.ask(command) == b"\x67\x00"


def test_removing_closes_the_connection_and_takes_the_power(
    reader: Reader, stay: VirtualCardConnection, card: SimulatedCard
) -> None:
    reader.send(ON)
    assert reader.ask(bytes.fromhex(SELECT_TEXT)) == b"\x90\x00"
    assert stay.place is Place.ON_READER
    stay.remove()
    assert reader.connection.recv(1) == b""
    assert stay.wait_until_removed(0)
    assert card.transmit(bytes.fromhex(SELECT_TEXT)) == b"\x6f\x00"
    stay.remove()


def test_a_reader_that_lets_go_removes_the_card(reader: Reader, stay: VirtualCardConnection) -> None:
    reader.connection.close()
    assert stay.wait_until_removed(5)
    assert stay.place is Place.REMOVED


def test_a_reader_that_is_not_there_is_said(card: SimulatedCard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    stay = VirtualCardConnection(card, host, port)
    with pytest.raises(ReaderUnreachable) as problem:
        stay.insert()
    assert problem.value.address == (host, port)
    assert stay.place is Place.IN_HAND
    stay.remove()


def test_a_connection_is_used_once(reader: Reader, stay: VirtualCardConnection) -> None:
    stay.remove()
    with pytest.raises(RuntimeError):
        stay.insert()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(st.binary(max_size=40), max_size=12))
def test_any_frames_are_taken_and_every_command_is_answered(canary_profile: CardProfile, frames: list[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stay = VirtualCardConnection(SimulatedCard(canary_profile), *listener.getsockname())
        stay.insert()
        connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)
        reader = Reader(connection)
        for frame in frames:
            reader.send(frame)
            if len(frame) > 1 or frame == ATR:
                assert len(reader.receive()) >= 2
        reader.send(ON)
        assert reader.ask(bytes.fromhex(SELECT_TEXT)) == b"\x90\x00"
    stay.remove()
