"""The provider closed an account: who chose it and has no order yet chooses again, and is told (domain.md 5.4)."""

from __future__ import annotations

from uuid import UUID

from app import db, events, payments, points
from app.applications.review_effects import has_no_open_order, locked_application, note
from app.applications.withdraw import WITHDRAWABLE
from app.points import GrantFailed

REASON = "account_closed"


def account_closed(service_id: str, account: str, *, by: str) -> int:
    """Note that this service ID can receive nothing any more; returns how many choices came back.

    Each in a transaction of its own. What is ordered stands: the provider answers for it. Raises E301 for a value that
    is no ID of the service, ``LookupError`` for an unknown service.
    """
    with db.reading() as session:
        service = payments.get_service(session, service_id)
        if service is None:
            raise LookupError(service_id)
        normalized = payments.check_account_id(service, account)
        found = payments.applications_with_account(session, service, normalized)
    return sum(_choose_again(policy_id, application_id, by) for policy_id, application_id in found)


def _choose_again(policy_id: str, application_id: UUID, by: str) -> bool:
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        link = payments.link_of_application(session, policy_id, application_id)
        if link is None or application.state not in WITHDRAWABLE or not has_no_open_order(session, application):
            return False
        grants = points.detach_grants(session, policy_id, application_id)
        if not payments.go_stale(session, policy_id, link.link_id):
            raise RuntimeError("a link without an order can go stale")
        application.service_id = None
        note(session, "application.link_stale", application, "staff", by)
        session.flush()
        for grant in grants:
            events.publish(session, GrantFailed(policy_id, application_id, grant.id, REASON))
        return True
