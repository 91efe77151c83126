"""The two meetings with the card in one visit: a look without a PIN, and the reading with both.

In between the card is unpowered, so that it can be changed and a long wait holds nothing. Therefore the second meeting
begins by making sure that the card is the same one, before any PIN is shown to it: two commands, and in the end the
signature has to fit the certificate that was seen first.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from nfc.agent.visit import Ending, EnteredPins
from nfc.exchanges import ExtendedLength
from nfc.problems import CardProblem, Outcome
from nfc.procedures import (
    CardPreview,
    CardProof,
    CardReading,
    ProofRequest,
    preview,
    read_authentication_certificate,
    read_whole,
)
from nfc.transports import Transport, run
from nfc.transports.guard import Guarded
from nfc.transports.trace import Traced
from nfc.trust import CvKey, Environment, IssuerVerdict, check_card_proof, check_issuer


class Reader(Protocol):
    """A card reader: whether a card lies on it, and a way to that card."""

    def card_present(self) -> bool:
        """Whether a card is there right now."""

    def transport(self) -> Transport:
        """A fresh, closed transport to it."""


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The operator's CV keys, by which the issuer's records and the card's own proof are judged (card.md 9); with none
    both are honestly not done."""

    keys: Mapping[bytes, CvKey] = field(default_factory=dict)
    environment: Environment = "test"

    def verdict(self, ef0002: bytes, ef0003: bytearray, ef0004: bytes) -> IssuerVerdict:
        """The check itself; `ef0003` is zeros afterwards."""
        return check_issuer(ef0002, ef0003, ef0004, self.keys, self.environment)

    def proof_request(self, challenge: bytes) -> ProofRequest:
        """P8 with the service's challenge, judged here: record and signature stay beside the card."""

        def judge(ef0004: bytes, proof: CardProof) -> str:
            verdict = check_card_proof(
                ef0004, proof.key_record, challenge, proof.signature, keys=self.keys, environment=self.environment
            )
            return verdict.value

        return ProofRequest(challenge, judge)


Reading: TypeAlias = CardReading
"""All that one card gave in one connection. Personal data: no repr, and it is dropped when it was handed in."""


def look_at_card(reader: Reader, *, extended: ExtendedLength = ExtendedLength.OFF) -> CardPreview:
    """Identify the card, query the tries of both PINs and read the certificate, without a PIN. Raises CardProblem."""
    return run(preview(extended=extended), _safe(reader))


def see_certificate(reader: Reader) -> bytes:
    """The authentication certificate (DER) of the card that lies there; no PIN, no try. Raises CardProblem."""
    return run(read_authentication_certificate(), _safe(reader))


def read_card(
    reader: Reader,
    pins: EnteredPins,
    message: bytes,
    *,
    same_card_as: bytes,
    issuer_keys: IssuerKeys,
    challenge: bytes,
    extended: bool = False,
) -> Reading:
    """Let the card sign `message`, read the four items, check their issuer and the card's own key, in one connection
    (card.md 8, P9 with P7 and P8).

    `challenge` is the service's, for P8. `same_card_as` is the certificate seen before, `extended` whether it came by
    extended length. Raises AnotherCard when another card lies there (no PIN was shown to it), CardProblem card_fault
    when the signature does not fit the certificate, malformed, and what procedures raise.
    """
    procedure = read_whole(
        pins.text,
        pins.auth,
        message,
        allow_last_try=pins.last_try_confirmed,
        issuer_check=issuer_keys.verdict if issuer_keys.keys else None,
        proof=issuer_keys.proof_request(challenge) if issuer_keys.keys else None,
        expected_certificate=same_card_as,
        extended=extended,
    )
    reading = run(procedure, _safe(reader))
    _check_signature(reading.certificate, message, reading.signature)
    return reading


def _safe(reader: Reader) -> Transport:
    """Every way to a card goes through the deny list (N1, N2); the redacted trace shows what really went out."""
    return Guarded(Traced(reader.transport()))


def _check_signature(certificate: bytes, message: bytes, signature: bytes) -> None:
    """P6: a signature that its own certificate does not fit would only be refused later and blamed on the person."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise CardProblem(Outcome.MALFORMED) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise CardProblem(Outcome.MALFORMED)
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise CardProblem(Outcome.CARD_FAULT) from None


def result_of(reading: Reading, environment: Environment) -> dict[str, object]:
    """The result for the service, as its agent API agrees it. Personal data: for the request body only."""
    items = reading.four_information
    return {
        "outcome": Outcome.OK.value,
        "four_information": {
            "name": items.name,
            "address": items.address,
            "birth_date": items.birth_date,
            "sex": items.sex,
        },
        "certificate": base64.b64encode(reading.certificate).decode("ascii"),
        "signature": base64.b64encode(reading.signature).decode("ascii"),
        "issuer_check": reading.issuer_check,
        "card_proof": reading.card_proof,
        # Only a record that a key of this environment vouches for says where the card belongs.
        "card_environment": environment if reading.issuer_check == IssuerVerdict.GENUINE.value else None,
    }


def result_without_reading(ending: Ending) -> dict[str, object]:
    """The result of a visit that gave nothing but its outcome."""
    return {
        "outcome": ending.outcome,
        "pin_kind": ending.pin_kind.value if ending.pin_kind is not None else None,
        "tries_left": ending.tries_left,
        "certificate_not_after": None,
    }
