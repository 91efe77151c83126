"""The fictional staff of the test data: who works at which municipality, in which role."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class StaffPersona:
    """One fictional member of staff."""

    staff_id: str
    role: str
    municipality_code: str
    name: str


def load_staff() -> list[StaffPersona]:
    """All of them, by number."""
    text = resources.files("card_sim").joinpath("data", "test_people.json").read_text(encoding="utf-8")
    return [
        StaffPersona(row["staff_id"], row["role"], row["municipality_code"], row["name"])
        for row in json.loads(text)["staff"]
    ]
