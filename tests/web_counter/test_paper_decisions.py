"""Who applied on paper has no mail: until the decision was handed over or posted, no day to choose a service passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import applications, clock, db
from app.organisations import Role
from tests.web.service import Service, check_is_clear
from tests.web_counter.hands import Counter, signed_in_staff
from tests.web_counter.papers import a_ticket, approve_paper, paper, paper_of, receipt_in

LATE = datetime.fromisoformat("2027-02-27T10:00:00+09:00")
"""The day before everybody else's last day to choose in P-001; its grants end on 2027-03-31."""


@pytest.fixture
def approved(counter: Counter) -> Iterator[str]:
    """A paper that others approved the day before the end; its receipt number."""
    with a_ticket(counter):
        receipt = receipt_in(paper(counter))
    with clock.frozen(LATE):
        approve_paper(counter)
        yield receipt


def decisions(counter: Counter) -> str:
    return counter.desk.get("/counter/paper/decisions").get_data(as_text=True)


def tell(counter: Counter, receipt: str) -> str:
    answer = counter.desk.send("/counter/paper/decisions", receipt=receipt)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_br_49_a_paper_does_not_expire_before_its_person_was_told(counter: Counter, approved: str) -> None:
    with clock.frozen(LATE + timedelta(days=20)):
        assert applications.expire_unassigned() == 0
        assert paper_of(counter).state == "approved"
        assert approved in decisions(counter)


def test_br_49_from_the_letter_on_there_are_fourteen_days(counter: Counter, approved: str) -> None:
    page = tell(counter, approved)
    assert "2027年3月13日" in page
    assert "お知らせを印刷する" in page
    assert clock.local(paper_of(counter).assign_by).date() == date(2027, 3, 13)
    with clock.frozen(LATE + timedelta(days=14)):
        assert applications.expire_unassigned() == 0
    with clock.frozen(LATE + timedelta(days=15)):
        assert applications.expire_unassigned() == 1
        assert paper_of(counter).state == "assign_expired"


def test_printing_the_letter_again_does_not_begin_the_days_anew(counter: Counter, approved: str) -> None:
    tell(counter, approved)
    with clock.frozen(LATE + timedelta(days=1)):
        assert "2027年3月13日" in tell(counter, approved)
    assert clock.local(paper_of(counter).assign_by).date() == date(2027, 3, 13)
    assert approved not in decisions(counter).partition("お知らせがまだの紙の申込")[2]


def test_nothing_can_be_chosen_after_the_days_of_the_grants_told_or_not(counter: Counter, approved: str) -> None:
    with clock.frozen(datetime.fromisoformat("2027-03-31T12:00:00+09:00")):
        assert applications.expire_unassigned() == 0
    with clock.frozen(datetime.fromisoformat("2027-04-01T00:00:00+09:00")):
        assert applications.expire_unassigned() == 1


def test_the_list_and_the_letter_name_nobody(counter: Counter, approved: str) -> None:
    from tests.web.service import person

    someone = person("TP-02")
    for page in (decisions(counter), tell(counter, approved)):
        assert [one for one in (someone.name, someone.address) if one in page] == []


def test_only_papers_of_this_counter_that_wait_are_told(counter: Counter, approved: str) -> None:
    for wrong in ("", "P001-0000-0000", "x" * 500):
        check_is_clear(counter.desk.send("/counter/paper/decisions", receipt=wrong), 422)
    _, other = signed_in_staff(counter.service, "よその窓口", "ST-20", town="992020")
    assert approved not in decisions(other)
    check_is_clear(other.desk.send("/counter/paper/decisions", receipt=approved), 422)
    assert paper_of(counter).told_at is None


def test_only_counter_staff_tell(service: Service) -> None:
    _, boss = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER)
    assert boss.desk.get("/counter/paper/decisions").status_code == 403
    assert boss.desk.send("/counter/paper/decisions", receipt="x").status_code == 403


def test_who_applied_with_a_card_is_told_by_nobodys_hand_and_the_database_sees_to_it(counter: Counter) -> None:
    counter.serve("TP-29")
    with pytest.raises(IntegrityError, match="told_of_a_paper"), db.transaction() as session:
        session.execute(text("UPDATE applications SET told_at = now()"))
