"""`todoke policies`: load benefits and payment services."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.policies import LoadableFile

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
                lines.append(f"{file.source}: {counts}")
                continue
            known = payments.known_service_ids(session)
            report = catalogue.load_policies(
                session,
                file.items,
                source=file.source,
                known_services=known,
                services_with_spend_scope=payments.services_with_spend_scope(session),
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
