"""card.md section 13: what the card answers to each command, byte for byte."""

from __future__ import annotations

import dataclasses

import pytest

from card_sim.card import SimulatedCard
from card_sim.personalise import phone_profile
from card_sim.profile import CONTACT_ATR, Behaviour, CardProfile
from tests.card_sim.talk import (
    AUTH_PIN,
    SELECT_COMMON,
    SELECT_JPKI,
    SELECT_RESIDENCE,
    SELECT_TEXT,
    SELECT_VISUAL,
    SIGN_PASSWORD,
    TEXT_PIN,
    Talk,
)


def with_behaviour(profile: CardProfile, **switches: object) -> Talk:
    behaviour = dataclasses.replace(Behaviour(), **switches)  # type: ignore[arg-type]  # switches are of several types
    return Talk.powered(SimulatedCard(dataclasses.replace(profile, behaviour=behaviour)))


def test_the_atr_spells_test_and_its_check_byte_is_right(card: SimulatedCard) -> None:
    assert card.atr == card.power_on() == bytes.fromhex("3B88800154455354B381A1008C")
    check = 0
    for byte in card.atr[1:]:
        check ^= byte
    assert check == 0


def test_a_contact_atr_can_be_chosen(canary_profile: CardProfile) -> None:
    assert with_behaviour(canary_profile, atr=CONTACT_ATR).card.atr.hex() == "3be000ff8131fe4514"


def test_without_power_there_is_only_6f00(card: SimulatedCard) -> None:
    assert Talk(card).send(SELECT_TEXT) == "6F00"
    card.power_on()
    card.power_off()
    assert Talk(card).send(SELECT_TEXT) == "6F00"


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        (SELECT_TEXT, "9000"),
        (SELECT_JPKI, "9000"),
        ("00A4040C09 D39210003100010104", "6A82"),  # a prefix selects nothing
        ("00A4040C0B D392F00026010000000100", "6A82"),
        ("00A4040C", "6A82"),
        ("00A4040C07 A0000001510000", "9000"),
        ("00A4040007 627601FF000000", "6A82"),  # one of OpenSC's probes
        ("00A4060C0A D392F000260100000001", "6A86"),
        ("00A404010A D392F000260100000001", "6A86"),
        ("00A4020C02 0018", "6986"),
        ("00A40000", "6A86"),
        ("00CADF3005", "6A88"),
        ("00CB3FFF035C017E08", "6D00"),
        ("00B0820000", "6986"),
        ("00B0000000", "6986"),
        ("00200091", "6A88"),
        ("00200080", "6986"),
        ("802A009701AA00", "6986"),
        ("01A4040C0AD392F000260100000001", "6881"),
        ("04A4040C0AD392F000260100000001", "6882"),
        ("0CA4040C0AD392F000260100000001", "6882"),
        ("10A4040C0AD392F000260100000001", "6E00"),
        ("90A4040C0AD392F000260100000001", "6E00"),
        ("80A4040C0AD392F000260100000001", "6D00"),
        ("00A4040C0BD392F000260100000001", "6700"),
        ("00", "6700"),
    ],
)
def test_answers_of_a_cold_card(talk: Talk, apdu: str, status: str) -> None:
    assert talk.send(apdu) == status


def test_select_with_le_and_p2_00_gives_control_information(talk: Talk) -> None:
    assert talk.send("00A404000A D392F000260100000001 00") == "6F0C840AD392F0002601000000019000"
    assert talk.send("00A404000A D392F000260100000001") == "9000"


