"""How the service knows which agent speaks: every request is signed with the agent's Ed25519 device key.

The signature covers method, path, agent, time, nonce and the hash of the body, so that a request can neither be altered
nor sent again later: the receiver refuses old times here and remembers nonces for twice the tolerance itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

AGENT_HEADER: Final = "Todoke-Agent"
TIMESTAMP_HEADER: Final = "Todoke-Timestamp"
NONCE_HEADER: Final = "Todoke-Nonce"
SIGNATURE_HEADER: Final = "Todoke-Signature"

TOLERANCE_SECONDS: Final = 120
MAX_KEY_FILE_BYTES: Final = 4096
_LABEL: Final = b"todoke-agent-request-v1"
AGENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{86}==")


class DeviceKeyError(Exception):
    """The device key file is missing, unreadable for us, or readable for others."""


class SignatureError(Exception):
    """The request was not signed by this key, for this request, just now. The message names the reason, no values."""


class HeaderReader(Protocol):
    """What is needed of a header mapping; web frameworks' case-insensitive ones fit, and so does a dict."""

    def get(self, key: str, /) -> str | None:
        """The value of one header, or None."""


@dataclass(frozen=True, slots=True)
class SignedBy:
    """Facts of an accepted signature. The receiver must refuse a (agent_id, nonce) that it has seen before."""

    agent_id: str
    nonce: str
    timestamp: int


class DeviceKey:
    """The agent's own key pair; the private half never leaves the machine and is never shown."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key

    def __repr__(self) -> str:
        return "DeviceKey(...)"

    @classmethod
    def create(cls, path: Path) -> DeviceKey:
        """Make a key and write it to a new file with mode 0600. Raises DeviceKeyError when the file exists."""
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise DeviceKeyError(f"cannot create the device key {path.name}: {error.strerror}") from error
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> DeviceKey:
        """Read the key. Raises DeviceKeyError when it is missing, not ours alone (mode wider than 0600), or no key."""
        try:
            with path.open("rb") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                pem = stream.read(MAX_KEY_FILE_BYTES)
        except OSError as error:
            raise DeviceKeyError(f"cannot read the device key {path.name}: {error.strerror}") from error
        if mode & 0o077:
            raise DeviceKeyError(f"the device key {path.name} is open to others (mode {mode:o}); set it to 600")
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise DeviceKeyError(f"{path.name} holds no usable key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise DeviceKeyError(f"{path.name} is not an Ed25519 key")
        return cls(key)

    @property
    def public_bytes(self) -> bytes:
        """The 32 raw bytes by which the service knows this agent."""
        return self._private_key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature."""
        return self._private_key.sign(message)


def sign_request(  # noqa: PLR0917 -- one request line, in the order of a request
    key: DeviceKey, agent_id: str, method: str, path: str, body: bytes, now: float
) -> dict[str, str]:
    """The four headers of one request. `path` is as sent, with its query; `now` in seconds since 1970 (UTC)."""
    if not AGENT_ID.fullmatch(agent_id):
        raise ValueError("agent ids are 1 to 64 letters, digits, dots, dashes or underscores")
    timestamp = str(int(now))
    nonce = secrets.token_urlsafe(16)
    signature = key.sign(_signed_text((method.upper(), path, agent_id, timestamp, nonce), body))
    return {
        AGENT_HEADER: agent_id,
        TIMESTAMP_HEADER: timestamp,
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: base64.b64encode(signature).decode("ascii"),
    }


def verify_request(  # noqa: PLR0917 -- mirrors sign_request
    public_key: bytes,
    headers: HeaderReader,
    method: str,
    path: str,
    body: bytes,
    now: float,
    tolerance: float = TOLERANCE_SECONDS,
) -> SignedBy:
    """Check a request against the public key enrolled for the agent it names; `tolerance` in seconds, both ways.

    Raises SignatureError. The caller still has to refuse a nonce it has seen (SignedBy) within twice the tolerance.
    """
    agent_id = _header(headers, AGENT_HEADER, AGENT_ID)
    timestamp = _header(headers, TIMESTAMP_HEADER, _TIMESTAMP)
    nonce = _header(headers, NONCE_HEADER, _NONCE)
    signature = _header(headers, SIGNATURE_HEADER, _SIGNATURE)
    if abs(now - int(timestamp)) > tolerance:
        raise SignatureError("the time of the request is too far from the time here")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            base64.b64decode(signature, validate=True),
            _signed_text((method.upper(), path, agent_id, timestamp, nonce), body),
        )
    except (InvalidSignature, ValueError, binascii.Error):
        raise SignatureError("the signature does not fit the request") from None
    return SignedBy(agent_id, nonce, int(timestamp))


def _header(headers: HeaderReader, name: str, form: re.Pattern[str]) -> str:
    value = headers.get(name)
    if value is None or not form.fullmatch(value):
        raise SignatureError(f"header {name} is missing or malformed")
    return value


def _signed_text(fields: tuple[str, ...], body: bytes) -> bytes:
    if any("\n" in field for field in fields):  # would let one request read as another
        raise SignatureError("the parts of a request line are single lines")
    lines = (*fields, hashlib.sha256(body).hexdigest())
    return b"\n".join((_LABEL, *(line.encode("utf-8") for line in lines)))
