"""The page of staff: what stands ready, the visit that is going on, and the receipt. No PIN and no full ID is in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from app import applications, cards, clock, counter, db, municipalities, policies
from app.counter import CounterView, VisitOver
from app.errors import DomainError
from app.language import day_text, moment_text, points_text
from app.organisations import Role, SignedInStaff, Terminal
from app.settings import Settings
from app.web.counter import blueprint
from app.web.counter.copied_form import (
    CARD_WORDS,
    DAY_NEEDED,
    DAY_SHAPE,
    NO_TICKET,
    TICKET_SHAPE,
    read_items,
    refused_item,
    ticket_number,
    typed_day,
)
from app.web.counter.office import office_text
from app.web.counter.screen_pages import ending_text
from app.web.counter.shown_visit import shown_visit
from app.web.pages import qr_svg
from app.web.service_texts import most_text
from app.web.staff import current_staff, require_role, staff_line, this_terminal

STAGES = {
    "remove": "前のカードが、まだ読み取り機にあります",
    "card": "カードが置かれるのを待っています",
    "pin": "暗証番号が入力されるのを待っています(●●●●)",
    "reading": "カードを読み取っています",
    "identify": "お顔と券面で、本人を確かめてください",
    "find": "申込を探してください",
    "judged": "住民の方が、条件と3つの決まりを確かめています",
    "service": "住民の方が、決済サービスを選んでいます",
    "account": "住民の方が、決済サービスの番号を入力しています",
    "read_back": "住民の方が、内容を読み返しています",
    "tap": "カードがもう一度置かれるのを待っています",
    "done": "申込を受け付けました",
}
HELP = {
    "remove": "置いてあるカードを、持ち主の方に取ってもらいます。なくなるまで、次のカードも暗証番号も求めません。",
    "card": "カードは読み取り機に置いたままにしてもらいます。",
    "pin": "暗証番号は、読み取り機の画面で住民の方が入力します。のぞき込まないでください。",
    "identify": "券面の写真とお顔を見比べ、券面の4つの項目を書き写します。この申込は、別の職員が審査します。",
    "find": "カードは読み取り済みです。読み取り機に置いたまま、受付番号か整理券を見せてもらい、ここに入れます。",
    "account": "番号は声に出して読み上げてかまいませんが、代わりに入力しないでください。",
    "read_back": "金額と、番号の下4桁を、住民の方がお手もとのものと見比べます。",
    "tap": "はじめと同じカードを、一度取ってから置いてもらいます。",
    "done": "受付票を印刷してお渡しください。「終わる」を押すと、この画面から消えます。",
}
NO_PIN = "no_pin"
CALLED = ("policy_id", "ticket", "ticket_day", "card", "for")
MEMO = {
    "E101": "利用者証明用、または券面事項入力補助用の暗証番号(数字4桁)",
    "E102": "利用者証明用の暗証番号の再設定(住民課の窓口)",
    "E103": "券面事項入力補助用の暗証番号の再設定(住民課の窓口)",
    "E105": "利用者証明用電子証明書の更新(住民課の窓口)",
    "E106": "カードの一時停止の解除、または再交付",
    "E110": "暗証番号のないカード(顔認証カード)としての受付",
    "E111": "カードの再交付(ICチップ)",
    "E211": "保護者(法定代理人)の方のカード",
}


@blueprint.get("/counter")
def home() -> str | Response:
    """The desk."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    return desk_page(staff, terminal)


@blueprint.get("/counter/state")
def home_state() -> FlaskResponse:
    """For the page's script: what it should show now. Asking keeps nobody signed in."""
    staff = current_staff()
    if staff is None:
        raise Unauthorized()
    view = counter.follow(staff.terminal_id)
    return jsonify(state=view.revision, label=stage_text(view))


@blueprint.post("/counter/next")
def call_next() -> Response | tuple[str, int]:
    """「次の方」: a clean visit. Where it cannot be, the form stays as it was filled in."""
    staff, terminal = _here()
    require_role(staff, Role.COUNTER)
    typed = {name: request.form.get(name, "").strip() for name in CALLED}
    error = _wrong_ticket(typed) or _call(staff, typed)
    return _home() if error is None else (desk_page(staff, terminal, [error], typed), 422)


