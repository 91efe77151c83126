"""Generated holders: the same at every run, like a real town, and whole cards for every one of them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path

import pytest
from cryptography import x509

from card_sim.files import JPKI, ref
from card_sim.households import AGE_BANDS, age_on
from card_sim.issuer import TestIssuer
from card_sim.keys import POOL_SIZE
from card_sim.people import CertificateStatus, Persona, load_people
from card_sim.population import Town, everybody, generate, rows, save
from card_sim.population_cards import birthday_after
from card_sim.wallet import Wallet
from tests.card_sim.talk import SELECT_TEXT, Talk

TOWN = Town.of("99201", 10_000, 1)


@pytest.fixture(scope="module")
def people() -> list[Persona]:
    return list(generate(TOWN))


def test_ten_thousand_people_take_seconds() -> None:
    begin = time.perf_counter()
    assert sum(1 for _ in generate(TOWN)) == 10_000
    assert time.perf_counter() - begin < 10


def test_the_same_seed_gives_the_same_people_and_another_gives_others() -> None:
    def names(seed: int) -> list[dict[str, object]]:
        return list(rows(Town.of("99301", 200, seed)))

    assert names(1) == names(1)
    assert names(1) != names(2)


def test_everybody_has_an_id_of_their_own_that_can_be_a_file_name(people: list[Persona]) -> None:
    ids = {persona.person_id for persona in people}
    assert len(ids) == 10_000
    assert all(person_id.replace("-", "").isalnum() and person_id.isascii() for person_id in ids)
    assert not ids & set(load_people())


def test_ages_follow_the_pyramid(people: list[Persona]) -> None:
    """Within five standard deviations in every band."""
    found = Counter(min(age_on(TOWN.day, persona.birth_date) // 5, len(AGE_BANDS) - 1) for persona in people)
    total = sum(share for share, _ in AGE_BANDS)
    for band, (share, _) in enumerate(AGE_BANDS):
        expected = 10_000 * share / total
        assert abs(found[band] - expected) <= 5 * expected**0.5 + 5, (band, found[band], expected)


def test_women_live_longer(people: list[Persona]) -> None:
    old = Counter(persona.sex for persona in people if age_on(TOWN.day, persona.birth_date) >= 85)
    assert old["2"] > 1.5 * old["1"]


def test_families_share_address_and_surname_and_children_have_a_mother(people: list[Persona]) -> None:
    families: dict[str, list[Persona]] = defaultdict(list)
    for row, persona in zip(rows(TOWN), people, strict=True):
        families[str(row["household"])].append(persona)
    sizes = Counter(len(family) for family in families.values())
    assert sizes[1] > sizes[3] > 0
    with_children = 0
    for family in families.values():
        assert len({persona.address for persona in family}) == 1
        assert len({persona.name.partition("\u3000")[0] for persona in family}) == 1 or len(family) == 1
        ages = [age_on(TOWN.day, persona.birth_date) for persona in family]
        if len(family) > 1 and min(ages) < 18:
            with_children += 1
            mothers = [age for persona, age in zip(family, ages, strict=True) if persona.sex == "2"]
            assert any(20 <= mother - min(ages) <= 43 for mother in mothers)
    assert with_children > 300


def test_difficult_characters_and_residents_from_abroad_occur(people: list[Persona]) -> None:
    names = "".join(persona.name for persona in people)
    for character in "髙﨑𠮷邊邉齋濵澤\U000e0100\U000e0101":
        assert character in names, character
    foreign = [persona for persona in people if not persona.uses_era]
    assert 100 < len(foreign) < 600
    assert any("\u3000" not in persona.name for persona in foreign), "a single name"
    assert max(len(persona.address.encode()) for persona in people) > 128
    assert all(persona.municipality.code == "99201" for persona in people)


def test_what_happens_to_cards_happens_to_some(people: list[Persona]) -> None:
    statuses = Counter(persona.auth_certificates[0].status for persona in people)
    assert set(statuses) == {
        CertificateStatus.VALID,
        CertificateStatus.EXPIRED,
        CertificateStatus.REVOKED,
        CertificateStatus.SUSPENDED,
    }
    assert statuses[CertificateStatus.VALID] > 9_000
    assert any(persona.face_authentication for persona in people)
    assert any(persona.tries_left.auth == 0 for persona in people)


def test_children_under_15_at_issue_have_no_signature_certificate(people: list[Persona]) -> None:
    for persona in people:
        if age_on(persona.issued_on, persona.birth_date) < 15:
            assert persona.sign_certificate is None
            assert persona.pins.sign is None


def test_no_card_is_older_than_its_holder_or_the_first_root(people: list[Persona]) -> None:
    for persona in people:
        assert persona.birth_date < persona.issued_on < TOWN.day
        assert persona.issued_on >= date(2020, 11, 1)
        (plan,) = persona.auth_certificates
        assert plan.not_before < plan.not_after
        assert plan.not_after.date() <= persona.expires_on


@pytest.mark.parametrize(
    ("birth", "start", "years", "expected"),
    [
        (date(1990, 5, 1), date(2024, 4, 30), 5, date(2028, 5, 1)),
        (date(1990, 5, 1), date(2024, 5, 1), 5, date(2029, 5, 1)),
        (date(2008, 2, 29), date(2022, 3, 1), 5, date(2027, 2, 28)),
        (date(2008, 2, 29), date(2023, 3, 1), 5, date(2028, 2, 29)),
    ],
)
def test_certificates_end_on_a_birthday(birth: date, start: date, years: int, expected: date) -> None:
    assert birthday_after(birth, start, years) == expected


@pytest.mark.parametrize(("code", "size", "problem"), [("12345", 10, KeyError), ("99201", 0, ValueError)])
def test_only_fictional_municipalities_and_sizes_that_make_sense(
    code: str, size: int, problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        Town.of(code, size, 1)


class TestCards:
    """What the desk and `card insert` do with a saved population."""

    def test_a_generated_holder_s_card_is_whole_and_the_same_every_time(self, tmp_path: Path, now: datetime) -> None:
        save(Town.of("99301", 30, 3), tmp_path)
        people = everybody(tmp_path)
        assert len(people) == len(load_people()) + 30
        issuer = TestIssuer.open(tmp_path, now, people)
        person_id = next(key for key, persona in people.items() if persona.from_population and persona.pins.text)
        first, again = (Wallet(tmp_path, issuer, people).open_card(person_id, now) for _ in range(2))
        assert first.profile.contents == again.profile.contents
        leaf = x509.load_der_x509_certificate(first.profile.contents[ref(JPKI, 0x000A)])
        root = x509.load_der_x509_certificate(first.profile.contents[ref(JPKI, 0x000B)])
        leaf.verify_directly_issued_by(root)
        talk = Talk.powered(first)
        talk.send(SELECT_TEXT)
        if people[person_id].tries_left.text:
            assert talk.verify("91", b"1234") == "9000"
            assert people[person_id].name.encode() in talk.read_file(0x02)

    def test_keys_come_from_a_pool(self, tmp_path: Path, now: datetime) -> None:
        people = {persona.person_id: persona for persona in generate(Town.of("99301", 60, 1))}
        wallet = Wallet(tmp_path, TestIssuer.open(tmp_path, now, people), people)
        for person_id in people:
            wallet.open_card(person_id, now)
        assert 0 < len(list((tmp_path / "key_pool").glob("*.key"))) <= POOL_SIZE
        assert not list((tmp_path / "cards").rglob("*.key"))

    def test_their_revoked_certificates_are_in_the_list(self, tmp_path: Path, now: datetime) -> None:
        people = {persona.person_id: persona for persona in generate(Town.of("99301", 1_000, 1))}
        issuer = TestIssuer.open(tmp_path, now, people)
        bad = {CertificateStatus.REVOKED, CertificateStatus.SUSPENDED}
        expected = sum(persona.auth_certificates[0].status in bad for persona in people.values())
        listed = sum(len(x509.load_der_x509_crl(issuer.crl(index, now))) for index in (1, 2))
        assert listed == expected > 0
