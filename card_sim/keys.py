"""RSA keys of the simulation: made when first asked for, kept in a folder, never the same in two installations."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from card_sim.storage import alone_with, private_folder, write_whole

KEY_BITS = 2048
PUBLIC_EXPONENT = 65_537
POOL_SIZE: Final = 64


class KeySource(Protocol):
    """Where a card's keys come from."""

    def key(self, name: str) -> RSAPrivateKey:
        """The key of this name; always the same one."""
        ...


class KeyStore:
    """Private keys by name in one folder. Two processes that ask for the same name get the same key."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)

    @property
    def folder(self) -> Path:
        """Where the keys lie, for keys of other kinds beside them."""
        return self._folder

    def key(self, name: str, bits: int = KEY_BITS) -> RSAPrivateKey:
        """The key of this name; about 0.05 s when it has to be made, well under a millisecond afterwards.

        `bits` is for keys that a relying service must refuse.
        """
        path = self._folder / f"{name}.key"
        if not path.exists():
            with alone_with(path):
                if not path.exists():
                    write_whole(path, _encode(rsa.generate_private_key(PUBLIC_EXPONENT, bits)))
        return _decode(path.read_bytes())


class KeyPool:
    """A fixed number of keys that many simulated cards share, so that a whole town's cards are made in seconds.

    Two holders may have the same key: right for volume, wrong for a test about one holder.
    """

    def __init__(self, folder: Path, size: int = POOL_SIZE) -> None:
        self._store = KeyStore(folder)
        self._size = size
        self._keys: dict[int, RSAPrivateKey] = {}

    def key(self, name: str) -> RSAPrivateKey:
        """The pool's key for a name: the same one at every start."""
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % self._size
        if number not in self._keys:
            self._keys[number] = self._store.key(f"pool-{number}")
        return self._keys[number]

    def of(self, holder: str) -> KeySource:
        """The keys of one holder."""
        return _HoldersKeys(self, holder)


class _HoldersKeys:
    def __init__(self, pool: KeyPool, holder: str) -> None:
        self._pool = pool
        self._holder = holder

    def key(self, name: str) -> RSAPrivateKey:
        return self._pool.key(f"{self._holder}|{name}")


def _encode(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _decode(der: bytes) -> RSAPrivateKey:
    # These are our own files: checking primality at every start would cost 30 ms a key and prove nothing.
    key = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("a key file of the simulation holds something else than an RSA key")
    return key
