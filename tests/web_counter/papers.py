"""Papers at a counter: copied in with a ticket, approved by others, and the card of the one who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from werkzeug.test import TestResponse

from app import applications, clock, db, screening
from app.applications.models import Application
from tests.web.service import ACCOUNT, CODE, person
from tests.web_counter.hands import Counter

TICKET_AT = datetime.fromisoformat("2027-01-31T23:50:00+09:00")
"""Ten minutes before the end of P-001."""
DAY = "2027-01-31"
REVIEWER = screening.Staff("ST-04", frozenset({"reviewer"}))


@contextmanager
def a_ticket(counter: Counter, at: datetime = TICKET_AT) -> Iterator[None]:
    """Somebody held ticket 1 at closing time; it is three days later."""
    with clock.frozen(at):
        assert "0001" in counter.desk.send("/counter/tickets", policy_id="P-001").get_data(as_text=True)
    with clock.frozen(at + timedelta(days=3)):
        yield


def paper(counter: Counter, person_id: str = "TP-02", **changes: str) -> TestResponse:
    """Staff send the form."""
    someone = person(person_id)
    fields = {
        "entry": str(uuid4()),
        "policy_id": "P-001",
        "ticket": "1",
        "day": DAY,
        "name": someone.name,
        "address": someone.address,
        "birth_date": someone.birth_date.isoformat(),
        "sex": someone.sex,
        "signed": "yes",
    }
    return counter.desk.send("/counter/paper", **fields | changes)


def receipt_in(answer: TestResponse) -> str:
    found = re.search(r'class="receipt-no">([^<]+)<', answer.get_data(as_text=True))
    assert found, answer.get_data(as_text=True)[-2000:]
    return found[1]


def error_texts(answer: TestResponse) -> list[str]:
    return re.findall(r"<li><a[^>]*>(.*?)</a>", answer.get_data(as_text=True), re.DOTALL)


def paper_of(counter: Counter) -> Application:
    """The one paper application there is."""
    (one,) = [row for row in counter.service.applications() if row.channel == "paper"]
    return one


def approve_paper(counter: Counter) -> Application:
    """Another member of staff finds everything in order."""
    sent = paper_of(counter)
    with db.reading() as session:
        waiting = [one.kind for one in screening.checks_of(session, sent.policy_id, sent.id) if one.result != "passed"]
    for kind in waiting:
        applications.take_check(sent.policy_id, sent.id, kind, REVIEWER)
        applications.pass_check(sent.policy_id, sent.id, kind, REVIEWER)
    approved = paper_of(counter)
    assert approved.state == "approved"
    return approved


def card_is_read(counter: Counter, person_id: str = "TP-02") -> None:
    """「申込済みの方」 is called, and lays down the card."""
    called = counter.call(**{"for": "choose"})
    assert called.status_code == 303, error_texts(called)
    counter.first_tap(person_id)
    assert counter.stage() == "find"


def find(counter: Counter, **numbers: str) -> TestResponse:
    """Staff type what stands on the receipt or the ticket."""
    return counter.desk.send("/counter/find", visit=str(counter.row().id), **numbers)


def choose(counter: Counter, person_id: str = "TP-02", account: str = ACCOUNT) -> None:
    """The resident, on the own screen: service, number, read-back, second tap."""
    assert counter.stage() == "service"
    assert counter.press("service", service_id="SVC-QR-01").status_code == 303
    assert counter.press("account", account=account, security_code=CODE).status_code == 303
    assert counter.stage() == "read_back"
    assert counter.press("confirm", confirmed="yes").status_code == 303
    counter.second_tap(person_id)
