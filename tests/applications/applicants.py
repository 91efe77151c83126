"""People who apply: recognised by a card, with a draft filled in by the same use cases that the pages call."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text

from app import applications, cards, clock, db, municipalities, payments, people, points, policies
from app.applications import Receipt
from app.applications.models import Application
from app.cards.models import Evidence
from app.pii import Private
from app.points.models import Grant, GrantOrder
from tests.payments.samples import every_service, service_item
from tests.policies.samples import item

ASAHI = "みらい県あさひ市本町１丁目１番１号"
QR, CARD = "SVC-QR-01", "SVC-EM-01"
_numbers = itertools.count(1)


def open_policy(policy_id: str = "P-001", *, sample: str = "P-001", funded: int | None = None, **changes: Any) -> str:
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
        points.fund(session, policy_id, document["budget"] if funded is None else funded)
    return policy_id


def change_policy(policy_id: str, *, sample: str = "P-001", **changes: Any) -> None:
    """The next version of a policy."""
    document = item(sample, {"policy_id": policy_id, **{key.replace("__", "."): v for key, v in changes.items()}})
    with db.transaction() as session:
        known = payments.known_service_ids(session)
        report = policies.load_policies(
            session,
            [document],
            source="test",
            known_services=known,
            services_with_spend_scope=payments.services_with_spend_scope(session),
            services_with_rebate=payments.services_with_rebate(session),
        )
    assert report.policies_changed == (policy_id,)


@dataclass(frozen=True)
class Applicant:
    """Somebody whose card was read."""

    person_id: UUID
    evidence_id: UUID


def applicant(
    name: str | None = None,
    *,
    address: str = ASAHI,
    birth_date: str = "19800401",
    sex: str = "1",
    certificate: bytes | None = None,
    assurance: str = "simulated",
    revocation: str = "good",
) -> Applicant:
    """A person with the evidence that a reading leaves; a new person, unless the certificate was seen before."""
    items = people.FourItems(
        name=Private(name or f"試験　太郎{next(_numbers)}"),
        address=Private(address),
        birth_date=Private(birth_date),
        sex=Private(sex),
    )
    resolved = municipalities.resolve(address)
    with db.transaction() as session:
        reader = cards.enrol_agent(session, name="reader", public_key=os.urandom(32), kind="unattended")
        recognition = people.recognise(session, certificate or os.urandom(32), items)
        evidence = Evidence(
            person_id=recognition.person_id,
            facts_id=recognition.facts_id,
            card_session_id=uuid4(),
            agent_id=reader.agent_id,
            assurance=assurance,
            revocation=revocation,
            issuer_check="genuine",
            environment="test",
            address_status=resolved.status,
            address_code=resolved.code,
            address_candidates=list(resolved.candidates),
            address_table_version=resolved.table_version,
            looks_like_another=recognition.looks_like_another,
            verified_at=clock.now(),
        )
        session.add(evidence)
        session.flush()
        return Applicant(recognition.person_id, evidence.id)


def fill_in(who: Applicant, policy_id: str = "P-001", *, service_id: str = QR, account: str | None = None) -> UUID:
    """From the reading to the confirming page; gives the draft."""
    with db.transaction() as session:
        policy, evidence = policies.get(session, policy_id), cards.evidence_of(session, who.evidence_id)
        assert policy is not None
        assert evidence is not None
        draft = applications.start_draft(session, policy, evidence, "phone")
    agree(who, policy_id)
    with db.transaction() as session:
        policy = policies.get(session, policy_id)
        assert policy is not None
        applications.choose_service(session, policy, who.person_id, service_id, None)
        normalized = account or f"{next(_numbers):013d}"
        checked = payments.HolderCheckResult("verified", "タ＊＊")
        applications.keep_account(session, policy_id, who.person_id, normalized, checked)
    return draft


def agree(who: Applicant, policy_id: str = "P-001") -> None:
    """The three layers of consent, to the policy as it stands."""
    with db.transaction() as session:
        policy = policies.get(session, policy_id)
        assert policy is not None
        applications.record_consent(session, policy, who.person_id)


def apply(who: Applicant, policy_id: str = "P-001", **choice: str) -> Receipt:
    """Fill in and submit."""
    return applications.submit(policy_id, fill_in(who, policy_id, **choice), who.person_id)


def fill_in_for_later(who: Applicant, policy_id: str = "P-001") -> UUID:
    """The same with 「あとで決済サービスを選ぶ」; gives the draft."""
    with db.transaction() as session:
        policy, evidence = policies.get(session, policy_id), cards.evidence_of(session, who.evidence_id)
        assert policy is not None
        assert evidence is not None
        draft = applications.start_draft(session, policy, evidence, "phone")
        applications.record_consent(session, policy, who.person_id)
        applications.choose_later(session, policy, who.person_id)
    return draft


def apply_for_later(who: Applicant, policy_id: str = "P-001") -> Receipt:
    """Submit without a service."""
    return applications.submit(policy_id, fill_in_for_later(who, policy_id), who.person_id)


def choice(service_id: str = QR, account: str | None = None) -> applications.Choice:
    """A service with an ID that its provider confirmed."""
    checked = payments.HolderCheckResult("verified", "タ＊＊")
    return applications.Choice(service_id, account or f"{next(_numbers):013d}", checked)


def view_of(receipt: Receipt, who: Applicant) -> applications.ApplicationView:
    """What the person sees."""
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
    assert view is not None
    return view


def stored(application_id: UUID) -> Application:
    with db.transaction() as session:
        return session.scalars(select(Application).where(Application.id == application_id)).one()


def by_receipt(receipt: Receipt) -> Application:
    with db.transaction() as session:
        return session.scalars(select(Application).where(Application.receipt_no == receipt.receipt_no)).one()


def counters(policy_id: str = "P-001") -> policies.Counters:
    with db.reading() as session:
        return policies.counters.read(session, policy_id)


def submitted_count(policy_id: str = "P-001") -> int:
    with db.reading() as session:
        rows = select(func.count()).where(Application.policy_id == policy_id, Application.state != "started")
        return session.scalars(rows).one()


def grants_of(application_id: UUID) -> list[Grant]:
    with db.transaction() as session:
        return list(session.scalars(select(Grant).where(Grant.application_id == application_id)))


def orders() -> list[GrantOrder]:
    with db.transaction() as session:
        return list(session.scalars(select(GrantOrder).order_by(GrantOrder.created_at, GrantOrder.attempt)))


def checks_of(application_id: UUID, policy_id: str = "P-001") -> dict[str, str]:
    from app import screening

    with db.reading() as session:
        return {check.kind.value: check.result for check in screening.checks_of(session, policy_id, application_id)}


def rows_in(table: str) -> int:
    with db.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def differences() -> list[points.Difference]:
    """What the ledger and everything that repeats it disagree about."""
    with db.reading() as session:
        return points.check_invariants(session)
