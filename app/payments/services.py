"""Loads payment services and reads them back."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from sqlalchemy import Engine, Pool, Text, cast, select
from sqlalchemy.orm import Session

from app import clock, db, db_rows
from app.db_statements import Later, Statement
from app.payments.documents import ServiceDocument
from app.payments.models import PaymentService

MAX_SERVICES_PER_FILE = 2_000


@dataclass(frozen=True)
class ServiceFault:
    """What is wrong with one item of a file."""

    source: str
    item: str
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.item}: {self.field}: {self.reason}"


class ServicesRefused(Exception):
    """A file of services was refused as a whole; ``faults`` names every item, field and reason."""

    def __init__(self, faults: Sequence[ServiceFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class ServiceCounts:
    """What loading a file of services did."""

    added: int
    changed: int
    unchanged: int


def load_services(session: Session, items: Sequence[object], source: str) -> ServiceCounts:
    """Store the services of one file, all or nothing, in the caller's transaction.

    The same content again changes nothing. Raises ``ServicesRefused`` before anything is written.
    """
    documents = parse_services(items, source)
    known = {row.service_id: row for row in session.scalars(select(PaymentService))}
    added = changed = 0
    for document in documents:
        content = document.model_dump(mode="json")
        row = known.get(document.service_id)
        if row is None:
            session.add(
                PaymentService(
                    service_id=document.service_id,
                    provider_id=document.provider_id,
                    document=content,
                    loaded_at=clock.now(),
                )
            )
            added += 1
        elif row.document != content:
            row.provider_id, row.document, row.loaded_at = document.provider_id, content, clock.now()
            changed += 1
    session.flush()
    _kept.clear()
    return ServiceCounts(added, changed, len(documents) - added - changed)


def parse_services(items: Sequence[object], source: str) -> list[ServiceDocument]:
    """The typed documents of a file's items; raises ``ServicesRefused`` with all faults at once."""
    faults: list[ServiceFault] = []
    documents: dict[str, ServiceDocument] = {}
    if len(items) > MAX_SERVICES_PER_FILE:
        raise ServicesRefused([ServiceFault(source, "(file)", "(items)", f"more than {MAX_SERVICES_PER_FILE}")])
    for number, item in enumerate(items, start=1):
        name = _name(item, number)
        try:
            document = ServiceDocument.model_validate(item)
        except ValidationError as error:
            faults += (ServiceFault(source, name, *_field_and_reason(fault)) for fault in _errors(error))
            continue
        if document.service_id in documents:
            faults.append(ServiceFault(source, name, "service_id", "appears twice in the file"))
        documents[document.service_id] = document
    if faults:
        raise ServicesRefused(faults)
    return list(documents.values())


def get_service(session: Session, service_id: str) -> ServiceDocument | None:
    """One payment service, or None when there is none of this id."""
    return ask_services(session, [service_id])().get(service_id)


def ask_services(session: Session, service_ids: Collection[str]) -> Later[dict[str, ServiceDocument]]:
    """Asks for the services of these ids that exist, by id."""
    if not service_ids:
        return dict
    found = _SOME.ask(session, services=list(service_ids))
    return lambda: {row.service_id: _parsed(row.document) for row in found.rows()}


_SOME = Statement(
    select(PaymentService.service_id, cast(PaymentService.document, Text).label("document")).where(
        db_rows.is_among(PaymentService.service_id, "services")
    )
)


@lru_cache(maxsize=1_000)
def _parsed(text: str) -> ServiceDocument:
    """By the text itself: a kept document, which nothing changes, can never be another service's."""
    return ServiceDocument.model_validate(json.loads(text))


def services_of(session: Session, service_ids: Iterable[str]) -> list[ServiceDocument]:
    """The services of these ids that exist, in the order of the ids."""
    wanted = list(dict.fromkeys(service_ids))
    rows = session.scalars(select(PaymentService).where(PaymentService.service_id.in_(wanted)))
    found = {row.service_id: ServiceDocument.model_validate(row.document) for row in rows}
    return [found[service_id] for service_id in wanted if service_id in found]


def receive_deadline_days(session: Session, service_id: str | None) -> int | None:
    """Days for the receipt action at a terminal or counter; ``None`` for a service that needs none."""
    if service_id is None:
        return None
    days = PaymentService.document["receive_deadline_days"].as_integer()
    return session.scalar(select(days).where(PaymentService.service_id == service_id))


def known_service_ids(session: Session) -> set[str]:
    """The ids of all loaded services."""
    return set(session.scalars(select(PaymentService.service_id)))


def is_provider(session: Session, provider_id: str) -> bool:
    """Whether a loaded service is of this provider."""
    of_it = select(PaymentService.service_id).where(PaymentService.provider_id == provider_id)
    return session.scalar(of_it.limit(1)) is not None


def services_with_rebate(session: Session) -> set[str]:
    """The ids of the services that can report purchases; only these may serve a policy that gives a share back."""
    supports = PaymentService.document["supports_rebate"].as_boolean()
    return set(session.scalars(select(PaymentService.service_id).where(supports)))


def services_with_spend_scope(session: Session) -> set[str]:
    """The ids of the services that say where what they bring can be spent; only these may serve axis 4."""
    scope = PaymentService.document["spend_scope"].astext
    return set(session.scalars(select(PaymentService.service_id).where(scope.is_not(None))))


@dataclass(frozen=True)
class OfferedService:
    """What the catalogue says of a service: its name, and whether it usually grants in the moment it is asked."""

    service_id: str
    name: str
    at_once: bool


def offered_services(session: Session) -> tuple[OfferedService, ...]:
    """Every loaded service by its id, for the catalogue; what another process loads is seen within five seconds."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    until, kept = _kept.get(engine.pool, (0.0, ()))
    if time.monotonic() >= until:
        rows = db.driver_connection(session).execute(_OFFERED, prepare=True).fetchall()
        kept = tuple(OfferedService(service_id, name, at_once) for service_id, name, at_once in rows)
        _kept[engine.pool] = time.monotonic() + KEPT_SECONDS, kept
    return kept


KEPT_SECONDS = 5
"""A search would ask for the same few names each time: half of its round trips."""
_kept: WeakKeyDictionary[Pool, tuple[float, tuple[OfferedService, ...]]] = WeakKeyDictionary()
_OFFERED = (
    b"SELECT service_id, document->>'name', document->>'grant_lead' = 'PT0S' FROM payment_services ORDER BY service_id"
)


def _name(item: object, number: int) -> str:
    service_id = item.get("service_id") if isinstance(item, Mapping) else None
    return service_id if isinstance(service_id, str) and 0 < len(service_id) <= 40 else f"item {number}"


def _errors(error: ValidationError) -> list[Any]:
    return list(error.errors(include_input=False, include_url=False, include_context=False))


def _field_and_reason(fault: Mapping[str, Any]) -> tuple[str, str]:
    field = ".".join(map(str, fault["loc"])) or "(whole item)"
    return field, str(fault["msg"]).removeprefix("Value error, ")
