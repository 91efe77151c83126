"""From an address as a card prints it to a municipality code, without ever guessing (domain.md 8.2, BR-19 to BR-22).

The longest beginning that is the name of a municipality, with or without prefecture and county, decides: first as
written, then with variant characters folded. Below the municipality nothing is read to decide (BR-20).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from app.municipalities.table import Alias, Kind, Municipality, Table, current_table
from app.municipalities.variants import fold_variants

MAX_ADDRESS_CHARACTERS = 400
"""Longer input is cut before matching: no name of a municipality begins that late (domain.md 8.1)."""

_BEGINNING = 80
"""Most addresses are read no further; what follows can't change the answer."""
_ENOUGH = 60
"""So many characters must be left of the beginning, else the whole address is read."""
_LONGEST_TOWN = 30

_INVISIBLE = re.compile("[\u180b-\u180d\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_SPACES = re.compile(r"\s+")
_POSTAL_NUMBER = re.compile(r"^(?:〒\d{3}\D?\d{4}|\d{3}[-\u2010-\u2015\u2212ー]\d{4})")
_ALIAS = re.compile(r"(?P<prefecture>東京都|北海道|京都府|大阪府|.{2,3}?県)(?P<county>.+?郡)?(?P<name>.+)")
_CITY_OF_WARD = re.compile(r"(?P<city>.+?市)(?P<ward>.+区)")


class Status(StrEnum):
    """How an address was resolved; only the first two carry a code."""

    EXACT = "exact"
    FOLDED = "folded"
    AMBIGUOUS = "ambiguous"
    WARD_MISSING = "ward_missing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an address says about the municipality.

    ``code`` is set for ``exact`` and ``folded`` only. ``candidates`` are the codes it may be, the likeliest first where
    a town name helps; they are for people to read. ``matched`` is the part of the text that named the municipality.
    """

    status: Status
    code: str | None
    candidates: tuple[str, ...]
    matched: str
    table_version: str


class _Target(NamedTuple):
    code: str
    needs_ward: bool = False


@dataclass(frozen=True, slots=True)
class _Index:
    """Spellings to what they may mean. No target: a place that is no answer by itself (a prefecture, a county).

    ``lengths`` are those of the spellings that begin with the same two characters, the longest first: few are tried.
    """

    targets: Mapping[str, frozenset[_Target]]
    lengths: Mapping[str, tuple[int, ...]]
    longest: int

    def longest_prefix(self, text: str) -> tuple[int, frozenset[_Target]]:
        targets = self.targets
        for length in self.lengths.get(text[:2], ()):
            found = targets.get(text[:length])
            if found is not None:
                return length, found
        return 0, _NO_TARGET


_NO_TARGET: frozenset[_Target] = frozenset()


def resolve(address: str) -> Resolution:
    """The municipality or ward an address lies in, by the table of this process (BR-19 to BR-22)."""
    table = current_table()
    exact_index, folded_index = _index(table, str), _index(table, fold_variants)
    text = normalise(address[:_BEGINNING])
    if len(text) < _ENOUGH and len(address) > _BEGINNING:
        text = normalise(address)
    exact_length, exact = exact_index.longest_prefix(text)
    folded_length, folded = folded_index.longest_prefix(fold_variants(text[: folded_index.longest]))
    # A longer name found by folding is the more precise one: 横浜市中區 is a ward, not 横浜市 without one.
    by_folding = folded_length > exact_length
    targets, length = (folded, folded_length) if by_folding else (exact, exact_length)
    found = Status.FOLDED if by_folding else Status.EXACT
    status = _judge(targets, found)
    if status is found:
        (target,) = targets
        return Resolution(status, target.code, (target.code,), text[:length], table.version)
    candidates = _likeliest_first(table, {target.code for target in targets}, text[length:])
    return Resolution(status, None, candidates, text[:length], table.version)


def normalise(address: str) -> str:
    """The address without variation selectors, zero-width characters, spaces and postal number, in NFKC."""
    visible = _INVISIBLE.sub("", address[:MAX_ADDRESS_CHARACTERS])
    return _POSTAL_NUMBER.sub("", _SPACES.sub("", unicodedata.normalize("NFKC", visible)), count=1)


def _judge(targets: frozenset[_Target], found: Status) -> Status:
    if not targets:
        return Status.NONE
    if len(targets) > 1:
        return Status.AMBIGUOUS
    return Status.WARD_MISSING if next(iter(targets)).needs_ward else found


def _likeliest_first(table: Table, codes: Iterable[str], rest: str) -> tuple[str, ...]:
    """Candidates whose towns include the beginning of ``rest`` first; a help for the reader that decides nothing."""

    beginning = rest.replace("大字", "").replace("字", "")

    def rank(code: str) -> tuple[int, str]:
        towns = table.towns_of_shared_names.get(code, frozenset())
        known = max((len(town) for town in towns if beginning.startswith(town)), default=0)
        return -known, code

    return tuple(sorted(codes, key=rank))


@cache
def _index(table: Table, fold: Callable[[str], str]) -> _Index:
    targets: dict[str, set[_Target]] = defaultdict(set)
    for spelling, target in _spellings(table):
        key = fold(normalise(spelling))
        targets[key].update(() if target is None else (target,))
    lengths: dict[str, set[int]] = defaultdict(set)
    for key in targets:
        assert len(key) >= 2, key
        lengths[key[:2]].add(len(key))
    longest = max(map(len, targets))
    assert longest + _LONGEST_TOWN < _ENOUGH
    return _Index(
        {key: frozenset(found) for key, found in targets.items()},
        {beginning: tuple(sorted(found, reverse=True)) for beginning, found in lengths.items()},
        longest,
    )


def _spellings(table: Table) -> Iterator[tuple[str, _Target | None]]:
    """Every way to begin an address in Japan that the table knows, with what it means."""
    for row in table.rows.values():
        if row.kind is Kind.PREFECTURE:
            yield row.name, None
            continue
        target = _Target(row.code, needs_ward=row.kind is Kind.DESIGNATED_CITY)
        for name in {row.name, row.full_name.removeprefix(row.prefecture + row.county)}:
            yield from _with_and_without_prefix(row.prefecture, row.county, name, target)
        if row.county:
            # A county whose town is unknown must not fall back to a shorter name: 東村山郡… is not 東村.
            yield row.county, None
            yield row.prefecture + row.county, None
    yield from _wards_that_share_a_name_with_a_special_ward(table)
    for alias in table.aliases:
        parts = _ALIAS.fullmatch(alias.alias)
        assert parts is not None, alias
        yield from _with_and_without_prefix(
            parts["prefecture"], parts["county"] or "", parts["name"], _target_of(table, alias)
        )


def _target_of(table: Table, alias: Alias) -> _Target | None:
    """A retired name without a successor is known, so that no shorter name is taken for it, and leads nowhere."""
    if alias.code is None:
        return None
    return _Target(
        alias.code, needs_ward=table.get(alias.code).kind is Kind.DESIGNATED_CITY and "区" not in alias.alias
    )


def _with_and_without_prefix(
    prefecture: str, county: str, name: str, target: _Target | None
) -> Iterator[tuple[str, _Target | None]]:
    for before in {prefecture + county, prefecture, county, ""}:
        yield before + name, target


def _wards_that_share_a_name_with_a_special_ward(table: Table) -> Iterator[tuple[str, _Target]]:
    """中央区, 港区 and 北区 alone may be a ward of Tokyo or of a designated city whose name was left out."""
    special_wards = {row.name for row in table.rows.values() if row.kind is Kind.SPECIAL_WARD}
    for row in table.rows.values():
        ward_name = _ward_name(row)
        if ward_name in special_wards:
            yield ward_name, _Target(row.code)


def _ward_name(row: Municipality) -> str:
    parts = _CITY_OF_WARD.fullmatch(row.name) if row.kind is Kind.WARD else None
    return parts["ward"] if parts else ""
