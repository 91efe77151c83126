"""The public catalogue: what fits a search, in a stable order, with counts of what one could narrow it to."""

from __future__ import annotations

import math
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Pool
from sqlalchemy.orm import Session

from app import clock, municipalities
from app.language import JAPANESE, current, moment_text, say
from app.municipalities import Kind
from app.policies import search_index, search_sql
from app.policies.catalogue import words_of
from app.policies.document import CATEGORY_LABELS, GRANT_TIMING_LABELS, Category
from app.policies.queries import current_documents
from app.policies.search_index import Bits, Index, Sections
from app.policies.state import STATE_LABELS, Counters, PolicyState, state_from
from app.policies.words import amount_text

PAGE_SIZE = 20
BEGINS_WITHIN = timedelta(days=30)
CLOSES_WITHIN = timedelta(days=14)
MOST_WORDS_KEPT = 500
MOST_LOOKS = 3
"""How often a search begins again because policies changed under it; then it shows what it has."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; ``number`` counts from 1, ``pages`` is at least 1."""

    items: tuple[T, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """A policy in the list. ``at_once``: decided by the card alone and granted at once by one of its services.

    ``can_apply``: the online form takes an application now. ``apply_text`` says it, or why not, in one sentence.
    """

    policy_id: str
    title: str
    municipality_code: str
    municipality_label: str
    category: str
    category_label: str
    timing: str
    state: PolicyState
    state_label: str
    amount_text: str
    apply_from: datetime
    apply_to: datetime
    at_once: bool
    can_apply: bool
    apply_text: str
    seats_left: int | None
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value by which the results can be narrowed, and how many then remain. ``label`` may be the value itself."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Found(Page[PolicyCard]):
    """A page of results, with the counts of all of them by category, timing, place, service and state.

    Places are prefectures, or the municipalities of the prefecture that was searched in.
    """

    facets: Mapping[str, tuple[Choice, ...]]


def search(
    session: Session,
    *,
    municipality: str | None = None,
    category: str | None = None,
    keyword: str | None = None,
    open_now: bool = False,
    at_once: bool = False,
    page: int = 1,
    at_once_services: Collection[str] = (),
    least_amount: int | None = None,
    timing: str | None = None,
    soon: str | None = None,
    service: str | None = None,
) -> Found:
    """Public policies: those that can be applied for first, then the coming, then the past ones, each by its end.

    ``municipality`` is a code and finds what is given there: by the municipality itself, by the designated city around
    a ward and by the prefecture; a prefecture's code finds all within it. ``at_once_services`` are the ids of services
    that grant at once; the payments domain knows them. ``least_amount`` in points; ``timing`` is ``simple`` or
    ``rebate``; ``soon`` is ``begin`` (within 30 days) or ``end`` (within 14 days); ``service`` one service's id.

    An unknown value finds nothing; a page beyond the last shows the last. The order is total, so that pages neither
    repeat nor skip.
    """
    now = clock.now()
    kept = _Kept.of(session)
    index = kept.made(session)
    for _ in range(MOST_LOOKS):
        fitting = _fitting(
            session, index, municipality, keyword, at_once_services if at_once else None, least_amount,
            category=category, timing=timing, service=service,
        )  # fmt: skip
        sections = _narrowed(index.sections(now.timestamp()), fitting, open_now=open_now)
        if soon is not None:
            sections = _soon(index, sections, soon, now)
        total = sum(bits.bit_count() for bits in sections)
        pages = max(1, math.ceil(total / PAGE_SIZE))
        number = min(max(1, page), pages)
        rows, newer = kept.look(session, index, _ids(index, sections, (number - 1) * PAGE_SIZE))
        if newer is index:
            break
        index = newer
    if current() != JAPANESE:  # the listing keeps the amount in Japanese words
        documents = current_documents(session, [row["policy_id"] for row in rows])
        rows = [row | {"amount_text": amount_text(documents[row["policy_id"]])} for row in rows]
    cards = tuple(_card(row, frozenset(at_once_services), now) for row in rows)
    return Found(cards, total, number, pages, dict(_facets(index, sections, municipality)))


def _fitting(  # noqa: PLR0917  # what was asked for
    session: Session,
    index: Index,
    municipality: str | None,
    keyword: str | None,
    at_once_services: Collection[str] | None,
    least_amount: int | None,
    **one_of: str | None,
) -> Bits:
    """Every policy that fits, whatever its state."""
    fitting = -1
    if municipality is not None:
        fitting &= _given_in(index, municipality)
    for name, value in one_of.items():
        if value is not None:
            fitting &= index.sets[name].get(value, 0)
    if at_once_services is not None:
        fitting &= index.at_once(at_once_services)
    if least_amount is not None:
        fitting &= index.at_least(least_amount)
    for word in words_of(keyword or ""):
        fitting &= _with_word(session, index, word)
    return fitting


def count_givers(session: Session) -> int:
    """How many municipalities have something that can be applied for now."""
    kept = _Kept.of(session)
    _, index = kept.look(session, kept.made(session), [])
    return sum(1 for _ in index.count_municipalities(index.sections(clock.now().timestamp()).open, None))


def _given_in(index: Index, wanted: str) -> Bits:
    """What is given to people of a place (BR-21).

    By the municipality itself, by the designated city around a ward, for a designated city also by its wards, and by
    the prefecture; in a prefecture everything.
    """
    rows = municipalities.current_table().rows
    place = rows.get(wanted)
    if place is None:
        return 0
    if place.kind is Kind.PREFECTURE:
        return index.sets["place"].get(wanted, 0)
    givers = [wanted]
    while (parent := rows[givers[-1]].parent) is not None:
        givers.append(parent)
    if place.kind is Kind.DESIGNATED_CITY:
        givers += [row.code for row in rows.values() if row.parent == wanted]
    return index.given_by(givers)


def _with_word(session: Session, index: Index, word: str) -> Bits:
    """The policies in whose text a word occurs, read from the database once for these texts."""
    where = search_sql.place_of_word(word)
    found = index.words.get(where)
    if found is None:
        ids = search_sql.policies_with(session, *where)
        found = index.bits(index.numbers[policy_id] for policy_id in ids if policy_id in index.numbers)
        if len(index.words) >= MOST_WORDS_KEPT:
            index.words.clear()
        index.words[where] = found
    return found


def _narrowed(sections: Sections, fitting: Bits, *, open_now: bool) -> Sections:
    if open_now:
        return Sections(sections.open & fitting, 0, 0, 0, 0, 0)
    return Sections(*(bits & fitting for bits in sections))


def _soon(index: Index, sections: Sections, soon: str, now: datetime) -> Sections:
    nothing = Sections(0, 0, 0, 0, 0, 0)
    if soon == "begin":
        return nothing._replace(scheduled=sections.scheduled & index.begun_by((now + BEGINS_WITHIN).timestamp()))
    if soon == "end":
        return nothing._replace(open=sections.open & index.closed_by((now + CLOSES_WITHIN).timestamp()))
    return nothing


def _ids(index: Index, sections: Sections, offset: int) -> list[str]:
    """The ids of one page, section by section."""
    ids: list[str] = []
    for number, bits in enumerate(sections):
        size = bits.bit_count()
        if offset < size and len(ids) < PAGE_SIZE:
            latest_first = number == search_index.PAST
            ids += index.slice(bits, offset, PAGE_SIZE - len(ids), latest_first=latest_first)
        offset = max(0, offset - size)
    return ids


class _Kept:
    """The index of each database that this process talks to, brought up to date by each search's look at the database.

    A look made at an older moment may arrive after a newer one. What it says then goes back to that moment, and so does
    ``_since``: the next look sees again what came after it.
    """

    by_pool: ClassVar[WeakKeyDictionary[Pool, _Kept]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._index: Index | None = None
        self._since = 0
        self._updating = threading.Lock()

    @classmethod
    def of(cls, session: Session) -> _Kept:
        """The one for the database of this session."""
        engine = session.get_bind()
        assert isinstance(engine, Engine)
        return cls.by_pool.setdefault(engine.pool, cls())

    def made(self, session: Session) -> Index:
        """The index as the last search left it; the first search of a process waits until it is made."""
        if self._index is None:
            with self._updating:
                if self._index is None:
                    seen = search_sql.look(session, 0, [])
                    listed = search_sql.listed_states()
                    self._since = seen.following
                    self._index = Index({one.policy_id: one for one in seen.changed if one.state in listed})
        return self._index

    def look(self, session: Session, used: Index, ids: list[str]) -> tuple[list[dict[str, Any]], Index]:
        """The cards of these policies, and the index of now: ``used`` itself where it was right.

        While another search makes the next index, the one that was used is as good as any.
        """
        seen = search_sql.look(session, self._since, ids)
        if not self._updating.acquire(blocking=False):
            return seen.cards, used
        try:
            assert self._index is not None
            following = self._index
            listed = search_sql.listed_states()
            gone = [one.policy_id for one in seen.changed if one.state not in listed]
            following = following.with_changes([one for one in seen.changed if one.state in listed])
            following = following.without(one for one in gone if one in following.listings)
            is_same = following is self._index
            self._since = max(self._since, seen.following) if is_same else seen.following
            self._index = following
            return seen.cards, following
        finally:
            self._updating.release()


def _card(row: Mapping[str, Any], at_once_services: frozenset[str], now: datetime) -> PolicyCard:
    apply_from, apply_to = row["apply_from"], row["apply_to"]
    state = state_from(row["state"], apply_from, apply_to, reopen=True, counters=_full_or_free(row), now=now)
    return PolicyCard(
        policy_id=row["policy_id"],
        title=row["title"],
        municipality_code=row["municipality_code"],
        municipality_label=municipalities.label(row["municipality_code"]),
        category=row["category"],
        category_label=say(CATEGORY_LABELS[Category(row["category"])]),
        timing=row["timing"],
        state=state,
        state_label=say(STATE_LABELS[state]),
        amount_text=row["amount_text"],
        apply_from=apply_from,
        apply_to=apply_to,
        at_once=row["decided_at_once"] and not at_once_services.isdisjoint(row["services"]),
        can_apply=state is PolicyState.OPEN and row["online"],
        apply_text=apply_sentence(
            state, apply_from, apply_to, online=row["online"], has_queue=row["has_queue"], now=now
        ),
        seats_left=row["seats_left"],
        services=tuple(row["services"]),
    )


def _full_or_free(row: Mapping[str, Any]) -> Counters:
    """As much of the counters as the state depends on: the listing knows already whether the policy is full."""
    return Counters(None, 1, None, 0, budget=0 if row["is_full"] else 1)


def apply_sentence(
    state: PolicyState, apply_from: datetime, apply_to: datetime, *, online: bool, has_queue: bool, now: datetime
) -> str:
    """Whether one can still apply, in one sentence: the first thing a person wants to know of a result."""
    if state is PolicyState.OPEN:
        days = (clock.local(apply_to).date() - clock.local(now).date()).days
        left = say("今日まで") if days == 0 else say("あと{n}日", n=days)
        text = "いま申し込めます（{left}）" if online else "担当窓口で申し込めます（{left}）"
        return say(text, left=left)
    if state is PolicyState.SCHEDULED:
        return say("{when}から申し込めます", when=moment_text(apply_from))
    if state is PolicyState.FULL and has_queue:
        return say(
            "定員に達しています。補欠として申し込めます"
            if online
            else "定員に達しています。補欠を担当窓口で受け付けます"
        )
    if state is PolicyState.FULL:
        return say("定員に達したため、いまは申し込めません")
    if state is PolicyState.SUSPENDED:
        return say("一時停止中のため、いまは申し込めません")
    return say("受付は終わりました")


_SECTION_LABELS = (
    ("open", "受付中"),
    ("full", "定員到達"),
    ("scheduled", "受付前"),
    ("suspended", "一時停止"),
    ("past", "受付終了"),
    ("winding_down", "終了の手続中"),
)
_LABELS: dict[str, Mapping[str, str]] = {
    "category": {one.value: label for one, label in CATEGORY_LABELS.items()},
    "timing": {one.value: label for one, label in GRANT_TIMING_LABELS.items()},
}


def _facets(index: Index, sections: Sections, searched: str | None) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    found = 0
    for bits in sections:
        found |= bits
    counts = index.counts(found)
    for name, labels in _LABELS.items():
        yield name, _choices((one, label, counts[name].get(one, 0)) for one, label in labels.items())
    if searched in index.sets["place"]:
        places = sorted(index.count_municipalities(found, searched))
    else:
        places = sorted(counts["place"].items())
    yield "place", _choices((code, municipalities.label(code), count) for code, count in places if count)
    yield "state", _choices((*label, bits.bit_count()) for label, bits in zip(_SECTION_LABELS, sections, strict=True))
    yield "service", _choices((one, one, count) for one, count in sorted(counts["service"].items()))


def _choices(counted: Iterable[tuple[str, str, int]]) -> tuple[Choice, ...]:
    return tuple(Choice(value, say(label), count) for value, label, count in counted if count)
