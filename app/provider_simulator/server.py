"""The simulated payment provider as a web application of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Flask, Response

from app.provider_simulator import api, files, tester, till
from app.provider_simulator.call_backs import CallBackSender
from app.provider_simulator.faults import FaultSwitch
from app.provider_simulator.simulated_time import SimulatedTime
from app.provider_simulator.store import Store

MAX_REQUEST_BYTES = 8 * 1024 * 1024
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def create_simulator(
    database_url: str,
    tokens: Mapping[str, str],
    *,
    clock_offset: timedelta = timedelta(0),
    call_back_url: str | None = None,
    call_back_secrets: Mapping[str, str] | None = None,
) -> Flask:
    """The application; makes its tables on the given database, which is its own and not todoke's.

    ``tokens`` maps provider ids to the bearer token each gave to todoke. ``clock_offset`` moves the provider's clock.
    With ``call_back_url`` the providers that have a secret tell what became of orders that were done later.
    """
    app = Flask("app.provider_simulator")
    app.config.update(PROVIDER_TOKENS=dict(tokens), MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES)
    time = SimulatedTime(clock_offset)
    app.extensions["time"] = time
    app.extensions["store"] = Store(database_url, time.now)
    switch = FaultSwitch()
    app.extensions["faults"] = switch
    app.extensions["call_backs"] = CallBackSender(
        app.extensions["store"], switch, call_back_url, dict(call_back_secrets or {})
    )
    app.register_blueprint(api.blueprint)
    app.register_blueprint(files.blueprint)
    app.register_blueprint(tester.blueprint)
    purchases_url = call_back_url.rpartition("/")[0] + "/purchases" if call_back_url else None
    app.extensions["till"] = till.Till(purchases_url, dict(call_back_secrets or {}), time)
    app.register_blueprint(till.blueprint)
    app.after_request(_harden)
    return app


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CONTENT_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
