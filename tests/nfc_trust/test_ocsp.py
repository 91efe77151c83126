"""card.md 11, row 7, by a responder: `good` and `revoked` only from an answer that proves itself (RFC 6960)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from nfc.trust import (
    AuthenticationVerdict,
    OcspAnswer,
    Revocation,
    RevocationVerdict,
    build_ocsp_request,
    check_ocsp,
    combine,
    verify_authentication,
)
from tests.nfc_trust.hierarchy import MESSAGE, NONCE, NOW, Crl, Leaf, Ocsp, Responder, Root

ROOT = Root("authentication 1")
SECOND_GENERATION = Root("authentication 2")
ANCHOR = ROOT.anchor()
LEAF = Leaf(ROOT)
CERTIFICATE = LEAF.certificate()
DELEGATED = Responder(ROOT)
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def ask(answer: Ocsp | bytes, at: datetime = NOW, nonce: bytes | None = NONCE, crls: tuple[bytes, ...] = ()) -> str:
    der = answer if isinstance(answer, bytes) else answer.der()
    return check_ocsp(CERTIFICATE, ANCHOR, OcspAnswer(der, nonce), at, crls).state.value


def test_the_question_names_the_certificate_by_issuer_and_serial_and_carries_the_nonce() -> None:
    request = ocsp.load_der_ocsp_request(build_ocsp_request(CERTIFICATE, ANCHOR, NONCE))
    assert request.serial_number == LEAF.serial
    assert request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE
    with pytest.raises(ValueError, match="32"):
        build_ocsp_request(CERTIFICATE, ANCHOR, b"short")


@pytest.mark.parametrize("responder", [None, DELEGATED], ids=["root", "delegated"])
@pytest.mark.parametrize("by_name", [False, True], ids=["by key", "by name"])
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["sha1", "sha256"])
def test_an_answer_of_the_root_or_of_its_delegate_counts(
    responder: Responder | None, by_name: bool, algorithm: hashes.SHA1 | hashes.SHA256
) -> None:
    def answer(status: ocsp.OCSPCertStatus) -> Ocsp:
        return Ocsp(LEAF, status, responder=responder, by_name=by_name, algorithm=algorithm)

    assert ask(answer(GOOD)) == "good"
    assert ask(answer(REVOKED)) == "revoked"
    assert ask(answer(UNKNOWN)) == "not_checked"


def test_a_revoked_certificate_is_told_with_its_reason() -> None:
    answer = OcspAnswer(Ocsp(LEAF, REVOKED, x509.ReasonFlags.certificate_hold).der(), NONCE)
    assert check_ocsp(CERTIFICATE, ANCHOR, answer, NOW) == RevocationVerdict(Revocation.REVOKED, "certificateHold")
    silent = OcspAnswer(Ocsp(LEAF, REVOKED).der(), NONCE)
    assert check_ocsp(CERTIFICATE, ANCHOR, silent, NOW).reason == "unspecified"


UNUSABLE = {
    "stale": Ocsp(LEAF, this_update=NOW - timedelta(days=2), next_update=NOW - timedelta(days=1)),
    "from the future": Ocsp(LEAF, this_update=NOW + timedelta(hours=1), next_update=NOW + timedelta(hours=2)),
    "without an end": Ocsp(LEAF, next_update=None),
    "nonce wrong": Ocsp(LEAF, nonce=bytes(32)),
    "nonce missing": Ocsp(LEAF, nonce=None),
    "wrong serial": Ocsp(LEAF, about=Leaf(ROOT, serial=4712)),
    "other generation": Ocsp(LEAF, issuer=SECOND_GENERATION),
    "forged": Ocsp(LEAF, signer_label="forger"),
    "signed with another hash": Ocsp(LEAF, digest=hashes.SHA384()),
    "responder without the purpose": Ocsp(LEAF, responder=Responder(ROOT, purposes=())),
    "responder of another purpose": Ocsp(LEAF, responder=Responder(ROOT, purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))),
    "responder for everything": Ocsp(
        LEAF, responder=Responder(ROOT, purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))
    ),
    "responder of the other generation": Ocsp(LEAF, responder=Responder(SECOND_GENERATION)),
    "responder forged": Ocsp(LEAF, responder=Responder(ROOT, signer=Root("forged"))),
    "responder expired": Ocsp(LEAF, responder=Responder(ROOT, not_after=NOW - timedelta(seconds=1))),
    "responder not yet valid": Ocsp(LEAF, responder=Responder(ROOT, not_before=NOW + timedelta(seconds=1))),
    "responder that is an authority": Ocsp(
        LEAF, responder=Responder(ROOT, extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)])
    ),
    "responder not named in the answer": Ocsp(LEAF, responder=DELEGATED, with_responder_certificate=False),
    "a cardholder as responder": Ocsp(LEAF, responder=Responder(ROOT, label="leaf", purposes=())),
}


@pytest.mark.parametrize("case", UNUSABLE)
@pytest.mark.parametrize("status", [GOOD, REVOKED], ids=["good", "revoked"])
def test_an_answer_that_does_not_prove_itself_says_nothing(case: str, status: ocsp.OCSPCertStatus) -> None:
    answer = UNUSABLE[case]
    changed = Ocsp(**{name: getattr(answer, name) for name in Ocsp.__dataclass_fields__} | {"status": status})
    assert ask(changed) == "not_checked"


def test_an_answer_is_fresh_from_this_update_to_next_update_with_a_minute_of_clock_slack() -> None:
    answer = Ocsp(LEAF)
    slack, second = timedelta(seconds=60), timedelta(seconds=1)
    assert answer.next_update is not None
    assert ask(answer, at=answer.this_update - slack) == "good"
    assert ask(answer, at=answer.this_update - slack - second) == "not_checked"
    assert ask(answer, at=answer.next_update + slack - second) == "good"
    assert ask(answer, at=answer.next_update + slack) == "not_checked"


def test_without_a_nonce_of_ours_none_is_wanted() -> None:
    assert ask(Ocsp(LEAF, nonce=None), nonce=None) == "good"


def test_a_responder_on_the_list_of_its_root_is_believed_no_more() -> None:
    listed = Crl(ROOT, revoked=((DELEGATED.serial, x509.ReasonFlags.key_compromise),)).der()
    assert ask(Ocsp(LEAF, responder=DELEGATED), crls=(Crl(ROOT).der(),)) == "good"
    assert ask(Ocsp(LEAF, responder=DELEGATED), crls=(listed,)) == "not_checked"


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x0a\x01\x01", b"\x30\x03\x0a\x01\x06", b"<html>", bytes(70_000)])
def test_an_error_of_the_responder_or_no_answer_at_all_says_nothing(der: bytes) -> None:
    assert ask(der) == "not_checked"


WHOLE = Ocsp(LEAF, REVOKED, responder=DELEGATED).der()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_changed_byte_turns_revoked_into_good(position: int, change: int) -> None:
    changed = bytearray(WHOLE)
    changed[position] ^= change
    assert ask(bytes(changed)) in ("revoked", "not_checked")


# Together with lists.


def judge(crls: list[Crl], answers: list[Ocsp]) -> AuthenticationVerdict:
    return verify_authentication(
        certificate_der=CERTIFICATE_DER,
        message=MESSAGE,
        signature=LEAF.signature(),
        anchors=(ANCHOR,),
        crls=[crl.der() for crl in crls],
        ocsp=[OcspAnswer(answer.der(), NONCE) for answer in answers],
        at=NOW,
    )


CERTIFICATE_DER = LEAF.der()
LISTED = Crl(ROOT, revoked=((LEAF.serial, x509.ReasonFlags.key_compromise),))


@pytest.mark.parametrize(
    ("crls", "answers", "expected"),
    [
        ([], [], Revocation.NOT_CHECKED),
        ([], [Ocsp(LEAF)], Revocation.GOOD),
        ([Crl(ROOT)], [], Revocation.GOOD),
        ([LISTED], [Ocsp(LEAF)], Revocation.REVOKED),
        ([Crl(ROOT)], [Ocsp(LEAF, REVOKED)], Revocation.REVOKED),
        ([Crl(ROOT)], [Ocsp(LEAF, UNKNOWN)], Revocation.GOOD),
        ([], [Ocsp(LEAF, UNKNOWN), Ocsp(LEAF)], Revocation.GOOD),
        ([], [Ocsp(LEAF), Ocsp(LEAF, REVOKED)], Revocation.REVOKED),
    ],
)
def test_between_list_and_responder_revoked_wins(crls: list[Crl], answers: list[Ocsp], expected: Revocation) -> None:
    verdict = judge(crls, answers)
    assert (verdict.result, verdict.revocation) == ("ok", expected)


def test_of_no_verdict_at_all_nothing_was_checked() -> None:
    assert combine() == RevocationVerdict(Revocation.NOT_CHECKED)
