"""What the search reads from the database: listings for the index, the policies of a word, the cards of a page.

No text of a person ever becomes part of a statement; all values are parameters.
"""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app import db
from app.policies.catalogue import SHORT_WORD, short_text
from app.policies.search_index import Listing
from app.policies.state import LISTED_STATES

_LISTED = [state.value for state in LISTED_STATES]

# A row that was changed by a transaction that is still open will be seen later with a number that is not below the
# oldest one open now: nothing is missed, and what is seen twice does no harm. What this transaction itself wrote, and
# may still take back, is left for later.
_LOOK = b"""
    WITH changes AS MATERIALIZED (
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS following, (
        SELECT json_agg(json_build_array(policy_id, state, is_full, extract(epoch FROM closes_at),
          extract(epoch FROM apply_from), municipality_code, prefecture_code, category, timing, amount, decided_at_once,
          services, hashtext(search_text)))
        FROM policy_listings WHERE changed_by >= %(since)s
          AND changed_by <> coalesce(pg_current_xact_id_if_assigned()::text::bigint, -1)
      ) AS changed
    ), cards AS (
      SELECT wanted.place, row_number() OVER (ORDER BY wanted.place) AS number,
        l.policy_id, l.title, l.municipality_code, l.category, l.timing, l.state, l.apply_from, l.apply_to,
        l.decided_at_once, l.online, l.services, l.amount_text, l.is_full, c.capacity - c.seats_taken AS seats_left,
        v.document ->> 'overflow' = 'waitlist' AS has_queue
      FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS wanted (policy_id, place)
      JOIN policy_listings AS l USING (policy_id) JOIN policy_counters AS c USING (policy_id)
      JOIN policies AS p USING (policy_id)
      JOIN policy_versions AS v ON v.policy_id = p.policy_id AND v.version = p.current_version
      WHERE l.state = ANY(%(listed)s)
    )
    SELECT changes.following, CASE WHEN coalesce(cards.number, 1) = 1 THEN changes.changed END, cards.*
    FROM changes LEFT JOIN cards ON true ORDER BY cards.place
"""
_BEFORE_THE_CARD = 4
"""Columns that are not of the card: from where to ask next, what changed, and two that give the order."""
_WORD = {
    "search_text": b"SELECT policy_id FROM policy_listings WHERE search_text LIKE %(pattern)s",
    "short_text": b"SELECT policy_id FROM policy_listings WHERE short_text LIKE %(pattern)s",
}


class Look(NamedTuple):
    """What one look at the database gave: from where to ask the next time, what changed until now, and the cards."""

    following: int
    changed: list[Listing]
    cards: list[dict[str, Any]]


def look(session: Session, since: int, ids: list[str]) -> Look:
    """Listings that changed in or after the transaction ``since``, and what the results show of these policies.

    In one statement, so that both are of one moment. Cards come in the order of ``ids``; one that was just withdrawn is
    left out.
    """
    given = {"since": since, "ids": ids, "listed": _LISTED}
    cursor = db.driver_connection(session).execute(_LOOK, given, prepare=True)
    names = [column.name for column in cursor.description or ()][_BEFORE_THE_CARD:]
    rows = cursor.fetchall()
    following, changed = rows[0][:2]
    cards = [dict(zip(names, row[_BEFORE_THE_CARD:], strict=True)) for row in rows if row[_BEFORE_THE_CARD] is not None]
    return Look(following, [_listing(*row) for row in changed or ()], cards)


def _listing(policy_id: str, *rest: Any) -> Listing:
    """One listing; words that many listings share are kept once."""
    state, is_full, closes_at, apply_from, *words, amount, decided_at_once, services, text = rest
    municipality, prefecture, category, timing = map(intern, words)
    return Listing(
        policy_id=policy_id,
        state=intern(state),
        is_full=is_full,
        closes_at=closes_at,
        apply_from=apply_from,
        municipality=municipality,
        prefecture=prefecture,
        category=category,
        timing=timing,
        amount=amount,
        decided_at_once=decided_at_once,
        services=_offered(*map(intern, services)),
        text=text,
    )


@lru_cache(maxsize=10_000)
def _offered(*services: str) -> tuple[str, ...]:
    return services


def listed_states() -> frozenset[str]:
    """The stored states that the catalogue lists."""
    return frozenset(_LISTED)


def place_of_word(word: str) -> tuple[str, str]:
    """The column in which a word is looked for, and the pattern; what means something to LIKE is taken literally."""
    characters = {one: "\\" + one if one in "\\%_" else one for one in word}
    if len(word) > SHORT_WORD:
        return "search_text", f"%{''.join(characters[one] for one in word)}%"
    return "short_text", f"%{''.join(characters.get(one, one) for one in short_text(word))}%"


def policies_with(session: Session, column: str, pattern: str) -> list[str]:
    """The ids of all listings in which the pattern occurs."""
    connection = db.driver_connection(session)
    with connection.transaction():
        # To the planner, reading every text in turn looks cheap; it is not.
        connection.execute(b"SET LOCAL enable_seqscan = off")
        rows = connection.execute(_WORD[column], {"pattern": pattern}, prepare=False).fetchall()
    return [policy_id for (policy_id,) in rows]
