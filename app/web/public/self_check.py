"""The self-check of a policy: a form of a few questions and its answer. No sign-in, no cookie, nothing stored."""

from __future__ import annotations

from flask import render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import db, payments, policies
from app.language import say
from app.policies import self_check
from app.policies.self_check import Outcome
from app.web import csrf
from app.web.public import blueprint
from app.web.public.catalogue import alternative_text

ANSWER_LABELS = (("yes", "はい"), ("no", "いいえ"), ("unknown", "わからない"))
TITLES = {
    Outcome.FITS: "条件に合いそうです",
    Outcome.PREPARE: "先に用意することがあります",
    Outcome.ASK: "担当窓口で確認できます",
    Outcome.DONE: "すでに申し込まれています",
    Outcome.NOT_NOW: "条件に合わないようです",
}


@blueprint.route("/policies/<policy_id>/check", methods=["GET", "POST"])
def check(policy_id: str) -> str | tuple[str, int] | Response:
    """The questions, and after them what the answers mean for this policy."""
    with db.reading() as session:
        view = policies.get(session, policy_id)
        if view is None:
            raise NotFound()
        services = payments.services_of(session, view.document.services)
    questions = self_check.questions_of(view.document, [service.name for service in services])
    given = {question.id: request.form.get(question.id, "") for question in questions}
    answers = {name: answer for name, answer in given.items() if answer in self_check.ANSWERS}
    errors = [
        {
            "field": one.id,
            "text": say("「{question}」の答えを選んでください。", question=say(one.text)),
            "code": None,
        }
        for one in questions
        if one.id not in answers
    ]
    verdict = self_check.judge(questions, answers) if not errors else None
    asked = request.method == "POST"
    page = render_template(
        "public/check.html",
        policy={
            "policy_id": view.policy_id,
            "title": view.document.title,
            "municipality_label": view.municipality_label,
            "office_label": say("{place} 給付担当窓口", place=view.municipality_label),
            "can_apply": view.refusal is None and view.can_apply_online,
            "apply_block_reason": view.refusal.wording() if view.refusal else view.apply_block_reason,
            "alternative_text": alternative_text(view, services),
        },
        questions=[{"id": one.id, "text": say(one.text), "help": say(one.help or "")} for one in questions],
        answer_labels=[(value, say(label)) for value, label in ANSWER_LABELS],
        answers=answers,
        errors=errors if asked else [],
        verdict=verdict if asked else None,
        verdict_title=say(TITLES[verdict.outcome]) if verdict else None,
    )
    return (page, 422) if asked and errors else page


# A token against forged requests would need a cookie; this form changes nothing that could be forged.
csrf.exempt(check)
