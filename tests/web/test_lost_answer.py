"""The database committed an application, and its answer was lost: nobody is told that nothing happened."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from sqlalchemy import make_url

from app import db
from app.web.errors import NOT_KNOWN
from tests.web.service import STEPS, Service, check_is_clear

_LONG = 65_536
_PATIENCE = 20


class LosesTheAnswer:
    """Between the service and its database: carries everything, but not the answer to the commit of an application."""

    def __init__(self, database: str) -> None:
        with psycopg.connect(database) as connection:
            self._there = connection.info.host, connection.info.port
        self._door = socket.create_server(("127.0.0.1", 0))
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        here = make_url(database).set(host="127.0.0.1", port=self._door.getsockname()[1], query=plain)
        self.address = here.render_as_string(hide_password=False)
        self.lost = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._door.accept()
                there = self._connect()
                cut = threading.Event()
                threading.Thread(target=self._to_server, args=(here, there, cut), daemon=True).start()
                threading.Thread(target=self._to_client, args=(here, there, cut), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._there
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        there = socket.socket(socket.AF_UNIX)
        there.connect(f"{host}/.s.PGSQL.{port}")
        return there

    def _to_server(self, here: socket.socket, there: socket.socket, cut: threading.Event) -> None:
        sent = b""
        with suppress(OSError):
            while data := here.recv(_LONG):
                sent += data
                if b"INSERT INTO ledger_entries" in sent and b"COMMIT\0" in sent.rpartition(b"INTO ledger_entries")[2]:
                    cut.set()
                there.sendall(data)
        there.close()

    def _to_client(self, here: socket.socket, there: socket.socket, cut: threading.Event) -> None:
        kept = b""
        with suppress(OSError):
            while data := there.recv(_LONG):
                if not cut.is_set():
                    here.sendall(data)
                    continue
                kept += data
                if b"COMMIT\0" in kept:
                    here.shutdown(socket.SHUT_RDWR)
                    self.lost.set()
                    return


@contextmanager
def losing_the_answer(database: str) -> Iterator[LosesTheAnswer]:
    between = LosesTheAnswer(database)
    try:
        db.configure(between.address)
        yield between
    finally:
        db.configure(database)
        between.close()


def test_an_application_that_was_written_is_not_said_to_be_unchanged(service: Service, database: str) -> None:
    browser = service.browser()
    form = {"form_token": browser.to_confirm("TP-02"), "confirmed": "yes", "csrf_token": browser.token()}
    headers = {"Referer": service.settings.public_url + f"{STEPS}/confirm"}
    with losing_the_answer(database) as between:
        answer = browser.post(f"{STEPS}/confirm", data=form, headers=headers)
        assert between.lost.wait(_PATIENCE)
    (written,) = service.applications()
    assert written.receipt_no, "it was written"
    check_is_clear(answer, 503)
    text = answer.get_data(as_text=True)
    assert NOT_KNOWN in text and "変わっていません" not in text

    again = browser.post(f"{STEPS}/confirm", data=form, headers=headers)
    assert again.status_code == 303 and written.receipt_no in again.headers["Location"], "the same page sent again"
    assert [one.receipt_no for one in service.applications()] == [written.receipt_no]
