"""The fictional holders of simulated cards, and what their cards carry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from functools import cached_property
from importlib import resources
from typing import Any, Final

from card_sim.eras import era_of
from card_sim.municipalities import Municipality, municipality_of

JST: Final = timezone(timedelta(hours=9), "JST")
CERTIFICATE_YEARS: Final = 5


class CertificateStatus(Enum):
    """What has become of a certificate, as its issuer knows it."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NOT_ISSUED = "not_issued"


@dataclass(frozen=True)
class CertificatePlan:
    """One certificate of a holder. `number` counts the renewals from 1; both ends of the validity are inclusive."""

    number: int
    status: CertificateStatus
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class CardPins:
    """The three secrets of a card; None where it has none. Fictional, and shown on the tester's desk as hints."""

    text: str | None
    auth: str | None
    sign: str | None


@dataclass(frozen=True)
class CardTries:
    """Tries left when the card came to the tester; 0 means blocked, None means that there is no such secret."""

    text: int | None
    auth: int | None
    sign: int | None


@dataclass(frozen=True)
class Persona:
    """A holder and the card: the four items of information exactly as the card carries them."""

    person_id: str
    name: str
    reading: str
    """The name in katakana, for looking people up; the card does not carry it."""
    address: str
    birth_date: date
    sex: str
    exercise: str
    """One Japanese sentence: what this card is there to test."""
    uses_era: bool
    """The face of the card shows the birth date by era; with foreign residents it is the Gregorian year."""
    face_authentication: bool
    issued_on: date
    expires_on: date
    pins: CardPins
    tries_left: CardTries
    auth_certificates: tuple[CertificatePlan, ...]
    """Oldest first; more than one when it was renewed."""
    sign_certificate: CertificatePlan | None
    payment_ids: Mapping[str, str] = field(default_factory=dict)
    """The holder's own IDs at the fictional payment services, by service; on no card."""
    from_population: bool = False
    """One of many generated holders: their cards share keys from a pool."""
    sign_name: str | None = None
    """The name in the signature certificate where a character had to be substituted."""

    @cached_property
    def municipality(self) -> Municipality:
        """Who handed the card out."""
        return municipality_of(self.address)

    @property
    def security_code(self) -> str:
        """Four digits printed on the face: part of 照合番号B."""
        return f"{int.from_bytes(hashlib.sha256(self.person_id.encode()).digest()[:4]) % 10_000:04d}"

    @property
    def residence_pin(self) -> str:
        """住民基本台帳用暗証番号: four digits that follow from the id, as the data name none."""
        return self._other_pin("residence")

    @property
    def card_pin(self) -> str:
        """個人番号カード用暗証番号: four digits that follow from the id, as the data name none."""
        return self._other_pin("common")

    def _other_pin(self, application: str) -> str:
        mark = hashlib.sha256(f"{application}|{self.person_id}".encode()).digest()
        return f"{int.from_bytes(mark[:4]) % 10_000:04d}"

    @property
    def verification_number_b(self) -> str:
        """照合番号B of this card."""
        return verification_number_b(self.birth_date, self.expires_on.year, self.security_code, uses_era=self.uses_era)

    def auth_certificate_at(self, moment: datetime) -> CertificatePlan:
        """The authentication certificate the card carries at a moment: the newest whose day of issue has come.

        A certificate renewed today and usable from tomorrow is on the card today.
        """
        handed_out = [plan for plan in self.auth_certificates if _start_of_issue(plan, self) <= moment]
        return handed_out[-1] if handed_out else self.auth_certificates[0]


def verification_number_b(birth: date, expiry_year: int, security_code: str, *, uses_era: bool = True) -> str:
    """照合番号B: birth date as YYMMDD with the era year, year of expiry, security code (card.md section 7).

    For foreign residents the last two digits of the Gregorian year are taken; for real cards that is not confirmed.
    """
    year = era_of(birth).year_of(birth) if uses_era else birth.year % 100
    return f"{year:02d}{birth:%m%d}{expiry_year:04d}{security_code}"


LOST_CERTIFICATE: Final = 91


