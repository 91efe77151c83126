"""Every page a resident can meet, by name: who stands before it and where it is."""

from __future__ import annotations

from app import db, payments, points, policies
from app.cards.models import CardSession
from app.notifications.address import code_of as code_of_address
from app.notifications.models import Contact
from app.web.event_codes import code_of
from tests.policies.samples import item
from tests.web.page_of import PageOf
from tests.web.rebates import apply_for_rebate, buy
from tests.web.service import STEPS, Browser, Service
from tests.web.test_answer_pages import doubtful
from tests.web.test_assign_pages import leave_for_later
from tests.web.test_guardian_pages import P_007, guardian_and_child, to_service
from tests.web.test_objection_pages import refused
from tests.web.test_receipt_link import link_on, sent_code

WITH_QUEUE = "P-0012"

PUBLIC = {
    "home": "/",
    "search": "/policies",
    "search-filtered": "/policies?municipality=992011&category=childcare_education&amount=5000",
    "search-which-place": "/policies?place=あさひ市",
    "search-no-place": "/policies?place=どこにもない町",
    "search-nothing": "/policies?keyword=該当なし",
    "policy-open": "/policies/P-001",
    "policy-full": "/policies/P-002",
    "policy-scheduled": "/policies/P-003",
    "policy-closed": "/policies/P-006",
    "policy-suspended": "/policies/P-020",
    "policy-full-with-queue": f"/policies/{WITH_QUEUE}",
    "search-full-with-queue": "/policies?keyword=補欠",
    "policy-rebate": "/policies/P-015",
    "shops": "/policies/P-015/shops",
    "shops-no-limit": "/policies/P-001/shops",
    "self-check": "/policies/P-006/check",
    "accessibility": "/accessibility",
    "offline": "/offline",
    "styleguide": "/styleguide",
    "start": STEPS,
    "identity": f"{STEPS}/identity",
    "status-entry": "/status",
    "not-found": "/nowhere",
    "my-number-refused": "/policies?keyword=123456789018",
    "attendance-none": "/attendance",
    "too-late": f"{STEPS}/confirm",
}


def resident_pages(service: Service) -> list[PageOf]:
    """The pages, each with a browser that got there."""
    queue, last = in_the_queue(service)
    return [
        *(PageOf(name, path) for name, path in PUBLIC.items()),
        *_of_one_who_applies(service),
        *_of_one_who_has_applied(service),
        *_of_a_guardian(service),
        PageOf("status-queue", f"/applications/{last}", queue),
    ]


def _somebody(service: Service) -> Browser:
    browser = service.browser()
    browser.stand_elsewhere()
    return browser


def _of_one_who_applies(service: Service) -> list[PageOf]:
    waiting, wrong, passed, elsewhere, half, ready = (_somebody(service) for _ in range(6))
    session_id, wrong_id = waiting.open_reading(), wrong.open_reading()
    with db.transaction() as session:
        row = session.get_one(CardSession, wrong_id)
        row.state, row.error_code, row.error_facts = "failed", "E101", {"n": 2}
    passed.read_card("TP-02")
    elsewhere.read_card("TP-24")
    half.to_account("TP-29")
    ready.to_confirm("TP-10", "5555666677778")
    visitor, present = _somebody(service), _somebody(service)
    present.read_card("TP-27", "/status")
    for one in (visitor, present):
        code = code_of(service.app.config["SECRET_KEY"], "P-014", "P-014")
        assert one.get(f"/events/{code}").status_code == 303
    return [
        PageOf("wait", f"/card-sessions/{session_id}", waiting),
        PageOf("wrong-pin", f"/card-sessions/{wrong_id}/next", wrong),
        PageOf("result", f"{STEPS}/result", passed),
        PageOf("consent", f"{STEPS}/consent", passed),
        PageOf("result-elsewhere", f"{STEPS}/result", elsewhere),
        PageOf("service", f"{STEPS}/service", half),
        PageOf("account", f"{STEPS}/account", half),
        PageOf("confirm", f"{STEPS}/confirm", ready),
        PageOf("confirm-wrong", f"{STEPS}/confirm", ready, {}),
        PageOf("consent-wrong", f"{STEPS}/consent", passed, {}),
        PageOf("account-wrong", f"{STEPS}/account", half, {"account": "12", "security_code": "1"}),
        PageOf("service-wrong", f"{STEPS}/service", half, {}),
        PageOf("attendance-card", "/attendance", visitor),
        PageOf("attendance-ready", "/attendance", present),
        PageOf("attendance-done", "/attendance?sent=1", present),
    ]


