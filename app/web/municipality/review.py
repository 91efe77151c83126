"""What waits for staff to decide: the queue of the municipality, and one case with the facts and what may be done."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from app import applications, db, municipalities, screening
from app.applications import ApplicationState, Counted, ReviewCase, WhyTakenBack
from app.cards import EvidenceView
from app.documents import DocumentView
from app.language import day_text, minute_text, points_text
from app.organisations import Role, SignedInStaff
from app.people.ages import wareki
from app.policies import CheckKind
from app.screening import CHECK_TITLES, CheckState, CheckView, Staff
from app.web.municipality import blueprint
from app.web.relation_texts import REASONS, RELATIONS
from app.web.staff import current_staff, require_role, staff_line, this_terminal

Errors = list[dict[str, str | None]]

STATES = {
    ApplicationState.SUBMITTED: "受付済",
    ApplicationState.SCREENING: "審査中",
    ApplicationState.INFO_REQUESTED: "ご本人の返事待ち",
    ApplicationState.RE_REVIEW: "再審査中",
    ApplicationState.APPROVED: "承認済(付与は止めています)",
}
CHECK_STATES = {
    CheckState.PENDING: "まだ確かめていません",
    CheckState.RUNNING: "まだ確かめていません",
    CheckState.PASSED: "条件に合っています",
    CheckState.FAILED: "条件に合いません(2人で決定)",
    CheckState.UPHELD: "条件に合いません(再審査済)",
    CheckState.INCONCLUSIVE: "機械では決められません",
    CheckState.MANUAL_QUEUE: "職員の確認待ち",
    CheckState.ASSIGNED: "担当者が確認中",
    CheckState.NEEDS_INFO: "ご本人の返事待ち",
    CheckState.APPEALED: "不服の申出があります",
    CheckState.INVALIDATED: "もう一度確認が必要です",
}
COUNTED = {
    Counted.NOT_RECORDED: "まだ出生の記録がありません。記録するまで、金額は決まらず、承認もできません。",
    Counted.TWINS: "同じ日に生まれたきょうだいがいます。戸籍の順番を入れると、金額が決まります。",
    Counted.BEYOND: "お子さまご本人が、数える年齢の上限を過ぎています。",
    Counted.NO_TIER: "この施策のどの区分にも当てはまりません。",
}
ASSURANCES = {
    "attended": "窓口の読み取り機で、職員の前で読み取り",
    "unattended": "ご自身の読み取り機で読み取り",
    "outside": "外部の本人確認サービス",
    "staff": "職員が券面とお顔で確認",
    "simulated": "模擬カード",
}
REVOCATIONS = {"good": "有効", "revoked": "失効", "not_checked": "確認できていません"}
REFUSALS = (
    ("E201", "住所の条件"),
    ("E203", "生年月日・年齢・お子さまの順番の条件"),
    ("E207", "以前の施策での受取"),
    ("E214", "市外にお住まいの方が対象であること"),
)
"""What the refusal rests on: the message of each is one of "not eligible", and its own sentence is the reviewer's."""
WHY_TAKEN_BACK: tuple[tuple[WhyTakenBack, str], ...] = (
    ("left", "退職・異動した"),
    ("absent", "休んでいる、しばらく戻らない"),
    ("shared_out", "担当を分け直す"),
    ("has_part", "申込に関わりがあると分かった"),
)
"""Why an approver takes a check out of a reviewer's hand; the code stands in the audit trail."""
_ROLES: dict[Role, screening.Role] = {
    Role.PLANNER: "planner",
    Role.REVIEWER: "reviewer",
    Role.APPROVER: "approver",
    Role.COUNTER: "counter",
    Role.TREASURER: "treasurer",
}
TAKEABLE = frozenset({CheckState.PENDING, CheckState.INCONCLUSIVE, CheckState.MANUAL_QUEUE, CheckState.INVALIDATED})
STAFF_MAY_DECIDE_PENDING = (CheckKind.POST_REVIEW, CheckKind.GUARDIAN)


