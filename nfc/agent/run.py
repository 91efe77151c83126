"""The agent's loop: wait for a card session, lead it to its end, wait for the next.

A service that is away is no reason to stop: the agent says so in one sentence, keeps nothing, and tries again.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from nfc.agent.attend import attend
from nfc.agent.booth import Booth, Trouble
from nfc.agent.client import (
    MAX_WAIT_SECONDS,
    AgentClient,
    AgentConfigurationError,
    AgentRefused,
    BadAnswer,
    ServiceAway,
    ServiceBusy,
)
from nfc.agent.conduct import conduct
from nfc.agent.keypad import KeypadServer, KeypadUnavailable
from nfc.agent.last_card import LastCard
from nfc.agent.reading import IssuerKeys, Reader
from nfc.agent.signing import DeviceKey, DeviceKeyError
from nfc.agent.task import WITHOUT_PIN, CardSessionTask
from nfc.agent.visit import Visit
from nfc.exchanges import ExtendedLength

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
REFUSED_PAUSE_SECONDS: Final = 30.0
# A service that answers "none" at once must not be asked in a circle.
LEAST_TURN_SECONDS: Final = 0.5

_LOGGER = logging.getLogger("nfc.agent")
"""Constant sentences with ids only; nothing that was typed or read."""


@dataclass(slots=True)
class _Polling:
    """Whether the loop is only waiting for the service, so that it may be interrupted anywhere."""

    active: bool = False


def run_agent(  # noqa: PLR0917 -- what an agent is made of, each named by its callers
    server_url: str,
    agent_id: str,
    key_path: Path,
    reader: Reader,
    keypad_port: int,
    on_ready: Callable[[str], None],
    stop: threading.Event,
    *,
    issuer_keys: IssuerKeys | None = None,
    wait_seconds: int = MAX_WAIT_SECONDS,
    allow_plain_http: bool = False,
    shuffled_digits: bool = False,
    extended: ExtendedLength = ExtendedLength.OFF,
    polling: _Polling | None = None,
) -> None:
    """Serve card sessions until `stop` is set. `on_ready` is called with the keypad page's address.

    `wait_seconds` is how long one question to the service may be held; `stop` is noticed after it at the latest.
    `shuffled_digits` puts the keypad's number keys in a new order each time.
    Raises DeviceKeyError, AgentConfigurationError, KeypadUnavailable.
    """
    keys = issuer_keys if issuer_keys is not None else IssuerKeys()
    key = DeviceKey.load(key_path)
    client = AgentClient(server_url, agent_id, key, allow_plain_http=allow_plain_http, pause=stop.wait)
    booth = Booth(keys.environment, shuffled_digits=shuffled_digits)
    try:
        keypad = KeypadServer(booth, keypad_port)
        keypad.start()
        try:
            on_ready(keypad.url)
            _serve(
                client,
                reader,
                booth,
                issuer_keys=keys,
                stop=stop,
                wait_seconds=wait_seconds,
                extended=extended,
                polling=polling or _Polling(),
            )
        finally:
            keypad.stop()
    finally:
        client.close()


def _serve(
    client: AgentClient,
    reader: Reader,
    booth: Booth,
    *,
    issuer_keys: IssuerKeys,
    stop: threading.Event,
    wait_seconds: int,
    extended: ExtendedLength,
    polling: _Polling,
) -> None:
    patience, last_card = _Patience(booth), LastCard()
    while not stop.is_set():
        polling.active = True
        task = patience.ask(client, wait_seconds)
        if task is None:
            stop.wait(patience.pause)
        polling.active = False
        if task is None:
            continue
        _LOGGER.info("card session %s taken", task.session_id)
        visit = Visit(task)
        booth.begin(visit)
        if task.purpose in WITHOUT_PIN:
            attend(visit, reader=reader, client=client, stop=stop, last_card=last_card)
        else:
            conduct(
                visit,
                reader=reader,
                client=client,
                issuer_keys=issuer_keys,
                stop=stop,
                last_card=last_card,
                extended=extended,
            )
        booth.end()


class _Patience:
    """Asks for sessions, and knows how long to wait after each kind of answer. One log line per change, not per try."""

    def __init__(self, booth: Booth) -> None:
        self.pause = LEAST_TURN_SECONDS
        self._booth = booth
        self._trouble: str | None = None

    def ask(self, client: AgentClient, wait_seconds: int) -> CardSessionTask | None:
        try:
            task = client.take(wait_seconds)
        except ServiceBusy as busy:
            self.pause = busy.retry_after
            return None
        except ServiceAway:
            self._in_trouble(
                "away", "the service cannot be reached; trying again until it answers", LONGEST_PAUSE_SECONDS
            )
            return None
        except AgentRefused:
            self._in_trouble(
                "refused",
                "the service does not accept this agent: it was revoked, or this machine's clock is wrong",
                REFUSED_PAUSE_SECONDS,
            )
            return None
        except BadAnswer as error:
            self._in_trouble("away", f"the service answered something unexpected ({error})", LONGEST_PAUSE_SECONDS)
            return None
        if self._trouble is not None:
            _LOGGER.info("the service answers again")
        self._trouble = None
        self._booth.set_trouble(None)
        self.pause = LEAST_TURN_SECONDS
        return task

    def _in_trouble(self, trouble: Trouble, sentence: str, longest: float) -> None:
        if self._trouble != sentence:
            _LOGGER.warning("%s", sentence)
            self.pause = FIRST_PAUSE_SECONDS
        else:
            self.pause = min(self.pause * 2, longest)
        self._trouble = sentence
        self._booth.set_trouble(trouble)


def main_loop(
    *,
    server_url: str,
    agent_id: str,
    key_path: Path,
    reader: Reader,
    keypad_port: int,
    issuer_keys: IssuerKeys | None = None,
    on_ready: Callable[[str], None] | None = None,
    allow_plain_http: bool = False,
    shuffled_digits: bool = False,
    extended: ExtendedLength = ExtendedLength.OFF,
) -> int:
    """The agent as a program: logs on stderr, ends on Ctrl-C or SIGTERM, returns the exit status.

    0 after a normal end, 1 when it could not start, with one sentence why. Must run in the main thread.
    """
    _log_to_stderr()
    _leave_no_core_dump()
    stop = threading.Event()
    polling = _Polling()
    _end_on_signals(stop, polling)
    try:
        run_agent(
            server_url,
            agent_id,
            key_path,
            reader,
            keypad_port,
            on_ready or _announce,
            stop,
            issuer_keys=issuer_keys,
            allow_plain_http=allow_plain_http,
            shuffled_digits=shuffled_digits,
            extended=extended,
            polling=polling,
        )
    except KeyboardInterrupt:
        pass
    except (DeviceKeyError, AgentConfigurationError, KeypadUnavailable) as error:
        _LOGGER.error("%s", error)
        return 1
    _LOGGER.info("the reader agent has ended")
    return 0


def _announce(keypad_url: str) -> None:
    _LOGGER.info("the keypad page is at %s", keypad_url)


def _leave_no_core_dump() -> None:
    """A memory image would hold the PINs of the moment (N5)."""
    try:
        import resource
    except ImportError:  # not on Windows, which writes none unless told to
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s reader %(levelname)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def _end_on_signals(stop: threading.Event, polling: _Polling) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        stop.set()
        # A long question to the service is simply left; a card that is being read is read to the end.
        if polling.active:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
