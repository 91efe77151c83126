"""A municipality's reviewer and approver at their pages, and a guardian whose child's place only the register knows."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from app import db, payments, points, policies
from app.organisations import Role
from tests.policies.samples import item
from tests.web.service import Browser, Service
from tests.web_counter.hands import signed_in_staff

TOWN = "993026"
TIERED = "P-910"
STEPS = f"/policies/{TIERED}/apply"
MOTHER, SON = "TP-28G", "TP-28"
"""A boy of three: before school, so 10,000 points if he is the third."""
TICKS = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes")


def a_tiered_policy(**changes: Any) -> None:
    """A copy of P-010 that is open, with a service that the provider simulator of the tests knows."""
    window = {
        "window.apply_to": "2026-12-15T23:59:59+09:00",
        "window.assign_by": "2026-12-20T23:59:59+09:00",
        "window.grant_by": "2027-01-31T23:59:59+09:00",
    }
    changed = {"policy_id": TIERED, "status": "open", "services": ["SVC-QR-01"], "cooling_off_hours": 0}
    document = item("P-010", {**changed, **window, **changes})
    with db.transaction() as session:
        known = payments.known_service_ids(session)
        policies.load_policies(session, [document], source="test", known_services=known)
        points.fund(session, TIERED, document["budget"])


def reviewer(service: Service, staff_id: str = "ST-R1", town: str = TOWN) -> Browser:
    return signed_in_staff(service, f"審査の机 {staff_id}", staff_id, Role.REVIEWER, town=town)[0]


def approver(service: Service, staff_id: str = "ST-A1", town: str = TOWN) -> Browser:
    return signed_in_staff(service, f"承認の机 {staff_id}", staff_id, Role.APPROVER, town=town)[0]


def words(answer: TestResponse) -> str:
    """What the page says, without marks."""
    return unescape(re.sub(r"<[^>]+>", "", answer.get_data(as_text=True)))


def apply_for_the_child(browser: Browser) -> str:
    """The guardian's way through the pages; the receipt number."""
    assert browser.send(STEPS).headers["Location"].endswith("/who")
    assert browser.send(f"{STEPS}/who", who="child").headers["Location"].endswith("/guardian")
    assert browser.read_card(MOTHER, f"{STEPS}/guardian").headers["Location"].endswith("/child")
    assert browser.read_card(SON, f"{STEPS}/child").headers["Location"].endswith("/relation")
    assert browser.send(f"{STEPS}/relation", relation="parent", declared="yes").headers["Location"].endswith("/result")
    assert browser.send(f"{STEPS}/result", action="continue").status_code == 303
    assert browser.send(f"{STEPS}/consent", **TICKS).headers["Location"].endswith("/wallet")
    assert browser.send(f"{STEPS}/wallet", wallet="guardian").status_code == 303
    assert browser.send(f"{STEPS}/service", service_id="SVC-QR-01").status_code == 303
    answer = browser.send(f"{STEPS}/account", account="1234567890123", security_code="1234")
    assert answer.status_code == 303, words(answer)
    confirm = browser.get(f"{STEPS}/confirm")
    token = re.search(r'name="form_token" value="([^"]+)"', confirm.get_data(as_text=True))
    assert token
    sent = browser.send(f"{STEPS}/confirm", form_token=token[1], confirmed="yes")
    found = re.search(r"/applications/([^?]+)", sent.headers["Location"])
    assert found, words(sent)
    return found[1]


def act(browser: Browser, receipt: str, what: str, kind: str = "POST_REVIEW", **fields: str) -> TestResponse:
    """Send one of the case's forms; the fields of a check end in its kind. Who confirms has read the page before."""
    if what == "confirm" and "proposal" not in fields:
        fields["proposal"] = read_proposal(browser, receipt, kind)
    own = {f"{name}-{kind}": value for name, value in fields.items()}
    return browser.send(f"/review/{receipt}/{what}", kind=kind, **own)


def read_proposal(browser: Browser, receipt: str, kind: str = "POST_REVIEW") -> str:
    """The proposal that the page of the case shows for a check, or nothing."""
    page = browser.get(f"/review/{receipt}").get_data(as_text=True)
    found = re.search(rf'name="proposal-{kind}"\s+value="([^"]+)"', page)
    return found[1] if found else ""


def record(browser: Browser, receipt: str, *days: str, **more: str) -> TestResponse:
    """Send the births, one line for each sibling."""
    lines = {f"day_{number}": day for number, day in enumerate(days, start=1)}
    return browser.send(f"/review/{receipt}/births", **lines, **more)
