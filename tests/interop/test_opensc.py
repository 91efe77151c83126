"""OpenSC, unchanged, with our card (card.md section 15): it names it, reads it, and signs with it; openssl agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from card_sim.profile import CONTACT_ATR, CONTACTLESS_ATR, Behaviour
from tests.interop.conftest import CANARY, PEOPLE, OpenCard
from tests.interop.private_readers import Diary, PrivateReaders

pytestmark = pytest.mark.interop

AUTH_PIN, SIGN_PIN = PEOPLE[CANARY].pins.auth or "", PEOPLE[CANARY].pins.sign or ""
ATRS = pytest.mark.parametrize("atr", [CONTACTLESS_ATR, CONTACT_ATR], ids=["contactless", "contact"])
JPKI_SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")


@pytest.fixture
def card(readers: PrivateReaders, open_card: OpenCard) -> Iterator[Diary]:
    diary = Diary(open_card())
    with readers.lay(diary):
        yield diary


def tries_left(readers: PrivateReaders) -> list[int]:
    """As OpenSC sees them: authentication, signature."""
    listed = readers.run("pkcs15-tool", "--list-pins")
    return [int(number) for number in re.findall(r"Tries left\s*: (\d+)", listed.stdout)]


def sign(
    readers: PrivateReaders, tmp_path: Path, *, slot: int, key: str, pin: str, message: bytes = b"message"
) -> CompletedProcess[str]:
    (tmp_path / "message").write_bytes(message)
    command = ["pkcs11-tool", "--slot-index", slot, "--login", "--pin", pin, "--sign", "--id", key]
    command += ["--mechanism", "SHA256-RSA-PKCS", "-i", tmp_path / "message", "-o", tmp_path / "signature"]
    return readers.run(*map(str, command))


def public_key(readers: PrivateReaders, tmp_path: Path, certificate: str) -> Path:
    """The key in a certificate that OpenSC read from the card, as openssl reads it."""
    options = ["--verify-pin", "--auth-id", "2", "--pin", SIGN_PIN] if certificate == "2" else []
    pem = readers.run("pkcs15-tool", "--read-certificate", certificate, *options).stdout
    (tmp_path / "certificate.pem").write_text(pem)
    key = readers.run("openssl", "x509", "-in", tmp_path / "certificate.pem", "-noout", "-pubkey").stdout
    (tmp_path / "public.pem").write_text(key)
    return tmp_path / "public.pem"


def openssl_verifies(readers: PrivateReaders, tmp_path: Path, key: Path) -> str:
    return readers.run(
        "openssl", "dgst", "-sha256", "-verify", key, "-signature", tmp_path / "signature", tmp_path / "message"
    ).stdout.strip()


@ATRS
def test_opensc_names_the_card_whatever_its_atr(readers: PrivateReaders, open_card: OpenCard, atr: bytes) -> None:
    with readers.lay(open_card(behaviour=Behaviour(atr=atr))):
        answer = readers.run("opensc-tool", "-n")
    assert (answer.returncode, answer.stdout.strip()) == (0, "jpki")


def test_the_probes_for_other_cards_are_all_refused_before_ours_is_recognised(
    readers: PrivateReaders, card: Diary
) -> None:
    readers.run("opensc-tool", "-n")
    probes = card.commands[: card.commands.index(JPKI_SELECT)]
    answers = {probe: card.transmit(probe) for probe in probes}
    assert len(probes) == 29
    assert {answer.hex() for answer in answers.values()} <= {"6a82", "6a88", "6d00"}


def test_it_lists_both_pins_with_their_tries_and_four_certificates(readers: PrivateReaders, card: Diary) -> None:
    pins = readers.run("pkcs15-tool", "--list-pins").stdout
    assert re.findall(r"PIN \[(.*)\]", pins) == ["User Authentication PIN", "Digital Signature PIN"]
    assert tries_left(readers) == [3, 5]
    dump = readers.run("pkcs15-tool", "--dump").stdout
    assert len(re.findall(r"X\.509 Certificate \[", dump)) == 4
    assert len(re.findall(r"Private RSA Key \[", dump)) == 2


@pytest.mark.parametrize(
    ("number", "name"), [("1", "CN = TEST"), ("3", "O = TEST-NOT-JPKI"), ("4", "O = TEST-NOT-JPKI")]
)
def test_it_reads_the_free_certificates(
    readers: PrivateReaders, card: Diary, tmp_path: Path, number: str, name: str
) -> None:
    (tmp_path / "c.pem").write_text(readers.run("pkcs15-tool", "--read-certificate", number).stdout)
    subject = readers.run("openssl", "x509", "-in", tmp_path / "c.pem", "-noout", "-subject").stdout
    assert name in subject


def test_the_signature_certificate_opens_with_the_signature_password_only(readers: PrivateReaders, card: Diary) -> None:
    assert "BEGIN CERTIFICATE" not in readers.run("pkcs15-tool", "--read-certificate", "2").stdout
    opened = readers.run("pkcs15-tool", "--read-certificate", "2", "--verify-pin", "--auth-id", "2", "--pin", SIGN_PIN)
    assert "BEGIN CERTIFICATE" in opened.stdout


@ATRS
@pytest.mark.parametrize(("slot", "key", "pin"), [(0, "01", AUTH_PIN), (1, "02", SIGN_PIN)], ids=["auth", "sign"])
def test_it_signs_with_both_keys_and_openssl_verifies(
    readers: PrivateReaders, open_card: OpenCard, tmp_path: Path, atr: bytes, slot: int, key: str, pin: str
) -> None:
    with readers.lay(open_card(behaviour=Behaviour(atr=atr))):
        signed = sign(readers, tmp_path, slot=slot, key=key, pin=pin)
        assert signed.returncode == 0, signed.stderr
        public = public_key(readers, tmp_path, key.removeprefix("0"))
    assert openssl_verifies(readers, tmp_path, public) == "Verified OK"
    (tmp_path / "message").write_bytes(b"another message")
    assert openssl_verifies(readers, tmp_path, public) == "Verification failure"


@pytest.mark.parametrize(("key", "pin"), [("1", AUTH_PIN), ("2", SIGN_PIN)], ids=["auth", "sign"])
def test_pkcs15_crypt_signs_a_digest_that_openssl_verifies(
    readers: PrivateReaders, card: Diary, tmp_path: Path, key: str, pin: str
) -> None:
    (tmp_path / "message").write_bytes(b"message")
    digest = ("openssl", "dgst", "-sha256", "-binary", "-out", tmp_path / "digest", tmp_path / "message")
    assert readers.run(*digest).returncode == 0
    command = ("pkcs15-crypt", "--sign", "--key", key, "--sha-256", "--pkcs1", "--pin", pin)
    signed = readers.run(*command, "-R", "-i", tmp_path / "digest", "-o", tmp_path / "signature")
    assert signed.returncode == 0, signed.stderr
    assert openssl_verifies(readers, tmp_path, public_key(readers, tmp_path, key)) == "Verified OK"


def test_a_wrong_pin_counts_down_to_the_lock(readers: PrivateReaders, card: Diary, tmp_path: Path) -> None:
    for left in (2, 1, 0):
        refused = sign(readers, tmp_path, slot=0, key="01", pin="0000")
        assert "CKR_PIN_INCORRECT" in refused.stderr, refused.stderr
        assert tries_left(readers) == [left, 5]
    assert "user PIN locked" in readers.run("pkcs11-tool", "-L").stdout


def test_the_right_pin_fills_the_counter_again(readers: PrivateReaders, card: Diary, tmp_path: Path) -> None:
    sign(readers, tmp_path, slot=0, key="01", pin="0000")
    assert tries_left(readers) == [2, 5]
    assert sign(readers, tmp_path, slot=0, key="01", pin=AUTH_PIN).returncode == 0
    assert tries_left(readers) == [3, 5]


@pytest.mark.parametrize(("word", "name"), [(0x6983, "CKR_PIN_LOCKED"), (0x6984, "CKR_GENERAL_ERROR")])
def test_a_locked_pin_is_told_as_locked(
    readers: PrivateReaders, open_card: OpenCard, tmp_path: Path, word: int, name: str
) -> None:
    """OpenSC knows only 6983 for a lock at VERIFY; the counter tells it in both cases (card.md section 13)."""
    with readers.lay(open_card(behaviour=Behaviour(blocked_word=word))):
        for _ in range(3):
            sign(readers, tmp_path, slot=0, key="01", pin="0000")
        assert tries_left(readers) == [0, 5]
        refused = sign(readers, tmp_path, slot=0, key="01", pin=AUTH_PIN)
        assert refused.returncode != 0
        assert name in refused.stderr, refused.stderr
        assert tries_left(readers) == [0, 5]


def test_a_card_blocked_when_it_was_handed_out_shows_no_tries(readers: PrivateReaders, open_card: OpenCard) -> None:
    with readers.lay(open_card("TP-18")):
        assert tries_left(readers)[0] == 0


def test_the_pin_that_opened_one_program_is_not_open_for_the_next(
    readers: PrivateReaders, card: Diary, tmp_path: Path
) -> None:
    assert sign(readers, tmp_path, slot=1, key="02", pin=SIGN_PIN).returncode == 0
    assert "BEGIN CERTIFICATE" not in readers.run("pkcs15-tool", "--read-certificate", "2").stdout
