"""Takes what a provider reports was bought and given back: once each, whatever comes twice, late or out of order.

Each application's reports are one transaction: the records, and the points that they take or free. A number reported
again with the same content changes nothing; with another content it is put aside for staff (E704), as is what belongs
to another provider's service (E703).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import audit, clock, db, payments, policies
from app.errors import DomainError
from app.rebates.enrol import locked_enrolment
from app.rebates.models import EnrolmentState, PurchaseRecord, PutAside, RebateEnrolment
from app.rebates.recount import recount
from app.rebates.rules import Line
from app.rebates.terms import periods_of, rate_of

MAX_REPORTS = 1_000
MAX_LINES = 100
MAX_AMOUNT = 100_000_000
MAX_NUMBER = 64
CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True)
class Report:
    """One purchase or refund as a provider tells it. Yen of each line, one or more; ``purchase_no`` for a refund."""

    transaction_no: str
    kind: Literal["purchase", "refund"]
    service_id: str
    account: str
    at: datetime
    shop_no: str
    lines: tuple[Line, ...]
    purchase_no: str | None = None


class Outcome(StrEnum):
    """What became of one report. Only ``recorded`` changed anything that counts."""

    RECORDED = "recorded"
    UNCHANGED = "unchanged"
    NOT_ENROLLED = "not_enrolled"
    PUT_ASIDE = "put_aside"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """The answer to one report; ``code`` is of the message list (E702, E703, E704) or says what can't be read."""

    transaction_no: str
    outcome: Outcome
    code: str | None = None


class TooManyReports(ValueError):
    """More than ``MAX_REPORTS`` at once."""


def record_purchases(policy_id: str, provider_id: str, reports: Sequence[Report]) -> list[Answer]:
    """Record what one provider reports for one policy; one answer for each report, in their order.

    ``LookupError`` for an unknown policy, ``NotARebate`` for one that gives no share of purchases. A person who does
    not take part is not recorded at all: the answer alone says so.
    """
    if len(reports) > MAX_REPORTS:
        raise TooManyReports(len(reports))
    with db.reading() as session:
        policy = policies.get(session, policy_id)
        if policy is None:
            raise LookupError(policy_id)
        rate_of(policy.document)
        services = {one.service_id: one for one in payments.services_of(session, policy.document.services)}
        answers: dict[int, Answer] = {}
        accounts: dict[int, str] = {}
        for number, report in enumerate(reports):
            problem = _fault(report) or _check_service(report, services.get(report.service_id), provider_id)
            if problem is None:
                problem = _normalized(report, services[report.service_id], number, accounts)
            if problem is not None:
                answers[number] = problem
        owners = _owners(session, policy_id, reports, accounts)
    foreign = [reports[n] for n, answer in answers.items() if answer.code == "E703"]
    if foreign:
        with db.transaction() as session:
            for report in foreign:
                _put_aside(session, policy_id, provider_id, report, "E703")
    groups: dict[UUID, list[int]] = defaultdict(list)
    for number in accounts:
        owner = owners.get(number)
        if owner is None:
            answers[number] = Answer(reports[number].transaction_no, Outcome.NOT_ENROLLED)
        else:
            groups[owner].append(number)
    for application_id in sorted(groups):
        mine = groups[application_id]
        outcomes = _record_for(policy_id, provider_id, application_id, [reports[number] for number in mine])
        answers |= dict(zip(mine, outcomes, strict=True))
    return [answers[number] for number in range(len(reports))]


def _record_for(policy_id: str, provider_id: str, application_id: UUID, reports: Sequence[Report]) -> list[Answer]:
    with db.transaction() as session:
        try:
            enrolment = locked_enrolment(session, policy_id, application_id)
        except LookupError:
            return [Answer(report.transaction_no, Outcome.NOT_ENROLLED) for report in reports]
        if enrolment.state == EnrolmentState.ENDED:
            return [Answer(report.transaction_no, Outcome.NOT_ENROLLED) for report in reports]
        document = policies.document_of(session, policy_id, enrolment.policy_version)
        is_over = enrolment.periods_closed >= len(periods_of(document))
        answers = [_record_one(session, provider_id, enrolment, report, is_over=is_over) for report in reports]
        counts = Counter(answer.outcome for answer in answers)
        if counts[Outcome.RECORDED]:
            audit.record(
                session,
                "rebate.recorded",
                actor_kind="provider",
                actor=provider_id,
                policy_id=policy_id,
                object_kind="application",
                object_id=str(application_id),
                facts={str(outcome): number for outcome, number in counts.items()},
            )
            recount(session, enrolment)
        return answers


