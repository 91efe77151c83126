"""`todoke providers`: how the lines to payment providers are, and holding new orders back."""

from __future__ import annotations

import sys

import click


@click.group()
def providers() -> None:
    """Show the lines to payment providers; hold new orders to one, and let them go again."""


@providers.command("list")
def list_lines() -> None:
    """List every line that was used: open, closed until when, or held by staff and why."""
    from app import clock, db, payments

    _start()
    with db.reading() as session:
        views = payments.line_views(session)
    for view in views:
        if view.held_since is not None:
            state = f"held since {clock.local(view.held_since):%Y-%m-%d %H:%M}: {view.held_note}"
        elif view.is_open:
            state = "open"
        else:
            assert view.closed_until is not None
            state = f"closed until {clock.local(view.closed_until):%H:%M:%S}, then tried again"
        click.echo(f"{view.provider_id}  {state}  ({view.failures} calls in a row without an answer)")
    if not views:
        click.echo("no line was used yet")


@providers.command()
@click.argument("provider_id")
@click.option("--note", required=True, help="Why; shown by `list`.")
def hold(provider_id: str, note: str) -> None:
    """Send no new order to this provider; orders that were sent are still asked about."""
    from app import payments
    from app.my_number import looks_like_my_number

    _start()
    _check_known(provider_id)
    if looks_like_my_number(note):
        raise click.ClickException("the note holds something like a 12-digit number: say why without it")
    payments.hold_line(provider_id, note)
    click.echo(f"{provider_id}: held")


@providers.command("account-closed")
@click.argument("service_id")
@click.option("--by", required=True, help="Who enters what the provider reported (staff id).")
def account_closed(service_id: str, by: str) -> None:
    """A provider reported that an account was closed: who chose it and has no order yet chooses again, and is told.

    The service ID is read from standard input, so that it stays out of the shell's history.
    """
    from app import applications
    from app.errors import DomainError

    account = sys.stdin.readline().strip()
    _start()
    try:
        count = applications.account_closed(service_id, account, by=by)
    except LookupError:
        raise click.ClickException(f"no service {service_id}") from None
    except DomainError as problem:
        raise click.ClickException(f"{problem.code}: not an ID of this service") from None
    click.echo(f"{count} application(s) choose again")


@providers.command()
@click.argument("provider_id")
def resume(provider_id: str) -> None:
    """Send orders to this provider again, and try a closed line at once."""
    from app import payments

    _start()
    _check_known(provider_id)
    payments.resume_line(provider_id)
    click.echo(f"{provider_id}: resumed")


def _check_known(provider_id: str) -> None:
    """A mistyped provider would be held, and the one that is meant go on."""
    from app import db, payments

    with db.reading() as session:
        if not payments.is_provider(session, provider_id):
            raise click.ClickException(f"no payment service is of {provider_id}")


def _start() -> None:
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
