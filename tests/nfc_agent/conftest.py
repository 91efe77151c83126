"""A whole agent scene: real service, real keypad page, scripted card, and a person with a browser's habits."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from nfc.agent.attend import attend
from nfc.agent.booth import Booth
from nfc.agent.client import AgentClient
from nfc.agent.conduct import conduct
from nfc.agent.keypad import KeypadServer
from nfc.agent.last_card import LastCard
from nfc.agent.reading import IssuerKeys
from nfc.agent.signing import DeviceKey
from nfc.agent.task import WITHOUT_PIN, CardSessionTask
from nfc.agent.visit import Visit, VisitState, WrongMoment
from tests.nfc_agent.scripted_card import AUTH_PIN, CV_KEYS, TEXT_PIN, Card, ScriptedReader
from tests.nfc_agent.service import Service, task_json

AGENT_ID = "agent-1"
LIMIT_SECONDS = 20


class Clock:
    """Seconds that move only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Person:
    """Opens the keypad page and sends its forms, with the headers a browser sends."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(base_url=self.url, trust_env=False, headers={"Origin": self.url})

    def page(self) -> str:
        return self.http.get("/").text

    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.page())
        assert found is not None
        return found.group(1)

    def enter(self, text: str = TEXT_PIN, auth: str = AUTH_PIN, number: str = "48", **more: str) -> httpx.Response:
        fields = {"token": self.token(), "page_number": number, "text_pin": text, "auth_pin": auth, **more}
        return self.http.post("/pin", data=fields)

    def cancel(self) -> httpx.Response:
        return self.http.post("/cancel", data={"token": self.token()})


class Scene:
    """One visit being conducted in a thread."""

    def __init__(self, service: Service, key: DeviceKey) -> None:
        self.service = service
        self.client = AgentClient(service.url, AGENT_ID, key, pause=lambda seconds: None)
        self.clock = Clock()
        self.booth = Booth("test", clock=self.clock)
        self.keypad = KeypadServer(self.booth, 0)
        self.keypad.start()
        self.person = Person(self.keypad.url)
        self.reader = ScriptedReader()
        self.stop = threading.Event()
        self.last_card = LastCard()
        self.issuer_keys = IssuerKeys(CV_KEYS, "test")
        self.visit: Visit | None = None
        self._thread: threading.Thread | None = None

    def begin(self, card: Card | None = None, **task: object) -> Visit:
        self.reader.card = card
        visit = Visit(CardSessionTask.from_json(task_json(**task)), clock=self.clock)
        self.visit = visit
        self.booth.begin(visit)
        needs = {"reader": self.reader, "client": self.client, "stop": self.stop, "last_card": self.last_card}
        without_pin = visit.task.purpose in WITHOUT_PIN
        self._thread = threading.Thread(
            target=attend if without_pin else conduct,
            args=(visit,),
            kwargs=needs if without_pin else needs | {"issuer_keys": self.issuer_keys},
        )
        self._thread.start()
        return visit

    def until(self, state: VisitState) -> None:
        """Wait for a state; the test fails when it does not come."""
        assert self.visit is not None
        self.until_true(lambda: self.visit is not None and self.visit.state is state)

    def until_true(self, condition: Callable[[], bool]) -> None:
        assert self.visit is not None
        for _ in range(LIMIT_SECONDS * 20):
            if condition():
                return
            self.visit.wait(0.05)
        raise AssertionError(f"it did not come; the visit is {self.visit.state}")

    def end(self) -> None:
        """Wait until the visit is conducted to its end."""
        assert self._thread is not None
        self._thread.join(LIMIT_SECONDS)
        assert not self._thread.is_alive()

    def steps(self) -> list[str]:
        """The steps the service was told of, each once until the next (the pulse repeats the current one)."""
        told = list(self.service.steps.queue)
        return [step for index, step in enumerate(told) if index == 0 or told[index - 1] != step]

    def result(self) -> dict[str, object]:
        """What the service was told, once."""
        self.end()
        result: dict[str, object] = self.service.results.get(timeout=LIMIT_SECONDS)
        assert self.service.results.empty()
        return result

    def close(self) -> None:
        self.stop.set()
        if self.visit is not None:
            with suppress(WrongMoment):
                self.visit.cancel()
        if self._thread is not None:
            self._thread.join(LIMIT_SECONDS)
        self.keypad.stop()
        self.person.http.close()
        self.client.close()


@pytest.fixture
def key(tmp_path: Path) -> DeviceKey:
    return DeviceKey.create(tmp_path / "device.pem")


@pytest.fixture
def service(key: DeviceKey) -> Iterator[Service]:
    running = Service(key.public_bytes)
    yield running
    running.stop()


@pytest.fixture
def scene(service: Service, key: DeviceKey) -> Iterator[Scene]:
    made = Scene(service, key)
    yield made
    made.close()
