"""RSA keys of the simulation: made when first asked for, kept in a folder, never the same in two installations."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from card_sim.storage import alone_with, private_folder, write_whole

KEY_BITS = 2048
PUBLIC_EXPONENT = 65_537


class KeyStore:
    """Private keys by name in one folder. Two processes that ask for the same name get the same key."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)

    def key(self, name: str) -> RSAPrivateKey:
        """The key of this name; about 0.05 s when it has to be made, well under a millisecond afterwards."""
        path = self._folder / f"{name}.key"
        if not path.exists():
            with alone_with(path):
                if not path.exists():
                    write_whole(path, _encode(rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS)))
        return _decode(path.read_bytes())


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
