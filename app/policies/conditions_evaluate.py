"""Judging a tree of conditions: met, not met or cannot tell, for each condition, with the facts used.

Three-valued (Kleene) all the way: what is not known stays "cannot tell", under ``not`` too, and knowing more never
changes what was certain before. Missing data is therefore never "not met" (BR-32).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from enum import IntEnum
from typing import NamedTuple, Protocol

from app import municipalities
from app.municipalities import Resolution, Status
from app.people.ages import law_age
from app.policies.conditions import AgeCondition
from app.policies.conditions_tree import (
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
    Leaf,
    LivesIn,
    Not,
    NotOnList,
    OnList,
    ReceivedEarlier,
    SexIs,
    StaffReads,
)

SELF_FROM = 15
"""From this age a person applies for themselves (BR-25)."""

CERTAIN_LEVELS = frozenset({"control_no", "kana", "name"})
"""The rungs of the ladder BR-67 that find one row for certain; the others leave it to staff."""

_SEXES = {"1": "male", "2": "female"}


class Answer(IntEnum):
    """The order is that of ``all``: the least one decides."""

    NOT_MET = 0
    CANNOT_TELL = 1
    MET = 2


class Received(NamedTuple):
    """What a person got from an earlier policy: ``none``, ``received``, ``on_the_way``, ``taken_back``, ``alike``.

    ``alike``: not this person, but somebody with the same folded name, birth date and sex (BR-14).
    """

    state: str
    points: int = 0


class Activity(NamedTuple):
    """What a linked app reported last."""

    achieved: bool
    stamps: int | None = None


class KnownFacts(Protocol):
    """What a tree may ask for. A missing key is "not known"; the card's items may be unknown, too."""

    @property
    def instant(self) -> datetime: ...
    @property
    def address(self) -> Resolution | None: ...
    @property
    def birth_date(self) -> date | None: ...
    @property
    def sex(self) -> str | None: ...
    @property
    def lists(self) -> Mapping[str, str]: ...
    @property
    def received(self) -> Mapping[str, Received]: ...
    @property
    def activities(self) -> Mapping[str, Activity]: ...
    @property
    def attendances(self) -> Mapping[str, str]: ...
    @property
    def documents_seen(self) -> Collection[str]: ...
    @property
    def guardian(self) -> str | None: ...


class Finding(NamedTuple):
    """What became of one leaf. ``used`` names the facts looked at; ``told`` has values that may be shown and stored."""

    leaf: Leaf
    answer: Answer
    reason: str
    used: tuple[str, ...]
    told: Mapping[str, str]


Judge = Callable[[KnownFacts, bool, list[Finding]], Answer]
"""Facts, whether the card's evidence may be believed, where findings go; gives the answer."""

_NOTHING: Mapping[str, str] = {}
_MET, _NOT_MET, _UNKNOWN = Answer.MET, Answer.NOT_MET, Answer.CANNOT_TELL


def evaluate(node: AnyNode, facts: KnownFacts, *, believed: bool = True) -> tuple[Answer, list[Finding]]:
    """Judge a tree once. Who judges many people by one tree keeps ``compile_tree(node)``."""
    findings: list[Finding] = []
    return compile_tree(node)(facts, believed, findings), findings


def compile_tree(node: AnyNode) -> Judge:
    """The tree as one function, so that a decision walks no models."""
    if isinstance(node, All | AnyOf):
        return _combined(node)
    if isinstance(node, Not):
        return _negated(compile_tree(node.condition))
    return _leaf(node)


def _combined(node: All | AnyOf) -> Judge:
    parts = tuple(compile_tree(part) for part in node.of)
    choose = min if isinstance(node, All) else max

    def judge(facts: KnownFacts, believed: bool, findings: list[Finding]) -> Answer:
        return choose([part(facts, believed, findings) for part in parts])

    return judge


def _negated(inner: Judge) -> Judge:
    def judge(facts: KnownFacts, believed: bool, findings: list[Finding]) -> Answer:
        return Answer(2 - inner(facts, believed, findings))

    return judge


_Decide = Callable[[KnownFacts, bool], Finding]


def _leaf(leaf: Leaf) -> Judge:
    decide = _LEAVES[type(leaf)](leaf)

    def judge(facts: KnownFacts, believed: bool, findings: list[Finding]) -> Answer:
        finding = decide(facts, believed)
        findings.append(finding)
        return finding.answer

    return judge


