"""Pages of staff beside the visits at a counter: papers and choosing for them, the review, taking back, operations."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from sqlalchemy import select

from app import applications, clock, db, points, rebates, screening
from app.applications.models import Application
from app.organisations import Role
from app.payments.gateways import GatewayAnswer
from app.points.models import Grant, GrantOrder, InvariantCheck
from app.policies import CheckKind
from tests.web.page_of import PageOf
from tests.web.service import ACCOUNT, CODE, POLICY, Service, person
from tests.web.test_answer_pages import REVIEWER, doubtful
from tests.web.test_objection_pages import REASON
from tests.web_counter.hands import Counter, signed_in_staff
from tests.web_counter.papers import card_is_read, find, paper, receipt_in
from tests.web_municipality.reviewing import approver
from tests.web_municipality.test_returns import act, done, opened, staff

BY_PAPER, DECIDED, DOUBTFUL = "TP-06", "TP-08", "TP-09"
REFUNDED = replace(person("TP-29"), person_id="TP-29-TWIN", name="有村　渚")


def staff_pages(service: Service) -> list[PageOf]:
    """Real time has to stand still meanwhile, as for the visits."""
    return [*_of_papers(service), *_of_the_second_hand(service), *_of_taking_back(service), *_of_operations()]


def _desk(service: Service, number: int) -> Counter:
    return signed_in_staff(service, f"{number}番窓口", f"ST-{number}")[1]


def _of_papers(service: Service) -> list[PageOf]:
    """One was decided, another is found with its person's card, who chooses the service at the screen."""
    copies = _desk(service, 40)
    decided, waiting = _paper(copies, DECIDED), _paper(copies, BY_PAPER)
    _approve(decided)
    found, chooses = _desk(service, 41), _desk(service, 42)
    found.call()
    found.first_tap(BY_PAPER)
    card_is_read(chooses, BY_PAPER)
    assert find(chooses, receipt=waiting).status_code == 303
    assert chooses.press("service", service_id="SVC-QR-01").status_code == 303
    assert chooses.press("account", account=ACCOUNT, security_code=CODE).status_code == 303
    assert (found.stage(), chooses.stage()) == ("find", "read_back")
    return [
        PageOf("desk-paper-decisions", "/counter/paper/decisions", copies.desk),
        PageOf("desk-find", "/counter", found.desk),
        PageOf("screen-find", "/screen", found.screen),
        PageOf("screen-choosing", "/screen", chooses.screen),
    ]


def _paper(at: Counter, who: str) -> str:
    """Copied in with the latest ticket of today; its receipt number."""
    issued = at.desk.send("/counter/tickets", policy_id=POLICY)
    number = issued.get_data(as_text=True).partition('class="ticket-number">')[2].partition("<")[0].strip()
    return receipt_in(paper(at, who, ticket=number, day=f"{clock.today()}"))


def _approve(receipt: str) -> None:
    with db.reading() as session:
        sent = session.scalars(select(Application).where(Application.receipt_no == receipt)).one()
        checks = screening.checks_of(session, POLICY, sent.id)
    for kind in [one.kind for one in checks if one.result != "passed"]:
        applications.take_check(POLICY, sent.id, kind, REVIEWER)
        applications.pass_check(POLICY, sent.id, kind, REVIEWER)


def _of_the_second_hand(service: Service) -> list[PageOf]:
    """A refusal that waits for a second person, as that person sees it."""
    _, path = doubtful(service, DOUBTFUL, "5555666699990")
    receipt = path.rpartition("/")[2]
    with db.reading() as session:
        sent = session.scalars(select(Application).where(Application.receipt_no == receipt)).one()
    applications.answer(receipt, sent.applicant_id, "あさひ市です。")
    applications.propose_refusal(POLICY, sent.id, CheckKind.CARD_AUTO, REVIEWER, "E201", REASON)
    boss = approver(service, "ST-A5", town="992011")
    return [PageOf("review-case-second", f"/review/{receipt}", boss)]


def _of_taking_back(service: Service) -> list[PageOf]:
    """A case in the hands of reviewer, approver and treasurer."""
    browser = service.browser()
    browser.stand_elsewhere()
    receipt = browser.apply(REFUNDED, "4444555566667")
    with db.transaction() as session:
        grant = select(Grant.id).join(Application, Application.id == Grant.application_id)
        mine = grant.where(Application.receipt_no == receipt)
        order = session.scalars(select(GrantOrder).where(GrantOrder.grant_id.in_(mine))).one()
        if order.state == "created":
            order.state, order.sent_at = "sent", clock.now()
        session.flush()
        points.record_result(session, POLICY, order.id, GatewayAnswer("succeeded", transaction_no="T-1"))
    reviewer, boss = staff(service, "ST-50", Role.REVIEWER), staff(service, "ST-51", Role.APPROVER)
    case = opened(reviewer, receipt)
    done(act(reviewer, case, "take"))
    done(act(reviewer, case, "notify", reason="基準日に市外にお住まいでした。", until="2026-11-20"))
    done(act(reviewer, case, "propose", amount="10,000"))
    return [
        PageOf("returns", "/returns", reviewer),
        PageOf("return-case", case, boss),
        PageOf("status-hearing", f"/applications/{receipt}", browser),
    ]


def _of_operations() -> list[PageOf]:
    """The books once they did not agree, and what providers reported that fits nothing."""
    with db.transaction() as session:
        named = [{"policy_id": POLICY, "what": "counter budget", "expected": 39_990_000, "found": 39_980_000}]
        session.add(InvariantCheck(checked_at=clock.now(), differences=1, named=named))
        answer = GatewayAnswer("succeeded", "T-1")
        points.take_result(session, points.Reported("PRV-01", POLICY, uuid4(), answer, points.Source.FILE))
    line = rebates.Report("T-9", "purchase", "SVC-QR-01", "1111222233334", clock.now(), "001", (rebates.Line("薬", 1),))
    rebates.record_purchases("P-015", "PRV-02", [line])
    return [
        PageOf("operations-books", "/operations/books"),
        PageOf("operations-put-aside", "/operations/put-aside"),
    ]
