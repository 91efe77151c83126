"""What the desk's pages say about people and their cards, in the words of the tester."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from card_sim.faults import FAULTS, Fault, FaultKind, Group
from card_sim.people import JST, CardTries, CertificatePlan, CertificateStatus, Persona

WEEKDAYS: Final = "月火水木金土日"
SEX_WORDS: Final[Mapping[str, str]] = {"1": "男", "2": "女", "9": "適用不能", "0": "不明"}
PIN_LABELS: Final[Mapping[str, str]] = {
    "text": "券面事項入力補助用の暗証番号",
    "auth": "利用者証明用電子証明書の暗証番号",
    "sign": "署名用電子証明書の暗証番号",
}
_TO_KATAKANA: Final = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


@dataclass(frozen=True)
class PinView:
    """One secret of the card: what to type, and how often that may still go wrong."""

    label: str
    value: str
    tries: str


@dataclass(frozen=True)
class PersonView:
    """A row of the list and the head of a person's page."""

    person_id: str
    name: str
    town: str
    exercise: str
    marks: tuple[str, ...]
    """What is out of the ordinary with this card; empty when nothing is."""
    pins: tuple[PinView, ...]
    address: str
    birth_date: str
    sex: str
    auth_certificate: str
    sign_certificate: str


def person_view(persona: Persona, tries: CardTries, now: datetime) -> PersonView:
    """Everything the desk shows about one person at a moment."""
    plan = persona.auth_certificate_at(now)
    born = persona.birth_date
    return PersonView(
        person_id=persona.person_id,
        name=persona.name,
        town=persona.municipality.full_name,
        exercise=persona.exercise,
        marks=_marks(persona, plan, tries, now),
        pins=_pins(persona, tries),
        address=persona.address,
        birth_date=f"{born.year}年{born.month}月{born.day}日",
        sex=SEX_WORDS.get(persona.sex, persona.sex),
        auth_certificate=_certificate_words(plan, now),
        sign_certificate=_certificate_words(persona.sign_certificate, now),
    )


def matching(people: Iterable[Persona], query: str) -> list[Persona]:
    """The people in whose id, name, reading, address or exercise every word of the query occurs."""
    words = _folded(query).split()
    return [persona for persona in people if all(word in _haystack(persona) for word in words)]


def fault_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The faults to choose from, by group: name and title, with the usual number where one is taken."""
    return [(group.value, [(row.name, _fault_title(row)) for row in _rows_of(group)]) for group in Group]


def fault_words(faults: Iterable[Fault]) -> list[str]:
    """The faults of a card, for people."""
    return [
        fault.kind.title + (f" (数: {fault.number})" if fault.kind.number_default is not None else "")
        for fault in faults
    ]


def _rows_of(group: Group) -> list[FaultKind]:
    return [row for row in FAULTS.values() if row.group is group]


def _fault_title(row: FaultKind) -> str:
    return row.title if row.number_default is None else f"{row.title} (ふつうは {row.number_default})"


def japanese_moment(moment: datetime) -> str:
    """A moment in Japanese time: 2026年11月20日(金)10時00分."""
    local = moment.astimezone(JST)
    day = f"{local.year}年{local.month}月{local.day}日({WEEKDAYS[local.weekday()]})"
    return f"{day}{local.hour}時{local.minute:02d}分"


def _haystack(persona: Persona) -> str:
    name, reading = (text.replace("\u3000", "") for text in (persona.name, persona.reading))
    return _folded("\n".join((persona.person_id, name, reading, persona.address, persona.exercise)))


def _folded(text: str) -> str:
    """Width, case and kind of kana make no difference to a search."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_TO_KATAKANA)


def _marks(persona: Persona, plan: CertificatePlan, tries: CardTries, now: datetime) -> tuple[str, ...]:
    found = {
        "暗証番号なし(顔認証)": persona.face_authentication,
        "補助用の暗証番号がロック": tries.text == 0,
        "利用者証明用の暗証番号がロック": tries.auth == 0,
        "証明書の期限切れ": now > plan.not_after,
        "証明書はまだ使えません": now < plan.not_before,
        "証明書が失効": plan.status is CertificateStatus.REVOKED,
        "証明書が一時停止": plan.status is CertificateStatus.SUSPENDED,
    }
    return tuple(mark for mark, applies in found.items() if applies)


def _pins(persona: Persona, tries: CardTries) -> tuple[PinView, ...]:
    rows = ((name, getattr(persona.pins, name), getattr(tries, name)) for name in PIN_LABELS)
    return tuple(
        PinView(PIN_LABELS[name], value, "ロックされています" if left == 0 else f"あと{left}回")
        for name, value, left in rows
        if value is not None
    )


def _certificate_words(plan: CertificatePlan | None, now: datetime) -> str:
    if plan is None:
        return "ありません"
    if plan.status is CertificateStatus.REVOKED:
        return "失効しています"
    if plan.status is CertificateStatus.SUSPENDED:
        return "一時停止しています"
    first, last = plan.not_before.astimezone(JST), plan.not_after.astimezone(JST)
    if now < plan.not_before:
        return f"{first.year}年{first.month}月{first.day}日から使えます"
    if now > plan.not_after:
        return f"{last.year}年{last.month}月{last.day}日に期限が切れました"
    return f"有効です({last.year}年{last.month}月{last.day}日まで)"
