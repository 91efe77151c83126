"""Match a person to a list without reading it: the ladder of BR-67, on keyed tokens alone.

(1) control number and birth date; (2) kana, birth date and municipality; (3) folded name, birth date and town; below
that a person decides. Never the name alone, and no match is never "対象外" (BR-32).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import municipalities
from app.lists.tokens import TokenKey, town_prefixes
from app.municipalities import normalise
from app.people.names import NameKeys, family_of, fold_kana, keys_of

Level = Literal["control_no", "kana", "name", "weak", "none", "several"]
STRONG_LEVELS = frozenset[Level](("control_no", "kana", "name"))
"""Levels that decide by themselves; the others are for staff."""

_FIND = text(
    "SELECT v.id, t.token, t.row_no, t.detail FROM"
    " (SELECT id FROM list_versions WHERE list_id = :list ORDER BY version DESC LIMIT 1) AS v"
    " LEFT JOIN list_tokens AS t ON t.version_id = v.id AND t.token = ANY(:tokens)"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom to look for. Only ``name`` and ``birth_date`` come from the card by themselves; kana and number are typed.

    ``municipality_codes``: where the person may live, more than one when the address does not say (BR-20).
    ``address_rest`` is the address after the municipality. Nothing of it is stored or printed.
    """

    name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    municipality_codes: tuple[str, ...] = field(default=(), repr=False)
    address_rest: str = field(default="", repr=False)
    kana: str | None = field(default=None, repr=False)
    control_no: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """The result. ``row_id`` names the row of a strong or a weak match, for ``claim_row`` and for staff.

    ``loaded`` is false while the list has no version: the check could not finish (E218), which is not a miss (E204).
    """

    level: Level
    row_id: str | None = None
    loaded: bool = True

    @property
    def is_strong(self) -> bool:
        """True when the match decides by itself."""
        return self.level in STRONG_LEVELS


def subject_of(
    name: str, address: str, birth_date: date | None, *, kana: str | None = None, control_no: str | None = None
) -> Subject:
    """A subject from the four items of the card, as received, and what the person typed."""
    place = municipalities.resolve(address)
    return Subject(
        name=name,
        birth_date=birth_date,
        municipality_codes=(place.code,) if place.code is not None else place.candidates,
        address_rest=normalise(address)[len(place.matched) :],
        kana=kana or None,
        control_no=control_no or None,
    )


def match(session: Session, list_id: str, subject: Subject) -> Match:
    """Look the person up in the newest version of the list.

    ``several``: two or more rows fit equally (twins, the same name and birth date twice). ``weak``: one row fits in
    part, such as another town, a mixed-up character, or a family name whose given name is not known yet (BR-28).
    """
    key = TokenKey(list_id)
    wanted = _Wanted.of(key, subject)
    found = session.execute(_FIND, {"list": list_id, "tokens": wanted.tokens()}).all()
    if not found:
        return Match("none", loaded=False)
    rows: dict[int, dict[int, int | None]] = defaultdict(dict)
    for _, token, row_no, detail in found:
        if token is not None:
            rows[token][row_no] = detail
    level, row_no = _judge(wanted, rows)
    return Match(level, None if row_no is None else f"{found[0].id}-{row_no}")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The person's tokens and the details that make each of them strong."""

    control_no: int | None = None
    birth: int | None = None
    kana: int | None = None
    municipalities: frozenset[int] = frozenset()
    names: tuple[int, ...] = ()
    towns: frozenset[int] = frozenset()
    weak_names: tuple[int, ...] = ()

    @classmethod
    def of(cls, key: TokenKey, subject: Subject) -> _Wanted:
        birth = subject.birth_date
        control_no = key.control_no(subject.control_no) if subject.control_no else None
        if birth is None:
            return cls(control_no=control_no)
        names = keys_of(subject.name)
        codes = subject.municipality_codes
        kana = fold_kana(subject.kana) if subject.kana else ""
        return cls(
            control_no=control_no,
            birth=key.birth(birth),
            kana=key.kana(kana, birth) if kana else None,
            municipalities=frozenset(map(key.municipality, codes)),
            names=tuple(key.name(strong, birth) for strong in names.strong if strong),
            towns=frozenset(key.town(code, town) for code in codes for town in town_prefixes(subject.address_rest)),
            weak_names=_weak_names(key, names, family_of(subject.name), birth),
        )

    def tokens(self) -> list[int]:
        """All of them, for one look-up."""
        single = [token for token in (self.control_no, self.kana) if token is not None]
        return list({*single, *self.names, *self.weak_names})


def _weak_names(key: TokenKey, names: NameKeys, family: str | None, birth: date) -> tuple[int, ...]:
    """The mixed-up spellings, and the family name alone: either may stand on the list where this name should."""
    texts = set(names.weak) - {""}
    found = [key.weak_name(weak, birth) for weak in texts]
    found += [key.name(weak, birth) for weak in texts - set(names.strong)]
    if family:
        found.append(key.name(family, birth))
    return tuple(found)


def _judge(wanted: _Wanted, rows: dict[int, dict[int, int | None]]) -> tuple[Level, int | None]:
    """The ladder. A step with one row decides; rows that fit equally are for staff, whatever else fits."""
    by_number = {} if wanted.control_no is None else rows.get(wanted.control_no, {})
    if by_number:
        # Who has the number but not the birth date of its row may hold another person's letter (BR-67 (1)).
        row_no, birth = next(iter(by_number.items()))
        return ("control_no", row_no) if wanted.birth is not None and birth == wanted.birth else ("weak", row_no)
    by_kana = {} if wanted.kana is None else rows.get(wanted.kana, {})
    in_place = {row_no for row_no, detail in by_kana.items() if detail in wanted.municipalities}
    by_name = _together(rows, wanted.names)
    candidates = in_place | by_name.keys()
    if len(candidates) > 1:
        return "several", None
    if in_place:
        return "kana", in_place.pop()
    if by_name:
        row_no, details = by_name.popitem()
        return ("name" if details & wanted.towns else "weak"), row_no
    return _one_of(set(by_kana) | _together(rows, wanted.weak_names).keys())


def _together(rows: dict[int, dict[int, int | None]], tokens: Iterable[int]) -> dict[int, set[int]]:
    """Rows under any of the tokens with their details: a legal name and an alias may lead to the same row."""
    together: dict[int, set[int]] = defaultdict(set)
    for token in tokens:
        for row_no, detail in rows.get(token, {}).items():
            together[row_no].update(() if detail is None else (detail,))
    return dict(together)


def _one_of(candidates: set[int]) -> tuple[Level, int | None]:
    if not candidates:
        return "none", None
    return ("weak", candidates.pop()) if len(candidates) == 1 else ("several", None)
