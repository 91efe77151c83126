"""`todoke grant-files`: orders to, and results from, providers that are reached by file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.points import OutgoingFile

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.group("grant-files")
def grant_files() -> None:
    """Write files of grant orders, take files of results, and show how far each file is answered."""


@grant_files.command()
@click.argument("provider_id")
@click.option("--out", required=True, type=_FOLDER, help="Folder for the file; it holds service IDs.")
def export(provider_id: str, out: Path) -> None:
    """Put all orders that wait for PROVIDER_ID into the next file. Each order goes into one file only."""
    from app import points

    _start()
    try:
        file = points.export_grant_file(provider_id)
    except points.FileExchangeRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    if file is None:
        click.echo("no order waits")
    else:
        _write(file, out)


@grant_files.command()
@click.argument("provider_id")
@click.argument("sequence_no", type=click.IntRange(1))
@click.option("--out", required=True, type=_FOLDER, help="Folder for the file; it holds service IDs.")
def again(provider_id: str, sequence_no: int, out: Path) -> None:
    """Write a file that was made before once more, byte for byte, for a provider that did not get it."""
    from app import points

    _start()
    try:
        _write(points.grant_file_again(provider_id, sequence_no), out)
    except points.FileExchangeRefused as refusal:
        raise click.ClickException(str(refusal)) from None


@grant_files.command()
@click.argument("provider_id")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def take(provider_id: str, path: Path) -> None:
    """Take a file of results of PROVIDER_ID: as a whole or not at all; then book its rows."""
    from app import points
    from app.payments.gateways.file import FileRefused

    _start()
    try:
        taken = points.take_result_file(provider_id, path.read_bytes())
    except FileRefused as refusal:
        raise click.ClickException(f"nothing was taken\n{refusal}") from None
    done = points.book_result_file(provider_id, taken.sequence_no)
    counts = ", ".join(f"{count} {outcome.name.lower()}" for outcome, count in done.items()) or "nothing new"
    again = " (taken before)" if taken.already else ""
    click.echo(f"file {taken.sequence_no}{again}: {taken.row_count} rows, {counts}")


@grant_files.command("list")
def list_files() -> None:
    """List the files of orders: how many orders, how many answered, and sent, partial or complete."""
    from app import clock, db, points

    _start()
    with db.reading() as session:
        files = points.grant_file_statuses(session)
    for file in files:
        click.echo(
            f"{file.provider_id}  {file.sequence_no:>6}  {clock.local(file.made_at):%Y-%m-%d %H:%M}  {file.state:<8}"
            f"  {file.answered} of {file.order_count} answered  {file.total:,} points"
        )
    if not files:
        click.echo("no file was made yet")


def _write(file: OutgoingFile, folder: Path) -> None:
    """For its owner only; an equal file that is there already is left as it is."""
    path = folder / file.name
    if path.exists():
        if path.read_bytes() != file.content:
            raise click.ClickException(f"{path.name} is there already and differs: move it away first")
    else:
        path.touch(mode=0o600)
        path.write_bytes(file.content)
    click.echo(f"{path.name}: {file.order_count} orders, {file.total:,} points")


def _start() -> None:
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
