"""A guardian applies for somebody else: who may, how the relation is shown, and whose service ID receives (BR-25..27).

The application's evidence is the beneficiary's: their card is read, with their PINs, and their conditions are judged.
The guardian's own card stands beside it. The relation is a declaration; it is believed by itself only where both cards
are and name the same home, else a document at the counter or staff decide, and nobody is refused for it (BR-32).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import cards, clock, municipalities, screening, settings
from app.applications.models import Application
from app.applications.states import ApplicationState
from app.cards import EvidenceView
from app.errors import DomainError
from app.people.ages import law_age
from app.pii import Private
from app.policies import PolicyDocument, PolicyView
from app.screening import Guardian

ADULT = 18
"""Who is younger does not represent a child: their own guardian does."""


class Relation(StrEnum):
    """What the guardian declares to be; ``adult_guardian`` is for people of 18 and over and always shown by papers."""

    PARENT = "parent"
    MINORS_GUARDIAN = "minors_guardian"
    ADULT_GUARDIAN = "adult_guardian"


class Reason(StrEnum):
    """Why somebody of 15 or over does not apply alone (BR-25). No free text: it would be about their health."""

    ILLNESS = "illness"
    HELP_NEEDED = "help_needed"
    GUARDIANSHIP = "guardianship"


class Wallet(StrEnum):
    """Whose service ID receives."""

    OWN = "own"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the guardian declares. From 15 on it needs a reason and the person beside them (``present``)."""

    relation: Relation
    reason: Reason | None = None
    present: bool = False


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts for the beneficiary, and how far the relation is shown."""

    guardian_id: UUID
    standing: Guardian


def check_guardian_may_apply(policy: PolicyView) -> None:
    """E211 where the policy leaves children to another channel, which it must then state (domain.md 1.3)."""
    if policy.document.eligibility.guardian_application == "not_offered":
        raise DomainError("E211", variant="not_offered")


def check_pair(guardian: EvidenceView, child: EvidenceView) -> None:
    """Two people, and the guardian no child themselves (E112, E211)."""
    if guardian.person_id == child.person_id:
        raise DomainError("E112", variant="guardians_own")
    birth = guardian.birth_date if guardian.is_believed else None
    if screening.applicant_route(birth, clock.now()) == "guardian":
        raise DomainError("E211")


def declare(session: Session, policy_id: str, application_id: UUID, guardian_id: UUID, said: Declaration) -> None:
    """Keep the declaration in the draft. Raises E211 for somebody of 15 or over without a reason or not present."""
    draft = guardians_draft(session, policy_id, application_id, guardian_id)
    child = cards.evidence_of(session, draft.evidence_id)
    if child is None:
        raise DomainError("E504", step="本人確認")
    _check_age(child, said.reason if said.present else None, clock.now())
    draft.guardian_relation = said.relation
    draft.guardian_reason = said.reason
    draft.declared_at = clock.now()


def choose_wallet(
    session: Session, policy: PolicyView, application_id: UUID, guardian_id: UUID, wallet: Wallet
) -> None:
    """Whose service ID receives (BR-27). E308 where the policy lets no guardian's wallet receive."""
    draft = guardians_draft(session, policy.policy_id, application_id, guardian_id)
    if wallet is Wallet.GUARDIAN and not policy.document.wallet_rule.guardian_wallet:
        raise DomainError("E308")
    if draft.wallet != wallet:
        draft.wallet, draft.service_id = wallet, None
        draft.draft_account_enc = draft.draft_last4 = draft.holder_masked = None


def check_declared(application: Application, child: EvidenceView, instant: datetime) -> None:
    """At the submit: declared, and still so at this instant, for a birthday may have come since (BR-25)."""
    if application.guardian_evidence_id is None:
        return
    if application.declared_at is None:
        raise DomainError("E504", step="保護者の確認")
    reason = Reason(application.guardian_reason) if application.guardian_reason else None
    _check_age(child, reason, instant)


def acting_for(session: Session, application: Application, document: PolicyDocument) -> Acting | None:
    """Who acts, and whether the relation is shown; ``None`` for people who apply for themselves."""
    if application.guardian_evidence_id is None:
        return None
    stated = screening.stated_about(session, application.beneficiary_id)
    guardian_id = str(application.applicant_id)
    if guardian_id in stated.not_guardians:
        shown = False
    elif guardian_id in stated.guardians:
        shown = True
    else:
        shown = _shown_by_cards(session, application, document)
    return Acting(application.applicant_id, "confirmed" if shown else "unconfirmed")


