"""`todoke demo-prepare`: what the demo's parts need, where they run apart from each other (compose.yaml)."""

from __future__ import annotations

import click


@click.command("demo-prepare")
@click.option("--port", default=8000, show_default=True, help="Port of the service; the parts use the next seven.")
def demo_prepare(port: int) -> None:
    """Make an installation ready for the demo: tables, simulated clock, TEST issuer, sample data, enrolled agents.

    Settings come from TODOKE_... in the environment; the database must exist. Safe to run again; refused in production.
    """
    from app import settings
    from app.cli.addresses import Addresses
    from app.cli.demo import FIXTURE_TIME
    from app.cli.demo_setup import prepare_installation

    prepare_installation(
        settings.current(), Addresses("127.0.0.1", port), FIXTURE_TIME, lambda text: click.echo(f"… {text}")
    )
