"""A guardian's steps: whom it is for, the guardian's card, the child's card, what they are to each other, whose wallet.

The child's card signs nobody in: the session stays the guardian's, and the reading becomes the draft's evidence.
"""

from __future__ import annotations

from uuid import UUID

from flask import render_template, request
from flask import session as web_session
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import applications, cards, clock, db, screening
from app.applications import Declaration, Draft, Reason, Relation, Wallet
from app.cards import EvidenceView
from app.errors import DomainError
from app.language import say
from app.policies import PolicyView
from app.web.relation_texts import REASONS, RELATIONS
from app.web.resident import blueprint
from app.web.resident.context import (
    draft_or_error,
    evidence_or_error,
    field_error,
    policy_line,
    policy_or_404,
    to_step,
)
from app.web.resident.identity import open_from_form, reader_routes
from app.web.sign_in import sign_in, signed_in_person

EVIDENCE = "guardian_evidence"


@blueprint.get("/policies/<policy_id>/apply/who")
def who(policy_id: str) -> str:
    """Whom the benefit is for."""
    return _who_page(policy_id)


@blueprint.post("/policies/<policy_id>/apply/who")
def choose_who(policy_id: str) -> Response | tuple[str, int]:
    """On to one's own card, or to the guardian's."""
    steps = {"self": "identity", "child": "guardian"}
    choice = request.form.get("who", "")
    if choice not in steps:
        error = {"field": "who", "text": say("どなたの分を申し込むか、選んでください。"), "code": None}
        return _who_page(policy_id, [error]), 422
    return to_step(steps[choice], policy_id)


def _who_page(policy_id: str, errors: list[dict[str, str | None]] | None = None) -> str:
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        applications.check_policy_takes_applications(policy)
    return render_template("resident/who.html", policy=policy_line(policy), errors=errors)


@blueprint.get("/policies/<policy_id>/apply/guardian")
def guardian(policy_id: str) -> str | Response:
    """The guardian's own card; who is signed in by it goes straight on to the child's."""
    policy, routes = _policy_and_routes(policy_id)
    if _guardians_evidence() is not None:
        return to_step("child", policy_id)
    return render_template("resident/guardian.html", policy=policy_line(policy), routes=routes)


@blueprint.post("/policies/<policy_id>/apply/guardian")
def read_guardian(policy_id: str) -> Response | tuple[str, int]:
    """Open the reading of the guardian's card."""
    policy, _ = _policy_and_routes(policy_id)
    return open_from_form("guardian", policy_id, "resident/guardian.html", policy=policy_line(policy))


@blueprint.get("/policies/<policy_id>/apply/child")
def child(policy_id: str) -> str:
    """The child's card: one child at a time."""
    policy, routes = _policy_and_routes(policy_id)
    _guardian_or_error()
    return render_template("resident/child.html", policy=policy_line(policy), routes=routes)


@blueprint.post("/policies/<policy_id>/apply/child")
def read_child(policy_id: str) -> Response | tuple[str, int]:
    """Open the reading of the child's card."""
    policy, _ = _policy_and_routes(policy_id)
    _guardian_or_error()
    return open_from_form("child", policy_id, "resident/child.html", policy=policy_line(policy))


def guardian_was_read(evidence: EvidenceView, policy_id: str) -> Response:
    """The guardian is signed in; the reading is kept for every child that follows."""
    sign_in(evidence.person_id)
    web_session[EVIDENCE] = str(evidence.id)
    return to_step("child", policy_id)


def child_was_read(session: Session, policy: PolicyView, evidence: EvidenceView) -> Response:
    """The draft for this child; nobody is signed in by a child's card."""
    guardian_id = _guardian_or_error()
    guardians = cards.evidence_of(session, guardian_id)
    if guardians is None or guardians.person_id != signed_in_person():
        raise DomainError("E504", step="本人確認")
    applications.start_for_child(session, policy, guardians, evidence, channel="phone")
    return to_step("relation", policy.policy_id)


@blueprint.get("/policies/<policy_id>/apply/relation")
def relation(policy_id: str) -> str:
    """What the guardian is to the child."""
    return _relation_page(policy_id)


