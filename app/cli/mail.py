"""`todoke mail`: what a mail server gave back."""

from __future__ import annotations

from typing import TextIO

import click


@click.group()
def mail() -> None:
    """Messages to residents by mail."""


@mail.command()
@click.argument("addresses", type=click.File("r"), default="-")
def bounced(addresses: TextIO) -> None:
    """Stop sending to addresses that a mail server gave back: one a line, from a file or from standard input.

    The person sees on the page for messages that mail does not arrive, and can give another address.
    """
    from app import notifications, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    lines = [line.strip() for line in addresses if line.strip()]
    stopped = sum(notifications.note_undeliverable(line) for line in lines)
    click.echo(f"{len(lines)} addresses read, {stopped} were in use and get no more mail")


@mail.command()
def send() -> None:
    """Send what is due now; a worker does the same every minute."""
    from app import notifications, settings, start

    current = settings.current()
    start.configure(current, application_name="todoke-cli")
    click.echo(f"{notifications.send_waiting(current.mail_server, current.public_url)} messages sent")
