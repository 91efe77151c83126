"""An account that its provider closed: the link goes stale, the choice returns, the person is told (domain.md 5.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock, db, payments
from app.applications import account_closed, assign
from app.errors import DomainError
from app.payments.models import PaymentLink
from app.points import order_due_grants
from tests.applications.applicants import (
    QR,
    applicant,
    apply,
    by_receipt,
    choice,
    grants_of,
    open_policy,
    orders,
    view_of,
)
from tests.applications.submitting import audited
from tests.conftest import FIXTURE_TIME

pytestmark = pytest.mark.usefixtures("installation")
CLOSED, OPEN = "1111111111111", "2222222222222"


def links() -> list[str]:
    with db.reading() as session:
        return sorted(state for (state,) in session.query(PaymentLink.state))


def test_before_the_order_the_choice_returns_and_nothing_is_sent_to_the_closed_account() -> None:
    open_policy(cooling_off_hours=24)
    receipt = apply(who := applicant(), account=CLOSED)
    assert account_closed(QR, CLOSED, by="ST-P1") == 1
    assert account_closed(QR, CLOSED, by="ST-P1") == 0
    assert (links(), audited("application.link_stale")) == (["stale"], 1)
    shown = view_of(receipt, who)
    assert (shown.status.key, shown.status.turn, shown.must_choose) == ("choose_service", "you", True)
    with clock.frozen(FIXTURE_TIME + timedelta(days=2)):
        assert order_due_grants() == 0
        assert assign(receipt.receipt_no, who.person_id, choice(account=OPEN))
    with clock.frozen(FIXTURE_TIME + timedelta(days=4)):
        assert order_due_grants() == 1
    assert len(orders()) == 1
    assert len(grants_of(by_receipt(receipt).id)) == 1


def test_an_order_that_is_out_stands() -> None:
    open_policy()
    apply(applicant(), account=CLOSED)
    assert account_closed(QR, CLOSED, by="ST-P1") == 0
    assert (links(), len(orders())) == (["locked"], 1)


def test_while_staff_still_look_the_choice_returns_too() -> None:
    open_policy()
    receipt = apply(applicant(assurance="unattended"), account=CLOSED)
    assert account_closed(QR, CLOSED, by="ST-P1") == 1
    with db.reading() as session:
        assert payments.link_of_application(session, "P-001", by_receipt(receipt).id) is None
    assert by_receipt(receipt).service_id is None


def test_what_is_no_id_of_the_service_is_refused() -> None:
    open_policy()
    with pytest.raises(DomainError, match="E301"):
        account_closed(QR, "12", by="ST-P1")
    with pytest.raises(LookupError):
        account_closed("SVC-NONE", CLOSED, by="ST-P1")