@blueprint.get("/review")
def queue() -> str | Response:
    """Everything that waits, oldest first."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.REVIEWER, Role.APPROVER)
    with db.reading() as session:
        found = applications.cases_of(session, staff.municipality_code, protected_too=sees_protected(staff))
    lines = [
        {
            "no": line.receipt_no,
            "url": url_for("municipality.case", receipt_no=line.receipt_no),
            "policy_title": line.policy_title,
            "state": STATES.get(line.state, line.state.value),
            "waiting": "、".join(CHECK_TITLES[kind] for kind in line.waiting),
            "since_text": minute_text(line.since),
            "taken_by": "、".join(line.taken_by) or "まだいません",
            "is_mine": staff.staff_id in line.taken_by,
            "awaits_second_person": line.awaits_second_person,
        }
        for line in found
    ]
    return render_template(
        "municipality/queue.html",
        terminal=terminal,
        staff=staff_line(staff),
        municipality_label=municipalities.label(staff.municipality_code),
        cases=lines,
        is_cut=len(lines) >= applications.CASES_SHOWN,
    )


@blueprint.get("/review/<receipt_no>")
def case(receipt_no: str) -> str | Response:
    """One case."""
    staff = current_staff()
    if staff is None or this_terminal() is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.REVIEWER, Role.APPROVER)
    return case_page(case_or_404(receipt_no, staff), staff)


def sees_protected(staff: SignedInStaff) -> bool:
    """Who sets and lifts the flag of a support measure is the office in charge of it (BR-31)."""
    return Role.APPROVER in staff.roles


def as_reviewer(staff: SignedInStaff) -> Staff:
    """The member of staff as the rules of a review know them."""
    return Staff(staff.staff_id, frozenset(_ROLES[role] for role in staff.roles if role in _ROLES))


def case_or_404(receipt_no: str, staff: SignedInStaff) -> ReviewCase:
    """The case, if it is of this municipality and theirs to see. 403 for their own and their child's (four eyes)."""
    found = applications.look_at_case(
        receipt_no, staff.municipality_code, as_reviewer(staff), protected_too=sees_protected(staff)
    )
    if found is None:
        raise NotFound()
    if found.is_viewers_own:
        raise Forbidden()
    return found


WRITTEN_BY_HAND = {
    "offline": "通信できなかったため",
    "reader_away": "読み取り機や端末が使えなかったため",
    "power_cut": "停電のため",
    "other": "そのほかの理由(受付票の記録にあります)",
}


def _came(found: ReviewCase) -> list[tuple[str, str]]:
    """The moment that counts, where it is not that of the sending; and whose word it is."""
    if found.came_at is None:
        return []
    if found.came_at_reason is None:
        return [("受付時刻(整理券)", minute_text(found.came_at))]
    why = f"{WRITTEN_BY_HAND[found.came_at_reason]}。書いた職員: {found.came_at_by}"
    return [("受付時刻(手書き)", f"{minute_text(found.came_at)} {why}")]


def case_page(
    found: ReviewCase,
    staff: SignedInStaff,
    errors: Errors | None = None,
    typed: dict[str, Any] | None = None,
) -> str:
    """The page of one case. ``typed``: what the form that was refused held."""
    from app.web.municipality.births import births_form

    return render_template(
        "municipality/case.html",
        terminal=this_terminal(),
        staff=staff_line(staff),
        case={
            "no": found.receipt_no,
            "policy_title": found.document.title,
            "state": STATES.get(found.state, found.state.value),
            "submitted_text": minute_text(found.submitted_at),
            "came": _came(found),
            "amount_text": _amount_text(found),
            "duplicate_suspected": found.duplicate_suspected,
        },
        beneficiary=_person(found.beneficiary),
        guardian=_person(found.guardian),
        relation=_relation(found),
        checks=[_check(found, check, staff) for check in found.checks],
        inquiries=[
            {
                "title": CHECK_TITLES[one.kind],
                "question": one.question,
                "answer": one.answer,
                "answer_by_text": day_text(one.answer_by),
                "is_over": one.lapsed_at is not None,
            }
            for one in found.inquiries
        ],
        pictures=[
            {"url": url_for("counter.document", document_id=one.document_id), "text": _picture(one)}
            for one in found.documents
        ],
        letters=[{"reason": one.reason, "day_text": day_text(one.decided_on)} for one in found.letters],
        objection=found.objection.reason if found.objection else None,
        births=births_form(found, staff, typed),
        typed=typed or {},
        reasons=REFUSALS,
        whys=WHY_TAKEN_BACK,
        errors=errors,
    )


