"""申込を探す: the card is known; staff say by the receipt's or the ticket's number which application it is about."""

from __future__ import annotations

from contextlib import suppress
from unicodedata import normalize

from flask import redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from app import counter
from app.applications import NotTheSame
from app.counter import VisitOver
from app.errors import DomainError
from app.organisations import Role
from app.web.counter import blueprint
from app.web.counter.copied_form import DAY_SHAPE, TICKET_SHAPE, Error, ticket_number, typed_day
from app.web.counter.desk import desk_page
from app.web.counter.shown_visit import shown_visit
from app.web.rate_limits import LOOK_UP_RECEIPT, check_limit
from app.web.receipt_codes import number_scanned
from app.web.staff import current_staff, require_role, this_terminal

NOTHING_TYPED = "受付番号、または整理券の番号と日付を入れてください。"
NOT_HERE = (
    "この番号の申込は、この手続では選べません。番号と、選んだ施策を確かめてください。"
    "番号が正しいときは、担当窓口へご案内してください。"
)
ITEM_WORDS = {"name": "氏名", "address": "住所", "birth_date": "生年月日", "sex": "性別"}
CARD_NOT_PROVEN = (
    "このカードは、暗証番号と電子証明書で確かめられていません。"
    "審査の担当(別の職員)がこのカードの方を確かめるまで、紙の申込とはつなげません。"
)


def differs_text(items: tuple[str, ...]) -> str:
    """Why nothing was joined, and what happens now: which items differ, without a word of what they say."""
    if items == ("card",):
        return CARD_NOT_PROVEN
    named = "・".join(ITEM_WORDS[item] for item in items)
    return (
        f"紙の申込とカードで、{named}が同じと言えません。この窓口ではつなげません。申込書の書き写しに誤りがないかを確かめ、"
        "同じ方と思われるときは、審査の担当(別の職員)が確かめます。紙の申込は、そのまま残っています。"
    )


@blueprint.post("/counter/find")
def find_application() -> Response | tuple[str, int]:
    """By the receipt's number, or by the ticket that was on the paper."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.COUNTER)
    check_limit(LOOK_UP_RECEIPT, f"staff:{staff.staff_id}")
    typed = {name: request.form.get(name, "").strip() for name in ("receipt", "ticket", "ticket_day")}
    number, day = ticket_number(typed["ticket"]), typed_day(typed["ticket_day"])
    errors = _errors(typed, number, day)
    again = {name: value if _may_be_a_number(value) else "" for name, value in typed.items()}
    if errors:
        return desk_page(staff, terminal, errors, again), 422
    ticket = (number, day) if number is not None and day is not None and not typed["receipt"] else None
    try:
        with suppress(VisitOver):  # the page shows what is now
            counter.find_application(
                staff, shown_visit(), receipt_no=number_scanned(typed["receipt"]) or None, ticket=ticket
            )
    except LookupError:
        return desk_page(staff, terminal, [_error("receipt", NOT_HERE)], again), 422
    except NotTheSame as other:
        return desk_page(staff, terminal, [_error("receipt", differs_text(other.items))], again), 422
    except DomainError as problem:
        error = _error("receipt", problem.wording()) | {"code": problem.code}
        return desk_page(staff, terminal, [error], again), 422
    return redirect(url_for("counter.home"), code=303)


@blueprint.post("/counter/apply-instead")
def apply_instead() -> Response:
    """The paper is somebody else's, or there is none: the card's holder applies."""
    staff = current_staff()
    if staff is None or this_terminal() is None:
        raise Forbidden()
    require_role(staff, Role.COUNTER)
    with suppress(VisitOver):
        counter.apply_instead(staff, shown_visit())
    return redirect(url_for("counter.home"), code=303)


def _may_be_a_number(value: str) -> bool:
    """What was typed is shown again for correcting; a name that slipped into a field for numbers is not."""
    return normalize("NFKC", value).isascii()


def _errors(typed: dict[str, str], number: int | None, day: object | None) -> list[Error]:
    if typed["receipt"]:
        return []
    if not typed["ticket"]:
        return [_error("receipt", NOTHING_TYPED)]
    errors = [] if number is not None else [_error("ticket", TICKET_SHAPE)]
    return errors if day is not None else [*errors, _error("ticket_day", DAY_SHAPE)]


def _error(field: str, text: str) -> Error:
    return {"field": field, "text": text, "code": None}
