"""Turn a fictional holder into a card: every file, secret and key of its applications (card.md sections 3, 14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from card_sim import records
from card_sim.certificates import Purpose
from card_sim.files import (
    CARD_APPLICATIONS,
    COMMON,
    JPKI,
    JPKI_ON_ANDROID,
    NO_FILE_ID,
    RESIDENCE,
    TEXT,
    VISUAL,
    FileRef,
    SealedKeyFile,
    UnknownFile,
    ref,
)
from card_sim.issuer import CvRoot, TestIssuer
from card_sim.keys import KeySource, KeyStore
from card_sim.people import CertificatePlan, Persona
from card_sim.profile import CONTACT_ATR, Behaviour, CardProfile, PrivateKey
from card_sim.storage import PUBLIC, alone_with, write_whole

CARD_LABEL: Final = "JPKIAPICCTOKEN2"
ANDROID_LABEL: Final = "JPKIAPGPSETOKEN"

PRESENT, ABSENT = b"\x8f", b"\x00"

CONTACT_ATR_TAG: Final = 0x5F51

# A child under 15 has no signature certificate and no password; the key EF is there, and nothing opens it.
NO_SECRET: Final = b""

CLOSED_FILES: Final = frozenset(
    ref(application, file.fid)
    for application in CARD_APPLICATIONS
    for file in application.files
    if isinstance(file, SealedKeyFile | UnknownFile)
)


def card_profile(  # noqa: PLR0917  # the last two have their usual values nearly everywhere
    persona: Persona,
    issuer: TestIssuer,
    folder: Path,
    now: datetime,
    behaviour: Behaviour | None = None,
    keys: KeySource | None = None,
) -> CardProfile:
    """The card a person holds at a moment. Certificates are made at first use and kept in `folder`.

    So are the keys, unless they come from elsewhere (`keys`). Raises OSError. A certificate renewed later than `now`
    is not on the card yet.
    """
    workshop = _Workshop(persona, issuer, folder, keys or KeyStore(folder))
    auth_plan = persona.auth_certificate_at(now)
    contents = (
        _text_contents(workshop)
        | _visual_contents(workshop)
        | {
            ref(JPKI, 0x0006): records.token_information(CARD_LABEL),
            ref(JPKI, 0x0008): (PRESENT if persona.sign_certificate else ABSENT) + PRESENT + ABSENT,
            ref(JPKI, 0x000A): workshop.certificate(Purpose.AUTHENTICATION, auth_plan),
            ref(JPKI, 0x000B): workshop.root_certificate(Purpose.AUTHENTICATION, auth_plan),
        }
    )
    private_keys: dict[FileRef, PrivateKey] = {
        ref(TEXT, 0x0013): workshop.keys.key("card"),
        ref(VISUAL, NO_FILE_ID): workshop.keys.key("visual"),
        ref(JPKI, 0x0017): workshop.key_of(Purpose.AUTHENTICATION, auth_plan),
    }
    sign_plan = persona.sign_certificate
    # The CA certificate is on every card, also where there is none of the holder (card.md 13, row "Under 15").
    contents[ref(JPKI, 0x0002)] = workshop.root_certificate(Purpose.SIGNATURE, sign_plan or auth_plan)
    if sign_plan is not None:
        contents[ref(JPKI, 0x0001)] = workshop.certificate(Purpose.SIGNATURE, sign_plan)
        private_keys[ref(JPKI, 0x001A)] = workshop.key_of(Purpose.SIGNATURE, sign_plan)
    return CardProfile(
        contents=contents,
        secrets=_secrets(persona),
        private_keys=private_keys,
        initial_tries=_initial_tries(persona),
        closed_files=CLOSED_FILES,
        records={ref(COMMON, 0x0001): (workshop.card_number(),)},
        data_objects={CONTACT_ATR_TAG: CONTACT_ATR[1:]},
        behaviour=behaviour or Behaviour(),
    )


def phone_profile(card: CardProfile) -> CardProfile:
    """The same holder's certificates on an Android phone: JPKI only, and the certificate wants the PIN first."""

    def of_jpki(reference: FileRef) -> bool:
        return reference.application == JPKI.name

    return CardProfile(
        contents={key: value for key, value in card.contents.items() if of_jpki(key)}
        | {ref(JPKI, 0x0006): records.token_information(ANDROID_LABEL)},
        secrets={key: value for key, value in card.secrets.items() if of_jpki(key)},
        private_keys={key: value for key, value in card.private_keys.items() if of_jpki(key)},
        initial_tries=card.initial_tries,
        closed_files=frozenset(reference for reference in card.closed_files if of_jpki(reference)),
        applications=(JPKI_ON_ANDROID,),
        behaviour=card.behaviour,
    )


