"""The pages of the desk, and the revocation lists of the TEST issuer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from card_sim.desk.state import the_desk
from card_sim.desk.views import japanese_moment, matching

QUERY_MAX = 100

_NOTICES: Final[Mapping[str, str]] = {
    "laid": "カードを読み取り機に置きました。",
    "removed": "カードを取りました。",
    "reset": "暗証番号と残り回数を、最初の状態に戻しました。",
}

blueprint = Blueprint("desk", __name__)


@blueprint.get("/")
def index() -> str:
    """Search and choose a person; what lies on the reader."""
    desk = the_desk()
    query = request.args.get("q", "")[:QUERY_MAX]
    unusual_only = request.args.get("unusual") == "1"
    rows = [desk.view(persona.person_id) for persona in matching(desk.people.values(), query)]
    return render_template(
        "desk/index.html",
        rows=[row for row in rows if row.marks or not unusual_only],
        query=query,
        unusual_only=unusual_only,
        **_frame(),
    )


@blueprint.get("/people/<person_id>")
def person(person_id: str) -> str:
    """One person: contents of the card, secrets, tries."""
    return render_template("desk/person.html", row=the_desk().view(person_id), **_frame())


@blueprint.post("/lay")
def lay() -> BaseResponse:
    """Lay the chosen card on the reader."""
    desk = the_desk()
    desk.check_token(request.form.get("token", ""))
    desk.lay(request.form.get("person_id", ""))
    return redirect(url_for(".index", notice="laid"), HTTPStatus.SEE_OTHER)


@blueprint.post("/remove")
def remove() -> BaseResponse:
    """Take the card off the reader."""
    desk = the_desk()
    desk.check_token(request.form.get("token", ""))
    desk.tray.take_away()
    return redirect(url_for(".index", notice="removed"), HTTPStatus.SEE_OTHER)


@blueprint.post("/people/<person_id>/reset")
def reset(person_id: str) -> BaseResponse:
    """Put a card's counters and PINs back to the data set."""
    desk = the_desk()
    desk.check_token(request.form.get("token", ""))
    desk.reset(person_id)
    return redirect(url_for(".person", person_id=person_id, notice="reset"), HTTPStatus.SEE_OTHER)


@blueprint.get("/crl/<int:root_index>.crl")
def crl(root_index: int) -> Response:
    """The revocation list of an authentication root, as of the desk's clock."""
    desk = the_desk()
    try:
        return Response(desk.issuer.crl(root_index, desk.now()), mimetype="application/pkix-crl")
    except KeyError as unknown:
        raise NotFound from unknown


def _frame() -> dict[str, object]:
    """What every page shows around its own content."""
    desk = the_desk()
    lying = desk.tray.lying
    return {
        "lying": desk.view(lying) if lying is not None else None,
        "clock": japanese_moment(desk.now()),
        "token": desk.token,
        "keypad_url": desk.keypad_url,
        "service_url": desk.service_url,
        "notice": _NOTICES.get(request.args.get("notice", "")),
    }
