"""A second opinion: pyhanko-certvalidator judges the same chains, lists and answers as `nfc.trust`.

Where the two differ on purpose, the difference stands in a table below with its reason; any other one fails.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)

from nfc.trust import OcspAnswer, verify_authentication
from tests.nfc_trust.hierarchy import (
    MESSAGE,
    NONCE,
    NOW,
    Crl,
    Leaf,
    Ocsp,
    Responder,
    Root,
    key_usage,
    leaf_extensions,
    policies,
)

ROOT = Root("authentication 1")
ANCHOR = ROOT.anchor()
SECOND_GENERATION = Root("authentication 2")
AIA = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.invalid/"))]
)


def extensions(*changes: tuple[x509.ExtensionType, bool]) -> list[tuple[x509.ExtensionType, bool]]:
    """Those of the profile and a responder's address, which the oracle wants to see before it asks for an answer."""
    changed = {type(extension) for extension, _ in changes}
    return [
        *((one, critical) for one, critical in leaf_extensions() if type(one) not in changed),
        *changes,
        (AIA, False),
    ]


LEAF = Leaf(ROOT, extensions=extensions())
RULES = CertRevTrustPolicy(
    RevocationCheckingPolicy(
        ee_certificate_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
        intermediate_ca_cert_rule=RevocationCheckingRule.NO_CHECK,
    )
)
NO_RULES = CertRevTrustPolicy(
    RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK)
)


WORDS = (
    (RevokedError, "revoked"),
    (ExpiredError, "expired"),
    (NotYetValidError, "not_yet_valid"),
    (InsufficientRevinfoError, "not_checked"),
    (PathBuildingError, "untrusted"),
    (Exception, "refused"),
)
"""The first that fits."""


def oracle(leaf: Leaf, crls: Sequence[bytes] = (), answers: Sequence[bytes] = (), *, revocation: bool = True) -> str:
    """The oracle's word in our words."""
    context = ValidationContext(
        trust_roots=[_read(ANCHOR.certificate)],
        crls=list(crls),
        ocsps=list(answers),
        moment=NOW,
        revinfo_policy=RULES if revocation else NO_RULES,
        time_tolerance=timedelta(seconds=60),
        # The answers of this test are signed by the clock of the machine, not at NOW.
        retroactive_revinfo=True,
    )
    validator = CertificateValidator(_read(leaf.certificate()), validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage({"digital_signature"}))
    except (ValidationError, PathBuildingError) as error:
        return next(word for kind, word in WORDS if isinstance(error, kind))
    return "good" if revocation else "ok"


