"""Asks the provider whether a service ID and its security code belong together, and for the masked holder name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app import people
from app.errors import DomainError
from app.payments import gateways
from app.payments.documents import HolderCheck, ServiceDocument
from app.payments.lines import on_line
from app.pii import Private

# Only the provider can judge these codes; for the others the format is all that can be known now.
_ASKS_PROVIDER = frozenset({HolderCheck.ONLINE_API, HolderCheck.EMAIL_OTP})


@dataclass(frozen=True)
class HolderCheckResult:
    """How far a service ID is confirmed: ``verified`` or, when the provider gave no answer, ``unreachable``.

    A ``mismatch`` carries the message for the person in ``problem``.
    """

    state: Literal["verified", "mismatch", "unreachable"]
    holder_masked: str | None = None
    problem: DomainError | None = None


def verify_account(
    service: ServiceDocument, normalized: str, code: str, amount: int | None = None, *, names: Sequence[Private]
) -> HolderCheckResult:
    """Confirm a service ID before it is linked. Talks to the provider: never call it inside a transaction.

    A wrong code and an ID that the provider doesn't know give the same E302, so that IDs can't be searched for.
    ``names``: how the card writes whose service this should be; E308 where the holder that the provider shows can be
    seen to be somebody else, and the service is for its holder only. What can't be compared the person reads back.

    With ``amount`` (whole points) the provider is asked whether the balance can take it, or the first part of what the
    service takes in parts (BR-40): E306 where it can't. A provider that does not say so is believed to.
    """
    if service.holder_check not in _ASKS_PROVIDER or service.provider_id is None:
        return HolderCheckResult("verified")
    try:
        gateway = gateways.for_provider(service.provider_id)
        with on_line(service.provider_id):
            first = min(amount, service.largest_grant) if amount else None
            answer = gateway.verify_account(service.service_id, normalized, code, first)
    except gateways.GatewayError:
        return HolderCheckResult("unreachable")
    if answer.result != "verified":
        return HolderCheckResult("mismatch", problem=_wrong(service))
    if not service.any_holder and _is_somebody_else(answer.holder_masked, names):
        return HolderCheckResult("mismatch", problem=DomainError("E308"))
    if answer.fits is False:
        return HolderCheckResult("mismatch", problem=DomainError("E306", variant="choosing"))
    return HolderCheckResult("verified", holder_masked=people.masked_holder(answer.holder_masked))


def _is_somebody_else(told: str | None, names: Sequence[Private]) -> bool:
    return people.compare_holder(told, [name.reveal() for name in names]) is people.Holder.DIFFERENT


def _wrong(service: ServiceDocument) -> DomainError:
    """E302, the same whichever of the two is wrong."""
    variant = "either_or_late" if service.code_lifetime_min else "either"
    return DomainError("E302", variant=variant, label=service.id_label, code_label=service.security_code_label or "")
