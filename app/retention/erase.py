"""Erase a person: everything personal goes, the books and the audit stay whole (BR-65, promise 8)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import (
    applications,
    audit,
    cards,
    clock,
    db,
    documents,
    events,
    lists,
    notifications,
    payments,
    people,
    points,
    policies,
    rebates,
    returns,
    screening,
)
from app.applications import Standing
from app.retention.happenings import PersonErased
from app.retention.models import Erasure, RetentionRule
from app.retention.rules import KEPT_FISCAL_YEARS, erasable_from

Reason = Literal["request", "mistake", "retention"]


class ErasureRefused(Exception):
    """Nothing was erased; ``why`` is ``unknown``, ``in_flight``, ``return_open``, ``held`` or ``kept_until``."""

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(f"{why}: {where}" if where else why)
        self.why = why
        self.where = where


@dataclass(frozen=True)
class Certificate:
    """Proof of one erasure, as it is stored; ``subject`` is a keyed pseudonym."""

    erasure_id: UUID
    subject: str
    erased_at: datetime
    keys_kept: bool
    counts: dict[str, int]


def erase_person(person_id: UUID, *, reason: Reason, by: str, before_the_end: bool = False) -> Certificate:
    """Erase one person in one transaction. Again finds nothing more and says so in its counts.

    While a policy's retention runs, its data may be needed: then only with ``before_the_end``, a decision that the
    certificate shows. Raises ``ErasureRefused`` while an application is in flight, points are being asked back or a
    policy is held.
    """
    with db.transaction() as session:
        if not people.lock_person(session, person_id):
            raise ErasureRefused("unknown")
        standing = applications.standing_of(session, person_id)
        rules = _rules(session, {each.policy_id for each in standing})
        if returns.has_open_case(session, [(each.policy_id, each.application_id) for each in standing]):
            raise ErasureRefused("return_open")
        _check(standing, rules, before_the_end)
        running = [rule for rule in rules.values() if not _is_over(rule)]
        return _erase(session, person_id, standing, reason, by, keep_keys=any(rule.keep_keys for rule in running))


def person_of_receipt(receipt_no: str) -> list[UUID]:
    """Applicant and beneficiary of a receipt number; empty for an unknown one."""
    with db.reading() as session:
        return applications.people_of_receipt(session, receipt_no)


def erase_everything_of(session: Session, person_id: UUID, standing: list[Standing], by: str) -> dict[str, int]:
    """For the end of retention: the caller has judged. Nothing keyed stays."""
    certificate = _erase(session, person_id, standing, "retention", by, keep_keys=False)
    return certificate.counts


def erase_part_of(
    session: Session, person_id: UUID, standing: Collection[Standing], others: Collection[Standing]
) -> dict[str, int]:
    """What these applications alone hold; the person has ``others``, whose retention runs on.

    Births of the family stay for a municipality only while one of the others is its benefit that counts children, and a
    reading of the card only while another application was judged by it.
    """
    named = [(each.policy_id, each.application_id) for each in standing]
    kept = [(each.policy_id, each.application_id) for each in others]
    documents_of_others = policies.current_documents(session, sorted({each.policy_id for each in others}))
    counting = {each.municipality_code for each in documents_of_others.values() if policies.counts_children(each)}
    return {
        "service_ids": payments.erase_accounts(session, named, keep_index=False),
        "messages": notifications.erase_messages(session, named),
        "texts": _erase_texts(session, named),
        "documents": documents.erase_documents(session, named),
        "list_rows": lists.erase_rows_of(session, named),
        "purchases": rebates.erase_purchases(session, named),
        "statements": people.erase_births(session, person_id, but_of=counting),
        "readings": applications.erase_readings_for(session, person_id, but_of=kept),
        "applications": applications.forget_identity(session, named),
    }


def _erase_texts(session: Session, named: Collection[tuple[str, UUID]]) -> int:
    """Whatever staff and the person wrote about these applications; returns how many rows held something."""
    erasers = (screening.erase_texts, returns.erase_texts, points.erase_notes)
    return sum(erase(session, named) for erase in erasers)


def _check(standing: list[Standing], rules: dict[str, RetentionRule], before_the_end: bool) -> None:
    in_flight = [each for each in standing if each.is_in_flight]
    if in_flight:
        raise ErasureRefused("in_flight", in_flight[0].receipt_no)
    held = [rule for rule in rules.values() if rule.held_by]
    if held:
        raise ErasureRefused("held", held[0].policy_id)
    running = [rule for rule in rules.values() if not _is_over(rule)]
    if running and not before_the_end:
        last = running[0]
        until = erasable_from(last.completed_on, last.kept_fiscal_years) if last.completed_on else "not completed"
        raise ErasureRefused("kept_until", f"{last.policy_id} ({until})")


def _erase(  # one parameter for each fact
    session: Session, person_id: UUID, standing: list[Standing], reason: Reason, by: str, *, keep_keys: bool
) -> Certificate:
    named = [(each.policy_id, each.application_id) for each in standing]
    subject = audit.pseudonym(person_id)
    counts = {
        "drafts": applications.drop_drafts(session, person_id),
        "service_ids": payments.erase_accounts(session, named, keep_index=keep_keys),
        "messages": notifications.erase_messages(session, named),
        "addresses": notifications.erase_contact(session, person_id),
        "texts": _erase_texts(session, named),
        "statements": screening.erase_statements(session, person_id) + people.erase_births(session, person_id),
        "documents": documents.erase_documents(session, named),
        "list_rows": lists.erase_rows_of(session, named),
        "purchases": rebates.erase_purchases(session, named),
        "card_sessions": cards.erase_readings(session, person_id, keep_keys=keep_keys),
        "readings": people.erase_facts(session, person_id),
        "keys": 0 if keep_keys else people.forget_keys(session, person_id),
        "applications": 0 if keep_keys else applications.forget_identity(session, named),
    }
    events.publish(session, PersonErased(person_id))
    row = Erasure(
        id=db.new_id(),
        kind="person",
        subject=subject,
        policy_id=None,
        reason=reason,
        erased_by=by,
        erased_at=clock.now(),
        keys_kept=keep_keys,
        counts=dict(counts),
    )
    session.add(row)
    audit.record(
        session,
        "person.erased",
        actor_kind="staff" if reason != "retention" else "system",
        actor=by,
        object_kind="erasure",
        object_id=str(row.id),
        facts={"subject": subject, "reason": reason, "keys_kept": keep_keys, **counts},
    )
    return Certificate(row.id, subject, row.erased_at, keep_keys, counts)


def _rules(session: Session, policy_ids: set[str]) -> dict[str, RetentionRule]:
    """The rules of these policies; one without a row has the default and was never completed."""
    rows = session.scalars(select(RetentionRule).where(RetentionRule.policy_id.in_(policy_ids)))
    found = {row.policy_id: row for row in rows}
    return {policy_id: found.get(policy_id) or default_rule(policy_id) for policy_id in sorted(policy_ids)}


def default_rule(policy_id: str) -> RetentionRule:
    """What holds where nothing was decided: five fiscal years after completion, keyed values kept until then."""
    return RetentionRule(policy_id=policy_id, kept_fiscal_years=KEPT_FISCAL_YEARS, keep_keys=True)


def _is_over(rule: RetentionRule) -> bool:
    if rule.completed_on is None:
        return False
    return clock.today() >= erasable_from(rule.completed_on, rule.kept_fiscal_years)
