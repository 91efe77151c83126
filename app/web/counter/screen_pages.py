"""What each page of the resident's screen is made of: words for people, no ID in full, no name in full."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app import clock, counter, db, payments, people
from app.counter import CounterView, Visit
from app.language import points_text, say
from app.payments import ServiceDocument
from app.policies import CheckKind, PolicyView
from app.screening import CHECK_TITLES, RESULT_WORDS, CheckState, applicant_route
from app.web.counter.choosing_pages import choosing_context
from app.web.counter.screen_parts import account_of, offers_of
from app.web.pages import japanese_date
from app.web.relation_texts import REASONS, RELATIONS
from app.web.service_texts import lead_text, most_text

ENDINGS = {
    counter.CANCELLED: "手続を途中で終わりました。入力した内容は残していません。",
    counter.FINISHED: "手続が終わりました。",
    counter.TICKET_USED: "この整理券は、ほかの方の受付で使われています。係の者がご案内します。",
    counter.NOT_SAME: "申込を確かめられなかったため、何も変えずに終わりました。係の者がご案内します。",
    counter.GONE: "このカードの手続が、ほかの画面で進んでいます。ここでは何も変えていません。係の者がご案内します。",
    counter.SELF: "この窓口では受け付けられません。ほかの係の者がご案内します。",
}
ASK_STAFF = "係の者がご案内します。入力した内容は残していません。"


def context_of(view: CounterView, terminal_id: UUID) -> dict[str, Any]:
    """The variables of the page of this stage. Raises ``VisitOver``."""
    if view.stage in ("idle", "remove", "card", "pin", "identify", "find", "reading", "tap", "done"):
        return {}
    if view.stage == "ended":
        return {"ending": ending_text(view)}
    with db.transaction() as session:
        if view.errand == counter.CHOOSE:
            choosing = counter.choosing_shown(session, terminal_id)
            return {"policy": policy_line(choosing.policy)} | choosing_context(view, choosing)
        visit = counter.visit_of(session, terminal_id)
        context: dict[str, Any] = {"policy": policy_line(visit.policy)}
        if view.stage == "account":
            return context | account_of(counter.chosen_service(session, visit))
        if view.stage == "read_back":
            items = people.facts_of(session, visit.evidence.facts_id)
            service = counter.chosen_service(session, visit)
            name = people.masked_name(items.name.reveal()) if items else ""
            return context | _read_back(visit, service, name)
        services = payments.services_of(session, visit.policy.document.services)
    return context | (_judged(visit) if view.stage == "judged" else _service(visit, services))


def ending_text(view: CounterView) -> str:
    """Why the last visit ended, in words that name nobody."""
    if view.problem is not None:
        return view.problem.wording()
    return say(ENDINGS.get(view.ended_code or "", ASK_STAFF))


def policy_line(policy: PolicyView) -> dict[str, Any]:
    """The quiet line that says which policy a page is about."""
    return {
        "title": policy.document.title,
        "municipality_label": policy.municipality_label,
        "amount_text": policy.amount_text,
        "outline_url": policy.document.outline_url,
    }


def _judged(visit: Visit) -> dict[str, Any]:
    outcome = counter.judged(visit)
    return {
        "failed": outcome.aggregate == "rejected",
        "checks": [
            {
                "title": say(CHECK_TITLES[check.kind]),
                "result": check.result.value,
                "result_label": say(RESULT_WORDS[CheckState(check.result.value)]),
                "text": check.problem.wording() if check.problem else "",
            }
            for check in outcome.checks
            if check.kind is not CheckKind.SUPPORT_MEASURE
            and (check.kind is not CheckKind.GUARDIAN or visit.draft.declared)
        ],
        "guardian": _guardian(visit) if visit.draft.acting else None,
        "values": {},
    }


def _guardian(visit: Visit) -> dict[str, Any]:
    rule = visit.policy.document.wallet_rule
    return {
        "child_masked": people.masked_name(visit.evidence.items.name.reveal()),
        "relations": [(one.value, say(text)) for one, text in RELATIONS],
        "reasons": [(one.value, say(text)) for one, text in REASONS],
        "applies_alone": applicant_route(visit.evidence.birth_date, clock.now()) == "self",
        "wallet_allowed": rule.guardian_wallet,
        "most": rule.max_beneficiaries_per_wallet,
    }


def _service(visit: Visit, services: list[ServiceDocument]) -> dict[str, Any]:
    at = visit.draft.came_at or clock.now()
    offers = payments.offers(visit.policy.document, services, at, visit.draft.amount, visit.age)
    return offers_of(offers)


def _read_back(visit: Visit, service: ServiceDocument, name: str) -> dict[str, Any]:
    return {
        "name_masked": name,
        "amount_text": most_text(visit.draft.amount) if visit.draft.amount_is_open else points_text(visit.draft.amount),
        "service_name": service.name,
        "last4": visit.draft.last4,
        "holder_masked": visit.draft.holder_masked,
        "lead_text": lead_text(service),
        "hours": visit.policy.document.cooling_off_hours,
        "day": japanese_date(clock.now()),
    }
