"""Is a live card of a genuine issuer there? (card.md 9, liveness; procedure P8)

What it proves: somebody has a card whose key the issuer signed, now. What it does not prove: that the four items come
from this card. Nothing ties EF 0003 to EF 0007 but the issuer's key, and neither to the certificate; the record of
another card of the same municipality passes. Where the reading client is not trusted, no signature on the card says
that everything came from one card.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from nfc.challenge import CHALLENGE_BYTES
from nfc.tlv import TlvError
from nfc.trust.anchors import Environment
from nfc.trust.issuer import PUBLIC_EXPONENT, CvKey, verifies
from nfc.trust.records import card_key_record, issuer_certificate


class CardProofVerdict(enum.StrEnum):
    """`unknown_issuer` means that nothing was checked."""

    LIVE = "live"
    NOT_LIVE = "not_live"
    UNKNOWN_ISSUER = "unknown_issuer"
    MALFORMED = "malformed"


def check_card_proof(
    ef0004: bytes,
    ef0007: bytes,
    challenge: bytes,
    signature: bytes,
    *,
    keys: Mapping[bytes, CvKey],
    environment: Environment,
) -> CardProofVerdict:
    """Judge P8: the issuer chain of EF 0004, its signature on the card's key in EF 0007, and that key's on `challenge`.

    `challenge` is the 32 bytes that the judging side made for this very proof. Never raises on card content; raises
    ValueError for a challenge of another length.
    """
    if len(challenge) != CHALLENGE_BYTES:
        raise ValueError("the challenge must have 32 bytes")
    try:
        certificate = issuer_certificate(ef0004)
        record = card_key_record(ef0007)
    except TlvError:
        return CardProofVerdict.MALFORMED
    issuer = keys.get(certificate.issuer_key_id)
    if issuer is None or issuer.environment != environment:
        return CardProofVerdict.UNKNOWN_ISSUER
    is_live = (
        verifies(issuer.modulus, issuer.exponent, certificate.signature, certificate.signed)
        and verifies(certificate.modulus, PUBLIC_EXPONENT, record.signature, record.signed)
        and verifies(record.modulus, PUBLIC_EXPONENT, signature, challenge)
    )
    return CardProofVerdict.LIVE if is_live else CardProofVerdict.NOT_LIVE
