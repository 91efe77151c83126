"""The payment service: choose one, give its ID, read everything back, submit."""

from __future__ import annotations

from flask import current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import applications, clock, db, payments, people
from app.errors import DomainError
from app.language import one_after_another, points_text, say
from app.policies import PolicyView
from app.settings import Settings
from app.web.confirming import read_back_token, submit_read_back
from app.web.errors import problem_response
from app.web.rate_limits import CHECK_ACCOUNT, check_limit
from app.web.resident import blueprint
from app.web.resident.context import (
    draft_or_error,
    evidence_or_error,
    field_error,
    policy_line,
    policy_or_404,
    to_step,
)
from app.web.service_texts import (
    consent_text,
    kind_text,
    label_text,
    lead_text,
    most_text,
    spend_text,
    where_to_look,
)

LATER = "later"
ACCOUNT_CODES = frozenset({"E301", "E303", "E306", "E307", "E308", "E309", "E310", "E312"})


@blueprint.get("/policies/<policy_id>/apply/service")
def choose(policy_id: str) -> str:
    """The services of this policy that are open now, and why others are not."""
    return _service_page(policy_id)


@blueprint.post("/policies/<policy_id>/apply/service")
def chosen(policy_id: str) -> Response | tuple[str, int]:
    """Take the choice; one that can't be made stays on the page with the reason."""
    service_id = request.form.get("service_id", "")
    try:
        with db.transaction() as session:
            policy = policy_or_404(session, policy_id)
            draft = draft_or_error(session, policy_id)
            _check_consented(draft)
            if service_id == LATER:
                applications.choose_later(session, policy, draft.person_id)
                return to_step("confirm", policy_id)
            applications.choose_service(session, policy, draft.person_id, service_id, draft.age_for_service)
    except LookupError:
        error = {"field": "service_id", "text": say("決済サービスを選んでください。"), "code": None}
        return _service_page(policy_id, [error]), 422
    except DomainError as problem:
        if problem.code == "E504":
            raise
        return _service_page(policy_id, [field_error("service_id", problem)], service_id), 422
    return to_step("account", policy_id)


def _service_page(policy_id: str, errors: list[dict[str, str | None]] | None = None, selected: str = "") -> str:
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft = draft_or_error(session, policy_id)
        _check_consented(draft)
        services = payments.services_of(session, policy.document.services)
    offers = payments.offers(policy.document, services, clock.now(), draft.amount or None, draft.age_for_service)
    return render_template(
        "resident/service.html",
        policy=policy_line(policy),
        offers=[offer_row(offer) for offer in offers if offer.closed is None],
        unavailable=[{"name": o.service.name, "reason": o.closed.wording()} for o in offers if o.closed],
        later_allowed=policy.document.assign_later,
        selected=selected or (LATER if draft.choose_later else draft.service_id),
        errors=errors,
    )


def offer_row(offer: payments.Offer) -> dict[str, str | None]:
    """One service as the page of choices shows it."""
    service = offer.service
    return {
        "service_id": service.service_id,
        "name": service.name,
        "category": kind_text(service),
        "lead_text": lead_text(service),
        "spend_text": spend_text(service),
        "last_day_text": say("{day}まで選べます", day=offer.last_day),
        "id_label": label_text(service.id_label),
        "note": consent_text(offer) or service.warning,
    }


@blueprint.get("/policies/<policy_id>/apply/account")
def account(policy_id: str) -> str:
    """The ID at the chosen service, and its security code."""
    return _account_page(policy_id)


@blueprint.post("/policies/<policy_id>/apply/account")
def check_account(policy_id: str) -> Response | tuple[str, int]:
    """Check format, code and holder; nothing that is wrong is stored, and a code is never put back into the page."""
    with db.reading() as session:
        draft = draft_or_error(session, policy_id)
        service = _chosen_service(session, draft)
        names = applications.names_for_wallet(session, policy_id, draft.application_id)
    check_limit(CHECK_ACCOUNT, str(draft.person_id))
    typed = request.form.get("account", "")
    confirmed = request.form.get("confirmed_not_my_number") == "yes"
    try:
        normalized = payments.check_account_id(service, typed, confirmed_not_my_number=confirmed)
        code = payments.check_security_code(service, request.form.get("security_code", ""))
        holder = payments.verify_account(service, normalized, code, draft.amount, names=names)
        if holder.problem is not None:
            raise holder.problem
        with db.transaction() as session:
            asked = service.service_id
            applications.keep_account(session, policy_id, draft.person_id, normalized, holder, checked_with=asked)
    except DomainError as problem:
        if problem.code == "E504":
            raise
        field = "account" if problem.code in ACCOUNT_CODES else "security_code"
        keep = "" if problem.code == "E309" else typed
        errors = [field_error(field, problem)]
        return _account_page(policy_id, errors, keep, ask=problem.code == "E310"), 422
    return to_step("confirm", policy_id)


def _account_page(
    policy_id: str, errors: list[dict[str, str | None]] | None = None, typed: str = "", *, ask: bool = False
) -> str:
    settings: Settings = current_app.extensions["todoke"]
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft = draft_or_error(session, policy_id)
        service = _chosen_service(session, draft)
    return render_template(
        "resident/account.html",
        policy=policy_line(policy),
        service=account_view(service),
        values={"account": typed},
        confirm_my_number=ask,
        provider_tester_url=settings.provider_tester_url,
        change_url=url_for("resident.choose", policy_id=policy_id),
        errors=errors,
    )


