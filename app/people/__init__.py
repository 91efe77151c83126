"""People: known by keys only; their four items of information live here, encrypted, and nowhere else."""

from app.people import ages
from app.people.recognise import (
    FourItems,
    Recognition,
    erase_facts,
    erase_facts_of_others,
    facts_of,
    fingerprint_of_facts,
    person_key,
    recognise,
)

__all__ = [
    "FourItems",
    "Recognition",
    "ages",
    "erase_facts",
    "erase_facts_of_others",
    "facts_of",
    "fingerprint_of_facts",
    "person_key",
    "recognise",
]
