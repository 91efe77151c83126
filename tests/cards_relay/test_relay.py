"""A reading relayed through a phone: the real service, a simulated card, the reference client between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from werkzeug.test import TestResponse

from app import db
from app.cards.models import CardSession, Evidence
from card_sim.wallet import Wallet
from nfc.pins import Pin, PinKind
from nfc.transports.in_process import InProcess
from nfc.transports.relay import RelayAnswer, Script, answers_to_json, run_relayed, script_from_json
from tests.cards_relay.conftest import NOW
from tests.web.service import Browser, Service

CANARY = "TP-CANARY"
PINS = {PinKind.TEXT: "2580", PinKind.AUTH: "1470"}


def post(service: Service, path: str, value: object) -> TestResponse:
    body = json.dumps(value).encode()
    return service.app.test_client().post(
        path,
        data=body,
        headers=service.signed(path, body),
        content_type="application/json",
        base_url=service.settings.public_url,
    )


def open_and_take(service: Service, browser: Browser) -> UUID:
    session_id = browser.open_reading()
    taken = post(service, "/api/agent/v1/take", {"wait": 0})
    assert taken.get_json()["session_id"] == str(session_id)
    return session_id


class Phone:
    """The client beside the card; remembers everything that it sent and got."""

    def __init__(self, service: Service, session_id: UUID, allow_last_try: tuple[str, ...] = ()) -> None:
        self.service = service
        self.path = f"/api/agent/v1/sessions/{session_id}/relay"
        self.allow_last_try = list(allow_last_try)
        self.wire: list[str] = []
        self.last: TestResponse | None = None

    def __call__(self, answers: tuple[RelayAnswer, ...]) -> Script:
        request = {"answers": answers_to_json(answers), "allow_last_try": self.allow_last_try}
        self.last = post(self.service, self.path, request)
        assert self.last.status_code == 200, self.last.get_data(as_text=True)
        self.wire += [json.dumps(request), self.last.get_data(as_text=True)]
        return script_from_json(self.last.get_json())


def entering(**pins: str) -> Callable[[PinKind, int | None], Pin]:
    return lambda kind, tries_left: Pin(kind, pins.get(kind.value, PINS[kind]))


@pytest.fixture(autouse=True)
def full_counters(wallet: Wallet) -> None:
    wallet.reset(CANARY)


def test_a_relayed_reading_becomes_evidence_that_nobody_vouches_for(service: Service, wallet: Wallet) -> None:
    browser = service.browser()
    session_id = open_and_take(service, browser)
    phone = Phone(service, session_id)
    run_relayed(phone, InProcess(wallet.open_card(CANARY, NOW)), entering())

    with db.reading() as session:
        row = session.get_one(CardSession, session_id)
        assert (row.state, row.error_code) == ("done", None)
        evidence = session.scalars(select(Evidence)).one()
        assert evidence.assurance == "unattended"
        assert evidence.one_card is False
        assert evidence.issuer_check == "not_done"
        assert evidence.environment == "test"
    wire = " ".join(phone.wire)
    for pin in PINS.values():
        assert pin.encode().hex().upper() + '"' not in wire
    assert browser.get(f"/card-sessions/{session_id}/next").status_code == 303


def test_between_the_steps_the_service_keeps_nothing_that_the_card_said(service: Service, wallet: Wallet) -> None:
    browser = service.browser()
    session_id = open_and_take(service, browser)
    phone, seen = Phone(service, session_id), []

    def exchange(answers: tuple[RelayAnswer, ...]) -> Script:
        script = phone(answers)
        if not script.finished:
            seen.append(everything_stored())
        return script

    run_relayed(exchange, InProcess(wallet.open_card(CANARY, NOW)), entering())
    assert len(seen) == 14
    for stored in seen:
        for value in ("秘匿", "カナリ", "金糸雀", "19770717", "canary"):
            assert value not in stored
            assert value.encode().hex() not in stored


def everything_stored() -> str:
    with db.reading() as session:
        names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        rows = [
            session.scalar(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {name} t"))
            for name in names
            if name not in ("policy_versions", "municipalities")
        ]
    return " ".join(str(row) for row in rows)


@pytest.mark.parametrize(
    ("pins", "code"),
    [({"text": "0000"}, "E101"), ({"auth": "0000"}, "E101")],
)
def test_a_wrong_pin_is_told_on_the_persons_page(
    service: Service, wallet: Wallet, pins: dict[str, str], code: str
) -> None:
    session_id = open_and_take(service, service.browser())
    run_relayed(Phone(service, session_id), InProcess(wallet.open_card(CANARY, NOW)), entering(**pins))
    with db.reading() as session:
        row = session.get_one(CardSession, session_id)
        assert (row.state, row.error_code, row.error_facts) == ("failed", code, {"n": 2})


def test_the_waiting_page_follows_the_steps(service: Service, wallet: Wallet) -> None:
    session_id = open_and_take(service, service.browser())
    phone, states = Phone(service, session_id), []

    def exchange(answers: tuple[RelayAnswer, ...]) -> Script:
        script = phone(answers)
        with db.reading() as session:
            states.append(session.get_one(CardSession, session_id).state)
        return script

    run_relayed(exchange, InProcess(wallet.open_card(CANARY, NOW)), entering())
    in_order = [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]
    expected = ["waiting_card", "reading", "waiting_pin", "reading", "waiting_pin", "reading", "done"]
    assert in_order == expected


def test_a_finished_cancelled_or_expired_session_gets_no_more_commands(service: Service, wallet: Wallet) -> None:
    begin = {"answers": []}
    finished = open_and_take(service, service.browser())
    run_relayed(Phone(service, finished), InProcess(wallet.open_card(CANARY, NOW)), entering())
    assert post(service, f"/api/agent/v1/sessions/{finished}/relay", begin).status_code == 404

    expired = open_and_take(service, service.browser())
    with db.transaction() as session:
        past = CardSession.opened_at - timedelta(seconds=1)
        session.execute(update(CardSession).where(CardSession.id == expired).values(expires_at=past))
    assert post(service, f"/api/agent/v1/sessions/{expired}/relay", begin).status_code == 404


def test_the_same_answers_sent_twice_are_judged_once(service: Service, wallet: Wallet) -> None:
    session_id = open_and_take(service, service.browser())
    phone = Phone(service, session_id)
    run_relayed(phone, InProcess(wallet.open_card(CANARY, NOW)), entering())
    again = json.loads(phone.wire[-2])
    assert post(service, phone.path, again).status_code == 404
    assert service.rows("evidence") == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"answers": "9000"},
        {"answers": [{"response": "9"}]},
        {"answers": [{"response": "9000", "failure": "no_card"}]},
        {"answers": [{}]},
        {"answers": [{"failure": "ok"}]},
        {"answers": [{"failure": "no_card"}, {"response": "9000"}]},
        {"answers": [], "allow_last_try": ["sign"]},
        {"answers": [], "pin": "1234"},
    ],
)
def test_a_step_of_another_form_is_refused_and_changes_nothing(service: Service, body: dict[str, Any]) -> None:
    session_id = open_and_take(service, service.browser())
    assert post(service, f"/api/agent/v1/sessions/{session_id}/relay", body).status_code == 400
    with db.reading() as session:
        assert session.get_one(CardSession, session_id).state == "taken"


def test_an_unsigned_step_is_refused(service: Service) -> None:
    session_id = open_and_take(service, service.browser())
    path = f"/api/agent/v1/sessions/{session_id}/relay"
    unsigned = service.app.test_client().post(path, json={"answers": []}, base_url=service.settings.public_url)
    assert unsigned.status_code == 401
