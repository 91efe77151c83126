"""Trees of conditions and what may be known about people, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from app import municipalities
from app.municipalities import Resolution
from app.policies import (
    Activity,
    ActivityAchieved,
    AgeIs,
    All,
    AnyNode,
    AnyOf,
    BornBetween,
    CarryOverCap,
    DocumentSeen,
    EventAttended,
    GuardianConfirmed,
    LivesIn,
    Not,
    NotOnList,
    OnList,
    Received,
    ReceivedEarlier,
    SexIs,
    StaffReads,
)

AT = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
ADDRESSES = (
    "みらい県あさひ市本町",
    "ほくと県あさひ市栄町",
    "みらい県みなみ市港区海岸通",
    "あさひ市本町",
    "みらい県",
    "",
)


@dataclass(frozen=True)
class Sheet:
    """Everything a tree may ask for; what is not known is missing."""

    instant: datetime = AT
    address: Resolution | None = None
    birth_date: date | None = None
    sex: str | None = None
    lists: Mapping[str, str] = field(default_factory=dict)
    received: Mapping[str, Received] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    attendances: Mapping[str, str] = field(default_factory=dict)
    documents_seen: frozenset[str] = frozenset()
    guardian: str | None = None


NOTHING_KNOWN = Sheet()


@cache
def _resolve(text: str) -> Resolution:
    """Once for each text: setting the table up reads all of it, which took most of the time of these properties."""
    municipalities.configure(with_samples=True)
    return municipalities.resolve(text)


_days = st.dates(date(1920, 1, 1), date(2026, 11, 20))
_codes = st.sampled_from(["992011", "982016", "991007", "991015"])


@st.composite
def _born(draw: st.DrawFn) -> BornBetween:
    first, last = sorted((draw(_days), draw(_days)))
    return BornBetween(kind="birth_date", first=first, last=last)


leaves: st.SearchStrategy[AnyNode] = st.one_of(
    st.builds(LivesIn, kind=st.just("residence"), mode=st.sampled_from(["card_address_at_application", "non_resident"]),
              codes=st.lists(_codes, min_size=1, max_size=2, unique=True).map(tuple)),
    st.builds(LivesIn, kind=st.just("residence"), mode=st.just("prefecture"), codes=st.just(("990001",))),
    st.builds(LivesIn, kind=st.just("residence"), mode=st.just("base_date"), codes=st.just(("992011",)),
              base_date=_days, by_list=st.sampled_from([None, "L-1"])),
    st.builds(AgeIs, kind=st.just("age"), min=st.integers(0, 90), max=st.none(), as_of=st.just("application"),
              rule=st.just("law_age")),
    st.builds(AgeIs, kind=st.just("age"), min=st.none(), max=st.integers(0, 90), as_of=_days,
              rule=st.sampled_from(["law_age", "nendo_end"])),
    _born(),
    st.builds(SexIs, kind=st.just("sex"), sex=st.sampled_from(["male", "female"])),
    st.builds(OnList, kind=st.just("on_list"), list_id=st.sampled_from(["L-1", "L-2"])),
    st.builds(NotOnList, kind=st.just("not_on_list"), list_id=st.sampled_from(["L-1", "L-2"])),
    st.builds(ReceivedEarlier, kind=st.just("received_earlier"), policies=st.sampled_from([("P-1",), ("P-1", "P-2")])),
    st.builds(CarryOverCap, kind=st.just("carry_over_cap"), maximum=st.just(3000), from_policy=st.just("P-1")),
    st.builds(ActivityAchieved, kind=st.just("linked_app"), app=st.just("A-1"), stamps=st.sampled_from([None, 5])),
    st.builds(EventAttended, kind=st.just("event_attendance"), event=st.just("E-1")),
    st.builds(DocumentSeen, kind=st.just("document_seen"), document=st.just("申告書")),
    st.just(GuardianConfirmed(kind="guardian")),
    st.just(StaffReads(kind="staff_reads", what="入学するお子さま")),
)  # fmt: skip


def _groups(parts: st.SearchStrategy[AnyNode]) -> st.SearchStrategy[AnyNode]:
    several = st.lists(parts, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        several.map(lambda of: All(kind="all", of=of)),
        several.map(lambda of: AnyOf(kind="any", of=of)),
        parts.map(lambda one: Not(kind="not", condition=one)),
    )


trees: st.SearchStrategy[AnyNode] = st.recursive(leaves, _groups, max_leaves=8)

_levels = st.sampled_from(["control_no", "kana", "name", "weak", "several", "none"])
_received = st.builds(
    Received,
    st.sampled_from(["none", "received", "on_the_way", "taken_back", "alike"]),
    st.sampled_from([0, 2000, 3000]),
)

sheets = st.builds(
    Sheet,
    address=st.sampled_from(ADDRESSES).map(_resolve),
    birth_date=_days,
    sex=st.sampled_from(["1", "2", "9", "0"]),
    lists=st.fixed_dictionaries({"L-1": _levels, "L-2": _levels}),
    received=st.fixed_dictionaries({"P-1": _received, "P-2": _received}),
    activities=st.fixed_dictionaries({"A-1": st.builds(Activity, st.booleans(), st.sampled_from([None, 3, 5]))}),
    attendances=st.fixed_dictionaries({"E-1": st.sampled_from(["attended", "wrong_day"])}),
    documents_seen=st.sampled_from([frozenset(), frozenset({"申告書"})]),
)

_HIDDEN: dict[str, Any] = {
    "address": None, "birth_date": None, "sex": None, "lists": {}, "received": {}, "activities": {},
    "attendances": {}, "documents_seen": frozenset(),
}  # fmt: skip

hidden_parts = st.sets(st.sampled_from(sorted(_HIDDEN)))


def knowing_less(sheet: Sheet, hidden: set[str]) -> Sheet:
    """The same person with some facts not known."""
    return replace(sheet, **{name: _HIDDEN[name] for name in hidden})
