"""Families whose cards were read, and guardians who apply for children through the use cases of the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app import applications, cards, db, payments, policies
from app.applications import Declaration, Reason, Receipt, Relation, Wallet
from app.applications.models import Application
from app.cards import EvidenceView
from tests.applications.applicants import Applicant, applicant, by_receipt, open_policy

HOME = "みらい県あさひ市本町５丁目６番７号"
SECOND_HOME = "みらい県あさひ市栄町１丁目１番１号"
PARENT = Declaration(Relation.PARENT)
NINE, SIXTEEN = "20170401", "20100401"


def family_policy(policy_id: str = "P-006", **changes: Any) -> str:
    """P-006 still open at the fixture time, for every child: 10,000 each, guardian's wallet for up to 5."""
    window = {"window__apply_to": "2026-12-15T23:59:59+09:00", "window__assign_by": "2026-12-20T23:59:59+09:00"}
    age = {"eligibility__birthdate_range": ["2008-04-02", "2026-11-01"], "status": "open"}
    return open_policy(policy_id, **({"sample": "P-006"} | window | age | changes))


def parent(**who: str) -> Applicant:
    return applicant(address=who.pop("address", HOME), birth_date=who.pop("birth_date", "19880808"), **who)


def child(birth_date: str = NINE, **who: str) -> Applicant:
    return applicant(address=who.pop("address", HOME), birth_date=birth_date, **who)


def evidence(who: Applicant) -> EvidenceView:
    with db.reading() as session:
        found = cards.evidence_of(session, who.evidence_id)
    assert found is not None
    return found


def begin(guardian: Applicant, of: Applicant, policy_id: str = "P-006") -> UUID:
    """Both cards read: the draft."""
    with db.transaction() as session:
        policy = policies.get(session, policy_id)
        assert policy is not None
        return applications.start_for_child(session, policy, evidence(guardian), evidence(of), "phone")


def declare(guardian: Applicant, draft: UUID, said: Declaration = PARENT, policy_id: str = "P-006") -> None:
    with db.transaction() as session:
        applications.declare(session, policy_id, draft, guardian.person_id, said)


def fill_in_for(  # who, for whom, where, and what they choose
    guardian: Applicant,
    of: Applicant,
    policy_id: str = "P-006",
    account: str = "1234567890123",
    service_id: str = "SVC-QR-01",
    wallet: Wallet = Wallet.GUARDIAN,
    said: Declaration = PARENT,
) -> UUID:
    """From both cards to the confirming page."""
    draft = begin(guardian, of, policy_id)
    declare(guardian, draft, said, policy_id)
    with db.transaction() as session:
        policy = policies.get(session, policy_id)
        assert policy is not None
        if policy.document.wallet_rule.guardian_wallet:
            applications.choose_wallet(session, policy, draft, guardian.person_id, wallet)
        applications.record_consent(session, policy, guardian.person_id)
        shown = applications.draft_of(session, policy_id, guardian.person_id)
        assert shown is not None
        assert shown.application_id == draft
        applications.choose_service(session, policy, guardian.person_id, service_id, shown.age_for_service)
        checked = payments.HolderCheckResult("verified", "マ＊＊")
        applications.keep_account(session, policy_id, guardian.person_id, account, checked)
    return draft


def apply_for(guardian: Applicant, of: Applicant, policy_id: str = "P-006", **choice: object) -> Receipt:
    draft = fill_in_for(guardian, of, policy_id, **choice)
    return applications.submit(policy_id, draft, guardian.person_id)


def application(receipt: Receipt) -> Application:
    return by_receipt(receipt)


__all__ = ["HOME", "PARENT", "SIXTEEN", "Declaration", "Reason", "Relation", "Wallet"]
