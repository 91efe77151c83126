"""Promise 7: what somebody may not do is refused by the server, for every route.

Each route has its row here: who may use it, and what everybody else gets. A route without a row fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.organisations import Role
from tests.web.service import POLICY, STEPS, Browser, Service, check_is_clear, error_code
from tests.web_counter.hands import a_desk, signed_in_staff

OWNER, OTHER = "TP-02", "TP-10"


class Who(StrEnum):
    """Who may use a route."""

    PUBLIC = "anybody"
    BROWSER = "the browser that opened the card session"
    PERSON = "the person whose card was read"
    AGENT = "an enrolled reader, by its signature"
    DESK = "the browser of a counter terminal"
    STAFF = "a member of staff signed in at a counter terminal"
    SUPERVISOR = "an approver signed in at a counter terminal"
    REVIEWER = "a reviewer or approver of the policy's municipality: tests/web/test_documents.py"
    REVIEW = "a reviewer of the municipality signed in at a counter terminal"
    RETURNS = "who works on the municipality's return cases: tests/web_municipality/test_returns.py"
    CODE = "who scanned a code of ours: tests/web_counter/test_hand_over.py"
    SCANNED = "the browser that scanned an event's code just now"
    SCREEN = "the browser that faces the resident at a counter terminal"
    PROVIDER = "a payment provider, by the signature of its call-back"


@dataclass(frozen=True)
class Row:
    """Who may, and the status for an anonymous visitor and for a signed-in person who is not the owner."""

    who: Who
    anonymous: int
    other: int


_OPEN, _DRAFT, _NONE = Row(Who.PUBLIC, 200, 200), Row(Who.PERSON, 409, 409), Row(Who.PERSON, 404, 404)
_READING, _SIGNED = Row(Who.BROWSER, 404, 404), Row(Who.AGENT, 401, 401)
_ONWARD = Row(Who.PUBLIC, 303, 303)
_TO_SIGN_IN = Row(Who.STAFF, 303, 303)
_NOT_OURS = Row(Who.CODE, 404, 404)
_STAFF_ONLY, _NO_SCREEN = Row(Who.STAFF, 403, 403), Row(Who.SCREEN, 410, 410)

ROUTES: dict[tuple[str, str], Row] = {
    ("GET", "static"): _OPEN,
    ("GET", "health.healthz"): _OPEN,
    ("GET", "health.readyz"): Row(Who.PUBLIC, 503, 503),  # no worker runs here
    # From this machine; from elsewhere only with the token (tests/web/test_operations.py).
    ("GET", "operations.books"): _OPEN,
    ("GET", "operations.put_aside"): _OPEN,
    ("GET", "operations.metrics"): _OPEN,
    ("GET", "public.home"): _OPEN,
    ("GET", "public.search"): _OPEN,
    ("GET", "public.policy"): _OPEN,
    ("GET", "public.shops_of_policy"): _OPEN,
    ("GET", "resident.start"): _OPEN,
    ("POST", "resident.begin"): _ONWARD,
    ("GET", "resident.identity"): _OPEN,
    ("POST", "resident.open_reading"): _ONWARD,
    ("GET", "resident.wait"): _READING,
    ("POST", "resident.cancel"): _ONWARD,  # changes nothing, and leads to the page that is not found
    ("GET", "resident.state"): _READING,
    ("GET", "resident.after_reading"): _READING,
    ("GET", "resident.who"): _OPEN,
    ("POST", "resident.choose_who"): Row(Who.PUBLIC, 422, 422),  # the answer is missing
    ("GET", "resident.guardian"): _OPEN,
    ("POST", "resident.read_guardian"): _ONWARD,
    ("GET", "resident.child"): _DRAFT,
    ("POST", "resident.read_child"): _DRAFT,
    ("GET", "resident.relation"): _DRAFT,
    ("POST", "resident.declare_relation"): _DRAFT,
    ("GET", "resident.wallet"): _DRAFT,
    ("POST", "resident.choose_wallet"): _DRAFT,
    ("GET", "resident.result"): _DRAFT,
    ("POST", "resident.after_result"): _DRAFT,
    ("GET", "resident.consent"): _DRAFT,
    ("POST", "resident.agree"): _DRAFT,
    ("GET", "resident.choose"): _DRAFT,
    ("POST", "resident.chosen"): _DRAFT,
    ("GET", "resident.account"): _DRAFT,
    ("POST", "resident.check_account"): _DRAFT,
    ("GET", "resident.confirm"): _DRAFT,
    ("POST", "resident.send"): _DRAFT,
    ("GET", "resident.status_entry"): Row(Who.PUBLIC, 200, 303),
    ("POST", "resident.status_reading"): _ONWARD,
    ("POST", "resident.leave"): _ONWARD,
    ("GET", "resident.own_applications"): Row(Who.PERSON, 303, 200),  # 303 to the sign-in; the other sees only own ones
    ("GET", "resident.mail"): Row(Who.PERSON, 303, 200),  # everybody has the own address there
    ("POST", "resident.change_mail"): Row(Who.PERSON, 303, 422),  # nothing was typed
    ("GET", "resident.receipt"): _NOT_OURS,
    ("POST", "resident.look_at_receipt"): _NOT_OURS,
    ("GET", "resident.application"): Row(Who.PERSON, 303, 404),
    ("GET", "resident.application_state"): _NONE,
    ("GET", "resident.question"): _NONE,
    ("POST", "resident.answer"): _NONE,
    ("GET", "resident.refusal"): _NONE,
    ("POST", "resident.object_to_refusal"): _NONE,
    ("POST", "resident.withdraw"): _NONE,
    ("GET", "resident.ask_to_withdraw"): _NONE,
    ("GET", "resident.assign_choose"): _NONE,
    ("POST", "resident.assign_chosen"): _NONE,
    ("GET", "resident.assign_account"): _NONE,
    ("POST", "resident.assign_check"): _NONE,
    ("POST", "resident.assign_send"): _NONE,
    ("GET", "public.accessibility"): _OPEN,
    ("GET", "public.offline"): _OPEN,
    ("GET", "public.styleguide"): _OPEN,
    ("GET", "resident.session_state"): Row(Who.PERSON, 404, 200),
    ("GET", "public.near_my_card"): Row(Who.PUBLIC, 303, 303),  # without a reading it leads to the plain search
    ("GET", "public.check"): _OPEN,
    ("POST", "public.check"): Row(Who.PUBLIC, 422, 422),  # answers are missing; it has no session, so no token either
    ("GET", "api_public.search"): _OPEN,
    ("GET", "api_public.places"): _OPEN,
    ("GET", "counter.terminal"): _OPEN,
    ("POST", "counter.join_terminal"): Row(Who.PUBLIC, 422, 422),  # the code is missing
    ("GET", "counter.sign_in"): Row(Who.DESK, 303, 303),  # to the page where a terminal joins
    ("POST", "counter.signed_in"): Row(Who.DESK, 303, 303),
    ("POST", "counter.leave"): _ONWARD,
    ("GET", "counter.home"): _TO_SIGN_IN,
    ("GET", "counter.home_state"): Row(Who.STAFF, 401, 401),
    ("POST", "counter.call_next"): _STAFF_ONLY,
    ("POST", "counter.cancel"): _STAFF_ONLY,
    ("POST", "counter.next_child"): _STAFF_ONLY,
    ("POST", "counter.see_document"): _STAFF_ONLY,
    ("POST", "counter.identify"): _STAFF_ONLY,
    ("GET", "counter.event"): _TO_SIGN_IN,
    ("GET", "counter.event_state"): Row(Who.STAFF, 401, 401),
    ("GET", "resident.go_on"): _NOT_OURS,
    ("GET", "resident.scan_event"): _NOT_OURS,
    ("GET", "resident.attendance"): Row(Who.SCANNED, 410, 410),
    ("POST", "resident.record_attendance"): Row(Who.SCANNED, 410, 410),
    ("GET", "counter.document"): Row(Who.REVIEWER, 303, 303),
    ("GET", "counter.document_picture"): Row(Who.REVIEWER, 403, 403),
    ("POST", "counter.discard_document"): Row(Who.REVIEWER, 403, 403),
    ("GET", "counter.tickets"): _TO_SIGN_IN,
    ("GET", "counter.paper"): _TO_SIGN_IN,
    ("POST", "counter.enter_paper"): _STAFF_ONLY,
    ("GET", "counter.paper_decisions"): _TO_SIGN_IN,
    ("POST", "counter.tell_decision"): _STAFF_ONLY,
    ("POST", "counter.find_application"): _STAFF_ONLY,
    ("POST", "counter.apply_instead"): _STAFF_ONLY,
    ("GET", "counter.receipts"): _TO_SIGN_IN,
    ("POST", "counter.look_up_receipt"): _STAFF_ONLY,
    ("POST", "counter.issue_ticket"): _STAFF_ONLY,
    ("GET", "counter.alarms"): Row(Who.SUPERVISOR, 303, 303),
    ("POST", "counter.close_alarm"): Row(Who.SUPERVISOR, 403, 403),
    ("GET", "counter.readers"): Row(Who.SUPERVISOR, 303, 303),
    ("POST", "counter.issue_reader_code"): Row(Who.SUPERVISOR, 403, 403),
    ("GET", "counter.ask_to_revoke"): Row(Who.SUPERVISOR, 303, 303),
    ("POST", "counter.revoke_reader"): Row(Who.SUPERVISOR, 403, 403),
    ("GET", "municipality.queue"): Row(Who.REVIEW, 303, 303),
    ("GET", "municipality.case"): Row(Who.REVIEW, 303, 303),
    ("POST", "municipality.take"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.give_back"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.take_back"): Row(Who.SUPERVISOR, 403, 403),
    ("POST", "municipality.pass_check"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.refuse"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.ask"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.record_births"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.answer_objection"): Row(Who.REVIEW, 403, 403),
    ("POST", "municipality.confirm"): Row(Who.SUPERVISOR, 403, 403),
    ("GET", "municipality.return_list"): Row(Who.REVIEW, 303, 303),
    ("POST", "municipality.open_return"): Row(Who.REVIEW, 403, 403),
    ("GET", "municipality.return_case"): Row(Who.RETURNS, 303, 303),
    ("POST", "municipality.act_on_return"): Row(Who.RETURNS, 403, 403),
    ("GET", "counter.screen"): _OPEN,  # elsewhere: the page on which a browser becomes a screen
    ("POST", "counter.join_screen"): Row(Who.PUBLIC, 422, 422),  # the code is missing
    ("GET", "counter.screen_state"): _NO_SCREEN,
    ("POST", "counter.screen_active"): _NO_SCREEN,
    ("POST", "counter.screen_agree"): _NO_SCREEN,
    ("POST", "counter.screen_service"): _NO_SCREEN,
    ("POST", "counter.screen_account"): _NO_SCREEN,
    ("POST", "counter.screen_change"): _NO_SCREEN,
    ("POST", "counter.screen_confirm"): _NO_SCREEN,
    ("POST", "counter.screen_leave"): _NO_SCREEN,
    ("GET", "counter.tester_staff"): _OPEN,  # 404 in production: tests/web_counter
    ("POST", "counter.tester_codes"): _OPEN,
    ("GET", "api_applications.read_back"): Row(Who.PERSON, 401, 409),
    ("POST", "api_applications.submit"): Row(Who.PERSON, 401, 400),  # no Idempotency-Key
    ("POST", "api_providers.grant_result"): Row(Who.PROVIDER, 401, 401),
    ("POST", "api_purchases.purchases"): Row(Who.PROVIDER, 401, 401),
    ("POST", "api_agents.take"): _SIGNED,
    ("POST", "api_agents.progress"): _SIGNED,
    ("POST", "api_agents.result"): _SIGNED,
    ("POST", "api_agents.relay"): _SIGNED,
    ("POST", "api_agents.pair"): Row(Who.PUBLIC, 400, 400),  # a code and a key speak for themselves
}


TESTED_ELSEWHERE = (Who.AGENT, Who.CODE, Who.SCANNED, Who.REVIEWER, Who.RETURNS)
OF_A_GUARDIAN = ("resident.child", "resident.relation", "resident.wallet")


@dataclass(frozen=True)
class Walked:
    """An application that somebody sent, another that stands before the sending, and the card session of a third."""

    service: Service
    owner: Browser
    receipt: str
    waiting: Browser
    session_id: UUID
    half_way: Browser
    form_token: str
    staff: Browser
    desk: Browser
    guardian: Browser
    supervisor: Browser
    reviewer: Browser
    screen: Browser
    reader_id: UUID

    def path(self, rule: Rule) -> str:
        """The address of a route for what these people left."""
        values = {
            "policy_id": POLICY,
            "session_id": self.session_id,
            "receipt_no": self.receipt,
            "alarm_id": self.session_id,
            "agent_id": self.reader_id,
            "document_id": self.session_id,
            "case_id": self.session_id,
            "what": "take",
            "code": "AAAA",
            "token": "AAAA",
            "filename": "icon.svg",
        }
        with self.service.app.test_request_context():
            adapter = self.service.app.create_url_adapter(None) or self.service.app.url_map.bind("localhost")
            named = {name: values[name] for name in rule.arguments}
            if rule.endpoint == "api_public.places":
                named["text"] = "あさひ"  # the one parameter without which nothing can be answered
            return str(adapter.build(rule.endpoint, named))

    def fields(self) -> dict[str, str]:
        """What a form of any route would carry."""
        ticks = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service", "confirmed"), "yes")
        more = {"reader": self.service.reader.reader_no, "service_id": "SVC-QR-01", "action": "continue"}
        return {**ticks, **more, "account": "9999888877776", "security_code": "1234", "form_token": self.form_token}

    def open(self, browser: Browser, method: str, rule: Rule) -> TestResponse:
        path = self.path(rule)
        if method == "GET":
            return browser.get(path)
        return browser.send(path, **self.fields())


@pytest.fixture
def walked(service: Service) -> Walked:
    owner, waiting, half_way = service.browser(), service.browser(), service.browser()
    receipt = owner.apply(OWNER)
    token = half_way.to_confirm("TP-29", "5555666677778")
    desk, _ = a_desk(service)
    staff, counter = signed_in_staff(service)
    supervisor, supervised = signed_in_staff(service, "3番窓口", "ST-03", Role.APPROVER)
    reviewer, _ = signed_in_staff(service, "4番窓口", "ST-04", Role.REVIEWER)
    reader_id = supervised.terminal.agent_id
    assert reader_id is not None
    guardian = service.browser()
    guardian.read_card("TP-14", f"{STEPS}/guardian")
    guardian.read_card("TP-14C1", f"{STEPS}/child")
    return Walked(
        service,
        owner,
        receipt,
        waiting,
        waiting.open_reading(),
        half_way,
        token,
        staff,
        desk,
        guardian,
        supervisor,
        reviewer,
        counter.screen,
        reader_id,
    )


def routes(service: Service) -> list[tuple[str, Rule]]:
    """Every route with each method that does something of its own."""
    rules = service.app.url_map.iter_rules()
    return [(method, rule) for rule in rules for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def is_form(rule: Rule) -> bool:
    """Whether its posts need a form token; the self-check has no session and changes nothing.

    Of the machines' interfaces only the sending of an application stands on a session.
    """
    if rule.endpoint == "api_applications.submit":
        return True
    return not rule.endpoint.startswith("api_") and rule.endpoint != "public.check"


def test_every_route_says_who_may_use_it(service: Service) -> None:
    assert {(method, rule.endpoint) for method, rule in routes(service)} == set(ROUTES)


def test_an_anonymous_visitor_gets_no_further_than_the_table_says(walked: Walked) -> None:
    for method, rule in routes(walked.service):
        answer = walked.open(walked.service.browser(), method, rule)
        assert answer.status_code == ROUTES[method, rule.endpoint].anonymous, (method, rule.endpoint)


def test_another_person_gets_no_further_than_the_table_says(walked: Walked) -> None:
    other = walked.service.browser()
    for method, rule in routes(walked.service):
        if other.get("/applications").status_code != 200:  # not yet, or not any more after the sign-out
            other.read_card(OTHER, "/status")
        answer = walked.open(other, method, rule)
        assert answer.status_code == ROUTES[method, rule.endpoint].other, (method, rule.endpoint)
        assert walked.receipt not in answer.get_data(as_text=True).replace(walked.path(rule), ""), rule.endpoint
    assert "data-journey-receipt" in walked.owner.get(f"/applications/{walked.receipt}").get_data(as_text=True)


def test_what_strangers_tried_changed_nothing(walked: Walked) -> None:
    before = {(a.id, a.state, a.service_id, a.draft_last4) for a in walked.service.applications()}
    other = walked.service.browser()
    other.read_card(OTHER, "/status")
    for browser in (walked.service.browser(), other):
        for method, rule in routes(walked.service):
            walked.open(browser, method, rule)
    assert {(a.id, a.state, a.service_id, a.draft_last4) for a in walked.service.applications()} == before
    assert walked.waiting.get(f"/card-sessions/{walked.session_id}").status_code == 200, "still waited for"
    assert walked.half_way.get(f"/policies/{POLICY}/apply/confirm").status_code == 200, "still to be sent"


def test_an_agents_signature_opens_the_agents_routes_and_no_other(walked: Walked) -> None:
    client = walked.service.app.test_client()
    for method, rule in routes(walked.service):
        path, body = walked.path(rule), b"{}"
        headers = walked.service.signed(path, body)
        answer = client.open(path, method=method, data=body, headers=headers, content_type="application/json")
        row = ROUTES[method, rule.endpoint]
        if row.who is Who.AGENT:
            assert answer.status_code in (200, 400), (rule.endpoint, answer.status_code)
        elif method == "POST" and is_form(rule):
            assert answer.status_code == 409, (rule.endpoint, answer.status_code)
        else:
            assert answer.status_code == row.anonymous, (rule.endpoint, answer.status_code)


def test_who_may_is_let_in(walked: Walked) -> None:
    """Without this, routes that refuse everybody would pass the tests above."""
    service = walked.service
    people = {Who.PUBLIC: service.browser(), Who.BROWSER: walked.waiting}
    people |= {Who.STAFF: walked.staff, Who.DESK: walked.desk}
    people |= {Who.SUPERVISOR: walked.supervisor, Who.REVIEW: walked.reviewer, Who.SCREEN: walked.screen}
    for method, rule in routes(service):
        row = ROUTES[method, rule.endpoint]
        if method != "GET" or row.who in TESTED_ELSEWHERE or rule.endpoint == "health.readyz":
            continue
        of_an_application = "application" in rule.rule
        visitor = people.get(row.who) or (walked.owner if of_an_application else walked.half_way)
        if rule.endpoint in OF_A_GUARDIAN:
            visitor = walked.guardian
        answer = walked.open(visitor, method, rule)
        if "assign" in rule.endpoint:  # the owner's order is out: they are let in as far as that answer
            assert error_code(answer) == "E313", rule.endpoint
        else:
            assert answer.status_code in (200, 303), rule.endpoint
    assert walked.open(walked.half_way, "POST", rule_of(service, "resident.send")).status_code == 303


def rule_of(service: Service, endpoint: str) -> Rule:
    return next(service.app.url_map.iter_rules(endpoint))


def test_every_form_is_refused_without_its_token(walked: Walked) -> None:
    before = {(a.id, a.state, a.service_id, a.draft_last4) for a in walked.service.applications()}
    forms = [rule for method, rule in routes(walked.service) if method == "POST" and is_form(rule)]
    assert forms
    for visitor in (walked.owner, walked.half_way, walked.waiting, walked.service.browser()):
        for rule in forms:
            answer = visitor.post(walked.path(rule), data=walked.fields())
            check_is_clear(answer, 409)
            assert error_code(answer) == "E504", rule.endpoint
    assert {(a.id, a.state, a.service_id, a.draft_last4) for a in walked.service.applications()} == before


def test_an_unsigned_request_is_refused_by_every_route_for_agents(walked: Walked) -> None:
    for method, rule in routes(walked.service):
        if ROUTES[method, rule.endpoint].who is not Who.AGENT:
            continue
        body = json.dumps({"wait": 0}).encode()
        answer = walked.owner.client.open(walked.path(rule), method=method, data=body, content_type="application/json")
        check_is_clear(answer, 401)


def test_nothing_is_changed_by_other_methods_than_post(service: Service) -> None:
    assert {method for method, _ in routes(service)} == {"GET", "POST"}
