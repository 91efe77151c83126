"""Runs the checks, each with a probe of its own, and tells what came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from app.payments.provider_kit.checks import CHECKS, Check
from app.payments.provider_kit.probe import CheckFailed, Probe, Subject


@dataclass(frozen=True)
class Outcome:
    """One check: ``passed``, ``failed`` with the reason, or ``skipped`` because something is not known."""

    check: Check
    result: Literal["passed", "failed", "skipped"]
    reason: str | None = None


def run_checks(subject: Subject, checks: Sequence[Check] = CHECKS) -> Iterator[Outcome]:
    """Each check's outcome as soon as it is known. Sends real orders of ``subject.amount`` points to its account."""
    for check in checks:
        if check.needs is not None and getattr(subject, check.needs) is None:
            yield Outcome(check, "skipped", f"{check.needs} is not given")
            continue
        probe = Probe(subject)
        try:
            check.run(probe)
        except CheckFailed as failed:
            yield Outcome(check, "failed", str(failed))
        else:
            yield Outcome(check, "passed")
        finally:
            probe.close()
