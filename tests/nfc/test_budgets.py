"""The round trips of card.md section 8: a procedure that needs more fails here."""

from datetime import date

import pytest

from nfc.counter import change_pin, number_b, read_four_information_by_number_b
from nfc.pins import Pin, PinKind
from nfc.procedures import (
    ExtendedLength,
    Procedure,
    ProofRequest,
    preview,
    prove_card,
    read_authentication_certificate,
    read_four_information,
    read_integrity_record,
    read_whole,
    sign_challenge,
)
from nfc.transports import run
from tests.nfc.scripted_card import ScriptedCard, certificate
from tests.nfc.sessions import AUTH, TEXT, Counting, assert_every_verify_follows_its_query

MESSAGE = b"message"


def exchanges(procedure: Procedure[object], card: ScriptedCard) -> int:
    transport = Counting(card)
    run(procedure, transport)
    assert_every_verify_follows_its_query(card.sent)
    return transport.exchanges


def signature_session() -> Procedure[object]:
    yield from read_authentication_certificate()
    return (yield from sign_challenge(MESSAGE, AUTH))


def issuer_session(*, extended: bool) -> Procedure[object]:
    yield from read_four_information(TEXT)
    return (yield from read_integrity_record(extended=extended))


def test_four_information_in_4() -> None:
    assert exchanges(read_four_information(TEXT), ScriptedCard()) == 4


@pytest.mark.parametrize(("extended", "allowed"), [(False, 5), (True, 2)])
def test_the_issuer_check_adds_5_short_or_2_extended(extended: bool, allowed: int) -> None:
    assert exchanges(issuer_session(extended=extended), ScriptedCard()) == 4 + allowed


@pytest.mark.parametrize("size", [1346, 1527])
def test_the_signature_takes_4_and_its_certificate_6_more(size: int) -> None:
    assert exchanges(signature_session(), ScriptedCard(certificate=certificate(size))) == 4 + 6


@pytest.mark.parametrize("size", [1346, 1400, 1527])
def test_the_whole_application_takes_14_short_and_9_extended(size: int) -> None:
    card = certificate(size)
    assert exchanges(read_whole(TEXT, AUTH, MESSAGE), ScriptedCard(certificate=card)) == 14
    assert exchanges(read_whole(TEXT, AUTH, MESSAGE, extended=True), ScriptedCard(certificate=card)) == 9


def test_the_whole_application_with_issuer_check_takes_19_short_and_11_extended() -> None:
    for extended, allowed in ((False, 19), (True, 11)):
        procedure = read_whole(TEXT, AUTH, MESSAGE, issuer_check=lambda *_: "genuine", extended=extended)
        assert exchanges(procedure, ScriptedCard()) == allowed


@pytest.mark.parametrize(("extended", "allowed"), [(False, 4), (True, 2)])
def test_the_proof_of_a_live_card_adds_4_short_or_2_extended(extended: bool, allowed: int) -> None:
    def session() -> Procedure[object]:
        yield from read_four_information(TEXT)
        return (yield from prove_card(bytes(32), extended=extended))

    assert exchanges(session(), ScriptedCard()) == 4 + allowed


@pytest.mark.parametrize(
    ("extended", "first", "second", "with_issuer_check"),
    [
        (ExtendedLength.OFF, 10, 9, 14),
        (ExtendedLength.AUTO, 5, 9, 11),
        (ExtendedLength.DECLARED, 6, 9, 11),
    ],
)
def test_the_two_meetings_of_a_visit(extended: ExtendedLength, first: int, second: int, with_issuer_check: int) -> None:
    """The preview, and the reading that first makes sure of the card; that alone keeps to 9 and 14, and 11 and 19."""
    transport = Counting(ScriptedCard())
    seen = run(preview(extended=extended), transport)
    assert transport.exchanges == first
    for check, allowed in ((None, second), (lambda *_: "genuine", with_issuer_check)):
        procedure = read_whole(
            TEXT,
            AUTH,
            MESSAGE,
            issuer_check=check,
            expected_certificate=seen.certificate,
            extended=seen.extended_length,
        )
        assert exchanges(procedure, ScriptedCard()) == allowed


@pytest.mark.parametrize(("extended", "allowed"), [(False, 14 + 4), (True, 11 + 2)])
def test_the_proof_adds_as_much_to_a_visit(extended: bool, allowed: int) -> None:
    proof = ProofRequest(bytes(32), lambda *_: "live")
    procedure = read_whole(
        TEXT,
        AUTH,
        MESSAGE,
        issuer_check=lambda *_: "genuine",
        proof=proof,
        expected_certificate=ScriptedCard().certificate,
        extended=extended,
    )
    assert exchanges(procedure, ScriptedCard()) == allowed


def test_the_way_by_number_b_takes_4_and_a_change_of_pin_5() -> None:
    number = number_b(date(1980, 2, 17), 2035, "2285")
    assert exchanges(read_four_information_by_number_b(number, counter=True), ScriptedCard()) == 4
    assert exchanges(change_pin(TEXT, Pin(PinKind.TEXT, "1111"), counter=True), ScriptedCard()) == 5
