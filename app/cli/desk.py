"""`todoke desk`: the tester's desk."""

from __future__ import annotations

import threading
from datetime import datetime

import click


@click.command()
@click.option("--port", default=8002, show_default=True, help="Port of the desk's page (this machine only).")
@click.option("--reader-port", default=8004, show_default=True, help="Port of the virtual reader on this machine.")
@click.option("--keypad-url", default="http://127.0.0.1:8001", show_default=True, help="The reader's keypad page.")
@click.option("--service-url", default="http://127.0.0.1:8000", show_default=True, help="The service.")
def desk(port: int, reader_port: int, keypad_url: str, service_url: str) -> None:
    """Run the tester's desk: choose a test person, lay the simulated card on the reader, take it away.

    A card can be laid with a fault (a lost contact, a blocked PIN, a revoked certificate and more). Serves the TEST
    revocation lists as well. Cards, their counters and generated populations live in TODOKE_STATE_DIR.
    """
    from werkzeug.serving import make_server

    from app import clock, settings, start
    from app.web import logging
    from card_sim.desk import create_desk
    from card_sim.issuer import TestIssuer
    from card_sim.population import everybody
    from card_sim.wallet import Wallet

    current = settings.current()
    logging.configure(current.log_level)
    start.configure(current, application_name="todoke-desk")
    people = everybody(current.state_dir)
    issuer = TestIssuer.open(current.state_dir, clock.now(), people)
    wallet = Wallet(current.state_dir, issuer, people)
    app = create_desk(
        wallet=wallet,
        people=people,
        now=_current_time,
        reader_address=("127.0.0.1", reader_port),
        issuer=issuer,
        keypad_url=keypad_url,
        service_url=service_url,
    )
    threading.Thread(target=wallet.prepare, args=(clock.now(),), daemon=True).start()
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


def _current_time() -> datetime:
    """Business time; a tester may move it in another process."""
    from app import clock, db

    if clock.is_stale():
        with db.reading() as session:
            clock.load(session)
    return clock.now()
