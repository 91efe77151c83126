"""From a planned grant to granted points: sent once, asked about when in doubt, never carried out twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app import clock, db, payments, points
from app.payments.gateways import GatewayAnswer, GatewayUnavailable, GrantInstruction
from app.points import (
    GrantState,
    GrantSucceeded,
    OrderState,
    order_due_grants,
)
from app.points.inquiry_plan import ANSWER_WITHIN
from tests.points.conftest import AMOUNT, POLICY, approve, books_are_right, counters, grant, orders_of
from tests.points.fake_provider import FakeProvider, WorkerKilled, death, silence
from tests.points.ordering import audited, inquire, jobs_of, newest_order, send


def test_ordering_moves_the_points_locks_the_link_and_queues_the_sending_in_one_transaction(ordered):
    order = newest_order(ordered)
    assert (order.state, order.attempt, order.amount) == (OrderState.CREATED, 1, AMOUNT)
    assert grant(ordered).state == GrantState.ORDERED
    assert (counters().ordered, counters().committed) == (AMOUNT, 0)
    assert jobs_of("points.send_grant_order") == 1
    with db.reading() as session:
        link = payments.link_of_application(session, POLICY, ordered.application_id)
        arguments = session.execute(text("SELECT args::text FROM procrastinate_jobs")).scalar_one()
    assert link is not None
    assert link.state is payments.LinkState.LOCKED
    assert "1234567890123" not in arguments
    assert books_are_right()


def test_a_rolled_back_order_leaves_neither_job_nor_entry(policy, provider):
    approved = approve()
    with pytest.raises(WorkerKilled), db.transaction() as session:
        (planned,) = points.planned_grants(session, POLICY, approved.application_id)
        book = points.Book(session, POLICY)
        points.order_grant(session, book, planned)
        book.close()
        raise WorkerKilled
    assert orders_of(approved) == []
    assert jobs_of("points.send_grant_order") == 0
    assert counters().committed == AMOUNT
    assert books_are_right()


def test_a_sent_order_that_succeeds_is_granted_and_told(ordered, provider, told):
    send(ordered)
    order = newest_order(ordered)
    assert (order.state, order.transaction_no) == (OrderState.SUCCEEDED, "T-1")
    assert grant(ordered).granted_at == clock.now()
    assert counters().granted == AMOUNT
    assert told == [GrantSucceeded(POLICY, ordered.application_id, ordered.grant_id, AMOUNT)]
    assert books_are_right()


def test_br_42_the_same_order_sent_twice_is_one_grant(ordered, provider, told):
    send(ordered)
    send(ordered)
    assert provider.received == [newest_order(ordered).id]
    assert len(told) == 1


def test_br_42_two_workers_with_the_same_order_send_it_once(ordered, provider):
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        send(ordered)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.received) == 1
    assert books_are_right()


def test_br_42_a_time_out_is_never_resent_but_unknown_until_an_inquiry_says_done(ordered, provider, told):
    provider.after_doing = silence
    send(ordered)
    assert newest_order(ordered).state == OrderState.UNKNOWN
    assert counters().ordered == AMOUNT
    assert told == []
    inquire(ordered)
    inquire(ordered)
    assert newest_order(ordered).state == OrderState.SUCCEEDED
    assert provider.received == [newest_order(ordered).id], "sent once, whether the provider would mind or not"
    assert len(provider.book) == 1
    assert len(told) == 1
    assert books_are_right()


def test_br_42_an_order_never_received_is_ruled_out_and_a_new_attempt_takes_its_place(ordered, provider, told):
    provider.before_doing = silence
    first = newest_order(ordered)
    send(ordered)
    provider.before_doing = lambda: None
    inquire(ordered)
    old, new = orders_of(ordered)
    assert (old.id, old.state, old.reason) == (first.id, OrderState.FAILED, "not_received")
    assert (new.state, new.attempt) == (OrderState.CREATED, 2)
    assert told == []
    assert books_are_right()
    send(ordered)
    assert [done.order_id for done in provider.book] == [new.id]
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_br_42_a_late_original_after_the_new_attempt_grants_nothing(ordered, provider):
    delayed: list[GrantInstruction] = []

    def lose_it() -> None:
        with db.transaction() as session:
            order = points.results.locked_order(session, POLICY, newest_order(ordered).id)
            delayed.append(GrantInstruction(order.id, order.service_id, "1234567890123", order.amount, POLICY))
        silence()

    provider.before_doing = lose_it
    send(ordered)
    provider.before_doing = lambda: None
    inquire(ordered)
    provider.do(delayed[0])
    send(ordered)
    provider.do(delayed[0])
    assert len(provider.book) == 1
    assert counters().granted == AMOUNT


def test_an_original_that_arrives_between_inquiry_and_ruling_out_is_taken_as_done(ordered, provider):
    provider.before_doing = silence
    send(ordered)
    order = newest_order(ordered)
    late = GrantInstruction(order.id, order.service_id, "1234567890123", order.amount, POLICY)
    ask = provider.inquire
    provider.inquire = lambda order_id: (ask(order_id), provider.do(late))[0]
    inquire(ordered)
    assert [o.state for o in orders_of(ordered)] == [OrderState.SUCCEEDED]
    assert len(provider.book) == 1


@pytest.mark.parametrize("moment", ["before_doing", "after_doing"])
def test_a_worker_killed_around_the_call_leads_to_exactly_one_grant(ordered, provider, told, moment):
    setattr(provider, moment, death)
    with pytest.raises(WorkerKilled):
        send(ordered)
    assert newest_order(ordered).state == OrderState.SENT
    setattr(provider, moment, lambda: None)
    send(ordered)
    assert len(orders_of(ordered)) == 1
    inquire(ordered)
    send(ordered)
    assert len(provider.book) == 1
    assert counters().granted == AMOUNT
    assert [type(event) for event in told] == [GrantSucceeded]
    assert books_are_right()


def test_a_handler_that_fails_undoes_the_whole_result_and_the_inquiry_repeats_it(ordered, provider, told, monkeypatch):
    from app import events

    def broken(session: object, event: events.Event) -> None:
        raise RuntimeError("no application")

    events.subscribe(GrantSucceeded, broken)
    with pytest.raises(RuntimeError):
        send(ordered)
    assert newest_order(ordered).state == OrderState.SENT
    assert counters().ordered == AMOUNT
    events._handlers[GrantSucceeded].remove(broken)
    inquire(ordered)
    assert newest_order(ordered).state == OrderState.SUCCEEDED
    assert books_are_right()


def test_a_fresh_sent_order_is_not_asked_about_while_its_worker_may_still_wait(ordered, provider):
    provider.before_doing = death
    with pytest.raises(WorkerKilled):
        send(ordered)
    inquire(ordered, ANSWER_WITHIN - timedelta(seconds=1))
    assert newest_order(ordered).state == OrderState.SENT
    assert provider.ruled_out == set()


def test_a_provider_that_is_down_loses_nothing(ordered, provider):
    def down() -> None:
        raise GatewayUnavailable("down")

    provider.before_doing = provider.on_inquiry = down
    send(ordered)
    for _ in range(3):
        inquire(ordered)
    order = newest_order(ordered)
    assert (order.state, order.inquiries) == (OrderState.UNKNOWN, 3)
    assert order.inquire_after > clock.now()
    assert books_are_right()


def test_a_provider_without_an_address_makes_the_order_wait(policy, told, monkeypatch):
    def unreachable(provider_id: str) -> None:
        raise GatewayUnavailable(provider_id)

    monkeypatch.setattr("app.payments.gateways.for_provider", unreachable)
    monkeypatch.setattr("app.payments.gateways.file_encoding_of", lambda provider_id: None)
    ordered = approve(order=True)
    send(ordered)
    assert newest_order(ordered).state == OrderState.CREATED
    assert newest_order(ordered).inquire_after > clock.now()


def test_a_service_that_takes_its_time_is_accepted_and_granted_when_it_says_so(ordered, provider, told):
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    send(ordered)
    assert newest_order(ordered).state == OrderState.ACCEPTED
    inquire(ordered)
    assert newest_order(ordered).state == OrderState.ACCEPTED
    assert told == []
    provider.answers[newest_order(ordered).id] = GatewayAnswer("succeeded", transaction_no="T-9")
    inquire(ordered)
    assert newest_order(ordered).state == OrderState.SUCCEEDED
    assert books_are_right()


def test_an_accepted_order_that_the_provider_later_denies_is_an_alarm_and_never_repeated(ordered, provider):
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    send(ordered)
    provider.answers.clear()
    inquire(ordered)
    assert [o.state for o in orders_of(ordered)] == [OrderState.ACCEPTED]
    assert provider.ruled_out == set()
    assert audited("grant.lost_by_provider") == 1


def test_the_database_allows_one_live_order_per_grant(ordered):
    with pytest.raises(Exception, match="uq_grant_orders_live"), db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO grant_orders (policy_id, id, grant_id, attempt, amount, link_id, service_id, state,"
                " created_at, inquiries) SELECT policy_id, gen_random_uuid(), grant_id, 2, amount, link_id, service_id,"
                " 'created', now(), 0 FROM grant_orders"
            )
        )


def test_a_grant_without_a_link_waits_for_the_choice(policy, provider):
    with db.transaction() as session:
        points.plan_grant(
            session,
            policy_id=POLICY,
            application_id=uuid4(),
            person_id=uuid4(),
            link_id=None,
            service_id=None,
            provider_id=None,
            amount=AMOUNT,
            order_at=None,
        )
    assert order_due_grants() == 0


def test_the_account_reaches_the_provider_and_no_printed_form(ordered, provider):
    send(ordered)
    (done,) = provider.book
    assert done.account == "1234567890123"
    assert "1234567890123" not in repr(done)
    assert isinstance(provider, FakeProvider)