def _lives_in(leaf: LivesIn) -> _Decide:
    used = ("address",)
    free = Finding(leaf, _MET, "no_limit", (), _NOTHING)
    met = Finding(leaf, _MET, "lives_there", used, _NOTHING)
    doubted = Finding(leaf, _UNKNOWN, "evidence", used, _NOTHING)
    codes, away = leaf.codes, leaf.mode == "non_resident"

    def by_card(facts: KnownFacts, believed: bool) -> Finding:
        if not believed:
            return doubted
        unclear = _unclear_address(leaf, facts.address, codes)
        if unclear is not None:
            return unclear
        assert facts.address is not None
        code = facts.address.code
        assert code is not None
        inside = any(municipalities.covers(wanted, code) for wanted in codes)
        if inside is away:
            return Finding(leaf, _NOT_MET, "lives_there" if away else "lives_elsewhere", used, {"code": code})
        # With ``strict`` a card that was not updated after a move must not decide alone (BR-24).
        if leaf.strict and facts.lists.get(leaf.by_list or "") not in CERTAIN_LEVELS:
            return Finding(leaf, _UNKNOWN, "card_alone", used, _NOTHING)
        return met

    def by_list(facts: KnownFacts, believed: bool) -> Finding:
        # The card proves where somebody lives now, never where on a base date (BR-18).
        if leaf.by_list is None:
            return Finding(leaf, _UNKNOWN, "for_staff", (), _NOTHING)
        level = facts.lists.get(leaf.by_list)
        answer = _MET if level in CERTAIN_LEVELS else _UNKNOWN
        return Finding(leaf, answer, f"list_{level or 'missing'}", ("lists",), _NOTHING)

    if leaf.mode == "none":
        return lambda facts, believed: free
    return by_list if leaf.mode == "base_date" else by_card


def _unclear_address(leaf: LivesIn, address: Resolution | None, codes: tuple[str, ...]) -> Finding | None:
    """Why the card's address does not decide, or ``None`` when it does (BR-20 to BR-22)."""
    used = ("address",)
    if address is None:
        return Finding(leaf, _UNKNOWN, "address_unknown", used, _NOTHING)
    code = address.code
    if code is None:
        # More than one candidate is for staff to tell apart; no candidate means that the check could not be made.
        reason = "address_unknown" if address.status is Status.NONE else "address_ambiguous"
        return Finding(leaf, _UNKNOWN, reason, used, _candidates(address))
    for wanted in codes:
        if code != wanted and municipalities.covers(code, wanted):
            # A retired ward resolves to the city alone, and a policy for one ward cannot be told from that.
            return Finding(leaf, _UNKNOWN, "address_ambiguous", used, _candidates(address))
    return None


def _candidates(address: Resolution) -> Mapping[str, str]:
    return {"candidates": " ".join(address.candidates)} if address.candidates else _NOTHING


def _born(leaf: AgeIs | BornBetween) -> _Decide:
    used = ("birth_date",)
    met, unmet, unknown = (Finding(leaf, answer, "birth_date", used, _NOTHING) for answer in (_MET, _NOT_MET, _UNKNOWN))
    doubted = Finding(leaf, _UNKNOWN, "evidence", used, _NOTHING)
    if isinstance(leaf, BornBetween):
        first, last = leaf.first or date.min, leaf.last or date.max

        def in_range(facts: KnownFacts, believed: bool) -> Finding:
            if not believed:
                return doubted
            birth = facts.birth_date
            if birth is None:
                return unknown
            return met if first <= birth <= last else unmet

        return in_range
    condition = AgeCondition(leaf)

    def of_age(facts: KnownFacts, believed: bool) -> Finding:
        if not believed:
            return doubted
        if facts.birth_date is None:
            return unknown
        return met if condition.range_at(facts.instant).includes(facts.birth_date) else unmet

    return of_age


def _sex(leaf: SexIs) -> _Decide:
    used = ("sex",)

    def decide(facts: KnownFacts, believed: bool) -> Finding:
        if not believed:
            return Finding(leaf, _UNKNOWN, "evidence", used, _NOTHING)
        known = _SEXES.get(facts.sex or "")
        answer = _UNKNOWN if known is None else _MET if known == leaf.sex else _NOT_MET
        return Finding(leaf, answer, "sex", used, _NOTHING)

    return decide


def _on_list(leaf: OnList) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        level = facts.lists.get(leaf.list_id)
        answer = _MET if level in CERTAIN_LEVELS else _UNKNOWN
        return Finding(leaf, answer, f"list_{level or 'missing'}", ("lists",), _NOTHING)

    return decide


