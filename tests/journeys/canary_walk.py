"""The walk of TP-CANARY through a running system: every page, both kinds of reader, mistakes and faults on the way.

Every answer that any client gets is kept, and so is what the system wrote meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.journeys.canary_clients import PERSON, Answer, Places, Recorder, Visitor, wait_for
from tests.journeys.canary_counter import (
    be_served,
    leave_the_counter,
    look_at_the_review,
    scan_codes,
    set_up_the_counter,
    supervise_readers,
    watch_over_the_counter,
)
from tests.journeys.canary_phone import (
    ITEMS,
    a_stranger_looks,
    be_read_at_the_desk,
    be_read_by_the_journey,
    for_a_child,
    give_the_account,
    judged_and_consented,
    meet_errors,
    search,
    submit,
)
from tests.journeys.canary_system import dump, log_files
from tests.journeys.leaks import Trace, traces
from tests.journeys.system import System, start_system

__all__ = ["ITEMS", "Walk", "walk_through"]


@dataclass
class Walk:
    """What the walk left behind."""

    looked_for: list[Trace]
    answers: list[Answer]
    logs: dict[str, str]
    while_the_job_waits: str
    at_the_end: str
    provider_database: str
    database_files: Path
    desk_url: str


def walk_through(state: Path) -> Walk:
    """Start a system of its own, walk, stop it, and collect what it wrote."""
    recorder = Recorder()
    system = start_system(state)
    try:
        with recorder.listening():
            queued = walk_everywhere(system, recorder)
        at_the_end, provider = dump(system, "todoke"), dump(system, "todoke_provider")
    finally:
        system.stop()
    cards = system.state / "cards" / PERSON
    ders = tuple((cards / f"{name}-1.cer").read_bytes() for name in ("authentication", "signature"))
    logs = {path.name: path.read_text(encoding="utf-8", errors="backslashreplace") for path in log_files(system)}
    files = system.state / "postgres" / "data"
    return Walk(traces(ders), recorder.answers, logs, queued, at_the_end, provider, files, system.desk_url)


def walk_everywhere(system: System, recorder: Recorder) -> str:
    """Every page, every refusal, both readers. Returns the database as it was while a job waited."""
    places = Places(system, recorder)
    phone = Visitor(system, recorder)
    search(phone)
    for_a_child(phone)
    be_read_by_the_journey(phone, places, system)
    judged_and_consented(phone)
    give_the_account(phone, places, system)
    queued, receipt = submit(phone, system)
    meet_errors(phone, receipt)
    be_read_at_the_desk(Visitor(system, recorder), places)
    desk = Visitor(system, recorder)
    set_up_the_counter(desk)
    be_served(desk, Visitor(system, recorder), places, wait_for)
    watch_over_the_counter(desk)
    scan_codes(desk, Visitor(system, recorder))
    supervise_readers(desk)
    look_at_the_review(desk, receipt, ITEMS)
    leave_the_counter(desk)
    a_stranger_looks(Visitor(system, recorder), places, receipt)
    return queued
