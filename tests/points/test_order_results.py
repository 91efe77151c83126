"""What a result does to an order: a failure gives the choice back, a contradiction is put aside (E701 to E704)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app import clock, db, payments, points
from app.payments.gateways import GatewayAnswer
from app.points import (
    ContradictoryResult,
    GrantFailed,
    GrantState,
    OrderState,
    Recorded,
    UnknownOrder,
    grants_of,
    order_due_grants,
    record_result,
)
from app.provider_simulator.faults import DECISIONS
from tests.points.conftest import AMOUNT, POLICY, books_are_right, counters, grant
from tests.points.ordering import newest_order, record, send


def test_a_failed_grant_goes_back_to_committed_frees_the_id_and_waits_for_another_choice(ordered, provider, told):
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    send(ordered)
    back = grant(ordered)
    assert (back.state, back.order_at) == (GrantState.PLANNED, None)
    assert (counters().committed, counters().ordered) == (AMOUNT, 0)
    assert told == [GrantFailed(POLICY, ordered.application_id, ordered.grant_id, "account_closed")]
    with db.reading() as session:
        assert payments.link_of_application(session, POLICY, ordered.application_id) is None
        (view,) = grants_of(session, POLICY, ordered.application_id)
    assert (view.order_state, view.reason, view.last4) == (OrderState.FAILED, "account_closed", "0123")
    assert "口座" in points.reason_in_words(view.reason)
    assert order_due_grants() == 0
    assert books_are_right()


@pytest.mark.parametrize("reason", [*DECISIONS.values(), "account_closed"])
def test_e401_every_reason_that_the_simulated_provider_gives_has_words_of_its_own(reason):
    assert points.reason_in_words(reason) != points.reason_in_words("something_else")


def test_after_a_failure_another_service_id_receives_the_grant(ordered, provider):
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    send(ordered)
    provider.decide = provider._grant
    with db.transaction() as session:
        (planned,) = points.planned_grants(session, POLICY, ordered.application_id)
        link = payments.create_link(
            session,
            policy_id=POLICY,
            application_id=ordered.application_id,
            person_id=planned.person_id,
            service=payments.get_service(session, "SVC-QR-01"),
            normalized="0000000000017",
            holder_masked=None,
        )
        points.assign_grant(
            session, planned, link_id=link.id, service_id="SVC-QR-01", provider_id="PRV-01", order_at=clock.now()
        )
    assert order_due_grants() == 1
    send(ordered)
    assert [done.account for done in provider.book] == ["0000000000017"]
    assert books_are_right()


@pytest.mark.parametrize(
    "late",
    [
        GatewayAnswer("succeeded", transaction_no="T-1"),
        GatewayAnswer("succeeded"),
        GatewayAnswer("accepted"),
    ],
)
def test_e702_the_same_result_again_and_late_news_change_nothing(ordered, told, late):
    send(ordered)
    before = counters()
    assert record(ordered, late) is Recorded.UNCHANGED
    assert counters() == before
    assert len(told) == 1


@pytest.mark.parametrize(
    "other",
    [GatewayAnswer("failed", reason="account_closed"), GatewayAnswer("succeeded", transaction_no="T-other")],
)
def test_e704_a_contradicting_result_changes_nothing_and_leaves_an_alarm(ordered, told, other):
    send(ordered)
    before = counters()
    with pytest.raises(ContradictoryResult) as caught:
        record(ordered, other)
    assert caught.value.code == "E704"
    assert counters() == before
    assert newest_order(ordered).transaction_no == "T-1"
    assert books_are_right()


def test_e704_success_after_a_recorded_failure_is_never_swallowed(ordered, provider):
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    send(ordered)
    assert record(ordered, GatewayAnswer("failed", reason="closed")) is Recorded.UNCHANGED
    with pytest.raises(ContradictoryResult):
        record(ordered, GatewayAnswer("succeeded", transaction_no="T-1"))


def test_a_result_for_an_order_that_was_never_sent_is_an_alarm(ordered):
    with pytest.raises(ContradictoryResult):
        record(ordered, GatewayAnswer("succeeded", transaction_no="T-1"))


def test_e701_a_result_for_an_unknown_order_is_put_aside(policy):
    with pytest.raises(UnknownOrder), db.transaction() as session:
        record_result(session, POLICY, uuid4(), GatewayAnswer("succeeded"))