def _of_one_who_has_applied(service: Service) -> list[PageOf]:
    sent, collecting, nobody = (_somebody(service) for _ in range(3))
    receipt = sent.apply("TP-14", "6666777788889")
    rebate_receipt = apply_for_rebate(collecting)
    buy("T1", ("食品", 2_000), ("たばこ", 600))
    buy("T2", ("食品", 900), shop_no="777")
    nobody.read_card("TP-30", "/status")
    asked, own = doubtful(service)
    later, to_choose = leave_for_later(service, "TP-26")
    reader, link = _reads_without_card(service, asked, own)
    refused_one, refused_own = refused(service, "TP-20", "2222333344445")
    account, changed = (f"{each}/account?service=SVC-QR-01" for each in (to_choose, own))
    return [
        PageOf("answer-wrong", f"{own}/answer", asked, {"answer": ""}),
        PageOf("change-service", f"{own}/service", asked),
        PageOf("change-account", f"{own}/account?service=SVC-EM-01", asked),
        PageOf("assign-account-wrong", account, later, {"account": "123", "security_code": "1234"}),
        PageOf("assign-read-back", account, later, {"account": "9988776655443", "security_code": "1234"}),
        PageOf("change-read-back", changed, asked, {"account": "9988776655443", "security_code": "1234"}),
        PageOf("mail-wrong", "/mail", later, {"address": "taro"}),
        PageOf("receipt-link", link),
        PageOf("receipt-link-code", f"{link}?asked=1"),
        PageOf("receipt-link-wrong", f"{link}?asked=1", None, {"code": "1"}),
        PageOf("receipt-link-shown", link, reader),
        PageOf("status-refused", refused_own, refused_one),
        PageOf("refusal", f"{refused_own}/refusal", refused_one),
        PageOf("sent", f"/applications/{receipt}?sent=1", sent),
        PageOf("status", f"/applications/{receipt}", sent),
        PageOf("status-rebate", f"/applications/{rebate_receipt}", collecting),
        PageOf("withdraw", f"{to_choose}/withdraw", later),
        PageOf("mail", "/mail", later),
        PageOf("status-question", own, asked),
        PageOf("answer", f"{own}/answer", asked),
        PageOf("status-choose", to_choose, later),
        PageOf("assign-service", f"{to_choose}/service", later),
        PageOf("assign-account", f"{to_choose}/account?service=SVC-QR-01", later),
        PageOf("applications", "/applications", sent),
        PageOf("applications-none", "/applications", nobody),
    ]


def _reads_without_card(service: Service, owner: Browser, own: str) -> tuple[Browser, str]:
    """Somebody at the private link of this application with the code that came by mail."""
    owner.send("/mail", what="address", address="taro@example.jp")
    with db.transaction() as session:
        confirm_address = code_of_address(session.query(Contact).one())
    assert owner.send("/mail", what="code", code=confirm_address).status_code == 303
    link = link_on(owner.get(own).get_data(as_text=True))
    reader = _somebody(service)
    assert reader.send(link, what="send").status_code == 303
    assert reader.send(link, what="code", code=sent_code()).status_code == 303
    return reader, link


def _of_a_guardian(service: Service) -> list[PageOf]:
    begun, declaring, choosing = (_somebody(service) for _ in range(3))
    assert begun.read_card("TP-14", "/policies/P-008/apply/guardian").status_code == 303
    guardian_and_child(declaring, "TP-28G", "TP-28")
    guardian_and_child(choosing, "TP-07G", "TP-07", P_007)
    assert to_service(choosing, P_007) == "wallet"
    grown = _somebody(service)
    guardian_and_child(grown, "TP-28G", "TP-12", "/policies/P-018/apply")
    return [
        PageOf("who", "/policies/P-008/apply/who"),
        PageOf("guardian", "/policies/P-008/apply/guardian"),
        PageOf("child", "/policies/P-008/apply/child", begun),
        PageOf("relation", "/policies/P-008/apply/relation", declaring),
        PageOf("relation-from-15", "/policies/P-018/apply/relation", grown),
        PageOf("wallet", f"{P_007}/wallet", choosing),
        PageOf("result-child", f"{P_007}/result", choosing),
    ]


def in_the_queue(service: Service) -> tuple[Browser, str]:
    """A policy whose one seat is taken: the browser of the one who waits for it, and the receipt number."""
    changes = {
        "policy_id": WITH_QUEUE,
        "title": "補欠のある施策",
        "capacity": 1,
        "overflow": "waitlist",
        "reopen": True,
    }
    document = item("P-001", changes)
    with db.transaction() as session:
        known = payments.known_service_ids(session)
        policies.load_policies(session, [document], source="test", known_services=known)
        points.fund(session, WITH_QUEUE, document["budget"])
    found = [leave_for_later(service, person, WITH_QUEUE) for person in ("TP-25", "TP-27")]
    browser, path = found[-1]
    return browser, path.rpartition("/")[2]
