"""Every page of the counter: the desk of staff and the resident's screen, at each stage of a visit."""

from __future__ import annotations

from datetime import datetime

from app import clock
from app.organisations import Role
from tests.documents.files import photograph
from tests.web.page_of import PageOf
from tests.web.service import Service
from tests.web.test_answer_pages import doubtful
from tests.web.test_documents import document_ids, send
from tests.web_counter.hands import CONSENT, Counter, a_desk, signed_in_staff
from tests.web_counter.test_children import CHILDREN, a_policy_for_children, call_guardian, serve_child
from tests.web_municipality.reviewing import a_tiered_policy, act, apply_for_the_child, reviewer

TAX_SEASON = datetime.fromisoformat("2027-01-20T10:00:00+09:00")


def counter_pages(service: Service) -> list[PageOf]:
    """Real time has to stand still meanwhile: a visit that nobody touches for a minute is wiped."""
    found: list[PageOf] = [
        PageOf("screen-join", "/screen"),
        PageOf("desk-join", "/counter/terminal"),
        PageOf("tester-staff", "/tester/staff"),
    ]
    nobody, _ = a_desk(service, "受付の端末")
    found.append(PageOf("desk-sign-in", "/counter/sign-in", nobody))
    for number, (stage, person_id) in enumerate(STAGES.items(), 2):
        at = _at_stage(service, number, stage, person_id)
        assert at.stage() == stage, (stage, at.stage(), at.row().ended_code)
        found += [PageOf(f"desk-{stage}", "/counter", at.desk), PageOf(f"screen-{stage}", "/screen", at.screen)]
    return [*found, *_of_a_guardian(service), *_beside_the_visits(service), *_of_the_review(service)]


STAGES = {
    "idle": "",
    "card": "",
    "identify": "TP-23",
    "judged": "TP-19",
    "service": "TP-18",
    "account": "TP-26B",
    "read_back": "TP-27",
    "tap": "TP-25",
    "done": "TP-15",
    "ended": "",
}
"""The stages of a visit, each with somebody who has got there."""


def _at_stage(service: Service, number: int, stage: str, person_id: str) -> Counter:
    _, at = signed_in_staff(service, f"{number}番窓口", f"ST-{number:02}")
    account = f"33334444{number:05}"
    match stage:
        case "idle":
            pass
        case "card":
            at.call()
        case "ended":
            at.call()
            at.reader_says("E102")
        case "identify":
            at.call(card="no_pin")
            at.touched_without_pin(person_id)
        case "judged":
            at.call()
            at.first_tap(person_id)
        case "service":
            at.call()
            at.first_tap(person_id)
            at.press("agree", **CONSENT)
        case "account":
            at.to_account(person_id)
        case "read_back":
            at.to_read_back(person_id, account)
        case "tap":
            at.to_read_back(person_id, account)
            at.press("confirm", confirmed="yes")
            at.reader_awaits_the_second_tap()
        case _:
            at.serve(person_id, account)
    return at


def _of_a_guardian(service: Service) -> list[PageOf]:
    a_policy_for_children()
    _, waiting = signed_in_staff(service, "30番窓口", "ST-30")
    call_guardian(waiting, "TP-26")
    assert waiting.stage() == "card"
    _, declaring = signed_in_staff(service, "31番窓口", "ST-31")
    call_guardian(declaring)
    declaring.first_tap(CHILDREN[0])
    assert declaring.stage() == "judged"
    _, served = signed_in_staff(service, "32番窓口", "ST-32")
    call_guardian(served, "TP-02")
    serve_child(served, CHILDREN[1])
    return [
        PageOf("screen-card-of-a-child", "/screen", waiting.screen),
        PageOf("desk-judged-child", "/counter", declaring.desk),
        PageOf("screen-judged-child", "/screen", declaring.screen),
        PageOf("desk-done-child", "/counter", served.desk),
    ]


def _beside_the_visits(service: Service) -> list[PageOf]:
    """Tickets, the venue's code, alarms with one that waits, the readers."""
    _, at = signed_in_staff(service, "20番窓口", "ST-20", Role.COUNTER, Role.APPROVER)
    at.desk.send("/counter/tickets", policy_id="P-001")
    for person_id in ("TP-17", "TP-CANARY"):
        at.to_account(person_id, "SVC-EM-01")
        at.press("account", account="6000000000000015", security_code="1234567")
        at.press("leave")
    _, venue = signed_in_staff(service, "県の窓口", "ST-21", town="990001")
    with clock.frozen(TAX_SEASON):
        _, tax = signed_in_staff(service, "町の窓口", "ST-22", town="993018")
        tax.call("P-003")
        tax.first_tap("TP-13")
    reviewer, _ = signed_in_staff(service, "審査の席", "ST-23", Role.REVIEWER)
    person, receipt = doubtful(service, "TP-12", "7777888899990")
    person.stand_elsewhere()
    assert send(person, receipt, *[("a.jpg", photograph())] * 2).status_code == 303
    there, gone = (f"/counter/documents/{each}" for each in document_ids())
    assert reviewer.send(gone, why="back_of_card").status_code == 303
    return [
        PageOf("status-answered", receipt, person),
        PageOf("desk-document", there, reviewer),
        PageOf("desk-document-gone", gone, reviewer),
        PageOf("desk-tickets", "/counter/tickets", at.desk),
        PageOf("desk-paper", "/counter/paper", at.desk),
        PageOf("desk-receipts", "/counter/receipts", at.desk),
        PageOf("desk-alarms", "/counter/alarms", at.desk),
        PageOf("desk-alarm", "/counter", at.desk),
        PageOf("desk-readers", "/counter/readers", at.desk),
        PageOf("desk-revoke-reader", f"/counter/readers/{at.terminal.agent_id}/revoke", at.desk),
        PageOf("desk-events", "/counter/event", venue.desk),
        PageOf("desk-event", "/counter/event?event=P-014/P-014", venue.desk),
        PageOf("desk-documents", "/counter", tax.desk),
    ]


def _of_the_review(service: Service) -> list[PageOf]:
    """The queue and a case in hand, with the form for births and every form of a decision."""
    a_tiered_policy()
    receipt = apply_for_the_child(service.browser())
    desk = reviewer(service)
    act(desk, receipt, "take")
    return [PageOf("review-queue", "/review", desk), PageOf("review-case", f"/review/{receipt}", desk)]
