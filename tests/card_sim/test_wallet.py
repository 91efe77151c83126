"""Cards from the drawer: what each holder's card does, and counters that outlive power, objects and processes."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509

from card_sim.issuer import TestIssuer
from card_sim.people import JST, CardTries
from card_sim.state import StateUnavailable
from card_sim.wallet import FileStore, Wallet
from tests.card_sim.talk import DIGEST_INFO_PREFIX, SELECT_JPKI, SELECT_TEXT, Talk


def opened(wallet: Wallet, person_id: str, now: datetime, select: str) -> Talk:
    talk = Talk.powered(wallet.open_card(person_id, now))
    assert talk.send(select) == "9000"
    return talk


class TestCounters:
    def test_they_survive_power_reopening_and_a_second_wallet(
        self, wallet: Wallet, state_dir: Path, issuer: TestIssuer, now: datetime
    ) -> None:
        talk = opened(wallet, "TP-02", now, SELECT_TEXT)
        talk.verify("91", b"9999")
        talk.card.power_off()
        talk.card.power_on()
        talk.send(SELECT_TEXT)
        assert talk.tries("91") == "63C2"
        elsewhere = opened(Wallet(state_dir, issuer), "TP-02", now, SELECT_TEXT)
        assert elsewhere.tries("91") == "63C2"
        elsewhere.verify("91", b"9999")
        assert talk.tries("91") == "63C1"
        assert wallet.tries_left("TP-02") == CardTries(text=1, auth=3, sign=5)

    def test_a_reset_brings_the_data_set_back(self, wallet: Wallet, now: datetime) -> None:
        talk = opened(wallet, "TP-02", now, SELECT_TEXT)
        for _ in range(3):
            talk.verify("91", b"9999")
        assert talk.verify("91", b"1234") == "6984"
        wallet.reset("TP-02")
        assert talk.verify("91", b"1234") == "9000"

    def test_a_changed_pin_stays_changed_until_the_reset(self, wallet: Wallet, now: datetime) -> None:
        talk = opened(wallet, "TP-02", now, SELECT_TEXT)
        talk.verify("91", b"1234")
        assert talk.send("0024019104" + b"7531".hex()) == "9000"
        again = opened(wallet, "TP-02", now, SELECT_TEXT)
        assert again.verify("91", b"1234") == "63C2"
        assert again.verify("91", b"7531") == "9000"
        wallet.reset("TP-02")
        assert again.verify("91", b"1234") == "9000"

    def test_no_try_is_lost_between_two_holders_of_one_card(self, wallet: Wallet, now: datetime) -> None:
        """Ten wrong values by two threads with a card object each: the counter of B ends at exactly zero."""
        talks = [opened(wallet, "TP-02", now, SELECT_TEXT) for _ in range(2)]
        answers: list[str] = []
        threads = [
            Thread(target=lambda talk=talk: answers.extend(talk.verify("95", b"0" * 14) for _ in range(5)))
            for talk in talks
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [f"63C{left:X}" for left in range(10)]

    def test_the_file_is_private(self, wallet: Wallet, state_dir: Path, now: datetime) -> None:
        opened(wallet, "TP-02", now, SELECT_TEXT).verify("91", b"9999")
        assert stat.S_IMODE((state_dir / "cards" / "TP-02.json").stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"tries_left": {"text:0011": 99}, "changed_secrets": {}}'])
    def test_a_damaged_file_opens_nothing_and_a_reset_mends_it(
        self, wallet: Wallet, state_dir: Path, now: datetime, content: str
    ) -> None:
        (state_dir / "cards" / "TP-02.json").write_text(content)
        talk = opened(wallet, "TP-02", now, SELECT_TEXT)
        assert talk.verify("91", b"1234") == "6581"
        assert talk.tries("91") == "6581"
        wallet.reset("TP-02")
        assert talk.verify("91", b"1234") == "9000"

    def test_a_folder_that_is_gone_is_said(self, tmp_path: Path) -> None:
        store = FileStore(tmp_path / "nowhere" / "card.json")
        with pytest.raises(StateUnavailable), store.update():
            pass
        with pytest.raises(StateUnavailable):
            store.clear()


@pytest.mark.parametrize("person_id", ["TP-99", "../issuer/issuer", ""])
def test_only_ids_of_the_data_set_name_a_card(wallet: Wallet, now: datetime, person_id: str) -> None:
    with pytest.raises(KeyError):
        wallet.open_card(person_id, now)
    with pytest.raises(KeyError):
        wallet.reset(person_id)


class TestHolders:
    def test_the_name_comes_back_byte_for_byte(self, wallet: Wallet, now: datetime) -> None:
        talk = opened(wallet, "TP-02", now, SELECT_TEXT)
        talk.verify("91", b"1234")
        assert "𠮷田　濵男".encode() in talk.read_file(0x02)

    def test_a_long_address_needs_more_than_one_read(self, wallet: Wallet, now: datetime) -> None:
        talk = opened(wallet, "TP-20B", now, SELECT_TEXT)
        talk.verify("91", b"1234")
        record = talk.read_file(0x02)
        assert record.startswith(bytes.fromhex("FF2082"))
        assert int.from_bytes(record[3:5]) > 256

    def test_tries_left_follow_the_data(self, wallet: Wallet, now: datetime) -> None:
        assert opened(wallet, "TP-18", now, SELECT_JPKI).tries("98") == "63C0"
        assert opened(wallet, "TP-18", now, SELECT_TEXT).verify("91", b"1234") == "9000"
        assert opened(wallet, "TP-24", now, SELECT_TEXT).verify("91", b"5678") == "6984"
        assert opened(wallet, "TP-24", now, SELECT_JPKI).verify("98", b"1234") == "9000"

    def test_a_face_authentication_card_has_no_pin_files(self, wallet: Wallet, now: datetime) -> None:
        text = opened(wallet, "TP-23", now, SELECT_TEXT)
        assert text.tries("91") == "6A88"
        assert text.verify("91", b"1234") == "6A88"
        assert text.send("00A4020C020011") == "6A82"
        assert text.status("00B0820000") == "6982"
        jpki = opened(wallet, "TP-23", now, SELECT_JPKI)
        assert jpki.tries("98") == "6A88"
        assert jpki.status("00B08A0000") == "9000"
        assert jpki.send(f"802A009733{DIGEST_INFO_PREFIX}{'00' * 32}00") == "6982"

    def test_a_child_has_no_signature_certificate(self, wallet: Wallet, now: datetime) -> None:
        talk = opened(wallet, "TP-28", now, SELECT_JPKI)
        assert talk.data("00B0880000") == bytes.fromhex("008F00")
        for fid in ("0001", "001A"):
            assert talk.send(f"00A4020C02{fid}") == "6A82"
        assert talk.send("00B0810000") == "6A82"
        assert talk.status("00B0820000") == "9000"
        assert talk.tries("9B") == "63C0", "OpenSC wants a number for both PINs of every card"
        assert talk.verify("9B", b"ABC123") == "6984"
        assert opened(wallet, "TP-02", now, SELECT_JPKI).data("00B0880000") == bytes.fromhex("8F8F00")

    def test_a_renewed_card_shows_the_certificate_of_its_day(self, wallet: Wallet, now: datetime) -> None:
        before = opened(wallet, "TP-15", datetime(2026, 10, 5, tzinfo=JST), SELECT_JPKI).read_file(0x0A)
        after = opened(wallet, "TP-15", now, SELECT_JPKI).read_file(0x0A)
        old, new = (x509.load_der_x509_certificate(der) for der in (before, after))
        assert old.public_key() != new.public_key()
        assert old.subject != new.subject

    def test_a_card_is_the_same_card_after_reopening(self, wallet: Wallet, now: datetime) -> None:
        first, second = (opened(wallet, "TP-02", now, SELECT_JPKI).read_file(0x0A) for _ in range(2))
        assert first == second


def test_cards_can_be_made_beforehand_and_the_work_can_be_stopped(
    tmp_path: Path, issuer: TestIssuer, now: datetime
) -> None:
    wallet = Wallet(tmp_path, issuer)
    asked = iter([False, True])
    wallet.prepare(now, stop=lambda: next(asked))
    assert [path.name for path in (tmp_path / "cards").iterdir()] == ["TP-01"]
