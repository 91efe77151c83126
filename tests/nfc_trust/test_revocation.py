"""card.md 11, row 7: `good` only from a fresh list of the right root; everything doubtful is `not_checked` (N13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from nfc.trust import AuthenticationVerdict, Revocation, verify_authentication
from nfc.trust.revocation import _genuine_crl
from tests.nfc_trust.hierarchy import MESSAGE, NOW, Crl, Leaf, Root, distribution_point

ROOT = Root("authentication 1")
SECOND_GENERATION = Root("authentication 2")
ANCHORS = (ROOT.anchor(), SECOND_GENERATION.anchor())
LEAF = Leaf(ROOT)
DER, SIGNATURE = LEAF.der(), LEAF.signature()
COMPROMISED = ((LEAF.serial, x509.ReasonFlags.key_compromise),)


def judge(crls: Sequence[bytes], at: datetime = NOW) -> AuthenticationVerdict:
    return verify_authentication(
        certificate_der=DER, message=MESSAGE, signature=SIGNATURE, anchors=ANCHORS, crls=crls, at=at
    )


def revocation(*crls: Crl, at: datetime = NOW) -> Revocation:
    return judge([crl.der() for crl in crls], at).revocation


def test_a_fresh_list_of_the_right_root_without_the_serial_says_good() -> None:
    assert revocation(Crl(ROOT, revoked=((1, None),))) is Revocation.GOOD


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (x509.ReasonFlags.affiliation_changed, "affiliationChanged"),
        (x509.ReasonFlags.key_compromise, "keyCompromise"),
        (x509.ReasonFlags.certificate_hold, "certificateHold"),
        (None, "unspecified"),
    ],
)
def test_a_listed_serial_is_revoked_with_its_reason(reason: x509.ReasonFlags | None, told: str) -> None:
    verdict = judge([Crl(ROOT, revoked=((LEAF.serial, reason),)).der()])
    assert (verdict.result, verdict.revocation, verdict.revocation_reason) == ("ok", Revocation.REVOKED, told)


def test_revoked_wins_over_good_in_either_order() -> None:
    good, revoked = Crl(ROOT), Crl(ROOT, revoked=COMPROMISED)
    assert revocation(good, revoked) is Revocation.REVOKED
    assert revocation(revoked, good) is Revocation.REVOKED


def test_without_a_list_nothing_was_checked() -> None:
    assert revocation() is Revocation.NOT_CHECKED


def test_a_list_is_fresh_from_this_update_to_next_update_with_a_minute_of_clock_slack() -> None:
    crl = Crl(ROOT)
    slack, second = timedelta(seconds=60), timedelta(seconds=1)
    assert revocation(crl, at=crl.this_update - slack) is Revocation.GOOD
    assert revocation(crl, at=crl.this_update - slack - second) is Revocation.NOT_CHECKED
    assert revocation(crl, at=crl.next_update + slack - second) is Revocation.GOOD
    assert revocation(crl, at=crl.next_update + slack) is Revocation.NOT_CHECKED


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.392.99999.1"), b"\x05\x00")
OTHER_NAME = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST-NOT-JPKI")])

UNUSABLE = {
    "stale": Crl(ROOT, this_update=NOW - timedelta(days=9), next_update=NOW - timedelta(days=8)),
    "from the future": Crl(ROOT, this_update=NOW + timedelta(hours=1)),
    "forged": Crl(ROOT, signer=Root("forged")),
    "signed by the other generation": Crl(ROOT, signer=SECOND_GENERATION),
    "of the other generation": Crl(SECOND_GENERATION),
    "other issuer name": Crl(ROOT, issuer=OTHER_NAME),
    "no authority key identifier": Crl(ROOT, with_authority_key_identifier=False),
    "other hash": Crl(ROOT, digest=hashes.SHA384()),
    "delta list": Crl(ROOT, extensions=[(x509.DeltaCRLIndicator(6), True)]),
    "unknown critical extension": Crl(ROOT, extensions=[(UNKNOWN, True)]),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_list_says_nothing_and_hides_no_other(case: str) -> None:
    assert revocation(UNUSABLE[case]) is Revocation.NOT_CHECKED
    assert revocation(UNUSABLE[case], Crl(ROOT)) is Revocation.GOOD


def test_a_list_of_an_unknown_version_says_nothing() -> None:
    der = Crl(ROOT).der()
    place = der.index(b"\x02\x01\x01") + 2  # v2
    assert judge([der[:place] + b"\x07" + der[place + 1 :]]).revocation is Revocation.NOT_CHECKED


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x00", b"<html>", b"\xff" * 100])
def test_what_is_no_list_says_nothing(der: bytes) -> None:
    assert judge([der]).revocation is Revocation.NOT_CHECKED


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    fields: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(fields | changes))


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (scope(only_contains_user_certs=True), Revocation.GOOD),
        (scope(full_name=[distribution_point("TEST list")]), Revocation.GOOD),
        (scope(full_name=[distribution_point("TEST other list")]), Revocation.NOT_CHECKED),
        (scope(only_contains_ca_certs=True), Revocation.NOT_CHECKED),
        (scope(only_contains_attribute_certs=True), Revocation.NOT_CHECKED),
        (scope(indirect_crl=True), Revocation.NOT_CHECKED),
        (scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), Revocation.NOT_CHECKED),
    ],
)
def test_a_partial_list_counts_only_when_it_is_the_part_the_certificate_names(
    part: x509.IssuingDistributionPoint, expected: Revocation
) -> None:
    assert revocation(Crl(ROOT, extensions=[(part, True)])) is expected


def test_a_list_is_parsed_once_but_its_time_is_judged_at_each_use() -> None:
    der = Crl(ROOT).der()
    later = NOW + timedelta(days=3)
    _genuine_crl.cache_clear()
    found = [judge([der], at).revocation for at in (NOW, later, NOW)]
    assert found == [Revocation.GOOD, Revocation.NOT_CHECKED, Revocation.GOOD]
    assert (_genuine_crl.cache_info().misses, _genuine_crl.cache_info().hits) == (1, 2)


def test_revocation_is_not_looked_at_for_a_certificate_that_failed_before() -> None:
    verdict = judge([Crl(ROOT, revoked=COMPROMISED).der()], at=LEAF.not_after + timedelta(days=1))
    assert (verdict.result, verdict.revocation) == ("expired", Revocation.NOT_CHECKED)


def test_a_list_of_20000_entries_is_searched() -> None:
    entries = tuple((serial, None) for serial in range(10_000, 30_000))
    assert revocation(Crl(ROOT, revoked=entries)) is Revocation.GOOD
    assert revocation(Crl(ROOT, revoked=(*entries, *COMPROMISED))) is Revocation.REVOKED
