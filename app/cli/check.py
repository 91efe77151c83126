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


def _line(difference: Difference) -> str:
    return f"{difference.policy_id} {difference.what}: expected {difference.expected}, found {difference.found}"
