"""`todoke db`: create and migrate."""

from __future__ import annotations

import click


@click.group()
def db() -> None:
    """Create and migrate the database, as its owner: TODOKE_DATABASE_OWNER_URL, else TODOKE_DATABASE_URL."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest revision; safe to run twice and from two places at once."""
    from app import migrations, settings

    migrations.upgrade(settings.current().owner_url)
    click.echo(f"database is at revision {migrations.head_revision()}")


@db.command()
def heads() -> None:
    """Print the head revision; more than one head is a defect and gives exit status 1."""
    from app import migrations

    found = migrations.heads()
    click.echo("\n".join(found))
    if len(found) != 1:
        raise SystemExit(1)
