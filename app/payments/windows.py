"""Which payment services a person may choose now, until which day, and why not the others (BR-12, BR-40, BR-41)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from app import clock
from app.errors import DomainError
from app.payments.documents import ServiceDocument


class _Window(Protocol):
    @property
    def apply_to(self) -> datetime: ...
    @property
    def assign_by(self) -> datetime: ...


class PolicyTerms(Protocol):
    """What of a policy document decides over its services."""

    @property
    def window(self) -> _Window: ...
    @property
    def services(self) -> Iterable[str]: ...
    @property
    def service_windows(self) -> Mapping[str, tuple[date, date]]: ...


@dataclass(frozen=True)
class Offer:
    """One service of a policy: the last day on which it may be chosen, and the refusal that stands in the way now.

    ``closed`` is None when it may be chosen; else E208 (not yet), E304 (over), E305 (age) or E311 (amount).
    ``asks_consent``: at this age the service wants a guardian's consent, which it asks for itself.
    """

    service: ServiceDocument
    last_day: date
    closed: DomainError | None
    asks_consent: bool = False


def offers(
    policy: PolicyTerms,
    services: Iterable[ServiceDocument],
    now: datetime,
    amount: int | None,
    age: int | None,
    *,
    later_choice: bool = False,
) -> list[Offer]:
    """One offer for each service of the policy, in the policy's order.

    ``amount`` (points) and ``age`` (whole years) may be unknown: then they are not judged here. The reference end is
    ``apply_to`` for the first choice and ``assign_by`` for a later one.
    """
    reference = clock.local(policy.window.assign_by if later_choice else policy.window.apply_to).date()
    today = clock.local(now).date()
    by_id = {service.service_id: service for service in services}
    listed = [by_id[service_id] for service_id in policy.services if service_id in by_id]
    result = []
    for service in listed:
        first, own_end = policy.service_windows.get(service.service_id, (date.min, None))
        last = last_day(service, reference, own_end)
        problem = _not_open(service, first, last, today) or _does_not_suit(service, amount, age)
        result.append(Offer(service, last, problem, _asks_consent(service, age)))
    return result


def last_day(service: ServiceDocument, reference_end: date, own_end: date | None) -> date:
    """min(reference end, provider's own end, reference end - cut-off days) (BR-12)."""
    after_cutoff = reference_end - timedelta(days=service.cutoff_days_before_policy_end)
    return min(after_cutoff, own_end) if own_end else after_cutoff


def _asks_consent(service: ServiceDocument, age: int | None) -> bool:
    return age is not None and service.guardian_consent_under is not None and age < service.guardian_consent_under


def _not_open(service: ServiceDocument, first: date, last: date, today: date) -> DomainError | None:
    if today < first:
        return DomainError("E208", variant="before", start=first.isoformat())
    if today > last:
        return DomainError("E304", service=service.name, date=last.isoformat())
    return None


def _does_not_suit(service: ServiceDocument, amount: int | None, age: int | None) -> DomainError | None:
    if age is not None and age < service.min_age:
        return DomainError("E305", service=service.name, age=service.min_age)
    if amount is not None and not service.fits(amount):
        return _does_not_fit(service, amount)
    return None


def _does_not_fit(service: ServiceDocument, amount: int) -> DomainError:
    """E311 with the bound that the amount breaks."""
    if amount < service.min_per_grant:
        return DomainError("E311", variant="too_little", service=service.name, min=f"{service.min_per_grant:,}")
    if amount <= service.largest_grant:
        return DomainError("E311", variant="unit", service=service.name, unit=service.unit)
    # The list's own wording offers a split, which there is for rebates alone (BR-40).
    return DomainError("E311", variant="too_much", service=service.name, max=f"{service.largest_grant:,}")
