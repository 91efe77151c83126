"""Submit: one transaction that judges, reserves, links, plans and orders; refused with a reason, or not at all."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from app import applications, clock, db, payments, points, screening
from app.applications import ApplicationState, submit
from app.applications.models import Application
from tests.applications.applicants import (
    agree,
    applicant,
    apply,
    change_policy,
    checks_of,
    counters,
    fill_in,
    grants_of,
    open_policy,
    orders,
    rows_in,
    stored,
)
from tests.applications.submitting import AMOUNT, at, audited, refusal

pytestmark = pytest.mark.usefixtures("installation")


def test_a_submit_that_passes_does_everything_at_once() -> None:
    open_policy(capacity=10)
    who = applicant()
    draft = fill_in(who)
    receipt = submit("P-001", draft, who.person_id)
    row = stored(draft)
    assert (receipt.receipt_no, receipt.state, receipt.already) == (row.receipt_no, ApplicationState.APPROVED, False)
    assert (row.submitted_at, row.decided_at, row.policy_version) == (clock.now(), clock.now(), 1)
    assert checks_of(draft) == {"CARD_AUTO": "passed", "SUPPORT_MEASURE": "passed"}
    (grant,) = grants_of(draft)
    (order,) = orders()
    assert (grant.state, grant.amount, order.grant_id, order.state) == ("ordered", AMOUNT, grant.id, "created")
    assert (counters().seats_taken, counters().ordered) == (1, AMOUNT)
    assert rows_in("procrastinate_jobs") == 1
    assert audited("application.submitted") == 1


def test_what_was_typed_is_kept_in_the_link_alone_after_the_submit() -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who, account="1234567890123")
    assert stored(draft).draft_account_enc is not None
    submit("P-001", draft, who.person_id)
    row = stored(draft)
    assert (row.draft_account_enc, row.draft_last4, row.holder_masked) == (None, None, None)
    with db.reading() as session:
        link = payments.link_of_application(session, "P-001", draft)
    assert link is not None
    assert (link.last4, link.state) == ("0123", payments.LinkState.LOCKED)


def test_the_same_draft_sent_again_gives_the_same_receipt_and_takes_nothing_more() -> None:
    open_policy(capacity=10)
    who = applicant()
    draft = fill_in(who)
    first = submit("P-001", draft, who.person_id)
    again = submit("P-001", draft, who.person_id)
    assert (again.receipt_no, again.already) == (first.receipt_no, True)
    assert (counters().seats_taken, len(orders()), audited("application.submitted")) == (1, 1, 1)


def test_the_same_draft_sent_again_after_the_end_still_gives_its_receipt() -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who)
    first = submit("P-001", draft, who.person_id)
    with clock.frozen(at("2027-03-01T00:00:00")):
        assert submit("P-001", draft, who.person_id).receipt_no == first.receipt_no


def test_another_persons_draft_looks_like_none_and_stays_as_it_is() -> None:
    open_policy()
    owner, other = applicant(), applicant()
    draft = fill_in(owner)
    with refusal("E504"):
        submit("P-001", draft, other.person_id)
    with refusal("E504"):
        submit("P-001", uuid4(), other.person_id)
    assert stored(draft).state == ApplicationState.STARTED
    assert submit("P-001", draft, owner.person_id).state is ApplicationState.APPROVED


def test_a_draft_of_one_policy_cannot_be_sent_to_another() -> None:
    open_policy()
    open_policy("P-101")
    who = applicant()
    draft = fill_in(who)
    with refusal("E504"):
        submit("P-101", draft, who.person_id)


@pytest.mark.parametrize(
    "missing",
    [{"consents": {}}, {"service_id": None}, {"draft_account_enc": None}],
    ids=lambda values: next(iter(values)),
)
def test_a_draft_that_is_not_complete_is_sent_back_to_the_step_that_is_missing(missing: dict[str, Any]) -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who)
    with db.transaction() as session:
        session.execute(update(Application).where(Application.id == draft).values(missing))
    with refusal("E504"):
        submit("P-001", draft, who.person_id)
    assert stored(draft).state == ApplicationState.STARTED


def test_a_failed_condition_is_told_and_leaves_no_application() -> None:
    open_policy()
    who = applicant(address="みらい県かわなみ市川辺三丁目７番８号")
    draft = fill_in(who)
    with refusal("E201"):
        submit("P-001", draft, who.person_id)
    assert (stored(draft).state, counters().seats_taken, rows_in("checks")) == (ApplicationState.STARTED, 0, 0)


def test_who_asks_for_a_review_of_a_failed_condition_is_looked_at_by_staff() -> None:
    open_policy()
    who = applicant(address="みらい県かわなみ市川辺三丁目７番８号")
    draft = fill_in(who)
    with db.transaction() as session:
        applications.request_review(session, "P-001", who.person_id)
    assert submit("P-001", draft, who.person_id).state is ApplicationState.SCREENING
    assert (counters().reserved, grants_of(draft)) == (AMOUNT, [])


def test_a_policy_that_changed_since_the_consent_is_agreed_to_anew() -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who)
    change_policy("P-001", benefit__amount=5_000)
    with refusal("E217"):
        submit("P-001", draft, who.person_id)
    agree(who)
    submit("P-001", draft, who.person_id)
    row = stored(draft)
    assert (row.policy_version, row.amount, counters().ordered) == (2, 5_000, 5_000)


STEPS = [
    (payments, "new_link"),
    (payments, "insert_link"),
    (screening, "write_checks"),
    (points, "plan_grant"),
    (points, "order_grant"),
    (points.Book, "write_rows"),
]


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
def test_br_33_a_fault_in_the_middle_leaves_nothing_half_done(
    owner: Any, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_policy(capacity=10)
    who = applicant()
    draft = fill_in(who)
    before = counters()
    tables = ("checks", "payment_links", "ledger_entries", "grants", "grant_orders", "procrastinate_jobs")
    rows = {table: rows_in(table) for table in tables}
    done = getattr(owner, step)

    def break_down(*arguments: Any, **named: Any) -> None:
        done(*arguments, **named)
        raise RuntimeError("the lights go out")

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, break_down)
        with pytest.raises(RuntimeError, match="the lights go out"):
            submit("P-001", draft, who.person_id)
    row = stored(draft)
    assert (row.state, row.receipt_no) == (ApplicationState.STARTED, None)
    assert row.draft_account_enc is not None
    assert counters() == before
    assert {table: rows_in(table) for table in tables} == rows
    assert audited("application.submitted") == 0
    assert submit("P-001", draft, who.person_id).state is ApplicationState.APPROVED


def test_br_25_under_15_the_guardian_applies() -> None:
    open_policy()
    child = applicant(birth_date="20111201")
    with clock.frozen(at("2026-11-30T23:59:59")), refusal("E211"):
        fill_in(child)
    with clock.frozen(at("2026-12-01T00:00:00")):
        assert apply(child).state is ApplicationState.APPROVED


@pytest.mark.parametrize(
    "evidence", [{"assurance": "unattended"}, {"revocation": "not_checked"}, {"assurance": "staff"}], ids=str
)
@pytest.mark.parametrize("address", ["みらい県あさひ市本町１丁目１番１号", "みらい県かわなみ市川辺三丁目７番８号"])
def test_br_32_evidence_that_proves_too_little_is_looked_at_by_staff_and_never_refused(
    evidence: dict[str, Any], address: str
) -> None:
    open_policy()
    who = applicant(address=address, **evidence)
    draft = fill_in(who)
    assert submit("P-001", draft, who.person_id).state is ApplicationState.SCREENING
    assert checks_of(draft)["CARD_AUTO"] == "inconclusive"
    assert (grants_of(draft), counters().reserved, counters().seats_taken) == ([], AMOUNT, 1)


@pytest.mark.parametrize(
    ("accepts", "evidence"),
    [
        ({"accept_unattended": True}, {"assurance": "unattended"}),
        ({"accept_revocation_unchecked": True}, {"revocation": "not_checked"}),
    ],
)
def test_br_32_a_policy_may_declare_that_it_believes_more(accepts: dict[str, Any], evidence: dict[str, Any]) -> None:
    open_policy(**accepts)
    assert apply(applicant(**evidence)).state is ApplicationState.APPROVED


def test_evidence_of_another_person_carries_nobody() -> None:
    open_policy()
    who, other = applicant(), applicant()
    draft = fill_in(who)
    with db.transaction() as session:
        session.execute(update(Application).where(Application.id == draft).values(evidence_id=other.evidence_id))
    with refusal("E504"):
        submit("P-001", draft, who.person_id)
