"""`todoke terminals`: the counters' terminals, their readers and their two browsers."""

from __future__ import annotations

from uuid import UUID

import click


@click.group()
def terminals() -> None:
    """Name counter terminals and let their browsers join."""
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")


@terminals.command()
@click.argument("name")
@click.option("--municipality", required=True, metavar="CODE", help="Six digits: whose counter this is.")
@click.option("--reader-no", help="Number of an enrolled reader that stands at this counter.")
def add(name: str, municipality: str, reader_no: str | None) -> None:
    """Name a terminal and give it its reader: from now on only this counter can use that reader.

    Without --reader-no, a supervisor pairs its reader from the terminal's own page (/counter/readers).
    """
    from app import cards, organisations
    from app import db as database

    try:
        with database.transaction() as session:
            reader = cards.find_reader(session, reader_no) if reader_no is not None else None
            if reader_no is not None and reader is None:
                raise click.ClickException("there is no reader of this number; `todoke agents list` shows them")
            agent_id = reader.agent_id if reader is not None else None
            terminal = organisations.add_terminal(session, municipality_code=municipality, name=name, agent_id=agent_id)
            if agent_id is not None:
                cards.place_at_counter(session, agent_id, municipality)
    except organisations.TerminalExists:
        raise click.ClickException("this name, or this reader, belongs to an open terminal already") from None
    except LookupError:
        raise click.ClickException("there is no municipality of this code") from None
    click.echo(f"{terminal.terminal_id} {terminal.name}")


@terminals.command("list")
def list_terminals() -> None:
    """Every open terminal: id, municipality, what has joined, name."""
    from app import db as database
    from app import organisations

    with database.reading() as session:
        for one in organisations.all_terminals(session):
            joined = ",".join(place for place, there in (("desk", one.has_desk), ("screen", one.has_screen)) if there)
            click.echo(f"{one.terminal_id} {one.municipality_code} {joined or '-':<11} {one.name}")


@terminals.command()
@click.argument("terminal_id", type=click.UUID)
@click.argument("place", type=click.Choice(["desk", "screen"]))
@click.option("--minutes", type=click.IntRange(1, 60), default=10, show_default=True, help="How long the code lives.")
def code(terminal_id: UUID, place: str, minutes: int) -> None:
    """Print a code for the browser of staff (desk, at /counter/terminal) or of the resident (screen, at /screen)."""
    from app import db as database
    from app import organisations

    with database.transaction() as session:
        if organisations.get_terminal(session, terminal_id) is None:
            raise click.ClickException("there is no open terminal of this id")
        known = next(one for one in organisations.PLACES if one == place)
        text = organisations.issue_terminal_code(session, terminal_id, known, minutes=minutes)
    click.echo(f"{text} (once, within {minutes} minutes)")


@terminals.command()
@click.argument("terminal_id", type=click.UUID)
def close(terminal_id: UUID) -> None:
    """Neither browser is let in from now on; the reader is an ordinary, unattended one again."""
    from app import cards, organisations
    from app import db as database

    with database.transaction() as session:
        terminal = organisations.get_terminal(session, terminal_id)
        if terminal is None or not organisations.close_terminal(session, terminal_id):
            raise click.ClickException("there is no open terminal of this id")
        if terminal.agent_id is not None:
            cards.take_from_counter(session, terminal.agent_id)
    click.echo("closed")
