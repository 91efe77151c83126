"""The data set: who the holders are and what their cards say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from importlib import resources

import pytest

from card_sim.municipalities import municipality_of
from card_sim.people import JST, CertificateStatus, Persona


def test_all_test_people_and_the_canary_are_there(people: Mapping[str, Persona]) -> None:
    assert len(people) == 46
    assert all(person_id == persona.person_id for person_id, persona in people.items())


def test_everybody_has_a_sentence_that_says_what_the_card_tests(people: Mapping[str, Persona]) -> None:
    sentences = [persona.exercise for persona in people.values()]
    assert all(sentence.endswith("。") for sentence in sentences)


def test_the_canary_has_three_different_secrets(people: Mapping[str, Persona]) -> None:
    pins = people["TP-CANARY"].pins
    assert (pins.text, pins.auth, pins.sign) == ("2580", "1470", "TEST123")


def test_no_personal_number_is_in_the_data() -> None:
    for name in ("test_people.json", "canary.json"):
        text = resources.files("card_sim").joinpath("data", name).read_text(encoding="utf-8")
        assert not [word for word in _strings(json.loads(text)) if word.isdecimal() and len(word) == 12]


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [word for part in value.values() for word in _strings(part)]
    if isinstance(value, list):
        return [word for part in value for word in _strings(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("person_id", "code"),
    [
        ("TP-02", "99201"),
        ("TP-11", "98201"),  # the other あさひ市
        ("TP-12", "99100"),  # a ward belongs to its city
        ("TP-13", "99301"),
        ("TP-13B", "99301"),  # county left out
        ("TP-22", "99999"),
    ],
)
def test_the_municipality_that_handed_the_card_out(people: Mapping[str, Persona], person_id: str, code: str) -> None:
    assert people[person_id].municipality.code == code


def test_an_address_elsewhere_has_a_stand_in() -> None:
    assert municipality_of("").code == "99999"


def test_a_card_renewed_in_november_carried_another_certificate_before(people: Mapping[str, Persona]) -> None:
    renewed = people["TP-15"]
    before = renewed.auth_certificate_at(datetime(2026, 10, 5, tzinfo=JST))
    after = renewed.auth_certificate_at(datetime(2026, 11, 20, tzinfo=JST))
    assert (before.number, after.number) == (1, 2)
    assert before.not_before < datetime(2026, 10, 5, tzinfo=JST) < before.not_after


def test_a_certificate_usable_from_tomorrow_is_on_the_card_today(people: Mapping[str, Persona]) -> None:
    plan = people["TP-27"].auth_certificate_at(datetime(2026, 11, 20, 10, tzinfo=JST))
    assert plan.not_before == datetime(2026, 11, 21, tzinfo=JST)


def test_a_face_authentication_card_has_no_pins(people: Mapping[str, Persona]) -> None:
    card = people["TP-23"]
    assert card.face_authentication
    assert (card.pins.text, card.pins.auth, card.pins.sign) == (None, None, None)
    assert card.sign_certificate is None
    assert card.auth_certificates[-1].status is CertificateStatus.VALID


def test_foreign_residents_have_a_gregorian_verification_number(people: Mapping[str, Persona]) -> None:
    assert people["TP-04"].verification_number_b.startswith("490720" + "2032")
