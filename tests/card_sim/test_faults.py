"""card.md 13, row Faults: what a tester can switch on, and that nothing else about the card changes."""

from __future__ import annotations

import socket
from datetime import datetime

import pytest
from cryptography import x509

from card_sim import faults
from card_sim.card import SimulatedCard
from card_sim.disturbances import Card, CardGone, Slow
from card_sim.faults import FAULTS, NUMBER_MAX, Group, UnknownFault
from card_sim.files import JPKI, ref
from card_sim.vpcd import Place, VirtualCardConnection
from card_sim.wallet import Wallet
from tests.card_sim.talk import AUTH_PIN, DIGEST_INFO_PREFIX, SELECT_JPKI, SELECT_TEXT, TEXT_PIN, Talk

HOLDER = "TP-CANARY"
VERIFY_TEXT = bytes.fromhex("0020009104") + TEXT_PIN
VERIFY_WRONG = bytes.fromhex("0020009104") + b"0000"

# A whole visit in the hand-written commands of other programs, ending with the signature.
VISIT = tuple(
    bytes.fromhex(text)
    for text in (
        *(SELECT_TEXT, "00200091", VERIFY_TEXT.hex(), "00B0820000", "00B0830000", "00B0010000", "00B0840000"),
        *(SELECT_JPKI, "00200098", "00B08A0000", "00B0010000", "00B0020000", "00B0030000", "00B0040000"),
        *("0020009804" + AUTH_PIN.hex(), f"802A009733{DIGEST_INFO_PREFIX}{'00' * 32}00"),
    )
)


def with_faults(wallet: Wallet, now: datetime, *texts: str, person_id: str = HOLDER) -> Card:
    return wallet.open_with(person_id, now, [faults.parse(text) for text in texts])


def certificate_of(card: Card) -> x509.Certificate:
    assert isinstance(card, SimulatedCard)
    return x509.load_der_x509_certificate(card.profile.contents[ref(JPKI, 0x000A)])


class TestNames:
    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            ("contact_lost:7", "contact_lost:7"),
            ("contact_lost", "contact_lost:5"),
            ("revoked", "revoked"),
            (f"slow:{NUMBER_MAX}", f"slow:{NUMBER_MAX}"),
        ],
    )
    def test_a_fault_is_written_as_name_and_number(self, text: str, canonical: str) -> None:
        assert str(faults.parse(text)) == canonical

    @pytest.mark.parametrize(
        "text",
        ["", "nothing", "revoked:1", "contact_lost:", "contact_lost:0", "slow:-1", "slow:60001", "slow:１", "slow:a"],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownFault):
            faults.parse(text)

    def test_what_the_deliverable_lists_is_there(self) -> None:
        wanted = {
            *("contact_lost", "slow", "garbled", "wrong_length", "first_6f00", "blocked_text", "blocked_auth"),
            *("expired", "not_yet_valid", "revoked", "unknown_issuer", "renewed", "face_authentication"),
            *("driving_licence", "transport_card", "two_cards"),
        }
        assert wanted <= set(FAULTS)

    def test_every_group_has_faults_and_every_fault_a_title(self) -> None:
        assert {row.group for row in FAULTS.values()} == set(Group)
        assert len({row.title for row in FAULTS.values()}) == len(FAULTS)


