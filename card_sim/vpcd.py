"""Lay a simulated card on a virtual reader: the card is the TCP client of the vpcd protocol (card.md section 12.3)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from enum import Enum

from card_sim.disturbances import Card

POWER_OFF, POWER_ON, RESET, GET_ATR = 0x00, 0x01, 0x02, 0x04
CONNECT_SECONDS = 5.0

# Linux only. vpcd 3.3 writes length and body apart, so a delayed acknowledgement costs 44 ms a command.
_QUICK_ACKNOWLEDGEMENT: int | None = getattr(socket, "TCP_QUICKACK", None)


class ReaderUnreachable(Exception):
    """No reader listens at the address; `address` says which."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"no card reader listens at {host}:{port}")
        self.address = (host, port)


class Place(Enum):
    """Where the card is."""

    IN_HAND = "in_hand"
    ON_READER = "on_reader"
    REMOVED = "removed"


class VirtualCardConnection:
    """One stay of a card on a reader: `insert` lays it there, `remove` takes it away. Used once.

    `connect` makes the connection where an ordinary one can't be made: to a reader in another network namespace.
    It raises OSError when it can't either.
    """

    def __init__(self, card: Card, host: str, port: int, *, connect: Callable[[], socket.socket] | None = None) -> None:
        self._card = card
        self._address = (host, port)
        self._connect = connect or self._connect_directly
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._gone = threading.Event()

    @property
    def place(self) -> Place:
        """Where the card is now; REMOVED also when the reader has let go of it."""
        if self._thread is None:
            return Place.IN_HAND
        return Place.REMOVED if self._gone.is_set() else Place.ON_READER

    def insert(self) -> None:
        """Lay the card on the reader; a thread answers from then on. Raises ReaderUnreachable."""
        if self._thread is not None:
            raise RuntimeError("a connection lays its card on the reader once")
        try:
            connection = self._connect()
        except OSError as problem:
            raise ReaderUnreachable(*self._address) from problem
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._thread = threading.Thread(target=self._serve, args=(connection,), name="card on reader", daemon=True)
        self._thread.start()

    def remove(self) -> None:
        """Take the card away, in the middle of anything; returns when it is unpowered. Harmless when it is gone."""
        connection, thread = self._socket, self._thread
        if connection is None or thread is None:
            return
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            connection.close()  # the reader was quicker
        if thread is not threading.current_thread():
            thread.join(CONNECT_SECONDS)

    def wait_until_removed(self, timeout: float) -> bool:
        """Wait until the card has left the reader, at most `timeout` seconds; whether it has."""
        return self._gone.wait(timeout)

    def _connect_directly(self) -> socket.socket:
        return socket.create_connection(self._address, timeout=CONNECT_SECONDS)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                while (frame := _receive_frame(connection)) is not None:
                    answer = self._answer(frame)
                    if answer is not None:
                        connection.sendall(len(answer).to_bytes(2) + answer)
        except OSError:
            pass  # the reader went away; that is how a card is taken from this side as well
        finally:
            self._card.power_off()
            self._gone.set()

    def _answer(self, frame: bytes) -> bytes | None:
        """The answer to a frame, or None where the reader expects none. Unknown control bytes are ignored."""
        if len(frame) > 1:
            return self._card.transmit(frame)
        control = frame[0] if frame else None
        if control == POWER_OFF:
            self._card.power_off()
        elif control == POWER_ON:
            self._card.power_on()
        elif control == RESET:
            self._card.reset()
        elif control == GET_ATR:
            # pcscd asks every 0.4 s whether the card is there: no reset, and answered without power too.
            return self._card.atr
        return None


def _receive_frame(connection: socket.socket) -> bytes | None:
    """One frame without its length; None when the reader has closed."""
    header = _receive(connection, 2)
    return None if header is None else _receive(connection, int.from_bytes(header))


def _receive(connection: socket.socket, size: int) -> bytes | None:
    received = bytearray()
    while len(received) < size:
        if _QUICK_ACKNOWLEDGEMENT is not None:
            # The kernel forgets the setting after each use (card.md section 12.3).
            connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACKNOWLEDGEMENT, 1)
        part = connection.recv(size - len(received))
        if not part:
            return None
        received += part
    return bytes(received)