def account_view(service: payments.ServiceDocument) -> dict[str, str | None]:
    """What the page that asks for the ID says of the service."""
    return {
        "service_id": service.service_id,
        "name": service.name,
        "id_label": label_text(service.id_label),
        "id_help": say(
            "{format}です。アプリかカードで確かめて入力してください。", format=payments.describe_account_id(service)
        ),
        "security_code_label": label_text(service.security_code_label or "") if service.security_code_regex else None,
        "code_help": _code_help(service),
        **where_to_look(service),
    }


def _code_help(service: payments.ServiceDocument) -> str:
    text = say("{format}です。", format=payments.describe_security_code(service))
    if service.code_lifetime_min:
        text = one_after_another(text, say("表示されてから{n}分間使えます。", n=service.code_lifetime_min))
    return text


@blueprint.get("/policies/<policy_id>/apply/confirm")
def confirm(policy_id: str) -> str:
    """Everything read back before it is sent."""
    return _confirm_page(policy_id)


@blueprint.post("/policies/<policy_id>/apply/confirm")
def send(policy_id: str) -> Response | tuple[str, int]:
    """Submit. The same page sent twice leads to the same receipt."""
    if request.form.get("confirmed") != "yes":
        error = {"field": "confirmed", "text": say("内容を確かめて、チェックを入れてください。"), "code": None}
        return _confirm_page(policy_id, [error]), 422
    try:
        receipt = submit_read_back(policy_id, request.form.get("form_token", ""))
    except DomainError as problem:
        if problem.code != "E217":
            raise
        again = {"label": say("変更点を確認して同意する"), "url": url_for("resident.consent", policy_id=policy_id)}
        return problem_response(problem, next_actions=[again])
    return redirect(url_for("resident.application", receipt_no=receipt.receipt_no, sent="1"), code=303)


def _confirm_page(policy_id: str, errors: list[dict[str, str | None]] | None = None) -> str:
    with db.reading() as session:
        policy = policy_or_404(session, policy_id)
        draft = draft_or_error(session, policy_id)
        _check_consented(draft)
        service = None if draft.choose_later else _chosen_service(session, draft)
        if service is not None and not draft.has_account:
            raise DomainError("E504", step="決済サービスのIDの入力")
        items = people.facts_of(session, evidence_or_error(session, draft).facts_id)
    assert items is not None
    hours = policy.document.cooling_off_hours
    rows: list[tuple[str, str, str | None]] = [
        (say("施策"), policy.document.title, None),
        (say("自治体"), policy.municipality_label, None),
        (say("受け取る方"), items.name.reveal(), None),
        *_guardian_rows(draft),
        (say("金額"), _amount_text(draft, policy), None),
        (say("届く時期"), _arrival_text(hours, service), None),
    ]
    if service is None:
        rows.append((say("決済サービス"), say("あとで選びます"), url_for("resident.choose", policy_id=policy_id)))
    return render_template(
        "resident/confirm.html",
        policy=policy_line(policy),
        rows=rows,
        service={"name": service.name} if service else None,
        service_change_url=url_for("resident.choose", policy_id=policy_id),
        last4=draft.last4,
        holder_masked=draft.holder_masked,
        warning=_warning(hours, service),
        form_token=read_back_token(policy_id, draft),
        errors=errors,
    )


def _amount_text(draft: applications.Draft, policy: PolicyView) -> str:
    if draft.amount_is_open:
        return most_text(draft.amount)
    return points_text(draft.amount) if draft.amount else policy.amount_text


def _guardian_rows(draft: applications.Draft) -> list[tuple[str, str, None]]:
    """Who acts, and whose service ID receives, where that is not the person alone."""
    if draft.acting is None:
        return []
    whose = say("保護者(あなた)") if draft.wallet is applications.Wallet.GUARDIAN else say("お子さまご本人")
    return [(say("申し込む方"), say("保護者(あなた)"), None), (say("決済サービスの持ち主"), whose, None)]


def _arrival_text(hours: int, service: payments.ServiceDocument | None) -> str:
    if service is None:
        return say("決済サービスを選んでから")
    lead = lead_text(service)
    return lead if hours == 0 else say("申込から{hours}時間後に手続を始め、そのあと{lead}", hours=hours, lead=lead)


def _warning(hours: int, service: payments.ServiceDocument | None) -> str:
    if service is None:
        return say(
            "審査のあと、期限までに決済サービスを選ばないと、受け取れません。期限は申込状況のページに表示します。"
        )
    if hours == 0:
        return say("申し込むと、すぐに付与の手続に入ります。そのあとは、決済サービスの変更も取下げもできません。")
    return say("申し込んでから{hours}時間は取り下げられます。そのあとは、決済サービスを変更できません。", hours=hours)


def _check_consented(draft: applications.Draft) -> None:
    if not draft.consented:
        raise DomainError("E504", step="同意の確認")


def _chosen_service(session: Session, draft: applications.Draft) -> payments.ServiceDocument:
    service = payments.get_service(session, draft.service_id) if draft.service_id else None
    if service is None:
        raise DomainError("E504", step="決済サービスの選択")
    return service
