"""`todoke municipalities`: take over a newer table of codes, and ask which municipality an address lies in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from app.municipalities import Resolution

STATE_DIR = click.option(
    "--state-dir",
    envvar="TODOKE_STATE_DIR",
    default=".state",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The installation's state folder, where an imported table is kept (TODOKE_STATE_DIR).",
)


@click.group()
def municipalities() -> None:
    """The table of municipality codes, and the way from an address to a code. Needs no database."""


@municipalities.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day from which the file holds (else valid_as_of).")
@click.option("--dry-run", is_flag=True, help="Show the difference and change nothing.")
@click.option("--partial", is_flag=True, help="Accept a file that ends more than a tenth of the table.")
@STATE_DIR
def import_(path: Path, as_of: datetime | None, dry_run: bool, partial: bool, state_dir: Path) -> None:
    """Take over a newer table (CSV): check digits are verified, the difference is shown, all or nothing.

    Columns: code6, prefecture, name, kana, kind; if there, parent, county, full_name, valid_from, valid_to, successor.
    Rows that are gone end on the day before; they stay known, because cards go on showing them. Web processes take
    the new table when they start again.
    """
    from app.municipalities import TableRefused, import_table

    day: date | None = as_of.date() if as_of else None
    try:
        difference = import_table(path, state_dir / "municipalities", as_of=day, write=not dry_run, partial=partial)
    except TableRefused as error:
        raise click.ClickException(f"nothing was changed\n{error}") from None
    for row in difference.added:
        click.echo(f"+ {row.code} {row.label}" + (f" (from {row.valid_from})" if row.valid_from else ""))
    for row in difference.ended:
        click.echo(f"- {row.code} {row.label} (until {row.valid_to})")
    for row, column, before, after in difference.changed:
        click.echo(f"~ {row.code} {row.label} {column}: {before or '(none)'} -> {after or '(none)'}")
    counts = f"{len(difference.added)} added, {len(difference.ended)} ended, {len(difference.changed)} changed"
    click.echo(f"{counts}, {difference.unchanged} unchanged" + ("; nothing was written" if dry_run else ""))


@municipalities.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS...|-]")
@click.option(
    "--file", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="One address a line."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order of the addresses.")
@click.option(
    "--samples/--no-samples",
    default=None,
    help="Know the fictional municipalities of the demo; default: unless the environment is production.",
)
@STATE_DIR
def resolve(
    addresses: tuple[str, ...], path: Path | None, as_json: bool, samples: bool | None, state_dir: Path
) -> None:
    """Print code, name and status of the municipality that each address lies in.

    "-" reads standard input, one address a line; an empty line is an address, too. The code is left out (JSON: null)
    unless the status is exact or folded: an ambiguous address is never guessed.
    """
    from app import municipalities as table

    table.configure(_knows_samples() if samples is None else samples, state_dir / "municipalities")
    out = sys.stdout.buffer
    line: Callable[[Resolution], str] = _json_line if as_json else _text_line
    try:
        for address in _addresses(addresses, path):
            out.write(f"{line(table.resolve(address))}\n".encode())
        out.flush()
    except BrokenPipeError:
        # Whoever read has read enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _knows_samples() -> bool:
    """As the service of this environment does; where no installation is set up, this is a trial."""
    environment = os.environ.get("TODOKE_ENVIRONMENT")
    return environment != "production" if environment else "TODOKE_DATABASE_URL" not in os.environ


def _addresses(given: tuple[str, ...], path: Path | None) -> Iterator[str]:
    if not given and path is None:
        raise click.UsageError("name addresses, a --file, or - for standard input")
    for address in given:
        if address == "-":
            yield from _lines(sys.stdin.buffer)
        else:
            yield address
    if path is not None:
        with path.open("rb") as file:
            yield from _lines(file)


def _lines(stream: BinaryIO | Iterable[bytes]) -> Iterator[str]:
    """Lines end at a line feed only: an address may hold other characters that text readers break lines at."""
    for raw in stream:
        yield raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", errors="replace")


def _json_line(found: Resolution) -> str:
    content = {
        "code": found.code,
        "name": _label(found.code),
        "status": found.status.value,
        "matched": found.matched,
        "candidates": [{"code": code, "name": _label(code)} for code in found.candidates],
        "table_version": found.table_version,
    }
    return json.dumps(content, ensure_ascii=False)


def _text_line(found: Resolution) -> str:
    others = [f"{code} {_label(code)}" for code in found.candidates if code != found.code]
    line = f"{found.code or '-':<6}  {_label(found.code) or '-'}  {found.status.value}"
    return f"{line}  ({', '.join(others)})" if others else line


def _label(code: str | None) -> str | None:
    from app import municipalities as table

    return table.label(code) if code else None
