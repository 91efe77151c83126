"""People: known by keys only; their four items of information live here, encrypted, and nowhere else."""

from app.people import ages, dates, names
from app.people.birth_order import Birth, nth_child
from app.people.births import (
    MAX_SIBLINGS,
    BirthsOnRecord,
    BirthsRefused,
    FamilyBirths,
    births_of,
    carry_over_births,
    erase_births,
    record_births,
)
from app.people.erase import forget_keys, keys_of, lock_person
from app.people.holders import Holder, compare_holder, masked_holder
from app.people.link import KeysLinked, has_key, link_key, pass_readings
from app.people.masking import masked_name
from app.people.recognise import (
    FourItems,
    Recognition,
    erase_facts,
    erase_facts_of_others,
    facts_among,
    facts_of,
    fingerprint_of,
    fingerprint_of_facts,
    items_of,
    person_key,
    persons_alike,
    recognise,
    recognise_by_key,
    recognise_without_card,
)

__all__ = [
    "MAX_SIBLINGS",
    "Birth",
    "BirthsOnRecord",
    "BirthsRefused",
    "FamilyBirths",
    "FourItems",
    "Holder",
    "KeysLinked",
    "Recognition",
    "ages",
    "births_of",
    "carry_over_births",
    "compare_holder",
    "dates",
    "erase_births",
    "erase_facts",
    "erase_facts_of_others",
    "facts_among",
    "facts_of",
    "fingerprint_of",
    "fingerprint_of_facts",
    "forget_keys",
    "has_key",
    "items_of",
    "keys_of",
    "link_key",
    "lock_person",
    "masked_holder",
    "masked_name",
    "names",
    "nth_child",
    "pass_readings",
    "person_key",
    "persons_alike",
    "recognise",
    "recognise_by_key",
    "recognise_without_card",
    "record_births",
]
