"""Ways to payment providers: the contract, REST, the file exchange, and which provider is reached how."""

from __future__ import annotations

import threading

from app import settings
from app.payments.gateways import file
from app.payments.gateways.contract import (
    AccountAnswer,
    Closed,
    Gateway,
    GatewayAnswer,
    GatewayError,
    GatewayTimeout,
    GatewayUnavailable,
    GrantInstruction,
    LineLimits,
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
    "LineLimits",
    "NotReceived",
    "RestGateway",
    "file",
    "file_encoding_of",
    "for_provider",
    "forget_all",
    "limits_of",
    "register",
    "register_by_file",
]

_gateways: dict[str, Gateway] = {}
_limits: dict[str, LineLimits] = {}
_by_file: dict[str, file.Encoding] = {}
_guard = threading.Lock()


def for_provider(provider_id: str) -> Gateway:
    """The gateway of a provider: a registered one, else REST to ``settings.providers``.

    Raises ``GatewayUnavailable`` when the provider has no address here; its orders then wait instead of failing.
    """
    with _guard:
        if provider_id not in _gateways:
            current = settings.current()
            endpoint = current.providers.get(provider_id)
            if endpoint is None or endpoint.gateway == "file":
                raise GatewayUnavailable(f"provider {provider_id} has no address in the settings")
            _gateways[provider_id] = RestGateway(endpoint, current.provider_timeout_seconds)
            _limits[provider_id] = LineLimits(endpoint.calls_per_second, endpoint.max_concurrent)
        return _gateways[provider_id]


def file_encoding_of(provider_id: str) -> file.Encoding | None:
    """The encoding of the files to a provider that is reached by file; None for one that is reached otherwise."""
    with _guard:
        if provider_id in _by_file:
            return _by_file[provider_id]
        if provider_id in _gateways:
            return None
    endpoint = settings.current().providers.get(provider_id)
    return endpoint.file_encoding if endpoint is not None and endpoint.gateway == "file" else None


def register_by_file(provider_id: str, encoding: file.Encoding = "utf-8-sig") -> None:
    """Reach this provider by file in this process."""
    with _guard:
        _by_file[provider_id] = encoding


def limits_of(provider_id: str) -> LineLimits:
    """How fast and how wide this provider may be asked; the usual limits where nothing else was agreed."""
    with _guard:
        return _limits.get(provider_id, LineLimits())


def register(provider_id: str, gateway: Gateway, limits: LineLimits | None = None) -> None:
    """Reach this provider through the given gateway in this process."""
    with _guard:
        _gateways[provider_id] = gateway
        _limits[provider_id] = limits or LineLimits()


def forget_all() -> None:
    """Drop every gateway, so that the settings are read again; used after a fork and between tests."""
    with _guard:
        _gateways.clear()
        _limits.clear()
        _by_file.clear()
