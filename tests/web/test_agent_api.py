"""The reader agents' interface: signed requests of enrolled agents only, each once, in the agreed shape."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import cards, clock, db
from app.cards.models import CardSession
from nfc.agent.signing import DeviceKey, sign_request
from tests.web.service import Browser, Service, check_is_clear, error_code

API = "/api/agent/v1"
NOBODY = "01a20019-652e-719c-a236-e0c0054ceb04"
PATHS = (f"{API}/take", f"{API}/sessions/{NOBODY}/progress", f"{API}/sessions/{NOBODY}/result")
RESULT: dict[str, Any] = {
    "outcome": "ok",
    "four_information": {"name": "試験", "address": "みらい県", "birth_date": "19800101", "sex": "1"},
    "certificate": "AAAA",
    "signature": "AAAA",
    "issuer_check": "genuine",
    "card_environment": "test",
}


@pytest.fixture
def agent(service: Service) -> Agent:
    return Agent(service)


class Agent:
    """The enrolled reader."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def post(self, path: str, content: object, **changes: str) -> TestResponse:
        """A signed request; bytes are sent as they stand, anything else as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.raw(path, body, self.service.signed(path, body, **changes))

    def raw(self, path: str, body: bytes, headers: dict[str, str]) -> TestResponse:
        client = self.service.app.test_client()
        return client.post(path, data=body, headers=headers, content_type="application/json")

    def take(self, browser: Browser) -> str:
        """A session opened by a browser and taken by this agent; its id."""
        opened = browser.open_reading()
        task = self.post(f"{API}/take", {"wait": 0})
        assert task.status_code == 200
        assert UUID(task.get_json()["session_id"]) == opened
        return str(opened)


def state_of(session_id: str) -> tuple[str, str | None]:
    with db.reading() as session:
        row = session.scalars(select(CardSession).where(CardSession.id == UUID(session_id))).one()
        return row.state, row.error_code


def test_a_task_says_what_is_read_for_whom_and_nothing_more(agent: Agent, browser: Browser) -> None:
    browser.open_reading()
    task = agent.post(f"{API}/take", {"wait": 0})
    assert set(task.get_json()) == {
        "session_id",
        "challenge",
        "purpose",
        "policy_id",
        "policy_title",
        "municipality_name",
        "origin",
        "confirmation",
        "expires_in",
    }
    assert "Set-Cookie" not in task.headers
    assert agent.post(f"{API}/take", {"wait": 0}).status_code == 204, "a session is given out once"


# Signatures


def test_unsigned_requests_are_refused(agent: Agent) -> None:
    for path in PATHS:
        check_is_clear(agent.raw(path, b"{}", {}), 401)


def test_altered_requests_are_refused(agent: Agent) -> None:
    service = agent.service
    stranger = DeviceKey(Ed25519PrivateKey.generate())
    now = clock.real_now().timestamp()
    own = str(service.reader.agent_id)
    good = service.signed(PATHS[0], b"{}")
    for headers in (
        service.signed(PATHS[0], b"{ }"),
        service.signed(PATHS[1], b"{}"),
        service.signed(PATHS[0] + "?x=1", b"{}"),
        sign_request(stranger, own, "POST", PATHS[0], b"{}", now),
        sign_request(service.device, str(uuid4()), "POST", PATHS[0], b"{}", now),
        sign_request(service.device, own, "GET", PATHS[0], b"{}", now),
        sign_request(service.device, own, "POST", PATHS[0], b"{}", now - 121),
        sign_request(service.device, own, "POST", PATHS[0], b"{}", now + 122),
        good | {"Todoke-Nonce": "x" * 22},
        good | {"Todoke-Timestamp": "soon"},
        good | {"Todoke-Agent": "x"},
        good | {"Todoke-Agent": "\u0661" * 36},
        good | {"Todoke-Signature": "A" * 86 + "=="},
        good | {"Todoke-Signature": ""},
        {name: value for name, value in good.items() if name != "Todoke-Nonce"},
    ):
        check_is_clear(agent.raw(PATHS[0], b"{}", headers), 401)
    assert agent.raw(PATHS[0], b"{}", good).status_code == 204, "as signed it is accepted"


def test_the_same_signed_request_counts_once(agent: Agent) -> None:
    headers = agent.service.signed(PATHS[0], b"{}")
    assert agent.raw(PATHS[0], b"{}", headers).status_code == 204
    check_is_clear(agent.raw(PATHS[0], b"{}", headers), 401)


def test_a_revoked_agent_is_refused(agent: Agent) -> None:
    with db.transaction() as session:
        assert cards.revoke_agent(session, agent.service.reader.agent_id)
    check_is_clear(agent.post(PATHS[0], {"wait": 0}), 401)


def test_who_keeps_sending_bad_signatures_is_asked_to_wait(agent: Agent, real_time_stands: None) -> None:
    for _ in range(60):
        assert agent.raw(PATHS[0], b"{}", {}).status_code == 401
    answer = agent.raw(PATHS[0], b"{}", {})
    check_is_clear(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert agent.post(PATHS[0], {"wait": 0}).status_code == 204, "who signs well is not kept out"


def test_a_resident_is_no_agent(browser: Browser) -> None:
    browser.read_card("TP-02")
    for path in PATHS:
        answer = browser.post(path, data=b"{}", content_type="application/json")
        check_is_clear(answer, 401)
        assert answer.mimetype == "application/problem+json"


def test_no_page_answers_to_an_agents_signature(agent: Agent) -> None:
    path = "/applications"
    headers = sign_request(
        agent.service.device, str(agent.service.reader.agent_id), "GET", path, b"", clock.real_now().timestamp()
    )
    assert agent.service.app.test_client().get(path, headers=headers).status_code == 303


# Shapes


BROKEN = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"1",
    b"\xff\xfe",
    b'{"a": "\\ud800"}',
    b'{"a": NaN}',
    b'{"a": "\x00"}',
    b"[" * 5000,
    b'{"unknown": 1}',
)


def test_json_of_another_shape_is_refused(agent: Agent, browser: Browser) -> None:
    session_id = agent.take(browser)
    result, progress = f"{API}/sessions/{session_id}/result", f"{API}/sessions/{session_id}/progress"
    for path in (PATHS[0], progress, result):
        for body in BROKEN:
            check_is_clear(agent.post(path, body), 400)
    for content in ({"wait": -1}, {"wait": 61}, {"wait": "x"}, {"wait": 10**30}, {"wait": None}, {"wait": [1]}):
        check_is_clear(agent.post(PATHS[0], content), 400)
    for content in ({"step": 1}, {"step": "done"}, {"step": "x" * 5000}, {"step": None}, {}, {"step": "\x00"}):
        check_is_clear(agent.post(progress, content), 400)
    for change in (
        {"outcome": None},
        {"outcome": "x" * 41},
        {"four_information": []},
        {"four_information": {"name": "x"}},
        {"four_information": RESULT["four_information"] | {"my_number": "x"}},
        {"four_information": RESULT["four_information"] | {"name": ""}},
        {"four_information": RESULT["four_information"] | {"name": "x" * 1001}},
        {"pin": "1234"},
        {"pin_kind": "sign"},
        {"tries_left": 16},
        {"tries_left": -1},
        {"issuer_check": "perhaps"},
        {"certificate": "A" * 8193},
        {"certificate_not_after": "2026-01-01"},
    ):
        check_is_clear(agent.post(result, RESULT | change), 400)
    assert state_of(session_id) == ("taken", None), "what was refused changed nothing"


def test_no_answer_repeats_what_was_sent(agent: Agent, browser: Browser) -> None:
    session_id = agent.take(browser)
    secret = "ひみつの名前"
    sent = RESULT | {"four_information": {"name": secret, "address": secret, "birth_date": secret * 20, "sex": "1"}}
    answer = agent.post(f"{API}/sessions/{session_id}/result", sent)
    check_is_clear(answer, 400)
    assert secret not in str(answer.get_json())


def test_a_huge_body_is_refused(agent: Agent) -> None:
    check_is_clear(agent.post(PATHS[0], b'{"wait": "' + b"1" * 300_000 + b'"}'), 413)


def test_other_methods_are_refused(agent: Agent) -> None:
    for path in PATHS:
        answer = agent.service.app.test_client().get(path)
        check_is_clear(answer, 405)
        assert answer.mimetype == "application/problem+json"


# Sessions of others


def test_only_the_agent_that_took_a_session_may_speak_of_it(agent: Agent, browser: Browser) -> None:
    session_id = agent.take(browser)
    other_key = DeviceKey(Ed25519PrivateKey.generate())
    with db.transaction() as session:
        other = cards.enrol_agent(session, name="ほか", public_key=other_key.public_bytes, kind="simulated")
    for path, content, status in (
        (f"{API}/sessions/{session_id}/progress", {"step": "reading"}, 409),
        (f"{API}/sessions/{session_id}/result", RESULT, 404),
    ):
        body = json.dumps(content).encode()
        headers = sign_request(other_key, str(other.agent_id), "POST", path, body, clock.real_now().timestamp())
        check_is_clear(agent.raw(path, body, headers), status)
    assert state_of(session_id) == ("taken", None)


def test_an_unknown_session_is_refused(agent: Agent) -> None:
    check_is_clear(agent.post(PATHS[1], {"step": "reading"}), 409)
    check_is_clear(agent.post(PATHS[2], RESULT), 404)
    check_is_clear(agent.post(f"{API}/sessions/1/result", RESULT), 404)


def test_a_result_is_judged_once_and_a_forged_card_reads_as_could_not_verify(agent: Agent, browser: Browser) -> None:
    session_id = agent.take(browser)
    path = f"{API}/sessions/{session_id}/result"
    assert agent.post(path, RESULT).status_code == 204
    assert state_of(session_id) == ("failed", "E116")
    check_is_clear(agent.post(path, RESULT), 404)
    page = browser.get(f"/card-sessions/{session_id}/next")
    check_is_clear(page, 422)
    assert error_code(page) == "E116"
    assert agent.service.rows("persons") == 0, "nobody is kept of a card that was not verified"


def test_control_characters_in_a_result_do_no_harm(agent: Agent, browser: Browser) -> None:
    session_id = agent.take(browser)
    items = {"name": "\x00\x1b", "address": "\x00", "birth_date": "\x00", "sex": "\x00"}
    answer = agent.post(f"{API}/sessions/{session_id}/result", RESULT | {"four_information": items, "outcome": "\x00"})
    assert answer.status_code == 204
    assert state_of(session_id)[0] == "failed"


def test_a_result_after_the_person_gave_up_is_refused(agent: Agent, browser: Browser) -> None:
    session_id = agent.take(browser)
    browser.send(f"/card-sessions/{session_id}")
    check_is_clear(agent.post(f"{API}/sessions/{session_id}/result", RESULT), 404)
    assert error_code(browser.get(f"/card-sessions/{session_id}/next")) == "E115"