def _amount_text(found: ReviewCase) -> str:
    if found.childs_amount is not None and not found.childs_amount.is_settled:
        return f"最大{points_text(found.amount)}(出生の記録のあとに決まります)"
    return points_text(found.amount)


def _person(evidence: EvidenceView | None) -> list[tuple[str, str]] | None:
    if evidence is None:
        return None
    items = evidence.items
    places = "、".join(municipalities.label(code) for code in evidence.address.candidates)
    return [
        ("氏名", items.name.reveal()),
        ("住所", items.address.reveal()),
        ("住所から分かる自治体", places or "分かりません"),
        ("生年月日", _birth_date(evidence)),
        ("本人確認", ASSURANCES.get(evidence.assurance, evidence.assurance)),
        ("電子証明書", REVOCATIONS.get(evidence.revocation, evidence.revocation)),
    ]


def _birth_date(evidence: EvidenceView) -> str:
    birth = evidence.birth_date
    return evidence.items.birth_date.reveal() if birth is None else f"{day_text(birth)}({wareki(birth)})"


def _picture(one: DocumentView) -> str:
    gone = "" if one.is_there else "(消去済み)"
    return f"書類の写真 {one.place}枚目{gone}"


def _relation(found: ReviewCase) -> list[tuple[str, str]]:
    rows = []
    if found.guardian_relation:
        rows.append(("続柄(保護者の申告)", dict(RELATIONS)[applications.Relation(found.guardian_relation)]))
    if found.guardian_reason:
        rows.append(("本人が申し込まない理由", dict(REASONS)[applications.Reason(found.guardian_reason)]))
    return rows


def _check(found: ReviewCase, check: CheckView, staff: SignedInStaff) -> dict[str, Any]:
    """One check with what this member of staff may do about it now; the use cases decide again."""
    state, proposal = CheckState(check.result), found.proposals.get(check.kind)
    is_mine = check.assigned_to == staff.staff_id
    # In a re-review, too: what was never decided comes before the answer to the objection.
    in_review = found.state in (ApplicationState.SCREENING, ApplicationState.RE_REVIEW, ApplicationState.APPROVED)
    reviews = Role.REVIEWER in staff.roles
    waits_for_staff = state is not CheckState.PENDING or check.kind in STAFF_MAY_DECIDE_PENDING
    return {
        "kind": check.kind.value,
        "title": CHECK_TITLES[check.kind],
        "state": CHECK_STATES[state],
        "passed": state is CheckState.PASSED,
        "text": check.problem.wording() if check.problem and check.problem.is_complete else "",
        "assigned_to": check.assigned_to,
        "proposal": proposal
        and {
            "words": {"refuse": "対象外とする案", "uphold": "決定を変えない案", "overturn": "決定を取り消す案"}[
                proposal.proposal
            ],
            "id": proposal.proposal_id,
            "reason": proposal.reason,
            "by": proposal.proposed_by,
            "at_text": minute_text(proposal.proposed_at),
        },
        "may_take": reviews and in_review and state in TAKEABLE and waits_for_staff,
        "may_give_back": reviews and is_mine and state is CheckState.ASSIGNED,
        "may_take_back": Role.APPROVER in staff.roles and state is CheckState.ASSIGNED and not (reviews and is_mine),
        "may_decide": reviews and is_mine and state is CheckState.ASSIGNED,
        "may_refuse": reviews
        and is_mine
        and state is CheckState.ASSIGNED
        and found.state is ApplicationState.SCREENING,
        "may_answer_objection": reviews and state is CheckState.APPEALED,
        "may_confirm": Role.APPROVER in staff.roles and proposal is not None and proposal.proposed_by != staff.staff_id,
        "is_own_proposal": proposal is not None and proposal.proposed_by == staff.staff_id,
    }