def _wrong_ticket(typed: dict[str, str]) -> dict[str, str | None] | None:
    if typed["ticket"] and ticket_number(typed["ticket"]) is None:
        return _error("ticket", TICKET_SHAPE)
    if typed["ticket_day"] and typed_day(typed["ticket_day"]) is None:
        return _error("ticket_day", DAY_SHAPE)
    return None


def _call(staff: SignedInStaff, typed: dict[str, str]) -> dict[str, str | None] | None:
    """Why nobody can be called so, or None."""
    try:
        counter.call_next(
            staff,
            typed["policy_id"],
            ticket_no=ticket_number(typed["ticket"]),
            ticket_day=typed_day(typed["ticket_day"]),
            has_pin=typed["card"] != NO_PIN,
            for_child=typed["for"] == "child",
            choose=typed["for"] == "choose",
        )
    except counter.DayNeeded:
        return _error("ticket_day", DAY_NEEDED)
    except LookupError:
        return _error("ticket", NO_TICKET) if typed["ticket"] else _error("policy_id", "施策を選んでください。")
    except DomainError as problem:
        return _error("policy_id", problem.wording(), problem.code)
    except cards.ReaderBusy as busy:
        text = f"読み取り機が、ほかの読み取りを待っています。長くてもあと{busy.seconds // 60 + 1}分で空きます。"
        return _error("policy_id", text)
    return None


@blueprint.post("/counter/next-child")
def next_child() -> Response | tuple[str, int]:
    """After a child's receipt: the next child of the same guardian, whose own card is not read again."""
    staff, terminal = _here()
    require_role(staff, Role.COUNTER)
    try:
        counter.next_child(staff, shown_visit())
    except VisitOver:
        return _home()
    except DomainError as problem:
        return desk_page(staff, terminal, [_error("policy_id", problem.wording(), problem.code)]), 422
    except cards.ReaderBusy:
        return desk_page(staff, terminal, [_error("policy_id", "読み取り機が、ほかの読み取りを待っています。")]), 422
    return _home()


@blueprint.post("/counter/cancel")
def cancel() -> Response:
    """End the visit of this page: wiped, nothing saved; with 「終わる」, after it is done, cleared away."""
    staff, _ = _here()
    require_role(staff, Role.COUNTER)
    if request.form.get("action") == "finish":
        counter.finish(staff, shown_visit())
    else:
        counter.give_up(staff, shown_visit())
    return _home()


@blueprint.post("/counter/documents")
def see_document() -> Response:
    """A document was seen: kind, day and who are kept."""
    staff, _ = _here()
    require_role(staff, Role.COUNTER)
    number = request.form.get("document", "")
    with suppress(VisitOver, LookupError):  # the page shows what is now
        is_number = number.isascii() and number.isdigit() and len(number) < 3
        counter.see_document(staff, shown_visit(), int(number) if is_number else -1)
    return _home()


@blueprint.post("/counter/identify")
def identify() -> Response | tuple[str, int]:
    """A card without PINs: what staff read from its surface, after comparing the face."""
    staff, terminal = _here()
    require_role(staff, Role.COUNTER)
    copied = read_items(request.form, CARD_WORDS)
    errors = list(copied.errors)
    if request.form.get("face") != "yes":
        errors.append(_error("face", "お顔と券面の写真を見比べて、チェックを入れてください。"))
    if errors or copied.items is None:
        return desk_page(staff, terminal, errors, typed=copied.typed), 422
    try:
        with suppress(VisitOver):  # the page shows what is now
            counter.identify(staff, shown_visit(), copied.items)
    except (counter.ItemRefused, DomainError) as problem:
        return desk_page(staff, terminal, [refused_item(problem, CARD_WORDS)], typed=copied.kept(problem)), 422
    return _home()


def _here() -> tuple[SignedInStaff, Terminal]:
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    return staff, terminal


def _home() -> Response:
    return redirect(url_for("counter.home"), code=303)


def _error(field: str, text: str, code: str | None = None) -> dict[str, str | None]:
    return {"field": field, "text": text, "code": code}