def _not_on_list(leaf: NotOnList) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        level = facts.lists.get(leaf.list_id)
        answer = _NOT_MET if level in CERTAIN_LEVELS else _MET if level == "none" else _UNKNOWN
        return Finding(leaf, answer, f"list_{level or 'missing'}", ("lists",), _NOTHING)

    return decide


def _received(leaf: ReceivedEarlier) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        states = [facts.received[one].state if one in facts.received else "missing" for one in leaf.policies]
        if "received" in states:
            return Finding(leaf, _MET, "received", ("received",), _NOTHING)
        for state in states:
            if state != "none":
                return Finding(leaf, _UNKNOWN, f"received_{state}", ("received",), _NOTHING)
        return Finding(leaf, _NOT_MET, "received_none", ("received",), _NOTHING)

    return decide


def _carry_over(leaf: CarryOverCap) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        got = facts.received.get(leaf.from_policy)
        if got is None or got.state not in ("none", "received"):
            state = got.state if got else "missing"
            return Finding(leaf, _UNKNOWN, f"received_{state}", ("received",), _NOTHING)
        left = carry_over_left(leaf.maximum, got.points)
        told = {"left": str(left), "max": f"{leaf.maximum:,}"}
        return Finding(leaf, _MET if left else _NOT_MET, "carry_over", ("received",), told)

    return decide


def carry_over_left(maximum: int, received: int) -> int:
    """How many points are left of the maximum after an earlier round, never below 0 (BR-17)."""
    return max(0, maximum - received)


def _activity(leaf: ActivityAchieved) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        found = facts.activities.get(leaf.app)
        if found is None:
            return Finding(leaf, _UNKNOWN, "app_silent", ("activities",), _NOTHING)
        if not found.achieved:
            return Finding(leaf, _NOT_MET, "not_achieved", ("activities",), _NOTHING)
        if leaf.stamps is not None and found.stamps is not None and found.stamps < leaf.stamps:
            return Finding(leaf, _NOT_MET, "too_few_stamps", ("activities",), _NOTHING)
        return Finding(leaf, _MET, "achieved", ("activities",), _NOTHING)

    return decide


def _attended(leaf: EventAttended) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        state = facts.attendances.get(leaf.event)
        # A scan on the wrong day may be made good on the right one, so it settles nothing.
        answer = _MET if state == "attended" else _UNKNOWN
        return Finding(leaf, answer, state or "not_scanned", ("attendances",), _NOTHING)

    return decide


def _document(leaf: DocumentSeen) -> _Decide:
    def decide(facts: KnownFacts, believed: bool) -> Finding:
        seen = leaf.document in facts.documents_seen
        return Finding(leaf, _MET if seen else _UNKNOWN, "seen" if seen else "not_seen", ("documents_seen",), _NOTHING)

    return decide


def _guardian(leaf: GuardianConfirmed) -> _Decide:
    used = ("guardian", "birth_date")

    def decide(facts: KnownFacts, believed: bool) -> Finding:
        if facts.guardian == "confirmed":
            return Finding(leaf, _MET, "guardian_confirmed", used, _NOTHING)
        if facts.guardian == "unconfirmed":
            return Finding(leaf, _UNKNOWN, "guardian_unconfirmed", used, _NOTHING)
        if facts.birth_date is None:
            return Finding(leaf, _UNKNOWN, "birth_date", used, _NOTHING)
        if law_age(facts.birth_date, facts.instant) >= SELF_FROM:
            return Finding(leaf, _MET, "applies_alone", used, _NOTHING)
        return Finding(leaf, _UNKNOWN, "guardian_unconfirmed", used, _NOTHING)

    return decide


def _staff(leaf: StaffReads) -> _Decide:
    waiting = Finding(leaf, _UNKNOWN, "for_staff", (), _NOTHING)
    return lambda facts, believed: waiting


_LEAVES: dict[type[Leaf], Callable[..., _Decide]] = {
    LivesIn: _lives_in,
    AgeIs: _born,
    BornBetween: _born,
    SexIs: _sex,
    OnList: _on_list,
    NotOnList: _not_on_list,
    ReceivedEarlier: _received,
    CarryOverCap: _carry_over,
    ActivityAchieved: _activity,
    EventAttended: _attended,
    DocumentSeen: _document,
    GuardianConfirmed: _guardian,
    StaffReads: _staff,
}
