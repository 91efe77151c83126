"""`todoke provider-simulator`: payment providers to test against."""

from __future__ import annotations

import json
import os

import click


@click.command("provider-simulator")
@click.option("--port", default=8003, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def provider_simulator(port: int, host: str) -> None:
    """Run the simulated payment providers: their interface, a page with the current security codes, and their book.

    Needs TODOKE_PROVIDER_DATABASE_URL (a database of its own) and TODOKE_PROVIDERS (the providers and their tokens).
    With TODOKE_PROVIDER_CALL_BACK_URL it tells by call-back what became of orders that it does later. With
    TODOKE_DATABASE_URL it follows the demo's simulated clock, so that lead times pass when a tester moves it.
    """
    from werkzeug.serving import make_server

    from app.provider_simulator import create_simulator
    from app.web import logging

    logging.configure("INFO")  # its request lines hold service IDs: not logged
    url = os.environ.get("TODOKE_PROVIDER_DATABASE_URL")
    providers = os.environ.get("TODOKE_PROVIDERS")
    if not url or not providers:
        raise click.ClickException("set TODOKE_PROVIDER_DATABASE_URL and TODOKE_PROVIDERS")
    tokens = {provider: str(endpoint["token"]) for provider, endpoint in json.loads(providers).items()}
    secrets = {p: str(e["callback_secret"]) for p, e in json.loads(providers).items() if e.get("callback_secret")}
    call_back_url = os.environ.get("TODOKE_PROVIDER_CALL_BACK_URL")
    simulator = create_simulator(url, tokens, call_back_url=call_back_url, call_back_secrets=secrets)
    simulator.extensions["call_backs"].run_in_background()
    if os.environ.get("TODOKE_DATABASE_URL"):
        from app import clock, settings, start
        from app.cli.simulated_time import follow_clock

        start.configure(settings.current(), application_name="todoke-provider-simulator")
        follow_clock(lambda: simulator.extensions["time"].move(clock.offset()))
    make_server(host, port, simulator, threaded=True).serve_forever()
