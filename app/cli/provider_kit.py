"""`todoke provider-kit`: for payment providers, to try their own interface before the first real order."""

from __future__ import annotations

import os
from pathlib import Path

import click

ENVIRONMENT = "TODOKE_KIT_TOKEN"


@click.group("provider-kit")
def provider_kit() -> None:
    """Check a payment provider's interface against what todoke expects; print its description."""


@provider_kit.command()
@click.argument("url")
@click.option("--service", "service_id", required=True, help="A service of the provider, such as SVC-QR-01.")
@click.option("--account", required=True, help="A test account of it; it receives small grants.")
@click.option("--code", help="The account's present security code; without it two checks are skipped.")
@click.option("--unknown-account", help="An account of the right form that does not exist; else one check is skipped.")
@click.option("--amount", default=100, show_default=True, type=click.IntRange(1, 1_000_000), help="Points an order.")
@click.option("--limit-seconds", default=10.0, show_default=True, type=click.FloatRange(0.01, 60), help="Longest wait.")
def check(  # noqa: PLR0917  # one parameter for each option
    url: str,
    service_id: str,
    account: str,
    code: str | None,
    unknown_account: str | None,
    amount: int,
    limit_seconds: float,
) -> None:
    """Try every promise of docs/provider-openapi.json on the interface at URL. Exit status 1 when one is broken.

    The bearer token is read from TODOKE_KIT_TOKEN, so that it stands in no list of processes. Use a test environment:
    the checks send some forty orders to the account.
    """
    from app.payments.provider_kit import Subject, run_checks

    token = os.environ.get(ENVIRONMENT)
    if not token:
        raise click.ClickException(f"set {ENVIRONMENT} to the token that the provider gave to todoke")
    subject = Subject(url, token, service_id, account, code, unknown_account, amount, limit_seconds)
    failed = 0
    for outcome in run_checks(subject):
        failed += outcome.result == "failed"
        click.echo(f"{outcome.result:<8} {outcome.check.name:<16} {outcome.check.promise}")
        if outcome.reason:
            click.echo(f"{'':<8} {'':<16} -> {outcome.reason}")
    if failed:
        raise click.ClickException(f"{failed} of the promises are broken")


@provider_kit.command()
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of printing it.")
def openapi(write: Path | None) -> None:
    """Print what a provider has to offer, and the call-backs it may send (OpenAPI); docs/provider-openapi.json."""
    from app.web.api.provider_openapi import text

    if write is None:
        click.echo(text(), nl=False)
    else:
        write.write_text(text(), encoding="utf-8")
