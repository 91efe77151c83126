"""The TEST issuer: roots of both purposes, CV root and data signers, certificates and revocation lists.

Keys are made per installation in the state directory and never leave it; only `write_public` gives anything away.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from card_sim import certificates
from card_sim.certificates import Order, Purpose, Revoked, Root
from card_sim.keys import KeyStore
from card_sim.people import CertificatePlan, CertificateStatus, Persona, load_people, lost_certificate
from card_sim.records import DataSigner, cv_certificate, cv_key_id
from card_sim.storage import PUBLIC, alone_with, private_folder, write_whole


@dataclass(frozen=True)
class Generation:
    """A generation of roots: both purposes get a new key and keep their name."""

    index: int
    not_before: datetime
    not_after: datetime


# The dates belong to the data set of people, whose cards were handed out from 2020 on; ten years each.
GENERATIONS: Final = (
    Generation(1, datetime(2019, 11, 1, tzinfo=UTC), datetime(2029, 11, 1, tzinfo=UTC)),
    Generation(2, datetime(2024, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)),
)

EXPIRED: Final = Generation(0, datetime(2014, 11, 1, tzinfo=UTC), datetime(2024, 11, 1, tzinfo=UTC))
"""A generation before those: its roots have the same name and have run out. No person's certificate is from it."""


class CvRoot(Enum):
    """The keys that vouch for data signers; the value is the seven-digit id (card.md sections 9 and 14)."""

    TEXT = "9000033"
    SECOND = "9000043"
    """Vouches for the same kind of signer as TEXT, as a later root would."""
    VISUAL = "9000023"
    UNKNOWN = "9000099"
    """Never given to a verifier."""

    @property
    def key_id(self) -> bytes:
        """All 16 bytes."""
        return cv_key_id(self.value)


_PUBLISHED_CV_ROOTS: Final = (CvRoot.TEXT, CvRoot.SECOND)

SERIAL_OCTETS: Final = 10
SERIAL_MARK_OCTETS: Final = 6

Validity = tuple[datetime, datetime]
PublicKey = RSAPublicKey | EllipticCurvePublicKey

# When the fictional holders reported their cards; a list made for an earlier moment dates the lines to itself.
REPORTED: Final = datetime(2026, 11, 1, tzinfo=UTC)

_REVOCATION_REASONS: Final = {
    (Purpose.AUTHENTICATION, CertificateStatus.REVOKED): ReasonFlags.key_compromise,
    (Purpose.AUTHENTICATION, CertificateStatus.SUSPENDED): ReasonFlags.certificate_hold,
    (Purpose.SIGNATURE, CertificateStatus.REVOKED): ReasonFlags.affiliation_changed,
    (Purpose.SIGNATURE, CertificateStatus.SUSPENDED): ReasonFlags.certificate_hold,
}


