"""Addresses resolved in a second by one thread, over every spelling of the postal data and over hard ones.

Run alone:  python -m bench.eligibility_addresses [COUNT]
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable

SIZES = (100_000,)
MICROSECONDS = 20.0
ROUNDS = 5


def run(sizes: Iterable[int] = SIZES) -> list[dict[str, object]]:
    """One row for each measure: name, size, value, unit, limit (``None`` where the issue names none), ok."""
    rows: list[dict[str, object]] = []
    for size in sizes:
        for name, addresses in (("addresses as printed", _printed(size)), ("addresses in odd spellings", _odd(size))):
            seconds, own = map(min, zip(*(_round(addresses) for _ in range(ROUNDS)), strict=True))
            micro = own / len(addresses) * 1_000_000
            rows.append(_row(name, size, micro, "microseconds each", MICROSECONDS))
            rows.append(_row(name, size, len(addresses) / seconds, "a second", None))
    return rows


def _row(name: str, size: int, value: float, unit: str, limit: float | None) -> dict[str, object]:
    ok = None if limit is None else value <= limit
    return {"name": name, "size": size, "value": round(value, 2), "unit": unit, "limit": limit, "ok": ok}


def _round(addresses: list[str]) -> tuple[float, float]:
    """Seconds on the clock, and of them this thread's own on a core."""
    from app.municipalities import resolve

    resolve(addresses[0])  # makes the index
    began, own_began = time.perf_counter(), time.thread_time()
    for address in addresses:
        resolve(address)
    return time.perf_counter() - began, time.thread_time() - own_began


def _printed(size: int) -> list[str]:
    """Places of the table as a card prints them, with and without prefecture and county, with a town behind."""
    from app import municipalities

    chosen = random.Random(1)
    rows = [row for row in municipalities.current_table().rows.values() if row.county or row.parent]
    forms = ("{0.full_name}", "{0.county}{0.name}", "{0.prefecture}{0.name}", "{0.name}")
    return [
        f"{chosen.choice(forms).format(chosen.choice(rows))}大字本町字上町{chosen.randrange(1, 3000)}番地の{n % 9}"
        for n in range(size)
    ]


def _odd(size: int) -> list[str]:
    """Half-width kana, spaces, postal numbers, old characters, variation selectors, and what names no place."""
    hard = (
        "〒252-0001　滋賀縣 米原市 米原１０１６番地",
        "横濱市中區日本大通１番地",
        "北海道虻田郡ﾆｾｺ町字富士見４７番地",
        "奈良県葛\U000e0100城市柿本１６６番地",
        "福岡県糟屋郡須惠町大字須惠７７１番地",
        "伊達市保原町字舟橋１８０番地",
        "青森県西津軽郡鯵ケ沢町大字本町２０９番地２",
        "東京都三宅島三宅村阿古４９７番地",
        "Main Street 1, Springfield",
        "",
    )
    return [hard[n % len(hard)] for n in range(size)]


if __name__ == "__main__":
    for row in run(tuple(map(int, sys.argv[1:])) or SIZES):
        print(f"{row['size']:>9,}  {row['name']:<28} {row['value']:>12,} {row['unit']:<18} {row['limit'] or ''}")
