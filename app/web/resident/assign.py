"""The payment service of an application that was sent: chosen later, chosen again, or changed before the order."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import NamedTuple
from uuid import UUID

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, clock, db, municipalities, payments
from app.applications import ApplicationView, Choice
from app.errors import DomainError
from app.language import points_text, say
from app.pii import PiiError, Private, vault
from app.settings import Settings
from app.web.rate_limits import CHECK_ACCOUNT, check_limit
from app.web.resident import blueprint
from app.web.resident.context import field_error
from app.web.resident.service import ACCOUNT_CODES, account_view, offer_row
from app.web.sign_in import signed_in_person

READ_BACK_SECONDS = 1800


class _Own(NamedTuple):
    """The signed-in person's application, and what may be chosen for it now."""

    view: ApplicationView
    person_id: UUID
    offers: list[payments.Offer]

    def service(self, service_id: str) -> payments.ServiceDocument:
        """The chosen service, or the reason why it can't be chosen."""
        for offer in self.offers:
            if offer.service.service_id == service_id:
                if offer.closed is not None:
                    raise offer.closed
                return offer.service
        raise DomainError("E504", step="決済サービスの選択")


@blueprint.get("/applications/<receipt_no>/service")
def assign_choose(receipt_no: str) -> str:
    """The services that may be chosen until the last day for it."""
    return _service_page(_own(receipt_no))


@blueprint.post("/applications/<receipt_no>/service")
def assign_chosen(receipt_no: str) -> Response | tuple[str, int]:
    """Take the choice; one that can't be made stays on the page with the reason."""
    own, service_id = _own(receipt_no), request.form.get("service_id", "")
    try:
        own.service(service_id)
    except DomainError as problem:
        error = field_error("service_id", problem)
        if problem.code == "E504":
            error["text"] = say("決済サービスを選んでください。")
        return _service_page(own, [error]), 422
    return redirect(url_for("resident.assign_account", receipt_no=receipt_no, service=service_id), code=303)


@blueprint.get("/applications/<receipt_no>/account")
def assign_account(receipt_no: str) -> str:
    """The ID at the chosen service, and its security code."""
    own = _own(receipt_no)
    return _account_page(own, own.service(request.args.get("service", "")))


@blueprint.post("/applications/<receipt_no>/account")
def assign_check(receipt_no: str) -> str | tuple[str, int]:
    """Check ID, code and holder, and read everything back; nothing is stored before the person has confirmed it."""
    own = _own(receipt_no)
    service = own.service(request.args.get("service", ""))
    with db.reading() as session:
        names = applications.names_for_wallet(session, own.view.policy_id, own.view.application_id)
    check_limit(CHECK_ACCOUNT, str(own.person_id))
    typed = request.form.get("account", "")
    confirmed = request.form.get("confirmed_not_my_number") == "yes"
    try:
        normalized = payments.check_account_id(service, typed, confirmed_not_my_number=confirmed)
        code = payments.check_security_code(service, request.form.get("security_code", ""))
        amount = None if own.view.rebate else own.view.amount
        holder = payments.verify_account(service, normalized, code, amount, names=names)
        if holder.problem is not None:
            raise holder.problem
        if holder.state != "verified":
            raise DomainError("E307", variant="no_answer")
    except DomainError as problem:
        field = "account" if problem.code in ACCOUNT_CODES else "security_code"
        keep = "" if problem.code == "E309" else typed
        errors = [field_error(field, problem)]
        return _account_page(own, service, errors, keep, ask=problem.code == "E310"), 422
    return _read_back(own, service, Choice(service.service_id, normalized, holder))


@blueprint.post("/applications/<receipt_no>/assign")
def assign_send(receipt_no: str) -> Response | tuple[str, int]:
    """Bind the service that was read back. The same page sent twice changes nothing the second time."""
    own = _own(receipt_no)
    choice = _open_token(own, request.form.get("form_token", ""))
    service = own.service(choice.service_id)
    if request.form.get("confirmed") != "yes":
        error = {"field": "confirmed", "text": say("内容を確かめて、チェックを入れてください。"), "code": None}
        return _read_back(own, service, choice, [error]), 422
    if not applications.assign(receipt_no, own.person_id, choice):
        raise NotFound()
    return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)


