"""The pages of the resident's screen for somebody who chooses a service for what was sent before."""

from __future__ import annotations

from typing import Any

from app import clock, people
from app.counter import Choosing, CounterView, VisitOver
from app.language import points_text
from app.web.counter.screen_parts import account_of, offers_of
from app.web.pages import japanese_date
from app.web.service_texts import lead_text


def choosing_context(view: CounterView, choosing: Choosing) -> dict[str, Any]:
    """The variables of this stage; the templates are those of everybody. Raises ``VisitOver``."""
    if view.stage == "service":
        return offers_of(choosing.offers)
    if choosing.service is None:
        raise VisitOver
    if view.stage == "account":
        return account_of(choosing.service)
    return {
        "choosing": True,
        "name_masked": people.masked_name(choosing.evidence.items.name.reveal()),
        "receipt_no": choosing.sent.receipt_no,
        "amount_text": points_text(choosing.sent.amount),
        "service_name": choosing.service.name,
        "last4": choosing.last4,
        "holder_masked": choosing.holder_masked,
        "lead_text": lead_text(choosing.service),
        "hours": choosing.policy.document.cooling_off_hours,
        "day": japanese_date(clock.now()),
    }
