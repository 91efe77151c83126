"""Start page, search, and one page for each policy with its QR code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import quote, urlencode

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import cards, clock, db, municipalities, payments, policies
from app.language import one_after_another, say
from app.policies import PolicyView
from app.settings import Environment, Settings
from app.web.pages import qr_svg
from app.web.policy_search import SearchInput, SearchResult, run_search
from app.web.public import blueprint, drawn
from app.web.public.shops import limited_purposes
from app.web.service_texts import kind_text, lead_text, spend_text
from app.web.sign_in import signed_in_person

FEATURED = 6
FACET_CHOICES = 8
MAX_NUMBER = 1_000_000_000


@blueprint.get("/")
def home() -> str:
    """What can be applied for now."""
    with db.looking() as session:
        open_now = run_search(session, SearchInput(open_now=True)).found
        at_once = run_search(session, SearchInput(open_now=True, at_once=True)).found
        givers = policies.count_givers(session)
    assert open_now is not None and at_once is not None
    return render_template(
        "public/home.html",
        featured=open_now.items[:FEATURED],
        card=drawn.card,
        trial=at_once.items[0] if at_once.items and _is_for_trying() else None,
        counts={"open": open_now.total, "at_once": at_once.total, "municipalities": givers},
    )


def _is_for_trying() -> bool:
    settings: Settings = current_app.extensions["todoke"]
    return settings.environment is not Environment.PRODUCTION


@blueprint.get("/policies")
def search() -> str:
    """Search by place, category, words, amount, timing, service, what begins or ends soon, open now, at once."""
    asked = _asked(request.args)
    with db.looking() as session:
        result = run_search(session, asked)
    values = {name: value for name, value in asdict(asked).items() if name != "page"}
    values |= {"open_now": "1" if asked.open_now else "", "at_once": "1" if asked.at_once else ""}
    if result.municipality:
        values["municipality"] = result.municipality
    return render_template(
        "public/policies.html",
        page=result.found,
        card=drawn.card,
        values=values,
        place_label=_label(result.municipality) or asked.place,
        candidates=[(_but(values, "municipality") + code, municipalities.label(code)) for code in result.candidates],
        place_unknown=result.place_unknown,
        facets=_facets(result, values),
        more_url=_but(values, "page").removesuffix("page="),
        narrowing=drawn.narrowing(asked, result.services),
        narrowed=drawn.narrowed(asked),
    )


@blueprint.get("/policies/near-my-card")
def near_my_card() -> Response:
    """The search for the municipality of the card that was read in this session."""
    person_id = signed_in_person()
    with db.reading() as session:
        code = cards.latest_address_code(session, person_id) if person_id else None
    return redirect(url_for("public.search", municipality=code) if code else url_for("public.search"), code=303)


def _asked(args: Mapping[str, str]) -> SearchInput:
    """The form as typed; what is no number counts as not given, so that an old link still finds something."""
    typed = {name: args.get(name, "").strip() for name in ("place", "municipality", "category", "keyword", *_CHOICES)}
    return SearchInput(
        open_now=bool(args.get("open_now")),
        at_once=bool(args.get("at_once")),
        amount=_number(args.get("amount", "")),
        page=_number(args.get("page", "")) or 1,
        **_same_place(typed),
    )


_CHOICES = ("timing", "soon", "service")


def _same_place(typed: dict[str, str]) -> dict[str, str]:
    """A changed place goes before the code that the form was made with; the unchanged label is that code."""
    if typed["place"] and typed["place"] != _label(typed["municipality"]):
        return typed | {"municipality": ""}
    return typed | {"place": ""} if typed["place"] else typed


def _number(text: str) -> int | None:
    """A whole number from 1; anything else is none."""
    return min(int(text), MAX_NUMBER) if re.fullmatch("[0-9]{1,30}", text) and int(text) > 0 else None


def _label(code: str) -> str:
    return municipalities.label(code) if code in municipalities.current_table().rows else ""


def _but(values: dict[str, Any], name: str) -> str:
    """This search's address, ready for another value of ``name``; what was typed as a place is its code by then."""
    kept = {key: value for key, value in values.items() if value and key not in (name, "place")}
    return f"{url_for('public.search')}?{urlencode(kept | {name: ''})}"


def _facets(result: SearchResult, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The counts as links that narrow the search; one value alone narrows nothing."""
    if result.found is None:
        return []
    titles = {
        "place": ("地域", "municipality"),
        "category": ("種類", "category"),
        "service": ("決済サービス", "service"),
    }
    names = result.service_names
    return [
        {
            "title": say(title),
            "choices": [
                {"url": url + quote(one.value), "label": names.get(one.value, one.label), "count": one.count}
                for one in sorted(result.found.facets[facet], key=lambda one: -one.count)[:FACET_CHOICES]
            ],
        }
        for facet, (title, name) in titles.items()
        for url in [_but(values, name)]
        if len(result.found.facets.get(facet, ())) > 1
    ]


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
        "office_label": say("{place} 給付担当窓口", place=view.municipality_label),
        "category": view.document.category.value,
        "category_label": view.category_label,
        "state": view.state.value,
        "state_label": view.state_label,
        "state_note": _state_note(view),
        "amount_text": view.amount_text,
        "conditions": view.conditions,
        "services": _services(view, services),
        "window": view.window_rows,
        "seats_text": _seats_text(view),
        "budget_note": say("予算の上限に達したときは、期間の途中でも受付を終わります。"),
        "outline_url": view.document.outline_url,
        "alternative_text": alternative_text(view, services),
        "can_apply": view.refusal is None and view.can_apply_online,
        "apply_block_reason": reason,
        "shops_url": url_for("public.shops_of_policy", policy_id=view.policy_id) if limited_purposes(view) else None,
        "block_code": view.refusal.code if view.refusal else None,
    }


def _state_note(view: PolicyView) -> str | None:
    if view.state is not policies.PolicyState.FULL or view.refusal is not None:
        return None
    return say("定員に達しています。いまの申込は補欠となり、取消しが出ると、受付の順にご案内します。")


def _services(view: PolicyView, services: list[payments.ServiceDocument]) -> list[dict[str, str | None]]:
    offers = payments.offers(view.document, services, clock.now(), view.amount, None)
    return [
        {
            "name": offer.service.name,
            "category": kind_text(offer.service),
            "lead_text": lead_text(offer.service),
            "spend_text": spend_text(offer.service),
            "last_day_text": offer.closed.wording() if offer.closed else say("{day}まで", day=offer.last_day),
        }
        for offer in offers
    ]


def _seats_text(view: PolicyView) -> str | None:
    if view.counters.capacity is None or view.seats_left is None:
        return None
    capacity, left = f"{view.counters.capacity:,}", f"{max(view.seats_left, 0):,}"
    return say("定員{capacity}人(残り{left}人分)", capacity=capacity, left=left)


def alternative_text(view: PolicyView, services: list[payments.ServiceDocument]) -> str:
    """The way for people without card or phone."""
    other = view.document.alternative_channel
    texts = []
    if other.counter:
        texts.append(say("スマートフォンがない方や、カードを読み取れない方は、担当窓口で申し込めます。"))
    paper = next((s.name for s in services if s.service_id == other.paper_service), None)
    if paper:
        texts.append(say("{paper}でも受け取れます。", paper=paper))
    return one_after_another(*texts) or say("ほかの申込方法は、担当窓口にお問い合わせください。")
