"""What somebody tried: a weaker reading in the name of a stronger one, changing what is being sent, refused consent."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app import applications, cards, clock, db, policies
from app.applications import ApplicationState, ConfirmingPage, submit, withdraw
from app.applications.draft import digest_of, erase_unused_facts
from app.people.models import PersonFacts
from app.points import Account, check_invariants, held_for
from tests.applications.applicants import (
    agree,
    applicant,
    apply,
    by_receipt,
    change_policy,
    fill_in,
    open_policy,
    stored,
)
from tests.applications.submitting import AMOUNT, refusal

pytestmark = pytest.mark.usefixtures("installation")


def _readings() -> int:
    with db.reading() as session:
        return session.scalars(select(func.count()).select_from(PersonFacts)).one()


def test_a_later_reading_never_speaks_for_an_earlier_one() -> None:
    """Else a forged birth date, read by nobody in particular, would pass on the word of a counter's reader."""
    certificate = os.urandom(32)
    true = applicant(birth_date="20150101", certificate=certificate)
    forged = applicant(birth_date="19800101", certificate=certificate, assurance="unattended")
    assert true.person_id == forged.person_id
    with db.reading() as session:
        seen = cards.evidence_of(session, true.evidence_id)
        assert seen is not None
        assert str(seen.birth_date) == "2015-01-01"


def test_br_14_another_spelling_read_later_does_not_hide_a_duplicate() -> None:
    open_policy()
    first = applicant("試験　花子", birth_date="19900101", sex="2")
    apply(first)
    certificate = os.urandom(32)
    second = applicant("試験　花子", birth_date="19900101", sex="2", certificate=certificate)
    draft = fill_in(second)
    applicant("別人　太郎", certificate=certificate)
    receipt = submit("P-001", draft, second.person_id)
    assert receipt.state is ApplicationState.SCREENING
    assert stored(draft).duplicate_suspected


def test_what_is_sent_is_what_was_read_back() -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who)
    page = ConfirmingPage(clock.now(), digest_of(stored(draft)))
    fill_in(who, account="1111111111111")  # in another tab
    with refusal("E504"):
        submit("P-001", draft, who.person_id, page=page)
    assert submit("P-001", draft, who.person_id).already is False


def test_nothing_of_a_sent_application_can_be_filled_in_again() -> None:
    open_policy()
    who = applicant()
    receipt = apply(who)
    with refusal("E504"):
        agree(who)
    with refusal("E504"), db.transaction() as session:
        applications.request_review(session, "P-001", who.person_id)
    assert by_receipt(receipt).amount == AMOUNT


def test_a_withdrawal_gives_back_what_the_ledger_holds() -> None:
    open_policy(cooling_off_hours=24)
    who = applicant()
    receipt = apply(who)
    application = by_receipt(receipt)
    with db.reading() as session:
        assert held_for(session, "P-001", application.id, Account.COMMITTED) == AMOUNT
    assert withdraw(receipt.receipt_no, who.person_id)
    with db.reading() as session:
        assert held_for(session, "P-001", application.id, Account.COMMITTED) == 0
        assert check_invariants(session, "P-001") == []


@pytest.mark.parametrize(
    "change", ["amount = amount + 1", "state = 'started'", "policy_version = 1", "receipt_no = 'P001-0000-0000'"]
)
def test_the_database_keeps_what_was_decided(change: str) -> None:
    open_policy()
    change_policy("P-001", title="あさひ市 くらし応援ポイント(改)")
    receipt = apply(applicant())
    with pytest.raises(DBAPIError, match="keeps what was decided"), db.transaction() as session:
        session.execute(text(f"UPDATE applications SET {change} WHERE receipt_no = '{receipt.receipt_no}'"))


def test_refused_consent_leaves_nothing_behind() -> None:
    open_policy()
    who = applicant()
    draft = fill_in(who)
    applications.refuse_consent("P-001", who.person_id)
    with refusal("E504"):
        submit("P-001", draft, who.person_id)
    with db.reading() as session:
        assert cards.evidence_of(session, who.evidence_id) is None
    assert _readings() == 0


def test_refused_consent_leaves_an_earlier_application_alone() -> None:
    open_policy()
    open_policy("P-900")
    who = applicant()
    receipt = apply(who)
    fill_in(who, "P-900")
    applications.refuse_consent("P-900", who.person_id)
    assert by_receipt(receipt).state == ApplicationState.APPROVED
    assert _readings() == 1


def test_what_was_read_and_not_applied_with_is_erased_after_a_day() -> None:
    open_policy()
    stranger, resident = applicant(), applicant()
    apply(resident)
    assert erase_unused_facts(clock.now().replace(year=2027)) == 1
    with db.reading() as session:
        assert cards.evidence_of(session, stranger.evidence_id) is None
        assert cards.evidence_of(session, resident.evidence_id) is not None


def test_without_the_issuers_signature_the_four_items_are_nobodys_word() -> None:
    open_policy()
    who = applicant()
    with db.reading() as session:
        policy, evidence = policies.get(session, "P-001"), cards.evidence_of(session, who.evidence_id)
    assert policy is not None
    assert evidence is not None
    assert applications.judge(policy, evidence, review_requested=False).aggregate == "approved"
    for unchecked in ("unknown_issuer", "not_done"):
        doubtful = applications.judge(policy, replace(evidence, issuer_check=unchecked), review_requested=False)
        assert doubtful.aggregate == "manual"