def _record_one(
    session: Session, provider_id: str, enrolment: RebateEnrolment, report: Report, *, is_over: bool
) -> Answer:
    digest = _digest(report, enrolment.application_id)
    written = session.execute(
        insert(PurchaseRecord)
        .values(
            policy_id=enrolment.policy_id,
            provider_id=provider_id,
            transaction_no=report.transaction_no,
            application_id=enrolment.application_id,
            kind=report.kind,
            purchase_no=report.purchase_no,
            service_id=report.service_id,
            at=report.at,
            shop_no=report.shop_no,
            lines=[[line.goods, line.amount] for line in report.lines],
            amount=sum(line.amount for line in report.lines),
            digest=digest,
            # A refund is never too late: what it makes too much is due for return (BR-38).
            too_late=is_over and report.kind == "purchase",
            recorded_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["policy_id", "provider_id", "transaction_no"])
        .returning(PurchaseRecord.transaction_no)
    ).one_or_none()
    if written is not None:
        return Answer(report.transaction_no, Outcome.RECORDED)
    recorded = session.execute(
        select(PurchaseRecord.digest).where(
            PurchaseRecord.policy_id == enrolment.policy_id,
            PurchaseRecord.provider_id == provider_id,
            PurchaseRecord.transaction_no == report.transaction_no,
        )
    ).scalar_one()
    if recorded == digest:
        return Answer(report.transaction_no, Outcome.UNCHANGED, "E702")
    _put_aside(session, enrolment.policy_id, provider_id, report, "E704", enrolment.application_id)
    return Answer(report.transaction_no, Outcome.PUT_ASIDE, "E704")


def _put_aside(  # noqa: PLR0917  # the report, from whom, why, and whose
    session: Session, policy_id: str, provider_id: str, report: Report, code: str, application_id: UUID | None = None
) -> None:
    """Keep a report for staff, once however often it comes. The service ID is not among what is kept."""
    content = _content(report)
    session.execute(
        insert(PutAside)
        .values(
            id=db.new_id(),
            policy_id=policy_id,
            provider_id=provider_id,
            transaction_no=report.transaction_no,
            code=code,
            digest=_digest_of(content),
            content=content,
            received_at=clock.now(),
            application_id=application_id,
        )
        .on_conflict_do_nothing(index_elements=["policy_id", "provider_id", "transaction_no", "digest"])
    )


def _fault(report: Report) -> Answer | None:
    """What can't be taken as a report at all, whoever sends it."""
    numbers = (report.transaction_no, report.shop_no, report.purchase_no or "")
    if not report.transaction_no or any(len(number) > MAX_NUMBER for number in numbers):
        return _refused(report, "number")
    if (report.kind == "refund") != bool(report.purchase_no):
        return _refused(report, "purchase_no")
    if not 1 <= len(report.lines) <= MAX_LINES or any(not 1 <= line.amount <= MAX_AMOUNT for line in report.lines):
        return _refused(report, "lines")
    if report.at.tzinfo is None or report.at > clock.now() + CLOCKS_DIFFER:
        return _refused(report, "at")
    return None


def _refused(report: Report, field: str) -> Answer:
    return Answer(report.transaction_no, Outcome.REFUSED, field)


def _check_service(report: Report, service: payments.ServiceDocument | None, provider_id: str) -> Answer | None:
    if service is None:
        return _refused(report, "service_id")
    if service.provider_id != provider_id:
        return Answer(report.transaction_no, Outcome.PUT_ASIDE, "E703")
    return None


def _normalized(
    report: Report, service: payments.ServiceDocument, number: int, accounts: dict[int, str]
) -> Answer | None:
    try:
        accounts[number] = payments.check_account_id(service, report.account, confirmed_not_my_number=True)
    except DomainError:
        return _refused(report, "account")
    return None


def _owners(session: Session, policy_id: str, reports: Sequence[Report], accounts: dict[int, str]) -> dict[int, UUID]:
    """The application that each report belongs to: who had the service ID when it was used, else who had it first."""
    by_service: dict[str, set[str]] = defaultdict(set)
    for number, account in accounts.items():
        by_service[reports[number].service_id].add(account)
    found = {
        (service_id, account): bindings
        for service_id, wanted in by_service.items()
        for account, bindings in payments.find_accounts(session, policy_id, service_id, wanted).items()
    }
    owners: dict[int, UUID] = {}
    for number, account in accounts.items():
        bindings = found.get((reports[number].service_id, account))
        if bindings:
            then = [application_id for application_id, since in bindings if since <= reports[number].at]
            owners[number] = then[-1] if then else bindings[0][0]
    return owners


def _content(report: Report) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "service_id": report.service_id,
        "at": report.at.astimezone(UTC).isoformat(),
        "shop_no": report.shop_no,
        "lines": sorted([line.goods, line.amount] for line in report.lines),
        "purchase_no": report.purchase_no,
    }


def _digest(report: Report, application_id: UUID) -> bytes:
    return _digest_of(_content(report) | {"application_id": str(application_id)})


def _digest_of(content: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()
