"""What the steps of an application share: the policy, the draft, the evidence, and the small views of templates."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, cards, clock, policies
from app.errors import DomainError
from app.language import say
from app.people.ages import law_age
from app.policies import PolicyView
from app.web.sign_in import signed_in_person


def policy_or_404(session: Session, policy_id: str) -> PolicyView:
    """The public policy, or the 404 page."""
    policy = policies.get(session, policy_id)
    if policy is None:
        raise NotFound()
    return policy


def policy_line(policy: PolicyView) -> dict[str, Any]:
    """The quiet line that says which policy a page is about."""
    return {
        "policy_id": policy.policy_id,
        "title": policy.document.title,
        "municipality_label": policy.municipality_label,
        "office_label": office(policy),
        "amount_text": policy.amount_text,
        "outline_url": policy.document.outline_url,
    }


def office(policy: PolicyView) -> str:
    """Whom to ask: the office of the municipality that runs the policy."""
    return say("{place} 給付担当窓口", place=policy.municipality_label)


def draft_or_error(session: Session, policy_id: str) -> applications.Draft:
    """The signed-in person's draft. E206 leads those who sent it to the receipt, E504 the others to the card."""
    person_id = signed_in_person()
    draft = applications.draft_of(session, policy_id, person_id) if person_id else None
    if draft is None:
        if person_id is not None:
            applications.check_not_applied_yet(session, policy_id, person_id)
        raise DomainError("E504", step="本人確認")
    return draft


def evidence_or_error(session: Session, draft: applications.Draft) -> cards.EvidenceView:
    """The evidence that the draft stands on."""
    evidence = cards.evidence_of(session, draft.evidence_id)
    if evidence is None:
        raise DomainError("E504", step="本人確認")
    return evidence


def age_of(evidence: cards.EvidenceView) -> int | None:
    """The law age now (BR-04), or None where the birth date is not wholly known."""
    return law_age(evidence.birth_date, clock.now()) if evidence.birth_date else None


def to_step(endpoint: str, policy_id: str) -> Response:
    """See other: the next step of this policy."""
    return redirect(url_for(f"resident.{endpoint}", policy_id=policy_id), code=303)


def field_error(field: str, error: DomainError) -> dict[str, str | None]:
    """An error of one field, as the form parts show it."""
    return {"field": field, "text": error.wording(), "code": error.code}
