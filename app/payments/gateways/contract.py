"""What todoke expects of a payment provider, whatever carries it: one small protocol and its answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID


class GatewayError(Exception):
    """The provider gave no answer that can be used. Holds no account and no body."""


class GatewayTimeout(GatewayError):
    """Nothing is known: the request may or may not have been carried out."""


class GatewayUnavailable(GatewayError):
    """The provider could not be reached, so it has not received this request."""


@dataclass(frozen=True)
class GrantInstruction:
    """One grant order as the provider gets it; ``amount`` in whole points."""

    order_id: UUID
    service_id: str
    account: str = field(repr=False)
    amount: int
    policy_id: str


@dataclass(frozen=True)
class GatewayAnswer:
    """What became of an order: done, refused for a reason, or taken in and done later.

    ``received`` and ``not_received`` tell of the receipt action that some services need after the grant.
    """

    state: Literal["succeeded", "failed", "accepted", "received", "not_received"]
    transaction_no: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class NotReceived:
    """The provider has never seen this order."""


@dataclass(frozen=True)
class Closed:
    """The provider promises never to carry out this order, should it still arrive (BR-42)."""


@dataclass(frozen=True)
class AccountAnswer:
    """What the provider says about a service ID and its security code.

    ``fits``: whether the balance can take the amount that was asked about; ``None`` where the provider does not say.
    """

    result: Literal["verified", "wrong_code", "unknown_account"]
    holder_masked: str | None = None
    fits: bool | None = None


@dataclass(frozen=True)
class LineLimits:
    """What was agreed with a provider: calls a second, and calls at the same time."""

    calls_per_second: int = 100
    max_concurrent: int = 8


class Gateway(Protocol):
    """The way to one payment provider. Every method may raise ``GatewayTimeout`` or ``GatewayUnavailable``."""

    def verify_account(self, service_id: str, account: str, code: str, amount: int | None) -> AccountAnswer:
        """Whether ID and security code belong together, with the masked name of the holder; and whether so many points
        would go in now, where an amount is known."""

    def send(self, instruction: GrantInstruction) -> GatewayAnswer:
        """Carry out a grant once per order id; the same order again gives the same answer."""

    def inquire(self, order_id: UUID) -> GatewayAnswer | NotReceived | Closed:
        """What became of an order; ``Closed`` where the answer to an earlier ruling out was lost."""

    def close(self, order_id: UUID) -> GatewayAnswer | Closed:
        """Rule an order out that was not received; one that was received answers with its state."""
