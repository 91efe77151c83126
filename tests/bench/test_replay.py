"""The replay of fiscal 2022: its plan is the published year, and a small share of it ends with books that agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.apply.fiscal_2022 import POINTS, POLICIES, RECIPIENTS, plans

ROOT = Path(__file__).resolve().parents[2]


def test_the_plan_is_the_year_as_it_was_published_and_the_same_each_time() -> None:
    year = plans()
    assert (len(year), sum(plan.recipients for plan in year)) == (POLICIES, RECIPIENTS) == (41, 1_019_285)
    granted = sum(plan.recipients * plan.amount for plan in year)
    assert abs(granted - POINTS) < POINTS / 1_000
    assert (year[0].recipients, year[0].amount, year[1].recipients, year[1].amount) == (26_600, 10_000, 150, 2_000)
    assert plans() == year
    assert sum(plan.recipients for plan in plans(0.01)) == pytest.approx(RECIPIENTS / 100, rel=0.01)


@pytest.mark.full
def test_a_small_share_of_the_year_is_replayed_and_both_books_agree() -> None:
    run = [sys.executable, "-m", "bench.apply", "--replay", "--scale", "0.00002", "--workers", "1", "--json"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    *_, books, last = done.stdout.splitlines()
    assert books == "books: right"
    assert json.loads(last)["invariants_hold"] is True
    assert all(f"2023-03  {provider}" in done.stdout for provider in ("PRV-01", "PRV-02", "PRV-07", "PRV-09"))
