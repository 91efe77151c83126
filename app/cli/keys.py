"""`todoke keys`: the secrets of an installation."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def keys() -> None:
    """Make the keys of an installation: encryption, index, audit, signing."""


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def generate(file: Path) -> None:
    """Write new random keys to FILE (mode 0600; never over an existing file).

    Name the file in TODOKE_KEYS_FILE, and keep a copy where the database backup is not: without the keys the personal
    data of a backup can't be read.
    """
    from app.settings import Keys, write_private_file

    try:
        write_private_file(file, Keys.generate_json())
    except FileExistsError:
        raise click.ClickException(f"{file} exists; keys are never overwritten") from None
    click.echo(f"keys written to {file}")
