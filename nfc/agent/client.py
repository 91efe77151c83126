"""The agent's side of the service's agent API: take a session, tell its progress, hand in its result.

Every request is signed (`nfc.agent.signing`). Only failures of the transport are retried, a few times and with a fresh
signature each; what the service answered is an answer.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import httpx

from nfc.agent.signing import AGENT_ID, DeviceKey, sign_request
from nfc.agent.task import CardSessionTask, TaskError

ProgressStep: TypeAlias = Literal["waiting_removal", "waiting_card", "waiting_pin", "reading"]

MAX_WAIT_SECONDS: Final = 25
CONNECT_TIMEOUT_SECONDS: Final = 5.0
ANSWER_TIMEOUT_SECONDS: Final = 10.0
IMPATIENT_SECONDS: Final = 2.0
MAX_ANSWER_BYTES: Final = 64 * 1024
PROGRESS_ATTEMPTS: Final = 2
FINISH_ATTEMPTS: Final = 5
MAX_RETRY_AFTER_SECONDS: Final = 300
_FIRST_PAUSE_SECONDS: Final = 0.5
_TAKE_PATH: Final = "/api/agent/v1/take"
_SESSION_PATH: Final = "/api/agent/v1/sessions/"
_ENDED: Final = frozenset({404, 409, 410})


class ClientError(Exception):
    """The service could not be asked or did not answer as agreed."""


class AgentConfigurationError(ValueError):
    """The service address or the agent id cannot be used; the message says why in a sentence."""


class ServiceAway(ClientError):
    """No answer: the service is down, or the way to it is."""


class ServiceBusy(ClientError):
    """The service asks to come back after `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the service is busy")
        self.retry_after = retry_after


class AgentRefused(ClientError):
    """The service does not accept this agent: not enrolled, disabled, or the clocks differ too much."""


class SessionEnded(ClientError):
    """The card session is over on the service's side: cancelled, expired or already finished."""


class BadAnswer(ClientError):
    """The service answered something that is not in the agreement; the message names status or field only."""


class AgentClient:
    """One agent at one service. Not thread-safe: the agent's loop is its only user."""

    def __init__(
        self,
        server_url: str,
        agent_id: str,
        key: DeviceKey,
        *,
        allow_plain_http: bool = False,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`server_url` is scheme and host, perhaps a path prefix. Raises AgentConfigurationError.

        The result holds the four items of information, so it travels over https, or within this machine; a closed
        test network has to say `allow_plain_http`.
        """
        parts = urlsplit(server_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise AgentConfigurationError("the service address must begin with https:// or http://")
        if not AGENT_ID.fullmatch(agent_id):
            raise AgentConfigurationError("an agent id has 1 to 64 letters, digits, dots, dashes or underscores")
        is_local = is_loopback(parts.hostname)
        if parts.scheme == "http" and not (is_local or allow_plain_http):
            raise AgentConfigurationError("the service is on another machine: its address must begin with https://")
        self._base = server_url.rstrip("/")
        self._path_prefix = urlsplit(self._base).path
        self._agent_id = agent_id
        self._key = key
        self._clock = clock
        self._pause = pause
        # A proxy of the environment has no business between two programs of one machine.
        self._http = httpx.Client(trust_env=not is_local, follow_redirects=False)

    @property
    def agent_id(self) -> str:
        """The name under which the service enrolled this agent; part of what the card signs."""
        return self._agent_id

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def take(self, wait: int, session_id: str | None = None) -> CardSessionTask | None:
        """Ask for a card session; the service may hold the request up to `wait` seconds. None when there is none.

        With `session_id` only that session is taken: for an agent that knows which page it reads for. Raises
        ServiceAway, ServiceBusy, AgentRefused, BadAnswer. Never retried: an answer that was lost has already taken the
        session, and the person opens a new one.
        """
        wait = max(0, min(wait, MAX_WAIT_SECONDS))
        asked = {"wait": wait} if session_id is None else {"wait": wait, "session_id": session_id}
        status, content = self._post(_TAKE_PATH, asked, answer_within=wait + ANSWER_TIMEOUT_SECONDS)
        if status == 204:
            return None
        if status != 200:
            raise BadAnswer(f"status {status} to take")
        try:
            return CardSessionTask.from_json(json.loads(content))
        except TaskError as error:
            raise BadAnswer(f"card session: {error}") from None
        except ValueError:
            raise BadAnswer("the card session is not JSON") from None

    def progress(self, session_id: str, step: ProgressStep, *, patient: bool = True) -> None:
        """Tell the waiting page what happens. Raises SessionEnded when nobody waits any more, else as `take`.

        Without `patient` it is one short attempt: somebody stands at the keypad meanwhile.
        """
        attempts, seconds = (PROGRESS_ATTEMPTS, ANSWER_TIMEOUT_SECONDS) if patient else (1, IMPATIENT_SECONDS)
        self._post_to_session(session_id, "progress", {"step": step}, attempts, seconds)

    def finish(self, session_id: str, result: Mapping[str, object]) -> None:
        """Hand in the result. Raises SessionEnded when it comes too late, else as `take`."""
        self._post_to_session(session_id, "result", result, FINISH_ATTEMPTS, ANSWER_TIMEOUT_SECONDS)

    def _post_to_session(
        self, session_id: str, what: str, value: Mapping[str, object], attempts: int, seconds: float
    ) -> None:
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, attempts + 1):
            try:
                status, _ = self._post(f"{_SESSION_PATH}{session_id}/{what}", value, seconds)
            except ServiceAway:
                if attempt == attempts:
                    raise
                self._pause(pause)
                pause *= 2
                continue
            if status == 409 and attempt > 1:
                return  # the attempt whose answer was lost had arrived
            if status in _ENDED:
                raise SessionEnded(f"status {status} to {what}")
            if not 200 <= status < 300:
                raise BadAnswer(f"status {status} to {what}")
            return

    def _post(self, path: str, value: Mapping[str, object], answer_within: float) -> tuple[int, bytes]:
        body = json.dumps(value, ensure_ascii=False).encode("utf-8")
        headers = sign_request(self._key, self._agent_id, "POST", self._path_prefix + path, body, self._clock())
        headers["Content-Type"] = "application/json"
        timeout = httpx.Timeout(answer_within, connect=min(CONNECT_TIMEOUT_SECONDS, answer_within))
        try:
            with self._http.stream(
                "POST", self._base + path, content=body, headers=headers, timeout=timeout
            ) as response:
                content = b""
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise BadAnswer("the answer is too long")
        # InvalidURL and the like are no TransportError; they cannot happen with the address checked above.
        except httpx.TransportError as error:
            # The library's message may quote the request; its kind says enough.
            raise ServiceAway(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise BadAnswer(type(error).__name__) from None
        if response.status_code in {401, 403}:
            raise AgentRefused(f"status {response.status_code}")
        if response.status_code in {429, 503}:
            raise ServiceBusy(_retry_after(response))
        if response.status_code in {502, 504}:
            raise ServiceAway(f"status {response.status_code}")
        return response.status_code, content


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 5
    return float(max(1, min(seconds, MAX_RETRY_AFTER_SECONDS)))