class TestContact:
    @pytest.mark.parametrize("at", range(1, len(VISIT) + 1))
    def test_removal_at_every_command(self, wallet: Wallet, now: datetime, at: int) -> None:
        card = with_faults(wallet, now, f"contact_lost:{at}")
        card.power_on()
        for command in VISIT[: at - 1]:
            assert card.transmit(command)[-2:].hex() in ("9000", "63c3")
        for _ in range(2):
            with pytest.raises(CardGone):
                card.transmit(VISIT[at - 1])
        with pytest.raises(CardGone):
            card.power_on()
        assert wallet.tries_left(HOLDER).text == wallet.tries_left(HOLDER).auth == 3

    def test_a_wrong_pin_at_the_moment_of_removal_is_not_counted(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "contact_lost:2")
        card.power_on()
        card.transmit(VISIT[0])
        with pytest.raises(CardGone):
            card.transmit(VERIFY_WRONG)
        assert wallet.tries_left(HOLDER).text == 3

    def test_a_wrong_pin_right_before_removal_is(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "lost_after_verify")
        card.power_on()
        card.transmit(VISIT[0])
        assert card.transmit(VISIT[1]) == b"\x63\xc3", "a query is no VERIFY"
        with pytest.raises(CardGone):
            card.transmit(VERIFY_WRONG)
        with pytest.raises(CardGone):
            card.power_on()
        assert wallet.tries_left(HOLDER).text == 2

    def test_the_commands_are_counted_over_all_power_ups(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "contact_lost:3")
        for _ in range(2):
            card.power_on()
            assert card.transmit(VISIT[0]) == b"\x90\x00"
            card.power_off()
        card.power_on()
        with pytest.raises(CardGone):
            card.transmit(VISIT[0])

    def test_slow(self, card: SimulatedCard) -> None:
        pauses: list[float] = []
        slow = Slow(card, 250, pauses.append)
        slow.power_on()
        assert slow.transmit(VISIT[0]) == b"\x90\x00"
        assert slow.transmit(VISIT[1]) == b"\x63\xc3"
        assert pauses == [0.25, 0.25]

    @pytest.mark.parametrize(("fault", "answer"), [("garbled:2", b"\xc6\x66"), ("wrong_length:2", b"\x63")])
    def test_one_answer_is_spoilt_and_the_others_are_not(
        self, wallet: Wallet, now: datetime, fault: str, answer: bytes
    ) -> None:
        card = with_faults(wallet, now, fault)
        card.power_on()
        assert [card.transmit(command) for command in VISIT[:3]] == [b"\x90\x00", answer, b"\x90\x00"]

    def test_a_short_answer_lacks_half_of_its_data(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "wrong_length:4")
        card.power_on()
        assert [len(card.transmit(command)) for command in VISIT[:4]][-1] == 128 + 2

    def test_two_cards_give_no_answer(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "two_cards")
        assert card.power_on() == card.atr
        assert card.transmit(VISIT[0]) == b""

    def test_a_swapped_card_is_somebody_else_s_from_the_second_power_up_on(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "swapped")
        seen = []
        for _ in range(3):
            card.power_on()
            card.transmit(bytes.fromhex(SELECT_JPKI))
            seen.append(card.transmit(bytes.fromhex("00B08A00000000")))
            card.power_off()
        assert seen[0] != seen[1] == seen[2]

    def test_the_reader_loses_a_card_that_loses_contact(self, wallet: Wallet, now: datetime) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            stay = VirtualCardConnection(with_faults(wallet, now, "contact_lost:1"), *listener.getsockname())
            stay.insert()
            reader, _ = listener.accept()
            with reader:
                reader.settimeout(5)
                reader.sendall(b"\x00\x01\x01" + len(VISIT[0]).to_bytes(2) + VISIT[0])
                assert reader.recv(1) == b""
            assert stay.wait_until_removed(5)
            assert stay.place is Place.REMOVED


class TestPins:
    @pytest.mark.parametrize(
        ("fault", "blocked"),
        [("blocked_text", {"91"}), ("blocked_auth", {"98"}), ("blocked_sign", {"9B"}), ("blocked", {"91", "98", "9B"})],
    )
    def test_blocked(self, wallet: Wallet, now: datetime, fault: str, blocked: set[str]) -> None:
        card = with_faults(wallet, now, fault)
        assert isinstance(card, SimulatedCard)
        talk = Talk.powered(card)
        tries = {}
        for select, p2 in ((SELECT_TEXT, "91"), (SELECT_JPKI, "98"), (SELECT_JPKI, "9B")):
            talk.send(select)
            tries[p2] = talk.tries(p2)
        assert {p2 for p2, word in tries.items() if word == "63C0"} == blocked
        assert wallet.tries_left(HOLDER).text == 3, "without the fault the card is what it was"

    def test_a_blocked_pin_stays_blocked_and_the_other_counts_on(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "blocked_text")
        assert isinstance(card, SimulatedCard)
        talk = Talk.powered(card)
        talk.send(SELECT_TEXT)
        assert talk.verify("91", TEXT_PIN) == "6984"
        talk.send(SELECT_JPKI)
        assert talk.verify("98", b"0000") == "63C2"
        assert (wallet.tries_left(HOLDER).text, wallet.tries_left(HOLDER).auth) == (3, 2)

    def test_faults_can_be_combined(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "iso_block_word", "blocked_auth")
        assert isinstance(card, SimulatedCard)
        talk = Talk.powered(card)
        talk.send(SELECT_JPKI)
        assert talk.verify("98", AUTH_PIN) == "6983"


