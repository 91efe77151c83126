"""Loading policies from a file: every item is checked first, then all are stored or none (``todoke policies load``).

The same content again makes no version; a change makes the next one. What people decided about a policy (suspended,
cancelled) is never undone by a file: its ``status`` counts at the first load only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.policies.amounts import smallest_amount
from app.policies.catalogue import list_outdated, list_policies
from app.policies.document import GrantTiming, PolicyDocument
from app.policies.models import Policy, PolicyCounter, PolicyVersion
from app.policies.rules import faults_of
from app.policies.state import COMPUTED_STATES, PolicyState

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_ITEMS = 10_000

_UNIONS = ("benefit", "residence", "municipality")


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why a file is not taken: which file, which item, which field, and why."""

    source: str
    item: str
    field: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.item, self.field, self.reason) if part)


class LoadRefused(Exception):
    """Nothing was stored. ``faults`` has every reason found; ``str()`` gives one line for each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class LoadableFile:
    """The items of one file, and what they are, told by their keys."""

    source: str
    kind: Literal["policies", "services"]
    items: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, by policy id. ``funding`` is what the ledger must still add to, or take from, each BUDGET."""

    policies_added: tuple[str, ...]
    policies_changed: tuple[str, ...]
    policies_unchanged: tuple[str, ...]
    funding: Mapping[str, int]


def read_file(path: Path) -> LoadableFile:
    """Read a JSON file of policies or of services. Raises ``LoadRefused`` when it is neither."""

    def refused(reason: str, item: str = "") -> LoadRefused:
        return LoadRefused([Fault(path.name, item, "", reason)])

    try:
        raw = path.read_bytes()
        if len(raw) > MAX_FILE_BYTES:
            raise refused(f"is larger than {MAX_FILE_BYTES} bytes")
        items = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_without_duplicates)
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise refused(f"is not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise refused(f"is not JSON: {error}") from None
    if not isinstance(items, list) or not items:
        raise refused("must be a list of policies or a list of services")
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise refused("must be an object", f"item {number}")
    if all("policy_id" in item for item in items):
        return LoadableFile(path.name, "policies", tuple(items))
    if all("service_id" in item for item in items):
        return LoadableFile(path.name, "services", tuple(items))
    raise refused("holds neither policies (policy_id in every item) nor services (service_id in every item)")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key stands twice in one object: {next(key for key in keys if keys.count(key) > 1)}")
    return dict(pairs)


def load_policies(
    session: Session,
    items: Sequence[object],
    *,
    source: str,
    known_services: Collection[str],
    services_with_spend_scope: Collection[str] = (),
    services_with_rebate: Collection[str] = (),
) -> LoadReport:
    """Store the policies in the caller's transaction, all or nothing.

    A policy that limits where its benefit is spent (axis 4) takes only ``services_with_spend_scope``, one that gives a
    share of purchases back only ``services_with_rebate``. Raises
    ``LoadRefused`` with every fault before anything is written. The counters of a new policy begin at zero; the caller
    funds them through the ledger by ``LoadReport.funding``.
    """
    taken = _checked(items, source, known_services, services_with_spend_scope, services_with_rebate)
    existing = {
        row.policy_id: row
        for row in session.scalars(
            select(Policy).where(Policy.policy_id.in_([one.document.policy_id for one in taken])).with_for_update()
        )
    }
    report: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
    funding: dict[str, int] = {}
    faults: list[Fault] = []
    for one in sorted(taken, key=lambda one: one.document.policy_id):
        policy_id = one.document.policy_id
        policy = existing.get(policy_id)
        if policy is None:
            _add(session, one, source)
            report["added"].append(policy_id)
            funding[policy_id] = one.document.budget
            continue
        stored = session.get_one(PolicyVersion, (policy_id, policy.current_version))
        if stored.content_digest == one.digest:
            report["unchanged"].append(policy_id)
            continue
        before = PolicyDocument.model_validate_json(json.dumps(stored.document))
        faults += [Fault(source, policy_id, *fault) for fault in _change(session, policy, one, source)]
        report["changed"].append(policy_id)
        if one.document.budget != before.budget:
            funding[policy_id] = one.document.budget - before.budget
    if faults:
        raise LoadRefused(faults)
    session.flush()
    list_policies(session, [one.document for one in taken if one.document.policy_id not in report["unchanged"]])
    list_outdated(session)
    return LoadReport(tuple(report["added"]), tuple(report["changed"]), tuple(report["unchanged"]), funding)


def check_services(session: Session, source: str, *, services_with_rebate: Collection[str]) -> None:
    """Services were loaded: what policies that are no longer drafts rely on must still be so, or ``LoadRefused``."""
    rows = session.execute(
        select(Policy.policy_id, PolicyVersion.document)
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.policy_id) & (PolicyVersion.version == Policy.current_version),
        )
        .where(
            Policy.state.in_((PolicyState.APPROVED, PolicyState.PUBLISHED, PolicyState.SUSPENDED)),
            PolicyVersion.document["axes"]["grant_timing"].astext == GrantTiming.REBATE,
        )
        .order_by(Policy.policy_id)
    )
    faults = [
        Fault(source, policy_id, *fault)
        for policy_id, document in rows
        for fault in _without_rebate(PolicyDocument.model_validate_json(json.dumps(document)), services_with_rebate)
    ]
    if faults:
        raise LoadRefused(faults)


