"""Personal data at rest: envelope encryption with key ids, blind index, and a type that does not print.

Every value has its own data key (AES-256-GCM), wrapped by the installation's current encryption key. The key's id
travels with the value, so that keys can be added and old values rewrapped without touching the data. The context
(table, column, row) is authenticated: a value moved to another row does not decrypt.

Index keys are apart from encryption keys and are not rotated by schedule (architecture.md section 4).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.settings import Keys

_VERSION = 1
_NONCE = 12
_WRAPPED = 32 + 16
MAX_PLAINTEXT_BYTES = 64 * 1024
MAX_CONTENT_BYTES = 8 * 1024 * 1024


class PiiError(Exception):
    """A stored value can't be read: unknown key id, damaged, or moved to another place. Holds no value."""


class Private:
    """A personal value on its way through the program; printing, formatting or logging it shows nothing."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "<private>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<private>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Private) and hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash in a traceback would be a fingerprint

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private value is not pickled")


class Vault:
    """Encrypts, decrypts, rewraps and indexes with the keys of one installation."""

    def __init__(self, keys: Keys) -> None:
        self._wrapping = {key_id: key.get_secret_value() for key_id, key in keys.encryption.items()}
        self._current = next(iter(self._wrapping))
        self._index = keys.index.get_secret_value()

    @property
    def current_key_id(self) -> str:
        """The id of the key that wraps new values."""
        return self._current

    def encrypt(self, value: Private, context: str) -> bytes:
        """Encrypt for one place, named by ``context`` such as ``person_facts.name:<id>``."""
        plain = value.reveal().encode("utf-8")
        if len(plain) > MAX_PLAINTEXT_BYTES:
            raise ValueError("the value is too long")
        return self._sealed(plain, context)

    def decrypt(self, stored: bytes, context: str) -> Private:
        """The value back; raises ``PiiError`` when key, bytes or place are not the ones it was stored with."""
        return Private(self.decrypt_content(stored, context).decode("utf-8"))

    def encrypt_content(self, content: bytes, context: str) -> bytes:
        """As ``encrypt``, for what is not text, such as a picture."""
        if not 0 < len(content) <= MAX_CONTENT_BYTES:
            raise ValueError("the content is empty or too long")
        return self._sealed(content, context)

    def decrypt_content(self, stored: bytes, context: str) -> bytes:
        """The content back; raises ``PiiError`` as ``decrypt`` does."""
        data_key, rest = self._unwrap(stored, context)
        try:
            return AESGCM(data_key).decrypt(rest[:_NONCE], rest[_NONCE:], context.encode())
        except (InvalidTag, ValueError):
            raise PiiError("the stored value is damaged or in another place") from None

    def needs_rewrap(self, stored: bytes) -> bool:
        """True when the value is still wrapped by an older key."""
        return _key_id(stored) != self._current

    def rewrap(self, stored: bytes, context: str) -> bytes:
        """The same value under the current key; the data key and the ciphertext stay."""
        data_key, rest = self._unwrap(stored, context)
        return self._wrap(data_key, context) + rest

    def index(self, purpose: str, value: bytes) -> bytes:
        """A keyed value for look-ups and unique constraints (HMAC-SHA-256), different for each purpose."""
        return hmac.new(self._index, purpose.encode() + b"\0" + value, hashlib.sha256).digest()

    def _sealed(self, plain: bytes, context: str) -> bytes:
        data_key = os.urandom(32)
        nonce = os.urandom(_NONCE)
        body = AESGCM(data_key).encrypt(nonce, plain, context.encode())
        return self._wrap(data_key, context) + nonce + body

    def _wrap(self, data_key: bytes, context: str) -> bytes:
        key_id = self._current.encode("ascii")
        nonce = os.urandom(_NONCE)
        wrapped = AESGCM(self._wrapping[self._current]).encrypt(nonce, data_key, key_id + b"\0" + context.encode())
        return bytes((_VERSION, len(key_id))) + key_id + nonce + wrapped

    def _unwrap(self, stored: bytes, context: str) -> tuple[bytes, bytes]:
        key_id = _key_id(stored)
        if key_id not in self._wrapping:
            raise PiiError(f"no key with id {key_id!r}")
        start = 2 + len(key_id)
        nonce = stored[start : start + _NONCE]
        wrapped = stored[start + _NONCE : start + _NONCE + _WRAPPED]
        try:
            aad = key_id.encode("ascii") + b"\0" + context.encode()
            data_key = AESGCM(self._wrapping[key_id]).decrypt(nonce, wrapped, aad)
        except (InvalidTag, ValueError):
            raise PiiError("the stored value is damaged or in another place") from None
        return data_key, stored[start + _NONCE + _WRAPPED :]


def _key_id(stored: bytes) -> str:
    if len(stored) < 2 or stored[0] != _VERSION or len(stored) < 2 + stored[1]:
        raise PiiError("not a stored value")
    return stored[2 : 2 + stored[1]].decode("ascii", "replace")


class _Current:
    vault: Vault | None = None


def configure(keys: Keys) -> None:
    """Give this process its keys; called once at start."""
    _Current.vault = Vault(keys)


def vault() -> Vault:
    """The vault of this process; ``RuntimeError`` when ``configure`` was not called."""
    if _Current.vault is None:
        raise RuntimeError("pii.configure() has not been called in this process")
    return _Current.vault
