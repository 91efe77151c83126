"""A counter in this process: its desk, its screen, its reader, and the people on both sides."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app import cards, clock, db, organisations, people
from app.cards.models import Agent, CardSession
from app.counter.models import CounterSession
from app.organisations import Place, Role, Terminal
from tests.organisations.counter import Clerk, add_clerk
from tests.web.service import ACCOUNT, CODE, POLICY, Browser, Service, error_code, heading, person

CODES = {"SVC-QR-01": CODE, "SVC-EM-01": "1234567", "SVC-EM-02": "123"}
CONSENT = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes")


@dataclass
class Counter:
    """One terminal: the desk of staff, the screen of the resident, the reader between them."""

    service: Service
    terminal: Terminal
    desk: Browser
    clerk: Clerk
    screen: Browser

    def call(self, policy_id: str = POLICY, **fields: str) -> TestResponse:
        """「次の方」."""
        return self.desk.send("/counter/next", policy_id=policy_id, **fields)

    def row(self) -> CounterSession:
        """The terminal's latest visit."""
        with db.reading() as session:
            wanted = select(CounterSession).where(CounterSession.terminal_id == self.terminal.terminal_id)
            found = session.scalars(wanted.order_by(CounterSession.opened_at.desc(), CounterSession.id.desc())).first()
            session.expunge_all()
        assert found is not None
        return found

    def waiting_for(self) -> UUID:
        """The card session that the reader is asked for now."""
        card_session_id = self.row().card_session_id
        assert card_session_id is not None
        return card_session_id

    def first_tap(self, person_id: str) -> UUID:
        """The card is read with its PINs, and from then on watched."""
        person_key = self.service.card_was_read(self.waiting_for(), person(person_id))
        self.stage()
        self.card_lies_there()
        return person_key

    def touched_without_pin(self, person_id: str) -> None:
        """A card without PINs is laid down: only its certificate is seen."""
        key = people.person_key(f"certificate of {person_id}".encode())
        self._set(self.waiting_for(), state="done", seen_key=key, consumed_at=clock.real_now())

    def card_lies_there(self) -> None:
        """The reader says so, as it does every second."""
        if self.row().card_purpose == "hold":
            self._set(self.waiting_for(), state="reading", expires_at=clock.real_now() + timedelta(minutes=5))

    def reader_awaits_the_second_tap(self) -> None:
        """The reader took up the question; before that nobody is asked to lift the card."""
        assert self.row().card_purpose == "confirm"
        assert self.stage() == "reading"
        self._set(self.waiting_for(), state="waiting_card")

    def second_tap(self, person_id: str) -> None:
        """A card is laid down again; the reader hands in its certificate."""
        assert self.row().card_purpose == "confirm"
        key = people.person_key(f"certificate of {person_id}".encode())
        self._set(self.waiting_for(), state="done", seen_key=key, consumed_at=clock.real_now())

    def reader_is(self, state: str) -> None:
        """How far the reader is with what it is asked for."""
        self._set(self.waiting_for(), state=state)

    def reader_says(self, code: str, **facts: int) -> None:
        """The reading ended with this code."""
        self._set(self.waiting_for(), state="failed", error_code=code, error_facts=facts or None)

    def _set(self, session_id: UUID, **values: object) -> None:
        with db.transaction() as session:
            row = session.get_one(CardSession, session_id)
            for name, value in values.items():
                setattr(row, name, value)

    def stage(self) -> str:
        """What the resident is asked for now, as the screen's page says."""
        found = re.search(r'data-stage="([a-z_]+)"', self.screen.get("/screen").get_data(as_text=True))
        assert found
        return found[1]

    def press(self, what: str, /, **fields: str) -> TestResponse:
        """The resident sends a form of the screen, as the page of now has it."""
        visit = fields.pop("visit", None) or str(self.row().id)
        return self.screen.send(f"/screen/{what}", visit=visit, **fields)

    def see_document(self, number: int) -> TestResponse:
        """Staff press 「この書類を見ました」."""
        return self.desk.send("/counter/documents", visit=str(self.row().id), document=str(number))

    def to_account(self, person_id: str, service_id: str = "SVC-QR-01") -> None:
        """Up to the page that asks for the ID."""
        called = self.call()
        assert called.status_code == 303, heading(called)
        self.first_tap(person_id)
        assert self.stage() == "judged"
        agreed = self.press("agree", **CONSENT)
        assert agreed.status_code == 303, heading(agreed)
        assert self.stage() == "service"
        assert self.press("service", service_id=service_id).status_code == 303
        assert self.stage() == "account"

    def to_read_back(self, person_id: str, account: str = ACCOUNT, service_id: str = "SVC-QR-01") -> None:
        """Up to the page that reads everything back."""
        self.to_account(person_id, service_id)
        sent = self.press("account", account=account, security_code=CODES[service_id])
        assert sent.status_code == 303, (error_code(sent), sent.get_data(as_text=True)[-3000:])
        assert self.stage() == "read_back"

    def serve(self, person_id: str, account: str = ACCOUNT, service_id: str = "SVC-QR-01") -> str:
        """The whole way; the receipt number."""
        self.to_read_back(person_id, account, service_id)
        assert self.press("confirm", confirmed="yes").status_code == 303
        self.reader_awaits_the_second_tap()
        assert self.stage() == "tap"
        self.second_tap(person_id)
        assert self.stage() == "done"
        receipt = self.row().receipt_no
        assert receipt is not None
        return receipt

    def cancel(self) -> None:
        """「この手続をやめて消去する」, on the desk as it stands now."""
        assert self.desk.send("/counter/cancel", visit=str(self.row().id)).status_code == 303

    def finish(self) -> None:
        """「終わる」, after the receipt."""
        assert self.desk.send("/counter/cancel", visit=str(self.row().id), action="finish").status_code == 303

    def next_child(self) -> TestResponse:
        """「次のお子さまの分を続ける」."""
        return self.desk.send("/counter/next-child", visit=str(self.row().id))

    def nobody_does_anything(self, seconds: float) -> None:
        """Time passes for the visit."""
        with db.transaction() as session:
            statement = text("UPDATE counter_sessions SET touched_at = touched_at - make_interval(secs => :seconds)")
            session.execute(statement, {"seconds": seconds})


