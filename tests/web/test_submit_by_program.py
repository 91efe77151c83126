"""An application sent as JSON: once for each Idempotency-Key, whatever is sent again, at once, or by others."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import applications, clock, db, events, policies
from app.retention import PersonErased
from app.web import confirming, idempotency
from app.web.models import IdempotencyKey
from app.web.tasks import sweep
from tests.provider_simulator.serving import serving
from tests.web.service import ACCOUNT, POLICY, STEPS, Browser, Service, check_is_clear, error_code

DRAFT, SUBMIT = f"/api/v1/policies/{POLICY}/draft", f"/api/v1/policies/{POLICY}/applications"
KEY, OTHER_KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324", "c1d6a1ee-0f1c-4d2b-9a5f-b6f0f6a1d2c3"


class Program:
    """A program in the session of a browser: reads the draft back and sends it."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.draft: dict[str, Any] = browser.get(DRAFT).get_json()

    def body(self, **changes: Any) -> bytes:
        return json.dumps({"read_back": self.draft["read_back"], "confirmed": True} | changes).encode()

    def headers(self, key: str | None = KEY) -> dict[str, str]:
        named = {} if key is None else {"Idempotency-Key": f'"{key}"'}
        origin = self.browser.service.settings.public_url
        return {"X-CSRFToken": self.draft["csrf_token"], "Referer": origin + "/", **named}

    def send(
        self, key: str | None = KEY, body: bytes | None = None, path: str = SUBMIT, **headers: str
    ) -> TestResponse:
        content = self.body() if body is None else body
        sent = self.headers(key) | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.browser.post(path, data=content, content_type="application/json", headers=sent)


def at_confirm(service: Service, person_id: str = "TP-29", account: str = ACCOUNT) -> Program:
    browser = service.browser()
    browser.to_confirm(person_id, account)
    return Program(browser)


def sent_states(service: Service) -> list[str]:
    return [row.state for row in service.applications()]


def kept() -> list[IdempotencyKey]:
    with db.reading() as session:
        rows = list(session.scalars(select(IdempotencyKey)))
        session.expunge_all()
        return rows


def problem(response: TestResponse, status: int, ending: str) -> None:
    check_is_clear(response, status)
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["type"].endswith(f"idempotency-key-{ending}")


# --- the way through ----------------------------------------------------------------------------------------------


def test_the_draft_reads_back_what_the_confirming_page_shows_and_is_sent_like_it(service: Service) -> None:
    program = at_confirm(service)
    shown = {name: program.draft[name] for name in ("amount", "service_id", "account_last4", "missing")}
    assert shown == {"amount": 10_000, "service_id": "SVC-QR-01", "account_last4": ACCOUNT[-4:], "missing": None}
    assert ACCOUNT not in program.browser.get(DRAFT).get_data(as_text=True)
    sent = program.send()
    assert sent.status_code == 201, sent.get_data(as_text=True)
    receipt = sent.get_json()
    assert program.browser.get(receipt["status_path"]).status_code == 200
    assert receipt["receipt_no"] == service.applications()[0].receipt_no


def test_a_draft_that_is_not_complete_says_what_is_missing_and_cannot_be_sent(service: Service) -> None:
    browser = service.browser()
    browser.read_card("TP-29")
    assert (browser.get(DRAFT).get_json()["missing"], browser.get(DRAFT).get_json()["read_back"]) == ("consent", None)
    other = service.browser()
    other.to_account("TP-02")
    assert other.get(DRAFT).get_json()["missing"] == "account"


def test_what_was_changed_after_the_read_back_is_not_sent(service: Service) -> None:
    program = at_confirm(service)
    program.browser.send(f"{STEPS}/service", service_id="SVC-QR-01")
    program.browser.send(f"{STEPS}/account", account="5555666677778", security_code="1234")
    assert error_code(program.send()) == "E504"
    assert sent_states(service) == ["started"]


# --- the key ------------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_have_the_same_answer_byte_for_byte_also_much_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = at_confirm(service)
    first = program.send()
    with monkeypatch.context() as patch:
        patch.setattr(confirming, "submit_read_back", _must_not_run)
        again = program.send()
    assert (first.data, first.status_code, first.mimetype) == (again.data, again.status_code, again.mimetype)
    assert len(service.applications()) == 1
    with clock.frozen(_end_of_policy() + timedelta(days=2)):
        assert program.send().data == first.data, "also after the policy's end"


def _must_not_run(*_: object) -> applications.Receipt:
    raise AssertionError("carried out again")


def test_the_header_is_a_string_with_or_without_quotation_marks(service: Service) -> None:
    program = at_confirm(service)
    first = program.send()
    assert program.send(Idempotency_Key=KEY).data == first.data


def test_the_same_key_with_another_body_is_422_and_changes_nothing(service: Service) -> None:
    program = at_confirm(service)
    first = program.send()
    problem(program.send(body=program.body(read_back="another")), 422, "reused")
    problem(program.send(path="/api/v1/policies/P-004/applications"), 422, "reused")
    assert program.send().data == first.data


