"""返還: the return cases of the municipality as a list, one case with its history, and what staff do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound

from app import applications, clock, db, municipalities, screening
from app.applications import ReturnFile
from app.language import day_text, minute_text, points_text
from app.organisations import Role, SignedInStaff
from app.returns import FINAL, ReturnRecord, ReturnRefused, ReturnState, StepView
from app.screening import ReviewRefused
from app.web.municipality import blueprint
from app.web.municipality.decide import REASONS as REVIEW_REASONS
from app.web.municipality.decide import Answer, error, signed_in
from app.web.municipality.return_acts import ACTS, WAYS, Form, acts_for
from app.web.municipality.review import Errors, as_reviewer, sees_protected
from app.web.staff import current_staff, require_role, staff_line, this_terminal

WORKERS = (Role.REVIEWER, Role.APPROVER, Role.TREASURER)
OPEN, ALL = "open", "all"
STATES = {
    ReturnState.SUSPECTED: "疑いあり",
    ReturnState.INVESTIGATING: "調査中",
    ReturnState.NOTIFIED: "弁明の機会",
    ReturnState.CLEARED: "疑いなし",
    ReturnState.DECIDED: "取消決定",
    ReturnState.DEMANDED: "返還請求中",
    ReturnState.PARTLY_PAID: "一部納付済",
    ReturnState.INSTALMENTS: "分割納付中",
    ReturnState.LITIGATED: "訴訟中",
    ReturnState.SETTLED: "返還済",
    ReturnState.WRITTEN_OFF: "回収終了",
    ReturnState.CANCELLED: "取りやめ",
}
STEPS = {
    "suspected": "疑いとして記録",
    "opened": "返品で多くなった還元として記録",
    "adjusted": "お買い物の数え直しで金額を変更",
    "made_up_for": "お買い物の数え直しで、お返しいただく分がなくなりました",
    "take": "調査を開始",
    "notify": "弁明の機会を通知",
    "clear": "疑いなしとして終了",
    "proposed": "取消しの案",
    "decide": "取消しを決定",
    "demand": "返還を請求",
    "pay_part_repay": "納付書で一部を納付",
    "pay_part_reversal": "決済事業者が一部を引き戻し",
    "settle_repay": "納付書で完納",
    "settle_reversal": "決済事業者が引き戻して完了",
    "allow_instalments": "分割での納付を承認",
    "litigate": "訴訟へ移行",
    "write_off_proposed": "回収をやめる案",
    "write_off": "回収を終了",
    "cancel": "取消しを取りやめ",
}
REFUSED = {
    "moved": "この件の状況が変わりました。いまの状況を確かめてください。",
    "nothing_granted": "この申込には、付与したポイントがありません。",
    "open_already": "この申込には、まだ終わっていない件があります。",
    "text": "理由は1,000文字までで、12桁の番号を入れずに書いてください。",
    "not_heard": "先に、弁明の機会を知らせてください。",
    "amount": "返していただけるのは{points}です。",
    "no_proposal": "確認を待つ案がないか、読んだあとで別の案になりました。いまの案を読んでください。",
    "same_person": "案を作った人は決められません。別の職員が行ってください。",
    "may_answer": "ご本人の返事の期限が過ぎていません。期限の翌日から決められます。",
    "letter": "担当の窓口と、不服のあるときの手続を書いてください。",
    "recounted": "お買い物が数え直されました。いまの金額を確かめて、案を作り直してください。",
    "left": "残りは{points}です。画面を開いたあとに記録されたものがないか、確かめてください。",
    "nothing_due": "お返しいただくポイントは、もうありません。",
    "no_reversal": "この決済サービスは、付与したポイントを引き戻せません。ご本人が払った分だけを記録できます。",
}


@blueprint.get("/returns")
def return_list() -> Answer | str:
    """The cases of the municipality, filtered by state and policy."""
    staff = current_staff()
    if staff is None or this_terminal() is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, *WORKERS)
    return _list_page(staff)


@blueprint.post("/returns")
def open_return() -> Answer:
    """A reviewer opens a case about what an application was granted."""
    staff = signed_in(Role.REVIEWER)
    receipt_no = request.form.get("receipt_no", "").strip().upper()
    found = applications.application_to_take_back(receipt_no, staff.municipality_code)
    if found is None:
        told = error("receipt_no", "この受付番号の申込は、この自治体の施策にありません。")
        return _list_page(staff, [told], receipt_no), 422
    try:
        case_id = applications.suspect_return(*found, as_reviewer(staff))
    except (ReturnRefused, ReviewRefused) as problem:
        return _list_page(staff, [error("receipt_no", refused(problem))], receipt_no), 409
    return redirect(url_for("municipality.return_case", case_id=case_id), code=303)


@blueprint.get("/returns/<uuid:case_id>")
def return_case(case_id: UUID) -> Answer | str:
    """One case with its history and what may be done."""
    staff = current_staff()
    if staff is None or this_terminal() is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, *WORKERS)
    return _case_page(_found(case_id, staff), staff)


@blueprint.post("/returns/<uuid:case_id>/<what>")
def act_on_return(case_id: UUID, what: str) -> Answer:
    """One use case on one case; what it refuses is said on the case's page."""
    staff = signed_in(*WORKERS)
    act = ACTS.get(what)
    if act is None:
        raise NotFound()
    require_role(staff, act.role)
    found = _found(case_id, staff)
    form = Form(what, request.form)
    run = act.read(form)
    if form.errors:
        return _case_page(found, staff, form.errors, request.form.to_dict()), 422
    who = as_reviewer(staff)
    try:
        applications.check_no_part_in_return(found.record, who)
        run(found.record.policy_id, case_id, who)
    except (ReturnRefused, ReviewRefused) as problem:
        told = [error(None, refused(problem))]
        return _case_page(_found(case_id, staff), staff, told, request.form.to_dict()), 409
    return redirect(url_for("municipality.return_case", case_id=case_id), code=303)