class CounterBrowser(Browser):
    """A browser at a counter: works also after the policies of the other tests have ended."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.stand_elsewhere()

    def token(self) -> str:
        found = re.search(
            r'name="csrf_token" value="([^"]+)"', self.get("/policies/P-004/apply").get_data(as_text=True)
        )
        return found[1] if found else super().token()


def a_terminal(service: Service, name: str = "1番窓口", town: str = "992011") -> Terminal:
    """A terminal at the service's own reader, or at one of its own for a second counter."""
    with db.transaction() as session:
        agent_id = service.reader.agent_id
        if any(one.agent_id == agent_id for one in organisations.all_terminals(session)):
            reader = cards.enrol_agent(session, name=name, public_key=os.urandom(32), kind="simulated")
            agent_id = reader.agent_id
        session.get_one(Agent, agent_id).last_seen_at = clock.real_now()
        made = organisations.add_terminal(session, municipality_code=town, name=name, agent_id=agent_id)
        cards.place_at_counter(session, agent_id, town)
        return made


def code_for(terminal: Terminal, place: Place) -> str:
    with db.transaction() as session:
        return organisations.issue_terminal_code(session, terminal.terminal_id, place)


def a_desk(service: Service, name: str = "1番窓口", town: str = "992011") -> tuple[Browser, Terminal]:
    """A browser that has joined a terminal; nobody is signed in."""
    terminal, browser = a_terminal(service, name, town), CounterBrowser(service)
    joined = browser.send("/counter/terminal", code=code_for(terminal, "desk"))
    assert joined.status_code == 303, heading(joined)
    return browser, terminal


def signed_in_staff(
    service: Service, name: str = "2番窓口", staff_id: str = "ST-01", *roles: Role, town: str = "992011"
) -> tuple[Browser, Counter]:
    """A browser at a desk with somebody signed in, and the screen on the other side."""
    browser, terminal = a_desk(service, name, town)
    clerk = add_clerk(staff_id, *roles, town=town)
    sign_in(browser, clerk)
    return browser, Counter(service, terminal, browser, clerk, a_screen(service, terminal))


def a_screen(service: Service, terminal: Terminal) -> Browser:
    """The browser that faces the resident."""
    screen = CounterBrowser(service)
    joined = screen.send("/screen/join", code=code_for(terminal, "screen"))
    assert joined.status_code == 303, heading(joined)
    return screen


def sign_in(browser: Browser, clerk: Clerk) -> None:
    """With all three."""
    answer = browser.send(
        "/counter/sign-in",
        staff_id=clerk.staff_id,
        password=clerk.credentials.password.reveal(),
        code=clerk.code(),
    )
    assert answer.status_code == 303, heading(answer)
    assert answer.headers["Location"].endswith("/counter")


def desk_page(counter: Counter) -> str:
    return counter.desk.get("/counter").get_data(as_text=True)


def screen_page(counter: Counter) -> str:
    return counter.screen.get("/screen").get_data(as_text=True)


def drafts(counter: Counter) -> list[str]:
    return [application.state for application in counter.service.applications()]


def at(hour: int, minute: int = 0) -> AbstractContextManager[None]:
    return clock.frozen(datetime.fromisoformat(f"2026-11-20T{hour:02}:{minute:02}:00+09:00"))


def checks_of(counter: Counter) -> dict[str, str]:
    with db.reading() as session:
        rows = session.execute(text("SELECT kind, result FROM checks")).all()
    return {row.kind: row.result for row in rows if row.kind not in ("SUPPORT_MEASURE", "POST_REVIEW")}
