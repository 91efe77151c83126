"""Bad input in forms: each gets a clear answer with the right status, and changes nothing."""

from __future__ import annotations

import time

import pytest
from itsdangerous import TimestampSigner

from tests.web.service import ACCOUNT, CODE, POLICY, STEPS, Browser, Service, check_is_clear, error_code

ASAHI, NEIGHBOUR = "TP-02", "TP-10"
UNKNOWN_ID = "01a20019-652e-719c-a236-e0c0054ceb04"
FORMS = (
    STEPS,
    f"{STEPS}/identity",
    f"{STEPS}/result",
    f"{STEPS}/consent",
    f"{STEPS}/service",
    f"{STEPS}/account",
    f"{STEPS}/confirm",
    f"/card-sessions/{UNKNOWN_ID}",
    "/status",
    "/sign-out",
    "/applications/P001-0000-0000/withdraw",
)
CONTROLS = ("\x00", "a\x00b", "\x07", "\x1b[31m", "\x7f", "\x85", "\x9f")


def state_of(service: Service) -> tuple[object, ...]:
    """What a refused form must leave as it was."""
    drafts = [(a.id, a.state, a.service_id, a.draft_last4, bool(a.consents)) for a in service.applications()]
    return (drafts, service.rows("card_sessions"), service.rows("ledger_entries"), service.rows("procrastinate_jobs"))


@pytest.fixture
def half_way(browser: Browser) -> Browser:
    """Somebody who stands on the page for the service ID."""
    browser.to_account(ASAHI)
    return browser


# Tokens


def test_a_form_without_its_token_is_refused_everywhere(half_way: Browser) -> None:
    before = state_of(half_way.service)
    for path in FORMS:
        answer = half_way.post(path, data={"reader": half_way.service.reader.reader_no, "confirmed": "yes"})
        check_is_clear(answer, 409)
        assert error_code(answer) == "E504", path
    assert state_of(half_way.service) == before
    assert half_way.get("/applications").status_code == 200, "a forged sign-out must not sign anybody out"


def test_a_foreign_or_forged_token_is_refused(half_way: Browser) -> None:
    stranger = half_way.service.browser()
    own = half_way.token()
    for token in (stranger.token(), own[:-1], own + "x", own.swapcase(), "x", "あ", "." * 100):
        answer = half_way.post(f"{STEPS}/account", data={"csrf_token": token, "account": ACCOUNT})
        check_is_clear(answer, 409)
        assert error_code(answer) == "E504", token