@dataclass(frozen=True)
class _Workshop:
    """Where one holder's card is made: the issuer, and the folder with what was made before."""

    persona: Persona
    issuer: TestIssuer
    folder: Path
    keys: KeySource

    def key_of(self, purpose: Purpose, plan: CertificatePlan) -> RSAPrivateKey:
        """The private key that belongs to a certificate."""
        return self.keys.key(f"{purpose.value}-{plan.number}")

    def certificate(self, purpose: Purpose, plan: CertificatePlan) -> bytes:
        """The certificate in DER, made once: the person stays the same person over restarts.

        A generated holder's is made each time and always the same, since nothing in it is left to chance.
        """
        if self.persona.from_population:
            key = self.key_of(purpose, plan).public_key()
            return self.issuer.certificate(purpose, self.persona, plan, key).public_bytes(Encoding.DER)
        path = self.folder / f"{purpose.value}-{plan.number}.cer"
        if not path.exists():
            with alone_with(path):
                if not path.exists():
                    key = self.key_of(purpose, plan).public_key()
                    certificate = self.issuer.certificate(purpose, self.persona, plan, key)
                    write_whole(path, certificate.public_bytes(Encoding.DER), PUBLIC)
        return path.read_bytes()

    def root_certificate(self, purpose: Purpose, plan: CertificatePlan) -> bytes:
        """The certificate of the root that signed, as the card carries it."""
        return self.issuer.root_for(purpose, plan).certificate.public_bytes(Encoding.DER)

    def card_number(self) -> bytes:
        """The record that identifies the card; it follows from the holder and the installation."""
        persona = self.persona
        serial = self.issuer.card_serial(persona.person_id)
        return records.card_number_record(serial, persona.municipality.code, persona.expires_on)


def _text_contents(workshop: _Workshop) -> dict[FileRef, bytes]:
    persona, keys = workshop.persona, workshop.keys
    signer = workshop.issuer.data_signer(persona.municipality.code)
    my_number = records.my_number_record()
    four_information = records.four_information_object(
        persona.name, persona.address, f"{persona.birth_date:%Y%m%d}", persona.sex
    )
    return {
        ref(TEXT, 0x0001): my_number,
        ref(TEXT, 0x0002): records.four_information_file(four_information),
        ref(TEXT, 0x0003): records.integrity_record(my_number, four_information, signer.key),
        ref(TEXT, 0x0004): signer.cv_certificate,
        ref(TEXT, 0x0005): records.basic_information(persona.municipality.code),
        ref(TEXT, 0x0006): records.session_key_record(keys.key("session").public_key()),
        ref(TEXT, 0x0007): records.card_key_record(keys.key("card").public_key(), signer.key),
        ref(TEXT, 0x0008): records.FILLER * 16,
    }


def _visual_contents(workshop: _Workshop) -> dict[FileRef, bytes]:
    """Only the CV certificate can be made from what is known; the other files are there and empty (see files.py)."""
    signer = workshop.issuer.data_signer(workshop.persona.municipality.code, CvRoot.VISUAL)
    return {ref(VISUAL, fid): b"" for fid in (0x0001, 0x0002, 0x0003, 0x0005)} | {
        ref(VISUAL, 0x0004): signer.cv_certificate
    }


def _secrets(persona: Persona) -> dict[FileRef, bytes]:
    """A face-authentication card has no PIN files at all, but keeps what is printed on its face."""
    number_b = persona.verification_number_b
    fixed = {
        ref(TEXT, 0x0012): bytes(4),
        ref(TEXT, 0x0014): records.TEST_MY_NUMBER.encode(),
        ref(TEXT, 0x0015): number_b.encode(),
        ref(VISUAL, 0x0011): number_b[:6].encode(),
        ref(VISUAL, 0x0012): number_b.encode(),
        ref(VISUAL, 0x0013): records.TEST_MY_NUMBER.encode(),
    }
    if persona.face_authentication:
        return fixed
    chosen = {
        ref(TEXT, 0x0011): persona.pins.text,
        ref(JPKI, 0x0018): persona.pins.auth,
        ref(JPKI, 0x001B): persona.pins.sign,
        ref(RESIDENCE, 0x001C): persona.residence_pin,
        ref(COMMON, 0x001C): persona.card_pin,
    }
    return fixed | {key: NO_SECRET if pin is None else pin.encode() for key, pin in chosen.items()}


PIN_FILES: Final[Mapping[str, FileRef]] = MappingProxyType(
    {"text": ref(TEXT, 0x0011), "auth": ref(JPKI, 0x0018), "sign": ref(JPKI, 0x001B)}
)
"""The key EF of each secret a holder chooses, by its name in the data."""


def _initial_tries(persona: Persona) -> dict[FileRef, int]:
    tries = {name: getattr(persona.tries_left, name) for name in PIN_FILES}
    # Key 0012 was blocked on every card anyone has looked at (card.md section 3.2).
    return {ref(TEXT, 0x0012): 0} | {PIN_FILES[name]: left or 0 for name, left in tries.items()}
