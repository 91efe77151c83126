"""The listing of a policy: the texts by which it is found, the folding that typed words share with them, the columns.

A listing repeats what the current version declares, so that a search reads neither documents nor counters.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, db, events, maintenance, municipalities
from app.language import JAPANESE, speaking
from app.policies.amounts import can_apply_online
from app.policies.document import CheckKind, PolicyDocument, Rate, Tiered
from app.policies.happenings import EndMoved
from app.policies.models import Policy, PolicyCounter, PolicyListing, PolicyVersion
from app.policies.moved import with_moved_ends
from app.policies.words import amount_text, in_plain_words

INDEX_VERSION = 2
"""Raised when the words or columns of a listing are made differently; older listings are then made again."""

MAX_WORDS = 10
MAX_KEYWORD_CHARACTERS = 200
MAX_TEXT_CHARACTERS = 4_000
SHORT_WORD = 2
"""Trigrams find nothing shorter than three characters: words up to this length are looked for in ``short_text``."""

_BETWEEN = "ƿ"
"""Stands between the characters of ``short_text``; a letter that no text of ours has, and a letter for pg_trgm."""

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_BATCH = 500


def folded(text: str) -> str:
    """Width, case and kana folded, so that ｱｻﾋ, アサヒ and あさひ are one."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_KATAKANA_TO_HIRAGANA).replace(_BETWEEN, "w")


def index_text(document: PolicyDocument) -> str:
    """What a keyword is looked for in: title, place with its reading, category, amount, conditions, number."""
    place = municipalities.get(document.municipality_code)
    parts = [document.title, place.label, place.kana, document.category_label, amount_text(document)]
    return folded("\n".join([*parts, document.policy_id, *in_plain_words(document)]))[:MAX_TEXT_CHARACTERS]


def short_text(text: str) -> str:
    """The folded text with a letter between all its characters: every pair of neighbours is then a trigram."""
    return _BETWEEN + _BETWEEN.join(text) + _BETWEEN


def words_of(keyword: str) -> list[str]:
    """The words of a typed keyword, folded; at most ten."""
    return folded(keyword[:MAX_KEYWORD_CHARACTERS]).replace("\x00", " ").split()[:MAX_WORDS]


def list_policies(session: Session, documents: Iterable[PolicyDocument]) -> None:
    """Write the listings of these policies, whose rows and counters are in the database already."""
    windows = maintenance.moving(maintenance.from_column(session.scalar(select(maintenance.windows_column()))))
    policies = [with_moved_ends(one, windows) for one in sorted(documents, key=lambda document: document.policy_id)]
    for first in range(0, len(policies), _BATCH):
        rows = [listing(document) for document in policies[first : first + _BATCH]]
        ids = [row["policy_id"] for row in rows]
        known = {row.policy_id: row for row in session.execute(_what_triggers_keep(ids))}
        for row in rows:
            kept = known[row["policy_id"]]
            row |= {"state": kept.state, "exhausted": kept.exhausted, "was_filled": kept.was_filled}
        statement = insert(PolicyListing)
        changed = {name: statement.excluded[name] for name in rows[0] if name != "policy_id"}
        session.execute(statement.on_conflict_do_update(index_elements=["policy_id"], set_=changed), rows)


def list_anew(session: Session, event: maintenance.MaintenanceChanged) -> None:
    """Maintenance was announced or called off: the ends of what takes applications may have moved (BR-07)."""
    running = (
        select(PolicyVersion.document)
        .join(
            Policy, and_(Policy.policy_id == PolicyVersion.policy_id, Policy.current_version == PolicyVersion.version)
        )
        .join(PolicyListing, PolicyListing.policy_id == Policy.policy_id)
        .where(PolicyListing.closes_at > clock.now())
    )
    before = listed_ends(session)
    list_policies(session, [PolicyDocument.model_validate_json(json.dumps(one)) for one in session.scalars(running)])
    for policy_id, end in sorted(listed_ends(session).items()):
        if before.get(policy_id, end) != end:
            events.publish(session, EndMoved(policy_id, event.change))