def test_an_expired_token_is_refused(half_way: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    token = half_way.token()
    data = {"csrf_token": token, "account": ACCOUNT, "security_code": CODE}
    with monkeypatch.context() as later:
        later.setattr(TimestampSigner, "get_timestamp", lambda signer: int(time.time()) + 8 * 3600 + 1)
        answer = half_way.post(f"{STEPS}/account", data=data)
    check_is_clear(answer, 409)
    assert error_code(answer) == "E504"
    assert half_way.post(f"{STEPS}/account", data=data).status_code == 303, "the same token in time is good"


def test_a_token_does_not_outlive_signing_out(half_way: Browser) -> None:
    token = half_way.token()
    half_way.send("/sign-out")
    assert half_way.post("/status", data={"csrf_token": token, "reader": "1"}).status_code == 409


# Shapes


def test_control_characters_are_refused_in_every_field(half_way: Browser) -> None:
    before = state_of(half_way.service)
    for value in CONTROLS:
        for field in ("account", "security_code", "reader_number", "service_id", "action", "anything"):
            check_is_clear(half_way.send(f"{STEPS}/account", **{"account": ACCOUNT, field: value}), 400)
        check_is_clear(half_way.get("/policies", query_string={"keyword": value}), 400)
        check_is_clear(half_way.get("/policies", query_string={value: "1"}), 400)
    assert state_of(half_way.service) == before


def test_control_characters_in_an_address_lead_nowhere(half_way: Browser) -> None:
    for path in ("/policies/%00", "/policies/P-001%00", "/policies/%1b/apply", "/applications/%00", "/%00"):
        check_is_clear(half_way.get(path), 404)


def test_broken_utf_8_and_lone_surrogates_do_no_harm(half_way: Browser) -> None:
    token = half_way.token()
    for broken in ("\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe", b"\xc0\xaf"):
        escaped = "".join(f"%{byte:02X}" for byte in broken).encode()
        for typed, status in ((broken, 400), (escaped, 422)):
            body = b"csrf_token=" + token.encode() + b"&security_code=1234&account=" + typed
            answer = half_way.post(f"{STEPS}/account", data=body, content_type="application/x-www-form-urlencoded")
            check_is_clear(answer, status)
        assert half_way.get("/policies?keyword=" + escaped.decode()).status_code == 200
        check_is_clear(half_way.get("/policies/" + escaped.decode()), 404)


def test_over_long_text_is_refused(half_way: Browser) -> None:
    for field in ("account", "security_code", "csrf_token", "form_token", "anything"):
        check_is_clear(half_way.post(f"{STEPS}/account", data={field: "1" * 2001}), 413)
    check_is_clear(half_way.get("/policies", query_string={"keyword": "あ" * 2001}), 413)
    check_is_clear(half_way.get("/policies", query_string={"x" * 2001: "1"}), 413)


def test_huge_bodies_are_refused(half_way: Browser) -> None:
    for body, kind in (
        (b"account=" + b"1" * 300_000, "application/x-www-form-urlencoded"),
        (b"--x\r\n" + b"1" * 300_000, "multipart/form-data; boundary=x"),
        (b'"' + b"1" * 300_000 + b'"', "application/json"),
    ):
        check_is_clear(half_way.post(f"{STEPS}/account", data=body, content_type=kind), 413)


def test_too_many_fields_are_refused(half_way: Browser) -> None:
    check_is_clear(half_way.post(f"{STEPS}/account", data={f"f{n}": "1" for n in range(61)}), 413)
    check_is_clear(half_way.post(f"{STEPS}/account", data={"account": ["1"] * 61}), 413)
    check_is_clear(half_way.get("/policies", query_string={f"f{n}": "1" for n in range(61)}), 413)
    parts = {f"f{n}": (b"1", f"{n}.txt") for n in range(61)}
    many = half_way.post(f"{STEPS}/account", data=parts, content_type="multipart/form-data")
    check_is_clear(many, 413)


def test_a_body_of_another_kind_is_refused(half_way: Browser) -> None:
    before = state_of(half_way.service)
    for kind in ("application/json", "text/plain", "text/xml", "x", ""):
        check_is_clear(half_way.post(f"{STEPS}/account", data=b'{"account": "1"}', content_type=kind), 409)
    for body in (b"x", b"--y\r\n\r\n"):
        for kind in ("multipart/form-data", "multipart/form-data; boundary=y"):
            check_is_clear(half_way.post(f"{STEPS}/account", data=body, content_type=kind), 400)
    assert state_of(half_way.service) == before


def test_other_methods_are_refused_with_the_ones_that_are_not(half_way: Browser) -> None:
    for method, path in (
        ("POST", "/policies"),
        ("DELETE", f"/policies/{POLICY}"),
        ("PUT", f"{STEPS}/account"),
        ("PATCH", "/applications"),
        ("GET", "/sign-out"),
        ("DELETE", "/applications/P001-0000-0000/withdraw"),
        ("POST", "/healthz"),
    ):
        answer = half_way.client.open(path, method=method, data={"csrf_token": half_way.token()})
        check_is_clear(answer, 405)
        assert answer.headers["Allow"], path


def test_unknown_ids_are_not_found(half_way: Browser) -> None:
    for path in (
        "/policies/P-999",
        "/policies/P-999/apply",
        "/policies/P-999/apply/result",
        "/policies/" + "x" * 3000,
        f"/card-sessions/{UNKNOWN_ID}",
        f"/card-sessions/{UNKNOWN_ID}/next",
        "/card-sessions/1",
        "/applications/P001-0000-0000",
        "/applications/x' OR '1'='1",
        "/nowhere",
        "/static/nowhere.css",
        "/static/../settings.py",
        "/.env",
    ):
        check_is_clear(half_way.get(path), 404)


# Each step's own fields


def test_a_reader_must_be_chosen_and_known(browser: Browser) -> None:
    for number in ("", "000000", "abc", "999 999", "<b>1</b>", "²²²²²²", "٣٤٥٦٧٨"):
        answer = browser.send(f"{STEPS}/identity", reader="other", reader_number=number)
        check_is_clear(answer, 422)
        assert "<b>1" not in answer.get_data(as_text=True)
    assert browser.service.rows("card_sessions") == 0
    check_is_clear(browser.send("/status", reader="other", reader_number="000000"), 422)


def test_all_three_consents_are_needed_and_a_refusal_keeps_nothing(browser: Browser) -> None:
    browser.read_card(ASAHI)
    for ticks in ({}, {"agree_todoke": "yes"}, {"agree_todoke": "yes", "agree_outline": "yes", "agree_service": "no"}):
        check_is_clear(browser.send(f"{STEPS}/consent", **ticks), 422)
    refused = browser.send(f"{STEPS}/consent", action="refuse")
    check_is_clear(refused, 409)
    assert error_code(refused) == "E215"
    assert error_code(browser.get(f"{STEPS}/service")) == "E504"


def test_only_a_service_of_the_policy_can_be_chosen(browser: Browser) -> None:
    browser.to_account(ASAHI)
    for service_id in ("", "none", "SVC-XX-99", "SVC-LC-01", "svc-qr-01", "SVC-QR-01 ", "'"):
        check_is_clear(browser.send(f"{STEPS}/service", service_id=service_id), 422)
    (draft,) = browser.service.applications()
    assert draft.service_id == "SVC-QR-01"


def test_E301_a_wrong_service_id_is_shown_back_and_not_kept(half_way: Browser) -> None:
    told = {
        "": "みらいPay番号を入力してください",
        "1": "入力されたのは1文字(…1)で、12文字足りません",
        "１２３": "入力されたのは3文字(…3)で、10文字足りません",
        "99999999999999": "入力されたのは14文字(…9999)で、1文字多いです",
        "99999999999a3": "12文字目を確認してください",
        "<script>alert(1)</script>": "1文字目を確認してください",
    }
    for typed, text in told.items():
        answer = half_way.send(f"{STEPS}/account", account=typed, security_code=CODE)
        check_is_clear(answer, 422)
        page = answer.get_data(as_text=True)
        assert text in page, typed
        assert "数字13桁" in page, typed
        assert "<script>alert" not in page
        assert CODE not in page, "a security code is never put back"
    assert half_way.service.applications()[0].draft_account_enc is None


def test_E302_a_malformed_security_code_is_refused(half_way: Browser) -> None:
    for code in ("", "123", "12345", "abcd", "12 3"):
        answer = half_way.send(f"{STEPS}/account", account=ACCOUNT, security_code=code)
        check_is_clear(answer, 422)
        assert "「セキュリティコード」は数字4桁です" in answer.get_data(as_text=True)
    assert half_way.service.applications()[0].draft_account_enc is None


def test_E308_a_holder_who_can_be_seen_to_be_another_is_told_and_nothing_is_kept(browser: Browser) -> None:
    browser.to_account("TP-29")  # 有村　凪
    browser.service.provider.holder = "佐＊ 花＊"
    other = browser.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE)
    page = other.get_data(as_text=True)
    assert (other.status_code, "名義がご本人と異なる" in page, "佐＊" in page) == (422, True, False)
    assert browser.service.applications()[0].draft_account_enc is None
    assert browser.get(f"{STEPS}/confirm").status_code == 409


