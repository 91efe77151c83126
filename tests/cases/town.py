"""A town with funded policies and people whose cards were read; who applies goes through the use cases of the pages."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app import applications, cards, clock, db, municipalities, payments, people, points, policies, screening, settings
from app.applications import Receipt, submit
from app.applications.models import Application
from app.cards.models import Evidence
from app.pii import Private
from app.points.models import Grant, GrantOrder
from app.policies import CheckKind
from app.screening import Staff
from app.start import register_event_handlers
from tests.cases.proposals import read
from tests.payments.samples import every_service, service_item
from tests.policies.samples import item

ASAHI = "みらい県あさひ市本町１丁目１番１号"
_numbers = itertools.count(1)

REVIEWER = Staff("ST-R1", frozenset({"reviewer"}))
OTHER_REVIEWER = Staff("ST-R2", frozenset({"reviewer"}))
APPROVER = Staff("ST-A1", frozenset({"approver"}))
EVERYTHING = Staff("ST-X", frozenset({"reviewer", "approver", "counter"}))
COUNTER = Staff("ST-C1", frozenset({"counter"}))


@contextmanager
def installed(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of a test installation, the fictional municipalities, the handlers; the books agree at the end."""
    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://127.0.0.1:8000"}
    for name, value in (values | {"TRUST_ANCHORS_ENVIRONMENT": "test"}).items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    municipalities.configure(with_samples=True)
    register_event_handlers()
    yield
    with db.reading() as session:
        assert points.check_invariants(session) == []
    municipalities.configure(with_samples=False)
    settings.current.cache_clear()


def open_policy(policy_id: str = "P-001", *, sample: str = "P-001", **changes: Any) -> str:
    """A funded copy of a sample policy; ``changes`` are keys of its document, ``__`` going down a level."""
    document = item(sample, {"policy_id": policy_id, **{key.replace("__", "."): v for key, v in changes.items()}})
    with db.transaction() as session:
        payments.load_services(session, [service_item(each.service_id) for each in every_service()], "test")
        known = payments.known_service_ids(session)
        policies.load_policies(
            session,
            [document],
            source="test",
            known_services=known,
            services_with_spend_scope=payments.services_with_spend_scope(session),
            services_with_rebate=payments.services_with_rebate(session),
        )
        points.fund(session, policy_id, document["budget"])
    return policy_id


@dataclass(frozen=True)
class Resident:
    """Somebody whose card was read."""

    person_id: UUID
    evidence_id: UUID


def resident(
    name: str | None = None,
    *,
    address: str = ASAHI,
    birth_date: str = "19800401",
    sex: str = "1",
    certificate: bytes | None = None,
    **evidence: str,
) -> Resident:
    """A person with the evidence that a reading leaves; a new person unless the certificate was seen before."""
    items = people.FourItems(
        name=Private(name or f"試験　花子{next(_numbers)}"),
        address=Private(address),
        birth_date=Private(birth_date),
        sex=Private(sex),
    )
    resolved = municipalities.resolve(address)
    with db.transaction() as session:
        reader = cards.enrol_agent(session, name="reader", public_key=os.urandom(32), kind="unattended")
        recognition = people.recognise(session, certificate or os.urandom(32), items)
        row = Evidence(
            person_id=recognition.person_id,
            facts_id=recognition.facts_id,
            card_session_id=uuid4(),
            agent_id=reader.agent_id,
            issuer_check="genuine",
            environment="test",
            address_status=resolved.status,
            address_code=resolved.code,
            address_candidates=list(resolved.candidates),
            address_table_version=resolved.table_version,
            looks_like_another=recognition.looks_like_another,
            verified_at=clock.now(),
            **({"assurance": "simulated", "revocation": "good"} | evidence),
        )
        session.add(row)
        session.flush()
        return Resident(recognition.person_id, row.id)


def fill_in(
    who: Resident,
    policy_id: str,
    *,
    service_id: str = "SVC-QR-01",
    account: str | None = None,
    ask_for_review: bool = False,
    channel: str = "phone",
) -> UUID:
    """From the reading to the confirming page; gives the draft."""
    with db.transaction() as session:
        policy, evidence = policies.get(session, policy_id), cards.evidence_of(session, who.evidence_id)
        assert policy is not None
        assert evidence is not None
        draft = applications.start_draft(session, policy, evidence, channel)
        if ask_for_review:
            applications.request_review(session, policy_id, who.person_id)
        applications.record_consent(session, policy, who.person_id)
        applications.choose_service(session, policy, who.person_id, service_id, None)
        checked = payments.HolderCheckResult("verified", "タ＊＊")
        normalized = account or f"{next(_numbers):013d}"
        applications.keep_account(session, policy_id, who.person_id, normalized, checked)
    return draft


def apply(who: Resident, policy_id: str = "P-001", **choice: Any) -> Receipt:
    """Fill in and submit."""
    return submit(policy_id, fill_in(who, policy_id, **choice), who.person_id)


def stored(receipt: Receipt) -> Application:
    with db.transaction() as session:
        return session.scalars(select(Application).where(Application.receipt_no == receipt.receipt_no)).one()


def checks_of(application: Application) -> dict[str, str]:
    with db.reading() as session:
        return {
            check.kind.value: check.result
            for check in screening.checks_of(session, application.policy_id, application.id)
        }


def codes_of(application: Application) -> dict[str, str]:
    with db.reading() as session:
        found = screening.checks_of(session, application.policy_id, application.id)
        return {check.kind.value: check.problem.code for check in found if check.problem}


def counters(policy_id: str = "P-001") -> policies.Counters:
    with db.reading() as session:
        return policies.counters.read(session, policy_id)


def grants_of(application: Application) -> list[Grant]:
    with db.transaction() as session:
        return list(session.scalars(select(Grant).where(Grant.application_id == application.id)))


def orders() -> list[GrantOrder]:
    with db.transaction() as session:
        return list(session.scalars(select(GrantOrder)))


def refuse(
    application: Application, kind: CheckKind, reviewer: Staff = REVIEWER, approver: Staff = APPROVER
) -> screening.RefusalLetter:
    """A refusal as two people make it."""
    where = (application.policy_id, application.id, kind)
    applications.take_check(*where, reviewer)
    applications.propose_refusal(*where, reviewer, "E201", "基準日に市内にお住まいでないことを確認しました。")
    return applications.confirm_refusal(*where, approver, proposal_id=read(*where))
