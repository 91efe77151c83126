"""The part of the canary's walk that happens at a counter: the terminal joins, staff sign in."""

from __future__ import annotations

import re
from typing import Any

from tests.journeys.leaks import ACCOUNT, CANARY

TICKS = {"agree_todoke": "yes", "agree_outline": "yes", "agree_service": "yes"}


def set_up_the_counter(desk: Any) -> None:
    """Make a browser the demo's terminal and sign in, with the mistakes that people make on the way."""
    assert desk.get("/counter").status_code == 303
    assert desk.get("/counter/terminal").status_code == 200
    assert desk.post("/counter/terminal", code=CANARY.name).status_code == 422
    codes = terminal_codes(desk)
    assert desk.post("/counter/terminal", code=codes[0]).status_code == 303
    assert desk.get("/counter/sign-in").status_code == 200
    wrong = desk.post("/counter/sign-in", staff_id="ST-01", password=CANARY.address, code="000000")
    assert wrong.status_code == 422
    sign_in(desk)
    assert desk.get("/counter").status_code == 200


def sign_in(desk: Any, staff_id: str = "ST-01") -> None:
    """With what the demo's page for testers shows."""
    shown = desk.get("/tester/staff").text
    own = shown[shown.index(f">{staff_id}<") :]
    password = re.search(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}", own)
    code = re.search(r">(\d{6})<", own)
    assert password
    assert code
    answer = desk.post("/counter/sign-in", staff_id=staff_id, password=password[0], code=code[1])
    assert answer.status_code == 303, answer.status_code


def terminal_codes(desk: Any) -> list[str]:
    """The codes of the demo's one terminal: for the desk, for the screen."""
    return re.findall(r">([2-9A-Z]{4}-[2-9A-Z]{4})<", desk.post("/tester/staff").text)


def be_served(desk: Any, screen: Any, places: Any, wait_for: Any) -> None:
    """The canary at the counter: every page of both sides, up to the read-back, then given up."""
    assert screen.get("/screen").status_code == 200
    assert screen.post("/screen/join", code=CANARY.name).status_code == 422
    assert screen.post("/screen/join", code=terminal_codes(desk)[1]).status_code == 303
    assert desk.post("/counter/next", policy_id=CANARY.name).status_code == 422
    assert desk.post("/counter/next", policy_id="P-012", ticket="12").status_code == 422
    places.lay_card()  # and leave it there, as somebody before may have done
    assert desk.post("/counter/next", policy_id="P-012").status_code == 303
    wait_for(lambda: 'data-stage="remove"' in screen.get("/screen").text)
    assert desk.get("/counter").status_code == 200
    places.take_card()
    wait_for(lambda: 'data-stage="card"' in screen.get("/screen").text)
    places.lay_card()
    number = re.search(r'id="confirmation-digits">(\d+)<', screen.get("/screen").text)
    assert number
    assert places.type_pins("2580", "1470", number[1]).status_code == 303
    wait_for(lambda: 'data-stage="judged"' in screen.get("/screen").text)
    visit = re.search(r'name="visit" value="([0-9a-f-]{36})"', screen.get("/screen").text)
    assert visit
    now = {"visit": visit[1]}
    assert desk.post("/counter/documents", **now, document="0").status_code == 303
    assert desk.post("/counter/identify", **now, name=CANARY.name, face="yes").status_code == 422
    assert desk.get("/counter/state").json()["state"]
    assert screen.get("/screen/state").json()["revision"]
    assert screen.post("/screen/active", **now).status_code == 303
    assert screen.post("/screen/agree", **now).status_code == 422
    assert screen.post("/screen/agree", **now, **TICKS, ask_staff="yes").status_code == 303
    assert screen.post("/screen/service", **now, service_id=CANARY.name).status_code == 422
    assert screen.post("/screen/service", **now, service_id="SVC-QR-01").status_code == 303
    mistyped = screen.post("/screen/account", "service id", "pin", "name", **now, account="2580", security_code="1470")
    assert mistyped.status_code == 422
    code = places.security_code()
    assert screen.post("/screen/account", **now, account=ACCOUNT, security_code=code).status_code == 303
    assert screen.get("/screen").status_code == 200
    assert screen.post("/screen/confirm", **now).status_code == 422
    assert screen.post("/screen/confirm", **now, confirmed="yes").status_code == 303
    assert screen.get("/screen").status_code == 200
    assert screen.post("/screen/change", **now).status_code == 303
    assert screen.post("/screen/leave", **now).status_code == 303
    assert desk.post("/counter/next-child").status_code == 303
    assert desk.post("/counter/cancel").status_code == 303
    places.take_card()


