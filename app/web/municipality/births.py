"""出生の記録: from the municipal register, the days of birth of a child's siblings, and nothing else (BR-29)."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import redirect, request, url_for
from werkzeug.exceptions import NotFound

from app import applications, clock
from app.applications import ApplicationState, ReviewCase
from app.errors import DomainError
from app.language import day_text, minute_text, points_text
from app.organisations import Role, SignedInStaff
from app.people import MAX_SIBLINGS, Birth, BirthsRefused
from app.people.dates import ImpossibleDate, parse_date
from app.policies import CheckKind
from app.screening import CheckMoveRefused, CheckState, ReviewRefused
from app.web.municipality import blueprint
from app.web.municipality.decide import Answer, error, key_of, refusal_in_words, signed_in
from app.web.municipality.review import COUNTED, Errors, as_reviewer, case_or_404, case_page

ROWS = 6
"""Lines for siblings that the form begins with; after each saving there are three more than were filled in."""


@blueprint.post("/review/<receipt_no>/births")
def record_births(receipt_no: str) -> Answer:
    """Keep the births; the case then says which child it is and what the amount is."""
    staff = signed_in(Role.REVIEWER)
    found = case_or_404(receipt_no, staff)
    if found.childs_amount is None:
        raise NotFound()
    typed = {**request.form.to_dict(), "births": True}
    errors: Errors = []
    rows = _siblings(errors)
    siblings = [birth for _, birth in rows]
    own_order, born = _order("own_order", errors), _born(found, errors)
    if not siblings and request.form.get("no_siblings") != "yes":
        errors.append(error("no_siblings", "きょうだいがいないときは、いないことにチェックを入れてください。"))
    if errors:
        return case_page(found, staff, errors, typed), 422
    try:
        applications.record_births(
            *key_of(found), as_reviewer(staff), siblings=siblings, own_order=own_order, born=born
        )
    except BirthsRefused as refused:
        return case_page(found, staff, [_refused(refused, [row for row, _ in rows])], typed), 422
    except (ReviewRefused, CheckMoveRefused, DomainError) as problem:
        text, code = refusal_in_words(problem)
        return case_page(case_or_404(receipt_no, staff), staff, [error(None, text, code)], typed), 409
    return redirect(url_for("municipality.case", receipt_no=receipt_no, _anchor="births"), code=303)


def births_form(found: ReviewCase, staff: SignedInStaff, typed: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is known of the child's place and the form by which it is recorded; ``None`` where it does not matter."""
    known = found.childs_amount
    if known is None:
        return None
    check = next((one for one in found.checks if one.kind is CheckKind.POST_REVIEW), None)
    is_mine = check is not None and check.assigned_to == staff.staff_id
    in_hand = found.state in (ApplicationState.SCREENING, ApplicationState.INFO_REQUESTED) and is_mine
    again = found.state is ApplicationState.RE_REVIEW and check is not None and check.result == CheckState.APPEALED
    record = found.births
    values = typed if typed and typed.get("births") else _as_typed(found)
    filled = sum(bool(values.get(f"day_{number}")) for number in range(1, MAX_SIBLINGS + 1))
    return {
        "words": _words(found),
        "tone": "good" if known.is_settled else "act",
        "on_text": day_text(known.on) if known.on else "",
        "recorded_text": f"{minute_text(record.recorded_at)} {record.recorded_by}" if record else None,
        "may_record": Role.REVIEWER in staff.roles and (in_hand or again),
        "must_take": Role.REVIEWER in staff.roles and not is_mine and not again,
        "asks_own_day": found.beneficiary is not None and found.beneficiary.birth_date is None,
        "rows": range(1, min(MAX_SIBLINGS, max(ROWS, filled + 3)) + 1),
        "values": values,
    }


def _words(found: ReviewCase) -> str:
    known = found.childs_amount
    assert known is not None
    which = f"第{known.nth}子です。" if known.nth else ""
    if known.is_settled:
        return f"{which}給付額は{points_text(known.amount)}です。"
    return which + COUNTED[known.counted]


def _as_typed(found: ReviewCase) -> dict[str, Any]:
    """The standing record as the form would have been filled in."""
    if found.births is None:
        return {}
    births = found.births.births
    values: dict[str, Any] = {"own_order": births.child.register_order or "", "own_day": births.child.day.isoformat()}
    for number, one in enumerate(births.siblings, start=1):
        values[f"day_{number}"], values[f"order_{number}"] = one.day.isoformat(), one.register_order or ""
    if not births.siblings:
        values["no_siblings"] = "yes"
    return values


def _siblings(errors: Errors) -> list[tuple[int, Birth]]:
    """Each sibling with the line of the form."""
    siblings = []
    for number in range(1, MAX_SIBLINGS + 1):
        text = request.form.get(f"day_{number}", "").strip()
        order = _order(f"order_{number}", errors)
        if not text:
            if order is not None:
                errors.append(error(f"day_{number}", f"{number}人目の生年月日を入れてください。"))
            continue
        day = _day(f"day_{number}", text, errors)
        if day is not None:
            siblings.append((number, Birth(day, order)))
    return siblings


def _born(found: ReviewCase, errors: Errors) -> date | None:
    if found.beneficiary is None or found.beneficiary.birth_date is not None:
        return None
    return _day("own_day", request.form.get("own_day", "").strip(), errors)


def _day(field: str, text: str, errors: Errors) -> date | None:
    """A day in western or Japanese years (BR-09); an impossible one is told with its hint, never put right."""
    try:
        day = parse_date(text)
    except ImpossibleDate as impossible:
        hint = f"「{impossible.hint}」ではありませんか。" if impossible.hint else ""
        errors.append(error(field, f"存在しない日付か、読み取れない書き方です。{hint}", "E608"))
        return None
    if day > clock.today():
        errors.append(error(field, "まだ来ていない日付です。"))
        return None
    return day


def _order(field: str, errors: Errors) -> int | None:
    text = request.form.get(field, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == 1 and text != "0"):
        errors.append(error(field, "戸籍の順番は、1から9までの数字で入れてください。"))
        return None
    return int(text)


def _refused(refused: BirthsRefused, rows: list[int]) -> dict[str, str | None]:
    if refused.number is None:
        return error(None, f"きょうだいは{MAX_SIBLINGS}人までです。")
    row = rows[refused.number - 1] if refused.number else None
    if refused.reason == "order":
        field = f"order_{row}" if row else "own_order"
        return error(field, "同じ日に生まれた人の順番が、重なっています。")
    return error(f"day_{row}" if row else "own_day", "この生年月日は使えません。")
