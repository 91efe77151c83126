"""The part of the canary's walk that happens on a phone: every page, every refusal, both readers."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.journeys.canary_clients import Places, Visitor, path_and_status, wait_for
from tests.journeys.canary_system import dump, without_table, worker_asleep
from tests.journeys.leaks import ACCOUNT, CANARY, MAIL, MY_NUMBER_TYPED
from tests.journeys.system import System

OTHER = "TP-10"
POLICY, ELSEWHERE = "/policies/P-001", "/policies/P-004"
TICKS = {"agree_todoke": "yes", "agree_outline": "yes", "agree_service": "yes"}
ITEMS = frozenset({"name", "address", "birth date"})


def search(phone: Visitor) -> None:
    phone.get("/")
    phone.get("/policies")
    for words in (CANARY.name, CANARY.address, "1977年7月17日", "19770717", "2580"):
        phone.get(f"/policies?keyword={quote(words)}", *ITEMS, "pin")  # the field shows what was typed
    for policy in ("P-001", "P-002", "P-006", "P-020"):
        phone.get(f"/policies/{policy}")
        phone.get(f"/policies/{policy}/check")
        phone.get(f"/policies/{policy}/shops")
        phone.raw("POST", f"/policies/{policy}/check", data={"note": CANARY.name})
        phone.get(f"/policies/{policy}/apply")
    for about in ("/accessibility", "/offline", "/styleguide"):
        phone.get(about)
    phone.get("/session/state")
    phone.get("/policies/near-my-card")
    assert phone.get("/metrics").status_code == phone.get("/operations/books").status_code == 200
    assert phone.get("/operations/put-aside").status_code == 200
    phone.get(f"/api/v1/policies?keyword={quote(CANARY.name)}")
    phone.get(f"/api/v1/places?text={quote(CANARY.name)}")


def for_a_child(phone: Visitor) -> None:
    """A guardian's pages, as far as one gets without a card."""
    steps = "/policies/P-008/apply"
    for step in ("who", "guardian", "child", "relation", "wallet"):
        phone.get(f"{steps}/{step}")
        phone.post(f"{steps}/{step}", relation=CANARY.name, reason=CANARY.name, wallet=CANARY.name)


def be_read_by_the_journey(phone: Visitor, places: Places, system: System) -> None:
    phone.get(f"{POLICY}/apply")
    phone.post(f"{POLICY}/apply")
    identity = f"{POLICY}/apply/identity"
    phone.get(identity)
    phone.post(identity, *ITEMS, reader="other", reader_number=CANARY.name)
    phone.post(identity, reader="other", reader_number=MY_NUMBER_TYPED)
    number = places.journey["reader_no"]

    given_up = phone.open_reading(identity, number)
    assert phone.post(given_up).status_code == 303
    assert "E115" in phone.get(f"{given_up}/next").text

    mistyped = phone.open_reading(identity, number)
    places.read(pin="9999")
    assert "E101" in phone.go_on(mistyped).text

    broken = phone.open_reading(identity, number)
    with without_table(system, "person_facts"), pytest.raises(Exception, match=r"."):
        places.read()
    phone.post(broken)

    read = phone.open_reading(identity, number)
    places.read()
    assert phone.go_on(read).headers["location"] == f"{POLICY}/apply/result"


def judged_and_consented(phone: Visitor) -> None:
    result, consent = f"{POLICY}/apply/result", f"{POLICY}/apply/consent"
    assert CANARY.name in phone.get(result, *ITEMS).text
    assert phone.post(result, action="continue").status_code == 303
    phone.get(consent)
    assert phone.post(consent, agree_todoke="yes").status_code == 422
    assert phone.post(consent, **TICKS).status_code == 303


