"""Reads of shop lists, for rules and for pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, distinct, func, or_, select
from sqlalchemy.orm import Session

from app.shops.models import EVERY_SERVICE, Purpose, Shop, ShopListRecord
from app.shops.rules import Listing, ShopList, folded_no

MAX_SHOPS_SHOWN = 200


@dataclass(frozen=True)
class ShopView:
    """One shop as pages show it; ``group`` may be empty."""

    shop_no: str
    name: str
    place: str
    group: str


def listed_shops(session: Session, policy_id: str, purpose: Purpose, shop_nos: Collection[str]) -> ShopList | None:
    """What the list says of these shops; ``None`` when none was loaded, which is not the same as unlisted (BR-32)."""
    if session.get(ShopListRecord, (policy_id, purpose)) is None:
        return None
    wanted = set(map(folded_no, shop_nos))
    rows = session.scalars(
        select(Shop).where(Shop.policy_id == policy_id, Shop.purpose == purpose, Shop.shop_no.in_(wanted))
    )
    return ShopList(
        {(row.service_id, row.shop_no): Listing(row.shop_group, row.valid_from, row.valid_to) for row in rows}
    )


def shops_on(  # noqa: PLR0917  # one parameter for each choice of the page
    session: Session,
    policy_id: str,
    purpose: Purpose,
    day: date,
    service_id: str | None = None,
    limit: int = MAX_SHOPS_SHOWN,
    offset: int = 0,
) -> list[ShopView]:
    """The shops that take part on that day, by name; with ``service_id`` only those that do so with this service."""
    query = (
        _on(policy_id, purpose, day, service_id)
        .with_only_columns(Shop.shop_no, Shop.name, Shop.place, Shop.shop_group)
        .distinct()
        .order_by(Shop.name, Shop.shop_no)
        .limit(min(limit, MAX_SHOPS_SHOWN))
        .offset(offset)
    )
    return [ShopView(*row) for row in session.execute(query)]


def has_list(session: Session, policy_id: str, purpose: Purpose) -> bool:
    """Whether a list was loaded; without one nobody can say that a shop is not on it (BR-32)."""
    return session.get(ShopListRecord, (policy_id, purpose)) is not None


def shop_count(
    session: Session, policy_id: str, purpose: Purpose, day: date, service_id: str | None = None
) -> int | None:
    """How many shops take part on that day; ``None`` when no list was loaded."""
    if session.get(ShopListRecord, (policy_id, purpose)) is None:
        return None
    query = _on(policy_id, purpose, day, service_id).with_only_columns(func.count(distinct(Shop.shop_no)))
    return session.scalars(query).one()


def _on(policy_id: str, purpose: Purpose, day: date, service_id: str | None) -> Select[Shop]:
    query = select(Shop).where(
        Shop.policy_id == policy_id,
        Shop.purpose == purpose,
        or_(Shop.valid_from.is_(None), Shop.valid_from <= day),
        or_(Shop.valid_to.is_(None), Shop.valid_to >= day),
    )
    return query if service_id is None else query.where(Shop.service_id.in_((service_id, EVERY_SERVICE)))
