"""Ways to payment providers: the contract, the REST gateway, and which provider is reached how."""

from __future__ import annotations

import threading

from app import settings
from app.payments.gateways.contract import (
    AccountAnswer,
    Closed,
    Gateway,
    GatewayAnswer,
    GatewayError,
    GatewayTimeout,
    GatewayUnavailable,
    GrantInstruction,
    NotReceived,
)
from app.payments.gateways.rest import RestGateway

__all__ = [
    "AccountAnswer",
    "Closed",
    "Gateway",
    "GatewayAnswer",
    "GatewayError",
    "GatewayTimeout",
    "GatewayUnavailable",
    "GrantInstruction",
    "NotReceived",
    "RestGateway",
    "for_provider",
    "forget_all",
    "register",
]

_gateways: dict[str, Gateway] = {}
_guard = threading.Lock()


def for_provider(provider_id: str) -> Gateway:
    """The gateway of a provider: a registered one, else REST to ``settings.providers``.

    Raises ``GatewayUnavailable`` when the provider has no address here; its orders then wait instead of failing.
    """
    with _guard:
        if provider_id not in _gateways:
            current = settings.current()
            endpoint = current.providers.get(provider_id)
            if endpoint is None:
                raise GatewayUnavailable(f"provider {provider_id} has no endpoint in the settings")
            _gateways[provider_id] = RestGateway(endpoint, current.provider_timeout_seconds)
        return _gateways[provider_id]


def register(provider_id: str, gateway: Gateway) -> None:
    """Reach this provider through the given gateway in this process."""
    with _guard:
        _gateways[provider_id] = gateway


def forget_all() -> None:
    """Drop every gateway, so that the settings are read again; used after a fork and between tests."""
    with _guard:
        _gateways.clear()