class TestCertificates:
    @pytest.mark.parametrize(("fault", "ended", "begun"), [("expired", True, True), ("not_yet_valid", False, False)])
    def test_validity(self, wallet: Wallet, now: datetime, fault: str, ended: bool, begun: bool) -> None:
        leaf = certificate_of(with_faults(wallet, now, fault))
        assert (leaf.not_valid_after_utc < now, leaf.not_valid_before_utc <= now) == (ended, begun)

    @pytest.mark.parametrize("fault", ["expired", "not_yet_valid", "revoked", "renewed", "unknown_issuer"])
    def test_it_is_another_certificate_and_the_same_at_every_insertion(
        self, wallet: Wallet, now: datetime, fault: str
    ) -> None:
        first, second = (certificate_of(with_faults(wallet, now, fault)) for _ in range(2))
        assert first == second
        assert first.serial_number != certificate_of(wallet.open_card(HOLDER, now)).serial_number

    def test_a_renewed_one_has_a_new_key(self, wallet: Wallet, now: datetime) -> None:
        renewed = certificate_of(with_faults(wallet, now, "renewed"))
        assert renewed.public_key() != certificate_of(wallet.open_card(HOLDER, now)).public_key()

    def test_without_certificate_the_file_is_not_there(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "no_certificate")
        assert isinstance(card, SimulatedCard)
        talk = Talk.powered(card)
        talk.send(SELECT_JPKI)
        assert talk.send("00B08A0000") == "6A82"
        assert talk.verify("98", AUTH_PIN) == "9000"


class TestKinds:
    @pytest.mark.parametrize(("fault", "word"), [("driving_licence", "6A82"), ("transport_card", "6D00")])
    def test_other_cards_know_none_of_the_applications(
        self, wallet: Wallet, now: datetime, fault: str, word: str
    ) -> None:
        card = with_faults(wallet, now, fault)
        check = 0
        for byte in card.power_on()[1:]:
            check ^= byte
        assert check == 0, "the ATR is a right one"
        for select in (SELECT_TEXT, SELECT_JPKI):
            assert card.transmit(bytes.fromhex(select)).hex().upper() == word

    def test_the_licence_has_the_atr_of_a_licence(self, wallet: Wallet, now: datetime) -> None:
        assert with_faults(wallet, now, "driving_licence").atr.hex() == "3b888001000000009181c100d8"

    def test_a_face_authentication_card_of_anybody(self, wallet: Wallet, now: datetime) -> None:
        card = with_faults(wallet, now, "face_authentication", person_id="TP-02")
        assert isinstance(card, SimulatedCard)
        talk = Talk.powered(card)
        talk.send(SELECT_TEXT)
        assert talk.tries("91") == "6A88"

    def test_the_next_generation_placeholder_signs_sha384_on_another_curve(self, wallet: Wallet, now: datetime) -> None:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        card = with_faults(wallet, now, "next_generation")
        assert isinstance(card, SimulatedCard)
        talk = Talk.powered(card)
        talk.send(SELECT_JPKI)
        talk.verify("98", AUTH_PIN)
        assert talk.send(f"802A009733{DIGEST_INFO_PREFIX}{'00' * 32}00") == "6985"
        signature = talk.data(f"802A029730{'5A' * 48}00")
        key = certificate_of(card).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, b"\x5a" * 48, ec.ECDSA(utils.Prehashed(hashes.SHA384())))
        assert "TEST-NOT-JPKI" in certificate_of(card).issuer.rfc4514_string()
