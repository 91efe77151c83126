"""Until when a submit is taken: all of the last day, by the clock at submit, and a quarter of an hour of grace."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from app import clock, db
from app.applications import ApplicationState, ConfirmingPage, submit
from app.applications.draft import digest_of
from app.applications.models import Application
from tests.applications.applicants import CARD, applicant, apply, fill_in, open_policy, stored
from tests.applications.submitting import AMOUNT, at, refusal

pytestmark = pytest.mark.usefixtures("installation")


ON_THE_PAGE = at("2027-01-31T23:58:00")


def page_of(draft: UUID, opened: datetime | None) -> ConfirmingPage | None:
    """The confirming page of this draft as it stands, given out at that moment."""
    return ConfirmingPage(opened, digest_of(stored(draft))) if opened else None


def submit_at(now: str, opened: datetime | None = None) -> Application:
    """Fill in two minutes before the end of 2027-01-31 and submit at ``now``."""
    open_policy()
    with clock.frozen(ON_THE_PAGE):
        who = applicant()
        draft = fill_in(who)
    with clock.frozen(at(now)):
        submit("P-001", draft, who.person_id, page=page_of(draft, opened))
    return stored(draft)


@pytest.mark.parametrize("now", ["2027-01-31T23:59:59", "2027-01-31T23:59:59.999"])
def test_br_01_the_end_includes_its_whole_day(now: str) -> None:
    row = submit_at(now)
    assert (row.state, row.in_grace) == (ApplicationState.APPROVED, False)


def test_br_01_the_next_day_is_too_late() -> None:
    with refusal("E208"):
        submit_at("2027-02-01T00:00:00")


def test_br_02_the_clock_at_submit_decides_and_not_when_the_draft_was_begun() -> None:
    with refusal("E208"):
        submit_at("2027-02-01T00:01:00")


@pytest.mark.parametrize("now", ["2027-02-01T00:00:00", "2027-02-01T00:01:00", "2027-02-01T00:15:00"])
def test_br_03_who_was_on_the_confirming_page_has_fifteen_minutes_more(now: str) -> None:
    row = submit_at(now, ON_THE_PAGE)
    assert (row.state, row.in_grace) == (ApplicationState.APPROVED, True)


def test_br_03_a_second_later_the_grace_is_over() -> None:
    with refusal("E208"):
        submit_at("2027-02-01T00:15:01", ON_THE_PAGE)


def test_br_03_a_page_opened_in_the_last_instant_of_the_day_counts() -> None:
    assert submit_at("2027-02-01T00:00:01", at("2027-01-31T23:59:59.999")).in_grace


def test_br_03_a_page_opened_after_the_end_gives_no_grace() -> None:
    with refusal("E208"):
        submit_at("2027-02-01T00:05:00", at("2027-02-01T00:00:00"))


def test_br_03_grace_opens_no_policy_that_was_full_at_its_end() -> None:
    open_policy(capacity=1, budget=AMOUNT)
    with clock.frozen(ON_THE_PAGE):
        late = applicant()
        draft = fill_in(late)
        apply(applicant())
    with clock.frozen(at("2027-02-01T00:01:00")), refusal("E208"):
        submit("P-001", draft, late.person_id, page=page_of(draft, ON_THE_PAGE))


def test_br_03_grace_does_not_lengthen_a_service_that_ended_before_the_policy() -> None:
    open_policy()
    with clock.frozen(at("2027-01-21T23:59:00")):
        who = applicant()
        draft = fill_in(who, service_id=CARD, account="6000000000000015")
    with clock.frozen(at("2027-02-01T00:01:00")), refusal("E304"):
        submit("P-001", draft, who.person_id, page=page_of(draft, ON_THE_PAGE))


def test_br_12_a_service_may_close_between_choice_and_submit() -> None:
    open_policy()
    with clock.frozen(at("2027-01-21T23:59:59")):
        who = applicant()
        draft = fill_in(who, service_id=CARD, account="6000000000000015")
    with clock.frozen(at("2027-01-22T00:00:00")), refusal("E304"):
        submit("P-001", draft, who.person_id)


def test_a_suspended_policy_takes_no_submit() -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who)
    with db.transaction() as session:
        session.execute(text("UPDATE policies SET state = 'suspended'"))
    with refusal("E210"):
        submit("P-001", draft, who.person_id)
