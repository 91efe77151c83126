"""Settings: production refuses what would be unsafe, and says why without showing a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import settings
from app.settings import Keys, Settings, SettingsRefused

SAFE = {
    "TODOKE_ENVIRONMENT": "production",
    "TODOKE_DATABASE_URL": "postgresql://todoke:geheim-7@db/todoke",
    "TODOKE_PUBLIC_URL": "https://todoke.example.jp",
    "TODOKE_KEYS_JSON": Keys.generate_json(),
    "TODOKE_TRUST_ANCHORS_DIR": "anchors",
    "TODOKE_TRUSTED_PROXIES": "1",
}


def _current(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    for name, value in {**SAFE, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    settings.current.cache_clear()
    try:
        return settings.current()
    finally:
        settings.current.cache_clear()


def test_safe_production_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    current = _current(monkeypatch)
    assert current.is_https
    assert not current.test_cards_only


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"TODOKE_PUBLIC_URL": "http://todoke.example.jp"}, "https"),
        ({"TODOKE_KEYS_JSON": None}, "KEYS"),
        ({"TODOKE_TRUST_ANCHORS_ENVIRONMENT": "test"}, "TEST trust anchors"),
        ({"TODOKE_TRUSTED_PROXIES": "0"}, "proxies"),
        ({"TODOKE_PROVIDER_TESTER_URL": "http://127.0.0.1:1"}, "demo"),
        ({"TODOKE_PUBLIC_URL": "https://todoke.example.jp/path"}, "origin"),
        ({"TODOKE_DATABASE_URL": None}, "DATABASE_URL"),
    ],
)
def test_unsafe_production_is_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None], word: str
) -> None:
    with pytest.raises(SettingsRefused, match=word) as refusal:
        _current(monkeypatch, **changes)
    assert "geheim-7" not in str(refusal.value)


def test_production_without_its_key_file_does_not_make_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    current = _current(monkeypatch, TODOKE_KEYS_JSON=None, TODOKE_KEYS_FILE=str(tmp_path / "keys.json"))
    with pytest.raises(SettingsRefused):
        _ = current.keys
    assert not (tmp_path / "keys.json").exists()


def test_a_demo_makes_its_keys_once_for_the_owner_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    demo = {"TODOKE_ENVIRONMENT": "demo", "TODOKE_PUBLIC_URL": "http://127.0.0.1:8000", "TODOKE_KEYS_JSON": None}
    current = _current(monkeypatch, **demo, TODOKE_STATE_DIR=str(tmp_path))
    assert current.keys == current.keys
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_keys_that_are_too_short_are_refused_without_being_shown() -> None:
    short = '{"encryption": {"k1": "c2VjcmV0"}, "index": "c2VjcmV0", "audit": "c2VjcmV0", "signing": "c2VjcmV0"}'
    with pytest.raises(SettingsRefused) as refusal:
        Keys.from_json(short)
    assert "secret" not in str(refusal.value)
    assert "c2VjcmV0" not in str(refusal.value)
