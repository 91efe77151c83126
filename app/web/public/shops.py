"""The shops of a policy: where purchases count (axis 3) and where the points can be spent (axis 4)."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from app import clock, db, policies, shops
from app.language import say
from app.policies import PolicyView
from app.shops import Purpose
from app.web.public import blueprint

A_PAGE = 100
MAX_PAGES = 1_000
_TITLES = {Purpose.EARN: "お買い物が対象になるお店", Purpose.SPEND: "ポイントを使えるお店"}


@blueprint.get("/policies/<policy_id>/shops")
def shops_of_policy(policy_id: str) -> str:
    """The shops that take part today, by name; says so where a policy has no limit, and where the list is to come."""
    typed = request.args.get("page", "1")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 4 else 1
    number = min(max(1, number), MAX_PAGES)
    with db.reading() as session:
        view = policies.get(session, policy_id)
        if view is None:
            raise NotFound()
        lists = [_list(session, view, purpose, number) for purpose in limited_purposes(view)]
    return render_template(
        "public/shops.html",
        policy={
            "policy_id": view.policy_id,
            "title": view.document.title,
            "municipality_label": view.municipality_label,
        },
        lists=lists,
        page={"number": number, "pages": max([1, *(one["pages"] for one in lists)])},
    )


def limited_purposes(view: PolicyView) -> list[Purpose]:
    """For what the policy limits shops."""
    axes = view.document.axes
    limited = {Purpose.EARN: axes.earn_shop_limited, Purpose.SPEND: axes.spend_shop_limited}
    return [purpose for purpose, is_limited in limited.items() if is_limited]


def _list(session: Session, view: PolicyView, purpose: Purpose, number: int) -> dict[str, Any]:
    today = clock.today()
    count = shops.shop_count(session, view.policy_id, purpose, today)
    found = shops.shops_on(session, view.policy_id, purpose, today, limit=A_PAGE, offset=(number - 1) * A_PAGE)
    return {
        "title": say(_TITLES[purpose]),
        "count": count,
        "shops": [{"name": one.name, "place": one.place, "group": one.group, "no": one.shop_no} for one in found],
        "pages": -(-(count or 0) // A_PAGE),
    }