def lost_certificate(persona: Persona) -> CertificatePlan:
    """A second certificate of every holder, reported lost: the fault "revoked" lays the card with it on the reader.

    Every revocation list names it from the start, so that nothing has to be published before the fault shows.
    """
    current = persona.auth_certificates[-1]
    return replace(current, number=LOST_CERTIFICATE, status=CertificateStatus.REVOKED)


def load_people() -> dict[str, Persona]:
    """All fictional holders by id: the test people and the canary."""
    exercises = json.loads(_data("exercises.json"))
    rows = [*json.loads(_data("test_people.json"))["people"], *json.loads(_data("canary.json"))["people"]]
    return {row["person_id"]: persona_of(row, exercises[row["person_id"]]) for row in rows}


def _data(name: str) -> str:
    return resources.files("card_sim").joinpath("data", name).read_text(encoding="utf-8")


def persona_of(row: Mapping[str, Any], exercise: str, *, from_population: bool = False) -> Persona:
    """A holder from a row of the data. Raises KeyError, ValueError when the row is not of that form."""
    card = row["card"]
    pins, tries = card["pins"] or {}, card["tries_left"] or {}
    issued_on = date.fromisoformat(card["issued_on"])
    return Persona(
        person_id=row["person_id"],
        name=row["name"],
        reading=row["name_kana"],
        address=row["address"],
        birth_date=date.fromisoformat(row["birth_date"]),
        sex=row["sex"],
        exercise=exercise,
        uses_era=row["birth_date_era"] is not None,
        face_authentication=card["kind"] == "face_auth",
        issued_on=issued_on,
        expires_on=date.fromisoformat(card["expires_on"]),
        pins=CardPins(pins.get("text"), pins.get("auth"), pins.get("sign")),
        tries_left=CardTries(tries.get("text"), tries.get("auth"), tries.get("sign")),
        auth_certificates=_auth_certificates(card, issued_on),
        sign_certificate=_certificate(card["sign_certificate"], 1, issued_on),
        payment_ids=row.get("payment_ids", {}),
        from_population=from_population,
        sign_name=card["sign_certificate"].get("name"),
    )


def _auth_certificates(card: Mapping[str, Any], issued_on: date) -> tuple[CertificatePlan, ...]:
    """The certificates in the order they were issued; `certificate_history` tells of replaced ones."""
    replaced = [row for row in card.get("certificate_history", ()) if row.get("replaced_by")]
    earlier = tuple(_replaced_certificate(row["valid_to"], number) for number, row in enumerate(replaced, start=1))
    current = _certificate(card["auth_certificate"], len(earlier) + 1, issued_on)
    return earlier + ((current,) if current is not None else ())


def _certificate(row: Mapping[str, Any], number: int, issued_on: date) -> CertificatePlan | None:
    status = CertificateStatus(row["status"])
    if status is CertificateStatus.NOT_ISSUED:
        return None
    first_day = date.fromisoformat(row.get("usable_from", issued_on.isoformat()))
    return CertificatePlan(number, status, start_of_day(first_day), end_of_day(date.fromisoformat(row["not_after"])))


def _replaced_certificate(valid_to: str, number: int) -> CertificatePlan:
    last_day = date.fromisoformat(valid_to)
    first_day = last_day.replace(year=last_day.year - CERTIFICATE_YEARS)
    return CertificatePlan(number, CertificateStatus.VALID, start_of_day(first_day), end_of_day(last_day))


def _start_of_issue(plan: CertificatePlan, persona: Persona) -> datetime:
    """When a certificate came onto the card: the current one on the day of issue, even if it is usable later."""
    is_current = plan is persona.auth_certificates[-1]
    return min(plan.not_before, start_of_day(persona.issued_on)) if is_current else plan.not_before


def start_of_day(day: date) -> datetime:
    """00:00:00 Japanese time."""
    return datetime.combine(day, time(), JST)


def end_of_day(day: date) -> datetime:
    """23:59:59 Japanese time: the last second a certificate of that day is valid."""
    return datetime.combine(day, time(23, 59, 59), JST)
