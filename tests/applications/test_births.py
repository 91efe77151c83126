"""BR-29 and BR-34: a benefit that depends on which child it is, from the guardian's application to the grant."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app import applications, db, people
from app.applications import ApplicationState, Counted, Receipt
from app.applications.models import Application
from app.audit import AuditEvent
from app.people import Birth, BirthsRefused
from app.policies import CheckKind
from app.screening import ReviewRefused, Staff
from tests.applications.applicants import Applicant, by_receipt, checks_of, counters, fill_in, grants_of, open_policy
from tests.applications.guardians import apply_for, child, family_policy, parent
from tests.applications.submitting import refusal
from tests.cases.proposals import read

pytestmark = pytest.mark.usefixtures("installation")

REVIEWER, OTHER = Staff("ST-R1", frozenset({"reviewer"})), Staff("ST-R2", frozenset({"reviewer"}))
APPROVER, COUNTER = Staff("ST-A1", frozenset({"approver"})), Staff("ST-C1", frozenset({"counter"}))
POST_REVIEW = CheckKind.POST_REVIEW
SCHOOLCHILD, PRESCHOOL = "20150601", "20220601"
ELDER, SECOND = Birth(date(2004, 4, 2)), Birth(date(2010, 6, 1))
TOO_OLD = Birth(date(2004, 4, 1))


def tiered_policy(policy_id: str = "P-010", **changes: Any) -> str:
    """P-010 still open at the fixture time: from the third child on, 50,000 at school and 10,000 before."""
    window = {"window__apply_to": "2026-12-15T23:59:59+09:00", "window__assign_by": "2026-12-20T23:59:59+09:00"}
    later = {"window__grant_by": "2027-01-31T23:59:59+09:00", "services": ["SVC-QR-01"], "status": "open"}
    return open_policy(policy_id, **({"sample": "P-010"} | window | later | changes))


def tiers(*of: dict[str, Any]) -> dict[str, Any]:
    return {"benefit": {"type": "tiered", "tiers": list(of)}}


def applied(birth_date: str = SCHOOLCHILD, policy_id: str = "P-010", **who: Any) -> tuple[Applicant, Receipt]:
    son = child(birth_date, **who)
    return son, apply_for(parent(), son, policy_id)


def taken(receipt: Receipt, by: Staff = REVIEWER) -> tuple[str, Any]:
    row = by_receipt(receipt)
    applications.take_check(row.policy_id, row.id, POST_REVIEW, by)
    return row.policy_id, row.id


def amount_of(receipt: Receipt) -> int:
    return by_receipt(receipt).amount


def view(receipt: Receipt) -> applications.ApplicationView:
    row = by_receipt(receipt)
    with db.reading() as session:
        found = applications.view_by_receipt(session, receipt.receipt_no, row.applicant_id)
    assert found is not None
    return found


def recorded_rows() -> list[tuple[bool, int]]:
    from app.people.models import BirthRecord

    with db.reading() as session:
        rows = session.scalars(select(BirthRecord).order_by(BirthRecord.recorded_at, BirthRecord.id))
        return [(row.replaced_at is None, len(row.births_enc)) for row in rows]


def test_br_29_a_third_child_waits_for_the_register_and_gets_the_right_step() -> None:
    tiered_policy()
    _, receipt = applied()
    assert receipt.state is ApplicationState.SCREENING
    assert checks_of(by_receipt(receipt).id, "P-010")["POST_REVIEW"] == "pending"
    assert view(receipt).amount_is_open
    where = taken(receipt)
    found = applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND])
    assert (found.counted, found.nth, found.amount) == (Counted.SETTLED, 3, 50_000)
    assert not view(receipt).amount_is_open
    assert applications.pass_check(*where, POST_REVIEW, REVIEWER) is ApplicationState.APPROVED
    assert [grant.amount for grant in grants_of(where[1])] == [50_000]
    assert (counters("P-010").reserved, counters("P-010").committed) == (0, 50_000)


def test_br_29_the_eldest_beyond_the_limit_leaves_a_second_child_whom_two_people_refuse_and_nobody_else() -> None:
    tiered_policy()
    _, receipt = applied()
    where = taken(receipt)
    found = applications.record_births(*where, REVIEWER, siblings=[TOO_OLD, SECOND])
    assert (found.counted, found.nth) == (Counted.NO_TIER, 2)
    assert by_receipt(receipt).state == ApplicationState.SCREENING, "the program refuses nobody"
    assert view(receipt).status.key == "screening"
    with pytest.raises(ReviewRefused, match="no_tier"):
        applications.pass_check(*where, POST_REVIEW, REVIEWER)
    applications.propose_refusal(*where, POST_REVIEW, REVIEWER, "E203", "第2子のため、第3子以降の区分にあたりません。")
    applications.confirm_refusal(*where, POST_REVIEW, APPROVER, proposal_id=read(*where, POST_REVIEW))
    assert counters("P-010").reserved == 0


def test_br_29_twins_without_an_order_in_the_register_stay_with_staff_until_it_is_known() -> None:
    tiered_policy()
    _, receipt = applied()
    where = taken(receipt)
    twin = Birth(date(2015, 6, 1))
    assert applications.record_births(*where, REVIEWER, siblings=[ELDER, twin]).counted is Counted.TWINS
    with pytest.raises(ReviewRefused, match="amount_open"):
        applications.pass_check(*where, POST_REVIEW, REVIEWER)
    ordered = [ELDER, Birth(twin.day, 1)]
    assert applications.record_births(*where, REVIEWER, siblings=ordered, own_order=2).nth == 3
    assert applications.pass_check(*where, POST_REVIEW, REVIEWER) is ApplicationState.APPROVED


def test_br_29_nobody_passes_a_child_whose_place_nobody_has_recorded() -> None:
    tiered_policy()
    _, receipt = applied()
    where = taken(receipt)
    with pytest.raises(ReviewRefused, match="amount_open"):
        applications.pass_check(*where, POST_REVIEW, REVIEWER)
    assert by_receipt(receipt).state == ApplicationState.SCREENING


@pytest.mark.parametrize(("birth_date", "held"), [(SCHOOLCHILD, 50_000), (PRESCHOOL, 10_000)])
def test_br_34_until_the_register_is_read_the_most_that_the_card_leaves_open_is_held(
    birth_date: str, held: int
) -> None:
    tiered_policy()
    _, receipt = applied(birth_date)
    assert (amount_of(receipt), counters("P-010").reserved) == (held, held)


def test_br_32_somebody_past_the_stages_of_the_policy_is_for_staff_too() -> None:
    tiered_policy()
    pupil = child("20090601")
    receipt = applications.submit("P-010", fill_in(pupil, "P-010"), pupil.person_id)
    assert (receipt.state, amount_of(receipt)) == (ApplicationState.SCREENING, 50_000)
    where = taken(receipt)
    assert applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND]).counted is Counted.NO_TIER


def test_br_29_the_database_lets_no_other_amount_change_nor_this_one_once_it_is_decided() -> None:
    tiered_policy()
    family_policy()
    mother, son = parent(), child(SCHOOLCHILD)
    fixed = by_receipt(apply_for(mother, son))
    _, receipt = applied()
    where = taken(receipt)
    applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND])
    applications.pass_check(*where, POST_REVIEW, REVIEWER)
    for row in (fixed, by_receipt(receipt)):
        with pytest.raises(IntegrityError, match="keeps what was decided"), db.transaction() as session:
            session.execute(update(Application).where(Application.id == row.id).values(amount=1))


def test_br_34_what_the_right_step_does_not_need_goes_back_at_once_and_a_correction_takes_it_again() -> None:
    tiered_policy(**tiers({"nth_child": 3, "amount": 10_000}, {"nth_child_from": 4, "amount": 30_000}))
    _, receipt = applied()
    assert counters("P-010").reserved == 30_000
    where = taken(receipt)
    applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND])
    assert (amount_of(receipt), counters("P-010").reserved) == (10_000, 10_000)
    applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND, Birth(date(2012, 1, 1))])
    assert (amount_of(receipt), counters("P-010").reserved) == (30_000, 30_000)
    assert recorded_rows() == [(False, 0), (True, recorded_rows()[1][1])]
    assert counters("P-010").seats_taken == 1


FIVE_OR_TEN = tiers({"nth_child": 1, "amount": 5_000}, {"nth_child_from": 2, "amount": 10_000})


def register_says(who: Applicant, *siblings: Birth, municipality: str = "993026") -> None:
    """Recorded for an earlier application of the child."""
    births = people.FamilyBirths(Birth(date(2015, 6, 1)), siblings)
    with db.transaction() as session:
        people.record_births(session, who.person_id, municipality, births, recorded_by="ST-R1")


@pytest.mark.parametrize("siblings", [(), (ELDER,)])
def test_br_34_the_last_money_must_cover_this_childs_amount(siblings: tuple[Birth, ...]) -> None:
    tiered_policy(budget=5_000, capacity=None, **FIVE_OR_TEN)
    son, mother = child(SCHOOLCHILD), parent()
    register_says(son, *siblings)
    if siblings:
        with refusal("E209"):
            apply_for(mother, son, "P-010")
        assert counters("P-010").budget == 5_000
    else:
        assert amount_of(apply_for(mother, son, "P-010")) == 5_000
        assert counters("P-010").budget == 0


def test_br_29_what_another_municipality_recorded_is_not_looked_at() -> None:
    tiered_policy()
    son = child(SCHOOLCHILD)
    register_says(son, ELDER, SECOND, municipality="992011")
    assert view(apply_for(parent(), son, "P-010")).amount_is_open


def test_br_29_a_record_reaches_the_childs_other_applications_that_wait() -> None:
    tiered_policy()
    tiered_policy("P-110", **tiers({"nth_child": 3, "amount": 10_000}, {"nth_child_from": 4, "amount": 30_000}))
    son, mother = child(SCHOOLCHILD), parent()
    first = apply_for(mother, son, "P-010")
    other = apply_for(mother, son, "P-110", account="1234567890124")
    applications.record_births(*taken(first), REVIEWER, siblings=[ELDER, SECOND])
    assert view(other).amount == 30_000, "not yet held less"
    applications.look_again(son.person_id)
    assert (view(other).amount, view(other).amount_is_open) == (10_000, False)
    assert counters("P-110").reserved == 10_000


def test_br_29_only_the_reviewer_who_has_the_check_records_and_only_while_it_is_open() -> None:
    tiered_policy()
    _, receipt = applied()
    row = by_receipt(receipt)
    for staff, reason in ((REVIEWER, "not_yours"), (COUNTER, "wrong_role"), (APPROVER, "wrong_role")):
        with pytest.raises(ReviewRefused, match=reason):
            applications.record_births("P-010", row.id, staff, siblings=[ELDER])
    where = taken(receipt)
    with pytest.raises(ReviewRefused, match="not_yours"):
        applications.record_births(*where, OTHER, siblings=[ELDER])
    applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND])
    applications.pass_check(*where, POST_REVIEW, REVIEWER)
    with pytest.raises(ReviewRefused, match="not_in_review"):
        applications.record_births(*where, REVIEWER, siblings=[])
    assert counters("P-010").committed == 50_000


@pytest.mark.parametrize(
    ("siblings", "own_order", "told"),
    [
        ([Birth(date(2026, 11, 21))], None, ("day", 1)),
        ([ELDER, Birth(date(1899, 12, 31))], None, ("day", 2)),
        ([Birth(date(2015, 6, 1), 2)], 2, ("order", 1)),
        ([Birth(date(2015, 6, 1), 10)], 1, ("order", 1)),
        ([ELDER], 0, ("order", 0)),
        ([ELDER] * 16, None, ("too_many", None)),
    ],
)
def test_br_29_births_that_cannot_be_are_refused_and_nothing_is_kept(
    siblings: list[Birth], own_order: int | None, told: tuple[str, int | None]
) -> None:
    tiered_policy()
    _, receipt = applied()
    where = taken(receipt)
    with pytest.raises(BirthsRefused) as caught:
        applications.record_births(*where, REVIEWER, siblings=siblings, own_order=own_order)
    assert (caught.value.reason, caught.value.number) == told
    assert recorded_rows() == []


def test_br_29_the_record_holds_no_name_is_encrypted_and_audited_without_a_day() -> None:
    tiered_policy()
    _, receipt = applied()
    where = taken(receipt)
    applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND])
    applications.record_births(*where, REVIEWER, siblings=[ELDER, SECOND])  # the same again is no second record
    with db.reading() as session:
        stored = repr(session.connection().exec_driver_sql("SELECT * FROM birth_records").all())
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "births.recorded")).all()
    assert "2004" not in stored and "2010-06-01" not in stored
    assert [event.facts for event in events] == [{"siblings": 2, "counted": "settled", "amount": 50_000}]
    assert events[0].actor == "ST-R1"
    assert len(recorded_rows()) == 1


def test_br_15_a_renewed_card_keeps_what_was_recorded_of_the_family() -> None:
    later, earlier = child(SCHOOLCHILD), child(SCHOOLCHILD)
    register_says(later, ELDER)
    applications.link_persons(later.person_id, earlier.person_id, APPROVER)
    with db.reading() as session:
        found = people.births_of(session, earlier.person_id, "993026")
    assert found is not None and found.births.siblings == (ELDER,)
