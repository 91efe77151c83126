"""One whole visit with service and agent in two networks, joined by one cable that is listened to.

`python -m tests.agent_e2e.two_networks FOLDER` runs in a network namespace of its own, which becomes the service's;
the agent's, with its PC/SC reader, is made here. It leaves FOLDER/cable and FOLDER/keypad (all frames of the link
between both, and of the agent's own loopback, where the PINs are typed) and FOLDER/visit.json. Plain HTTP: otherwise
the recording would prove nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx

from app.cli.browser import Browser, Page
from card_sim.people import load_people
from tests.agent_e2e import frames

PERSON = "TP-CANARY"
SERVICE, AGENT = "192.0.2.1", "192.0.2.2"
PORT, KEYPAD_PORT = 8000, 8101
KEYPAD = f"http://127.0.0.1:{KEYPAD_PORT}"
START_SECONDS, STEP_SECONDS = 150.0, 30.0
TYPIST = """
import sys
from app.cli.browser import Browser
browser = Browser(sys.argv[1])
page = browser.get("/")
form = page.form("page_number", "text_pin", "auth_pin")
typed = dict(zip(("page_number", "text_pin", "auth_pin"), sys.argv[2:], strict=True))
print(browser.submit(page, form, **typed).heading)
"""


class Networks:
    """This network and the agent's, with a cable between them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        _run("ip", "link", "set", "lo", "up")
        away = self.start("unshare", "--net", "sleep", "600")
        until(lambda: _network(away.pid) != _network(os.getpid()), "the agent's network")
        self._enter = ("nsenter", "--net", "--target", str(away.pid))
        _run("ip", "link", "add", "service", "type", "veth", "peer", "name", "agent", "netns", str(away.pid))
        _run("ip", "address", "add", f"{SERVICE}/24", "dev", "service")
        _run("ip", "link", "set", "service", "up")
        _run(*self._enter, "ip", "link", "set", "lo", "up")
        _run(*self._enter, "ip", "address", "add", f"{AGENT}/24", "dev", "agent")
        _run(*self._enter, "ip", "link", "set", "agent", "up")

    def start(self, *command: str, log: Path | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """A program of the service's side; ended at the end."""
        output = log.open("wb") if log else subprocess.PIPE
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=None
        )
        self._stack.callback(_end, process)
        return process

    def start_away(self, *command: str, log: Path | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """A program of the agent's side."""
        return self.start(*self._enter, *command, log=log, **environment)

    def run_away(self, *command: str) -> str:
        """A program of the agent's side, to its end; what it printed."""
        return _run(*self._enter, *command)


def visit(folder: Path) -> None:
    """Everything, in order."""
    persona = load_people()[PERSON]
    with ExitStack() as stack:
        networks = Networks(stack)
        listening = networks.start(sys.executable, frames.__file__, "service", str(folder / "cable"))
        overhearing = networks.start_away(sys.executable, frames.__file__, "lo", str(folder / "keypad"))
        for recorder in (listening, overhearing):
            assert recorder.stdout is not None
            assert recorder.stdout.readline() == b"recording\n"
        state = _start_service(networks, folder)
        reader_no = _start_agent(networks, folder, state)
        browser = Browser(f"http://{SERVICE}:{PORT}")
        waiting = _open_session(browser, reader_no)
        _todoke(state, "card", "insert", PERSON, "--door", str(folder / "p" / "door"))
        stack.callback(_todoke, state, "card", "remove", "--door", str(folder / "p" / "door"))
        until(lambda: _step_of(browser, waiting) == "waiting_pin", "the agent asks for the PINs")
        assert persona.pins.text is not None
        assert persona.pins.auth is not None
        shown = waiting.marks["number"]
        networks.run_away(sys.executable, "-c", TYPIST, KEYPAD, shown, persona.pins.text, persona.pins.auth)
        until(lambda: _next_url(browser, waiting) is not None, "the browser goes on")
        after = browser.get(str(_next_url(browser, waiting)))
        (folder / "visit.json").write_text(json.dumps({"heading": after.heading}), encoding="utf-8")


def _start_service(networks: Networks, folder: Path) -> Path:
    state = folder / "state"
    networks.start(
        *(sys.executable, "-m", "app.cli", "demo", "--host", "0.0.0.0", "--port", str(PORT)),
        *("--no-qr", "--state-dir", str(state)),
        log=folder / "demo.log",
        TODOKE_PUBLIC_URL=f"http://{SERVICE}:{PORT}",
    )
    until(lambda: _answers(f"http://{SERVICE}:{PORT}/readyz"), "the service", START_SECONDS)
    return state


def _start_agent(networks: Networks, folder: Path, state: Path) -> str:
    """Pair it and start it with a PC/SC reader of its own; its reader number."""
    key, server = str(folder / "agent.key"), f"http://{SERVICE}:{PORT}"
    code = _todoke(state, "agents", "pair-code", "listened to", "--kind", "simulated").split()[0]
    todoke = (sys.executable, "-m", "app.cli")
    paired = networks.run_away(
        *todoke, "reader", "pair", "--server", server, "--code", code, "--key-file", key, "--allow-plain-http"
    )
    readers = networks.start_away("sh", "tools/private_pcscd.sh", "--dir", str(folder / "p"))
    assert readers.stdout is not None
    assert b"are there" in readers.stdout.readline()
    networks.start_away(
        *(*todoke, "reader", "--server", server, "--key-file", key, "--pcsc", "--environment", "test"),
        *("--issuer-keys", str(state / "trust" / "cv_keys.json"), "--keypad-port", str(KEYPAD_PORT)),
        "--allow-plain-http",
        log=folder / "agent.log",
        PCSCLITE_CSOCK_NAME=str(folder / "p" / "run" / "pcscd.comm"),
    )
    return paired.rpartition("reader number ")[2].strip()


def _open_session(browser: Browser, reader_no: str) -> Page:
    start = browser.get("/policies/P-001/apply")
    identity = browser.submit(start, start.form())
    form = identity.form("reader", "reader_number")
    return browser.submit(identity, form, reader="other", reader_number=reader_no)


def _step_of(browser: Browser, waiting: Page) -> object:
    return browser.json(f"{waiting.path}/state").get("state")


def _next_url(browser: Browser, waiting: Page) -> object:
    return browser.json(f"{waiting.path}/state").get("next_url")


def until(met: Callable[[], bool], what: str, seconds: float = STEP_SECONDS) -> None:
    """Wait for the machine."""
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _network(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def _todoke(state: Path, *arguments: str) -> str:
    """A command of the service's side, with the demo's settings."""
    settings = json.loads((state / "environment.json").read_text(encoding="utf-8"))
    return _run(sys.executable, "-m", "app.cli", *arguments, **settings)


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]}: {done.stderr}")
    return done.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    visit(Path(sys.argv[1]))
