"""Kills at random moments while thousands apply, and then the books are compared (promise 10).

`python -m tests.load.crash --seeds 1-50 --applications 2000 --log FILE` runs one round for each seed: web, a web
process, worker, payment provider, PostgreSQL and single connections of it are killed with SIGKILL and started again
while residents press the button until they have an answer. Then everything drains, and it must hold that: each receipt
is one application and each refusal none, nobody is in an illegal state, no policy has more seats than it had, the
invariants hold, and the provider's own book is our ledger, grant for grant.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import clock, db, jobs, payments
from app.points.tasks import inquire_open_orders, order_due_grants
from bench.apply.load import Connection
from bench.apply.residents import Makers, Resident, in_turn
from bench.apply.town import open_policies
from bench.machine import described
from tests.load import judge
from tests.load.installation import PROVIDER, Installation

VICTIMS = ("web", "web process", "worker", "provider", "postgres", "backend")
POLICIES = 5
SEATS_FOR = 0.85
DRIVERS = 12
LONGEST_LOAD = 240.0
LONGEST_DRAIN = 300.0
UNSURE = frozenset({500, 502, 503, 504})


@dataclass
class Answers:
    """What the residents were told in the end, and how often they had to press again."""

    receipts: dict[Resident, str] = field(default_factory=dict)
    refused: list[Resident] = field(default_factory=list)
    unexpected: Counter[int] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)


@dataclass
class Round:
    """One seed: what was done to the installation, and everything that was wrong afterwards."""

    seed: int
    applications: int
    seconds: float
    kills: Counter[str]
    revived: Counter[str]
    answers: Answers
    breaches: list[str]

    def line(self) -> str:
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        again = ", ".join(f"{what} {count}" for what, count in sorted(self.answers.again.items()))
        revived = ", ".join(f"{name} {count}" for name, count in sorted(self.revived.items()))
        verdict = "ok" if not self.breaches else "BREACH: " + "; ".join(self.breaches)
        return (
            f"seed {self.seed}: {self.applications} people, {len(self.answers.receipts)} receipts,"
            f" {len(self.answers.refused)} refused (full), killed: {killed}; ended beside that and started again:"
            f" {revived or 'nothing'}; pressed again after: {again or 'nothing'};"
            f" {self.seconds:.0f} s: {verdict}"
        )


def crash_round(place: Installation, makers: Makers, seed: int, applications: int, kills: int) -> Round:
    """One round on a running installation."""
    chance = random.Random(seed)
    began = time.monotonic()
    seats = int(applications * SEATS_FOR / POLICIES)
    names = [f"C{seed}-{number}" for number in range(POLICIES)]
    open_policies(names, capacity=seats)
    residents = makers.make(in_turn(names), applications)
    chance.shuffle(residents)
    answers, done = Answers(), threading.Event()
    plan = _plan(chance, kills)
    killed: Counter[str] = Counter()
    killer = threading.Thread(target=_kill, args=(place, plan, done, killed))
    killer.start()
    _everybody_presses(place.web_port, residents, answers)
    killer.join(LONGEST_LOAD)
    done.set()
    killer.join()
    breaches = [] if _drained(names) else ["not everything was carried out in time"]
    breaches += judge.breaches(place.town, names, seats, residents, answers.receipts, answers.refused)
    if answers.unexpected:
        breaches.append(f"unexpected answers {dict(answers.unexpected)}")
    revived = Counter({part.name: part.revived for part in place.parts if part.revived})
    for part in place.parts:
        part.revived = 0
    return Round(seed, applications, time.monotonic() - began, killed, revived, answers, breaches)


def _plan(chance: random.Random, kills: int) -> list[tuple[float, str, float]]:
    """(wait before, victim, how long it stays dead): each victim in turn, in an order of chance."""
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    chance.shuffle(victims)
    return [(chance.uniform(0.1, 2.5), victim, chance.uniform(0.0, 0.6)) for victim in victims]


def _kill(
    place: Installation, plan: list[tuple[float, str, float]], done: threading.Event, killed: Counter[str]
) -> None:
    for wait, victim, pause in plan:
        if done.wait(wait):
            return
        place.kill(victim, pause)
        killed[victim] += 1


def _everybody_presses(port: int, residents: list[Resident], answers: Answers) -> None:
    """Each presses until there is an answer: a receipt, or that it is full."""
    queue = deque(residents)
    deadline = time.monotonic() + LONGEST_LOAD

    def work() -> None:
        connection = Connection(port)
        while queue and time.monotonic() < deadline:
            try:
                resident = queue.popleft()
            except IndexError:
                return
            try:
                status, head = connection.ask(resident.request)
            except (OSError, ValueError, IndexError) as error:
                answers.again[type(error).__name__] += 1
                queue.append(resident)
                time.sleep(0.02)  # for another process, not for time to pass
                continue
            if status == 303:
                answers.receipts[resident] = head.split(b"/applications/", 1)[1].split(b"?", 1)[0].decode()
            elif status == 409:
                answers.refused.append(resident)
            elif status in UNSURE:
                answers.again[str(status)] += 1
                queue.append(resident)
                time.sleep(0.02)
            else:
                answers.unexpected[status] += 1

    threads = [threading.Thread(target=work) for _ in range(DRIVERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


_OPEN = text(
    "SELECT (SELECT count(*) FROM grant_orders WHERE state NOT IN ('succeeded', 'failed')"
    " AND policy_id = ANY(:names)) + (SELECT count(*) FROM applications WHERE state = 'approved'"
    " AND policy_id = ANY(:names))"
)


def _drained(names: list[str]) -> bool:
    """Business time moves on in steps of minutes, and the jobs of those minutes come, until nothing is open."""
    deadline = time.monotonic() + LONGEST_DRAIN
    while time.monotonic() < deadline:
        try:
            # As staff would: after so many silent calls the line to the provider rests for minutes by itself.
            payments.resume_line(PROVIDER)
            with db.transaction() as session:
                if session.execute(_OPEN, {"names": names}).scalar_one() == 0:
                    return True
                clock.move(session, clock.now() + timedelta(minutes=3))
                for task in (inquire_open_orders, order_due_grants):
                    jobs.defer_once(session, task, queueing_lock=task.name, timestamp=0)
        except SQLAlchemyError:
            pass  # the last kill may have been the database's
        time.sleep(1.0)  # for the worker, another process
    return False


def main() -> None:
    """Run the rounds; exit status 1 at the first breach."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.crash", description=__doc__)
    parser.add_argument("--seeds", default="1", help="one seed, or the first and last: 1-50")
    parser.add_argument("--applications", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=12, help="kills in each round")
    parser.add_argument("--log", type=Path, help="append one line for each round to this file")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    folder = Path(tempfile.mkdtemp(prefix="todoke-c-"))
    place = Installation(folder / "c")
    try:
        makers = Makers(place.town.agent_id)
        _say(arguments.log, f"# {described()}; {arguments.kills} kills a round")
        for seed in range(int(first), int(last or first) + 1):
            found = crash_round(place, makers, seed, arguments.applications, arguments.kills)
            _say(arguments.log, found.line())
            if found.breaches:
                place.tell_where_each_stands()
                sys.exit(1)
    finally:
        place.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _say(log: Path | None, line: str) -> None:
    print(line, flush=True)
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