class TestIssuer:
    """Issues the certificates and records of simulated cards. Nothing it signs has any legal effect."""

    __test__ = False  # pytest would take the name for a test class

    def __init__(
        self, state_dir: Path, people: Mapping[str, Persona], created_at: str, installation: bytes, ocsp_address: str
    ) -> None:
        self._state_dir = state_dir
        self._keys = KeyStore(state_dir / "issuer")
        self._folder = state_dir / "issuer"
        self._people = people
        self._created_at = created_at
        self._installation = installation
        self._ocsp_address = ocsp_address
        self._roots = {
            (purpose, generation.index): self._root(purpose, generation)
            for purpose in Purpose
            for generation in GENERATIONS
        }
        self._signers: dict[tuple[str, CvRoot], DataSigner] = {}

    @classmethod
    def open(cls, state_dir: Path, now: datetime, people: Mapping[str, Persona] | None = None) -> Self:
        """The issuer of this installation, made at first use (about half a second). Raises OSError.

        `now` must carry a time zone; it is written down as the moment of creation. `people` are those whose revoked
        certificates appear in the lists; by default all fictional holders.
        """
        if now.tzinfo is None:
            raise ValueError("the moment of creation needs a time zone")
        record = private_folder(state_dir / "issuer") / "issuer.json"
        with alone_with(record):
            if not record.exists():
                fresh = {"created_at": now.isoformat(timespec="seconds"), "installation": secrets.token_hex(16)}
                write_whole(record, json.dumps(fresh, indent=1).encode())
            raw = json.loads(record.read_bytes())
            holders = load_people() if people is None else people
            installation = bytes.fromhex(raw["installation"])
            ocsp_address = raw.get("ocsp_address", certificates.OCSP_ADDRESS)
            return cls(state_dir, holders, raw["created_at"], installation, ocsp_address)

    @property
    def ocsp_address(self) -> str:
        """The address of the OCSP responder that certificates are given."""
        return self._ocsp_address

    def announce_ocsp(self, address: str) -> None:
        """Write another responder's address into all certificates made from now on, in every process opened later.

        Certificates that exist already keep the address they were made with. Raises OSError.
        """
        record = self._folder / "issuer.json"
        with alone_with(record):
            raw = json.loads(record.read_bytes())
            write_whole(record, json.dumps(raw | {"ocsp_address": address}, indent=1).encode())
        self._ocsp_address = address

    def forged(self) -> TestIssuer:
        """An impostor: the same names and other keys. No verifier knows its roots."""
        created = datetime.fromisoformat(self._created_at)
        return TestIssuer.open(private_folder(self._state_dir / "issuer" / "forged"), created, self._people)

    def expired_root(self, purpose: Purpose) -> Root:
        """The root of the generation that has run out; in no list of anchors."""
        return self._root(purpose, EXPIRED)

    def root(self, purpose: Purpose, generation: int) -> Root:
        """A root by its generation (1 is the older). Raises KeyError when there is none."""
        return self._roots[purpose, generation]

    def write_public(self, folder: Path) -> None:
        """Put what a verifier needs into `folder`: authentication roots, CV keys and where they come from."""
        folder.mkdir(parents=True, exist_ok=True)
        for generation in GENERATIONS:
            root = self.root(Purpose.AUTHENTICATION, generation.index)
            pem = root.certificate.public_bytes(Encoding.PEM)
            write_whole(folder / f"{root.purpose.value}-{root.generation}.pem", pem, PUBLIC)
        cv_keys = {cv_root.key_id.hex(): self._cv_modulus(cv_root).hex() for cv_root in _PUBLISHED_CV_ROOTS}
        write_whole(folder / "cv_keys.json", json.dumps(cv_keys, indent=1).encode(), PUBLIC)
        origin = f"TEST issuer of this installation, created {self._created_at}. No legal effect.\n"
        write_whole(folder / "provenance.txt", origin.encode(), PUBLIC)

    def crl(self, root_index: int, at: datetime, purpose: Purpose = Purpose.AUTHENTICATION) -> bytes:
        """The revocation list (DER) a root gives out at a moment: good from five minutes before to a day after.

        Raises KeyError when there is no such root. The lines follow from the people's data, issued or not.
        """
        return certificates.revocation_list(
            self.root(purpose, root_index), self.revoked(self.root(purpose, root_index)), at
        )

    def certificate(
        self, purpose: Purpose, persona: Persona, plan: CertificatePlan, key: RSAPublicKey
    ) -> x509.Certificate:
        """Sign the certificate of a plan for the holder's key."""
        root = self.root_for(purpose, plan)
        order = Order(
            key=key,
            common_name=self._common_name(persona, purpose, plan),
            serial=self._serial(root, persona.person_id, plan.number),
            not_before=plan.not_before,
            not_after=plan.not_after,
            ocsp_address=self._ocsp_address,
        )
        if purpose is Purpose.AUTHENTICATION:
            return certificates.authentication_certificate(root, order)
        return certificates.signature_certificate(root, order, persona)

    def root_for(self, purpose: Purpose, plan: CertificatePlan) -> Root:
        """The newest root that was in use when a certificate was issued."""
        index = max(generation.index for generation in GENERATIONS if generation.not_before <= plan.not_before)
        return self.root(purpose, index)

    def data_signer(self, municipality_code: str, cv_root: CvRoot = CvRoot.TEXT) -> DataSigner:
        """The key that signs all records of one municipality's cards, with its CV certificate by a CV root."""
        wanted = (municipality_code, cv_root)
        signer = self._signers.get(wanted)
        if signer is None:
            key = self._keys.key(f"data-signer-{municipality_code}")
            key_id = cv_key_id(f"9{municipality_code}0")
            certificate = cv_certificate(
                issuer_id=cv_root.key_id,
                issuer_key=self._cv_key(cv_root),
                subject_id=key_id,
                subject_key=key.public_key(),
            )
            signer = self._signers[wanted] = DataSigner(key, key_id, certificate)
        return signer

    def revoked(self, root: Root) -> Iterator[Revoked]:
        """The lines of a root's list. They follow from the people's data: a card need not have been made yet."""
        for persona in self._people.values():
            for plan in _plans(persona, root.purpose):
                reason = _REVOCATION_REASONS.get((root.purpose, plan.status))
                if reason is not None and self.root_for(root.purpose, plan) is root:
                    yield Revoked(self._serial(root, persona.person_id, plan.number), REPORTED, reason)

    def revocation_of(self, root: Root, serial: int) -> Revoked | None:
        """The line about a certificate in a root's list, None where there is none."""
        return next((line for line in self.revoked(root) if line.serial == serial), None)

    def has_issued(self, root: Root, serial: int) -> bool:
        """Whether the number belongs to a certificate of this root: every number carries the proof in itself."""
        raw = serial.to_bytes(SERIAL_OCTETS) if serial.bit_length() <= 8 * SERIAL_OCTETS else b""
        return hmac.compare_digest(raw[SERIAL_MARK_OCTETS:], self._serial_proof(root, raw[:SERIAL_MARK_OCTETS]))

    def card_serial(self, person_id: str) -> int:
        """The number of a holder's card, up to 15 digits."""
        return int.from_bytes(self._mark("card", person_id, Purpose.AUTHENTICATION, 0)[:8]) % 10**15

    def order(self, root: Root, kind: str, person_id: str, key: PublicKey, validity: Validity) -> Order:
        """What a certificate outside the holder's plans is asked for; `kind` tells such certificates apart."""
        name = self._mark("name", f"{kind}|{person_id}", root.purpose, 0).hex().upper()[:20]
        serial = self._serial(root, f"{kind}|{person_id}", 0)
        return Order(key, f"TEST{name}", serial, *validity, self._ocsp_address)

    def responder(self, root: Root, *, may_answer: bool = True) -> tuple[RSAPrivateKey, x509.Certificate]:
        """Key and certificate of a root's delegated OCSP responder; without `may_answer` it lacks the key usage."""
        key = self._keys.key(f"ocsp-{root.purpose.value}-{root.generation}")
        validity = root.certificate.not_valid_before_utc, root.certificate.not_valid_after_utc
        return key, certificates.responder_certificate(root, key.public_key(), *validity, may_answer=may_answer)

    def _cv_key(self, cv_root: CvRoot) -> RSAPrivateKey:
        return self._keys.key("cv-root" if cv_root is CvRoot.TEXT else f"cv-root-{cv_root.value}")

    def _cv_modulus(self, cv_root: CvRoot) -> bytes:
        return self._cv_key(cv_root).public_key().public_numbers().n.to_bytes(256)

    def _root(self, purpose: Purpose, generation: Generation) -> Root:
        name = f"{purpose.value}-{generation.index}"
        key = self._keys.key(name)
        path = self._folder / f"{name}.cer"
        if not path.exists():
            certificate = certificates.root_certificate(
                purpose, key, generation.index + 1, generation.not_before, generation.not_after
            )
            write_whole(path, certificate.public_bytes(Encoding.DER), PUBLIC)
        return Root(purpose, generation.index, key, x509.load_der_x509_certificate(path.read_bytes()))

    def _serial(self, root: Root, person_id: str, number: int) -> int:
        """The serial number follows from who and which, so that a list can name a card that nobody has made yet."""
        mark = bytearray(self._mark("serial", person_id, root.purpose, number)[:SERIAL_MARK_OCTETS])
        mark[0] = mark[0] & 0x3F | 0x40  # positive, and of one length
        return int.from_bytes(bytes(mark) + self._serial_proof(root, bytes(mark)))

    def _serial_proof(self, root: Root, mark: bytes) -> bytes:
        text = f"issued|{root.purpose.value}|{root.generation}|{mark.hex()}"
        return hmac.digest(self._installation, text.encode(), hashlib.sha256)[: SERIAL_OCTETS - SERIAL_MARK_OCTETS]

    def _common_name(self, persona: Persona, purpose: Purpose, plan: CertificatePlan) -> str:
        """TEST, the municipality's code and fifteen characters that mean nothing."""
        tail = self._mark("name", persona.person_id, purpose, plan.number).hex().upper()[:15]
        return f"TEST{persona.municipality.code}{tail}"

    def _mark(self, kind: str, person_id: str, purpose: Purpose, number: int) -> bytes:
        text = f"{kind}|{person_id}|{purpose.value}|{number}"
        return hmac.digest(self._installation, text.encode(), hashlib.sha256)


def _plans(persona: Persona, purpose: Purpose) -> tuple[CertificatePlan, ...]:
    if purpose is Purpose.AUTHENTICATION:
        # A generated holder is one of thousands; a list with a lost card of each would be like no real one.
        spare = () if persona.from_population else (lost_certificate(persona),)
        return *persona.auth_certificates, *spare
    return (persona.sign_certificate,) if persona.sign_certificate is not None else ()