def _own(receipt_no: str) -> _Own:
    """Anybody else's looks like none. Raises E405 after the deadline and E313 once nothing can be chosen any more."""
    person_id = signed_in_person()
    if person_id is None:
        raise NotFound()
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt_no, person_id)
        offers = applications.services_to_assign(session, receipt_no, person_id, None) if view else None
    if view is None or offers is None:
        raise NotFound()
    return _Own(view, person_id, offers)


def _service_page(own: _Own, errors: list[dict[str, str | None]] | None = None) -> str:
    return render_template(
        "resident/service.html",
        policy=_policy_line(own.view),
        receipt_no=own.view.receipt_no,
        chosen_now=_chosen_now(own.view),
        offers=[offer_row(offer) for offer in own.offers if offer.closed is None],
        unavailable=[{"name": o.service.name, "reason": o.closed.wording()} for o in own.offers if o.closed],
        later_allowed=False,
        selected=None,
        errors=errors,
    )


def _account_page(
    own: _Own,
    service: payments.ServiceDocument,
    errors: list[dict[str, str | None]] | None = None,
    typed: str = "",
    *,
    ask: bool = False,
) -> str:
    settings: Settings = current_app.extensions["todoke"]
    return render_template(
        "resident/account.html",
        policy=_policy_line(own.view),
        receipt_no=own.view.receipt_no,
        service=account_view(service),
        values={"account": typed},
        confirm_my_number=ask,
        provider_tester_url=settings.provider_tester_url,
        change_url=url_for("resident.assign_choose", receipt_no=own.view.receipt_no),
        send_to=url_for("resident.assign_check", receipt_no=own.view.receipt_no, service=service.service_id),
        errors=errors,
    )


def _read_back(
    own: _Own,
    service: payments.ServiceDocument,
    choice: Choice,
    errors: list[dict[str, str | None]] | None = None,
) -> str:
    view, last4 = own.view, payments.last4(choice.normalized)
    chosen_now = _chosen_now(view)
    return render_template(
        "resident/confirm.html",
        policy=_policy_line(view),
        receipt_no=view.receipt_no,
        rows=[
            (say("受付番号"), view.receipt_no, None),
            (say("施策"), view.policy_title, None),
            (say("金額"), points_text(view.amount), None),
            *([(say("いまの決済サービス"), chosen_now, None)] if chosen_now else []),
        ],
        service={"name": service.name},
        service_change_url=url_for("resident.assign_choose", receipt_no=view.receipt_no),
        last4=last4,
        holder_masked=choice.holder.holder_masked,
        warning=None,
        form_token=_sealed(own, choice),
        send_to=url_for("resident.assign_send", receipt_no=view.receipt_no),
        errors=errors,
    )


def _chosen_now(view: ApplicationView) -> str | None:
    """The choice that stands until another is confirmed."""
    return f"{view.service_name} {view.masked_account}" if view.masked_account else None


def _policy_line(view: ApplicationView) -> dict[str, str]:
    return {
        "title": view.policy_title,
        "municipality_label": municipalities.label(view.municipality_code),
        "amount_text": points_text(view.amount),
    }


def _sealed(own: _Own, choice: Choice) -> str:
    """What was checked and read back, encrypted for this application and person: only so does it leave the server."""
    until = int(clock.real_now().timestamp()) + READ_BACK_SECONDS
    values = [choice.service_id, choice.normalized, choice.holder.holder_masked, until]
    return urlsafe_b64encode(vault().encrypt(Private(json.dumps(values)), _context(own))).decode()


def _open_token(own: _Own, token: str) -> Choice:
    try:
        text = vault().decrypt(urlsafe_b64decode(token), _context(own)).reveal()
    except (PiiError, NotBase64, ValueError):
        raise DomainError("E504", step="決済サービスの選択") from None
    service_id, normalized, holder_masked, until = json.loads(text)
    if until < clock.real_now().timestamp():
        raise DomainError("E504", step="決済サービスの選択")
    return Choice(service_id, normalized, payments.HolderCheckResult("verified", holder_masked))


def _context(own: _Own) -> str:
    return f"assign:{own.view.application_id}:{own.person_id}"
