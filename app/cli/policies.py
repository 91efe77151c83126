"""`todoke policies`: load benefits and payment services, change their limits, export their results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from app.policies import LoadableFile

EXIT_REFUSED = 2
SHOWN_ROWS = 20
# P-002 of the samples is full: its seats were taken before this installation began, and are taken over as such.
SAMPLE_OPENINGS = {"P-002": (266_000_000, 26_600)}


@click.group()
def policies() -> None:
    """Load benefits (施策) and payment services into the catalogue."""


@policies.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, exists=True))
def load(paths: tuple[Path, ...]) -> None:
    """Load JSON files of policies or of payment services (services first). All or nothing.

    A fault names file, item, field and reason, and nothing of any file is loaded. A changed policy becomes a new
    version; loading the same file again changes nothing.
    """
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    for line in _load_or_explain([_read(path) for path in paths]):
        click.echo(line)


def _read(path: Path) -> LoadableFile:
    from app import policies as catalogue

    try:
        return catalogue.read_file(path)
    except catalogue.LoadRefused as error:
        raise click.ClickException(str(error)) from None


def load_samples() -> None:
    """The sample data of the demo: services, policies, the recipient lists that two of them name, and shop lists."""
    from app.cli.lists import load_sample_lists
    from app.cli.shops import load_sample_shops

    load_sample_policies()
    load_sample_lists()
    load_sample_shops()


def load_sample_policies() -> None:
    """The sample services and policies, with the opening balance of the policy that is full."""
    from app import policies as catalogue

    folder = Path(__file__).parent.parent / "sample_data"
    names = ("sample_services.json", "sample_policies.json")
    _load([catalogue.read_file(folder / name) for name in names], SAMPLE_OPENINGS)


def load_demo_policies() -> None:
    """What the demo has beside the samples: a policy for children at its own counter."""
    from app import policies as catalogue

    _load([catalogue.read_file(Path(__file__).parent.parent / "sample_data" / "demo_policies.json")], {})


@policies.command("load-samples")
def load_samples_command() -> None:
    """Load the sample policies and services (demo and tests; refused in production)."""
    from app import settings, start
    from app.settings import Environment

    current = settings.current()
    if current.environment is Environment.PRODUCTION:
        raise click.ClickException("the samples are fictional and are refused in production")
    start.configure(current, application_name="todoke-cli")
    load_samples()
    click.echo("samples loaded")


@policies.command()
def reindex() -> None:
    """Make the listings of the search again where they are missing or were made by an older release."""
    from app import policies as catalogue
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    click.echo(f"{catalogue.bring_listings_up_to_date()} listings made")


def _load_or_explain(loadable: list[LoadableFile]) -> list[str]:
    from app import payments
    from app import policies as catalogue

    try:
        return _load(loadable, {})
    except (payments.ServicesRefused, catalogue.LoadRefused) as error:
        raise click.ClickException(str(error)) from None


def _load(loadable: list[LoadableFile], openings: dict[str, tuple[int, int]]) -> list[str]:
    """One transaction for all files: services first, then policies, then their funding and opening balances."""
    from app import db, payments, points
    from app import policies as catalogue

    lines = []
    with db.transaction() as session:
        for file in sorted(loadable, key=lambda file: file.kind, reverse=True):
            if file.kind == "services":
                counts = payments.load_services(session, list(file.items), file.source)
                for_rebates = payments.services_with_rebate(session)
                catalogue.check_services(session, file.source, services_with_rebate=for_rebates)
                lines.append(f"{file.source}: {counts}")
                continue
            known = payments.known_service_ids(session)
            report = catalogue.load_policies(
                session,
                file.items,
                source=file.source,
                known_services=known,
                services_with_spend_scope=payments.services_with_spend_scope(session),
                services_with_rebate=payments.services_with_rebate(session),
            )
            for policy_id, amount in report.funding.items():
                points.fund(session, policy_id, amount)
            for policy_id in report.policies_added:
                if policy_id in openings:
                    granted, seats = openings[policy_id]
                    points.open_with(session, policy_id, granted=granted, seats=seats)
            lines.append(
                f"{file.source}: {len(report.policies_added)} added, {len(report.policies_changed)} changed, "
                f"{len(report.policies_unchanged)} unchanged"
            )
    return lines


@policies.command()
@click.argument("policy_id")
@click.option("--capacity", type=click.IntRange(min=0), help="Seats from here on.")
@click.option("--no-capacity", is_flag=True, help="No limit of seats; the budget alone ends the policy.")
@click.option("--budget", type=click.IntRange(min=1), help="The whole budget from here on, in points.")
@click.option("--by", required=True, help="Who decided (staff id); on the audit record.")
@click.option("--reason", required=True, help="Why, for the record of the version; nobody's name.")
def limits(  # noqa: PLR0917  # one parameter for each option
    policy_id: str, capacity: int | None, no_capacity: bool, budget: int | None, by: str, reason: str
) -> None:
    """Change the seats or the budget of a benefit that may be open. Not below what is taken: exit status 2.

    With more room the queue moves up and a full benefit opens again. The change is a new version of the benefit.
    """
    from app import points, settings, start
    from app import policies as catalogue

    if capacity is not None and no_capacity:
        raise click.UsageError("--capacity and --no-capacity exclude each other")
    if capacity is None and not no_capacity and budget is None:
        raise click.UsageError("nothing to change: give --capacity, --no-capacity or --budget")
    start.configure(settings.current(), application_name="todoke-cli")
    try:
        changed = points.change_limits(
            policy_id,
            by=by,
            reason=reason,
            capacity=None if no_capacity else points.UNCHANGED if capacity is None else capacity,
            budget=points.UNCHANGED if budget is None else budget,
        )
    except points.LimitsRefused as refusal:
        click.echo(f"{refusal.wording()} ({refusal})", err=True)
        raise SystemExit(EXIT_REFUSED) from None
    except LookupError:
        raise click.ClickException(f"no benefit {policy_id}") from None
    except (ValueError, catalogue.LoadRefused) as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{policy_id}, version {changed.version}: capacity {changed.capacity_before} -> {changed.capacity},"
        f" budget {changed.budget_before} -> {changed.budget}"
    )


@policies.command()
@click.argument("policy_id")
@click.option("--by", required=True, help="Who decided (staff id); on the audit record.")
@click.option("--reason", required=True, help="Why, for the record; nobody's name.")
def suspend(policy_id: str, by: str, reason: str) -> None:
    """Take nothing new for an open benefit (E210); who applied is served on, and is told by mail.

    Exit status 2 where it is neither open nor full.
    """
    from app import policies as catalogue

    _change_state(policy_id, lambda: catalogue.suspend(policy_id, by=by, reason=reason), "suspended")


@policies.command()
@click.argument("policy_id")
@click.option("--by", required=True, help="Who decided (staff id); on the audit record.")
def resume(policy_id: str, by: str) -> None:
    """Take applications again for a suspended benefit whose end has not come. Exit status 2 otherwise."""
    from app import policies as catalogue

    _change_state(policy_id, lambda: catalogue.resume(policy_id, by=by), "open again")


def _change_state(policy_id: str, change: Callable[[], None], said: str) -> None:
    from app import policies as catalogue
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        change()
    except LookupError:
        raise click.ClickException(f"no benefit {policy_id}") from None
    except catalogue.SuspendRefused as refusal:
        click.echo(str(refusal), err=True)
        raise SystemExit(EXIT_REFUSED) from None
    click.echo(f"{policy_id}: {said}")


@policies.command("export")
@click.argument("policy_id")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@click.option("--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8", show_default=True)
@click.option("--by", required=True, help="Who takes the file (staff id); on the audit record.")
def export(policy_id: str, file: Path, encoding: Literal["utf-8", "cp932"], by: str) -> None:
    """Write the results of a benefit, one row an application, into FILE (CSV).

    Where CP932 lacks a character of a name, no file is written and the rows are named (E606): exit status 2.
    """
    from app import applications, db, lists, screening, settings, start
    from app import policies as catalogue

    start.configure(settings.current(), application_name="todoke-cli")
    with db.reading() as session:
        if not catalogue.exists(session, policy_id):
            raise click.ClickException(f"no benefit {policy_id}")
    try:
        content = applications.export_results(policy_id, screening.Staff(by, frozenset({"planner"})), encoding)
    except lists.Unencodable as refusal:
        rows = ", ".join(str(row) for row in sorted({row for row, _ in refusal.cells})[:SHOWN_ROWS])
        click.echo(f"E606: {refusal.wording()} rows {rows}", err=True)
        raise SystemExit(EXIT_REFUSED) from None
    except applications.TooManyRows:
        raise click.ClickException("more applications than one file may hold") from None
    file.write_bytes(content)
    click.echo(f"{file}: {len(content)} bytes")
