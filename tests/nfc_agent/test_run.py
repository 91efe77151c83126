"""The agent as a whole: its loop, its messages, its start and its end."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nfc.agent.reading import IssuerKeys
from nfc.agent.run import run_agent
from nfc.agent.signing import DeviceKey, DeviceKeyError
from tests.nfc_agent.conftest import AGENT_ID, LIMIT_SECONDS, Person
from tests.nfc_agent.scripted_card import CV_KEYS, Card, ScriptedReader
from tests.nfc_agent.service import Service, task_json


class Agent:
    """`run_agent` in a thread."""

    def __init__(self, service: Service, key_path: Path, reader: ScriptedReader) -> None:
        self.stop = threading.Event()
        self._ready = threading.Event()
        self._url = ""
        self._thread = threading.Thread(
            target=run_agent,
            args=(service.url, AGENT_ID, key_path, reader, 0, self._is_ready, self.stop),
            kwargs={"issuer_keys": IssuerKeys(CV_KEYS, "test"), "wait_seconds": 1},
        )
        self._thread.start()
        assert self._ready.wait(LIMIT_SECONDS)
        self.person = Person(self._url)

    def _is_ready(self, url: str) -> None:
        self._url = url
        self._ready.set()

    def until_state(self, state: str) -> None:
        for _ in range(LIMIT_SECONDS * 20):
            if self.person.http.get("/state").json()["state"] == state:
                return
            self.stop.wait(0.05)
        raise AssertionError(f"{state} did not come")

    def end(self) -> None:
        self.stop.set()
        self._thread.join(LIMIT_SECONDS)
        assert not self._thread.is_alive()
        self.person.http.close()


@pytest.fixture
def reader() -> ScriptedReader:
    return ScriptedReader(Card())


@pytest.fixture
def start(service: Service, key: DeviceKey, tmp_path: Path, reader: ScriptedReader):
    agents: list[Agent] = []

    def begin() -> Agent:
        agents.append(Agent(service, tmp_path / "device.pem", reader))
        return agents[-1]

    yield begin
    for agent in agents:
        agent.end()


def test_one_session_after_the_other_is_served(start: Callable[[], Agent], service: Service) -> None:
    agent = start()
    assert "受け付け前です" in agent.person.page()
    for outcome in ("ok", "cancelled"):
        service.tasks.put(task_json())
        agent.until_state("waiting_pin")
        if outcome == "ok":
            agent.person.enter()
        else:
            agent.person.cancel()
        assert service.results.get(timeout=LIMIT_SECONDS)["outcome"] == outcome


def test_a_service_that_is_away_is_told_once_and_waited_for(
    start: Callable[[], Agent], service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "nfc.agent")
    service.answers["take"] = [None, None]
    service.tasks.put(task_json())
    agent = start()
    agent.until_state("waiting_pin")
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == ["the service cannot be reached; trying again until it answers"]
    assert "the service answers again" in caplog.text


def test_a_missing_device_key_stops_the_start(service: Service, tmp_path: Path, reader: ScriptedReader) -> None:
    with pytest.raises(DeviceKeyError):
        run_agent(service.url, AGENT_ID, tmp_path / "no.pem", reader, 0, lambda url: None, threading.Event())


PROGRAM = """
import sys
from pathlib import Path
from nfc.agent.run import main_loop
from tests.nfc_agent.scripted_card import ScriptedReader
sys.exit(main_loop(server_url=sys.argv[1], agent_id="agent-1", key_path=Path(sys.argv[2]),
                   reader=ScriptedReader(), keypad_port=int(sys.argv[3])))
"""


def program(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_ends_at_once_on_a_signal_with_one_line_messages(
    service: Service, key: DeviceKey, tmp_path: Path, number: signal.Signals
) -> None:
    with program(service.url, str(tmp_path / "device.pem"), "0") as running:
        service.asked.get(timeout=LIMIT_SECONDS)
        running.send_signal(number)
        _, said = running.communicate(timeout=LIMIT_SECONDS)
    assert running.returncode == 0
    lines = said.splitlines()
    assert "the keypad page is at http://127.0.0.1:" in lines[0]
    assert "the reader agent has ended" in lines[-1]
    assert "Traceback" not in said


def test_a_program_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    with program("https://todoke.example.jp", str(tmp_path / "no.pem"), "0") as running:
        _, said = running.communicate(timeout=LIMIT_SECONDS)
    assert running.returncode == 1
    assert len(said.splitlines()) == 1
    assert "cannot read the device key" in said