def give_the_account(phone: Visitor, places: Places, system: System) -> None:
    choose, account = f"{POLICY}/apply/service", f"{POLICY}/apply/account"
    phone.get(choose)
    assert phone.post(choose).status_code == 422
    assert phone.post(choose, service_id="SVC-QR-01").status_code == 303
    phone.get(account)
    right = places.security_code()
    wrong = f"{(int(right) + 1) % 10_000:04d}"
    # A form shows its own person what was typed, so that it can be put right; but never a My Number or a code.
    for typed, code in (("12", right), ("2580", "TEST123"), (CANARY.name, "1470"), (ACCOUNT, "x"), (ACCOUNT, wrong)):
        answer = phone.post(account, "service id", "pin", "name", account=typed, security_code=code)
        assert answer.status_code == 422, typed
    assert "マイナンバー(12桁)は入力しないで" in phone.post(account, account=MY_NUMBER_TYPED, security_code=right).text
    with without_table(system, "payment_services"):
        assert phone.post(account, account=ACCOUNT, security_code=right).status_code == 500
    with without_table(system, "web_sessions"):
        assert phone.get(account).status_code == 500
    accepted = phone.post(account, account=ACCOUNT, security_code=places.security_code())
    assert accepted.status_code == 303, path_and_status(accepted)


def submit(phone: Visitor, system: System) -> tuple[str, str]:
    confirm = f"{POLICY}/apply/confirm"
    token = re.search(r'name="form_token" value="([^"]+)"', phone.get(confirm, *ITEMS).text)
    assert token
    assert phone.post(confirm, *ITEMS, form_token=token[1]).status_code == 422
    assert phone.post(confirm, form_token=token[1] + "x", confirmed="yes").status_code == 409
    send_by_program(phone)
    with worker_asleep(system):
        sent = phone.post(confirm, form_token=token[1], confirmed="yes")
        assert sent.status_code == 303, path_and_status(sent)
        queued = dump(system, "todoke")
    page = sent.headers["location"].partition("?")[0]
    phone.get(sent.headers["location"])
    wait_for(lambda: phone.get(f"{page}/state").json()["final"])
    assert "付与済" in phone.get(page).text
    assert phone.post(f"{page}/withdraw").status_code == 409
    assert phone.get(f"{page}/withdraw").status_code == 303
    assert phone.get(f"{page}/answer").status_code == 303, "nothing is asked"
    assert phone.post(f"{page}/answer", answer=CANARY.name).status_code == 303
    assert phone.get(f"{page}/refusal").status_code == 303, "nothing stands refused"
    assert phone.post(f"{page}/refusal", reason=CANARY.name).status_code == 303
    for step in ("service", "account"):
        assert phone.get(f"{page}/{step}?service=SVC-QR-01").status_code == 409
    typed = {"account": ACCOUNT, "security_code": "1470", "service_id": CANARY.name, "form_token": CANARY.name}
    for step in ("service", "account", "assign"):
        assert phone.post(f"{page}/{step}", **typed).status_code == 409
    return queued, page.rpartition("/")[2]


def send_by_program(phone: Visitor) -> None:
    """The same draft read back as JSON, and sent wrongly: a note in it, a key that names somebody, another's token."""
    api = f"/api/v1{POLICY}"
    draft = phone.get(f"{api}/draft").json()
    assert draft["missing"] is None
    headers = {
        "X-CSRFToken": draft["csrf_token"],
        "Origin": phone.system.url,
        "Idempotency-Key": f"{ACCOUNT}-{ACCOUNT}",
    }
    for body in ({"note": CANARY.name}, {"read_back": CANARY.address, "confirmed": True}):
        assert phone.raw("POST", f"{api}/applications", json=body, headers=headers).status_code in (400, 409)


