"""What a reviewer and an approver do in one case: take, give back, decide, ask, propose, and confirm as the second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import cast
from uuid import UUID

from flask import redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from app import applications, clock
from app.applications import ReviewCase, WhyTakenBack
from app.errors import DomainError
from app.organisations import Role, SignedInStaff
from app.policies import CheckKind
from app.screening import CheckMoveRefused, LetterIncomplete, ReviewRefused, Staff
from app.web.municipality import blueprint
from app.web.municipality.review import REFUSALS, WHY_TAKEN_BACK, Errors, as_reviewer, case_or_404, case_page
from app.web.staff import current_staff, require_role, this_terminal

MAX_TEXT = 1_000
MAX_ANSWER_DAYS = 60
REASONS: dict[str, str] = {
    "wrong_role": "この操作をする役割がありません。",
    "not_yours": "ほかの担当者が受け持っているか、まだ誰も受け持っていません。この画面を開き直してください。",
    "same_person": "ご本人やご家族、本人を確認した人、案を作った人は、決められません。別の職員が行ってください。",
    "no_proposal": "確認を待つ案がないか、読んだあとで別の案になりました。いまの案を読んでください。",
    "not_in_review": "この申込の状況が変わりました。いまの状況を確かめてください。",
    "others_open": "ほかの項目の確認が残っています。先にそちらを決めてください。",
    "deceased": "亡くなられたとの届出があるため、承認できません。",
    "amount_open": "お子さまの順番が決まるまで、承認できません。先に出生の記録を入れてください。",
    "holder_changed": "受け持つ人が変わりました。いまの担当を確かめてから、もう一度行ってください。",
    "no_tier": "どの区分にも当てはまらず、承認できません。対象外とするときは、案を作って2人目の確認を受けてください。",
}
Answer = Response | tuple[str, int]
_Act = Callable[[ReviewCase, CheckKind, Staff], object]


@blueprint.post("/review/<receipt_no>/take")
def take(receipt_no: str) -> Answer:
    """Take a check in hand."""
    return _act(receipt_no, lambda found, kind, who: applications.take_check(*key_of(found), kind, who))


@blueprint.post("/review/<receipt_no>/give-back")
def give_back(receipt_no: str) -> Answer:
    """Put a check that is in one's own hand back into the queue."""
    return _act(receipt_no, lambda found, kind, who: applications.give_check_back(*key_of(found), kind, who))


@blueprint.post("/review/<receipt_no>/take-back")
def take_back(receipt_no: str) -> Answer:
    """An approver puts what another has in hand back into the queue, and says why."""
    why, holder = request.form.get(_own("why"), ""), request.form.get(_own("holder"), "")
    errors = [] if why in dict(WHY_TAKEN_BACK) else [error(_own("why"), "担当を外すわけを選んでください。")]
    return _act(
        receipt_no,
        lambda found, kind, who: applications.take_check_back(
            *key_of(found), kind, who, holder, cast("WhyTakenBack", why)
        ),
        errors,
        role=Role.APPROVER,
    )


@blueprint.post("/review/<receipt_no>/pass")
def pass_check(receipt_no: str) -> Answer:
    """The condition is met."""
    return _act(receipt_no, lambda found, kind, who: applications.pass_check(*key_of(found), kind, who))


@blueprint.post("/review/<receipt_no>/refuse")
def refuse(receipt_no: str) -> Answer:
    """Propose a refusal; nothing happens until a second person confirms."""
    reason, code = _text("reason"), request.form.get(_own("code"), "")
    errors = [] if reason else [error(_own("reason"), "ご本人が読む理由を、1,000文字までで書いてください。")]
    if code not in dict(REFUSALS):
        errors.insert(0, error(_own("code"), "どの条件に合わないかを選んでください。"))
    return _act(
        receipt_no,
        lambda found, kind, who: applications.propose_refusal(*key_of(found), kind, who, code, reason),
        errors,
    )


@blueprint.post("/review/<receipt_no>/confirm")
def confirm(receipt_no: str) -> Answer:
    """The second person confirms what was proposed, a refusal or the answer to an objection."""

    def decide(found: ReviewCase, kind: CheckKind, who: Staff) -> object:
        proposal, read = found.proposals.get(kind), _uuid(request.form.get(_own("proposal"), ""))
        if proposal is not None and proposal.proposal == "refuse":
            return applications.confirm_refusal(*key_of(found), kind, who, proposal_id=read)
        return applications.confirm_on_objection(*key_of(found), kind, who, proposal_id=read)

    return _act(receipt_no, decide, role=Role.APPROVER)