@blueprint.post("/policies/<policy_id>/apply/relation")
def declare_relation(policy_id: str) -> Response | tuple[str, int]:
    """Keep the declaration; from 15 on it needs a reason and the person beside the guardian."""
    relations, reasons = {one.value for one, _ in RELATIONS}, {one.value for one, _ in REASONS}
    said, reason = request.form.get("relation", ""), request.form.get("reason", "")
    errors: list[dict[str, str | None]] = []
    if said not in relations:
        errors.append({"field": "relation", "text": say("お子さまとの関係を選んでください。"), "code": None})
    if request.form.get("declared") != "yes":
        text = say("保護者(法定代理人)であることを確かめて、チェックを入れてください。")
        errors.append({"field": "declared", "text": text, "code": None})
    if errors:
        return _relation_page(policy_id, errors), 422
    declaration = Declaration(
        Relation(said), Reason(reason) if reason in reasons else None, request.form.get("present") == "yes"
    )
    try:
        with db.transaction() as session:
            draft = _childs_draft(session, policy_id)
            applications.declare(session, policy_id, draft.application_id, draft.person_id, declaration)
    except DomainError as problem:
        if problem.code == "E504":
            raise
        return _relation_page(policy_id, [field_error("reason", problem)]), 422
    return to_step("result", policy_id)


def _relation_page(policy_id: str, errors: list[dict[str, str | None]] | None = None) -> str:
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft = _childs_draft(session, policy_id)
        evidence = evidence_or_error(session, draft)
    return render_template(
        "resident/relation.html",
        policy=policy_line(policy),
        child_name=evidence.items.name.reveal(),
        relations=[(one.value, say(text)) for one, text in RELATIONS],
        reasons=[(one.value, say(text)) for one, text in REASONS],
        applies_alone=screening.applicant_route(evidence.birth_date, clock.now()) == "self",
        values=request.form,
        errors=errors,
    )


@blueprint.get("/policies/<policy_id>/apply/wallet")
def wallet(policy_id: str) -> str | Response:
    """Whose service ID receives, where the policy lets a guardian's (BR-27)."""
    return _wallet_page(policy_id)


@blueprint.post("/policies/<policy_id>/apply/wallet")
def choose_wallet(policy_id: str) -> Response | tuple[str, int]:
    """Keep the choice and go on to the services."""
    choice = request.form.get("wallet", "")
    if choice not in set(Wallet):
        error = {"field": "wallet", "text": say("どなたの決済サービスで受け取るか、選んでください。"), "code": None}
        return _wallet_page(policy_id, [error]), 422
    with db.transaction() as session:
        policy = policy_or_404(session, policy_id)
        draft = _childs_draft(session, policy_id)
        applications.choose_wallet(session, policy, draft.application_id, draft.person_id, Wallet(choice))
    return to_step("choose", policy_id)


def _wallet_page(policy_id: str, errors: list[dict[str, str | None]] | None = None) -> str:
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft = _childs_draft(session, policy_id)
    rule = policy.document.wallet_rule
    return render_template(
        "resident/wallet.html",
        policy=policy_line(policy),
        allowed=rule.guardian_wallet,
        most=rule.max_beneficiaries_per_wallet,
        selected=draft.wallet.value,
        errors=errors,
    )


def _policy_and_routes(policy_id: str) -> tuple[PolicyView, list[dict[str, str | None]]]:
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        applications.check_policy_takes_applications(policy)
        applications.check_guardian_may_apply(policy)
        return policy, reader_routes(session)


def _childs_draft(session: Session, policy_id: str) -> Draft:
    draft = draft_or_error(session, policy_id)
    if draft.acting is None:
        raise DomainError("E504", step="本人確認")
    return draft


def _guardians_evidence() -> UUID | None:
    kept = web_session.get(EVIDENCE)
    return UUID(kept) if kept and signed_in_person() is not None else None


def _guardian_or_error() -> UUID:
    kept = _guardians_evidence()
    if kept is None:
        raise DomainError("E504", step="本人確認")
    return kept
