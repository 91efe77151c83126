"""A picture that a person sent, before the staff who review: looked at, or taken away at once (BR-59).

The page of the manual queue links here by ``document_id`` (``applications.documents_of``).
"""

from __future__ import annotations

from typing import Literal, get_args
from uuid import UUID

from flask import Response as FlaskResponse
from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from app import applications
from app.applications import DiscardedFor, DocumentForStaff
from app.documents import DocumentView
from app.language import minute_text
from app.organisations import Role, SignedInStaff
from app.screening import Staff
from app.web.counter import blueprint
from app.web.staff import current_staff, require_role, staff_line, this_terminal

REASONS: dict[DiscardedFor, str] = {
    "back_of_card": "マイナンバーカードのうら面",
    "number_visible": "マイナンバー(12桁)が見える",
    "not_needed": "審査に必要のないもの",
}
_REVIEWS: dict[Role, Literal["reviewer", "approver"]] = {Role.REVIEWER: "reviewer", Role.APPROVER: "approver"}
assert set(REASONS) == set(get_args(DiscardedFor))


@blueprint.get("/counter/documents/<uuid:document_id>")
def document(document_id: UUID) -> str | Response:
    """The picture with what can be done about it."""
    if current_staff() is None or this_terminal() is None:
        return redirect(url_for("counter.sign_in"), code=303)
    return _page(document_id)


@blueprint.get("/counter/documents/<uuid:document_id>/picture")
def document_picture(document_id: UUID) -> FlaskResponse:
    """The JPEG alone. Never kept by the browser, and nothing in it can run."""
    _, found = _found(document_id, is_look=True)
    if found.content is None:
        raise NotFound()
    headers = {
        "Content-Disposition": f'inline; filename="{found.receipt_no}-{found.view.place}.jpg"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return FlaskResponse(found.content, mimetype="image/jpeg", headers=headers)


@blueprint.post("/counter/documents/<uuid:document_id>")
def discard_document(document_id: UUID) -> Response | tuple[str | Response, int]:
    """Erase it at once; who, when and why stays, without the picture."""
    staff = _staff()
    why = next((each for each in REASONS if each == request.form.get("why")), None)
    if why is None:
        error = {"field": "why", "text": "消去する理由を選んでください。", "code": None}
        return _page(document_id, [error]), 422
    try:
        applications.discard_document(as_reviewer(staff), staff.municipality_code, document_id, why)
    except LookupError:
        raise NotFound() from None
    return redirect(url_for("counter.document", document_id=document_id), code=303)


def as_reviewer(staff: SignedInStaff) -> Staff:
    """The signed-in member of staff as the rules of reviewing know them."""
    return Staff(staff.staff_id, frozenset(name for role, name in _REVIEWS.items() if role in staff.roles))


def _discarded(view: DocumentView) -> tuple[str, str] | None:
    """When a picture was erased and why; ``None`` while it is there, and where retention took it without a reason."""
    if view.discarded_at is None:
        return None
    why = next((text for reason, text in REASONS.items() if reason == view.discarded_for), "")
    return minute_text(view.discarded_at), why


def _staff() -> SignedInStaff:
    staff = current_staff()
    if staff is None or this_terminal() is None:
        raise Forbidden()
    require_role(staff, Role.REVIEWER, Role.APPROVER)
    return staff


def _found(document_id: UUID, *, is_look: bool) -> tuple[SignedInStaff, DocumentForStaff]:
    staff = _staff()
    try:
        found = applications.document_for(
            as_reviewer(staff), staff.municipality_code, document_id, with_content=is_look
        )
    except LookupError:
        raise NotFound() from None
    return staff, found


def _page(document_id: UUID, errors: list[dict[str, str | None]] | None = None) -> str:
    staff, found = _found(document_id, is_look=False)
    view = found.view
    return render_template(
        "counter/document.html",
        staff=staff_line(staff),
        terminal=this_terminal(),
        document_id=document_id,
        is_there=view.is_there,
        facts=[
            ("受付番号", found.receipt_no),
            ("枚目", f"{view.place}枚目"),
            ("届いた時刻", minute_text(view.received_at)),
        ],
        discarded=_discarded(view),
        reasons=list(REASONS.items()),
        errors=errors,
    )
