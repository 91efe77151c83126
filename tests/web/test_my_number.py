"""BR-57 and BR-58: a My Number is refused wherever it is typed, and neither stored nor logged."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from app import db, payments, points, policies
from app.payments import gateways
from tests.points.fake_provider import FakeProvider
from tests.policies.samples import item
from tests.web.service import CODE, STEPS, Browser, Service, check_is_clear, error_code

# A number that nobody has and that stands nowhere in the sample data.
NUMBER = "847362519406"
TYPED = (NUMBER, "8473-6251-9406", "８４７３　６２５１　９４０６", f"番号は{NUMBER}です", f"{NUMBER}\nです")
SPELLED = ("8.47362519406E+11", "847,362,519,406", "八四七三六二五一九四〇六")
NOT_ONE = ("847362519407", f"{NUMBER}1", "84736251940", "84736251940６７", "8.47362519407E+11", "847,362,519,407")
DIGITS = (NUMBER, "8473-6251-9406", "８４７３", "84736251")
PREPAID = "P-901"
PREPAID_STEPS = f"/policies/{PREPAID}/apply"

FIELDS = (
    (f"{STEPS}/identity", ("reader", "reader_number")),
    ("/status", ("reader", "reader_number")),
    (f"{STEPS}/result", ("action",)),
    (f"{STEPS}/consent", ("action", "agree_todoke", "agree_outline", "agree_service")),
    (f"{STEPS}/service", ("service_id", "account")),
    (f"{STEPS}/account", ("account", "security_code", "confirmed_not_my_number", "note")),
    (f"{STEPS}/confirm", ("confirmed", "account", "note")),
    ("/sign-out", ("note",)),
)
PAGES = (
    "/",
    "/policies",
    "/policies/P-001",
    STEPS,
    f"{STEPS}/account",
    "/status",
    "/applications",
    "/healthz",
    "/nowhere",
)


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def half_way(browser: Browser) -> Browser:
    browser.to_account("TP-02")
    return browser


@pytest.fixture
def prepaid(service: Service) -> Iterator[Browser]:
    """Somebody who stands on the ID page of SVC-PP-01, whose IDs are 12 digits themselves."""
    with db.transaction() as session:
        policy = item("P-001", {"policy_id": PREPAID, "services": ["SVC-PP-01"]})
        policies.load_policies(session, [policy], source="t", known_services=payments.known_service_ids(session))
        points.fund(session, PREPAID, 100_000)
    gateways.register("PRV-07", FakeProvider())
    browser = service.browser()
    browser.read_card("TP-02", f"{PREPAID_STEPS}/identity")
    browser.send(f"{PREPAID_STEPS}/consent", agree_todoke="yes", agree_outline="yes", agree_service="yes")
    assert browser.send(f"{PREPAID_STEPS}/service", service_id="SVC-PP-01").status_code == 303
    yield browser


def whole_database() -> str:
    """Every row of every table as text."""
    with db.reading() as session:
        names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        return "\n".join(
            str(row) for name in names for row in session.scalars(text(f'SELECT to_jsonb(t)::text FROM "{name}" t'))
        )


def check_left_no_trace(logged: list[MutableMapping[str, Any]]) -> None:
    everything = whole_database() + repr(logged)
    for digits in DIGITS:
        assert digits not in everything


def test_BR_57_a_my_number_is_refused_in_every_field_of_every_form(
    half_way: Browser, logged: list[MutableMapping[str, Any]]
) -> None:
    before = [(a.service_id, a.draft_last4) for a in half_way.service.applications()]
    for path, fields in FIELDS:
        for field in fields:
            for typed in TYPED:
                answer = half_way.send(path, **{"security_code": CODE, field: typed})
                check_is_clear(answer, 422)
                page = answer.get_data(as_text=True)
                assert "マイナンバー(12桁)は入力しないでください。入力内容は保存していません。" in page, (path, field)
                assert not any(digits in page for digits in DIGITS), (path, field)
    assert [(a.service_id, a.draft_last4) for a in half_way.service.applications()] == before
    assert half_way.get("/applications").status_code == 200, "still signed in"
    check_left_no_trace(logged)


def test_BR_57_a_my_number_is_refused_in_every_parameter_of_every_address(
    half_way: Browser, logged: list[MutableMapping[str, Any]]
) -> None:
    for path in PAGES:
        for parameter in ("keyword", "municipality", "page", "account", "sent", "anything"):
            for typed in TYPED:
                answer = half_way.get(path, query_string={parameter: typed})
                check_is_clear(answer, 422)
                assert error_code(answer) == "E309", (path, parameter)
        check_is_clear(half_way.get(path, query_string={NUMBER: ""}), 422)
    answer = half_way.client.post(f"{STEPS}/account?account={NUMBER}", data={"csrf_token": half_way.token()})
    check_is_clear(answer, 422)
    check_left_no_trace(logged)


@pytest.mark.parametrize("typed", SPELLED)
def test_BR_57_as_a_spreadsheet_with_commas_or_in_kanji_it_is_refused_and_leaves_no_trace(
    half_way: Browser, logged: list[MutableMapping[str, Any]], typed: str
) -> None:
    for path, field in ((f"{STEPS}/account", "account"), (f"{STEPS}/account", "security_code"), ("/sign-out", "note")):
        answer = half_way.send(path, **{"security_code": CODE, field: typed})
        check_is_clear(answer, 422)
        page = answer.get_data(as_text=True)
        assert "マイナンバー(12桁)は入力しないでください。入力内容は保存していません。" in page
        assert typed not in page
    assert error_code(half_way.get("/policies", query_string={"keyword": typed})) == "E309"
    assert typed not in whole_database() + repr(logged)


def test_BR_57_what_only_looks_similar_is_a_plain_value(half_way: Browser) -> None:
    for typed in NOT_ONE:
        assert half_way.get("/policies", query_string={"keyword": typed}).status_code == 200
        assert "マイナンバー(12桁)は入力" not in half_way.send(f"{STEPS}/account", account=typed).get_data(as_text=True)


def test_BR_57_a_refused_number_is_not_put_back_into_the_page(half_way: Browser) -> None:
    for typed in TYPED:
        page = half_way.send(f"{STEPS}/account", account=typed, security_code=CODE).get_data(as_text=True)
        assert 'id="account"' in page
        assert typed not in page


def test_BR_57_the_error_page_of_a_number_in_the_address_does_not_log_it(
    browser: Browser, logged: list[MutableMapping[str, Any]]
) -> None:
    for path in (f"/policies/{NUMBER}", f"/applications/{NUMBER}", f"/{NUMBER}"):
        browser.get(path)
    assert [line["status"] for line in logged] == [404, 303, 404]
    check_left_no_trace(logged)


def test_BR_58_a_field_of_twelve_digits_asks_instead_of_refusing(prepaid: Browser) -> None:
    path = f"{PREPAID_STEPS}/account"
    asked = prepaid.send(path, account=NUMBER, security_code="123456")
    check_is_clear(asked, 422)
    assert "これはマイナンバーではなく" in asked.get_data(as_text=True)
    assert 'name="confirmed_not_my_number"' in asked.get_data(as_text=True)
    (draft,) = prepaid.service.applications()
    assert draft.draft_account_enc is None, "nothing is kept before the answer"

    answered = prepaid.send(path, account=NUMBER, security_code="123456", confirmed_not_my_number="yes")
    assert answered.status_code == 303
    (draft,) = prepaid.service.applications()
    assert draft.draft_last4 == NUMBER[-4:]


def test_BR_58_without_the_check_digit_there_is_no_question(prepaid: Browser) -> None:
    assert prepaid.send(f"{PREPAID_STEPS}/account", account="847362519407", security_code="123456").status_code == 303


def test_BR_58_other_fields_of_that_page_refuse(prepaid: Browser) -> None:
    for field in ("security_code", "confirmed_not_my_number", "note"):
        fields = {"account": "847362519407", "security_code": "123456", field: NUMBER}
        check_is_clear(prepaid.send(f"{PREPAID_STEPS}/account", **fields), 422)
    assert prepaid.service.applications()[0].draft_account_enc is None
