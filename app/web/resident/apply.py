"""From the policy page to consent: what to bring, identity, the result of screening, the three layers of consent."""

from __future__ import annotations

from flask import render_template, request
from werkzeug.wrappers import Response

from app import applications, clock, db, people
from app.errors import DomainError
from app.language import say, with_more
from app.people.ages import wareki
from app.policies import CheckKind, PolicyView
from app.screening import CHECK_TITLES, RESULT_WORDS, CheckState
from app.web.pages import japanese_date
from app.web.resident import blueprint
from app.web.resident.context import (
    draft_or_error,
    evidence_or_error,
    office,
    policy_line,
    policy_or_404,
    to_step,
)
from app.web.resident.handover import hand_over_code
from app.web.resident.identity import only_reader, open_from_form, reader_routes
from app.web.sign_in import sign_out, signed_in_person


@blueprint.get("/policies/<policy_id>/apply")
def start(policy_id: str) -> str:
    """What to have ready."""
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        applications.check_policy_takes_applications(policy)
        reader = None if _asks_for_whom(policy) else only_reader(session)
    offered = policy.document.eligibility.guardian_application != "not_offered"
    return render_template(
        "resident/start.html",
        policy=policy_line(policy),
        guardian_offered=offered,
        hand_over_svg=hand_over_code(policy_id),
        only_reader=reader,
    )


@blueprint.post("/policies/<policy_id>/apply")
def begin(policy_id: str) -> Response | tuple[str, int]:
    """On to the identity step, or at once to the reader that the page named; where the policy speaks of children, first
    the question whom it is for.
    """
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
    if _asks_for_whom(policy):
        return to_step("who", policy_id)
    return open_reading(policy_id) if "reader" in request.form else to_step("identity", policy_id)


def _asks_for_whom(policy: PolicyView) -> bool:
    document = policy.document
    return document.eligibility.guardian_application == "required_under_15" or document.one_per == "child"


@blueprint.get("/policies/<policy_id>/apply/identity")
def identity(policy_id: str) -> str:
    """How the card is read."""
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        applications.check_policy_takes_applications(policy)
        routes = reader_routes(session)
    return render_template("resident/identity.html", policy=policy_line(policy), routes=routes)


@blueprint.post("/policies/<policy_id>/apply/identity")
def open_reading(policy_id: str) -> Response | tuple[str, int]:
    """Open a card session at the chosen reader."""
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        applications.check_policy_takes_applications(policy)
    return open_from_form("apply", policy_id, "resident/identity.html", policy=policy_line(policy))


@blueprint.get("/policies/<policy_id>/apply/result")
def result(policy_id: str) -> str | Response:
    """What the screening says, before anything is applied for (domain.md R3)."""
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft = draft_or_error(session, policy_id)
        evidence = evidence_or_error(session, draft)
    if not draft.declared:
        return to_step("relation", policy_id)
    items = evidence.items
    outcome = applications.judge(policy, evidence, draft.review_requested, acting=draft.acting)
    return render_template(
        "resident/result.html",
        policy=policy_line(policy),
        outcome={"approved": "passed", "rejected": "failed"}.get(outcome.aggregate, "manual"),
        checks=[
            check_row(say(CHECK_TITLES[check.kind]), check.result.value, check.problem)
            for check in outcome.checks
            if check.kind is not CheckKind.SUPPORT_MEASURE
        ],
        problem=_problem(outcome.problem, office(policy)),
        can_request_review=outcome.problem is not None,
        person={
            "name": items.name.reveal(),
            # A guardian may be one whom the child was taken away from: no page tells where the child lives (BR-31).
            "address": items.address.reveal() if draft.acting is None else None,
            "birth_date_text": _birth_date_text(evidence.birth_date, items),
        },
    )


@blueprint.post("/policies/<policy_id>/apply/result")
def after_result(policy_id: str) -> Response:
    """Go on, or ask staff to look in spite of a failed check."""
    with db.transaction() as session:
        policy = policy_or_404(session, policy_id)
        draft = draft_or_error(session, policy_id)
        evidence = evidence_or_error(session, draft)
        if not draft.declared:
            return to_step("relation", policy_id)
        outcome = applications.judge(policy, evidence, draft.review_requested, acting=draft.acting)
        if outcome.aggregate == "rejected":
            assert outcome.problem is not None
            if request.form.get("action") != "request_review":
                raise outcome.problem
            applications.request_review(session, policy_id, draft.person_id)
    return to_step("consent", policy_id)


@blueprint.get("/policies/<policy_id>/apply/consent")
def consent(policy_id: str) -> str:
    """Terms of todoke, outline of the policy, what the service is told."""
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft_or_error(session, policy_id)
    return render_template("resident/consent.html", policy=policy_line(policy))


@blueprint.post("/policies/<policy_id>/apply/consent")
def agree(policy_id: str) -> Response | tuple[str, int]:
    """All three, or none: E215 stops and keeps nothing."""
    if request.form.get("action") == "refuse":
        person_id = signed_in_person()
        if person_id is not None:
            applications.refuse_consent(policy_id, person_id)
            sign_out()
        raise DomainError("E215")
    layers = {
        "agree_todoke": "とどけの利用規約に同意するときは、チェックを入れてください。",
        "agree_outline": "実施要綱の内容に同意するときは、チェックを入れてください。",
        "agree_service": "決済サービスへ伝えることに同意するときは、チェックを入れてください。",
    }
    missing = [{"field": f, "text": say(t), "code": None} for f, t in layers.items() if request.form.get(f) != "yes"]
    with db.transaction() as session:
        policy = policy_or_404(session, policy_id)
        draft = draft_or_error(session, policy_id)
        if missing:
            agreed = [f for f in layers if request.form.get(f) == "yes"]
            page = render_template("resident/consent.html", policy=policy_line(policy), errors=missing, agreed=agreed)
            return page, 422
        applications.record_consent(session, policy, draft.person_id)
    wallets = draft.acting is not None and policy.document.wallet_rule.guardian_wallet
    return to_step("wallet" if wallets else "choose", policy_id)


def check_row(title: str, result: str, problem: DomainError | None) -> dict[str, str]:
    """One check as the pages show it."""
    return {
        "title": title,
        "result": result,
        "result_label": say(RESULT_WORDS[CheckState(result)]),
        # What two people refused carries no facts of a card; the letter says why.
        "text": problem.wording() if problem and problem.is_complete else "",
    }


def _problem(problem: DomainError | None, office_label: str) -> dict[str, str] | None:
    if problem is None:
        return None
    return {
        "code": problem.code,
        "text": problem.wording(),
        "office": office_label,
        "date": japanese_date(clock.now()),
    }


def _birth_date_text(birth: object, items: people.FourItems) -> str:
    from datetime import date

    if not isinstance(birth, date):
        return items.birth_date.reveal()
    era = wareki(birth)
    return with_more(japanese_date(birth), era) if era else japanese_date(birth)
