"""Procedures P1 to P9: the commands they send, byte by byte, and each way they can end (card.md sections 5 to 8)."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from nfc.pins import PinKind
from nfc.problems import AnotherCard, CardProblem, Outcome
from nfc.procedures import (
    CardPreview,
    Procedure,
    identify,
    preview,
    query_tries,
    read_authentication_certificate,
    read_four_information,
    read_whole,
    sign_challenge,
)
from tests.nfc.scripted_card import (
    ADDRESS_A,
    JPKI,
    NAME_A,
    RECORD_0003,
    RECORD_0004,
    SIGNING_KEY,
    VECTOR_A,
    ScriptedCard,
    certificate,
    sw,
)
from tests.nfc.scripted_card import TEXT as TEXT_AID
from tests.nfc.sessions import (
    AUTH,
    TEXT,
    pins_sent,
    read,
    refused,
)

SELECT_TEXT = "00A4040C0AD3921000310001010408"
SELECT_JPKI = "00A4040C0AD392F000260100000001"
MESSAGE = b"what the card signs"


def answering(answers: dict[str, bytes]) -> Callable[[bytes, int], bytes | None]:
    """An override: commands that begin with the given hexadecimal text get the given answer."""

    def override(apdu: bytes, index: int) -> bytes | None:
        text = apdu.hex().upper()
        return next((answer for begin, answer in answers.items() if text.startswith(begin)), None)

    return override


def traffic(card: ScriptedCard) -> list[str]:
    return [apdu.hex().upper() for apdu in card.sent]


def test_the_four_information_take_four_exchanges_with_these_bytes() -> None:
    card = ScriptedCard()
    four = read(read_four_information(TEXT), card)
    assert (four.name, four.address, four.birth_date, four.sex) == (NAME_A, ADDRESS_A, "19800217", "1")
    assert traffic(card) == [SELECT_TEXT, "00200091", "0020009104" + b"2580".hex(), "00B0820000"]
    assert not card.powered


def test_the_signature_is_over_the_sha256_of_the_message_and_verifies_with_the_public_key() -> None:
    card = ScriptedCard()

    def session() -> Procedure[bytes]:
        yield from read_authentication_certificate()
        return (yield from sign_challenge(MESSAGE, AUTH))

    signature = read(session(), card)
    SIGNING_KEY.public_key().verify(signature, MESSAGE, PKCS1v15(), SHA256())
    sign = traffic(card)[-1]
    assert sign.startswith("802A009733" + "3031300D060960864801650304020105000420")
    assert sign.endswith("00")
    assert len(sign) == 2 * (5 + 51 + 1)


def test_the_preview_sends_no_pin_and_looks_at_the_text_application_first() -> None:
    card = ScriptedCard()
    card.keys[(TEXT_AID, 0x11)].tries = 2
    assert read(preview(), card) == CardPreview(2, 3, certificate(1400))
    assert traffic(card)[:5] == [SELECT_TEXT, "00200091", SELECT_JPKI, "00200098", "00B08A0000"]
    assert pins_sent(card) == []


def test_the_whole_application_gives_all_three_things_from_one_session() -> None:
    card = ScriptedCard()
    reading = read(read_whole(TEXT, AUTH, MESSAGE), card)
    assert reading.four_information.name == NAME_A
    assert reading.certificate == certificate(1400)
    assert reading.issuer_check == "not_done"
    SIGNING_KEY.public_key().verify(reading.signature, MESSAGE, PKCS1v15(), SHA256())
    assert card.times_powered_on == 1


def test_results_show_neither_personal_data_nor_certificate() -> None:
    card = ScriptedCard()
    shown = repr(read(read_whole(TEXT, AUTH, MESSAGE), card)) + repr(read(preview(), ScriptedCard()))
    assert NAME_A not in shown
    assert repr(certificate(1400)[:8])[2:-1] not in shown


# The issuer check (P7).


def test_the_issuer_check_gets_the_three_files_and_its_verdict_is_all_that_remains() -> None:
    seen: list[tuple[bytes, bytes, bytes]] = []
    kept: list[bytearray] = []

    def check(content: bytes, record: bytearray, signer: bytes) -> str:
        seen.append((content, bytes(record), signer))
        kept.append(record)
        return "genuine"

    reading = read(read_whole(TEXT, AUTH, MESSAGE, issuer_check=check), ScriptedCard())
    assert seen == [(VECTOR_A, RECORD_0003, RECORD_0004)]
    assert reading.issuer_check == "genuine"
    assert kept == [bytearray(len(RECORD_0003))], "EF 0003 is overwritten (N3)"


@pytest.mark.parametrize("answer", [sw(0x6A82), b"\xff" * 20 + sw(0x9000)], ids=["not there", "no object"])
def test_a_card_without_readable_records_is_a_finding_and_not_the_end(answer: bytes) -> None:
    card = ScriptedCard(override=answering({"00B083": answer}))
    reading = read(read_whole(TEXT, AUTH, MESSAGE, issuer_check=lambda *_: "genuine"), card)
    assert reading.issuer_check == "malformed"


def test_a_fault_of_the_card_during_the_issuer_check_ends_the_session() -> None:
    card = ScriptedCard(override=answering({"00B083": sw(0x6281)}))
    problem = refused(read_whole(TEXT, AUTH, MESSAGE, issuer_check=lambda *_: "genuine"), card)
    assert problem.outcome is Outcome.CARD_FAULT


def test_another_card_than_the_previewed_one_is_shown_no_pin_at_all() -> None:
    other = bytearray(certificate(1400))
    other[400] ^= 1
    for card in (ScriptedCard(certificate=bytes(other)), ScriptedCard(certificate=None)):
        problem = refused(read_whole(TEXT, AUTH, MESSAGE, expected_certificate=certificate(1400)), card)
        assert isinstance(problem, AnotherCard)
        assert problem.outcome is Outcome.CARD_REMOVED
        assert pins_sent(card) == []


def test_a_foreign_card_instead_of_the_previewed_one_is_another_card() -> None:
    card = ScriptedCard(override=lambda *_: sw(0x6A82))
    problem = refused(read_whole(TEXT, AUTH, MESSAGE, expected_certificate=certificate(1400)), card)
    assert isinstance(problem, AnotherCard)


@pytest.mark.parametrize("answer", [sw(0x6A86), sw(0x9000), b"\x30" + sw(0x9000)])
def test_a_card_that_gives_no_part_of_its_certificate_is_compared_by_the_whole_of_it(answer: bytes) -> None:
    card = ScriptedCard(override=answering({"00B08AFF": answer}))
    assert read(read_whole(TEXT, AUTH, MESSAGE, expected_certificate=certificate(1400)), card).signature
    other = ScriptedCard(certificate=certificate(1500), override=answering({"00B08AFF": answer}))
    problem = refused(read_whole(TEXT, AUTH, MESSAGE, expected_certificate=certificate(1400)), other)
    assert isinstance(problem, AnotherCard)


def test_the_previewed_card_is_made_sure_of_by_one_select_and_one_read() -> None:
    card = ScriptedCard()
    reading = read(read_whole(TEXT, AUTH, MESSAGE, expected_certificate=certificate(1400)), card)
    assert reading.certificate == certificate(1400)
    SIGNING_KEY.public_key().verify(reading.signature, MESSAGE, PKCS1v15(), SHA256())
    assert traffic(card)[:3] == [SELECT_JPKI, "00B08AFF00", "00200098"]
    assert len(card.sent) == 9


def test_a_last_try_is_used_only_for_the_pin_the_person_was_told_about() -> None:
    card = ScriptedCard()
    for key in card.keys.values():
        key.tries = 1
    problem = refused(read_whole(TEXT, AUTH, MESSAGE, allow_last_try={PinKind.TEXT}), card)
    assert (problem.outcome, problem.pin_kind) == (Outcome.LAST_TRY, PinKind.AUTH)
    assert card.keys[(TEXT_AID, 0x11)].tries == 3
    assert read(read_whole(TEXT, AUTH, MESSAGE, allow_last_try={PinKind.AUTH}), card).signature


# What lies on the reader (P1, P5).


@pytest.mark.parametrize(
    ("label", "outcome"),
    [
        (b"JPKIAPGPSETOKEN", Outcome.PHONE_TOKEN),
        (b"JPKIAPIOSTOKEN", Outcome.PHONE_TOKEN),
        (b"JPKIAPICCTOKEN", Outcome.NOT_THIS_CARD),
        (b"JPKIAPICCTOKEN2", Outcome.NOT_THIS_CARD),
        (b"", Outcome.NOT_THIS_CARD),
    ],
)
def test_without_the_text_application_the_token_label_tells_a_phone_from_another_card(
    label: bytes, outcome: Outcome
) -> None:
    card = ScriptedCard(has_text_application=False, token_label=label)
    assert refused(identify(), card).outcome is outcome
    assert traffic(card) == [SELECT_TEXT, SELECT_JPKI, "00B0860020"]


@pytest.mark.parametrize("word", [0x6A82, 0x6D00, 0x6E00])
def test_any_other_card_is_told_as_not_this_card(word: int) -> None:
    card = ScriptedCard(override=lambda *_: sw(word))
    assert refused(identify(), card).outcome is Outcome.NOT_THIS_CARD
    assert traffic(card) == [SELECT_TEXT, SELECT_JPKI]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [(0x6283, Outcome.CARD_UNUSABLE), (0x6A86, Outcome.ORDER_BUG), (0x6581, Outcome.CARD_FAULT)],
)
def test_a_failed_select_of_the_right_card_is_told_by_its_status_word(word: int, outcome: Outcome) -> None:
    card = ScriptedCard(override=lambda *_: sw(word))
    assert refused(identify(), card).outcome is outcome


def test_6f00_to_the_first_command_after_power_on_is_asked_once_more() -> None:
    once = ScriptedCard(override=lambda _, index: sw(0x6F00) if index == 0 else None)
    read(identify(), once)
    assert traffic(once) == [SELECT_TEXT, SELECT_TEXT]
    always = ScriptedCard(override=lambda *_: sw(0x6F00))
    assert refused(identify(), always).outcome is Outcome.CARD_FAULT
    assert len(always.sent) == 2


def test_6f00_to_a_later_select_stops() -> None:
    card = ScriptedCard(override=answering({SELECT_JPKI: sw(0x6F00)}))
    assert refused(preview(), card).outcome is Outcome.CARD_FAULT
    assert traffic(card).count(SELECT_JPKI) == 1


def test_a_memory_failure_of_select_or_read_is_tried_once_more() -> None:
    card = ScriptedCard(override=lambda _, index: sw(0x6581) if index in (0, 4) else None)
    assert read(read_four_information(TEXT), card).name == NAME_A
    assert traffic(card).count(SELECT_TEXT) == traffic(card).count("00B0820000") == 2


def test_a_card_without_certificate_costs_no_pin() -> None:
    card = ScriptedCard(certificate=None)
    assert refused(preview(), card).outcome is Outcome.NO_CERTIFICATE
    assert pins_sent(card) == []


def test_a_certificate_that_wants_a_pin_first_is_a_phone() -> None:
    card = ScriptedCard(override=answering({"00B08A": sw(0x6982)}))
    assert refused(read_authentication_certificate(), card).outcome is Outcome.PHONE_TOKEN


def test_malformed_four_information_end_before_the_authentication_pin_is_used() -> None:
    card = ScriptedCard(four_information=VECTOR_A[:7] + b"\x0f" + VECTOR_A[8:])
    assert refused(read_whole(TEXT, AUTH, MESSAGE), card).outcome is Outcome.MALFORMED
    assert len(pins_sent(card)) == 1


def test_a_problem_tells_facts_and_no_data() -> None:
    problem = CardProblem(Outcome.WRONG_PIN, PinKind.AUTH, 2, 0x63C2)
    assert str(problem) == "wrong_pin pin=auth tries_left=2 sw=63C2"
    assert repr(problem) == "CardProblem(wrong_pin pin=auth tries_left=2 sw=63C2)"


def test_a_query_in_the_wrong_application_is_an_order_bug() -> None:
    card = ScriptedCard(override=answering({"00200098": sw(0x6985)}))

    def session() -> Procedure[int | None]:
        yield from identify()
        return (yield from query_tries(PinKind.AUTH))

    problem = refused(session(), card)
    assert (problem.outcome, problem.pin_kind) == (Outcome.ORDER_BUG, PinKind.AUTH)
    assert JPKI not in [apdu[5:] for apdu in card.sent]
