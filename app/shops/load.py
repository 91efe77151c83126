"""Loads a shop list from a CSV: all or nothing, compared with what was there; the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db, events, policies
from app.csv_files import Column, CsvFault, CsvRefused, Faults, read_rows
from app.shops.happenings import ShopsLoaded
from app.shops.models import EVERY_SERVICE, Purpose, Shop, ShopListRecord
from app.shops.rules import folded_no

COLUMNS = (
    Column("shop_no", "店舗番号", own_number=True),
    Column("name", "店舗名"),
    Column("place", "所在地", required=False),
    Column("shop_group", "店舗グループ", required=False),
    Column("service_id", "決済サービス", required=False),
    Column("valid_from", "取扱開始日", required=False),
    Column("valid_to", "取扱終了日", required=False),
)
MAX_SHOP_NO = 64


@dataclass(frozen=True)
class ShopListReport:
    """What a load did, or with ``dry_run`` would do; ``ended`` shops stood on the list before and no longer do."""

    policy_id: str
    purpose: Purpose
    version: int
    shops: int
    added: int
    changed: int
    ended: int
    dry_run: bool


def load_shops(
    path: Path, *, policy_id: str, purpose: Purpose, loaded_by: str, dry_run: bool = False
) -> ShopListReport:
    """Make the file the policy's list for this purpose. A shop it no longer names ends yesterday and stays on record.

    Raises ``CsvRefused`` with every fault by row and column, ``LookupError`` for an unknown policy.
    """
    with db.transaction() as session:
        policy = policies.get(session, policy_id)
        if policy is None:
            raise LookupError(policy_id)
        wanted = _parse(path, policy.document, purpose)
        report = _replace(session, policy_id, purpose, wanted, loaded_by)
        report = ShopListReport(**{**report.__dict__, "dry_run": dry_run})
        if dry_run:
            session.rollback()
        return report


def _parse(path: Path, document: policies.PolicyDocument, purpose: Purpose) -> list[Shop]:
    _check_axis(document, purpose)
    faults = Faults()
    shops: dict[tuple[str, str], tuple[int, Shop]] = {}
    for row_no, cells in read_rows(path, COLUMNS, faults):
        shop = Shop(policy_id=document.policy_id, purpose=purpose, **{c.name: cells[c.name] for c in COLUMNS[:5]})
        shop.shop_no = folded_no(cells["shop_no"])
        shop.service_id = cells["service_id"] or EVERY_SERVICE
        shop.valid_from = _day(cells["valid_from"], row_no, "取扱開始日", faults)
        shop.valid_to = _day(cells["valid_to"], row_no, "取扱終了日", faults)
        _check(shop, row_no, document, purpose, faults)
        first = shops.setdefault((shop.service_id, shop.shop_no), (row_no, shop))[0]
        if first != row_no and shop.shop_no:
            faults.add("layout", row_no, "店舗番号", f"{first}行目と同じ店舗です")
    faults.refuse_if_any()
    return [shop for _, shop in shops.values()]


def _check_axis(document: policies.PolicyDocument, purpose: Purpose) -> None:
    limited = document.axes.earn_shop_limited if purpose is Purpose.EARN else document.axes.spend_shop_limited
    if not limited:
        word = "購入店舗" if purpose is Purpose.EARN else "ポイントを使う店舗"
        raise CsvRefused([CsvFault("layout", 0, "", f"{document.policy_id}は、{word}を限定しない施策です")])


def _check(shop: Shop, row_no: int, document: policies.PolicyDocument, purpose: Purpose, faults: Faults) -> None:
    if len(shop.shop_no) > MAX_SHOP_NO:
        faults.add("layout", row_no, "店舗番号", f"{MAX_SHOP_NO}文字までです")
    if shop.service_id and shop.service_id not in document.services:
        faults.add("layout", row_no, "決済サービス", "この施策の決済サービスではありません")
    if shop.valid_from and shop.valid_to and shop.valid_to < shop.valid_from:
        faults.add("layout", row_no, "取扱終了日", "取扱開始日より前です")
    caps = getattr(document.benefit, "shop_group_caps", {})
    if purpose is Purpose.EARN and shop.shop_group and caps and shop.shop_group not in caps:
        faults.add("layout", row_no, "店舗グループ", f"施策にある店舗グループは{'、'.join(caps)}です")


def _day(text: str, row_no: int, title: str, faults: Faults) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        faults.add("E608", row_no, title, "2026-11-20の形の、ある日付にしてください")
        return None


_COMPARED = ("name", "place", "shop_group", "valid_from", "valid_to")


def _replace(
    session: Session, policy_id: str, purpose: Purpose, wanted: Sequence[Shop], loaded_by: str
) -> ShopListReport:
    record = session.get(ShopListRecord, (policy_id, purpose), with_for_update=True)
    known = {
        (shop.service_id, shop.shop_no): shop
        for shop in session.scalars(select(Shop).where(Shop.policy_id == policy_id, Shop.purpose == purpose))
    }
    added = changed = ended = 0
    if record is None:
        record = ShopListRecord(policy_id=policy_id, purpose=purpose, version=0)
        session.add(record)
    new: list[Shop] = []
    for shop in wanted:
        before = known.pop((shop.service_id, shop.shop_no), None)
        if before is None:
            new.append(shop)
            added += 1
        elif any(getattr(before, name) != getattr(shop, name) for name in _COMPARED):
            for name in _COMPARED:
                setattr(before, name, getattr(shop, name))
            changed += 1
    yesterday = clock.today() - timedelta(days=1)
    for gone in known.values():
        if gone.valid_to is None or gone.valid_to > yesterday:
            gone.valid_to = yesterday
            ended += 1
    if added or changed or ended or record.version == 0:
        record.version += 1
        record.loaded_at, record.loaded_by = clock.now(), loaded_by
        session.flush()
        session.add_all(new)
        audit.record(
            session,
            "shops.loaded",
            actor_kind="staff",
            actor=loaded_by,
            policy_id=policy_id,
            object_kind="shop_list",
            object_id=f"{policy_id}/{purpose}",
            facts={"version": record.version, "added": added, "changed": changed, "ended": ended},
        )
        events.publish(session, ShopsLoaded(policy_id, purpose))
    session.flush()
    return ShopListReport(policy_id, purpose, record.version, len(wanted), added, changed, ended, dry_run=False)
