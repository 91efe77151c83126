"""受付票を見る: somebody shows a receipt; staff scan its code or type its number and see the state, nothing more."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from app import applications, counter
from app.counter import ReceiptView
from app.language import minute_text, points_text
from app.organisations import Role, SignedInStaff, Terminal
from app.web.counter import blueprint
from app.web.rate_limits import LOOK_UP_RECEIPT, check_limit
from app.web.receipt_codes import number_scanned
from app.web.staff import current_staff, require_role, staff_line, this_terminal

NOT_SHOWN = "この番号の申込は、この窓口では見られません。番号が正しいときは、担当窓口へご案内してください。"


@blueprint.get("/counter/receipts")
def receipts() -> str | Response:
    """The field for the code or the number."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.COUNTER)
    return _page(staff, terminal)


@blueprint.post("/counter/receipts")
def look_up_receipt() -> str | tuple[str, int]:
    """The number stays in the form that was sent, never in an address."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.COUNTER)
    check_limit(LOOK_UP_RECEIPT, f"staff:{staff.staff_id}")
    number = number_scanned(request.form.get("receipt", ""))
    if not number:
        return _page(staff, terminal, "受付票のQRコードを読み取るか、受付番号を入れてください。"), 422
    found = counter.look_up_receipt(staff, number)
    return (_page(staff, terminal, NOT_SHOWN), 422) if found is None else _page(staff, terminal, found=found)


def _page(
    staff: SignedInStaff, terminal: Terminal, problem: str | None = None, found: ReceiptView | None = None
) -> str:
    return render_template(
        "counter/receipts.html",
        terminal=terminal,
        staff=staff_line(staff),
        errors=[{"field": "receipt", "text": problem, "code": None}] if problem else None,
        found=_shown(found) if found else None,
    )


def _shown(found: ReceiptView) -> dict[str, object]:
    rows = [
        ("受付番号", found.receipt_no),
        ("施策", found.policy_title),
        ("金額", points_text(found.amount)),
        ("決済サービス", found.service_name or "まだ選んでいません"),
        ("番号の下4桁", found.masked_account or "なし"),
        ("受付日時", minute_text(found.submitted_at)),
    ]
    return {
        "word": found.status.word,
        "date_text": found.status.date_text,
        "next_line": found.status.next_line,
        "turn": found.status.turn or "none",
        "turn_label": applications.TURN_LABELS[found.status.turn],
        "rows": rows,
    }