@pytest.mark.parametrize(("holder", "is_a_name"), [("ヨシ＊ ハ＊＊", True), ("有＊ 凪＊", True), ("名義非表示", False)])
def test_E308_a_holder_who_can_not_be_compared_is_read_back_and_not_refused(
    browser: Browser, holder: str, is_a_name: bool
) -> None:
    browser.to_account("TP-29")
    browser.service.provider.holder = holder
    assert browser.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE).status_code == 303
    assert (holder in browser.get(f"{STEPS}/confirm").get_data(as_text=True)) is is_a_name


def test_E306_a_balance_that_is_too_full_is_told_at_the_choice_and_another_id_goes_through(browser: Browser) -> None:
    browser.to_account("TP-29")
    browser.service.provider.room = 9_999
    full = browser.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE)
    assert (full.status_code, "残高の上限" in full.get_data(as_text=True)) == (422, True)
    assert browser.get(f"{STEPS}/confirm").status_code == 409, "nothing was kept"
    browser.service.provider.room = 10_000
    assert browser.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE).status_code == 303


def test_steps_can_not_be_skipped(browser: Browser) -> None:
    later = [f"{STEPS}/{step}" for step in ("result", "consent", "service", "account", "confirm")]
    for path in later:
        assert error_code(browser.get(path)) == "E504", path
    browser.read_card(ASAHI)
    for path in later[2:]:
        answer = browser.get(path)
        check_is_clear(answer, 409)
        assert error_code(answer) == "E504", path
    for path in later[2:4]:
        assert error_code(browser.send(path, service_id="SVC-QR-01", account=ACCOUNT, security_code=CODE)) == "E504"


