"""Which policies fit a search, counted exactly, without reading them: one bit for each policy in sets kept in memory.

Policies are numbered in the order of their ends; a set of policies is a whole number with one bit for each. "Open,
about health, in this prefecture" is then three ANDs, and a count is the number of ones: microseconds for 100,000
policies, where any plan of the database reads thousands of rows (docs/decisions/0009 has the measurements).

The index holds what listings say publicly and nothing of a person. It is never asked for what a page shows: the rows of
a page are read from the database.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

OPEN, FULL, SCHEDULED, SUSPENDED, PAST, WINDING_DOWN = SECTIONS = tuple(range(6))
"""The sections in which results are shown; within one the soonest end first, of past ones the latest."""

Bits = int
"""A set of policies: bit n is policy number n."""


class Listing(NamedTuple):
    """What of a listing decides where it is found. Times are seconds since 1970. ``text`` tells a changed text."""

    policy_id: str
    state: str
    is_full: bool
    closes_at: float
    apply_from: float
    municipality: str
    prefecture: str
    category: str
    timing: str
    amount: int
    decided_at_once: bool
    services: tuple[str, ...]
    text: int


class Sections(NamedTuple):
    """The sets of one moment, one for each section."""

    open: Bits
    full: Bits
    scheduled: Bits
    suspended: Bits
    past: Bits
    winding_down: Bits


class Index:
    """All listed policies at one moment of the database. Never changes; ``with_changes`` gives the next one."""

    def __init__(self, listings: Mapping[str, Listing]) -> None:
        ordered = sorted(listings.values(), key=lambda one: (one.closes_at, one.policy_id))
        self.listings = dict(listings)
        self.ids = [one.policy_id for one in ordered]
        self.numbers = {one.policy_id: number for number, one in enumerate(ordered)}
        self.words: dict[tuple[str, str], Bits] = {}
        """Sets of the words that were looked for, by column and pattern; the same for every index of these texts."""
        self._ends = [one.closes_at for one in ordered]
        begins = sorted((one.apply_from, number) for number, one in enumerate(ordered))
        self._begin_times, self._begin_numbers = [time for time, _ in begins], [number for _, number in begins]
        amounts = sorted((one.amount, number) for number, one in enumerate(ordered))
        self._amounts, self._amount_numbers = [amount for amount, _ in amounts], [number for _, number in amounts]
        self._ranges: dict[tuple[str, int, int], Bits] = {}
        self._by_municipality = _grouped((one.municipality, number) for number, one in enumerate(ordered))
        self._of_prefecture = {one.prefecture: set[str]() for one in ordered}
        for one in ordered:
            self._of_prefecture[one.prefecture].add(one.municipality)
        self.sets: dict[str, dict[str, Bits]] = {
            "category": self._sets((one.category, number) for number, one in enumerate(ordered)),
            "timing": self._sets((one.timing, number) for number, one in enumerate(ordered)),
            "place": self._sets((one.prefecture, number) for number, one in enumerate(ordered)),
            "service": self._sets((each, number) for number, one in enumerate(ordered) for each in one.services),
        }
        self._decided_at_once = self.bits(number for number, one in enumerate(ordered) if one.decided_at_once)
        self._states = self._sets((one.state, number) for number, one in enumerate(ordered))
        self._full = self.bits(number for number, one in enumerate(ordered) if one.is_full)
        self._sections: tuple[float, Sections] | None = None
        self._counted: dict[Bits, Counts] = {}

    def with_changes(self, changed: Collection[Listing]) -> Index:
        """The index after some listings changed; cheap where only state or fullness did, as at a submit."""
        news = [one for one in changed if self.listings.get(one.policy_id) != one]
        if not news:
            return self
        if any(not self._is_alike(one) for one in news):
            return Index({**self.listings, **{one.policy_id: one for one in news}})
        following = object.__new__(Index)
        following.__dict__.update(self.__dict__)
        following.listings = {**self.listings, **{one.policy_id: one for one in news}}
        following._states = dict(self._states)
        following._sections = None
        for one in news:
            bit = 1 << self.numbers[one.policy_id]
            following._states[self.listings[one.policy_id].state] &= ~bit
            following._states[one.state] = following._states.get(one.state, 0) | bit
            following._full = following._full | bit if one.is_full else following._full & ~bit
        return following

    def without(self, gone: Iterable[str]) -> Index:
        """The index without some policies: those that left the catalogue."""
        gone = set(gone)
        return Index({key: one for key, one in self.listings.items() if key not in gone}) if gone else self

    def _is_alike(self, one: Listing) -> bool:
        before = self.listings.get(one.policy_id)
        return before is not None and before._replace(state=one.state, is_full=one.is_full) == one

    def sections(self, now: float) -> Sections:
        """Every listed policy in the section of this moment (domain.md 5.1, BR-01)."""
        if self._sections is not None and self._sections[0] == now:
            return self._sections[1]
        listed = 0
        for bits in self._states.values():
            listed |= bits
        past = listed & ((1 << bisect_right(self._ends, now)) - 1)
        live = listed ^ past
        published = live & self._states.get("published", 0)
        suspended = live & self._states.get("suspended", 0)
        begun = published & self.begun_by(now)
        full = begun & self._full
        found = Sections(begun ^ full, full, published ^ begun, suspended, past, live ^ published ^ suspended)
        self._sections = now, found
        return found

    def begun_by(self, moment: float) -> Bits:
        """Those whose window has begun."""
        return self._range("begin", self._begin_numbers, 0, bisect_right(self._begin_times, moment))

    def closed_by(self, moment: float) -> Bits:
        """Those whose last day is over."""
        return (1 << bisect_right(self._ends, moment)) - 1

    def at_least(self, points: int) -> Bits:
        """Those by which one person can get so much."""
        return self._range("amount", self._amount_numbers, bisect_right(self._amounts, points - 1), len(self._amounts))

    def at_once(self, services: Collection[str]) -> Bits:
        """Those that the card alone decides and one of the services grants at once."""
        granted = 0
        for service in services:
            granted |= self.sets["service"].get(service, 0)
        return self._decided_at_once & granted

    def given_by(self, municipalities: Iterable[str]) -> Bits:
        """Those of some municipalities."""
        return self.bits(number for code in municipalities for number in self._by_municipality.get(code, ()))

    def count_municipalities(self, found: Bits, prefecture: str | None) -> Iterator[tuple[str, int]]:
        """How many of a set each municipality gives, of one prefecture or of all."""
        raw = found.to_bytes(len(self.ids) // 8 + 1, "little")
        codes = self._by_municipality if prefecture is None else self._of_prefecture.get(prefecture, ())
        for code in codes:
            count = sum(raw[number >> 3] >> (number & 7) & 1 for number in self._by_municipality[code])
            if count:
                yield code, count

    def bits(self, numbers: Iterable[int]) -> Bits:
        """The set of these numbers."""
        raw = bytearray(len(self.ids) // 8 + 1)
        for number in numbers:
            raw[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(raw, "little")

    def _sets(self, members: Iterable[tuple[str, int]]) -> dict[str, Bits]:
        return {name: self.bits(numbers) for name, numbers in _grouped(members).items()}

    def _range(self, name: str, numbers: Sequence[int], first: int, last: int) -> Bits:
        """The set of a slice; time moves on slowly, so that the same slices are asked for again."""
        key = name, first, last
        found = self._ranges.get(key)
        if found is None:
            if len(self._ranges) > _MOST_RANGES:
                self._ranges.clear()
            found = self._ranges[key] = self.bits(numbers[first:last])
        return found

    def slice(self, found: Bits, offset: int, count: int, *, latest_first: bool) -> list[str]:
        """The ids of a set in the order of their ends, from an offset."""
        if latest_first:
            rest = found.bit_count() - offset
            ids = self.slice(found, max(0, rest - count), min(count, max(0, rest)), latest_first=False)
            return ids[::-1]
        skipped = _position(found, offset)
        return [self.ids[skipped + number] for number in islice(_numbers(found >> skipped), count)]

    def counts(self, found: Bits) -> Counts:
        """How many of a set are of each category, timing, prefecture and service; kept, as people ask for the same."""
        counted = self._counted.get(found)
        if counted is None:
            if len(self._counted) >= _MOST_COUNTED:
                self._counted.clear()
            few = found.bit_count() <= _FEW
            counted = self._counted[found] = self._count_one_by_one(found) if few else self._count_by_sets(found)
        return counted

    def _count_one_by_one(self, found: Bits) -> Counts:
        counted: Counts = {name: dict.fromkeys(sets, 0) for name, sets in self.sets.items()}
        for number in _numbers(found):
            one = self.listings[self.ids[number]]
            counted["category"][one.category] += 1
            counted["timing"][one.timing] += 1
            counted["place"][one.prefecture] += 1
            for service in one.services:
                counted["service"][service] += 1
        return counted

    def _count_by_sets(self, found: Bits) -> Counts:
        return {
            name: {one: (found & bits).bit_count() for one, bits in sets.items()} for name, sets in self.sets.items()
        }


Counts = dict[str, dict[str, int]]
_FEW = 200
"""Up to so many it is quicker to count one by one than set by set."""
_MOST_COUNTED = 300
_NOT_EMPTY = re.compile(rb"[^\0]")
_MOST_RANGES = 200


def _grouped(members: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for name, number in members:
        groups[name].append(number)
    return dict(groups)


def _numbers(found: Bits) -> Iterator[int]:
    """The numbers in a set, from the lowest; what is empty is passed over by the byte."""
    raw = found.to_bytes(found.bit_length() // 8 + 1, "little")
    for match in _NOT_EMPTY.finditer(raw):
        byte = raw[match.start()]
        while byte:
            low = byte & -byte
            yield match.start() * 8 + low.bit_length() - 1
            byte ^= low


def _position(found: Bits, count: int) -> int:
    """Behind how many bits ``count`` ones lie, by halving."""
    if count <= 0:
        return 0
    low, high = 0, found.bit_length()
    while low < high:
        middle = (low + high) // 2
        if (found & ((1 << middle) - 1)).bit_count() < count:
            low = middle + 1
        else:
            high = middle
    return low
