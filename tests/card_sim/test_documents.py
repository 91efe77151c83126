"""docs/personas.md names everybody, every fault and every variant there is."""

from __future__ import annotations

from pathlib import Path

from card_sim.crl_variants import CrlVariant
from card_sim.faults import FAULTS
from card_sim.ocsp import OcspVariant
from card_sim.people import load_people

IDEOGRAPHIC_SPACE = "\u3000"
TEXT = (Path(__file__).parents[2] / "docs" / "personas.md").read_text(encoding="utf-8")


def test_every_person_stands_there_with_what_the_card_tests() -> None:
    missing = [
        person_id
        for person_id, persona in load_people().items()
        if f"| {person_id} | {' '.join(persona.name.split(IDEOGRAPHIC_SPACE))} | {persona.exercise} |" not in TEXT
    ]
    assert missing == []


def test_every_fault_stands_there_with_its_title_and_usual_number() -> None:
    missing = []
    for row in FAULTS.values():
        written = row.name if row.number_default is None else f"{row.name}:{row.number_default}"
        if f"| `{written}` | {row.title} |" not in TEXT:
            missing.append(row.name)
    assert missing == []


def test_every_variant_of_list_and_responder_stands_there() -> None:
    variants = [*CrlVariant, *(variant for variant in OcspVariant if variant is not OcspVariant.TRUE)]
    assert [variant.value for variant in variants if f"`{variant.value}`" not in TEXT] == []
