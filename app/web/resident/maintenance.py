"""While maintenance is on, residents' pages answer E501 with Retry-After: nothing is accepted, nothing is lost."""

from __future__ import annotations

from app import clock, maintenance
from app.web.resident import blueprint


@blueprint.before_request
def answer_with_maintenance() -> None:
    """A look at what this process knows; the use cases decide by the database (``maintenance.check_open``)."""
    stopped = maintenance.refusal(maintenance.known(), clock.now())
    if stopped is not None:
        raise stopped
