"""`todoke agents`: the reader agents that this installation believes."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click


@click.group()
def agents() -> None:
    """Enrol, list and revoke reader agents (programs beside a card reader)."""
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")


@agents.command()
@click.argument("name")
@click.option("--key-file", required=True, type=click.Path(path_type=Path), help="Device key; made when missing.")
@click.option("--kind", type=click.Choice(["unattended", "simulated"]), default="unattended", show_default=True)
@click.option("--listed", is_flag=True, help="Offer this reader on every resident's page.")
@click.option("--keypad-url", help="Address of the agent's keypad page, shown beside it (demo).")
@click.option("--desk-url", help="Address of the tester's desk (demo).")
def enrol(  # noqa: PLR0917  # one parameter for each option
    name: str, key_file: Path, kind: str, listed: bool, keypad_url: str | None, desk_url: str | None
) -> None:
    """Enrol the agent NAME with its device key and print its id and reader number."""
    from app import cards
    from app import db as database
    from nfc.agent.signing import DeviceKey

    key = DeviceKey.load(key_file) if key_file.exists() else DeviceKey.create(key_file)
    try:
        with database.transaction() as session:
            reader = cards.enrol_agent(
                session,
                name=name,
                public_key=key.public_bytes,
                kind=kind,
                listed=listed,
                keypad_url=keypad_url,
                desk_url=desk_url,
            )
    except cards.AgentRevoked:
        raise click.ClickException("this device key was revoked; make a new one") from None
    click.echo(f"{reader.agent_id} reader number {reader.reader_no}")


@agents.command("pair-code")
@click.argument("name")
@click.option("--kind", type=click.Choice(["unattended", "simulated"]), default="unattended", show_default=True)
@click.option("--listed", is_flag=True, help="Offer this reader on every resident's page.")
@click.option("--keypad-url", help="Address of the agent's keypad page, shown beside it (demo).")
@click.option("--minutes", type=click.IntRange(1, 60), default=10, show_default=True, help="How long the code lives.")
def pair_code(name: str, kind: str, listed: bool, keypad_url: str | None, minutes: int) -> None:
    """Print a code by which one program beside a reader enrols itself as NAME: `todoke reader pair`."""
    from app import cards
    from app import db as database

    with database.transaction() as session:
        code = cards.issue_pair_code(
            session, name=name, kind=kind, listed=listed, keypad_url=keypad_url, minutes=minutes
        )
    click.echo(f"{code} (once, within {minutes} minutes)")


@agents.command("list")
def list_agents() -> None:
    """All agents: id, number, kind, name, and whether they are revoked or were seen lately."""
    from app import cards
    from app import db as database

    with database.reading() as session:
        for reader, revoked in cards.all_readers(session):
            state = "revoked" if revoked else "online" if reader.online else "not seen"
            click.echo(f"{reader.agent_id} {reader.reader_no} {reader.kind:<10} {state:<8} {reader.name}")


@agents.command()
@click.argument("agent_id", type=click.UUID)
def revoke(agent_id: UUID) -> None:
    """From now on nothing that AGENT_ID signs is accepted."""
    from app import cards
    from app import db as database

    with database.transaction() as session:
        if not cards.revoke_agent(session, agent_id):
            raise click.ClickException("no such agent, or revoked already")
    click.echo("revoked")
