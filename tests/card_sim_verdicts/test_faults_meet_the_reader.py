"""Each fault a tester can switch on, read by the reader and judged by the service: the right end, the right tries."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from card_sim import faults
from card_sim.bad_cards import BadCard
from card_sim.disturbances import Card
from card_sim.faults import FAULTS
from card_sim.issuer import TestIssuer
from card_sim.wallet import Wallet
from nfc.pins import Pin, PinKind
from nfc.problems import CardProblem
from nfc.procedures import CardReading, preview, prove_card, read_integrity_record, read_whole
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from nfc.trust import CvKey, TrustAnchor, check_card_proof, check_issuer, load_cv_keys, verify_authentication
from tests.card_sim_verdicts.conftest import HOLDER, NOW

CvKeys = Mapping[bytes, CvKey]
MESSAGE = b"todoke-card-session-v1\x00" + bytes(64)
FINE = ("genuine", "ok", "good")

READINGS = {
    "slow:1": FINE,
    "first_6f00": FINE,
    "blocked_sign": FINE,
    "iso_block_word": FINE,
    "expired": ("genuine", "expired", "not_checked"),
    "not_yet_valid": ("genuine", "not_yet_valid", "not_checked"),
    "revoked": ("genuine", "ok", "revoked"),
    "unknown_issuer": ("genuine", "untrusted", "not_checked"),
    "renewed": FINE,
    "leaf_wrong_policy": ("genuine", "wrong_profile", "not_checked"),
    "leaf_policy_not_critical": ("genuine", "wrong_profile", "not_checked"),
    "leaf_signs_certificates": ("genuine", "wrong_profile", "not_checked"),
    "leaf_is_a_ca": ("genuine", "wrong_profile", "not_checked"),
    "leaf_unknown_critical_extension": ("genuine", "wrong_profile", "not_checked"),
    "leaf_sha1": ("genuine", "untrusted", "not_checked"),
    "leaf_expired": ("genuine", "expired", "not_checked"),
    "leaf_not_yet_valid": ("genuine", "not_yet_valid", "not_checked"),
    "leaf_signed_by_other_root": ("genuine", "untrusted", "not_checked"),
    "leaf_forged_root": ("genuine", "untrusted", "not_checked"),
    "leaf_expired_root": ("genuine", "untrusted", "not_checked"),
    "leaf_signature_certificate": ("genuine", "untrusted", "not_checked"),
    "leaf_trailing_bytes": FINE,  # a file may be longer than what lies in it
    "changed_name": ("not_genuine", "ok", "good"),
    "changed_filler": FINE,
    "foreign_record": ("not_genuine", "ok", "good"),
    "unknown_cv_root": ("unknown_issuer", "ok", "good"),
    "foreign_card_key": FINE,
    "wrong_liveness_key": FINE,
    "contact": FINE,
    "short_only": FINE,
    "keeps_on_select": FINE,
    "clears_on_reset": FINE,
    "under_15": FINE,
}
PROBLEMS = {
    "contact_lost:1": ("card_removed", None, None),
    "contact_lost:3": ("card_removed", None, None),
    "lost_after_verify": ("unknown_outcome", "text", None),
    "two_cards": ("comm_error", None, None),
    "blocked_text": ("blocked", "text", 0),
    "blocked_auth": ("blocked", "auth", 0),
    "blocked": ("blocked", "text", 0),
    "face_authentication": ("card_unusable", "text", None),
    "no_certificate": ("no_certificate", None, None),
    "leaf_rsa_1024": ("malformed", None, None),
    "changed_offset": ("malformed", None, None),
    "android": ("phone_token", None, None),
    "driving_licence": ("not_this_card", None, None),
    "transport_card": ("not_this_card", None, None),
    "next_generation": ("order_bug", "auth", 3),
}
TYPED_ONLY = {"garbled", "wrong_length", "swapped"}
"""Where the end depends on which command is hit; it is typed at every one of them (below)."""


@pytest.fixture(autouse=True)
def full_counters(wallet: Wallet) -> None:
    for person_id in (HOLDER, "TP-01"):
        wallet.reset(person_id)


@pytest.fixture(scope="module")
def cv_keys(trust: Path) -> CvKeys:
    return load_cv_keys(trust / "cv_keys.json", "test")


def card_with(wallet: Wallet, fault: str) -> Card:
    return wallet.open_with(HOLDER, NOW, [faults.parse(fault)])


def whole_visit(card: Card, cv_keys: CvKeys) -> CardReading:
    """Both meetings of an agent with the card: the look before the PINs, and the reading."""
    run(preview(), Guarded(InProcess(card)))
    procedure = read_whole(
        Pin(PinKind.TEXT, "2580"),
        Pin(PinKind.AUTH, "1470"),
        MESSAGE,
        issuer_check=lambda *records: check_issuer(*records, cv_keys, "test"),
    )
    return run(procedure, Guarded(InProcess(card)))


def test_every_fault_of_the_table_has_its_end_here() -> None:
    covered = {name.partition(":")[0] for name in (*READINGS, *PROBLEMS)} | TYPED_ONLY
    assert covered == set(FAULTS)


@pytest.mark.parametrize("fault", list(READINGS))
def test_a_card_that_can_be_read_is_judged(
    wallet: Wallet, issuer: TestIssuer, anchors: Sequence[TrustAnchor], cv_keys: CvKeys, fault: str
) -> None:
    reading = whole_visit(card_with(wallet, fault), cv_keys)
    verdict = verify_authentication(
        certificate_der=reading.certificate,
        message=MESSAGE,
        signature=reading.signature,
        anchors=anchors,
        crls=[issuer.crl(1, NOW), issuer.crl(2, NOW)],
        at=NOW,
    )
    assert (reading.issuer_check, verdict.result, verdict.revocation) == READINGS[fault]
    assert wallet.tries_left(HOLDER).text == wallet.tries_left(HOLDER).auth == 3


@pytest.mark.parametrize("fault", list(PROBLEMS))
def test_a_card_that_cannot_be_read_says_why(wallet: Wallet, cv_keys: CvKeys, fault: str) -> None:
    with pytest.raises(CardProblem) as caught:
        whole_visit(card_with(wallet, fault), cv_keys)
    kind = caught.value.pin_kind
    assert (caught.value.outcome, kind.value if kind else None, caught.value.tries_left) == PROBLEMS[fault]
    assert wallet.tries_left(HOLDER).text == wallet.tries_left(HOLDER).auth == 3, "no try was lost on the way"


@pytest.mark.parametrize("name", ["contact_lost", "garbled", "wrong_length"])
@pytest.mark.parametrize("number", range(1, 30))
def test_a_fault_at_any_command_ends_typed_or_not_at_all_and_costs_no_try(
    wallet: Wallet, cv_keys: CvKeys, name: str, number: int
) -> None:
    try:
        whole_visit(card_with(wallet, f"{name}:{number}"), cv_keys)
    except CardProblem as problem:
        assert problem.outcome not in ("wrong_pin", "blocked", "last_try")
    assert wallet.tries_left(HOLDER).text == wallet.tries_left(HOLDER).auth == 3


def test_a_wrong_pin_right_before_the_card_leaves_has_been_counted(wallet: Wallet) -> None:
    card = card_with(wallet, "lost_after_verify")
    with pytest.raises(CardProblem) as caught:
        run(read_whole(Pin(PinKind.TEXT, "0000"), Pin(PinKind.AUTH, "1470"), MESSAGE), Guarded(InProcess(card)))
    assert caught.value.outcome == "unknown_outcome"
    assert wallet.tries_left(HOLDER).text == 2


def test_a_card_swapped_between_the_meetings_is_another_card(wallet: Wallet) -> None:
    card = card_with(wallet, "swapped")
    first = run(preview(), Guarded(InProcess(card)))
    second = run(preview(), Guarded(InProcess(card)))
    assert first.certificate != second.certificate


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (None, "live"),
        (BadCard.FOREIGN_CARD_KEY, "live"),  # nothing ties 0007 to the four items (card.md section 9)
        (BadCard.WRONG_LIVENESS_KEY, "not_live"),
        (BadCard.UNKNOWN_CV_ROOT, "unknown_issuer"),
    ],
)
def test_liveness(wallet: Wallet, cv_keys: CvKeys, fault: BadCard | None, verdict: str) -> None:
    card = card_with(wallet, fault.value) if fault else wallet.open_card(HOLDER, NOW)
    challenge = os.urandom(32)
    card.power_on()
    card.transmit(bytes.fromhex("00A4040C0AD3921000310001010408"))
    card.transmit(bytes.fromhex("0020009104") + b"2580")
    _, certificate = run(read_integrity_record(), _Powered(card))
    proof = run(prove_card(challenge), _Powered(card))
    judged = check_card_proof(
        certificate, proof.key_record, challenge, proof.signature, keys=cv_keys, environment="test"
    )
    assert judged == verdict


class _Powered:
    """A card in the middle of a session: opening and closing change nothing."""

    def __init__(self, card: Card) -> None:
        self._card = card

    def open(self) -> None:
        pass

    def transmit(self, apdu: bytes) -> bytes:
        return self._card.transmit(apdu)

    def close(self) -> None:
        pass
