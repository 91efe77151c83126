"""`todoke results`: what providers reported and nobody booked, and orders without an answer."""

from __future__ import annotations

from uuid import UUID

import click


@click.group()
def results() -> None:
    """List and decide results that were put aside; list grant orders that wait for a provider's answer."""


@results.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are decided or settled themselves.")
def list_results(everything: bool) -> None:
    """List results that were put aside, oldest first: id, code, provider, order, recorded against reported."""
    from app import db, points

    _start()
    with db.reading() as session:
        rows = points.put_aside_results(session, open_only=not everything)
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("nothing is put aside")


@results.command()
@click.argument("result_id", type=click.UUID)
@click.option(
    "--as",
    "resolution",
    required=True,
    type=click.Choice(["record_stands", "granted_after_all"]),
    help="record_stands: our record is right; granted_after_all: a failed order was carried out.",
)
@click.option("--by", required=True, help="Who decides; kept in the audit log.")
@click.option("--note", required=True, help="Why, for example the provider's statement; no personal data.")
def resolve(result_id: UUID, resolution: str, by: str, note: str) -> None:
    """Decide about one result that was put aside. Final, and audited."""
    from app import points

    _start()
    try:
        points.resolve_result(result_id, points.Resolution(resolution), by=by, note=note)
    except points.ResolutionRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{result_id}: {resolution}")


@results.command()
@click.option("--older-than-minutes", default=0, show_default=True, type=click.IntRange(0, 10_000_000))
def waiting(older_than_minutes: int) -> None:
    """List orders in a provider's hands without a final answer: unknown, accepted or sent, oldest first."""
    from datetime import timedelta

    from app import clock, db, points

    _start()
    with db.reading() as session:
        rows = points.waiting_orders(session, sent_before=clock.now() - timedelta(minutes=older_than_minutes))
    for row in rows:
        click.echo(
            f"{row.provider_id}  {row.state:<8}  sent {clock.local(row.sent_at):%Y-%m-%d %H:%M}"
            f"  asked {row.inquiries}x  {row.amount:>9,}  {row.policy_id}  {row.order_id}"
        )
    if not rows:
        click.echo("no order waits for an answer")


@results.command()
@click.option("--within-days", default=14, show_default=True, type=click.IntRange(0, 4_000), help="Last day in these.")
def receipts(within_days: int) -> None:
    """List grants that wait for their receipt action, also overdue ones that nobody reported, nearest first."""
    from datetime import timedelta

    from app import clock, db, points

    _start()
    with db.reading() as session:
        rows = points.open_receipts(session, until=clock.today() + timedelta(days=within_days))
    for row in rows:
        over = "over " if row.receive_by < clock.today() else "until"
        where = f"{row.policy_id}  {row.application_id}"
        click.echo(f"{over} {row.receive_by}  {row.provider_id or 'staff'}  {row.amount:>9,}  {where}")
    if not rows:
        click.echo("nothing waits for a receipt action")


def _line(row: object) -> str:
    from app import clock
    from app.points import PutAside

    assert isinstance(row, PutAside)
    reported = " ".join(
        str(part) for part in (row.reported_state, row.transaction_no, row.reason, row.amount) if part is not None
    )
    decided = f"  [{row.resolution}: {row.note or ''}]" if row.resolution else ""
    first = f"{clock.local(row.first_at):%Y-%m-%d %H:%M}"
    return (
        f"{row.id}  {row.code}  {first}  {row.provider_id}  {row.source} x{row.times}"
        f"  {row.policy_id} {row.order_id}  recorded {row.recorded_state or '-'}, reported {reported}{decided}"
    )


def _start() -> None:
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