def _read(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def ours(leaf: Leaf, crls: Sequence[bytes] = (), answers: Sequence[bytes] = (), *, revocation: bool = True) -> str:
    verdict = verify_authentication(
        certificate_der=leaf.der(),
        message=MESSAGE,
        signature=leaf.signature(),
        anchors=(ANCHOR,),
        crls=crls,
        ocsp=[OcspAnswer(answer, NONCE) for answer in answers],
        at=NOW,
    )
    return verdict.revocation.value if revocation and verdict.result == "ok" else verdict.result


# Chains.

DAY = timedelta(days=1)
SIGNERS = {
    "root": ROOT,
    "same-name other root": SECOND_GENERATION,
    "forger": Root("forger", organisation="TEST-FORGER"),
}
TIMES = {
    "valid": (NOW - DAY, NOW + DAY),
    "ends now": (NOW - DAY, NOW),
    "begins now": (NOW, NOW + DAY),
    "ended": (NOW - 2 * DAY, NOW - DAY),
    "ended by seconds": (NOW - 2 * DAY, NOW - timedelta(seconds=90)),
    "begins later": (NOW + DAY, NOW + 2 * DAY),
}
PROFILES = {
    "as issued": extensions(),
    "no digital signature": extensions((key_usage("key_encipherment"), True)),
    "unknown critical extension": extensions(
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.392.99999.1"), b"\x05\x00"), True)
    ),
    "client authentication": extensions((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)),
    "another policy": extensions((policies("1.2.392.99999.2"), True)),
    "policy not critical": extensions((policies("1.2.392.200149.8.5.1.3.30"), False)),
    "CA": extensions((x509.BasicConstraints(ca=True, path_length=None), True)),
    "may sign certificates": extensions((key_usage("digital_signature", "key_cert_sign"), True)),
    "server authentication": extensions((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)),
}

STRICTER_PROFILES = {
    "another policy": "the oracle is not told which policy authentication needs",
    "policy not critical": "the profile of the card wants it critical",
    "CA": "an authority's certificate is no holder's; the oracle was asked for the usage only",
    "may sign certificates": "as above",
    "server authentication": "the oracle was not asked for an extended usage",
}
"""Certificates that the oracle passes and the profile of card.md 11 row 6 refuses."""


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("signer", SIGNERS)
def test_chains_are_judged_alike(signer: str, time: str, profile: str) -> None:
    begin, end = TIMES[time]
    leaf = Leaf(SIGNERS[signer], not_before=begin, not_after=end, extensions=PROFILES[profile])
    mine, theirs = ours(leaf, revocation=False), oracle(leaf, revocation=False)
    if mine == "wrong_profile" and profile in STRICTER_PROFILES:
        assert theirs == "ok"
    elif signer == "same-name other root":
        # The oracle takes the root by its name and then finds the signature wrong; a row later than ours.
        assert mine == "untrusted"
        assert theirs in ("untrusted", "refused", "expired", "not_yet_valid")
    elif mine == "wrong_profile":
        assert theirs == "refused"
    elif time in ("ended", "ended by seconds", "begins later") and theirs == "refused":
        # Both refuse; the oracle names the profile first.
        assert mine in ("expired", "not_yet_valid")
    else:
        assert mine == theirs


# Lists and answers.

SERIAL = LEAF.serial
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
STALE = {"this_update": NOW - 9 * DAY, "next_update": NOW - 8 * DAY}
CRLS: dict[str, Crl | None] = {
    "no list": None,
    "good": Crl(ROOT, revoked=((1, None),)),
    "revoked": Crl(ROOT, revoked=((SERIAL, x509.ReasonFlags.key_compromise),)),
    "hold": Crl(ROOT, revoked=((SERIAL, x509.ReasonFlags.certificate_hold),)),
    "no reason": Crl(ROOT, revoked=((SERIAL, None),)),
    "stale good": Crl(ROOT, **STALE),
    "forged good": Crl(ROOT, signer=Root("forger")),
    "forged revoked": Crl(ROOT, signer=Root("forger"), revoked=((SERIAL, None),)),
    "other generation": Crl(SECOND_GENERATION),
}
ANSWERS: dict[str, Ocsp | None] = {
    "no answer": None,
    "good": Ocsp(LEAF),
    "good by delegate": Ocsp(LEAF, responder=Responder(ROOT)),
    "good, SHA-256": Ocsp(LEAF, algorithm=hashes.SHA256()),
    "revoked": Ocsp(LEAF, REVOKED, x509.ReasonFlags.key_compromise),
    "revoked by delegate": Ocsp(LEAF, REVOKED, responder=Responder(ROOT)),
    "unknown": Ocsp(LEAF, UNKNOWN),
    "stale": Ocsp(LEAF, this_update=NOW - 2 * DAY, next_update=NOW - DAY),
    "forged": Ocsp(LEAF, signer_label="forger"),
    "forged by a delegate": Ocsp(LEAF, responder=Responder(ROOT), signer_label="forger"),
    "wrong serial": Ocsp(LEAF, about=Leaf(ROOT, serial=4712)),
    "delegate without the purpose": Ocsp(LEAF, responder=Responder(ROOT, purposes=())),
    "delegate of another purpose": Ocsp(LEAF, responder=Responder(ROOT, purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))),
    "delegate of another root": Ocsp(LEAF, responder=Responder(ROOT, signer=Root("forger"))),
    "delegate expired": Ocsp(LEAF, responder=Responder(ROOT, not_after=NOW - DAY)),
    "nonce wrong": Ocsp(LEAF, nonce=bytes(32)),
    "nonce missing": Ocsp(LEAF, nonce=None),
}


@cache
def crl_der(name: str) -> tuple[bytes, ...]:
    crl = CRLS[name]
    return () if crl is None else (crl.der(),)


@cache
def answer_der(name: str) -> tuple[bytes, ...]:
    answer = ANSWERS[name]
    return () if answer is None else (answer.der(),)


def expected_difference(crl: str, answer: str, mine: str, theirs: str) -> str | None:
    """Why the two may say these two different words; None when there is no reason."""
    listed = crl in ("revoked", "hold", "no reason")
    good_answer = answer in ("good", "good by delegate", "good, SHA-256")
    if answer.startswith("nonce") and theirs == "good" and mine in ("not_checked", "revoked", "good"):
        return "the oracle does not compare nonces"
    if listed and good_answer and (mine, theirs) == ("revoked", "good"):
        return "with the oracle a good answer wins over a list; here revoked wins (card.md 11)"
    if answer == "unknown" and (mine, theirs) == ("good", "not_checked"):
        return "a responder that does not know the certificate does not take a good list away"
    return None


@pytest.mark.parametrize(("crl", "answer"), list(itertools.product(CRLS, ANSWERS)))
def test_lists_and_answers_are_judged_alike(crl: str, answer: str) -> None:
    mine = ours(LEAF, crl_der(crl), answer_der(answer))
    theirs = oracle(LEAF, crl_der(crl), answer_der(answer))
    if theirs == "refused":
        theirs = "not_checked"  # it says "no trustworthy word", and why
    assert mine == theirs or expected_difference(crl, answer, mine, theirs), (mine, theirs)


def test_revoked_wins_here_where_the_oracle_lets_a_good_answer_win() -> None:
    assert ours(LEAF, crl_der("revoked"), answer_der("good")) == "revoked"
    assert oracle(LEAF, crl_der("revoked"), answer_der("good")) == "good"
