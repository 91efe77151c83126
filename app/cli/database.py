"""`todoke db`: create and migrate."""

from __future__ import annotations

import click


@click.group()
def db() -> None:
    """Create and migrate the database, as its owner: TODOKE_DATABASE_OWNER_URL, else TODOKE_DATABASE_URL."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest revision; safe to run twice and from two places at once."""
    from app import db as database
    from app import migrations, municipalities, policies, settings

    current = settings.current()
    migrations.upgrade(current.owner_url)
    click.echo(f"database is at revision {migrations.head_revision()}")
    # The search knows a policy by its listing, whose words come from the program and not from SQL.
    with_samples = current.environment is not settings.Environment.PRODUCTION
    municipalities.configure(with_samples, current.state_dir / "municipalities")
    database.configure(current.owner_url, application_name="todoke-cli")
    try:
        made = policies.bring_listings_up_to_date()
    finally:
        database.dispose()
    if made:
        click.echo(f"{made} listings of the search made anew")


@db.command()
def heads() -> None:
    """Print the head revision; more than one head is a defect and gives exit status 1."""
    from app import migrations

    found = migrations.heads()
    click.echo("\n".join(found))
    if len(found) != 1:
        raise SystemExit(1)
