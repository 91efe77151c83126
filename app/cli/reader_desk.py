"""The tester's desk inside the reader agent (`todoke reader --desk PORT`): simulated cards without any other program.

For trying an agent against a service with TEST roots. It needs the extra `server`, and the state folder whose issuer
that service believes; it knows no database, so its time is the real one.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path

import click

from app.clock import real_now


def serve_beside(reader: tuple[str, int], port: int, state_dir: Path, *, keypad_url: str, service_url: str) -> None:
    """Serve the desk's page on 127.0.0.1 in a thread of its own; its cards are laid on the virtual reader."""
    try:
        from werkzeug.serving import make_server

        from card_sim.desk import create_desk
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"--desk needs the package {error.name}: install todoke with the extra `server`"
        ) from None
    from card_sim.issuer import TestIssuer
    from card_sim.population import everybody
    from card_sim.wallet import Wallet

    people = everybody(state_dir)
    issuer = TestIssuer.open(state_dir, _now(), people)
    wallet = Wallet(state_dir, issuer, people)
    app = create_desk(
        wallet=wallet,
        people=people,
        now=_now,
        reader_address=reader,
        issuer=issuer,
        keypad_url=keypad_url,
        service_url=service_url,
    )
    # One line for each request of the page would bury the agent's own few.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, name="desk", daemon=True).start()


def _now() -> datetime:
    return real_now()  # beside a reader there is no demo whose clock could be followed