def watch_over_the_counter(desk: Any) -> None:
    """Tickets, alarms and readers, by somebody who may and somebody who may not."""
    assert desk.get("/counter/tickets").status_code == 200
    assert desk.post("/counter/tickets", policy_id="P-012").status_code == 200
    copied = {"name": CANARY.name, "address": CANARY.address, "birth_date": "1980-04-01", "sex": "1"}
    assert desk.get("/counter/paper").status_code == 200
    typed = ("name", "address")  # what staff copy in from the paper is shown to them again
    assert desk.post("/counter/paper", *typed, **copied).status_code == 422
    assert desk.post("/counter/paper", *typed, **copied, ticket="9", day="2026-11-20", signed="yes").status_code == 422
    assert desk.get("/counter/paper/decisions").status_code == 200
    assert desk.post("/counter/paper/decisions", receipt=CANARY.name).status_code == 422
    assert desk.post("/counter/find", receipt=CANARY.name).status_code == 303, "nobody's card lies there"
    assert desk.post("/counter/find", ticket=CANARY.name).status_code == 422
    assert desk.post("/counter/apply-instead").status_code == 303
    assert desk.get("/counter/receipts").status_code == 200
    assert desk.post("/counter/receipts", receipt=CANARY.name).status_code == 422
    assert desk.get("/counter/alarms").status_code == 403
    nobody = "00000000-0000-7000-8000-000000000000"
    assert desk.post(f"/counter/alarms/{nobody}", note=CANARY.name).status_code == 403
    papers = f"/counter/documents/{nobody}"
    assert desk.get(papers).status_code == desk.get(f"{papers}/picture").status_code == 403
    assert desk.post(papers, why=CANARY.name).status_code == 403
    assert desk.get("/counter/readers").status_code == 403
    assert desk.post("/counter/readers", label=CANARY.name, terminal_id=CANARY.address).status_code == 403
    assert desk.get(f"/counter/readers/{nobody}/revoke").status_code == 403
    assert desk.post(f"/counter/readers/{nobody}/revoke", note=CANARY.name).status_code == 403


def supervise_readers(desk: Any) -> None:
    """The supervisor looks at the readers, mistypes, has a code made, and leaves the reader as it is."""
    leave_the_counter(desk)
    sign_in(desk, "ST-03")
    shown = desk.get("/counter/readers")
    assert shown.status_code == 200
    assert desk.post("/counter/readers", label="", terminal_id=CANARY.name).status_code == 422
    terminal = re.search(r'<option value="([0-9a-f-]{36})"', shown.text)
    asked = re.search(r"/counter/readers/[0-9a-f-]{36}/revoke", shown.text)
    assert terminal
    assert asked
    assert desk.post("/counter/readers", label="窓口の読み取り機", terminal_id=terminal[1]).status_code == 200
    assert desk.get(asked[0]).status_code == 200


def look_at_the_review(desk: Any, receipt: str, items: frozenset[str]) -> None:
    """The approver looks at the queue and at the canary's case, and may decide nothing of it."""
    assert desk.get("/review").status_code == 200
    assert desk.get(f"/review/{CANARY.name}").status_code == 404
    assert desk.get(f"/review/{receipt}", *items).status_code == 200
    for what in ("take", "give-back", "pass", "refuse", "ask", "objection", "births"):
        assert desk.post(f"/review/{receipt}/{what}", kind="CARD_AUTO", note=CANARY.name).status_code == 403
    no_reason = desk.post(f"/review/{receipt}/take-back", *items, kind="CARD_AUTO", note=CANARY.name)
    assert no_reason.status_code == 422
    nothing_proposed = desk.post(f"/review/{receipt}/confirm", *items, kind="CARD_AUTO")
    assert nothing_proposed.status_code == 409
    nobodys = "/returns/00000000-0000-7000-8000-000000000000"
    assert desk.get("/returns?state=all").status_code == 200
    assert desk.get(nobodys).status_code == 404
    assert desk.post("/returns", receipt_no=receipt).status_code == 403
    assert desk.post(f"{nobodys}/take", note=CANARY.name).status_code == 403
    assert desk.post(f"{nobodys}/cancel", **{"cancel-reason": CANARY.name}).status_code == 404


def scan_codes(desk: Any, phone: Any) -> None:
    """Codes that are not ours, and the page of a venue's code."""
    assert desk.get("/counter/event").status_code == 200
    assert desk.get("/counter/event/state").status_code == 200
    assert phone.get("/events/AAAA").status_code == 404
    assert phone.get("/continue/AAAA").status_code == 404
    assert phone.get("/attendance").status_code == 410
    assert phone.post("/attendance", note=CANARY.name).status_code == 410


def leave_the_counter(desk: Any) -> None:
    assert desk.post("/counter/sign-out").status_code == 303
    assert desk.get("/counter").status_code == 303