@blueprint.post("/review/<receipt_no>/ask")
def ask(receipt_no: str) -> Answer:
    """Ask the person, with the last day of the answer."""
    question, last_day = _text("question"), _day(request.form.get(_own("answer_by"), ""))
    errors = [] if question else [error(_own("question"), "尋ねることを、1,000文字までで書いてください。")]
    today = clock.today()
    if last_day is None or not today < last_day <= today + timedelta(days=MAX_ANSWER_DAYS):
        errors.append(
            error(_own("answer_by"), f"返事の期限は、明日から{MAX_ANSWER_DAYS}日後までの日を選んでください。")
        )
    deadline = applications.end_of(last_day or today)
    return _act(
        receipt_no,
        lambda found, kind, who: applications.ask(*key_of(found), kind, who, question, deadline),
        errors,
    )


@blueprint.post("/review/<receipt_no>/objection")
def answer_objection(receipt_no: str) -> Answer:
    """Say what should become of a refusal to which the person objected."""
    way, reason = request.form.get(_own("way"), ""), _text("objection")
    errors = [] if way in ("overturn", "uphold") else [error(_own("way"), "どちらにするかを選んでください。")]
    if way != "overturn" and not reason:
        errors.append(error(_own("objection"), "ご本人が読む理由を、1,000文字までで書いてください。"))
    return _act(
        receipt_no,
        lambda found, kind, who: applications.propose_on_objection(
            *key_of(found), kind, who, "overturn" if way == "overturn" else "uphold", reason
        ),
        errors,
    )


def signed_in(*roles: Role) -> SignedInStaff:
    """Who sends a form of the review; 403 for everybody else."""
    staff = current_staff()
    if staff is None or this_terminal() is None:
        raise Forbidden()
    require_role(staff, *roles)
    return staff


def key_of(found: ReviewCase) -> tuple[str, UUID]:
    """What names the application to the use cases."""
    return found.policy_id, found.application_id


def refusal_in_words(
    problem: ReviewRefused | CheckMoveRefused | DomainError | LetterIncomplete,
) -> tuple[str, str | None]:
    """Why nothing was done, and the code where there is one."""
    if isinstance(problem, ReviewRefused):
        return REASONS[problem.reason], None
    if isinstance(problem, DomainError):
        return problem.wording(), problem.code
    if isinstance(problem, LetterIncomplete):
        return "通知に必要な項目が足りないため、決められません。", None
    return REASONS["not_in_review"], None


def error(field: str | None, text: str, code: str | None = None) -> dict[str, str | None]:
    """One fault of a form."""
    return {"field": field, "text": text, "code": code}


def _act(receipt_no: str, act: _Act, errors: Errors | None = None, role: Role = Role.REVIEWER) -> Answer:
    """One use case on one check; what it refuses is said on the case's page."""
    staff = signed_in(role)
    found = case_or_404(receipt_no, staff)
    kind = _kind(found)
    typed = {**request.form.to_dict(), "kind": kind.value}
    if errors:
        return case_page(found, staff, errors, typed), 422
    try:
        act(found, kind, as_reviewer(staff))
    except (ReviewRefused, CheckMoveRefused, DomainError, LetterIncomplete) as problem:
        text, code = refusal_in_words(problem)
        return case_page(case_or_404(receipt_no, staff), staff, [error(None, text, code)], typed), 409
    return redirect(url_for("municipality.case", receipt_no=receipt_no), code=303)


def _kind(found: ReviewCase) -> CheckKind:
    """The check that the form is about; 404 for one that the case has not."""
    try:
        kind = CheckKind(request.form.get("kind", ""))
    except ValueError:
        raise NotFound() from None
    if kind not in {check.kind for check in found.checks}:
        raise NotFound()
    return kind


def _own(name: str) -> str:
    """The field of this name in the form of one check: a page has several of them."""
    return f"{name}-{request.form.get('kind', '')}"


def _text(name: str) -> str:
    text = request.form.get(_own(name), "").strip()
    return text if len(text) <= MAX_TEXT else ""


def _uuid(text: str) -> UUID:
    """What the page said the person has read; for anything else the number of nothing."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