def refused(problem: ReturnRefused | ReviewRefused) -> str:
    """Why nothing was done, in words."""
    if isinstance(problem, ReviewRefused):
        return REVIEW_REASONS[problem.reason]
    return REFUSED[problem.why].format(points=points_text(problem.points or 0))


def _found(case_id: UUID, staff: SignedInStaff) -> ReturnFile:
    found = applications.look_at_return(
        case_id, staff.municipality_code, as_reviewer(staff), protected_too=sees_protected(staff)
    )
    if found is None:
        raise NotFound()
    if found.is_viewers_own:
        raise Forbidden()
    return found


def _list_page(staff: SignedInStaff, errors: Errors | None = None, receipt_no: str = "") -> str:
    state, policy_id = request.args.get("state", OPEN), request.args.get("policy", "")
    with db.reading() as session:
        titles = applications.titles_of_municipality(session, staff.municipality_code)
        lines = applications.returns_of(
            session,
            staff.municipality_code,
            states=_states(state),
            policy_id=policy_id or None,
            protected_too=sees_protected(staff),
        )
    return render_template(
        "municipality/returns.html",
        terminal=this_terminal(),
        staff=staff_line(staff),
        municipality_label=municipalities.label(staff.municipality_code),
        cases=[
            {
                "url": url_for("municipality.return_case", case_id=line.record.case_id),
                "no": line.receipt_no,
                "policy_title": line.policy_title,
                "state": STATES[line.record.state],
                "amounts": _amounts(line.record),
                "opened_text": minute_text(line.record.opened_at),
                "next": _next_day(line.record),
                "awaits_second_person": line.record.has_proposal,
            }
            for line in lines
        ],
        is_cut=len(lines) >= applications.RETURNS_SHOWN,
        states=[(OPEN, "終わっていないもの"), *((s.value, text) for s, text in STATES.items()), (ALL, "すべて")],
        policies=titles,
        values={"state": state, "policy": policy_id, "receipt_no": receipt_no},
        may_open=Role.REVIEWER in staff.roles,
        errors=errors,
    )


def _states(wanted: str) -> frozenset[ReturnState]:
    if wanted in STATES:
        return frozenset({ReturnState(wanted)})
    return frozenset(STATES) if wanted == ALL else frozenset(STATES) - FINAL