def test_without_a_usable_key_nothing_is_sent(service: Service) -> None:
    program = at_confirm(service)
    problem(program.send(key=None), 400, "missing")
    for key in ("", "short", '"', "x" * 101, "ключ-ключ-ключ-ключ".encode().decode("latin-1"), '"a" 12345678901234'):
        problem(program.send(Idempotency_Key=key), 400, "missing")
    assert sent_states(service) == ["started"]
    assert kept() == []


def test_a_refusal_is_an_answer_too_and_holds_nothing_of_the_person(service: Service) -> None:
    browser = service.browser()
    browser.to_confirm("TP-29")
    program = Program(browser)
    receipt = browser.send(f"{STEPS}/confirm", form_token=program.draft["read_back"], confirmed="yes")
    number = receipt.headers["Location"].partition("?")[0].rpartition("/")[2]
    other = service.browser()
    other.to_confirm("TP-02", "5555666677778")
    stolen = Program(other)
    refused = stolen.send(body=program.body())
    assert error_code(refused) == "E504", "the token is another person's"
    assert number not in refused.get_data(as_text=True)
    again = stolen.send(body=program.body())
    assert again.data == refused.data
    answers = " ".join(row.answer or "" for row in kept())
    for secret in (number, "有村", ACCOUNT, KEY):
        assert secret not in answers


def test_after_the_form_the_program_gets_the_receipt_of_that_very_application(service: Service) -> None:
    program = at_confirm(service)
    sent = program.browser.send(f"{STEPS}/confirm", form_token=program.draft["read_back"], confirmed="yes")
    assert program.send().get_json()["receipt_no"] in sent.headers["Location"]
    assert len(service.applications()) == 1


# --- who ----------------------------------------------------------------------------------------------------------


def test_another_persons_key_meets_nothing(service: Service) -> None:
    mine, other = at_confirm(service), at_confirm(service, "TP-02", "5555666677778")
    first = mine.send()
    second = other.send()
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data != second.data
    assert len({row.key for row in kept()}) == 2


def test_without_a_session_or_its_token_nothing_is_learned_about_a_key(service: Service) -> None:
    program = at_confirm(service)
    program.send()
    stranger = service.browser()
    headers = program.headers()
    answer = stranger.post(SUBMIT, data=program.body(), content_type="application/json", headers=headers)
    assert (answer.status_code, error_code(answer)) == (409, "E504"), "the token belongs to another session"
    stranger.token()
    assert program.send(X_CSRFToken="forged").status_code == 409
    assert "receipt" not in answer.get_data(as_text=True)


def test_the_owner_in_a_new_session_gets_the_answer(service: Service) -> None:
    program = at_confirm(service)
    first = program.send()
    later = service.browser()
    later.read_card("TP-29", "/status")
    token = later.token()
    headers = program.headers() | {"X-CSRFToken": token}
    again = later.post(SUBMIT, data=program.body(), content_type="application/json", headers=headers)
    assert again.data == first.data


def test_nothing_of_key_body_or_person_is_kept_in_the_clear(service: Service) -> None:
    program = at_confirm(service)
    program.send()
    row = kept()[0]
    assert set(json.loads(row.answer or "")) == {"receipt_no", "status_path"}
    for stored in (row.key, row.fingerprint):
        assert len(stored) == 32
        assert KEY.encode() not in stored


# --- at the same time, and after a crash --------------------------------------------------------------------------


def together(service: Service, program: Program, keys: list[str]) -> list[httpx.Response]:
    """These requests at the same moment over real HTTP."""
    gate = threading.Barrier(len(keys))
    cookies = program.browser.cookies

    def one(address: str, key: str) -> httpx.Response:
        with httpx.Client(base_url=address, cookies=cookies, timeout=30, trust_env=False) as client:
            gate.wait(10)
            headers = program.headers(key) | {"Content-Type": "application/json"}
            return client.post(SUBMIT, content=program.body(), headers=headers)

    with serving(service.app) as address, ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(lambda key: one(address, key), keys))


