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
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from card_sim import certificates
from card_sim.certificates import Order, Purpose, Revoked, Root
from card_sim.keys import KeyStore
from card_sim.people import CertificatePlan, CertificateStatus, Persona, load_people
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

CV_ROOT_ID: Final = cv_key_id("9000033")

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

    def __init__(self, state_dir: Path, people: Mapping[str, Persona], created_at: str, installation: bytes) -> None:
        self._keys = KeyStore(state_dir / "issuer")
        self._folder = state_dir / "issuer"
        self._people = people
        self._created_at = created_at
        self._installation = installation
        self._roots = {
            (purpose, generation.index): self._root(purpose, generation)
            for purpose in Purpose
            for generation in GENERATIONS
        }
        self._signers: dict[str, DataSigner] = {}

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
            return cls(state_dir, holders, raw["created_at"], bytes.fromhex(raw["installation"]))

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
        modulus = self._keys.key("cv-root").public_key().public_numbers().n
        cv_keys = {CV_ROOT_ID.hex(): modulus.to_bytes(256).hex()}
        write_whole(folder / "cv_keys.json", json.dumps(cv_keys, indent=1).encode(), PUBLIC)
        origin = f"TEST issuer of this installation, created {self._created_at}. No legal effect.\n"
        write_whole(folder / "provenance.txt", origin.encode(), PUBLIC)

    def crl(self, root_index: int, at: datetime, purpose: Purpose = Purpose.AUTHENTICATION) -> bytes:
        """The revocation list (DER) a root gives out at a moment: good from five minutes before to a day after.

        Raises KeyError when there is no such root. The lines follow from the people's data, issued or not.
        """
        return certificates.revocation_list(self.root(purpose, root_index), self._revoked(purpose, root_index), at)

    def certificate(
        self, purpose: Purpose, persona: Persona, plan: CertificatePlan, key: RSAPublicKey
    ) -> x509.Certificate:
        """Sign the certificate of a plan for the holder's key."""
        root = self.root_for(purpose, plan)
        order = Order(
            key=key,
            common_name=self._common_name(persona, purpose, plan),
            serial=self._serial(persona.person_id, purpose, plan.number),
            not_before=plan.not_before,
            not_after=plan.not_after,
        )
        if purpose is Purpose.AUTHENTICATION:
            return certificates.authentication_certificate(root, order)
        return certificates.signature_certificate(root, order, persona)

    def root_for(self, purpose: Purpose, plan: CertificatePlan) -> Root:
        """The newest root that was in use when a certificate was issued."""
        index = max(generation.index for generation in GENERATIONS if generation.not_before <= plan.not_before)
        return self.root(purpose, index)

    def data_signer(self, municipality_code: str) -> DataSigner:
        """The key that signs all records of one municipality's cards, with its CV certificate."""
        signer = self._signers.get(municipality_code)
        if signer is None:
            key = self._keys.key(f"data-signer-{municipality_code}")
            key_id = cv_key_id(f"9{municipality_code}0")
            cv_root = self._keys.key("cv-root")
            signer = DataSigner(
                key=key,
                key_id=key_id,
                cv_certificate=cv_certificate(
                    issuer_id=CV_ROOT_ID, issuer_key=cv_root, subject_id=key_id, subject_key=key.public_key()
                ),
            )
            self._signers[municipality_code] = signer
        return signer

    def _root(self, purpose: Purpose, generation: Generation) -> Root:
        name = f"{purpose.value}-{generation.index}"
        key = self._keys.key(name)
        path = self._folder / f"{name}.cer"
        if not path.exists():
            certificate = certificates.root_certificate(
                purpose, key, generation.index, generation.not_before, generation.not_after
            )
            write_whole(path, certificate.public_bytes(Encoding.DER), PUBLIC)
        return Root(purpose, generation.index, key, x509.load_der_x509_certificate(path.read_bytes()))

    def _revoked(self, purpose: Purpose, generation: int) -> Iterator[Revoked]:
        for persona in self._people.values():
            for plan in _plans(persona, purpose):
                reason = _REVOCATION_REASONS.get((purpose, plan.status))
                if reason is not None and self.root_for(purpose, plan).generation == generation:
                    yield Revoked(self._serial(persona.person_id, purpose, plan.number), REPORTED, reason)

    def _serial(self, person_id: str, purpose: Purpose, number: int) -> int:
        """The serial number follows from who and which, so that a list can name a card that nobody has made yet."""
        return int.from_bytes(self._mark("serial", person_id, purpose, number)[:8]) | 1

    def _common_name(self, persona: Persona, purpose: Purpose, plan: CertificatePlan) -> str:
        """TEST, the municipality's code and fifteen characters that mean nothing."""
        tail = self._mark("name", persona.person_id, purpose, plan.number).hex().upper()[:15]
        return f"TEST{persona.municipality.code}{tail}"

    def _mark(self, kind: str, person_id: str, purpose: Purpose, number: int) -> bytes:
        text = f"{kind}|{person_id}|{purpose.value}|{number}"
        return hmac.digest(self._installation, text.encode(), hashlib.sha256)


def _plans(persona: Persona, purpose: Purpose) -> tuple[CertificatePlan, ...]:
    if purpose is Purpose.AUTHENTICATION:
        return persona.auth_certificates
    return (persona.sign_certificate,) if persona.sign_certificate is not None else ()
