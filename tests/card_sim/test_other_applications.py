"""card.md 2, 3.3, 3.4, 5 and 7: the applications a benefit service never reads, so far as anything is known of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from card_sim.card import SimulatedCard
from card_sim.files import NO_FILE_ID, VISUAL, ref
from card_sim.issuer import TestIssuer
from card_sim.people import Persona
from card_sim.profile import CardProfile
from card_sim.wallet import Wallet
from tests.card_sim.conftest import NOW
from tests.card_sim.talk import (
    DIGEST_INFO_PREFIX,
    SELECT_COMMON,
    SELECT_JPKI,
    SELECT_RESIDENCE,
    SELECT_TEXT,
    SELECT_VISUAL,
    Talk,
)

MY_NUMBER, NUMBER_B = b"999999999999", b"52071720327267"
MESSAGE = b"any message"


@pytest.fixture
def canary(people: Mapping[str, Persona]) -> Persona:
    return people["TP-CANARY"]


@pytest.mark.parametrize("select", [SELECT_TEXT, SELECT_JPKI, SELECT_VISUAL, SELECT_RESIDENCE, SELECT_COMMON])
def test_every_application_of_the_table_is_selected_by_its_whole_id_only(talk: Talk, select: str) -> None:
    aid = select.split()[1]
    assert talk.send(f"00A4040C0A{aid}") == "9000"
    assert talk.send(f"00A4040C09{aid[:-2]}") == "6A82"


class TestVisual:
    @pytest.mark.parametrize(("p2", "tries"), [("91", "63CA"), ("92", "63CA"), ("93", "63CA"), ("94", "6A88")])
    def test_its_three_secrets_have_counters(self, talk: Talk, p2: str, tries: str) -> None:
        talk.send(SELECT_VISUAL)
        assert talk.tries(p2) == tries

    @pytest.mark.parametrize(
        ("p2", "value", "opened"),
        [("91", NUMBER_B[:6], {1}), ("92", NUMBER_B, {2}), ("93", MY_NUMBER, {2, 5})],
    )
    def test_here_0012_is_b_and_0013_is_a(self, talk: Talk, p2: str, value: bytes, opened: set[int]) -> None:
        talk.send(SELECT_VISUAL)
        assert talk.verify(p2, value) == "9000"
        # What is opened is empty: no offset lies inside it. Its bytes are not known well enough to be made.
        answers = {sfi: talk.send(f"00B0{0x80 | sfi:02X}0000") for sfi in (1, 2, 5)}
        assert answers == {sfi: "6B00" if sfi in opened else "6982" for sfi in answers}

    def test_the_birth_date_is_that_of_the_era(self, talk: Talk, canary: Persona) -> None:
        talk.send(SELECT_VISUAL)
        assert talk.verify("91", b"770717") == "63C9"
        assert talk.verify("91", b"520717") == "9000"

    def test_its_certificate_comes_from_the_root_of_this_application(self, talk: Talk, issuer: TestIssuer) -> None:
        talk.send(SELECT_VISUAL)
        certificate = talk.read_file(0x04)
        assert len(certificate) == 568
        assert certificate[10:26] == b"9000023\x08\x05001" + bytes(4)

    def test_its_own_key_signs_without_a_pin_and_has_no_file_id(self, talk: Talk, canary_profile: CardProfile) -> None:
        talk.send(SELECT_VISUAL)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(MESSAGE)
        signature = talk.data(f"802A000033{DIGEST_INFO_PREFIX}{digest.finalize().hex()}00")
        key = canary_profile.private_keys[ref(VISUAL, NO_FILE_ID)].public_key()
        key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
        assert talk.send("00A4020C020000") == "6A82"


class TestCommon:
    @pytest.mark.parametrize("command", ["00B2010C00", "00B2010C1E"])
    def test_the_record_is_free_and_identifies_the_card(
        self, talk: Talk, issuer: TestIssuer, canary: Persona, command: str
    ) -> None:
        talk.send(SELECT_COMMON)
        serial = issuer.card_serial("TP-CANARY")
        assert talk.data(command) == b"\x01\x1c" + f"{serial:015d}9920120320717".encode()

    @pytest.mark.parametrize(
        ("apdu", "status"),
        [
            ("00B2020C00", "6A83"),
            ("00B2000C00", "6A83"),
            ("00B2010C", "6700"),
            ("00B2010D00", "6A86"),
            ("00B201F400", "6A82"),
            ("00B2010400", "6986"),
            ("00B201CC00", "6981"),  # the key 0019
            ("00B0810000", "6981"),  # a record file is not transparent
        ],
    )
    def test_edges_of_read_record(self, talk: Talk, apdu: str, status: str) -> None:
        talk.send(SELECT_COMMON)
        assert talk.send(apdu) == status

    def test_the_selected_file_can_be_left_unnamed(self, talk: Talk) -> None:
        talk.send(SELECT_COMMON)
        talk.send("00A4020C020001")
        assert talk.data("00B2010400") == talk.data("00B2010C00")


@pytest.mark.parametrize(("select", "pin"), [(SELECT_RESIDENCE, "residence_pin"), (SELECT_COMMON, "card_pin")])
class TestChangeKey:
    """These two applications change a PIN with CLA 80 INS 32, not with CHANGE REFERENCE DATA."""

    def test_the_pin_has_three_tries(self, talk: Talk, canary: Persona, select: str, pin: str) -> None:
        talk.send(select)
        assert talk.tries("9C") == "63C3"
        assert talk.verify("9C", getattr(canary, pin).encode()) == "9000"

    def test_change(self, talk: Talk, canary: Persona, select: str, pin: str) -> None:
        talk.send(select)
        talk.send("00A4020C02001C")
        assert talk.send("8032008004" + b"8642".hex()) == "6982"
        talk.verify("80", getattr(canary, pin).encode())
        assert talk.send("0024018004" + b"8642".hex()) == "6985"
        assert talk.send("8032018004" + b"8642".hex()) == "6A86"
        assert talk.send("8032008004" + b"8642".hex()) == "9000"
        assert talk.verify("80", b"8642") == "9000"


def test_the_pins_of_one_holder_differ_between_applications(canary: Persona) -> None:
    pins = [canary.pins.text, canary.pins.auth, canary.residence_pin, canary.card_pin]
    assert len(set(pins)) == 4


def test_change_key_is_for_those_two_alone(talk: Talk) -> None:
    talk.send(SELECT_TEXT)
    talk.verify("91", b"2580")
    assert talk.send("8032009104" + b"1357".hex()) == "6985"


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        ("00CA5F5100", "E000FF8131FE45149000"),  # the contact ATR without its first byte
        ("00CA5F5108", "E000FF8131FE45149000"),
        ("00CA5F5104", "6700"),
        ("00CA5F51", "6700"),
        ("00CADF3005", "6A88"),
        ("00CA004500", "6A88"),  # the card id: its form is not known, so it is not simulated
    ],
)
def test_get_data_knows_what_is_known(talk: Talk, apdu: str, answer: str) -> None:
    assert talk.send(apdu) == answer


@pytest.mark.parametrize("fid", ["0005", "0009", "0010", "0019", "001C", "001E"])
def test_files_nobody_knows_can_be_selected_and_show_nothing(talk: Talk, fid: str) -> None:
    talk.send(SELECT_JPKI)
    assert talk.send(f"00A4020C02{fid}") == "9000"
    assert talk.send("00B0000000") == "6982"


def test_a_face_authentication_card_has_no_four_digit_pin_anywhere(wallet: Wallet) -> None:
    talk = Talk.powered(wallet.open_card("TP-23", NOW))
    for select, p2 in ((SELECT_TEXT, "91"), (SELECT_JPKI, "98"), (SELECT_RESIDENCE, "9C"), (SELECT_COMMON, "9C")):
        talk.send(select)
        assert talk.tries(p2) == "6A88"
    talk.send(SELECT_TEXT)
    assert talk.tries("95") == "63CA", "what is printed on the face still works"


def test_a_phone_has_none_of_them(card: SimulatedCard, canary_profile: CardProfile) -> None:
    from card_sim.personalise import phone_profile

    talk = Talk.powered(SimulatedCard(phone_profile(canary_profile)))
    for select in (SELECT_TEXT, SELECT_VISUAL, SELECT_RESIDENCE, SELECT_COMMON):
        assert talk.send(select) == "6A82"
