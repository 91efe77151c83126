"""Who walks with TP-CANARY: browsers whose every answer is kept, the readers, and the hands that use them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.cli.journey_card import read_and_hand_in
from tests.journeys.leaks import ACCOUNT, CANARY
from tests.journeys.system import System

PERSON = "TP-CANARY"
FORMS = "/policies/P-001/apply"
"""A page whose form has the token of the browser."""
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """One response as it came over the wire. ``may`` is what its reader may see in it: own data, own typing."""

    method: str
    url: str
    status: int
    text: str
    may: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {urlsplit(self.url).path} {self.status}"


@dataclass
class Recorder:
    """Every response that any client of this test gets."""

    answers: list[Answer] = field(default_factory=list)
    may: frozenset[str] = frozenset()

    @contextmanager
    def reader_may_see(self, *what: str) -> Iterator[None]:
        self.may = frozenset(what)
        yield
        self.may = frozenset()

    @contextmanager
    def listening(self) -> Iterator[None]:
        send = httpx.Client.send

        def heard(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            response = send(client, request, **options)
            response.read()
            head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
            text = f"{head}\n\n{response.text}"
            self.answers.append(Answer(request.method, str(request.url), response.status_code, text, self.may))
            return response

        patch = pytest.MonkeyPatch()
        patch.setattr(httpx.Client, "send", heard)
        yield
        patch.undo()


def wait_for(done: Callable[[], Any]) -> Any:
    """Ask until the answer is something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if value := done():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def path_and_status(response: httpx.Response) -> str:
    """What a failed assertion says of an answer."""
    return f"{response.request.method} {response.url.path} {response.status_code}"


class Visitor:
    """A browser: cookies, the token of the page before, the page as origin."""

    def __init__(self, system: System, recorder: Recorder) -> None:
        self.system = system
        self.recorder = recorder
        self._client = httpx.Client(base_url=system.url, timeout=30, trust_env=False, follow_redirects=False)

    def get(self, path: str, *may: str) -> httpx.Response:
        with self.recorder.reader_may_see(*may):
            return self._client.get(path)

    def post(self, path: str, *may: str, **fields: str) -> httpx.Response:
        """Send a form with the token of this browser."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self._client.get(FORMS).text)
        assert token
        with self.recorder.reader_may_see(*may):
            return self._client.post(path, data={"csrf_token": token[1], **fields}, headers={"Origin": self.system.url})

    def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._client.request(method, path, **more)

    def open_reading(self, path: str, reader: str) -> str:
        """Choose a reader; the address of the waiting page."""
        opened = self.post(path, reader="other", reader_number=reader)
        assert opened.status_code == 303, path_and_status(opened)
        assert self.get(opened.headers["location"]).status_code == 200
        return str(opened.headers["location"])

    def number_on(self, waiting: str) -> str:
        """The number that the waiting page shows for the reader's keypad."""
        found = re.search(r'id="confirmation-digits">([0-9]{2})<', self.get(waiting).text)
        assert found
        return found[1]

    def go_on(self, waiting: str) -> httpx.Response:
        """What the waiting page does when the reading is over."""
        wait_for(lambda: self.get(f"{waiting}/state").json()["next_url"])
        return self.get(f"{waiting}/next")


class Places:
    """The readers of the running system, and the hands that use them."""

    def __init__(self, system: System, recorder: Recorder) -> None:
        self.system = system
        self._http = httpx.Client(timeout=30, trust_env=False)
        agents = system.state / "agents"
        self.journey = json.loads((agents / "journey.json").read_text(encoding="utf-8"))
        self.desk = json.loads((agents / "desk.json").read_text(encoding="utf-8"))

    def read(self, person: str = PERSON, pin: str | None = None) -> None:
        """By the journey's agent."""
        now = datetime.fromisoformat(self._http.get(f"{self.system.url}/healthz").json()["now"])
        read_and_hand_in(
            base_url=self.system.url,
            state_dir=self.system.state,
            agent_id=self.journey["agent_id"],
            person_id=person,
            pin=pin,
            now=now,
        )

    def lay_card(self) -> None:
        """At the tester's desk, looked up by name as a tester would."""
        self._http.get(self.system.desk_url, params={"q": CANARY.name})
        self._http.get(f"{self.system.desk_url}/people/{PERSON}")
        self._desk("lay", {"person_id": PERSON})

    def take_card(self) -> None:
        self._desk("remove", {})

    def _desk(self, act: str, body: dict[str, str]) -> None:
        done = self._http.post(f"{self.system.desk_url}/api/{act}", json=body, headers={"Origin": self.system.desk_url})
        assert done.status_code == 200, path_and_status(done)

    def type_pins(self, text_pin: str, auth_pin: str, number: str) -> httpx.Response:
        """On the keypad page, when it asks for them; the number is that of the person's own page."""
        self._until("waiting_pin")
        page = self._http.get(f"{self.system.keypad_url}/")
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token
        return self._http.post(
            f"{self.system.keypad_url}/pin",
            data={"token": token[1], "page_number": number, "text_pin": text_pin, "auth_pin": auth_pin},
            headers={"Origin": self.system.keypad_url},
        )

    def see_the_end(self) -> None:
        self._until("done", "failed", "idle")
        self._http.get(f"{self.system.keypad_url}/")

    def _until(self, *states: str) -> None:
        url = f"{self.system.keypad_url}/state"
        wait_for(lambda: self._http.get(url).json()["state"] in states)

    def security_code(self) -> str:
        path = f"/v1/services/SVC-QR-01/accounts/{ACCOUNT}/code"
        return str(self._http.get(self.system.provider_url + path).json()["code"])
