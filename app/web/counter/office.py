"""Whom a receipt or a letter of the counter tells people to ask."""

from __future__ import annotations

from flask import current_app

from app import municipalities
from app.settings import Settings


def office_text(municipality_code: str) -> str:
    """The office of the municipality, with the free telephone number where the installation has one (K8)."""
    settings: Settings = current_app.extensions["todoke"]
    office = f"{municipalities.label(municipality_code)} 給付担当窓口"
    return f"{office} 電話 {settings.help_phone}" if settings.help_phone else office
