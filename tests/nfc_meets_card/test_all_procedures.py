"""Every procedure with the simulated card: two independent readings of card.md, and the trust checks as judges."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509

from card_sim import faults
from card_sim.card import SimulatedCard
from card_sim.issuer import TestIssuer
from card_sim.people import load_people
from card_sim.profile import Behaviour
from card_sim.wallet import Wallet
from nfc.basic_information import BasicInformation
from nfc.counter import change_pin, number_b, read_four_information_by_number_b
from nfc.pins import Pin, PinKind
from nfc.problems import AnotherCard, CardProblem, Outcome
from nfc.procedures import (
    CardProof,
    ExtendedLength,
    Procedure,
    identify,
    preview,
    prove_card,
    read_authentication_certificate,
    read_authority_certificate,
    read_basic_information,
    read_four_information,
    read_integrity_record,
    read_whole,
    recount,
)
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from nfc.trust import CardProofVerdict, CvKey, check_card_proof, check_issuer, load_cv_keys

NOW = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
HOLDER = "TP-CANARY"
PEOPLE = load_people()
TEXT, AUTH = Pin(PinKind.TEXT, "2580"), Pin(PinKind.AUTH, "1470")
MESSAGE = b"todoke-card-session-v1\x00" + bytes(64)


class Counted:
    """Counts what reaches the card."""

    def __init__(self, card: SimulatedCard) -> None:
        self._inner = InProcess(card)
        self.commands = 0

    def open(self) -> None:
        self._inner.open()

    def transmit(self, apdu: bytes) -> bytes:
        self.commands += 1
        return self._inner.transmit(apdu)

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("card")


@pytest.fixture(scope="module")
def issuer(folder: Path) -> TestIssuer:
    return TestIssuer.open(folder, NOW)


@pytest.fixture(scope="module")
def keys(folder: Path, issuer: TestIssuer) -> Mapping[bytes, CvKey]:
    issuer.write_public(folder / "trust")
    return load_cv_keys(folder / "trust" / "cv_keys.json", "test")


@pytest.fixture
def wallet(folder: Path, issuer: TestIssuer) -> Wallet:
    made = Wallet(folder, issuer)
    made.reset(HOLDER)
    return made


def on(card: object, procedure: Procedure[object], *, counter: bool = False) -> object:
    return run(procedure, Guarded(InProcess(card), counter=counter))


def test_the_card_declares_extended_length_and_its_kind(wallet: Wallet) -> None:
    def facts() -> Procedure[BasicInformation]:
        yield from identify()
        return (yield from read_basic_information())

    information = on(wallet.open_card(HOLDER, NOW), facts())
    assert isinstance(information, BasicInformation)
    assert (information.version, information.extended_length) == (1, True)


@pytest.mark.parametrize("extended", [False, True])
def test_a_live_card_proves_itself_to_a_fresh_challenge(
    wallet: Wallet, keys: Mapping[bytes, CvKey], extended: bool
) -> None:
    challenge = secrets.token_bytes(32)

    def session() -> Procedure[tuple[bytes, CardProof]]:
        yield from read_four_information(TEXT)
        _, signer = yield from read_integrity_record(extended=extended)
        return signer, (yield from prove_card(challenge, extended=extended))

    signer, proof = on(wallet.open_card(HOLDER, NOW), session())
    verdict = check_card_proof(signer, proof.key_record, challenge, proof.signature, keys=keys, environment="test")
    assert verdict is CardProofVerdict.LIVE
    other = check_card_proof(signer, proof.key_record, bytes(32), proof.signature, keys=keys, environment="test")
    assert other is CardProofVerdict.NOT_LIVE


def test_the_cards_authority_is_one_of_the_pinned_roots_but_trust_does_not_come_from_it(
    wallet: Wallet, issuer: TestIssuer, folder: Path, keys: Mapping[bytes, CvKey]
) -> None:
    def session() -> Procedure[bytes]:
        yield from read_authentication_certificate()
        return (yield from read_authority_certificate())

    der = on(wallet.open_card(HOLDER, NOW), session())
    assert isinstance(der, bytes)
    pinned = [x509.load_pem_x509_certificate(p.read_bytes()) for p in (folder / "trust").glob("authentication-*.pem")]
    assert x509.load_der_x509_certificate(der) in pinned


def test_number_b_computed_from_the_face_opens_the_four_information(wallet: Wallet) -> None:
    holder = PEOPLE[HOLDER]
    number = number_b(holder.birth_date, holder.expires_on.year, holder.security_code)
    assert number.apdu_bytes().decode() == holder.verification_number_b
    four = on(wallet.open_card(HOLDER, NOW), read_four_information_by_number_b(number, counter=True), counter=True)
    assert getattr(four, "name", None) == holder.name


def test_a_changed_pin_is_the_one_that_opens_and_the_old_one_costs_a_try(wallet: Wallet) -> None:
    card = wallet.open_card(HOLDER, NOW)
    on(card, change_pin(TEXT, Pin(PinKind.TEXT, "3691"), counter=True), counter=True)
    assert getattr(on(card, read_four_information(Pin(PinKind.TEXT, "3691"))), "name", None)
    with pytest.raises(CardProblem) as caught:
        on(card, read_four_information(TEXT))
    assert (caught.value.outcome, caught.value.tries_left) == (Outcome.WRONG_PIN, 2)


@pytest.mark.parametrize("kind", [PinKind.TEXT, PinKind.AUTH, PinKind.SIGN])
def test_the_tries_of_each_pin(wallet: Wallet, kind: PinKind) -> None:
    assert on(wallet.open_card(HOLDER, NOW), recount(kind)) == (5 if kind is PinKind.SIGN else 3)


@pytest.mark.parametrize(
    ("extended", "alone", "with_issuer_check", "meetings", "meetings_with_issuer_check"),
    [
        (ExtendedLength.OFF, 14, 19, 20, 25),
        (ExtendedLength.AUTO, 9, 11, 15, 17),
        (ExtendedLength.DECLARED, 10, 12, 16, 18),
    ],
)
def test_commands_of_a_whole_visit(
    wallet: Wallet,
    keys: Mapping[bytes, CvKey],
    extended: ExtendedLength,
    alone: int,
    with_issuer_check: int,
    meetings: int,
    meetings_with_issuer_check: int,
) -> None:
    def check(ef0002: bytes, ef0003: bytearray, ef0004: bytes) -> str:
        return check_issuer(ef0002, ef0003, ef0004, keys, "test")

    card = wallet.open_card(HOLDER, NOW)
    for verdict, one, two in ((None, alone, meetings), (check, with_issuer_check, meetings_with_issuer_check)):
        single = Counted(card)
        reading = run(read_whole(TEXT, AUTH, MESSAGE, issuer_check=verdict, extended=extended), Guarded(single))
        assert single.commands <= one
        assert reading.issuer_check == ("not_done" if verdict is None else "genuine")
        visit = Counted(card)
        seen = run(preview(extended=extended), Guarded(visit))
        run(
            read_whole(
                TEXT,
                AUTH,
                MESSAGE,
                issuer_check=verdict,
                expected_certificate=seen.certificate,
                extended=seen.extended_length,
            ),
            Guarded(visit),
        )
        assert visit.commands <= two


def test_a_card_without_extended_length_is_read_all_the_same(wallet: Wallet) -> None:
    card = wallet.open_with(HOLDER, NOW, [], behaviour=Behaviour(extended_length=False))
    for extended in (True, ExtendedLength.AUTO, ExtendedLength.DECLARED):
        assert getattr(on(card, read_whole(TEXT, AUTH, MESSAGE, extended=extended)), "signature", None)


def test_another_persons_card_at_the_second_meeting_gets_no_pin(wallet: Wallet) -> None:
    seen = on(wallet.open_card(HOLDER, NOW), preview())
    other = wallet.open_card("TP-02", NOW)
    with pytest.raises(AnotherCard):
        on(other, read_whole(TEXT, AUTH, MESSAGE, expected_certificate=seen.certificate))
    assert on(other, recount(PinKind.TEXT)) == 3


def test_a_phone_and_other_kinds_of_card_are_told_apart(wallet: Wallet) -> None:
    for kind, outcome in (("android", Outcome.PHONE_TOKEN), ("driving_licence", Outcome.NOT_THIS_CARD)):
        card = wallet.open_with(HOLDER, NOW, [faults.parse(kind)])
        with pytest.raises(CardProblem) as caught:
            on(card, preview())
        assert caught.value.outcome is outcome
