"""The pages of the desk, and the revocation lists of the TEST issuer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from card_sim import crl_variants, faults
from card_sim.crl_variants import CrlVariant
from card_sim.desk.state import the_desk
from card_sim.desk.views import fault_choices, fault_words, japanese_moment, matching
from card_sim.faults import Fault, UnknownFault

QUERY_MAX = 100
USUAL = "TP-02"
"""The resident of the sample town with an ordinary card, for whoever is here for the first time."""

ROWS_MAX = 200
"""A generated population is too long for one page; the search finds the rest."""

_NOTICES: Final[Mapping[str, str]] = {
    "laid": "カードを読み取り機に置きました。",
    "removed": "カードを取りました。",
    "reset": "暗証番号と残り回数を、最初の状態に戻しました。",
}

_PROBLEMS: Final[Mapping[str, str]] = {
    "number": f"不具合の数には、1 から {faults.NUMBER_MAX} までの数字を入れてください。",
}

blueprint = Blueprint("desk", __name__)


@blueprint.get("/")
def index() -> str:
    """Search and choose a person; what lies on the reader."""
    desk = the_desk()
    query = request.args.get("q", "")[:QUERY_MAX]
    unusual_only = request.args.get("unusual") == "1"
    found = matching(desk.people.values(), query)
    rows = [desk.view(persona.person_id) for persona in found[:ROWS_MAX]]
    return render_template(
        "desk/index.html",
        rows=[row for row in rows if row.marks or not unusual_only],
        found=len(found),
        not_shown=max(len(found) - ROWS_MAX, 0),
        query=query,
        unusual_only=unusual_only,
        usual=desk.view(USUAL) if USUAL in desk.people else None,
        **_frame(),
    )


@blueprint.get("/people/<person_id>")
def person(person_id: str) -> str:
    """One person: contents of the card, secrets, tries."""
    return render_template(
        "desk/person.html",
        row=the_desk().view(person_id),
        faults=fault_choices(),
        chosen_fault=request.args.get("fault", ""),
        **_frame(),
    )


@blueprint.post("/lay")
def lay() -> BaseResponse:
    """Lay the chosen card on the reader, with the chosen fault; back to the desk, or on to the keypad."""
    desk = the_desk()
    desk.check_token(request.form.get("token", ""))
    person_id = request.form.get("person_id", "")
    try:
        chosen = _chosen_fault()
    except UnknownFault:
        chosen_name = request.form.get("fault", "")
        address = url_for(".person", person_id=person_id, problem="number", fault=chosen_name)
        return redirect(address, HTTPStatus.SEE_OTHER)
    desk.lay(person_id, chosen)
    if request.form.get("then") == "keypad":
        return redirect(desk.keypad_url, HTTPStatus.SEE_OTHER)
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


@blueprint.get("/crl/<variant>/<int:root_index>.crl")
def crl_variant(variant: str, root_index: int) -> Response:
    """The same list as a relying service should not believe it, or longer (see `card_sim.crl_variants`)."""
    desk = the_desk()
    try:
        der = crl_variants.make(CrlVariant(variant), desk.issuer, root_index, desk.now())
    except (KeyError, ValueError) as unknown:
        raise NotFound from unknown
    return Response(der, mimetype="application/pkix-crl")


def _chosen_fault() -> list[Fault]:
    """The fault of the form. Raises UnknownFault, also for a number out of range."""
    name, number = request.form.get("fault", ""), request.form.get("number", "").strip()
    if not name:
        return []
    kind = faults.FAULTS.get(name)
    takes_number = kind is not None and kind.number_default is not None and number
    return [faults.parse(f"{name}:{number}" if takes_number else name)]


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
        "lying_faults": fault_words(desk.tray.faults),
        "notice": _NOTICES.get(request.args.get("notice", "")),
        "problem": _PROBLEMS.get(request.args.get("problem", "")),
    }
