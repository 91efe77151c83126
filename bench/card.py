"""`python -m bench.card`: what reading a card costs, in commands and in time.

Every procedure in process, and over pcscd and vpcd; there beside its floor (the same commands as bare transmits in one
open connection), and beside other programs with the same virtual card in the same run: OpenSC's tools, and pymyna where
PYMYNA_DIR names a checkout of it. Connecting and powering the card is reported apart. The card is simulated and lies in
a process of its own, so the times say what software adds, not what a chip needs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime
from functools import partial
from pathlib import Path

from app.cli.card_door import VirtualReaders
from bench.card_measures import Figures, in_process_of, over_pcsc_of
from bench.card_on_reader import CardOnReader, card_of
from bench.card_procedures import MESSAGE, PROCEDURES, Pins
from bench.machine import described
from card_sim.people import load_people
from nfc.procedures import preview
from nfc.transports import run
from nfc.transports.in_process import InProcess

ROOT = Path(__file__).resolve().parents[1]
PERSON = "TP-CANARY"
NOW = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
LIMIT = 1.3
LIMITED = ("whole visit, short", "whole visit, extended")
COUNTS = {
    "whole visit, short": 14,
    "whole visit, extended": 9,
    "whole visit with issuer check, short": 19,
    "whole visit with issuer check, extended": 11,
}
"""At most so many commands for an ordinary card."""
PYMYNA = """
import sys
sys.path.insert(0, sys.argv[1])
from myna.core.reader import MyNumberCardReader
text = MyNumberCardReader().select_text_ap()
text.verify_pin(sys.argv[2])
assert text.get_attrs().name == sys.argv[3]
"""


def main() -> None:
    """Measure, print the table, keep it; exit status 1 when the whole visit misses its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.card", description=__doc__)
    parser.add_argument("--runs", type=int, default=60, help="times each procedure runs (the median counts)")
    parser.add_argument("--keep", action=argparse.BooleanOptionalAction, default=True, help="write bench/results/")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="todoke-b-")))
        _start_readers(folder, stack)
        report = _report(folder, arguments.runs)
    text, met = report
    print(text)
    if arguments.keep:
        path = ROOT / "bench" / "results" / f"card-{date.today():%Y-%m-%d}.md"  # noqa: DTZ011 -- the machine's day
        path.write_text(text + "\n", encoding="utf-8")
        print(f"kept in {path.relative_to(ROOT)}")
    sys.exit(not met)


def _start_readers(folder: Path, stack: ExitStack) -> None:
    script = ["sh", str(ROOT / "tools" / "private_pcscd.sh"), "--dir", str(folder / "p")]
    readers = subprocess.Popen(script, stdout=subprocess.PIPE)
    stack.callback(readers.communicate)
    stack.callback(readers.terminate)
    assert readers.stdout is not None
    if b"are there" not in readers.stdout.readline():
        sys.exit("the virtual readers could not be started")
    # Before the first PC/SC call: the library looks once.
    os.environ["PCSCLITE_CSOCK_NAME"] = str(folder / "p" / "run" / "pcscd.comm")


