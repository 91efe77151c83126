"""BR-69: names and addresses are kept byte for byte as the card gave them, for every test person."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import card_sim
from app import db, people
from app.people import FourItems
from app.pii import Private

PERSONS = json.loads((Path(card_sim.__file__).parent / "data" / "test_people.json").read_text(encoding="utf-8"))[
    "people"
]
EXTRA = {
    "name": "\ufa19\u3000辻\U000e0100",
    "address": "東京都葛\U000e0100飾区金町９９丁目",
    "birth_date": "1998-03-30",
    "sex": "9",
}


def test_br_69_what_is_stored_is_what_was_received(database: str) -> None:
    for number, person in enumerate([*PERSONS, EXTRA]):
        given = FourItems(
            name=Private(person["name"]),
            address=Private(person["address"]),
            birth_date=Private(person["birth_date"].replace("-", "")),
            sex=Private(person["sex"]),
        )
        with db.transaction() as session:
            facts_id = people.recognise(session, f"certificate {number}".encode(), given).facts_id
        with db.reading() as session:
            kept = people.facts_of(session, facts_id)
        assert kept is not None
        for field in ("name", "address", "birth_date", "sex"):
            assert getattr(kept, field).reveal() == getattr(given, field).reveal()


def test_br_69_the_test_would_see_a_normal_form() -> None:
    texts = [person["name"] + person["address"] for person in [*PERSONS, EXTRA]]
    assert any(unicodedata.normalize("NFC", text) != text for text in texts)
    assert any(unicodedata.normalize("NFKC", text) != text for text in texts)
