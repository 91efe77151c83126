"""The desk with a reader that has room for one card, and the hands that press its buttons."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from card_sim.desk import create_desk
from card_sim.issuer import TestIssuer
from card_sim.people import Persona
from card_sim.wallet import Wallet


class OneCardReader:
    """A reader that keeps one connection and closes every other at once, as a real one has room for one card."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._server.getsockname()
        self.card: socket.socket | None = None
        self.inserted = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            if self.card is not None and not self._has_gone(self.card):
                connection.close()
                continue
            self.card = connection
            self.inserted.set()

    @staticmethod
    def _has_gone(card: socket.socket) -> bool:
        card.settimeout(0.01)
        try:
            return card.recv(1) == b""
        except TimeoutError:
            return False

    def close(self) -> None:
        if self._server.fileno() == -1:
            return
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        if self.card is not None:
            self.card.close()
        self._thread.join(5)


@pytest.fixture
def reader() -> Iterator[OneCardReader]:
    with closing(OneCardReader()) as reader:
        yield reader


@pytest.fixture
def desk(
    wallet: Wallet, people: Mapping[str, Persona], issuer: TestIssuer, reader: OneCardReader, now: datetime
) -> Flask:
    return create_desk(
        wallet,
        people,
        lambda: now,
        reader.address,
        issuer,
        keypad_url="http://127.0.0.1:8091/",
        service_url="http://127.0.0.1:8000/",
    )


@pytest.fixture
def client(desk: Flask) -> Iterator[FlaskClient]:
    client = desk.test_client()
    yield client
    client.post("/api/remove")


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def press(client: FlaskClient, path: str, **fields: str) -> str:
    """Press a button of the start page; the page it leads to."""
    token = token_in(client.get("/").text)
    answer = client.post(path, data={"token": token, **fields}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text
