"""The draft of an application: what a signed-in person has filled in so far. It holds no seat (BR-35)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, true, union
from sqlalchemy.orm import Session

from app import cards, clock, db, payments, policies, screening
from app.applications.childs_amount import amount_to_hold, amounts_possible, childs_amount
from app.applications.guardian import (
    Acting,
    Wallet,
    acting_for,
    age_for_service,
    check_guardian_may_apply,
    check_pair,
)
from app.applications.models import Application
from app.applications.states import ApplicationState
from app.applications.wallets import payment_wallet
from app.cards import EvidenceView
from app.errors import DomainError
from app.people import erase_facts_of_others, fingerprint_of_facts
from app.pii import Private, vault
from app.policies import PolicyDocument, PolicyView

TERMS_VERSION = "2026-11-01"
AT_COUNTER = ("counter", "paper")
"""Channels whose drafts belong to a visit or to a paper, and are nobody's on the own phone."""


@dataclass(frozen=True)
class Draft:
    """A draft as its pages need it; the service ID itself stays encrypted.

    ``person_id`` applies. ``acting`` is set where that is a guardian; ``evidence_id`` is the beneficiary's.
    ``amount_is_open``: ``amount`` is the most that it may come to.
    """

    application_id: UUID
    policy_id: str
    person_id: UUID
    beneficiary_id: UUID
    evidence_id: UUID
    acting: Acting | None
    declared: bool
    wallet: Wallet
    age_for_service: int | None
    amount: int
    amount_is_open: bool
    review_requested: bool
    consented: bool
    service_id: str | None
    choose_later: bool
    last4: str | None
    holder_masked: str | None
    has_account: bool
    digest: str
    came_at: datetime | None


def start_draft(
    session: Session, policy: PolicyView, evidence: EvidenceView, channel: str, *, came_at: datetime | None = None
) -> UUID:
    """Begin, or go on with, this person's draft for the policy; a new reading replaces the evidence.

    One that was begun at a counter is not gone on with: it belongs to its visit (BR-51). ``came_at`` is the moment that
    counts, if it is not now.
    Raises E206 with the receipt number when the person has applied already, and the policy's reason when it takes no
    applications.
    """
    check_policy_takes_applications(policy)
    check_not_applied_yet(session, policy.policy_id, evidence.person_id)
    check_may_apply_alone(evidence, came_at or clock.now())
    row = _begin(session, policy, evidence, evidence.person_id, channel)
    session.flush()
    return row.id


def start_for_child(
    session: Session, policy: PolicyView, guardian: EvidenceView, child: EvidenceView, channel: str
) -> UUID:
    """The same by a guardian, with both cards read: the child is the beneficiary and judged, the guardian applies.

    Raises E211 where the policy or the guardian's own age forbids it, E112 for the guardian's own card again, E206 when
    this guardian has applied already and E216, without any detail, when somebody else has (BR-26).
    """
    check_policy_takes_applications(policy)
    check_guardian_may_apply(policy)
    check_pair(guardian, child)
    check_not_applied_yet(session, policy.policy_id, child.person_id, guardian.person_id)
    row = _begin(session, policy, child, guardian.person_id, channel)
    if row.guardian_evidence_id != guardian.id:
        row.guardian_evidence_id = guardian.id
        row.guardian_relation = row.guardian_reason = row.declared_at = None
    session.flush()
    return row.id


def _begin(
    session: Session, policy: PolicyView, evidence: EvidenceView, applicant_id: UUID, channel: str
) -> Application:
    if policy.taken_at_submit is None:
        raise ValueError("this policy has no fixed amount")
    row = _draft_row(session, policy.policy_id, applicant_id, beneficiary_id=evidence.person_id, lock=True)
    if row is None:
        row = Application(
            policy_id=policy.policy_id,
            applicant_id=applicant_id,
            beneficiary_id=evidence.person_id,
            unit_key="",
            state=ApplicationState.STARTED,
            channel=channel,
        )
    if row.policy_version != policy.version:
        row.consents = {}
    row.policy_version = policy.version
    row.started_at = clock.now()
    row.evidence_id = evidence.id
    row.fingerprint = fingerprint_of_facts(session, evidence.facts_id)
    row.amount = amount_to_hold(session, policy.document, evidence, clock.today(), policy.taken_at_submit)
    row.review_requested = False
    session.add(row)
    return row


# Whoever fills a draft in says on which side: ``at_counter`` for the visit it belongs to, without it everywhere else.


def request_review(session: Session, policy_id: str, person_id: UUID, *, at_counter: bool = False) -> None:
    """「このまま申し込んで確認を依頼する」: the failed check will be looked at by staff."""
    _own_draft(session, policy_id, person_id, at_counter=at_counter).review_requested = True


def record_consent(session: Session, policy: PolicyView, person_id: UUID, *, at_counter: bool = False) -> None:
    """All three layers were agreed to, in these versions; from here the draft is one for this version."""
    draft = _own_draft(session, policy.policy_id, person_id, at_counter=at_counter)
    if policy.taken_at_submit is None:
        raise ValueError("this policy has no fixed amount")
    evidence = cards.evidence_of(session, draft.evidence_id)
    draft.policy_version = policy.version
    draft.amount = amount_to_hold(session, policy.document, evidence, clock.today(), policy.taken_at_submit)
    draft.consents = {**_terms_of(policy), "at": clock.now().isoformat()}