def test_select_mf_has_no_effect_once_an_application_is_selected(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    assert talk.send("00A40000") == "9000"
    assert talk.send("00A4020C020018") == "9000"


@pytest.mark.parametrize(
    ("application", "fids"),
    [
        (SELECT_TEXT, "0001 0002 0003 0004 0005 0006 0007 0008 0011 0012 0013 0014 0015"),
        (
            SELECT_JPKI,
            "0001 0002 0005 0006 0008 0009 000A 000B 0010 0016 0017 0018 0019 001A 001B 001C 001E",
        ),
        (SELECT_VISUAL, "0001 0002 0003 0004 0005 0011 0012 0013"),
        (SELECT_RESIDENCE, "0002 001C"),
        (SELECT_COMMON, "0001 0019 001C"),
    ],
)
def test_every_file_can_be_selected_even_if_it_cannot_be_read(talk: Talk, application: str, fids: str) -> None:
    talk.send(application)
    assert {talk.send(f"00A4020C02{fid}") for fid in fids.split()} == {"9000"}
    assert talk.send("00A4020C020099") == "6A82"
    assert talk.send("00A4020C0100") == "6700"


def test_select_application_deselects_the_file(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    talk.send("00A4020C02000A")
    talk.send(SELECT_JPKI)
    assert talk.send("00B0000000") == "6986"


class TestReadBinary:
    def test_free_files_are_read_by_short_id_and_by_selection(self, talk: Talk) -> None:
        talk.send(SELECT_TEXT)
        by_sfi = talk.data("00B0850000")
        talk.send("00A4020C020005")
        assert talk.data("00B0000000") == by_sfi

    def test_a_read_by_short_id_makes_the_file_current(self, talk: Talk) -> None:
        talk.send(SELECT_TEXT)
        first = talk.data("00B0840010")
        assert talk.data("00B0000010") == first
        assert talk.data("00B0001010") == talk.data("00B0841010")

    @pytest.mark.parametrize(("sfi", "fid"), [("81", "0001"), ("82", "0002"), ("83", "0003"), ("86", "0006")])
    def test_protected_files_answer_6982(self, talk: Talk, sfi: str, fid: str) -> None:
        talk.send(SELECT_TEXT)
        assert talk.send(f"00B0{sfi}0000") == "6982"
        assert talk.send(f"00A4020C02{fid}") == "9000"
        assert talk.send("00B0000000") == "6982"

    @pytest.mark.parametrize(
        ("apdu", "status"),
        [
            ("00B0910000", "6981"),  # a PIN file
            ("00B0930000", "6981"),  # a private key
            ("00B09E0000", "6A82"),
            ("00B0A50000", "6A86"),
            ("00B085A400", "6B00"),  # offset 164 of 164
            ("00B0850000 0000", "9000"),
            ("00B08500", "6700"),
            ("00B0850001AA", "6700"),
        ],
    )
    def test_edges(self, talk: Talk, apdu: str, status: str) -> None:
        talk.send(SELECT_TEXT)
        assert talk.status(apdu) == status

    def test_le_beyond_the_end_gives_what_is_there(self, talk: Talk) -> None:
        talk.send(SELECT_TEXT)
        assert len(talk.data("00B085A300")) == 1
        assert len(talk.data("00B0850010")) == 16

    def test_one_extended_read_gives_the_whole_certificate(self, talk: Talk) -> None:
        talk.send(SELECT_JPKI)
        whole = talk.data("00B08A00000000")
        assert len(whole) > 1000
        assert whole == talk.read_file(0x0A)
        assert whole.startswith(b"\x30\x82")

    def test_a_card_without_extended_length_says_6700(self, canary_profile: CardProfile) -> None:
        talk = with_behaviour(canary_profile, extended_length=False)
        talk.send(SELECT_JPKI)
        assert talk.send("00B08A00000000") == "6700"
        assert talk.status("00B08A0000") == "9000"


class TestAccess:
    """Section 3: which secret opens which file."""

    @pytest.mark.parametrize(
        ("p2", "value", "opened"),
        [
            ("91", TEXT_PIN, {1, 2, 3, 6, 7}),
            ("94", b"999999999999", {1, 3, 6, 7}),  # 照合番号A does not open the four items
            ("95", b"52071720327267", {2, 3, 6, 7}),
        ],
    )
    def test_text_application(self, talk: Talk, p2: str, value: bytes, opened: set[int]) -> None:
        talk.send(SELECT_TEXT)
        assert talk.verify(p2, value) == "9000"
        readable = {sfi for sfi in range(1, 9) if talk.status(f"00B0{0x80 | sfi:02X}0001") == "9000"}
        assert readable == opened | {4, 5, 8}

    @pytest.mark.parametrize(("p2", "value", "opened"), [("98", AUTH_PIN, set[int]()), ("9B", SIGN_PASSWORD, {0x01})])
    def test_jpki_application(self, talk: Talk, p2: str, value: bytes, opened: set[int]) -> None:
        talk.send(SELECT_JPKI)
        assert talk.verify(p2, value) == "9000"
        files = (0x01, 0x02, 0x06, 0x08, 0x0A, 0x0B)
        readable = {sfi for sfi in files if talk.status(f"00B0{0x80 | sfi:02X}0001") == "9000"}
        assert readable == opened | {0x02, 0x06, 0x08, 0x0A, 0x0B}

    def test_the_key_of_the_other_application_opens_nothing_here(self, canary_profile: CardProfile) -> None:
        talk = with_behaviour(canary_profile, clear_on_select=False)
        talk.send(SELECT_TEXT)
        talk.verify("91", TEXT_PIN)
        talk.send(SELECT_JPKI)
        assert talk.send("00B0810001") == "6982"


@pytest.mark.parametrize(("clear_on_select", "after"), [(True, "6982"), (False, "9000")])
def test_selecting_an_application_ends_the_verified_state_if_told_so(
    canary_profile: CardProfile, clear_on_select: bool, after: str
) -> None:
    talk = with_behaviour(canary_profile, clear_on_select=clear_on_select)
    talk.send(SELECT_TEXT)
    talk.verify("91", TEXT_PIN)
    talk.send(SELECT_JPKI)
    talk.send(SELECT_TEXT)
    assert talk.status("00B0820001") == after


@pytest.mark.parametrize(("clear_on_reset", "after"), [(True, "6982"), (False, "9000")])
def test_a_warm_reset_keeps_the_verified_state_unless_told_so(
    canary_profile: CardProfile, clear_on_reset: bool, after: str
) -> None:
    talk = with_behaviour(canary_profile, clear_on_reset=clear_on_reset, clear_on_select=False)
    talk.send(SELECT_TEXT)
    talk.verify("91", TEXT_PIN)
    talk.card.reset()
    assert talk.send("00B0820001") == "6986"
    talk.send(SELECT_TEXT)
    assert talk.status("00B0820001") == after


def test_power_off_and_the_issuer_domain_end_the_verified_state(canary_profile: CardProfile) -> None:
    talk = with_behaviour(canary_profile, clear_on_select=False)
    for forget in ("power", "00A4040C07A0000001510000"):
        talk.send(SELECT_TEXT)
        talk.verify("91", TEXT_PIN)
        assert talk.status("00B0820001") == "9000"
        if forget == "power":
            talk.card.power_off()
            talk.card.power_on()
        else:
            talk.send(forget)
        talk.send(SELECT_TEXT)
        assert talk.status("00B0820001") == "6982"


def test_the_first_command_may_be_answered_6f00(canary_profile: CardProfile) -> None:
    talk = with_behaviour(canary_profile, first_command_6f00=True)
    assert [talk.send(SELECT_TEXT), talk.send(SELECT_TEXT)] == ["6F00", "9000"]
    talk.card.power_on()
    assert talk.send(SELECT_TEXT) == "6F00"


def test_get_challenge_gives_exactly_what_was_asked_for(talk: Talk) -> None:
    assert len(talk.data("0084000000")) == 256
    assert len(talk.data("0084000020")) == 32
    assert talk.data("0084000020") != talk.data("0084000020")
    assert talk.send("00840000000020") == "6985"
    assert talk.send("0084000120") == "6A86"
    assert talk.send("00840000") == "6700"


def test_a_phone_has_no_text_application_and_hides_its_certificate(canary_profile: CardProfile) -> None:
    talk = Talk.powered(SimulatedCard(phone_profile(canary_profile)))
    assert talk.send(SELECT_TEXT) == "6A82"
    assert talk.send(SELECT_JPKI) == "9000"
    assert talk.data("00B0860020") == b"JPKIAPGPSETOKEN".ljust(32)
    assert talk.send("00B08A0000") == "6982"
    assert talk.verify("98", AUTH_PIN) == "9000"
    assert talk.status("00B08A0000") == "9000"


def test_a_card_tells_its_label(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    assert talk.data("00B0860020") == b"JPKIAPICCTOKEN2".ljust(32)
