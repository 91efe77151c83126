"""Counter mode with a PC/SC reader: the desk and the resident's screen as browsers, cards laid on the reader."""

from __future__ import annotations

import re

import httpx

from tests.agent_e2e.counter import READER_TITLE, Counter
from tests.journeys.canary_clients import Recorder, Visitor, wait_for
from tests.journeys.canary_counter import TICKS, sign_in

POLICY, TOWN = "P-001", "992011"


class Window:
    """One terminal with this reader: its two browsers, and a member of staff who is signed in."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        system = counter.system
        listed = system.todoke("agents", "list").stdout
        reader = next(line.split()[1] for line in listed.splitlines() if line.endswith(READER_TITLE))
        added = system.todoke("terminals", "add", "PC/SCの窓口", "--municipality", TOWN, "--reader-no", reader)
        assert added.returncode == 0, added.stderr
        self.terminal_id = added.stdout.split()[0]
        self.desk, self.screen = Visitor(system, Recorder()), Visitor(system, Recorder())
        assert self.desk.post("/counter/terminal", code=self._code("desk")).status_code == 303
        sign_in(self.desk)
        assert self.screen.post("/screen/join", code=self._code("screen")).status_code == 303
        self._keypad = httpx.Client(base_url=system.keypad_url, timeout=30, trust_env=False)

    def close(self) -> None:
        """The reader is an ordinary one again."""
        closed = self.counter.system.todoke("terminals", "close", self.terminal_id)
        assert closed.returncode == 0, closed.stderr
        self._keypad.close()

    def _code(self, place: str) -> str:
        return self.counter.system.todoke("terminals", "code", self.terminal_id, place).stdout.split()[0]

    def page(self) -> str:
        return self.screen.get("/screen").text

    def stage(self) -> str:
        found = re.search(r'data-stage="([a-z_]+)"', self.page())
        assert found
        return found[1]

    def until(self, stage: str) -> None:
        wait_for(lambda: self.stage() == stage)

    def press(self, what: str, **fields: str) -> None:
        """The resident sends a form of the screen's present page."""
        visit = re.search(r'name="visit" value="([0-9a-f-]{36})"', self.page())
        assert visit, self.stage()
        answer = self.screen.post(f"/screen/{what}", visit=visit[1], **fields)
        assert answer.status_code == 303, answer.text[-2000:]

    def call(self, **fields: str) -> None:
        assert self.desk.post("/counter/next", policy_id=POLICY, **fields).status_code == 303

    def first_tap(self, person_id: str, text_pin: str, auth_pin: str) -> None:
        """The card is laid down, its PINs are typed on the reader's own page."""
        self.until("card")
        self.counter.insert(person_id)
        self.until("pin")
        number = re.search(r'id="confirmation-digits">(\d+)<', self.page())
        token = re.search(r'name="token" value="([^"]+)"', self._keypad.get("/").text)
        assert number
        assert token
        pins = {"token": token[1], "page_number": number[1], "text_pin": text_pin, "auth_pin": auth_pin}
        headers = {"Origin": self.counter.system.keypad_url}
        assert self._keypad.post("/pin", data=pins, headers=headers).status_code == 303
        self.until("judged")

    def to_second_tap(self, account: str) -> None:
        """Consent, service, number, read-back."""
        self.press("agree", **TICKS)
        self.press("service", service_id="SVC-QR-01")
        code = httpx.get(
            f"{self.counter.system.provider_url}/v1/services/SVC-QR-01/accounts/{account}/code", trust_env=False
        ).json()["code"]
        self.press("account", account=account, security_code=str(code))
        assert self.stage() == "read_back"
        self.press("confirm", confirmed="yes")
        self.until("tap")

    def desk_says(self) -> str:
        return self.desk.get("/counter").text

    def finish(self) -> None:
        visit = re.search(r'name="visit" value="([0-9a-f-]{36})"', self.desk_says())
        assert visit
        assert self.desk.post("/counter/cancel", visit=visit[1], action="finish").status_code == 303
