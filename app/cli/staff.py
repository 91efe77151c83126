"""`todoke staff`: accounts of the staff of municipalities."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from app.organisations import Credentials

T = TypeVar("T")
ROLE_NAMES = ("planner", "reviewer", "approver", "treasurer", "auditor", "counter")


@click.group()
def staff() -> None:
    """Add, list, reset and disable accounts of staff. Nobody shares an account."""
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")


@staff.command()
@click.argument("staff_id")
@click.option("--municipality", required=True, metavar="CODE", help="Six digits: whose staff this is.")
@click.option("--name", required=True, help="The name that colleagues see.")
@click.option("--role", "roles", required=True, multiple=True, type=click.Choice(ROLE_NAMES), help="May be repeated.")
@click.option("--card-name", help="Name as on the person's own card: they then cannot serve themselves.")
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]), help="Birth date, with --card-name.")
@click.option("--sex", type=click.Choice(["1", "2", "9", "0"]), help="As on the card, with --card-name.")
def add(  # noqa: PLR0917  # one parameter for each option
    staff_id: str,
    municipality: str,
    name: str,
    roles: tuple[str, ...],
    card_name: str | None,
    birth_date: date | None,
    sex: str | None,
) -> None:
    """Make an account and print its password and second factor, once.

    Of name, birth date and sex as on the card only a keyed value is kept (four eyes).
    """
    from app import organisations, people
    from app.pii import Private

    own = None
    if card_name and birth_date and sex:
        own = people.FourItems(Private(card_name), Private(""), Private(f"{birth_date:%Y%m%d}"), Private(sex))
    elif card_name or birth_date or sex:
        raise click.UsageError("--card-name, --birth-date and --sex go together")
    wanted = {organisations.Role(role) for role in roles}

    def make() -> Credentials:
        from app import db

        with db.transaction() as session:
            return organisations.add_staff(
                session, staff_id=staff_id, municipality_code=municipality, name=name, roles=wanted, own=own
            )

    _print(_or_refuse(make))


@staff.command("list")
def list_staff() -> None:
    """Every account: number, municipality, state, roles, name."""
    from app import db, organisations

    with db.reading() as session:
        for one in organisations.all_staff(session):
            roles = ",".join(sorted(one.roles))
            click.echo(f"{one.staff_id} {one.municipality_code} {one.state:<9} {roles:<20} {one.name}")


@staff.command()
@click.argument("staff_id")
def reset(staff_id: str) -> None:
    """A new password and second factor, printed once; a locked account opens, sign-ins that run end."""
    from app import db, organisations

    def make() -> Credentials:
        with db.transaction() as session:
            return organisations.reset_staff(session, staff_id)

    _print(_or_refuse(make))


def _changed(staff_id: str, act: str, word: str) -> None:
    from app import db, organisations

    def change() -> None:
        with db.transaction() as session:
            getattr(organisations, act)(session, staff_id)

    _or_refuse(change)
    click.echo(f"{staff_id} {word}")


@staff.command()
@click.argument("staff_id")
def disable(staff_id: str) -> None:
    """Suspend the account; whoever is signed in with it is signed out at once."""
    _changed(staff_id, "disable_staff", "suspended")


@staff.command()
@click.argument("staff_id")
def enable(staff_id: str) -> None:
    """Let a suspended account sign in again."""
    _changed(staff_id, "enable_staff", "active")


@staff.command()
@click.argument("staff_id")
def close(staff_id: str) -> None:
    """The person leaves: close the account for good; its records stay."""
    _changed(staff_id, "close_staff", "closed")


def _or_refuse(act: Callable[[], T]) -> T:
    from app import organisations

    try:
        return act()
    except organisations.StaffExists:
        raise click.ClickException(
            "there is an account of this number; `todoke staff reset` gives new secrets"
        ) from None
    except organisations.NoSuchStaff:
        raise click.ClickException("there is no account of this number") from None
    except organisations.AccountMoveRefused as refused:
        raise click.ClickException(f"the account is {refused.state}; this cannot be done to it now") from None
    except LookupError:
        raise click.ClickException("there is no municipality of this code") from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _print(credentials: Credentials) -> None:
    click.echo(f"number    {credentials.staff_id}")
    click.echo(f"password  {credentials.password.reveal()}")
    click.echo(f"secret    {credentials.totp_secret.reveal()}")
    click.echo(f"for apps  {credentials.totp_uri.reveal()}")
    click.echo("Shown once. Hand password and secret over on two ways.")
