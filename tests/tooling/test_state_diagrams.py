"""The diagrams in the documentation are those of the tables that the program walks."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))


def test_the_state_diagrams_are_those_of_the_program() -> None:
    from build_state_diagrams import PAGE, page_text

    assert PAGE.read_text(encoding="utf-8") == page_text(), "run .venv/bin/python tools/build_state_diagrams.py"


def test_every_machine_has_a_diagram_that_begins_and_ends() -> None:
    from build_state_diagrams import machines

    found = dict(machines())
    assert {"applications", "screening", "payments", "points: grant", "points: order"} <= found.keys()
    for steps in found.values():
        assert {step.target for step in steps} - {step.state for step in steps}, "some state is an end"
