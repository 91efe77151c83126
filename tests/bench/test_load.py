"""The load generator never waits for a server that has died, wherever in the answer that was."""

from __future__ import annotations

import socket
import threading

import pytest

from bench.apply.load import Connection


@pytest.mark.parametrize("told", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_an_answer_that_breaks_off_is_a_broken_connection(told: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(3):
                peer, _ = server.accept()
                with peer:
                    peer.recv(1_000)
                    peer.sendall(told)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ConnectionResetError):
            Connection(server.getsockname()[1]).ask(b"GET / HTTP/1.1\r\n\r\n")
        thread.join()
