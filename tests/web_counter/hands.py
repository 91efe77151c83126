"""A counter in this process: its desk, its screen, and staff who sign in as people do."""

from __future__ import annotations

from dataclasses import dataclass

from app import cards, db, organisations
from app.organisations import Place, Role, Terminal
from tests.organisations.counter import Clerk, add_clerk
from tests.web.service import Browser, Service, heading


@dataclass
class Counter:
    """One terminal with the browser of its desk."""

    service: Service
    terminal: Terminal
    desk: Browser
    clerk: Clerk


def a_terminal(service: Service, name: str = "1番窓口", town: str = "992011") -> Terminal:
    """A terminal at the service's own reader, or at one of its own for a second counter."""
    with db.transaction() as session:
        agent_id = service.reader.agent_id
        if any(one.agent_id == agent_id for one in organisations.all_terminals(session)):
            agent_id = cards.enrol_agent(
                session, name=name, public_key=name.encode().ljust(32), kind="simulated"
            ).agent_id
        return organisations.add_terminal(session, municipality_code=town, name=name, agent_id=agent_id)


def code_for(terminal: Terminal, place: Place) -> str:
    with db.transaction() as session:
        return organisations.issue_terminal_code(session, terminal.terminal_id, place)


def a_desk(service: Service, name: str = "1番窓口") -> tuple[Browser, Terminal]:
    """A browser that has joined a terminal; nobody is signed in."""
    terminal, browser = a_terminal(service, name), service.browser()
    joined = browser.send("/counter/terminal", code=code_for(terminal, "desk"))
    assert joined.status_code == 303, heading(joined)
    return browser, terminal


def signed_in_staff(
    service: Service, name: str = "2番窓口", staff_id: str = "ST-01", *roles: Role
) -> tuple[Browser, Counter]:
    """A browser at a desk with somebody signed in."""
    browser, terminal = a_desk(service, name)
    clerk = add_clerk(staff_id, *roles)
    sign_in(browser, clerk)
    return browser, Counter(service, terminal, browser, clerk)


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
