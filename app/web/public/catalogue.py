"""Start page, search, and one page for each policy with its QR code."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, request, url_for
from werkzeug.exceptions import NotFound

from app import clock, db, payments, policies
from app.policies import PolicyView
from app.settings import Settings
from app.web.pages import japanese_date, qr_svg
from app.web.public import blueprint
from app.web.service_texts import lead_text

FEATURED = 6


@blueprint.get("/")
def home() -> str:
    """What can be applied for now."""
    with db.reading() as session:
        page = policies.search(session, open_now=True, at_once_services=payments.at_once_service_ids(session))
        at_once = policies.search(
            session, open_now=True, at_once=True, at_once_services=payments.at_once_service_ids(session)
        )
        options = policies.municipality_options(session)
    giving = {card.municipality_label for card in page.items}
    return render_template(
        "public/home.html",
        featured=page.items[:FEATURED],
        counts={"open": page.total, "at_once": at_once.total, "municipalities": len(giving)},
        municipalities=options,
    )


@blueprint.get("/policies")
def search() -> str:
    """Search by municipality, category, words, open now, received at once."""
    values = {
        "municipality": request.args.get("municipality", ""),
        "category": request.args.get("category", ""),
        "keyword": request.args.get("keyword", "").strip(),
        "open_now": request.args.get("open_now", ""),
        "at_once": request.args.get("at_once", ""),
    }
    with db.reading() as session:
        page = policies.search(
            session,
            municipality=values["municipality"] or None,
            category=values["category"] or None,
            keyword=values["keyword"] or None,
            open_now=bool(values["open_now"]),
            at_once=bool(values["at_once"]),
            at_once_services=payments.at_once_service_ids(session),
            page=request.args.get("page", 1, type=int),
        )
        options = policies.municipality_options(session)
    return render_template(
        "public/policies.html",
        page=page,
        values=values,
        municipalities=options,
        categories=policies.category_options(),
    )


@blueprint.get("/policies/<policy_id>")
def policy(policy_id: str) -> str:
    """One policy in its present state: never a bare 404 for one that was public."""
    settings: Settings = current_app.extensions["todoke"]
    with db.reading() as session:
        view = policies.get(session, policy_id)
        if view is None:
            raise NotFound()
        services = payments.services_of(session, view.document.services)
    url = settings.public_url + url_for("public.policy", policy_id=view.policy_id)
    return render_template(
        "public/policy.html",
        policy=_page(view, services),
        qr_svg=qr_svg(url),
        policy_url=url,
    )


def _page(view: PolicyView, services: list[payments.ServiceDocument]) -> dict[str, Any]:
    reason = view.refusal.wording() if view.refusal else view.apply_block_reason
    return {
        "policy_id": view.policy_id,
        "title": view.document.title,
        "municipality_label": view.municipality_label,
        "office_label": f"{view.municipality_label} 給付担当窓口",
        "category": view.document.category.value,
        "category_label": view.category_label,
        "state": view.state.value,
        "state_label": view.state_label,
        "state_note": None,
        "amount_text": view.amount_text,
        "conditions": view.conditions,
        "services": _services(view, services),
        "window": view.window_rows,
        "seats_text": _seats_text(view),
        "budget_note": "予算の上限に達したときは、期間の途中でも受付を終わります。",
        "outline_url": view.document.outline_url,
        "alternative_text": _alternative_text(view, services),
        "can_apply": view.refusal is None and view.can_apply_online,
        "apply_block_reason": reason,
        "block_code": view.refusal.code if view.refusal else None,
    }


def _services(view: PolicyView, services: list[payments.ServiceDocument]) -> list[dict[str, str | None]]:
    offers = payments.offers(view.document, services, clock.now(), view.amount, None)
    return [
        {
            "name": offer.service.name,
            "category": offer.service.category,
            "lead_text": lead_text(offer.service),
            "last_day_text": offer.closed.wording() if offer.closed else f"{japanese_date(offer.last_day)}まで",
        }
        for offer in offers
    ]


def _seats_text(view: PolicyView) -> str | None:
    if view.counters.capacity is None or view.seats_left is None:
        return None
    return f"定員{view.counters.capacity:,}人(残り{max(view.seats_left, 0):,}人分)"


def _alternative_text(view: PolicyView, services: list[payments.ServiceDocument]) -> str:
    other = view.document.alternative_channel
    texts = ["スマートフォンがない方や、カードを読み取れない方は、担当窓口で申し込めます。"] if other.counter else []
    paper = next((s.name for s in services if s.service_id == other.paper_service), None)
    if paper:
        texts.append(f"{paper}でも受け取れます。")
    return "".join(texts) or "ほかの申込方法は、担当窓口にお問い合わせください。"
