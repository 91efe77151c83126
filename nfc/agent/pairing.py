"""Pairing this program with a service: once, by a code that a supervisor or an operator made (`todoke reader pair`).

The key pair is made here and its private half stays here; the service learns the public half and gives the agent its
id, which is kept in a small file beside the key.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from nfc.agent.client import MAX_ANSWER_BYTES, AgentConfigurationError, is_loopback
from nfc.agent.signing import AGENT_ID, DeviceKey, sign_request

PAIRING_ID: Final = "pairing"
"""The agent id of a request by somebody who has none yet."""

PAIR_PATH: Final = "/api/agent/v1/pair"
SECONDS: Final = 10.0
_READER_NO = re.compile(r"[0-9]{1,12}")


class PairingFailed(Exception):
    """The program is not paired; the message says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What the service gave: the id for every later request, and the number that residents type."""

    agent_id: str
    reader_no: str
    name: str


def pair(
    server_url: str,
    code: str,
    key: DeviceKey,
    *,
    allow_plain_http: bool = False,
    clock: Callable[[], float] = time.time,
) -> Pairing:
    """Enrol this device key with a code. Raises AgentConfigurationError, PairingFailed."""
    parts = urlsplit(server_url)
    is_local = parts.hostname is not None and is_loopback(parts.hostname)
    if parts.scheme != "https" and not (parts.scheme == "http" and (is_local or allow_plain_http)):
        raise AgentConfigurationError("the service is on another machine: its address must begin with https://")
    base = server_url.rstrip("/")
    body = json.dumps({"code": code, "public_key": key.public_bytes.hex()}).encode("ascii")
    headers = sign_request(key, PAIRING_ID, "POST", urlsplit(base).path + PAIR_PATH, body, clock())
    headers["Content-Type"] = "application/json"
    try:
        with httpx.Client(trust_env=not is_local, follow_redirects=False, timeout=SECONDS) as http:
            answer = http.post(base + PAIR_PATH, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise PairingFailed(f"the service cannot be reached ({type(error).__name__})") from None
    if answer.status_code in {400, 401}:
        raise PairingFailed("the service does not accept this code: it is wrong, used or too old, or the clock is off")
    if answer.status_code == 409:
        raise PairingFailed("this device key was revoked: move its file away and pair again, with a key of its own")
    if answer.status_code == 429:
        raise PairingFailed("too many attempts: try again in a minute")
    if answer.status_code != 200 or len(answer.content) > MAX_ANSWER_BYTES:
        raise PairingFailed(f"the service answered something unexpected (status {answer.status_code})")
    return _read(answer.content)


def _read(content: bytes) -> Pairing:
    try:
        value = json.loads(content)
        pairing = Pairing(value["agent_id"], value["reader_no"], value["name"])
    except (ValueError, KeyError, TypeError):
        raise PairingFailed("the service's answer cannot be read") from None
    texts = (pairing.agent_id, pairing.reader_no, pairing.name)
    fits = all(isinstance(text, str) and text.isprintable() for text in texts)
    if not fits or not AGENT_ID.fullmatch(pairing.agent_id) or not _READER_NO.fullmatch(pairing.reader_no):
        raise PairingFailed("the service's answer cannot be read")
    return pairing


def remember(key_file: Path, pairing: Pairing) -> None:
    """Keep the agent's id beside its key; no secret is in it."""
    _place(key_file).write_text(json.dumps({"agent_id": pairing.agent_id}) + "\n", encoding="utf-8")


def remembered_agent_id(key_file: Path) -> str | None:
    """The id that pairing gave to this key, or None."""
    try:
        agent_id = json.loads(_place(key_file).read_text(encoding="utf-8"))["agent_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return agent_id if isinstance(agent_id, str) and AGENT_ID.fullmatch(agent_id) else None


def _place(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + ".agent.json")
