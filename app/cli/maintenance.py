"""`todoke maintenance`: announce planned windows, list them, call them off."""

from __future__ import annotations

import getpass
import re
from datetime import datetime, timedelta
from uuid import UUID

import click


@click.group()
def maintenance() -> None:
    """Planned maintenance (メンテナンス): residents' pages stop, ends move, workers may pause."""
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")


@maintenance.command()
@click.option("--from", "start", required=True, help="First moment, such as 2027-01-31T20:00 (in Japan), or now.")
@click.option("--to", "end", required=True, help="First moment after it, or how long: +90m, +2h.")
@click.option("--note", required=True, help="Why, for the record.")
@click.option("--pause-worker", is_flag=True, help="Send no grant orders and ask providers nothing meanwhile.")
@click.option("--by", help="Who announces it (staff id).")
def add(start: str, end: str, note: str, pause_worker: bool, by: str | None) -> None:
    """Announce a window. Prints its id, and every end that it moves (BR-07)."""
    from app import maintenance as windows

    before = _ends()
    begin = _instant(start)
    try:
        window = windows.add_window(
            begin, _end(end, begin), stops_orders=pause_worker, note=note, by=by or getpass.getuser()
        )
    except windows.WindowRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{window.window_id} {_moment(window.starts_at)} - {_moment(window.ends_at)}")
    _print_moves(before)


@maintenance.command("list")
def list_() -> None:
    """Every window, the last to begin first."""
    from app import clock, db
    from app import maintenance as windows

    with db.reading() as session:
        found = windows.list_windows(session)
    for window in found:
        if window.cancelled_at:
            state = "called off"
        elif window.ends_at <= clock.now():
            state = "over"
        else:
            state = "on" if window.starts_at <= clock.now() else "planned"
        stops = " ".join(
            name
            for name, is_stopped in (("residents", window.stops_residents), ("worker", window.stops_orders))
            if is_stopped
        )
        click.echo(
            f"{window.window_id} {_moment(window.starts_at)} - {_moment(window.ends_at)}"
            f" {state} ({stops}) {window.note}"
        )
    if not found:
        click.echo("no maintenance is planned")


@maintenance.command()
@click.argument("window_id", type=click.UUID)
@click.option("--by", help="Who calls it off (staff id).")
def cancel(window_id: UUID, by: str | None) -> None:
    """Call a window off; one that is on ends now. Prints the ends that go back."""
    from app import maintenance as windows

    before = _ends()
    try:
        window = windows.cancel_window(window_id, by or getpass.getuser())
    except windows.WindowRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{window.window_id} {'called off' if window.cancelled_at else 'ended'}")
    _print_moves(before)


def _ends() -> dict[str, datetime]:
    from app import db, policies

    with db.reading() as session:
        return policies.listed_ends(session)


def _print_moves(before: dict[str, datetime]) -> None:
    for policy_id, end in sorted(_ends().items()):
        if before.get(policy_id) != end:
            click.echo(f"{policy_id}: applications until {_moment(end)}, was {_moment(before[policy_id])}")


def _moment(instant: datetime) -> str:
    from app import clock

    return clock.local(instant).isoformat(timespec="minutes")


def _end(text: str, begin: datetime) -> datetime:
    length = re.fullmatch(r"\+([1-9][0-9]{0,3})([mh])", text)
    if length is None:
        return _instant(text)
    return begin + int(length[1]) * (timedelta(hours=1) if length[2] == "h" else timedelta(minutes=1))


def _instant(text: str) -> datetime:
    from app import clock

    if text == "now":
        return clock.now()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.ClickException("write a time as 2027-01-31T20:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=clock.TOKYO)