@dataclass(frozen=True, slots=True)
class _Taken:
    document: PolicyDocument
    stored_state: PolicyState

    @property
    def digest(self) -> bytes:
        content = json.dumps(self.document.without_defaults(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(content.encode()).digest()


def _checked(
    items: Sequence[object],
    source: str,
    known_services: Collection[str],
    scoped: Collection[str],
    for_rebates: Collection[str],
) -> list[_Taken]:
    if len(items) > MAX_ITEMS:
        raise LoadRefused([Fault(source, "", "", f"has more than {MAX_ITEMS} items")])
    taken: dict[str, _Taken] = {}
    faults: list[Fault] = []
    for number, item in enumerate(items, start=1):
        name = _name_of(item, number)
        found: list[tuple[str, str]] = []
        try:
            one = _parse(item)
            found += faults_of(one.document)
            found += (
                ("services", f"{service_id} is not a known service")
                for service_id in one.document.services
                if service_id not in known_services
            )
            found += _without_spend_scope(one.document, scoped)
            found += _without_rebate(one.document, for_rebates)
            if one.document.policy_id in taken:
                found.append(("policy_id", "is in the file twice"))
            taken[one.document.policy_id] = one
        except ValidationError as error:
            found += _form_faults(error)
        except _WrongStatus as error:
            found.append(("status", str(error)))
        faults += [Fault(source, name, field, reason) for field, reason in found]
    if faults:
        raise LoadRefused(faults)
    return list(taken.values())


def _without_spend_scope(document: PolicyDocument, scoped: Collection[str]) -> Iterator[tuple[str, str]]:
    """Where a benefit may be spent must be said for each service that brings it (domain.md 1.1, axis 4)."""
    if document.axes.spend_shop_limited:
        for service_id in document.services:
            if service_id not in scoped:
                yield "services", f"{service_id} has no spend_scope, and the policy limits where it is spent"


def _without_rebate(document: PolicyDocument, for_rebates: Collection[str]) -> Iterator[tuple[str, str]]:
    """A share of purchases can come back only through services whose purchases are reported (domain.md 10)."""
    if document.axes.grant_timing is GrantTiming.REBATE:
        for service_id in document.services:
            if service_id not in for_rebates:
                yield "services", f"{service_id} does not support rebates (supports_rebate)"


class _WrongStatus(ValueError):
    pass


def _parse(item: object) -> _Taken:
    content = dict(cast(dict[str, Any], item)) if isinstance(item, dict) else item
    status = content.pop("status", PolicyState.DRAFT) if isinstance(content, dict) else PolicyState.DRAFT
    # Strict in JSON mode: dates are strings there, but "5" is still no number.
    document = PolicyDocument.model_validate_json(json.dumps(content))
    try:
        state = PolicyState(status)
    except ValueError:
        raise _WrongStatus(f"must be one of {', '.join(PolicyState)}") from None
    return _Taken(document, PolicyState.PUBLISHED if state in COMPUTED_STATES else state)


def _name_of(item: object, number: int) -> str:
    policy_id = item.get("policy_id") if isinstance(item, dict) else None
    return policy_id if isinstance(policy_id, str) and policy_id.isprintable() else f"item {number}"


def _form_faults(error: ValidationError) -> Iterator[tuple[str, str]]:
    for fault in error.errors(include_url=False, include_input=False):
        yield _field_name(fault["loc"]), str(fault["msg"]).removeprefix("Value error, ")


def _field_name(location: Sequence[int | str]) -> str:
    """The path as written in the file: without the name of the alternative that pydantic puts behind a union."""
    parts = [str(part) for part in location]
    kept = [part for before, part in zip(["", *parts], parts, strict=False) if before not in _UNIONS or part in _KEYS]
    return ".".join(kept)


_KEYS = frozenset({"type", "mode", "amount"})


def _add(session: Session, one: _Taken, source: str) -> None:
    document = one.document
    session.add(
        Policy(
            policy_id=document.policy_id,
            municipality_code=document.municipality_code,
            state=one.stored_state.value,
            current_version=1,
        )
    )
    session.flush()
    session.add(_version(one, 1, source, one.stored_state))
    session.add(
        PolicyCounter(
            policy_id=document.policy_id, capacity=document.capacity, smallest_amount=smallest_amount(document)
        )
    )


def _change(session: Session, policy: Policy, one: _Taken, source: str) -> Iterator[tuple[str, str]]:
    document = one.document
    if document.municipality_code != policy.municipality_code:
        yield "municipality_code", f"the policy belongs to {policy.municipality_code}; this cannot change"
    counter = session.get_one(PolicyCounter, policy.policy_id, with_for_update=True)
    if document.capacity is not None and document.capacity < counter.seats_taken:
        yield "capacity", f"{counter.seats_taken} seats are taken"
        return
    counter.capacity = document.capacity
    counter.smallest_amount = smallest_amount(document)
    policy.current_version += 1
    session.add(_version(one, policy.current_version, source, PolicyState(policy.state)))


def _version(one: _Taken, version: int, source: str, state: PolicyState) -> PolicyVersion:
    not_yet = (PolicyState.DRAFT, PolicyState.IN_REVIEW, PolicyState.RETURNED, PolicyState.APPROVED)
    return PolicyVersion(
        policy_id=one.document.policy_id,
        version=version,
        document=one.document.canonical(),
        content_digest=one.digest,
        source=source,
        stored_at=clock.now(),
        published_at=None if state in not_yet else clock.now(),
    )
