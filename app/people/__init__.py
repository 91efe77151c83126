"""People: known by keys only; their four items of information live here, encrypted, and nowhere else."""

from app.people import ages
from app.people.recognise import (
    FourItems,
    Recognition,
    facts_of,
    fingerprint_on_file,
    person_key,
    recognise,
)

__all__ = ["FourItems", "Recognition", "ages", "facts_of", "fingerprint_on_file", "person_key", "recognise"]
