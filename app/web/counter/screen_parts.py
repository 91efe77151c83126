"""Parts of the resident's pages that are the same for an application and for a choice that is made later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app

from app import payments
from app.payments import Offer, ServiceDocument
from app.settings import Settings
from app.web.service_texts import consent_text, kind_text, label_text, lead_text, where_to_look


def offers_of(offers: Sequence[Offer]) -> dict[str, Any]:
    """What can be chosen now, and the reason why not for the rest."""
    return {
        "offers": [
            {
                "service_id": offer.service.service_id,
                "name": offer.service.name,
                "category": kind_text(offer.service),
                "lead_text": lead_text(offer.service),
                "note": consent_text(offer) or offer.service.warning,
                "id_label": label_text(offer.service.id_label),
            }
            for offer in offers
            if offer.closed is None
        ],
        "unavailable": [{"name": o.service.name, "reason": o.closed.wording()} for o in offers if o.closed],
    }


def account_of(service: ServiceDocument) -> dict[str, Any]:
    """The fields of the service's ID."""
    settings: Settings = current_app.extensions["todoke"]
    return {
        "service": {
            "service_id": service.service_id,
            "name": service.name,
            "id_label": label_text(service.id_label),
            "id_help": payments.describe_account_id(service),
            "security_code_label": label_text(service.security_code_label or "")
            if service.security_code_regex
            else None,
            "code_help": payments.describe_security_code(service),
            **where_to_look(service),
        },
        "values": {"account": ""},
        "ask": False,
        "provider_tester_url": settings.provider_tester_url,
    }
