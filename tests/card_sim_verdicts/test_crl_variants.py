"""Revocation lists of every kind of card.md section 14, and what a relying service makes of them (section 11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509

from card_sim import crl_variants
from card_sim.crl_variants import LARGE_LIST, CrlVariant
from card_sim.files import JPKI, ref
from card_sim.issuer import TestIssuer
from card_sim.wallet import Wallet
from nfc.trust import RevocationVerdict, TrustAnchor, check_revocation
from tests.card_sim_verdicts.conftest import HOLDER, NOW


@pytest.fixture(scope="module")
def leaf(wallet: Wallet) -> x509.Certificate:
    """A valid certificate; the canary's is of the first generation."""
    return x509.load_der_x509_certificate(wallet.open_card(HOLDER, NOW).profile.contents[ref(JPKI, 0x000A)])


def judged(leaf: x509.Certificate, anchors: Sequence[TrustAnchor], crl: bytes) -> RevocationVerdict:
    anchor = next(anchor for anchor in anchors if is_signed_by(leaf, anchor))
    return check_revocation(leaf, anchor, [crl], NOW)


def is_signed_by(leaf: x509.Certificate, anchor: TrustAnchor) -> bool:
    own = anchor.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own


@pytest.mark.parametrize(
    ("variant", "named", "state", "reason"),
    [
        (CrlVariant.GOOD, False, "good", None),
        (CrlVariant.AFFILIATION_CHANGED, True, "revoked", "affiliationChanged"),
        (CrlVariant.KEY_COMPROMISE, True, "revoked", "keyCompromise"),
        (CrlVariant.HOLD, True, "revoked", "certificateHold"),
        (CrlVariant.STALE, True, "not_checked", None),
        (CrlVariant.FORGED, True, "not_checked", None),
        (CrlVariant.OTHER_ISSUER, True, "not_checked", None),
        (CrlVariant.LARGE, False, "good", None),
        (CrlVariant.LARGE, True, "revoked", "keyCompromise"),
    ],
)
def test_verdict(
    issuer: TestIssuer,
    leaf: x509.Certificate,
    anchors: Sequence[TrustAnchor],
    variant: CrlVariant,
    named: bool,
    state: str,
    reason: str | None,
) -> None:
    crl = crl_variants.make(variant, issuer, 1, NOW, [leaf.serial_number] if named else [])
    verdict = judged(leaf, anchors, crl)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_the_large_list_has_20_000_lines_of_strangers(issuer: TestIssuer) -> None:
    usual = len(list(x509.load_der_x509_crl(issuer.crl(1, NOW))))
    large = x509.load_der_x509_crl(crl_variants.make(CrlVariant.LARGE, issuer, 1, NOW))
    assert len(large) == usual + LARGE_LIST


def test_the_stale_list_was_a_good_one_in_its_time(
    issuer: TestIssuer, leaf: x509.Certificate, anchors: Sequence[TrustAnchor]
) -> None:
    crl = crl_variants.make(CrlVariant.STALE, issuer, 1, NOW)
    anchor = next(anchor for anchor in anchors if is_signed_by(leaf, anchor))
    assert check_revocation(leaf, anchor, [crl], NOW - timedelta(days=3)).state == "good"
