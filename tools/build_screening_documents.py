"""Writes what the documentation says about conditions from the program itself: docs/conditions.schema.json.

Run it after a change of the tree (`.venv/bin/python tools/build_screening_documents.py`); a test compares.
"""

from __future__ import annotations

from pathlib import Path

from app.policies.conditions_schema import schema_text

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "conditions.schema.json"

if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    print(f"written: {SCHEMA.relative_to(ROOT)}")