def _report(folder: Path, runs: int) -> tuple[str, bool]:
    state, readers = folder / "state", VirtualReaders(folder / "p" / "door")
    persona = load_people()[PERSON]
    assert persona.pins.text is not None
    assert persona.pins.auth is not None
    card = card_of(state, PERSON, NOW)
    pins = Pins(persona.pins.text, persona.pins.auth, run(preview(), InProcess(card)).certificate)
    with CardOnReader(state, PERSON, NOW, readers) as lying:
        rows = [(name, _figures(partial(make, pins), card, runs)) for name, make in PROCEDURES.items()]
        others = _others(lying, folder, persona.name, pins, max(5, runs // 6))
    card = card_of(state, PERSON, NOW, in_memory=True)
    with CardOnReader(state, PERSON, NOW, readers, in_memory=True):
        for name in LIMITED:
            rows.append((f"{name}; counters in memory", _figures(partial(PROCEDURES[name], pins), card, runs)))
    return _table(rows, others, runs)


def _figures(make: Callable[[], object], card: object, runs: int) -> Figures:
    return over_pcsc_of(make, runs, in_process_of(make, card, runs))


def _others(
    lying: CardOnReader, folder: Path, name: str, pins: Pins, runs: int
) -> list[tuple[str, int | None, float | None, str]]:
    """Name, commands, milliseconds and remark of each other program; it starts, does its work and ends."""
    message, out = folder / "message", folder / "out"
    message.write_bytes(MESSAGE)
    sign = ["pkcs11-tool", "--slot-index", "0", "--login", "--pin", pins.auth, "--sign", "--id", "01"]
    sign += ["--mechanism", "SHA256-RSA-PKCS", "-i", str(message), "-o", str(out)]
    ours = [sys.executable, "-m", "bench.card_alone"]
    programs: list[tuple[str, list[str]]] = [
        ("OpenSC: names the card (opensc-tool -n)", ["opensc-tool", "-n"]),
        ("OpenSC: authentication certificate (pkcs15-tool)", ["pkcs15-tool", "--read-certificate", "1"]),
        ("OpenSC: authentication signature (pkcs11-tool)", sign),
        ("ours, as a program: authentication certificate", [*ours, "certificate"]),
        ("ours, as a program: authentication signature", [*ours, "signature", pins.auth]),
        ("ours, as a program: four information", [*ours, "four", pins.text]),
    ]
    checkout = os.environ.get("PYMYNA_DIR")
    if checkout:
        programs.append(("pymyna: four information", [sys.executable, "-c", PYMYNA, checkout, pins.text, name]))
    found = [(title, *_timed(lying, command, runs)) for title, command in programs]
    if not checkout:
        found.append(("pymyna: four information", None, None, "not run: PYMYNA_DIR names no checkout"))
    return found


def _timed(lying: CardOnReader, command: list[str], runs: int) -> tuple[int | None, float | None, str]:

    if shutil.which(command[0]) is None:
        return None, None, "not installed"
    times = []
    for _ in range(runs):
        before = lying.commands
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        times.append(time.perf_counter() - began)
        commands = lying.commands - before
        if done.returncode != 0:
            return None, None, "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return commands, statistics.median(times) * 1000, ""


def _table(
    rows: list[tuple[str, Figures]], others: list[tuple[str, int | None, float | None, str]], runs: int
) -> tuple[str, bool]:
    command = "python -m bench.card" + (f" --runs {runs}" if runs != 60 else "")
    lines = [
        "# Reading a simulated card",
        "",
        f"{date.today():%Y-%m-%d}, `{command}`, {described()}.",  # noqa: DTZ011
        "",
        f'Milliseconds, median of {runs} runs each; ours and floor by turns. "connect" is opening and closing (PC/SC',
        "context, exclusive connect, power-up, unpower) and is in neither column. Each VERIFY writes the counters",
        "of the card to disk, as `todoke card insert` does; the last two rows leave that out. P7 is the issuer's",
        "check of the four items, P8 the proof by the card's own key. The agent meets a card twice: a look before",
        "the PINs, and the reading.",
        "",
        "| procedure | commands | in process | over pcscd + vpcd | floor | ratio | connect |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, figure in rows:
        lines.append(
            f"| {name} | {figure.commands} | {figure.in_process:.2f} | {figure.over_pcsc:.2f} | {figure.floor:.2f} "
            f"| {figure.ratio:.2f} | {figure.connect:.2f} |"
        )
    lines += [
        "",
        "Programs from start to end, each with its own connection:",
        "",
        "| program | commands | milliseconds | |",
        "|---|---:|---:|---|",
    ]
    for title, commands, milliseconds, remark in others:
        shown = "" if milliseconds is None else f"{milliseconds:.0f}"
        lines.append(f"| {title} | {commands if commands is not None else ''} | {shown} | {remark} |")
    ratios = {name: figure.ratio for name, figure in rows if name in LIMITED}
    fast = all(ratio <= LIMIT for ratio in ratios.values())
    short = all(figure.commands <= COUNTS[name] for name, figure in rows if name in COUNTS)
    counts = "; ".join(f"{count} {name.removeprefix('whole visit').lstrip(', ')}" for name, count in COUNTS.items())
    lines += [
        "",
        f"Whole visit at most {LIMIT} x floor: {_word(fast)} (worst {max(ratios.values()):.2f}).",
        f"Commands at most {counts}: {_word(short)}.",
    ]
    return "\n".join(lines), fast and short


def _word(met: bool) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