def wallet_of(application: Application) -> UUID:
    """The person whose service ID receives."""
    return application.applicant_id if application.wallet == Wallet.GUARDIAN else application.beneficiary_id


def names_for_wallet(session: Session, policy_id: str, application_id: UUID) -> list[Private]:
    """How the card writes whose service ID receives; nothing once it is erased (E308)."""
    row = session.get_one(Application, (policy_id, application_id))
    of_guardian = row.guardian_evidence_id if row.wallet == Wallet.GUARDIAN else None
    evidence = cards.evidence_of(session, of_guardian or row.evidence_id)
    return [evidence.items.name] if evidence else []


def age_for_service(session: Session, application: Application, evidence: EvidenceView | None) -> int | None:
    """The age that a service's limit is held to: of the one whose ID it is (BR-27); ``None`` when not wholly known.

    ``evidence`` is the beneficiary's.
    """
    if application.wallet == Wallet.GUARDIAN and application.guardian_evidence_id is not None:
        evidence = cards.evidence_of(session, application.guardian_evidence_id)
    birth = evidence.birth_date if evidence else None
    return law_age(birth, clock.now()) if birth else None


def may_see(session: Session, application: Application, person_id: UUID) -> bool:
    """The one who applied; and the beneficiary, from 15 on and with nobody to be protected from (BR-26, BR-31).

    A child's card and PIN are in a guardian's hands. It opens nothing of what another guardian did.
    """
    if person_id == application.applicant_id:
        return True
    if person_id != application.beneficiary_id:
        return False
    evidence = cards.evidence_of(session, application.evidence_id)
    birth = evidence.birth_date if evidence else None
    of_age = birth is not None and screening.applicant_route(birth, clock.now()) == "self"
    return of_age and not screening.stated_about(session, person_id).support_measure


def guardians_draft(session: Session, policy_id: str, application_id: UUID, guardian_id: UUID) -> Application:
    """The guardian's draft, locked; E504 when it is gone, sent, or somebody else's."""
    row = session.scalar(
        select(Application)
        .where(
            Application.policy_id == policy_id,
            Application.id == application_id,
            Application.applicant_id == guardian_id,
            Application.guardian_evidence_id.is_not(None),
            Application.state == ApplicationState.STARTED,
        )
        .with_for_update()
    )
    if row is None:
        raise DomainError("E504", step="本人確認")
    return row


def _check_age(child: EvidenceView, reason: Reason | None, instant: datetime) -> None:
    birth = child.birth_date if child.is_believed else None
    # What is not known or not believed turns nobody away: staff see both cards' readings.
    if birth is not None and screening.applicant_route(birth, instant) == "self" and reason is None:
        raise DomainError("E211", variant="self")


def _shown_by_cards(session: Session, application: Application, document: PolicyDocument) -> bool:
    """Both cards believed, a grown-up with the parental authority, a child under 15, one home."""
    if application.guardian_relation != Relation.PARENT or application.guardian_reason is not None:
        return False
    assert application.guardian_evidence_id is not None
    child = cards.evidence_of(session, application.evidence_id)
    guardian = cards.evidence_of(session, application.guardian_evidence_id)
    if child is None or guardian is None or child.birth_date is None or guardian.birth_date is None:
        return False
    now = clock.now()
    if law_age(guardian.birth_date, now) < ADULT:
        return False
    return _believed(document, child) and _believed(document, guardian) and _same_home(child, guardian)


def _believed(document: PolicyDocument, evidence: EvidenceView) -> bool:
    test_cards_only = settings.current().test_cards_only
    return evidence.issuer_check == "genuine" and screening.is_believed(
        document, evidence.assurance, evidence.revocation, test_cards_only=test_cards_only
    )


_DASHES = re.compile("[-\u2010-\u2015\u2212\uff0d\u30fc]")


def _same_home(child: EvidenceView, guardian: EvidenceView) -> bool:
    """The whole address, written alike: anything less certain is for people to look at."""
    homes = {_DASHES.sub("-", municipalities.normalise(one.items.address.reveal())) for one in (child, guardian)}
    return len(homes) == 1 and homes != {""}
