"""Cards of other kinds: what a reader may meet besides a My Number card of today (card.md sections 2, 10 and 13)."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from card_sim import certificates
from card_sim.certificates import Purpose
from card_sim.files import JPKI, ref
from card_sim.issuer import TestIssuer
from card_sim.people import CardPins, CardTries, Persona
from card_sim.profile import CardProfile
from card_sim.status import Status
from card_sim.storage import alone_with, private_folder, write_whole

DRIVING_LICENCE_ATR: Final = bytes.fromhex("3B888001000000009181C100D8")
"""A driving licence on a contactless reader (card.md section 2)."""

TRANSPORT_ATR: Final = bytes.fromhex("3B8F8001804F0CA0000003061100 3B0000000042")
"""A FeliCa card on a contactless reader, as PC/SC part 3 has it: card name 003B."""

NEXT_GENERATION_LIFE: Final = timedelta(days=3652)


def driving_licence(card: CardProfile) -> CardProfile:
    """Type B like a My Number card, and none of its applications. The licence's own files are not simulated."""
    return _other_card(card, DRIVING_LICENCE_ATR, Status.FILE_NOT_FOUND)


def transport_card(card: CardProfile) -> CardProfile:
    """A fare card: the reader shows it as a card, and no command of ISO 7816 means anything to it."""
    return _other_card(card, TRANSPORT_ATR, Status.INSTRUCTION_NOT_SUPPORTED)


def _other_card(card: CardProfile, atr: bytes, unknown_application_word: int) -> CardProfile:
    behaviour = dataclasses.replace(card.behaviour, atr=atr, unknown_application_word=unknown_application_word)
    return CardProfile(contents={}, secrets={}, private_keys={}, applications=(), behaviour=behaviour)


def under_fifteen(persona: Persona) -> Persona:
    """The same holder without signature certificate and password, as children under 15 have it."""
    return dataclasses.replace(
        persona,
        sign_certificate=None,
        pins=dataclasses.replace(persona.pins, sign=None),
        tries_left=dataclasses.replace(persona.tries_left, sign=None),
    )


def face_authentication(persona: Persona) -> Persona:
    """The same holder with a 顔認証マイナンバーカード: no PIN, no signature certificate."""
    return dataclasses.replace(
        under_fifteen(persona),
        face_authentication=True,
        pins=CardPins(None, None, None),
        tries_left=CardTries(None, None, None),
    )


def next_generation(
    card: CardProfile, persona: Persona, issuer: TestIssuer, folder: Path, now: datetime
) -> CardProfile:
    """A placeholder for the next card: an authentication key on P-384 and a certificate for ten years.

    Only what was announced (card.md section 10); how the next card is spoken to is not known, so it answers like one
    of today, and signs a SHA-384 hash only.
    """
    key = _p384_key(folder)
    root = issuer.root(Purpose.AUTHENTICATION, 2)
    start = now - timedelta(days=30)
    end = min(start + NEXT_GENERATION_LIFE, root.certificate.not_valid_after_utc)
    order = issuer.order(root, "next_generation", persona.person_id, key.public_key(), (start, end))
    certificate = certificates.authentication_certificate(root, order, digest=hashes.SHA384())
    return dataclasses.replace(
        card,
        contents=card.contents | {ref(JPKI, 0x000A): certificate.public_bytes(Encoding.DER)},
        private_keys=card.private_keys | {ref(JPKI, 0x0017): key},
    )


def _p384_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    path = private_folder(folder) / "next-generation.key"
    with alone_with(path):
        if not path.exists():
            fresh = ec.generate_private_key(ec.SECP384R1())
            form = serialization.PrivateFormat.PKCS8
            write_whole(path, fresh.private_bytes(Encoding.DER, form, serialization.NoEncryption()))
    key = serialization.load_der_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("a key file of the simulation holds something else than an elliptic-curve key")
    return key
