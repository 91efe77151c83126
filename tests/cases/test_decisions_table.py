"""All test people against all sample policies: the table in the documentation is what the program decides."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app import municipalities
from app.cli.policies import load_samples

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

TABLE = ROOT / "docs" / "decisions-table.md"


def rows() -> list[list[str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| TP-")]


@pytest.mark.usefixtures("town")
def test_the_decisions_in_the_documentation_are_those_of_the_program() -> None:
    from build_decisions_table import table_text

    municipalities.configure(with_samples=True)
    load_samples()
    assert TABLE.read_text(encoding="utf-8") == table_text()


def test_the_table_has_everybody_and_every_policy() -> None:
    assert len(rows()) == 45 * 21


def test_br_32_in_the_table_only_a_clear_failure_reads_as_not_eligible() -> None:
    for row in rows():
        outcome, reason, checks = row[4], row[5], row[6]
        assert ("×" in checks) is (outcome == "対象外"), row
        if outcome == "対象外":
            assert reason.split()[0] in ("E201", "E202", "E203", "E207", "E214"), row
        elif outcome == "承認":
            assert set(checks) & set("？…×") == set(), row
        elif outcome == "本人確認できず":
            assert reason.startswith("E1") and not checks, row
        else:
            assert outcome == "担当者が確認" and ("？" in checks or "…" in checks), row


def test_br_31_the_table_tells_nothing_about_the_protected() -> None:
    for row in rows():
        if row[0] in ("TP-16", "TP-16C"):
            assert row[4] == "担当者が確認" and row[5] == "E213 確認が必要なため、担当窓口からご連絡します。", row