def check_agreed(session: Session, draft: Application, policy: PolicyView) -> None:
    """Raise E504 without consent, E217 when it was given to other terms than those of today.

    A version that only has more or fewer seats or points asks nobody again: these are no terms of the applicant's.
    """
    if not draft.consents:
        raise DomainError("E504", step="同意の確認")
    agreed_to = _terms_of(policy) | {"outline": f"{policy.policy_id}/{draft.policy_version}"}
    if not agreed_to.items() <= draft.consents.items():
        raise DomainError("E217")
    if draft.policy_version != policy.version:
        agreed = policies.document_of(session, policy.policy_id, draft.policy_version)
        if agreed.model_copy(update=_room_of(policy.document)) != policy.document:
            raise DomainError("E217")


def _room_of(document: PolicyDocument) -> dict[str, int | None]:
    return {"capacity": document.capacity, "budget": document.budget}


def _terms_of(policy: PolicyView) -> dict[str, str]:
    """The versions of the three layers."""
    return {
        "terms": TERMS_VERSION,
        "outline": f"{policy.policy_id}/{policy.version}",
        "service_terms": TERMS_VERSION,
    }


def choose_service(
    session: Session,
    policy: PolicyView,
    person_id: UUID,
    service_id: str,
    age: int | None,
    *,
    at_counter: bool = False,
) -> None:
    """Take one of the services that may be chosen now; raises E304, E305, E311 with the reason otherwise."""
    draft = _own_draft(session, policy.policy_id, person_id, at_counter=at_counter)
    known = payments.services_of(session, policy.document.services)
    chosen = [one for one in known if one.service_id == service_id]
    if not chosen:
        raise LookupError("not a service of this policy")
    for amount in amounts_possible(session, policy.document, draft) or (None,):
        for offer in payments.offers(policy.document, chosen, draft.came_at or clock.now(), amount, age):
            if offer.closed is not None:
                raise offer.closed
    if draft.service_id != service_id:
        forget_account(draft)
    draft.service_id = service_id
    draft.choose_later = False


def choose_later(session: Session, policy: PolicyView, person_id: UUID, *, at_counter: bool = False) -> None:
    """Leave the choice of a service for after the decision; ``LookupError`` where the policy does not offer that."""
    draft = _own_draft(session, policy.policy_id, person_id, at_counter=at_counter)
    if not policy.document.assign_later:
        raise LookupError("this policy wants a service at once")
    forget_account(draft)
    draft.service_id, draft.choose_later = None, True


def keep_account(
    session: Session,
    policy_id: str,
    person_id: UUID,
    normalized: str,
    holder: payments.HolderCheckResult,
    *,
    checked_with: str | None = None,
    at_counter: bool = False,
) -> None:
    """Keep the checked service ID, encrypted, until the application is sent.

    Only one that the provider confirmed: the code can't be asked for again later, and points must not go to an ID that
    nobody checked. ``checked_with``: the service that was asked, which may have been chosen anew in another window
    meanwhile. Raises E504 then, E307 while the provider does not answer, E303 and E312 for an ID that is another's or
    full.
    """
    if holder.state != "verified":
        raise DomainError("E307", variant="no_answer")
    draft = _own_draft(session, policy_id, person_id, at_counter=at_counter)
    if checked_with is not None and draft.service_id != checked_with:
        raise DomainError("E504", step="決済サービスの選択")
    _check_is_free(session, draft, normalized)
    draft.draft_account_enc = vault().encrypt(Private(normalized), _context(draft.id))
    draft.draft_last4 = payments.last4(normalized)
    draft.holder_masked = holder.holder_masked


def _check_is_free(session: Session, draft: Application, normalized: str) -> None:
    """E303, E312: told here, where another service can still be chosen; the submit decides."""
    service = payments.get_service(session, draft.service_id) if draft.service_id else None
    if service is None:
        raise DomainError("E504", step="決済サービスの選択")
    document = policies.document_of(session, draft.policy_id, draft.policy_version)
    wallet = payment_wallet(session, draft, document, service)
    payments.check_account_is_free(session, draft.policy_id, service, normalized, draft.beneficiary_id, wallet)


def erase_unused_facts(before: datetime) -> int:
    """Erase what was read from cards before then and that no application stands on; returns how many readings."""
    known = union(select(Application.applicant_id), select(Application.beneficiary_id))
    with db.transaction() as session:
        return erase_facts_of_others(session, known, before)


