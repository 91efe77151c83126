"""The round trips of card.md section 8: a procedure that needs more fails here."""

import pytest

from nfc.procedures import (
    Procedure,
    preview,
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


def test_the_whole_application_with_issuer_check_takes_5_more() -> None:
    assert exchanges(read_whole(TEXT, AUTH, MESSAGE, issuer_check=lambda *_: "genuine"), ScriptedCard()) == 19


def test_the_preview_takes_10() -> None:
    assert exchanges(preview(), ScriptedCard()) == 10
