"""A mail server that catches everything (the demo's own), and people who gave an address and proved it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from app import municipalities, notifications, settings, start
from app.cli.mail_catcher import Caught, MailBox
from app.notifications import Answer
from app.settings import Keys, MailServer
from tests.applications.applicants import Applicant, applicant, differences

SITE = "https://todoke.example.jp"
ADDRESS = "taro.shiken@example.jp"


@pytest.fixture
def installation(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of a test installation, the fictional municipalities, and the handlers of a running service."""
    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://127.0.0.1:8000"}
    values |= {"TRUST_ANCHORS_ENVIRONMENT": "test", "KEYS_JSON": Keys.generate_json(), "STATE_DIR": str(tmp_path)}
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    start.configure(settings.current())
    yield
    assert differences() == []
    municipalities.configure(with_samples=False)
    settings.current.cache_clear()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Post:
    """The mail server of these tests."""

    def __init__(self, box: MailBox, server: MailServer) -> None:
        self.box = box
        self.server = server

    def send(self) -> list[Caught]:
        """Send what is due; gives the messages that came, oldest first."""
        before = len(self.box.mails())
        notifications.send_waiting(self.server, SITE)
        return self.box.mails()[: len(self.box.mails()) - before][::-1]

    @property
    def silent(self) -> MailServer:
        """The same where nobody listens."""
        return replace(self.server, port=free_port())

    def reader(self, who: Applicant | None = None, *, language: str = "ja", address: str = ADDRESS) -> Applicant:
        """Somebody who gave an address and typed the code that came."""
        somebody = who or applicant()
        notifications.give_address(somebody.person_id, address, language)
        assert notifications.confirm_address(somebody.person_id, code_in(self.send()[-1])) is Answer.CONFIRMED
        return somebody


def code_in(mail: Caught) -> str:
    found = re.search(r"(?<!\d)\d{6}(?!\d)", mail.text)
    assert found
    return found[0]


@pytest.fixture
def post(installation: None) -> Iterator[Post]:
    box = MailBox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield Post(box, MailServer("127.0.0.1", controller.port, "none", "todoke@example.jp", None, "", 5.0))
    controller.stop()
