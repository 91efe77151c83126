"""From a planned grant to granted points: sent once, asked about when in doubt, never carried out twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app import clock, db, payments, points
from app.audit import AuditEvent
from app.payments.gateways import GatewayAnswer, GatewayUnavailable, GrantInstruction
from app.points import (
    ContradictoryResult,
    GrantFailed,
    GrantState,
    GrantSucceeded,
    OrderState,
    Recorded,
    UnknownOrder,
    grants_of,
    inquire_order,
    order_due_grants,
    record_result,
    send_order,
)
from app.points.due import claim_due_orders
from app.points.inquiry_plan import ANSWER_WITHIN
from tests.points.conftest import AMOUNT, POLICY, Approved, approve, books_are_right, counters, grant, orders_of
from tests.points.fake_provider import FakeProvider, WorkerKilled, death, silence


def _order(approved: Approved) -> points.models.GrantOrder:
    return orders_of(approved)[-1]


def _send(approved: Approved) -> None:
    send_order(POLICY, _order(approved).id)


def _inquire(approved: Approved, after: timedelta = ANSWER_WITHIN) -> None:
    with clock.frozen(clock.now() + after):
        inquire_order(POLICY, _order(approved).id)


def _record(approved: Approved, answer: GatewayAnswer) -> Recorded:
    with db.transaction() as session:
        return record_result(session, POLICY, _order(approved).id, answer)


def _audited(action: str) -> int:
    with db.reading() as session:
        return session.query(AuditEvent).filter_by(action=action).count()


def _jobs(task: str) -> int:
    with db.reading() as session:
        return session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :t"), {"t": task}
        ).scalar_one()


@pytest.fixture
def ordered(policy, provider, told) -> Approved:
    return approve(order=True)


def test_ordering_moves_the_points_locks_the_link_and_queues_the_sending_in_one_transaction(ordered):
    order = _order(ordered)
    assert (order.state, order.attempt, order.amount) == (OrderState.CREATED, 1, AMOUNT)
    assert grant(ordered).state == GrantState.ORDERED
    assert (counters().ordered, counters().committed) == (AMOUNT, 0)
    assert _jobs("points.send_grant_order") == 1
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
    assert _jobs("points.send_grant_order") == 0
    assert counters().committed == AMOUNT
    assert books_are_right()


def test_a_sent_order_that_succeeds_is_granted_and_told(ordered, provider, told):
    _send(ordered)
    order = _order(ordered)
    assert (order.state, order.transaction_no) == (OrderState.SUCCEEDED, "T-1")
    assert grant(ordered).granted_at == clock.now()
    assert counters().granted == AMOUNT
    assert told == [GrantSucceeded(POLICY, ordered.application_id, ordered.grant_id, AMOUNT)]
    assert books_are_right()


def test_br_42_the_same_order_sent_twice_is_one_grant(ordered, provider, told):
    _send(ordered)
    _send(ordered)
    assert provider.received == [_order(ordered).id]
    assert len(told) == 1


def test_br_42_two_workers_with_the_same_order_send_it_once(ordered, provider):
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        _send(ordered)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.received) == 1
    assert books_are_right()


def test_br_42_a_time_out_is_never_resent_but_unknown_until_an_inquiry_says_done(ordered, provider, told):
    provider.after_doing = silence
    _send(ordered)
    assert _order(ordered).state == OrderState.UNKNOWN
    assert counters().ordered == AMOUNT
    assert told == []
    _inquire(ordered)
    _inquire(ordered)
    assert _order(ordered).state == OrderState.SUCCEEDED
    assert provider.received == [_order(ordered).id], "sent once, whether the provider would mind or not"
    assert len(provider.book) == 1
    assert len(told) == 1
    assert books_are_right()


def test_br_42_an_order_never_received_is_ruled_out_and_a_new_attempt_takes_its_place(ordered, provider, told):
    provider.before_doing = silence
    first = _order(ordered)
    _send(ordered)
    provider.before_doing = lambda: None
    _inquire(ordered)
    old, new = orders_of(ordered)
    assert (old.id, old.state, old.reason) == (first.id, OrderState.FAILED, "not_received")
    assert (new.state, new.attempt) == (OrderState.CREATED, 2)
    assert told == []
    assert books_are_right()
    _send(ordered)
    assert [done.order_id for done in provider.book] == [new.id]
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_br_42_a_late_original_after_the_new_attempt_grants_nothing(ordered, provider):
    delayed: list[GrantInstruction] = []

    def lose_it() -> None:
        with db.transaction() as session:
            order = points.results.locked_order(session, POLICY, _order(ordered).id)
            delayed.append(GrantInstruction(order.id, order.service_id, "1234567890123", order.amount, POLICY))
        silence()

    provider.before_doing = lose_it
    _send(ordered)
    provider.before_doing = lambda: None
    _inquire(ordered)
    provider.do(delayed[0])
    _send(ordered)
    provider.do(delayed[0])
    assert len(provider.book) == 1
    assert counters().granted == AMOUNT


def test_an_original_that_arrives_between_inquiry_and_ruling_out_is_taken_as_done(ordered, provider):
    provider.before_doing = silence
    _send(ordered)
    order = _order(ordered)
    late = GrantInstruction(order.id, order.service_id, "1234567890123", order.amount, POLICY)
    ask = provider.inquire
    provider.inquire = lambda order_id: (ask(order_id), provider.do(late))[0]
    _inquire(ordered)
    assert [o.state for o in orders_of(ordered)] == [OrderState.SUCCEEDED]
    assert len(provider.book) == 1


@pytest.mark.parametrize("moment", ["before_doing", "after_doing"])
def test_a_worker_killed_around_the_call_leads_to_exactly_one_grant(ordered, provider, told, moment):
    setattr(provider, moment, death)
    with pytest.raises(WorkerKilled):
        _send(ordered)
    assert _order(ordered).state == OrderState.SENT
    setattr(provider, moment, lambda: None)
    _send(ordered)
    assert len(orders_of(ordered)) == 1
    _inquire(ordered)
    _send(ordered)
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
        _send(ordered)
    assert _order(ordered).state == OrderState.SENT
    assert counters().ordered == AMOUNT
    events._handlers[GrantSucceeded].remove(broken)
    _inquire(ordered)
    assert _order(ordered).state == OrderState.SUCCEEDED
    assert books_are_right()


def test_a_fresh_sent_order_is_not_asked_about_while_its_worker_may_still_wait(ordered, provider):
    provider.before_doing = death
    with pytest.raises(WorkerKilled):
        _send(ordered)
    _inquire(ordered, ANSWER_WITHIN - timedelta(seconds=1))
    assert _order(ordered).state == OrderState.SENT
    assert provider.ruled_out == set()


def test_a_provider_that_is_down_loses_nothing(ordered, provider):
    def down() -> None:
        raise GatewayUnavailable("down")

    provider.before_doing = provider.on_inquiry = down
    _send(ordered)
    for _ in range(3):
        _inquire(ordered)
    order = _order(ordered)
    assert (order.state, order.inquiries) == (OrderState.UNKNOWN, 3)
    assert order.inquire_after > clock.now()
    assert books_are_right()


def test_a_provider_without_an_address_makes_the_order_wait(policy, told, monkeypatch):
    def unreachable(provider_id: str) -> None:
        raise GatewayUnavailable(provider_id)

    monkeypatch.setattr("app.payments.gateways.for_provider", unreachable)
    monkeypatch.setattr("app.payments.gateways.file_encoding_of", lambda provider_id: None)
    ordered = approve(order=True)
    _send(ordered)
    assert _order(ordered).state == OrderState.CREATED
    assert _order(ordered).inquire_after > clock.now()


def test_a_service_that_takes_its_time_is_accepted_and_granted_when_it_says_so(ordered, provider, told):
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    _send(ordered)
    assert _order(ordered).state == OrderState.ACCEPTED
    _inquire(ordered)
    assert _order(ordered).state == OrderState.ACCEPTED
    assert told == []
    provider.answers[_order(ordered).id] = GatewayAnswer("succeeded", transaction_no="T-9")
    _inquire(ordered)
    assert _order(ordered).state == OrderState.SUCCEEDED
    assert books_are_right()


def test_an_accepted_order_that_the_provider_later_denies_is_an_alarm_and_never_repeated(ordered, provider):
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    _send(ordered)
    provider.answers.clear()
    _inquire(ordered)
    assert [o.state for o in orders_of(ordered)] == [OrderState.ACCEPTED]
    assert provider.ruled_out == set()
    assert _audited("grant.lost_by_provider") == 1


def test_a_failed_grant_goes_back_to_committed_frees_the_id_and_waits_for_another_choice(ordered, provider, told):
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    _send(ordered)
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


def test_after_a_failure_another_service_id_receives_the_grant(ordered, provider):
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    _send(ordered)
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
    _send(ordered)
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
    _send(ordered)
    before = counters()
    assert _record(ordered, late) is Recorded.UNCHANGED
    assert counters() == before
    assert len(told) == 1


@pytest.mark.parametrize(
    "other",
    [GatewayAnswer("failed", reason="account_closed"), GatewayAnswer("succeeded", transaction_no="T-other")],
)
def test_e704_a_contradicting_result_changes_nothing_and_leaves_an_alarm(ordered, told, other):
    _send(ordered)
    before = counters()
    with pytest.raises(ContradictoryResult) as caught:
        _record(ordered, other)
    assert caught.value.code == "E704"
    assert counters() == before
    assert _order(ordered).transaction_no == "T-1"
    assert books_are_right()


def test_e704_success_after_a_recorded_failure_is_never_swallowed(ordered, provider):
    provider.decide = lambda instruction: GatewayAnswer("failed", reason="account_closed")
    _send(ordered)
    assert _record(ordered, GatewayAnswer("failed", reason="closed")) is Recorded.UNCHANGED
    with pytest.raises(ContradictoryResult):
        _record(ordered, GatewayAnswer("succeeded", transaction_no="T-1"))


def test_a_result_for_an_order_that_was_never_sent_is_an_alarm(ordered):
    with pytest.raises(ContradictoryResult):
        _record(ordered, GatewayAnswer("succeeded", transaction_no="T-1"))


def test_e701_a_result_for_an_unknown_order_is_put_aside(policy):
    with pytest.raises(UnknownOrder), db.transaction() as session:
        record_result(session, POLICY, uuid4(), GatewayAnswer("succeeded"))


def test_a_grant_is_ordered_when_its_cooling_off_is_over_and_not_before(policy, provider):
    approved = approve()
    with clock.frozen(clock.now() - timedelta(seconds=1)):
        assert order_due_grants() == 0
    assert order_due_grants() == 1
    assert order_due_grants() == 0
    assert len(orders_of(approved)) == 1
    assert books_are_right()


def test_a_held_grant_is_not_ordered(policy, provider):
    approved = approve()
    with db.transaction() as session:
        assert points.hold_grants(session, POLICY, approved.application_id) == AMOUNT
    assert order_due_grants() == 0
    assert orders_of(approved) == []


def test_a_grant_that_cannot_be_ordered_is_postponed_and_does_not_stop_the_others(policy, provider):
    stuck, fine = approve(), approve("0000000000017")
    with db.transaction() as session:
        session.execute(
            text("UPDATE payment_links SET state = 'unreachable' WHERE application_id = :a"),
            {"a": stuck.application_id},
        )
    assert order_due_grants() == 1
    assert orders_of(stuck) == []
    assert grant(stuck).order_at > clock.now()
    assert len(orders_of(fine)) == 1


def test_br_01_after_the_last_day_for_grants_nothing_is_ordered(policy, provider):
    approved = approve()
    with clock.frozen(clock.now().replace(year=2027, month=3, day=31, hour=14, minute=59, second=59)):
        assert points.permission.may_still_order(db.Session(db.engine()), POLICY)
    with clock.frozen(clock.now().replace(year=2027, month=3, day=31, hour=15)):
        assert order_due_grants() == 0
    assert orders_of(approved) == []


def test_after_the_last_day_an_order_never_received_fails_instead_of_starting_over(ordered, provider, told):
    provider.before_doing = silence
    _send(ordered)
    _inquire(ordered, timedelta(days=365))
    assert [o.state for o in orders_of(ordered)] == [OrderState.FAILED]
    assert told == [GrantFailed(POLICY, ordered.application_id, ordered.grant_id, "not_received")]
    assert counters().committed == AMOUNT
    assert books_are_right()


def test_due_orders_are_claimed_by_one_worker_at_a_time_and_lost_jobs_are_found(ordered, provider):
    order = _order(ordered)
    with clock.frozen(clock.now() + timedelta(seconds=59)), db.transaction() as session:
        assert claim_due_orders(session) == []
    with clock.frozen(clock.now() + timedelta(seconds=60)):
        with db.transaction() as first, db.transaction() as second:
            assert claim_due_orders(first) == [(POLICY, order.id, OrderState.CREATED)]
            assert claim_due_orders(second) == []
        with db.transaction() as session:
            assert claim_due_orders(session) == []


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
    _send(ordered)
    (done,) = provider.book
    assert done.account == "1234567890123"
    assert "1234567890123" not in repr(done)
    assert isinstance(provider, FakeProvider)
