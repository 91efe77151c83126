"""`todoke vouchers`: benefits that staff hand over themselves, such as paper vouchers."""

from __future__ import annotations

import click


@click.group()
def vouchers() -> None:
    """What staff hand over themselves (paper vouchers): list it, note it as ready, handed over, not fetched."""


@vouchers.command("list")
def list_open() -> None:
    """List what is to be prepared and what waits to be fetched, oldest first; what is overdue says so."""
    from app import applications, clock, db

    _start()
    with db.reading() as session:
        rows = applications.open_hand_overs(session)
    for row in rows:
        one = row.benefit
        state = "to prepare"
        if one.receive_by is not None:
            over = "over since" if one.receive_by < clock.today() else "ready until"
            state = f"{over} {one.receive_by}"
        serials = f"  {one.serials}" if one.serials else ""
        ordered = f"{clock.local(one.ordered_at):%Y-%m-%d}"
        click.echo(f"{row.receipt_no}  {one.policy_id}  {one.amount:>9,}  ordered {ordered}  {state}{serials}")
    if not rows:
        click.echo("nothing is to be handed over")


@vouchers.command()
@click.argument("receipt_no")
@click.option("--serials", required=True, help="Numbers of the vouchers, FIRST..LAST.")
@click.option("--by", required=True, help="Who notes it (staff id).")
def ready(receipt_no: str, serials: str, by: str) -> None:
    """The vouchers lie ready: the person is told, and has the service's days to fetch them."""
    _note(receipt_no, "ready", by, serials)


@vouchers.command()
@click.argument("receipt_no")
@click.option("--serials", help="Numbers of the vouchers, FIRST..LAST, where they were not noted as ready before.")
@click.option("--by", required=True, help="Who handed them over (staff id).")
def handed(receipt_no: str, serials: str | None, by: str) -> None:
    """The person has the vouchers."""
    _note(receipt_no, "handed_over", by, serials)


@vouchers.command()
@click.argument("receipt_no")
@click.option("--by", required=True, help="Who notes it (staff id).")
def missed(receipt_no: str, by: str) -> None:
    """Nobody came until the last day: the benefit expires (E402)."""
    _note(receipt_no, "not_fetched", by, None)


@vouchers.command()
@click.argument("receipt_no")
@click.option("--by", required=True, help="Who notes it (staff id).")
def cannot(receipt_no: str, by: str) -> None:
    """These vouchers can't be handed over: the person is told and chooses another service (E401)."""
    _note(receipt_no, "impossible", by, None)


def _note(receipt_no: str, step: str, by: str, serials: str | None) -> None:
    from app import applications, points

    _start()
    try:
        changed = applications.note_hand_over(receipt_no, points.HandOverStep(step), by=by, serials=serials)
    except LookupError:
        raise click.ClickException("there is no such receipt number") from None
    except points.HandOverRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{receipt_no}: {step}" + ("" if changed else " (noted before)"))


def _start() -> None:
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
