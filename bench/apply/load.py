"""A load generator that costs little: prepared requests over raw sockets that stay open, some threads, no parsing of
what nobody looks at. Residents, who each act once, are taken from a common queue.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 30.0


@dataclass
class Slice:
    """What one stretch of load came to."""

    seconds: float
    seconds_of_each: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        return len(self.seconds_of_each) / self.seconds

    def percentile(self, share: float) -> float:
        """In seconds."""
        ordered = sorted(self.seconds_of_each)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection:
    """One kept-open connection; a server that closed it in between is called again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and head of the answer. The same request again is the same application, so a broken connection is
        no danger: whoever gets no answer sends again."""
        for attempt in range(3):
            try:
                return self._exchange(request)
            except BaseException as error:
                # Also after a time-out: its answer may still come, and must not be taken for the next one's.
                self.close()
                if attempt == 2 or not isinstance(error, ConnectionError | IndexError):
                    raise
        raise AssertionError

    def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        head, _, body = answer.partition(b"\r\n\r\n")
        lowered = head.lower()
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._receive()
        if b"connection: close" in lowered:
            self.close()
        return int(head.split(b" ", 2)[1]), head

    def _receive(self) -> bytes:
        """Some more of the answer; ``ConnectionResetError`` where the server died in the middle of it."""
        assert self._socket is not None
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionResetError
        return part

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def drive(port: int, queue: deque[bytes], *, connections: int, seconds: float) -> Slice:
    """Take requests out of the queue and send them over so many connections, until it is empty or the time is over."""
    results: list[tuple[int, float]] = []
    began = time.perf_counter()

    def work() -> None:
        connection = Connection(port)
        while time.perf_counter() - began < seconds:
            try:
                request = queue.popleft()
            except IndexError:
                break
            sent = time.perf_counter()
            status, _ = connection.ask(request)
            results.append((status, time.perf_counter() - sent))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not results:
        raise RuntimeError("nothing was answered")
    taken = time.perf_counter() - began
    return Slice(taken, [each for _, each in results], Counter(status for status, _ in results))