def test_the_confirming_page_takes_only_its_own_token(browser: Browser) -> None:
    token = browser.to_confirm(ASAHI)
    for forged in ("", "x", token[:-1], token + "x", browser.token(), "." * 50, "あ"):
        answer = browser.send(f"{STEPS}/confirm", form_token=forged, confirmed="yes")
        check_is_clear(answer, 409)
        assert error_code(answer) == "E504", forged
    check_is_clear(browser.send("/policies/P-004/apply/confirm", form_token=token, confirmed="yes"), 409)
    check_is_clear(browser.send(f"{STEPS}/confirm", form_token=token), 422)
    assert browser.service.rows("grants") == 0
    assert browser.send(f"{STEPS}/confirm", form_token=token, confirmed="yes").status_code == 303


def test_another_persons_confirming_page_can_not_be_sent(browser: Browser) -> None:
    token = browser.to_confirm(ASAHI)
    other = browser.service.browser()
    other.to_confirm(NEIGHBOUR, "5555666677778")
    for somebody in (other, browser.service.browser()):
        answer = somebody.send(f"{STEPS}/confirm", form_token=token, confirmed="yes")
        check_is_clear(answer, 409)
        assert error_code(answer) == "E504"


def test_the_same_page_sent_twice_gives_the_same_receipt(browser: Browser) -> None:
    token = browser.to_confirm(ASAHI)
    receipts = {
        browser.send(f"{STEPS}/confirm", form_token=token, confirmed="yes").headers["Location"] for _ in range(3)
    }
    assert len(receipts) == 1


def test_who_opens_readings_without_end_is_asked_to_wait(browser: Browser, real_time_stands: None) -> None:
    for _ in range(30):
        browser.open_reading()
    answer = browser.send(f"{STEPS}/identity", reader=browser.service.reader.reader_no)
    check_is_clear(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 301


def test_who_guesses_security_codes_without_end_is_asked_to_wait(half_way: Browser, real_time_stands: None) -> None:
    for _ in range(20):
        half_way.send(f"{STEPS}/account", account=ACCOUNT, security_code="x")
    answer = half_way.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE)
    check_is_clear(answer, 429)
    assert half_way.service.applications()[0].draft_account_enc is None
