"""`todoke check`: do counters, entries, orders and the audit chain agree?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.points import Difference


@click.group()
def check() -> None:
    """Check that what must agree agrees."""


@check.command()
def invariants() -> None:
    """Compare counters, entries, orders, applications and rebates of every policy, and the sealed audit events.

    Prints each difference; exit status 1 when there is one.
    """
    from app import audit, db, points, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    with db.reading() as session:
        differences = [_line(difference) for difference in points.check_invariants(session, None)]
        broken = audit.first_broken_seal(session)
    if broken is not None:
        differences.append(f"audit seal {broken} does not fit its events")
    for line in differences:
        click.echo(line)
    if differences:
        raise SystemExit(1)
    click.echo("counters, entries, orders and seals agree")


@check.command()
def mail() -> None:
    """Say whether messages can be sent by mail, and how many wait.

    Exit status 1 when messages wait and no mail server is set up, or when one waits longer than an hour.
    """
    from app import clock, db, notifications, settings, start

    current = settings.current()
    start.configure(current, application_name="todoke-cli")
    with db.reading() as session:
        waiting = notifications.waiting_messages(session)
    server = current.mail_server
    if server is None:
        click.echo("no mail server is set up (TODOKE_MAIL_HOST): messages are kept and not sent")
    else:
        click.echo(f"mail goes through {server.host}:{server.port} as {server.sender}")
    click.echo(f"{waiting.count} messages wait, {waiting.failed} could not be sent in the last 90 days")
    minutes = int((clock.now() - waiting.oldest).total_seconds() // 60) if waiting.oldest else 0
    if minutes:
        click.echo(f"the oldest waits for {minutes} minutes")
    if waiting.count and (server is None or minutes > 60):
        raise SystemExit(1)


def _line(difference: Difference) -> str:
    return f"{difference.policy_id} {difference.what}: expected {difference.expected}, found {difference.found}"
