"""How far a verified card is believed: TEST or real roots, who read it, and what is known of its revocation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from app import clock, db
from app.cards.models import CardSession, RevocationList
from app.cards.trust import anchors
from app.settings import Settings, SettingsRefused
from tests.cards.reading import Issuer, Visit, all_evidence, problem, replace_lists
from tests.nfc_trust import hierarchy

Visits = Callable[..., Visit]


@pytest.mark.parametrize("kind", ["attended", "unattended", "simulated"])
def test_a_test_card_is_simulated_whoever_read_it(visit: Visits, kind: str) -> None:
    one = visit(kind)
    one.hand_in(one.read("TP-02"))
    assert [(kept.assurance, kept.environment) for kept in all_evidence()] == [("simulated", "test")]


REAL_ROOT = hierarchy.Root("production", organisation="JPKI")


@pytest.fixture
def production(issuer: Issuer, tmp_path: Path) -> Settings:
    """An installation that pins a root of production names only."""
    pem = b"Provenance: made for one test\n" + REAL_ROOT.pem()
    (tmp_path / "authentication-1.pem").write_bytes(pem)
    return issuer.settings(trust_anchors_dir=tmp_path, trust_anchors_environment="production")


@pytest.mark.parametrize("kind", ["attended", "unattended"])
def test_where_production_roots_are_pinned_the_reader_decides_how_far_a_card_is_believed(
    visit: Visits, production: Settings, kind: str
) -> None:
    one = visit(kind, production)
    if kind == "attended":
        with db.transaction() as session:
            session.get_one(CardSession, one.session_id).attended_by = "ST-01"
    leaf = hierarchy.Leaf(REAL_ROOT)
    result = one.read("TP-02") | {
        "certificate": base64.b64encode(leaf.der()).decode(),
        "signature": base64.b64encode(leaf.signature(one.message)).decode(),
    }
    assert one.hand_in(result)
    (kept,) = all_evidence()
    assert (kept.assurance, kept.environment, kept.revocation) == (kind, "production", "not_checked")


def test_a_counters_reader_without_anybody_at_the_counter_is_unattended(visit: Visits, production: Settings) -> None:
    one = visit("attended", production)
    leaf = hierarchy.Leaf(REAL_ROOT)
    result = one.read("TP-02") | {
        "certificate": base64.b64encode(leaf.der()).decode(),
        "signature": base64.b64encode(leaf.signature(one.message)).decode(),
    }
    assert one.hand_in(result)
    assert [kept.assurance for kept in all_evidence()] == ["unattended"]


def test_where_production_roots_are_pinned_a_test_card_is_no_card(visit: Visits, production: Settings) -> None:
    one = visit("attended", production)
    one.hand_in(one.read("TP-02"))
    assert problem(one.session_id)[0] == "E116"
    assert all_evidence() == []


def test_a_test_root_stops_the_start_of_an_installation_for_real_cards(issuer: Issuer) -> None:
    with pytest.raises(SettingsRefused, match="TEST root"):
        anchors(issuer.settings(trust_anchors_environment="production"))


def test_simulated_evidence_counts_only_where_test_roots_are_configured(issuer: Issuer, production: Settings) -> None:
    assert issuer.settings().test_cards_only
    assert not production.test_cards_only


def test_without_pinned_roots_nobody_is_verified(visit: Visits, issuer: Issuer) -> None:
    one = visit(settings=issuer.settings(trust_anchors_dir=None))
    one.hand_in(one.read("TP-02"))
    assert problem(one.session_id)[0] == "E116"


# --- revocation ---------------------------------------------------------------------------------------------------


def revocation_of(one: Visit, person: str) -> str:
    assert one.hand_in(one.read(person))
    return all_evidence()[-1].revocation


def test_without_a_list_revocation_is_honestly_not_checked(visit: Visits, issuer: Issuer) -> None:
    with db.transaction() as session:
        session.query(RevocationList).delete()
    assert revocation_of(visit(settings=issuer.settings(crl_sources=[])), "TP-02") == "not_checked"


def test_a_stale_list_says_nothing_not_even_about_a_revoked_card(visit: Visits) -> None:
    with clock.frozen(clock.now() + timedelta(days=3)):
        assert revocation_of(visit(), "TP-26") == "not_checked"


def test_a_list_of_a_foreign_issuer_says_nothing(visit: Visits, foreign_issuer: Issuer) -> None:
    one = visit()
    replace_lists(foreign_issuer)
    assert revocation_of(one, "TP-26") == "not_checked"
