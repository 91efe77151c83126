"""`todoke mail-catcher`: a mail server for the demo that delivers nothing, and a page that shows what it caught."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from logging import WARNING, getLogger
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flask import Flask

KEPT = 200
MAX_BYTES = 256 * 1024

_PAGE = """<!doctype html>
<html lang="ja"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>試験用のメール受け</title>
<style>body{font-family:sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;line-height:1.7}
article{border:1px solid #767676;border-radius:8px;padding:1rem;margin:1rem 0}
pre{white-space:pre-wrap;font:inherit;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:0}</style>
<h1>試験用のメール受け</h1>
<p>試験では、メールは外に出ません。ここで受け取ったものを、新しい順に{{ kept }}通まで表示します。</p>
{% for mail in mails %}<article id="mail-{{ mail.number }}"><h2>{{ mail.subject }}</h2>
<p>宛先: {{ mail.to }}</p><pre>{{ mail.text }}</pre></article>
{% else %}<p>まだ届いていません。</p>{% endfor %}
</html>"""


@dataclass(frozen=True)
class Caught:
    """One message."""

    number: int
    to: str
    subject: str
    text: str
    message_id: str


class MailBox:
    """What was caught, newest first, in memory only. Addresses in ``unknown`` are refused as a mail server does."""

    def __init__(self) -> None:
        self._mails: deque[Caught] = deque(maxlen=KEPT)
        self._numbers = count(1)
        self._lock = threading.Lock()
        self.unknown: set[str] = set()
        self.full: set[str] = set()

    def mails(self) -> list[Caught]:
        """Newest first."""
        with self._lock:
            return list(self._mails)

    # The names of the next two are aiosmtpd's.

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.unknown:
            return "550 5.1.1 no such user"
        if address in self.full:
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a message."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        with self._lock:
            self._mails.appendleft(
                Caught(
                    number=next(self._numbers),
                    to=", ".join(envelope.rcpt_tos),
                    subject=str(message["Subject"]),
                    text=str(body.get_content()) if body else "",
                    message_id=str(message["Message-ID"]),
                )
            )
        return "250 OK"


@click.command("mail-catcher")
@click.option("--port", default=8006, show_default=True, help="Port of the page.")
@click.option("--smtp-port", default=8007, show_default=True, help="Port to which the service sends.")
def mail_catcher(port: int, smtp_port: int) -> None:
    """Catch the demo's mail on this machine and show it. For demos only: no password, nothing is delivered."""
    from aiosmtpd.controller import Controller
    from werkzeug.serving import make_server

    from app.web import logging

    logging.configure("INFO")
    getLogger("mail.log").setLevel(WARNING)  # it would log addresses
    box = MailBox()
    controller = Controller(box, hostname="127.0.0.1", port=smtp_port, data_size_limit=MAX_BYTES)
    controller.start()
    try:
        make_server("127.0.0.1", port, page_of(box), threaded=True).serve_forever()
    finally:
        controller.stop()


def page_of(box: MailBox) -> Flask:
    """The page that shows what was caught."""
    from flask import Flask, render_template_string

    app = Flask("todoke-mail-catcher", static_folder=None)

    @app.get("/")
    def _mails() -> str:
        return render_template_string(_PAGE, mails=box.mails(), kept=KEPT)

    return app
