"""`todoke clock`: the simulated clock of a demo."""

from __future__ import annotations

from datetime import datetime

import click


@click.group()
def clock() -> None:
    """Show or move the simulated clock of a demo or test installation."""
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")


@clock.command()
def show() -> None:
    """The time that the service acts by."""
    from app import clock as business

    kind = "simulated" if business.is_simulated() else "real"
    click.echo(f"{business.local(business.now()).isoformat(timespec='seconds')} ({kind})")


@clock.command()
@click.argument("at")
def move(at: str) -> None:
    """Move the clock to AT, such as 2026-12-01T10:00:00+09:00. Running processes follow within seconds."""
    from app import clock as business
    from app import db

    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        raise click.ClickException("write the time as 2026-12-01T10:00:00+09:00") from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=business.TOKYO)
    try:
        with db.transaction() as session:
            business.move(session, instant)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"the clock now shows {business.local(business.now()).isoformat(timespec='seconds')}")
