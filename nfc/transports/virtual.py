"""A virtual card reader: a card connects over loopback TCP and speaks the vpcd frames of vsmartcard (card.md 12.3).

The reader listens, the card is the client: connecting lays the card down, closing takes it away. A frame is a
two-byte big-endian length and a body; a body of one byte from the reader is a control (00 off, 01 on, 04 ATR).
"""

import ipaddress
import selectors
import socket
import threading
import time
from contextlib import suppress
from typing import Final

from nfc.problems import CardProblem, Outcome

MAX_FRAME: Final = 0xFFFF
MIN_COMMAND: Final = 4
DEFAULT_TIMEOUT: Final = 10.0
"""Seconds for one exchange. A signature takes a real card about one second."""

_POWER_OFF: Final = b"\x00"
_POWER_ON: Final = b"\x01"
_GET_ATR: Final = b"\x04"
_JOIN_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0


class CardLine:
    """The connection to one card, used by one session at a time. A disturbed line is closed, never used further."""

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self.in_use = False
        self.closed = False
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def is_alive(self) -> bool:
        """Whether the card is still there, found out without reading."""
        if self.closed or self.in_use:
            # A session finds out by itself; looking would race with its own reading.
            return not self.closed
        try:
            # Outside of a session a card has nothing to say. An end of stream means that it was taken away, and
            # anything else would be read as the next answer: both end this line.
            return not _is_readable(self._connection, 0)
        except (OSError, ValueError):
            return False

    def send(self, body: bytes) -> None:
        """Send one frame in one piece."""
        try:
            self._connection.settimeout(self._timeout)
            self._connection.sendall(len(body).to_bytes(2, "big") + body)
        except OSError as error:
            raise self._lost(error) from None

    def receive(self) -> bytes:
        """Wait for one frame, at most the time-out for the whole of it."""
        deadline = time.monotonic() + self._timeout
        try:
            length = int.from_bytes(self._receive_exactly(2, deadline), "big")
            return self._receive_exactly(length, deadline)
        except OSError as error:
            raise self._lost(error) from None

    def _receive_exactly(self, count: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            _acknowledge_at_once(self._connection)
            part = self._connection.recv(count - len(received))
            if not part:
                raise ConnectionResetError
            received += part
        return bytes(received)

    def _lost(self, error: OSError) -> CardProblem:
        # After a time-out the late answer would be read as the answer to the next command: the line cannot go on.
        self.close()
        return CardProblem(Outcome.COMM_ERROR if isinstance(error, TimeoutError) else Outcome.CARD_REMOVED)

    def close(self) -> None:
        """Close the line; the card sees its reader go."""
        self.closed = True
        with suppress(OSError):
            # Wakes a session that waits for an answer in another thread; closing alone would not.
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class VirtualReader:
    """A reader on a loopback port of its own, with room for one card. `port` 0 takes any free port.

    Raises ValueError for an address that is not loopback: whoever can connect can play a card.
    """

    def __init__(self, host: str, port: int, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("a virtual reader listens on loopback only")
        self._wanted = (host, port)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._line: CardLine | None = None
        self._listener: socket.socket | None = None
        self._wake: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where cards connect to, once started."""
        if self._listener is None:
            return self._wanted
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to listen. Raises OSError if the port is taken, RuntimeError if the reader is running already."""
        if self._thread is not None:
            raise RuntimeError("the reader is running already")
        family = socket.AF_INET6 if ":" in self._wanted[0] else socket.AF_INET
        self._listener = socket.create_server(self._wanted, family=family, backlog=1)
        self._listener.setblocking(False)
        self._wake, wake_end = socket.socketpair()
        self._thread = threading.Thread(
            target=self._accept_cards, args=(self._listener, wake_end), name="virtual-reader", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and let go of the card. May be called more than once."""
        if self._thread is None or self._listener is None or self._wake is None:
            return
        self._wake.close()
        self._thread.join(_JOIN_SECONDS)
        self._listener.close()
        with self._lock:
            if self._line is not None:
                self._line.close()
            self._line = None
        self._thread = self._listener = self._wake = None

    def card_present(self) -> bool:
        """Whether a card lies on the reader now."""
        with self._lock:
            return self._living_line() is not None

    def transport(self) -> "VirtualTransport":
        """A transport for one session with whatever card lies there when it is opened."""
        return VirtualTransport(self)

    def take_line(self) -> CardLine:
        """Take the card for one session. Raises `CardProblem` no_card or card_busy."""
        with self._lock:
            line = self._living_line()
            if line is None:
                raise CardProblem(Outcome.NO_CARD)
            if line.in_use:
                raise CardProblem(Outcome.CARD_BUSY)
            line.in_use = True
            return line

    def give_back(self, line: CardLine) -> None:
        """End the session's hold on the card."""
        with self._lock:
            line.in_use = False

    def _living_line(self) -> CardLine | None:
        if self._line is not None and not self._line.is_alive():
            self._line.close()
            self._line = None
        return self._line

    def _accept_cards(self, listener: socket.socket, wake_end: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, wake_end:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(wake_end, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if wake_end in ready:
                    return
                try:
                    self._lay_down(listener.accept()[0])
                except OSError:
                    # Out of file descriptors, say: the caller is still waiting in line, so do not spin on it.
                    _is_readable(wake_end, _PAUSE_SECONDS)

    def _lay_down(self, connection: socket.socket) -> None:
        with self._lock:
            if self._living_line() is None:
                connection.setblocking(True)
                self._line = CardLine(connection, self._timeout)
                return
        # Two cards in one field disturb each other: the second is refused while the first lies there.
        connection.close()


class VirtualTransport:
    """One session with the card on a virtual reader."""

    def __init__(self, reader: VirtualReader) -> None:
        self._reader = reader
        self._line: CardLine | None = None

    def open(self) -> None:
        """Take the card and power it on. Raises `CardProblem` no_card, card_busy, card_removed, comm_error."""
        if self._line is not None:
            raise CardProblem(Outcome.CARD_BUSY)
        self._line = self._reader.take_line()
        self._line.send(_POWER_ON)
        self._line.send(_GET_ATR)
        # Only that it answers counts: a card is not known by its ATR (N9), and the ATR is not kept (N4).
        if not self._line.receive():
            raise CardProblem(Outcome.COMM_ERROR)

    def transmit(self, apdu: bytes) -> bytes:
        """Exchange one command. Raises `CardProblem` card_removed, comm_error (no answer in time), no_card."""
        if self._line is None:
            raise CardProblem(Outcome.NO_CARD)
        if not MIN_COMMAND <= len(apdu) <= MAX_FRAME:
            # A shorter body would be a control of the reader, a longer one has no frame.
            raise CardProblem(Outcome.COMM_ERROR)
        self._line.send(apdu)
        return self._line.receive()

    def close(self) -> None:
        """Power the card off and give it back. May be called at any time."""
        line, self._line = self._line, None
        if line is None:
            return
        try:
            if not line.closed:
                line.send(_POWER_OFF)
        finally:
            self._reader.give_back(line)


def _is_readable(connection: socket.socket, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Linux delays acknowledgements by 40 ms; a card that writes length and body apart would wait for them each time.

    The option does not last, so it is set again before every receive.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, 1)
