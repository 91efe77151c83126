"""`todoke openapi`: the description of the interfaces for machines."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of printing it.")
def openapi(write: Path | None) -> None:
    """Print the OpenAPI document of the interfaces for machines; docs/openapi.json is kept from it."""
    from app.web.api.openapi import text

    if write is None:
        click.echo(text(), nl=False)
    else:
        write.write_text(text(), encoding="utf-8")