def draft_of(session: Session, policy_id: str, person_id: UUID, *, at_counter: bool = False) -> Draft | None:
    """This person's draft for the policy, or None. One begun at a counter is found there and nowhere else."""
    row = _draft_row(session, policy_id, person_id, at_counter=at_counter)
    if row is None:
        return None
    document = policies.document_of(session, row.policy_id, row.policy_version)
    evidence = cards.evidence_of(session, row.evidence_id)
    found = childs_amount(session, document, evidence, clock.today())
    return Draft(
        application_id=row.id,
        policy_id=row.policy_id,
        person_id=row.applicant_id,
        beneficiary_id=row.beneficiary_id,
        evidence_id=row.evidence_id,
        acting=acting_for(session, row, document),
        declared=row.guardian_evidence_id is None or row.declared_at is not None,
        wallet=Wallet(row.wallet),
        age_for_service=age_for_service(session, row, evidence),
        amount=row.amount,
        amount_is_open=found is not None and not found.is_settled,
        review_requested=row.review_requested,
        consented=bool(row.consents),
        service_id=row.service_id,
        choose_later=row.choose_later,
        last4=row.draft_last4,
        holder_masked=row.holder_masked,
        has_account=row.draft_account_enc is not None,
        digest=digest_of(row),
        came_at=row.came_at,
    )


def digest_of(draft: Application) -> str:
    """What the confirming page reads back, as one value: what is sent must be what was shown."""
    account = hashlib.sha256(draft.draft_account_enc or b"").hexdigest()
    service = "later" if draft.choose_later else draft.service_id
    shown: tuple[object, ...] = (draft.policy_version, draft.amount, service, account, str(draft.evidence_id))
    if draft.guardian_evidence_id is not None:
        shown += (draft.guardian_relation, draft.guardian_reason, draft.wallet)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]


def account_in_draft(draft: Application) -> str | None:
    """The service ID that was typed, decrypted, for the submitting transaction only."""
    if draft.draft_account_enc is None:
        return None
    return vault().decrypt(draft.draft_account_enc, _context(draft.id)).reveal()


def forget_account(draft: Application) -> None:
    """Drop what was typed for a service."""
    draft.draft_account_enc = draft.draft_last4 = draft.holder_masked = None


def check_policy_takes_applications(policy: PolicyView) -> None:
    """Raise the reason why this policy takes no application now: E208, E209, E210; else return."""
    if policy.refusal is not None:
        raise policy.refusal


def check_may_apply_alone(evidence: EvidenceView, at: datetime) -> None:
    """BR-25: under 15 the guardian applies (E211). What is not known or not believed turns nobody away."""
    birth = evidence.birth_date if evidence.is_believed else None
    if birth is not None and screening.applicant_route(birth, at) == "guardian":
        raise DomainError("E211")


def check_not_applied_yet(session: Session, policy_id: str, person_id: UUID, applicant_id: UUID | None = None) -> None:
    """BR-13: raise E206 or E216 when there is an application for this person (``check_none_stands``)."""
    from app.applications.queries import live_application

    check_none_stands(live_application(session, policy_id, person_id), person_id, applicant_id)


class _Sent(Protocol):
    """An application that stands, or what was read of it."""

    @property
    def applicant_id(self) -> UUID: ...

    @property
    def submitted_at(self) -> datetime | None: ...

    @property
    def receipt_no(self) -> str | None: ...


def check_none_stands(earlier: _Sent | None, person_id: UUID, applicant_id: UUID | None = None) -> None:
    """BR-13: raise E206, with the date and number of the first, when there is an application for this person.

    BR-26: somebody else than who sent it (``applicant_id``, or the person) learns no more than that: E216.
    """
    if earlier is not None:
        if earlier.applicant_id != (applicant_id or person_id):
            raise DomainError("E216")
        assert earlier.submitted_at is not None
        assert earlier.receipt_no is not None
        day = clock.local(earlier.submitted_at)
        raise DomainError("E206", date=day.date().isoformat(), no=earlier.receipt_no)


def _draft_row(
    session: Session,
    policy_id: str,
    person_id: UUID,
    *,
    at_counter: bool = False,
    beneficiary_id: UUID | None = None,
    lock: bool = False,
) -> Application | None:
    """The newest draft of this applicant, or the one for this beneficiary; of a counter, or of the rest.

    What a counter's reader saw is believed more than a phone's, and is sent by a second tap alone (BR-51): a draft of
    the one is no draft of the other. Whoever writes locks it: one that is being sent is not found once that is done.
    """
    newest = (
        select(Application)
        .where(
            Application.policy_id == policy_id,
            Application.applicant_id == person_id,
            Application.beneficiary_id == beneficiary_id if beneficiary_id else true(),
            Application.state == ApplicationState.STARTED,
            Application.channel.in_(AT_COUNTER) if at_counter else Application.channel.not_in(AT_COUNTER),
        )
        .order_by(Application.started_at.desc(), Application.id.desc())
        .limit(1)
    )
    if lock:
        newest = newest.with_for_update().execution_options(populate_existing=True)
    return session.scalar(newest)


def _own_draft(session: Session, policy_id: str, person_id: UUID, *, at_counter: bool) -> Application:
    row = _draft_row(session, policy_id, person_id, at_counter=at_counter, lock=True)
    if row is None:
        raise DomainError("E504", step="本人確認")
    return row


def _context(application_id: UUID) -> str:
    return f"applications.draft_account:{application_id}"
