"""A counter as a tester builds it: the demo, a PC/SC reader, the agent beside it, and a person at the browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Page

from tests.interop.private_readers import ROOT, PrivateReaders, until
from tests.journeys.system import System
from tests.journeys.walker import AUTH_PIN, PAGE_NUMBER, TEXT_PIN, TO_THE_WAYS, Person

READER_TITLE = "窓口のカードリーダー"
READY_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class CounterSystem(System):
    """The running demo, seen from the counter: its keypad is that of the PC/SC agent."""

    counter_keypad_port: int = 0

    @property
    def keypad_url(self) -> str:
        return f"http://127.0.0.1:{self.counter_keypad_port}"


class Counter:
    """The PC/SC reader, its agent, and the cards that are laid on it."""

    def __init__(self, system: System, readers: PrivateReaders, folder: Path) -> None:
        self.system = CounterSystem(system.process, system.port, system.state, counter_keypad_port=free_port())
        self.readers = readers
        self._key = folder / "counter.key"
        self._log = folder / "agent.log"
        self._agent: subprocess.Popen[bytes] | None = None

    def pair(self) -> None:
        """Once: a code from the service, typed at the agent."""
        system = self.system
        printed = system.todoke(
            *("agents", "pair-code", READER_TITLE, "--kind", "simulated"),
            *("--listed", "--keypad-url", system.keypad_url + "/"),
        )
        assert printed.returncode == 0, printed.stderr
        code = printed.stdout.split()[0]
        paired = system.todoke("reader", "pair", "--server", system.url, "--code", code, "--key-file", str(self._key))
        assert paired.returncode == 0, paired.stderr

    def start(self) -> None:
        """The agent as docs/testing-with-cards.md starts it."""
        arguments = ["--server", self.system.url, "--key-file", str(self._key), "--pcsc", "--environment", "test"]
        arguments += ["--issuer-keys", str(self.system.state / "trust" / "cv_keys.json")]
        arguments += ["--keypad-port", str(self.system.counter_keypad_port)]
        with self._log.open("ab") as log:
            self._agent = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "reader", *arguments],
                cwd=ROOT,
                env={**os.environ, **self.readers.environment},
                stdout=log,
                stderr=log,
            )
        until(self._keypad_answers, "the agent's keypad page", READY_SECONDS)

    def stop(self) -> int:
        """Ctrl-C."""
        assert self._agent is not None
        self._agent.terminate()
        return self._agent.wait(30)

    def said(self) -> str:
        """The agent's log."""
        return self._log.read_text(encoding="utf-8")

    def insert(self, person_id: str, *faults: str) -> None:
        """`todoke card insert`, with faults."""
        options = [option for fault in faults for option in ("--fault", fault)]
        done = self._card("insert", person_id, *options)
        assert done.returncode == 0, done.stderr

    def remove(self) -> None:
        """`todoke card remove`; harmless when none lies there."""
        self._card("remove")

    def _card(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        state = {"TODOKE_STATE_DIR": str(self.system.state)}
        return self.readers.run(sys.executable, "-m", "app.cli", "card", *arguments, cwd=ROOT, env=state)

    def _keypad_answers(self) -> bool:
        assert self._agent is not None
        assert self._agent.poll() is None, self.said()
        try:
            return httpx.get(self.system.keypad_url, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


class PersonAtCounter(Person):
    """A person who has the card read by the PC/SC reader."""

    counter: Counter

    def begin(self) -> None:
        """From the benefit's page to the waiting page, by this reader."""
        self.page.goto(self.system.url + "/policies/P-001")
        self.page.get_by_role("link", name="申し込む").first.click()
        self.page.get_by_role("button", name=TO_THE_WAYS).click()
        self.page.get_by_role("radio", name=READER_TITLE).check()
        self.page.get_by_role("button", name="カードを読み取る").click()
        self.heading("読み取り機に、カードを置いてください")

    def keypad(self) -> Page:
        """The reader's own page in a tab of its own."""
        tab = self.new_tab()
        tab.goto(self.system.keypad_url)
        return tab

    def enter(self, keypad: Page, text: str, auth: str, *, last_try: bool = False) -> None:
        """Both PINs, once the page asks for them."""
        self.heading("暗証番号を入力してください", keypad)
        keypad.get_by_label(PAGE_NUMBER, exact=True).fill(self.page.locator("#confirmation-digits").inner_text())
        keypad.get_by_label(TEXT_PIN, exact=True).fill(text)
        keypad.get_by_label(AUTH_PIN, exact=True).fill(auth)
        if last_try:
            for box in keypad.get_by_role("checkbox").all():
                box.check()
        keypad.get_by_role("button", name="読み取る").click()
