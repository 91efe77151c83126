"""The part of the canary's walk that happens at a counter: the terminal joins, staff sign in."""

from __future__ import annotations

import re
from typing import Any

from tests.journeys.leaks import CANARY


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


def leave_the_counter(desk: Any) -> None:
    assert desk.post("/counter/sign-out").status_code == 303
    assert desk.get("/counter").status_code == 303
