"""Revocation lists: fetched by a job, and at once when one is missing or out of date; a silent source stops nobody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import clock, db
from app.cards import revocation_lists
from app.cards.models import RevocationList
from app.cards.revocation_lists import fetch_missing_lists, fetch_revocation_lists
from app.settings import Settings
from card_sim.issuer import TestIssuer
from tests.conftest import FIXTURE_TIME


@pytest.fixture
def issuer(tmp_path: Path) -> TestIssuer:
    opened = TestIssuer.open(tmp_path / "state", FIXTURE_TIME)
    opened.write_public(tmp_path / "trust")
    return opened


@pytest.fixture
def settings(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(revocation_lists._LastTry, "at", -1e9)
    return Settings(
        environment="test",
        database_url=database,
        public_url="http://127.0.0.1:1",
        crl_sources=[str(tmp_path / "1.crl")],
        trust_anchors_dir=tmp_path / "trust",
        trust_anchors_environment="test",
    )


def _stored() -> int:
    with db.reading() as session:
        return session.scalars(select(func.count()).select_from(RevocationList)).one()


def test_a_list_is_stored_and_replaced(settings: Settings, issuer: TestIssuer, tmp_path: Path) -> None:
    for days in (0, 1):
        (tmp_path / "1.crl").write_bytes(issuer.crl(1, FIXTURE_TIME + timedelta(days=days)))
        assert fetch_revocation_lists(settings) == 1
    assert _stored() == 1


def test_a_silent_source_or_a_broken_list_keeps_the_last_one(
    settings: Settings, issuer: TestIssuer, tmp_path: Path
) -> None:
    assert fetch_revocation_lists(settings) == 0
    (tmp_path / "1.crl").write_bytes(issuer.crl(1, FIXTURE_TIME))
    assert fetch_revocation_lists(settings) == 1
    (tmp_path / "1.crl").write_bytes(b"<html>down</html>")
    assert fetch_revocation_lists(settings) == 0
    assert _stored() == 1


def test_a_list_that_no_pinned_root_signed_is_refused(settings: Settings, issuer: TestIssuer, tmp_path: Path) -> None:
    stranger = TestIssuer.open(tmp_path / "stranger", FIXTURE_TIME)
    (tmp_path / "1.crl").write_bytes(stranger.crl(1, FIXTURE_TIME))
    assert fetch_revocation_lists(settings) == 0
    assert _stored() == 0


def test_an_older_list_does_not_bring_a_revoked_card_back(
    settings: Settings, issuer: TestIssuer, tmp_path: Path
) -> None:
    for days, stored in ((1, 1), (0, 0), (1, 1)):
        (tmp_path / "1.crl").write_bytes(issuer.crl(1, FIXTURE_TIME + timedelta(days=days)))
        assert fetch_revocation_lists(settings) == stored


def test_a_missing_list_is_fetched_while_the_person_waits(
    settings: Settings, issuer: TestIssuer, tmp_path: Path
) -> None:
    (tmp_path / "1.crl").write_bytes(issuer.crl(1, FIXTURE_TIME))
    fetch_missing_lists(settings)
    assert _stored() == 1


def test_a_list_out_of_date_is_fetched_again_but_a_current_one_is_not(
    settings: Settings, issuer: TestIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.crl").write_bytes(issuer.crl(1, FIXTURE_TIME))
    fetch_revocation_lists(settings)
    fetched: list[Settings] = []
    monkeypatch.setattr(revocation_lists, "fetch_revocation_lists", fetched.append)
    fetch_missing_lists(settings)
    assert fetched == []
    with clock.frozen(FIXTURE_TIME + timedelta(days=2)):
        fetch_missing_lists(settings)
        fetch_missing_lists(settings)
    assert len(fetched) == 1, "a source that is down is asked once, then after a pause"
