"""A receipt is shown at the counter: its code opens the state and no more, to staff of that counter, on the record."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app import applications, db
from app.audit import AuditEvent
from app.organisations import Role
from app.screening import Staff
from tests.web.service import ACCOUNT, Service, check_is_clear, person
from tests.web_counter.hands import Counter, signed_in_staff


@pytest.fixture
def receipt(counter: Counter) -> str:
    """TP-02 was served, and comes back with the receipt."""
    number = counter.serve("TP-02")
    counter.finish()
    return number


def look_up(counter: Counter, shown: str) -> tuple[int, str]:
    answer = counter.desk.send("/counter/receipts", receipt=shown)
    return answer.status_code, answer.get_data(as_text=True)


def link_of(service: Service, receipt_no: str) -> str:
    from app.web.resident import receipt_link

    with service.app.test_request_context():
        return receipt_link.private_link(receipt_no)


def test_both_codes_and_the_number_as_people_type_it_open_the_same_page(counter: Counter, receipt: str) -> None:
    host = counter.service.settings.public_url
    shown = [
        receipt,
        f"  {receipt.lower()} ",
        receipt.translate({ord(c): ord(c) + 0xFEE0 for c in receipt}),
        f"{host}/applications/{receipt}",
        f"{host}{link_of(counter.service, receipt)}",
    ]
    for text in shown:
        status, page = look_up(counter, text)
        assert (status, "付与" in page, receipt in page) == (200, True, True), text


def test_the_page_has_no_name_no_full_id_and_no_pin(counter: Counter, receipt: str) -> None:
    _, page = look_up(counter, receipt)
    someone = person("TP-02")
    assert ACCOUNT[-4:] in page
    for hidden in (ACCOUNT, someone.name, someone.address, someone.name.split("　")[0], someone.name[0] + "*"):
        assert hidden not in page
    assert not re.search(r'<input[^>]*name="[^"]*pin', page)
    assert counter.desk.get("/counter/receipts").headers["Cache-Control"] == "no-store"


def test_unknown_another_municipalitys_and_protected_look_alike(counter: Counter, receipt: str) -> None:
    """BR-31: that there is something to hide is not told either."""
    _, other = signed_in_staff(counter.service, "よその窓口", "ST-20", town="992020")
    unknown, elsewhere = look_up(counter, "P001-0000-0000"), look_up(other, receipt)
    (application,) = counter.service.applications()
    applications.set_support_measure(application.beneficiary_id, Staff("ST-03", frozenset({"approver"})))
    protected = look_up(counter, receipt)
    for status, page in (unknown, elsewhere, protected):
        assert status == 422
        assert "担当窓口へ" in page
        assert "みらいPay" not in page
    words = [re.sub(r'value="[^"]*"|<[^>]+>|ST-\d+|よその窓口|1番窓口', "", page) for _, page in (unknown, protected)]
    assert words[0] == words[1]


def test_a_forged_link_and_nonsense_open_nothing(counter: Counter, receipt: str) -> None:
    link = link_of(counter.service, receipt)
    for text in ("", "x" * 501, f"{link}x", f"/receipt/{receipt}", "' OR 1=1 --", f"/applications/{receipt}/answer"):
        answer = counter.desk.send("/counter/receipts", receipt=text)
        check_is_clear(answer, 422)


def test_every_look_is_on_the_audit_with_who_and_where(counter: Counter, receipt: str) -> None:
    look_up(counter, receipt)
    look_up(counter, "P001-0000-0000")
    with db.reading() as session:
        wanted = select(AuditEvent).where(AuditEvent.action == "counter.receipt_looked_up").order_by(AuditEvent.id)
        found = [(one.actor, one.facts["found"]) for one in session.scalars(wanted)]
    assert found == [("ST-01", True), ("ST-01", False)]


def test_nobody_tries_numbers_one_after_the_other(counter: Counter, real_time_stands: None) -> None:
    answers = [look_up(counter, f"P001-0000-{number:04d}")[0] for number in range(61)]
    assert (answers[:60], answers[60]) == ([422] * 60, 429)


def test_only_counter_staff_look(service: Service) -> None:
    _, boss = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER)
    assert boss.desk.get("/counter/receipts").status_code == 403
    assert look_up(boss, "P001-0000-0000")[0] == 403
