"""Cases of channel ``counter``: staff, terminal and reader of one counter, real simulated cards on it (K1 to K8)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app import clock, counter, db
from app.applications.models import Application
from app.cards.models import Agent
from app.counter.models import CounterSession
from app.errors import DomainError
from app.organisations import SignedInStaff
from app.pii import Private
from card_sim.people import CardTries, Persona
from tests.cases.reading import PEOPLE, Desk
from tests.cases.town import checks_of
from tests.organisations.counter import add_clerk, add_terminal, who

CODES = {"SVC-EM-01": "1234567", "SVC-EM-02": "123"}
"""Printed on the e-money cards that people bring."""
PIN_RESET = frozenset({"C-18b", "C-31b"})
"""Between the two cases the person was at the resident affairs desk, which gave the PIN its tries back."""


@dataclass
class Outcome:
    """How a visit came out: the code that ended it or was shown in it, and the application that came of it."""

    code: str | None
    application: Application | None

    @property
    def word(self) -> str:
        """In the words of the file."""
        if self.application is None:
            return "stopped"
        return "approved" if self.application.state == "approved" else "manual"

    @property
    def checks(self) -> dict[str, str]:
        """What each check said."""
        return checks_of(self.application) if self.application else {}


@dataclass
class Window:
    """One counter with one member of staff; who comes is served from the call to the receipt, or to what ends it."""

    desk: Desk
    staff: SignedInStaff
    agent_id: UUID

    @classmethod
    def open(cls, desk: Desk, staff_id: str = "ST-01") -> Window:
        """The terminal, its reader in place, the member of staff signed in with all three."""
        terminal = add_terminal()
        with db.transaction() as session:
            assert terminal.agent_id is not None
            session.get_one(Agent, terminal.agent_id).last_seen_at = clock.real_now()
        staff = who(add_clerk(staff_id).sign_in(terminal), terminal)
        assert staff is not None
        return cls(desk, staff, terminal.agent_id)

    def serve(self, case: dict[str, Any], account: str = "") -> Outcome:
        """One person's visit; ``account`` is typed at the service of the case."""
        person = PEOPLE[case["person_id"]]
        people = PEOPLE | {person.person_id: _with_tries(person)} if case["case_id"] in PIN_RESET else PEOPLE
        has_pin = person.pins.auth is not None
        counter.call_next(self.staff, case["policy_id"], has_pin=has_pin)
        self.desk.hand_in(self.agent_id, person.person_id, people)
        view = self._now()
        if view.stage == "identify":
            counter.identify(self.staff, view.visit_id, _printed_on(person))
            view = self._now()
        if view.stage == "ended":
            return Outcome(view.ended_code, None)
        problem = self._fill_in(case["service_id"], account)
        if problem is not None:
            counter.leave(self.staff.terminal_id, view.visit_id)
            return Outcome(problem.code, None)
        counter.confirm(self.staff.terminal_id, view.visit_id)
        self.desk.hand_in(self.agent_id, person.person_id, people)
        view = self._now()
        assert view.stage == "done", view.ended_code
        with db.reading() as session:
            sent = session.scalars(select(Application).where(Application.receipt_no == view.receipt_no)).one()
            session.expunge_all()
        counter.finish(self.staff, view.visit_id)
        return Outcome(None, sent)

    def left_behind(self) -> list[CounterSession]:
        """Visits that are not wiped."""
        with db.reading() as session:
            rows = list(session.scalars(select(CounterSession).where(CounterSession.state != "wiped")))
            session.expunge_all()
        return rows

    def _fill_in(self, service_id: str, account: str) -> DomainError | None:
        """What the resident does on the own screen; the first refusal."""
        place = (self.staff.terminal_id, self._now().visit_id)
        counter.agree(*place, ask_staff=False)
        counter.choose(*place, service_id)
        try:
            counter.give_account(*place, account, CODES[service_id], confirmed_not_my_number=False)
        except DomainError as problem:
            return problem
        return None

    def _now(self) -> counter.CounterView:
        return counter.follow(self.staff.terminal_id)


def _with_tries(person: Persona) -> Persona:
    return replace(person, tries_left=CardTries(text=3, auth=3, sign=5))


def _printed_on(person: Persona) -> counter.FaceItems:
    """What staff read from the surface of the card, after comparing the face."""
    return counter.FaceItems(Private(person.name), Private(person.address), person.birth_date, person.sex)
