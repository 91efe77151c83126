"""Cards whose records don't hold together, one for each case of card.md section 14, row "Bad cards"."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from card_sim import records
from card_sim.files import JPKI, TEXT, FileRef, ref
from card_sim.issuer import CvRoot, TestIssuer
from card_sim.keys import KeySource
from card_sim.people import Persona
from card_sim.profile import CardProfile

FOUR_INFORMATION: Final = ref(TEXT, 0x0002)
INTEGRITY_RECORD: Final = ref(TEXT, 0x0003)
CV_CERTIFICATE: Final = ref(TEXT, 0x0004)
CARD_KEY_RECORD: Final = ref(TEXT, 0x0007)
CARD_KEY: Final = ref(TEXT, 0x0013)
AUTHENTICATION_KEY: Final = ref(JPKI, 0x0017)

OTHER_NAME: Final = "変更　された"
FIRST_OFFSET: Final = bytes.fromhex("DF2108")


class BadCard(Enum):
    """What was done to the card's records."""

    CHANGED_NAME = "changed_name"
    CHANGED_OFFSET = "changed_offset"
    CHANGED_FILLER = "changed_filler"
    """Must pass: the filler is in no record (card.md section 9, step 6)."""
    FOREIGN_RECORD = "foreign_record"
    UNKNOWN_CV_ROOT = "unknown_cv_root"
    FOREIGN_CARD_KEY = "foreign_card_key"
    """Must pass: nothing ties 0003 to 0007 beyond the issuer's key (card.md section 9)."""
    WRONG_LIVENESS_KEY = "wrong_liveness_key"


@dataclass(frozen=True)
class Bench:
    """What is at hand while a card is spoilt."""

    persona: Persona
    issuer: TestIssuer
    keys: KeySource

    def signer(self) -> records.DataSigner:
        """The data signer of the holder's municipality."""
        return self.issuer.data_signer(self.persona.municipality.code)


def spoil(kind: BadCard, profile: CardProfile, bench: Bench) -> CardProfile:
    """The same card with one thing wrong."""
    return _SPOILERS[kind](profile, bench)


def _with_file(profile: CardProfile, reference: FileRef, content: bytes) -> CardProfile:
    return dataclasses.replace(profile, contents=profile.contents | {reference: content})


def _changed_name(profile: CardProfile, bench: Bench) -> CardProfile:
    """A well-formed record with another name; 0003 still speaks of the old one."""
    holder = bench.persona
    record = records.four_information_object(OTHER_NAME, holder.address, f"{holder.birth_date:%Y%m%d}", holder.sex)
    return _with_file(profile, FOUR_INFORMATION, records.four_information_file(record))


def _changed_offset(profile: CardProfile, bench: Bench) -> CardProfile:
    """The first offset points one byte too far: the hash does not notice, the parser must (card.md section 4, 5)."""
    content = bytearray(profile.contents[FOUR_INFORMATION])
    content[content.index(FIRST_OFFSET) + len(FIRST_OFFSET) + 1] += 1
    return _with_file(profile, FOUR_INFORMATION, bytes(content))


def _changed_filler(profile: CardProfile, bench: Bench) -> CardProfile:
    return _with_file(profile, FOUR_INFORMATION, profile.contents[FOUR_INFORMATION][:-1] + b"\x00")


def _foreign_record(profile: CardProfile, bench: Bench) -> CardProfile:
    """The integrity record of another person's card of the same municipality."""
    other = records.four_information_object(OTHER_NAME, bench.persona.address, "19700101", "9")
    record = records.integrity_record(records.my_number_record(), other, bench.signer().key)
    return _with_file(profile, INTEGRITY_RECORD, record)


def _unknown_cv_root(profile: CardProfile, bench: Bench) -> CardProfile:
    signer = bench.issuer.data_signer(bench.persona.municipality.code, CvRoot.UNKNOWN)
    return _with_file(profile, CV_CERTIFICATE, signer.cv_certificate)


def _foreign_card_key(profile: CardProfile, bench: Bench) -> CardProfile:
    """Record and private key of another card of the same issuer: a valid pair that belongs to somebody else."""
    key = bench.keys.key("foreign-card")
    spoilt = _with_file(profile, CARD_KEY_RECORD, records.card_key_record(key.public_key(), bench.signer().key))
    return dataclasses.replace(spoilt, private_keys=profile.private_keys | {CARD_KEY: key})


def _wrong_liveness_key(profile: CardProfile, bench: Bench) -> CardProfile:
    """The card signs the liveness challenge with its authentication key instead of 0013."""
    keys = profile.private_keys | {CARD_KEY: profile.private_keys[AUTHENTICATION_KEY]}
    return dataclasses.replace(profile, private_keys=keys)


_SPOILERS: Final[Mapping[BadCard, Callable[[CardProfile, Bench], CardProfile]]] = MappingProxyType(
    {
        BadCard.CHANGED_NAME: _changed_name,
        BadCard.CHANGED_OFFSET: _changed_offset,
        BadCard.CHANGED_FILLER: _changed_filler,
        BadCard.FOREIGN_RECORD: _foreign_record,
        BadCard.UNKNOWN_CV_ROOT: _unknown_cv_root,
        BadCard.FOREIGN_CARD_KEY: _foreign_card_key,
        BadCard.WRONG_LIVENESS_KEY: _wrong_liveness_key,
    }
)
