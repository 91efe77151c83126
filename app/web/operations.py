"""For those who run the service: the comparison of the books and a few counts, as a page and as metrics.

Not public: asked from this machine itself, or with the token of ``TODOKE_METRICS_TOKEN``; everybody else gets the same
404 as for an address that does not exist. Counts and ids only, nothing of a person.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_address

from flask import Blueprint, Response, current_app, make_response, render_template, request
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from app import clock, db, payments, points, rebates
from app.language import minute_text
from app.points import Checked
from app.settings import Settings

blueprint = Blueprint("operations", __name__)

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
_COUNTS = (
    (
        "todoke_grant_orders",
        "Grant orders by state.",
        "state",
        "SELECT state, count(*) FROM grant_orders GROUP BY state",
    ),
    (
        "todoke_results_put_aside",
        "Results of providers that wait for a decision of staff.",
        "code",
        "SELECT code, count(*) FROM quarantined_results WHERE resolution IS NULL GROUP BY code",
    ),
    (
        "todoke_purchases_put_aside",
        "Purchases and refunds of providers that wait for a decision of staff.",
        "code",
        "SELECT code, count(*) FROM rebate_put_aside p"
        " WHERE NOT EXISTS (SELECT FROM rebate_put_aside_decisions d WHERE d.put_aside_id = p.id) GROUP BY code",
    ),
    (
        "todoke_grants_awaiting_receipt",
        "Grants that the person has to take at a terminal or counter, by service.",
        "service",
        "SELECT service_id, count(*) FROM grants WHERE state = 'awaiting_receipt' GROUP BY service_id",
    ),
    (
        "todoke_messages",
        "Messages by mail, by state.",
        "state",
        "SELECT state, count(*) FROM messages GROUP BY state",
    ),
    (
        "todoke_jobs_waiting",
        "Jobs that wait for a worker.",
        "queue",
        "SELECT queue_name, count(*) FROM procrastinate_jobs WHERE status = 'todo' GROUP BY queue_name",
    ),
)

_OF_A_LINE: tuple[tuple[str, str, Callable[[payments.LineView], int]], ...] = (
    ("todoke_provider_line_open", "1 while orders go out to the provider.", lambda line: line.is_open),
    ("todoke_provider_line_held", "1 while staff hold new orders.", lambda line: line.held_since is not None),
    ("todoke_provider_line_failures", "Calls in a row without an answer.", lambda line: line.failures),
)


@blueprint.before_request
def _refuse_strangers() -> None:
    settings: Settings = current_app.extensions["todoke"]
    if settings.metrics_token is not None:
        expected = f"Bearer {settings.metrics_token.get_secret_value()}"
        given = request.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), expected.encode()):
            return
        raise NotFound
    # Behind a proxy every request comes from this machine: then only the token tells.
    passed_on = settings.trusted_proxies > 0 or any(name in request.headers for name in _FORWARDED)
    if passed_on or not ip_address(request.remote_addr or "0.0.0.0").is_loopback:  # noqa: S104  # nobody's address
        raise NotFound


@blueprint.get("/operations/books")
def books() -> tuple[str, int]:
    """The last comparison with every named difference; 500 while the books do not agree, so that a probe sees it."""
    with db.reading() as session:
        checked = points.last_check(session)
    status = 500 if checked is not None and checked.differences else 200
    at_text = minute_text(checked.at) if checked is not None else None
    return render_template("operations/books.html", checked=checked, at_text=at_text), status


@blueprint.get("/operations/put-aside")
def put_aside() -> str:
    """What providers reported and nobody booked: results of grants, purchases for rebates (BR-43). Ids and codes."""
    with db.reading() as session:
        results = points.put_aside_results(session)
        purchases = rebates.aside_reports(session)
    return render_template(
        "operations/put_aside.html",
        results=[
            (str(one.id), str(one.code), one.provider_id, one.policy_id, _moment(one.first_at)) for one in results
        ],
        purchases=[
            (str(one.id), one.code, one.provider_id, one.policy_id, _moment(one.received_at)) for one in purchases
        ],
    )


def _moment(instant: datetime) -> str:
    return f"{clock.local(instant):%Y-%m-%d %H:%M}"


@blueprint.get("/metrics")
def metrics() -> Response:
    """Gauges in the text format of Prometheus."""
    with db.reading() as session:
        lines = [*_books(points.last_check(session)), *_counts(session), *_lines(session)]
    response = make_response("\n".join(lines) + "\n")
    response.mimetype = "text/plain; version=0.0.4"
    return response


def _books(checked: Checked | None) -> Iterator[str]:
    yield "# HELP todoke_invariant_differences Differences that the last comparison of the books found."
    yield "# TYPE todoke_invariant_differences gauge"
    if checked is not None:
        yield f"todoke_invariant_differences {checked.differences}"
    yield "# HELP todoke_invariants_checked_seconds Business time of the last comparison, in seconds since 1970."
    yield "# TYPE todoke_invariants_checked_seconds gauge"
    if checked is not None:
        yield f"todoke_invariants_checked_seconds {int(checked.at.timestamp())}"


def _counts(session: Session) -> Iterator[str]:
    for name, help_text, label, query in _COUNTS:
        yield f"# HELP {name} {help_text}"
        yield f"# TYPE {name} gauge"
        for value, count in session.execute(text(query)):
            yield f'{name}{{{label}="{value}"}} {count}'


def _lines(session: Session) -> Iterator[str]:
    """Each provider's line: whether orders go out on it, who closed it, and how many calls in a row had no answer."""
    views = payments.line_views(session)
    for name, help_text, value in _OF_A_LINE:
        yield f"# HELP {name} {help_text}"
        yield f"# TYPE {name} gauge"
        for view in views:
            yield f'{name}{{provider="{view.provider_id}"}} {int(value(view))}'