def desk_page(
    staff: SignedInStaff,
    terminal: Terminal,
    errors: list[dict[str, str | None]] | None = None,
    typed: dict[str, str] | None = None,
) -> str:
    """The desk as it stands now. ``typed``: what is put back into the form that stands on it."""
    view = counter.follow(terminal.terminal_id)
    with db.reading() as session:
        reader = cards.reader_at_counter(session, terminal.agent_id)
        choices = policies_here(session, terminal.municipality_code, with_tickets=True)
        receipt = _receipt(session, view) if view.stage == "done" else None
        policy = policies.get(session, view.policy_id) if view.policy_id else None
    return render_template(
        "counter/home.html",
        terminal=terminal,
        municipality_label=municipalities.label(terminal.municipality_code),
        staff=staff_line(staff),
        may_serve=Role.COUNTER in staff.roles,
        may_review=bool(staff.roles & {Role.REVIEWER, Role.APPROVER}),
        may_take_back=bool(staff.roles & {Role.REVIEWER, Role.APPROVER, Role.TREASURER}),
        may_supervise=bool(staff.roles & {Role.APPROVER, Role.AUDITOR}),
        reader={"name": reader.name, "online": reader.online} if reader else None,
        visit=view,
        is_free=view.stage in ("idle", "ended"),
        stage_text=stage_text(view),
        stage_help=HELP.get(view.stage, ""),
        policy_title=policy.document.title if policy else "",
        ending=ending_text(view) if view.stage == "ended" else "",
        memo=MEMO.get(view.ended_code or ""),
        documents=counter.documents_to_see(staff) if view.stage not in ("idle", "ended", "done") else [],
        receipt=receipt,
        policies=choices,
        day_text=day_text(clock.now()),
        office=office_text(terminal.municipality_code),
        typed=typed or {},
        errors=errors,
    )


def policies_here(session: Session, municipality_code: str, *, with_tickets: bool = False) -> list[tuple[str, str]]:
    """The policies that this counter may receive applications for now: the own ones and the prefecture's.

    ``with_tickets``: also those that are over, for which somebody still holds a ticket or may choose a service.
    """
    found: dict[str, str] = {}
    for code in counter.givers_served(municipality_code):
        for card in policies.search(session, municipality=code, open_now=True).items:
            policy = policies.get(session, card.policy_id)
            if policy is None or policy.refusal is not None:
                continue
            if policy.amount is not None or policies.counts_children(policy.document):
                found[card.policy_id] = f"{card.title}({card.amount_text})"
    for policy in counter.policies_with_tickets(session, municipality_code) if with_tickets else []:
        if policy.refusal is not None:
            found[policy.policy_id] = f"{policy.document.title}(整理券をお持ちの方だけ)"
    for policy in counter.policies_to_choose_for(session, municipality_code) if with_tickets else []:
        found.setdefault(policy.policy_id, f"{policy.document.title}(決済サービスを選ぶ方だけ)")
    return sorted(found.items())


def _receipt(session: Session, view: CounterView) -> dict[str, Any] | None:
    """受付票: number, policy, amount, service and the last four digits. Nothing else of the person."""
    assert view.person_id is not None
    assert view.receipt_no is not None
    found = applications.view_by_receipt(session, view.receipt_no, view.person_id)
    if found is None:
        return None
    settings: Settings = current_app.extensions["todoke"]
    # The address that the resident's own pages use: "counter" knows no route of another audience.
    link = f"{settings.public_url}/applications/{found.receipt_no}"
    return {
        "no": found.receipt_no,
        "policy_title": found.policy_title,
        "municipality_label": municipalities.label(found.municipality_code),
        "amount_text": most_text(found.amount) if found.amount_is_open else points_text(found.amount),
        "service_name": found.service_name,
        "masked": found.masked_account,
        "word": found.status.word,
        "at_text": moment_text(found.submitted_at),
        "office": office_text(found.municipality_code),
        "qr_svg": qr_svg(link),
    }


def stage_text(view: CounterView) -> str:
    """Where the visit stands, in words for staff."""
    if view.stage == "card" and view.for_child:
        return "お子さまのカードが置かれるのを待っています" if view.has_guardian else "保護者の方のカードを待っています"
    if view.stage == "done" and view.errand == counter.CHOOSE:
        return "決済サービスを受け付けました"
    return STAGES.get(view.stage, "")