def meet_errors(phone: Visitor, receipt: str) -> None:
    phone.get("/applications")
    assert phone.get("/mail").status_code == 200
    assert phone.post("/mail", what="address", address=MAIL).status_code == 303
    assert "確認コード" in phone.get("/mail").text
    assert phone.post("/mail", what="code", code=CANARY.name).status_code == 422
    assert phone.get(f"/receipt/{quote(CANARY.name)}").status_code == 404
    assert phone.post(f"/receipt/{quote(CANARY.name)}", what="send").status_code == 404
    assert phone.get(f"/policies/{quote(CANARY.name)}").status_code == 404
    assert phone.get(f"/{quote(CANARY.address)}").status_code == 404
    assert phone.raw("POST", "/policies", data={"name": CANARY.name}).status_code == 405
    assert phone.raw("PUT", f"{POLICY}/apply", data={"pin": "2580"}).status_code == 405
    assert phone.post(f"{POLICY}/apply/consent", note=CANARY.address * 200).status_code == 413
    assert phone.post(f"{POLICY}/apply/consent", note=CANARY.name + "\x00").status_code == 400
    forged = {"csrf_token": "x", "account": ACCOUNT, "note": CANARY.name}
    assert phone.raw("POST", f"{POLICY}/apply/account", data=forged).status_code == 409
    stranger = {"code": CANARY.name, "public_key": "00" * 32}
    assert phone.raw("POST", "/api/agent/v1/pair", json=stranger).status_code in (400, 401)
    session = "00000000-0000-7000-8000-000000000000"
    assert phone.raw("POST", f"/api/agent/v1/sessions/{session}/relay", json={"answers": []}).status_code == 401
    assert phone.raw("POST", "/api/agent/v1/take", json={"name": CANARY.name}).status_code == 401
    assert phone.raw("POST", "/api/provider/v1/grant-results", json={"reason": CANARY.name}).status_code == 401
    assert phone.raw("POST", "/api/provider/v1/purchases", json={"account": CANARY.name}).status_code == 401
    assert phone.get(f"/policies?account={ACCOUNT}&pin=2580").status_code == 200
    assert phone.get(f"/applications/{receipt}").status_code == 200
    assert phone.post("/sign-out").status_code == 303
    assert phone.get(f"/applications/{receipt}").status_code == 303


def be_read_at_the_desk(phone: Visitor, places: Places) -> None:
    """The status by card, at the desk's reader, with every mistake that a person can make at the keypad."""
    number = places.desk["reader_no"]
    assert phone.get("/status").status_code == 200
    mistyped = phone.open_reading("/status", number)
    places.lay_card()
    for text_pin, auth_pin in (("TEST123", "1470"), (MY_NUMBER_TYPED, "1470"), ("", "25801470"), ("２５８", "1470")):
        assert places.type_pins(text_pin, auth_pin, phone.number_on(mistyped)).status_code == 422
    assert places.type_pins("2580", "1470", "1").status_code == 422
    assert places.type_pins("1470", "2580", phone.number_on(mistyped)).status_code == 303  # the two mixed up
    places.see_the_end()
    assert "E101" in phone.go_on(mistyped).text
    places.take_card()

    read = phone.open_reading("/status", number)
    places.lay_card()
    assert places.type_pins("2580", "1470", phone.number_on(read)).status_code == 303
    places.see_the_end()
    assert phone.go_on(read).headers["location"] == "/applications"
    places.take_card()
    assert "P001-" in phone.get("/applications").text

    for policy, code in ((POLICY, "E206"), (ELSEWHERE, None)):
        again = phone.open_reading(f"{policy}/apply/identity", number)
        places.lay_card()
        places.type_pins("2580", "1470", phone.number_on(again))
        places.see_the_end()
        places.take_card()
        answer = phone.go_on(again)
        assert code is None or code in answer.text
    assert "E201" in phone.get(f"{ELSEWHERE}/apply/result", *ITEMS).text
    assert "E201" in phone.post(f"{ELSEWHERE}/apply/result").text
    assert phone.post("/sign-out").status_code == 303


def a_stranger_looks(stranger: Visitor, places: Places, receipt: str) -> None:
    """Somebody else with the canary's receipt number, and with the canary's service ID."""
    read = stranger.open_reading(f"{POLICY}/apply/identity", places.journey["reader_no"])
    places.read(OTHER)
    assert stranger.go_on(read).status_code == 303
    for path in ("", "/state"):
        assert stranger.get(f"/applications/{receipt}{path}").status_code == 404
    assert stranger.post(f"/applications/{receipt}/withdraw").status_code == 404
    stranger.get(f"{POLICY}/apply/result")
    stranger.post(f"{POLICY}/apply/result", action="continue")
    stranger.post(f"{POLICY}/apply/consent", **TICKS)
    stranger.post(f"{POLICY}/apply/service", service_id="SVC-QR-01")
    code = places.security_code()
    taken = stranger.post(f"{POLICY}/apply/account", "service id", account=ACCOUNT, security_code=code)
    assert taken.status_code == 422, path_and_status(taken)
    assert "別の方の申込で使われています" in taken.text
