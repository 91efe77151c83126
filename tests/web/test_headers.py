"""What every response carries, over http and over https."""

from __future__ import annotations

import re

from sqlalchemy import text
from werkzeug.test import TestResponse

from app import db
from tests.web.service import HTTPS, STEPS, Browser, Service

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self' 'nonce-{nonce}'; worker-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PUBLIC = ("/", "/policies", "/policies/P-001", "/policies/P-002")
RESPONSES = (
    *PUBLIC,
    STEPS,
    f"{STEPS}/identity",
    f"{STEPS}/result",
    "/status",
    "/applications",
    "/nowhere",
    "/policies/P-999",
    "/policies?keyword=123456789018",
    "/healthz",
    "/readyz",
    "/static/todoke.js",
    "/static/nowhere.css",
    "/api/agent/v1/take",
)


def check_headers(path: str, response: TestResponse) -> None:
    headers = response.headers
    (policy,) = headers.get_all("Content-Security-Policy")
    nonces = set(re.findall(r"'nonce-([\w-]{22})'", policy))
    assert len(nonces) == 1, path
    assert policy == CSP.format(nonce=nonces.pop()), path
    assert headers["X-Content-Type-Options"] == "nosniff", path
    assert headers["Referrer-Policy"] == "same-origin", path
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
    assert "camera=()" in headers["Permissions-Policy"], path
    assert headers.get("Cache-Control") == ("no-store" if not found_file(path, response) else "public, max-age=3600")


def found_file(path: str, response: TestResponse) -> bool:
    return path.startswith("/static/") and response.status_code == 200


def test_every_response_carries_the_security_headers(browser: Browser) -> None:
    for path in RESPONSES:
        response = browser.get(path)
        check_headers(path, response)
        assert "Strict-Transport-Security" not in response.headers, f"{path}: http must not promise https"
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
        check_headers(method, browser.client.open("/policies", method=method))
    signed_in = browser.read_card("TP-02")
    check_headers("next", signed_in)
    check_headers("result", browser.get(signed_in.headers["Location"]))


def test_over_https_every_response_promises_https(https_service: Service) -> None:
    browser = https_service.browser()
    for path in RESPONSES:
        response = browser.get(path)
        check_headers(path, response)
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", path


def test_pages_need_no_inline_script_or_style(browser: Browser) -> None:
    browser.read_card("TP-02")
    for path in (*PUBLIC, STEPS, f"{STEPS}/identity", f"{STEPS}/result", "/status", "/applications", "/nowhere"):
        page = browser.get(path, follow_redirects=True).get_data(as_text=True)
        assert " style=" not in page, path
        assert "<style" not in page, path
        assert " onclick=" not in page, path
        assert page.count("<script") == page.count("<script src="), path


def test_public_pages_set_no_cookie(browser: Browser) -> None:
    others = ("/policies?keyword=x", "/nowhere", "/policies/P-999", "/healthz", "/readyz", "/static/icon.svg")
    for path in (*PUBLIC, *others):
        assert browser.get(path).headers.get_all("Set-Cookie") == [], path
    assert browser.service.rows("web_sessions") == 0


def test_over_http_the_cookie_is_closed_to_scripts_and_other_sites(browser: Browser) -> None:
    (cookie,) = browser.get(STEPS).headers.get_all("Set-Cookie")
    assert cookie.startswith("todoke=")
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=Lax"}


def test_over_https_the_cookie_is_bound_to_the_host(https_service: Service) -> None:
    (cookie,) = https_service.browser().get(STEPS).headers.get_all("Set-Cookie")
    assert cookie.startswith("__Host-todoke=")
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"}


def test_over_https_a_form_of_another_site_is_refused_even_with_the_token(https_service: Service) -> None:
    browser = https_service.browser()
    data = {"csrf_token": browser.token(), "reader": https_service.reader.reader_no}
    for headers in ({}, {"Referer": "https://elsewhere.example/"}):
        assert browser.post(f"{STEPS}/identity", data=data, headers=headers).status_code == 409
    own = browser.post(f"{STEPS}/identity", data=data, headers={"Referer": HTTPS + STEPS})
    assert own.status_code == 303


def test_a_session_token_is_kept_as_its_hash_only(browser: Browser) -> None:
    browser.get(STEPS)
    token = browser.cookie
    assert token is not None and len(token) >= 43
    with db.reading() as session:
        row = session.execute(text("SELECT * FROM web_sessions")).one()
    assert token not in str(row)


def test_every_script_has_the_nonce_of_its_own_answer_and_no_page_has_inline_code(browser: Browser) -> None:
    seen = set()
    for path in (*PUBLIC, STEPS, "/status", "/nowhere", "/styleguide"):
        answer = browser.get(path)
        page, policy = answer.get_data(as_text=True), answer.headers["Content-Security-Policy"]
        (nonce,) = set(re.findall(r'nonce="([^"]+)"', page))
        assert f"'nonce-{nonce}'" in policy
        assert not re.search(r'<script(?![^>]* src=)|<style|\son\w+="|\sstyle="|javascript:', page), path
        seen.add(nonce)
    assert len(seen) == len(PUBLIC) + 4


def test_the_service_worker_may_show_the_offline_page_anywhere_and_is_never_kept_too_long(browser: Browser) -> None:
    answer = browser.get("/static/service-worker.js")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