def _case_page(
    found: ReturnFile, staff: SignedInStaff, errors: Errors | None = None, typed: dict[str, str] | None = None
) -> str:
    """``typed``: what the form that was refused held."""
    record, person = found.record, found.beneficiary
    open_acts = acts_for(record, staff.roles, staff.staff_id)
    return render_template(
        "municipality/return.html",
        terminal=this_terminal(),
        staff=staff_line(staff),
        case={
            "id": record.case_id,
            "no": found.receipt_no,
            "review_url": url_for("municipality.case", receipt_no=found.receipt_no)
            if staff.roles & {Role.REVIEWER, Role.APPROVER}
            else None,
            "rows": [
                ("施策", found.policy_title),
                ("受付番号", found.receipt_no),
                ("もと", "返品で多くなった還元" if record.from_rebate else "職員の確認"),
                ("状況", STATES[record.state]),
                *_amounts(record),
                *([("期限", _next_day(record))] if _next_day(record) else []),
            ],
            "reason": record.reason,
            "left": record.left,
            "proposal": record.proposal
            and {
                "id": record.proposal.proposal_id,
                "by": record.proposal.by_staff,
                "amount_text": points_text(record.proposal.amount or 0),
                "text": record.proposal.text,
                "is_to_give_up": record.state is not ReturnState.NOTIFIED,
            },
            "is_own_proposal": record.proposal is not None and record.proposal.by_staff == staff.staff_id,
        },
        person=[("氏名", person.items.name.reveal()), ("住所", person.items.address.reveal())] if person else None,
        acts={name: ACTS[name].title for name in open_acts},
        ways=WAYS,
        next_text=_next_text(record),
        history=[_step(one) for one in record.steps],
        typed={**_proposed(found), **(typed or {})},
        errors=errors,
    )


def _amounts(record: ReturnRecord) -> list[tuple[str, str]]:
    rows = [("対象のポイント", points_text(record.amount)), ("戻ったポイント", points_text(record.recovered))]
    return rows if record.state in FINAL else [*rows, ("残り", points_text(record.left))]


def _next_text(record: ReturnRecord) -> str | None:
    """Whose turn it is with a case that is not over."""
    if record.has_proposal:
        return "2人目の確認を待っています。承認の担当(案を作った人とは別の職員)が確認します。"
    return NEXT.get(record.state)


NEXT = {
    ReturnState.SUSPECTED: "次は、審査の担当がこの件を調べ始めます。",
    ReturnState.INVESTIGATING: "次は、審査の担当が弁明の機会を知らせます。疑いがなければ、承認の担当が終えます。",
    ReturnState.NOTIFIED: "ご本人の返事を待っています。期限のあと、審査の担当が案を作り、承認の担当が決めます。",
    ReturnState.DECIDED: "次は、出納の担当が期限を決めて返還を求めます。",
    ReturnState.DEMANDED: "ご本人の納付を待っています。戻ったポイントは、出納の担当が記録します。",
    ReturnState.PARTLY_PAID: "残りの納付を待っています。戻ったポイントは、出納の担当が記録します。",
    ReturnState.INSTALMENTS: "分割の納付を待っています。戻ったポイントは、出納の担当が記録します。",
    ReturnState.LITIGATED: "訴訟の結果を待っています。戻ったポイントは、出納の担当が記録します。",
}


def _next_day(record: ReturnRecord) -> str:
    if record.state is ReturnState.NOTIFIED and record.respond_by:
        return f"ご本人の返事 {day_text(record.respond_by)}まで"
    if record.pay_by and record.state not in FINAL:
        return f"納付 {day_text(record.pay_by)}まで"
    return ""


def _proposed(found: ReturnFile) -> dict[str, str]:
    """What a form begins with."""
    amount = {"propose-amount": str(found.record.amount)} if found.record.from_rebate else {}
    last_day = day_text(clock.today() + timedelta(days=screening.OBJECTION_DAYS))
    words = f"この決定に納得できないときは、{last_day}までに、{found.office}へ申し出ることができます。"
    return {**amount, "decide-office": found.office, "decide-objection": words}


def _step(step: StepView) -> dict[str, Any]:
    amount = f"({points_text(step.amount)})" if step.amount else ""
    return {
        "title": STEPS.get(step.action, step.action) + amount,
        "time_text": f"{minute_text(step.at)} {step.by_staff or '自動'}",
        "text": step.text or "",
        "done": True,
    }
