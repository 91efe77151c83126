"""The trust anchors of this installation, read once at start (card.md sections 10 and 14)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.settings import Environment, Settings, SettingsRefused
from nfc.trust import AnchorError, TrustAnchor, load_anchors


@cache
def _load(folder: Path, environment: str) -> tuple[TrustAnchor, ...]:
    try:
        return tuple(load_anchors(folder, "test" if environment == "test" else "production"))
    except AnchorError as error:
        raise SettingsRefused(f"TODOKE_TRUST_ANCHORS_DIR: {error}") from None


def anchors(settings: Settings) -> tuple[TrustAnchor, ...]:
    """The pinned roots; ``SettingsRefused`` when they are missing or do not belong to the environment."""
    if settings.trust_anchors_dir is None:
        if settings.environment is Environment.PRODUCTION:
            raise SettingsRefused("TODOKE_TRUST_ANCHORS_DIR is needed: without pinned roots no card can be verified")
        return ()
    return _load(settings.trust_anchors_dir, settings.trust_anchors_environment)