def test_of_parallel_requests_with_one_key_one_is_carried_out_and_the_others_are_in_flight_or_equal(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = at_confirm(service)
    runs = _counted(monkeypatch)
    answers = together(service, program, [KEY] * 6)
    sent = [answer for answer in answers if answer.status_code == 201]
    others = [answer for answer in answers if answer.status_code != 201]
    assert len(runs) == 1
    assert len({answer.content for answer in sent}) == 1
    assert all(answer.status_code == 409 and answer.headers["Retry-After"] == "1" for answer in others)
    assert program.send().data == sent[0].content
    assert len(service.applications()) == 1


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    runs: list[str] = []
    send: Callable[..., Any] = applications.submit

    def counting(policy_id: str, *args: Any, **more: Any) -> applications.Receipt:
        runs.append(policy_id)
        receipt: applications.Receipt = send(policy_id, *args, **more)
        return receipt

    monkeypatch.setattr(applications, "submit", counting)
    return runs


def test_parallel_requests_with_different_keys_are_one_application_with_one_receipt(service: Service) -> None:
    program = at_confirm(service)
    answers = together(service, program, [f"{number:032d}" for number in range(4)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sent_states(service).count("started") == 0
    assert len(service.applications()) == 1


class Killed(BaseException):
    """The process dies here."""


def _die(*_: object, **__: object) -> applications.Receipt:
    raise Killed


@pytest.mark.parametrize("already_sent", [False, True])
def test_a_crash_between_key_and_answer_leaves_a_key_that_ends_well(
    service: Service, monkeypatch: pytest.MonkeyPatch, already_sent: bool
) -> None:
    program = at_confirm(service)
    real = applications.submit

    def dies_after(*args: Any, **more: Any) -> applications.Receipt:
        real(*args, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(applications, "submit", dies_after if already_sent else _die)
        with pytest.raises(Killed):
            program.send()
    assert [row.answer for row in kept()] == [None]
    problem(program.send(), 409, "in-flight")
    problem(program.send(body=program.body(read_back="another")), 422, "reused")
    _real_time_passes(monkeypatch, idempotency.LOCK + timedelta(seconds=1))
    assert program.send().status_code == 201
    assert len(service.applications()) == 1
    assert service.applications()[0].receipt_no == json.loads(kept()[0].answer or "")["receipt_no"]


def test_who_was_given_up_and_comes_back_late_does_not_write_over_the_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = at_confirm(service)
    real, answers = applications.submit, []

    def slow(*args: Any, **more: Any) -> applications.Receipt:
        monkeypatch.setattr(applications, "submit", real)
        with monkeypatch.context() as patch:
            _real_time_passes(patch, idempotency.LOCK + timedelta(seconds=1))
            answers.append(program.send())
        raise RuntimeError("and then it fails")

    monkeypatch.setattr(applications, "submit", slow)
    assert program.send().status_code == 500
    assert answers[0].status_code == 201
    assert program.send().data == answers[0].data


def test_a_fault_of_ours_is_not_kept_so_that_the_same_request_may_come_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = at_confirm(service)

    def faulty(*_: object, **__: object) -> applications.Receipt:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(applications, "submit", faulty)
        assert program.send().status_code == 500
    assert kept() == []
    assert program.send().status_code == 201


# --- how long -----------------------------------------------------------------------------------------------------


def _real_time_passes(monkeypatch: pytest.MonkeyPatch, time: timedelta) -> None:
    later = clock.real_now() + time
    monkeypatch.setattr(clock, "real_now", lambda: later)


def test_a_key_is_kept_for_a_day_and_then_swept(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    program = at_confirm(service)
    program.send()
    sweep(0)
    assert len(kept()) == 1
    _real_time_passes(monkeypatch, idempotency.LIFE + timedelta(seconds=1))
    sweep(0)
    assert kept() == []


def test_the_keys_of_an_erased_person_go_too(service: Service) -> None:
    program = at_confirm(service)
    program.send()
    with db.transaction() as session:
        events.publish(session, PersonErased(service.applications()[0].applicant_id))
    assert kept() == []


# --- limits and maintenance ---------------------------------------------------------------------------------------


def test_a_body_that_is_not_as_agreed_is_refused_and_keeps_no_key(service: Service) -> None:
    program = at_confirm(service)
    for body in (b"", b"[]", b'{"confirmed": true}', b'{"read_back": "x", "confirmed": false}', b"\xff", b'{"a": 1}'):
        check_is_clear(program.send(body=body), 400)
    check_is_clear(program.send(body=program.body(note="123456789018")), 400)
    check_is_clear(program.send(body=b" " * 5_000), 413)
    assert kept() == []


def test_br_01_after_the_end_it_is_refused_like_the_page(service: Service) -> None:
    program = at_confirm(service)
    with clock.frozen(_end_of_policy() + timedelta(days=2)):
        assert error_code(program.send()) == "E208"


def _end_of_policy() -> datetime:
    with db.reading() as session:
        policy = policies.get(session, POLICY)
    assert policy is not None
    return policy.document.window.apply_to


def test_who_waited_long_enough_is_sent_while_those_before_still_wait_for_something(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = at_confirm(service)
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(confirming, "_turns", taken)
    assert program.send().status_code == 201
    assert not taken.acquire(blocking=False), "a turn that was never had is not given back"


def test_a_refusal_gives_its_turn_back(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    program = at_confirm(service)
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(confirming, "_turns", turns)
    program.browser.send(f"{STEPS}/service", service_id="SVC-QR-01")
    program.browser.send(f"{STEPS}/account", account="5555666677778", security_code="1234")
    assert error_code(program.send()) == "E504", "something changed after the read-back"
    assert turns.acquire(blocking=False)