def listed_ends(session: Session) -> dict[str, datetime]:
    """Until when each policy that is listed and not over takes applications, as moved by maintenance."""
    rows = select(PolicyListing.policy_id, PolicyListing.apply_to).where(PolicyListing.closes_at > clock.now())
    return {row.policy_id: row.apply_to for row in session.execute(rows)}


def list_outdated(session: Session, *, limit: int | None = None) -> int:
    """Make the listings that are missing or of an older ``INDEX_VERSION``; how many. A newer program's are left alone.

    Two at once do no harm: each writes what the current version declares.
    """
    outdated = (
        select(PolicyVersion.document)
        .join(
            Policy, and_(Policy.policy_id == PolicyVersion.policy_id, Policy.current_version == PolicyVersion.version)
        )
        .outerjoin(PolicyListing, PolicyListing.policy_id == Policy.policy_id)
        .where(or_(PolicyListing.policy_id.is_(None), PolicyListing.index_version < INDEX_VERSION))
        .order_by(Policy.policy_id)
        .limit(limit)
    )
    documents = [PolicyDocument.model_validate_json(json.dumps(one)) for one in session.scalars(outdated)]
    list_policies(session, documents)
    return len(documents)


def bring_listings_up_to_date() -> int:
    """The same for all of them, so many in a transaction that nobody waits for its end; how many were made.

    Called after every migration and by the worker from time to time: a release that lists policies differently, and a
    database that came from before there were listings, need nobody to remember a command.
    """
    made = 0
    while True:
        with db.transaction() as session:
            batch = list_outdated(session, limit=_BATCH)
        made += batch
        if batch < _BATCH:
            return made


def listing(document: PolicyDocument) -> dict[str, Any]:
    """The columns that repeat the document."""
    place = municipalities.get(document.municipality_code)
    with speaking(JAPANESE):  # whatever the language of the person who saved the policy
        text, amount = index_text(document), amount_text(document)
    return {
        "policy_id": document.policy_id,
        "municipality_code": document.municipality_code,
        "prefecture_code": place.prefecture_code,
        "category": document.category.value,
        "timing": document.axes.grant_timing.value,
        "amount": largest_amount(document),
        "apply_from": document.window.apply_from,
        "apply_to": document.window.apply_to,
        "closes_at": end_of_last_day(document.window.apply_to),
        "reopen": document.reopen,
        "decided_at_once": document.cooling_off_hours == 0 and set(document.screening) <= {CheckKind.CARD_AUTO},
        "online": can_apply_online(document)[0],
        "services": list(document.services),
        "title": document.title,
        "amount_text": amount,
        "search_text": text,
        "short_text": short_text(text),
        "index_version": INDEX_VERSION,
    }


def largest_amount(document: PolicyDocument) -> int:
    """The most points one person can get by one application: what the filter by amount compares."""
    benefit = document.benefit
    if isinstance(benefit, Rate):
        return benefit.cap_per_person
    if isinstance(benefit, Tiered):
        return max(tier.amount for tier in benefit.tiers)
    return benefit.amount


def end_of_last_day(apply_to: datetime) -> datetime:
    """24:00 in Japan of the last day: from then on the policy is closed (BR-01)."""
    day = clock.local(apply_to).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=clock.TOKYO)


def _what_triggers_keep(ids: list[str]) -> Any:  # a Select of labelled columns has no short type
    no_seat = and_(PolicyCounter.capacity.is_not(None), PolicyCounter.seats_taken >= PolicyCounter.capacity)
    no_money = PolicyCounter.__table__.c.budget < PolicyCounter.smallest_amount
    return (
        select(
            Policy.policy_id,
            Policy.state,
            func.coalesce(or_(no_seat, no_money, PolicyCounter.waiting > 0), True).label("exhausted"),
            PolicyCounter.filled_at.is_not(None).label("was_filled"),
        )
        .join(PolicyCounter, PolicyCounter.policy_id == Policy.policy_id)
        .where(Policy.policy_id.in_(ids))
        .with_for_update()
    )
