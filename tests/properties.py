"""How many examples the property tests are tried with, and what counts as a finding.

`TODOKE_TEST_EXAMPLES=20000 pytest tests/people/test_names.py` tries each property with so many, without the limit of
time that a test has; without it each keeps its usual number, which the everyday run can afford.

How long one example takes is no property of the rules and depends on what else the machine does, so that the library's
own limit of 200 milliseconds is not asked for. Speed is what `python -m bench.eligibility` measures. Anything else that
the library finds wrong stays a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES_VARIABLE = "TODOKE_TEST_EXAMPLES"
_USUAL = 100


def examples(usual: int) -> int:
    """The number asked for in the environment, or the usual one of this property."""
    return int(os.environ.get(EXAMPLES_VARIABLE, usual))


def register() -> None:
    """Make these settings the ones of every property test of the run."""
    settings.register_profile(
        "todoke", max_examples=examples(_USUAL), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("todoke")


def take_time(items: Iterable[pytest.Item]) -> None:
    """Where more examples were asked for, no test is ended for its time: that looked like a failure of the last one."""
    if EXAMPLES_VARIABLE in os.environ:
        for item in items:
            item.add_marker(pytest.mark.timeout(0))
