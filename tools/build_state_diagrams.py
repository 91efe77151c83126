"""Writes docs/states.md: a diagram and a table of every state machine, drawn from the tables that the program walks.

Run it after a change of a table (`.venv/bin/python tools/build_state_diagrams.py`); a test compares. A machine is found
by itself: a module of `app` whose name ends in `states` and that has a table whose name ends in `MOVES`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import app

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "states.md"
HEAD = """# State machines

Made from the tables in the code by `tools/build_state_diagrams.py`; a test fails when this page is older than they are.
Only these moves exist: every other pair of state and action is refused, and tested to be. `policy` has no table of
moves: what people decided is stored, and whether it is open now is computed (`app/policies/state.py`).
"""


class Step(NamedTuple):
    """One row of any of the tables."""

    state: str
    action: str
    target: str
    actors: str
    effect: str


def machines() -> Iterator[tuple[str, list[Step]]]:
    """Every machine by its name, in order."""
    found = {}
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("states") or ".migrations." in module.name:
            continue
        for name, table in vars(importlib.import_module(module.name)).items():
            if name.endswith("MOVES"):
                prefix = name.removesuffix("MOVES").rstrip("_").lower()
                package = module.name.removeprefix("app.").replace(".", " / ").removesuffix(" / states")
                found[f"{package}: {prefix}" if prefix else package] = list(_steps(table))
    return iter(sorted(found.items()))


def _steps(table: object) -> Iterator[Step]:
    if isinstance(table, Mapping):
        for (state, action), target in table.items():
            yield Step(str(state), str(action), str(target), "", "")
        return
    assert isinstance(table, tuple)
    for move in table:
        people = " (two people)" if getattr(move, "people", 1) > 1 else ""
        actors = ", ".join(sorted(move.actors)) + people
        yield Step(str(move.state), str(move.action), str(move.target), actors, getattr(move, "effect", None) or "")


def page_text() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_machine(name, steps) for name, steps in machines())])


def _machine(name: str, steps: list[Step]) -> str:
    targets, sources = {step.target for step in steps}, {step.state for step in steps}
    lines = [f"## {name}", "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    [*] --> {first}" for first in _in_order(steps) if first not in targets]
    joined: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        joined.setdefault((step.state, step.target), []).append(step.action)
    lines += [f"    {state} --> {target}: {' / '.join(actions)}" for (state, target), actions in joined.items()]
    lines += [f"    {last} --> [*]" for last in _in_order(steps) if last not in sources]
    lines += ["```", "", "| from | action | to | who | ledger |", "|---|---|---|---|---|"]
    lines += [f"| `{s.state}` | {s.action} | `{s.target}` | {s.actors} | {s.effect} |" for s in steps]
    return "\n".join([*lines, ""])


def _in_order(steps: list[Step]) -> list[str]:
    return list(dict.fromkeys(state for step in steps for state in (step.state, step.target)))


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")
