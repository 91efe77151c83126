"""`todoke card`: simulated cards on virtual PC/SC readers, for testers and for programs that know PC/SC only.

A card that lies on a reader is held by a small process in the background; a locked file in the state folder says which.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from app.cli.card_door import READERS, USUAL_DOOR, VirtualReaders
from app.cli.card_holder import Lying, Slot, slots
from app.cli.issuer import population

STATE_OPTION = click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    envvar="TODOKE_STATE_DIR",
    default=Path(".state") / "demo-8000",
    show_default=True,
    help="State folder of the installation whose cards these are.",
)
DOOR_OPTION = click.option(
    "--door",
    type=click.Path(path_type=Path),
    help=f"Door of tools/private_pcscd.sh [default: $TODOKE_CARD_DOOR, {USUAL_DOOR}, or this network namespace].",
)
READER_OPTION = click.option(
    "--reader", type=click.IntRange(min(READERS), max(READERS)), default=0, show_default=True, help="Which reader."
)
HOLDER_SECONDS = 30


@click.group()
def card() -> None:
    """Lay simulated cards on the virtual PC/SC readers that `sh tools/private_pcscd.sh` starts."""


card.add_command(population)


@card.command()
@click.argument("person")
@READER_OPTION
@click.option("--fault", "faults", multiple=True, help="A fault the card shall have; `todoke card faults` names them.")
@click.option("--at", help="The moment at which the card is used, such as 2026-11-20T10:00 [default: the service's].")
@STATE_OPTION
@DOOR_OPTION
def insert(  # noqa: PLR0917  # one parameter for each option
    person: str,
    reader: int,
    faults: tuple[str, ...],
    at: str | None,
    state_dir: Path,
    door: Path | None,
) -> None:
    """Lay PERSON's card (such as TP-02) on a reader, in place of the one that lies there.

    The card stays until `todoke card remove`, or until the reader is stopped. Its counters are those of this state
    folder: the tester's desk and the journey see the same card.
    """
    readers = VirtualReaders.find(door)
    order = {
        "person": person,
        "reader": reader,
        "faults": list(faults),
        "at": at,
        "state_dir": str(state_dir.resolve()),
        "door": str(readers.door) if readers.door else None,
    }
    answer = _start_holder(order)
    if "error" in answer:
        raise click.ClickException(str(answer["error"]))
    click.echo(f"{person}'s card lies on reader {reader}")


@card.command()
@READER_OPTION
@STATE_OPTION
@DOOR_OPTION
def remove(reader: int, state_dir: Path, door: Path | None) -> None:
    """Take the card off a reader."""
    if not Slot.of(state_dir, VirtualReaders.find(door), reader).take_away():
        raise click.ClickException(f"no card lies on reader {reader}")
    click.echo(f"reader {reader} is empty")


@card.command("faults")
def list_faults() -> None:
    """What can be wrong with a card: the names for `todoke card insert --fault NAME` or `--fault NAME:NUMBER`."""
    from card_sim.faults import FAULTS

    for group, kinds in groupby(FAULTS.values(), key=lambda kind: kind.group):
        click.echo(group.value)
        for kind in kinds:
            name = kind.name if kind.number_default is None else f"{kind.name}:{kind.number_default}"
            click.echo(f"  {name:<30} {kind.title}")


@card.command("list")
@click.option("--people", is_flag=True, help="List the people who have cards instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@STATE_OPTION
@DOOR_OPTION
def list_cards(people: bool, as_json: bool, state_dir: Path, door: Path | None) -> None:
    """Which cards lie on the readers."""
    if people:
        _list_people(state_dir, as_json)
        return
    lying = {slot.reader: slot.lying() for slot in slots(state_dir, VirtualReaders.find(door))}
    if as_json:
        shown = {str(reader): found.as_json() if found else None for reader, found in lying.items()}
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for reader, found in lying.items():
        click.echo(f"reader {reader}: {_in_words(found)}")


def _in_words(found: Lying | None) -> str:
    if found is None:
        return "empty"
    return f"{found.person_id}" + (f" ({', '.join(found.faults)})" if found.faults else "")


def _list_people(state_dir: Path, as_json: bool) -> None:
    from card_sim.population import everybody

    people = everybody(state_dir)
    if as_json:
        click.echo(json.dumps({key: persona.name for key, persona in people.items()}, ensure_ascii=False))
        return
    for person_id, persona in people.items():
        click.echo(f"{person_id:<12} {persona.municipality.name}  {persona.name}  {persona.exercise}")


@card.command(hidden=True)
@click.argument("order")
def hold(order: str) -> None:
    """The process in the background that holds a card; started by `todoke card insert`."""
    from app.cli.card_holder import hold_card

    sys.exit(hold_card(json.loads(order)))


def _start_holder(order: dict[str, Any]) -> dict[str, Any]:
    """Start the process and wait for its one line of JSON: the card lies, or why it does not."""
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "app.cli", "card", "hold", json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the tester's terminal must not take the card away
    )
    assert process.stdout is not None
    signal.signal(signal.SIGALRM, lambda *_: os.kill(process.pid, signal.SIGKILL))
    signal.alarm(HOLDER_SECONDS)
    line = process.stdout.readline()
    signal.alarm(0)
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"error": "the process that should hold the card has ended; what it said stands above"}
    return answer
