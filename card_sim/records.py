"""The records of the text application, byte for byte (card.md section 3.2), and the token information of JPKI."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from card_sim.ber import encode

TEST_MY_NUMBER = "999999999999"
"""Invalid on purpose (6 would be the check digit): a canary that no reader may ever ask for (card.md section 14)."""

FILLER = b"\xff"
FOUR_INFORMATION_BLOCK = 256
FOUR_INFORMATION_ROOM = 512


@dataclass(frozen=True)
class DataSigner:
    """A municipality's key that signs the records of all its cards, with the CV certificate for it (EF 0004)."""

    key: RSAPrivateKey
    key_id: bytes
    cv_certificate: bytes


def cv_key_id(digits: str) -> bytes:
    """The 16-byte id of a CV key: seven digits, 08 05, 001, zeros. Ids of the TEST hierarchy begin with 9."""
    if len(digits) != 7 or not digits.isdecimal() or not digits.isascii() or digits[0] != "9":
        raise ValueError("a TEST key id has seven digits and begins with 9")
    return digits.encode() + b"\x08\x05" + b"001" + bytes(4)


def my_number_record() -> bytes:
    """EF 0001, 17 bytes. It exists only so that tests can prove that nobody reads it."""
    return encode("FF10", TEST_MY_NUMBER.encode()) + FILLER * 2


def four_information_object(
    name: str, address: str, birth_date: str, sex: str, *, length_octets: int | None = None
) -> bytes:
    """The FF20 object of EF 0002, without filler. `birth_date` is YYYYMMDD.

    `length_octets` fixes the form of the outer length (card.md vectors A to C); the offset table follows it.
    """
    fields = (
        encode("DF22", name.encode()),
        encode("DF23", address.encode()),
        encode("DF24", birth_date.encode()),
        encode("DF25", sex.encode()),
    )
    table_size = len(encode("DF21", bytes(8)))
    value_size = table_size + sum(map(len, fields))
    start = len(encode("FF20", bytes(value_size), length_octets)) - value_size + table_size
    offsets = [start + sum(map(len, fields[:index])) for index in range(len(fields))]
    table = encode("DF21", b"".join(offset.to_bytes(2) for offset in offsets))
    return encode("FF20", table + b"".join(fields), length_octets)


def four_information_file(record: bytes) -> bytes:
    """EF 0002 as it lies on the card: the object and FF filler up to a whole number of blocks."""
    blocks = -(-len(record) // FOUR_INFORMATION_BLOCK)
    return record.ljust(max(blocks * FOUR_INFORMATION_BLOCK, FOUR_INFORMATION_ROOM), FILLER)


def signed_part_of_four_information(record: bytes) -> bytes:
    """What the integrity record hashes of an FF20 object: from DF22 to its end, without the offset table."""
    return record[record.index(bytes.fromhex("DF22")) :]


def integrity_record(my_number_file: bytes, four_information: bytes, signer: RSAPrivateKey) -> bytes:
    """EF 0003, 336 bytes: hashes of 0001 and of the FF20 object of 0002, signed by the municipality."""
    signed = encode("DF31", hashlib.sha256(my_number_file).digest()) + encode(
        "DF32", hashlib.sha256(signed_part_of_four_information(four_information)).digest()
    )
    return encode("FF30", signed + encode("DF33", _signature(signer, signed)))


def cv_certificate(
    *, issuer_id: bytes, issuer_key: RSAPrivateKey, subject_id: bytes, subject_key: RSAPublicKey
) -> bytes:
    """EF 0004, 568 bytes: who vouches for whose key."""
    body = issuer_id + subject_id + cv_public_key(subject_key)
    return encode("7F21", encode("5F4E", body) + encode("5F37", _signature(issuer_key, body)))


def cv_public_key(key: RSAPublicKey) -> bytes:
    """A public key as the CV objects write it: exponent 65537 and modulus, 265 bytes."""
    numbers = key.public_numbers()
    return encode("90", numbers.e.to_bytes(3)) + encode("91", numbers.n.to_bytes(256))


def basic_information(municipality_code: str) -> bytes:
    """EF 0005, 164 bytes. Its key id is not that of 0004; the two long lengths are not minimal, as on real cards."""
    opaque = hashlib.sha256(b"TEST basic information " + municipality_code.encode()).digest()
    return encode(
        "FF40",
        encode("DF41", bytes.fromhex("01030E01"))
        + encode("DF42", cv_key_id("9000034"))
        + encode("DF43", opaque + FILLER * 96, length_octets=3),
        length_octets=3,
    )


def session_key_record(key: RSAPublicKey) -> bytes:
    """EF 0006, 269 bytes."""
    return encode("A1", cv_public_key(key))


def card_key_record(key: RSAPublicKey, signer: RSAPrivateKey) -> bytes:
    """EF 0007, 536 bytes: the public half of 0013, signed together with its tag and length."""
    described = encode("DF51", cv_public_key(key))
    return encode("FF50", described + encode("DF52", _signature(signer, described)))


def card_number_record(serial: int, municipality_code: str, expires_on: date) -> bytes:
    """The record of EF 0001 of the common application: tag 01 and 28 digits. A card identifier (card.md N4)."""
    return encode("01", f"{serial % 10**15:015d}{municipality_code}{expires_on:%Y%m%d}".encode())


def token_information(label: str) -> bytes:
    """EF 0006 of JPKI, 160 bytes: a PKCS#11 token description with big-endian numbers (card.md section 3.1)."""
    texts = (label.ljust(32), "TEST ISSUER".ljust(32), "TEST CARD".ljust(16), "TEST".ljust(16))
    flags, sessions, longest_pin, shortest_pin = 0x0000040D, (0, 1, 0, 1), 16, 4
    numbers = (flags, *sessions, longest_pin, shortest_pin, 0, 0, 0, 0)
    tail = "03" + "01" + " " * 16
    return "".join(texts).encode() + b"".join(number.to_bytes(4) for number in numbers) + tail.encode()


def _signature(key: RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
