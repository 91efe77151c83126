"""The line to a provider: closed for a while when it fails, never used faster or wider than agreed, by all together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app import clock, db, payments
from app.payments import gateways
from app.payments.gateways import GatewayTimeout, GatewayUnavailable, LineLimits
from app.payments.lines import FAILURES_BEFORE_CLOSING, PAUSES, PROBE_LEASE, SLOT_LEASE, on_line
from tests.points.fake_provider import FakeProvider

PROVIDER = "PRV-01"


class RealTime:
    """Real time, moved by the test."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 1, tzinfo=UTC)

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def real_time(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealTime]:
    time = RealTime()
    monkeypatch.setattr(clock, "real_now", lambda: time.now)
    gateways.register(PROVIDER, FakeProvider())
    yield time
    gateways.forget_all()


def _take(*, new_order: bool = True) -> payments.Permit:
    with db.transaction() as session:
        return payments.take_line(session, PROVIDER, new_order=new_order)


def _refused(*, new_order: bool = True) -> payments.LineBusy:
    with pytest.raises(payments.LineBusy) as caught:
        _take(new_order=new_order)
    return caught.value


def _fail(times: int = 1) -> None:
    for _ in range(times):
        payments.give_back(_take(), answered=False)


@contextmanager
def _limits(**limits: int) -> Iterator[None]:
    gateways.register(PROVIDER, FakeProvider(), LineLimits(**limits))
    yield


def test_a_line_closes_after_some_calls_in_a_row_without_an_answer_and_not_before(real_time: RealTime) -> None:
    _fail(FAILURES_BEFORE_CLOSING - 1)
    payments.give_back(_take(), answered=True)
    _fail(FAILURES_BEFORE_CLOSING - 1)
    payments.give_back(_take(), answered=False)
    busy = _refused()
    assert busy.why is payments.WhyBusy.CLOSED
    assert PAUSES[0] <= busy.wait <= PAUSES[0] * 1.25


def test_another_providers_line_stays_open(real_time: RealTime) -> None:
    _fail(FAILURES_BEFORE_CLOSING)
    with db.transaction() as session:
        assert payments.take_line(session, "PRV-02", new_order=True)


def test_after_the_pause_one_call_tries_and_an_answer_opens_the_line(real_time: RealTime) -> None:
    _fail(FAILURES_BEFORE_CLOSING)
    real_time.pass_by(PAUSES[0] * 1.25)
    probe = _take()
    assert probe.is_probe
    assert _refused().why is payments.WhyBusy.CLOSED
    payments.give_back(probe, answered=True)
    assert not _take().is_probe


def test_a_probe_without_an_answer_closes_the_line_for_longer_each_time(real_time: RealTime) -> None:
    _fail(FAILURES_BEFORE_CLOSING)
    for pause in (*PAUSES[1:], PAUSES[-1]):
        real_time.pass_by(PAUSES[-1] * 1.25)
        _fail()
        assert pause <= _refused().wait <= pause * 1.25


def test_a_probe_whose_process_died_is_followed_by_another(real_time: RealTime) -> None:
    _fail(FAILURES_BEFORE_CLOSING)
    real_time.pass_by(PAUSES[0] * 1.25)
    _take()
    real_time.pass_by(PROBE_LEASE - timedelta(seconds=1))
    _refused()
    real_time.pass_by(timedelta(seconds=1))
    assert _take().is_probe


def test_no_more_calls_at_a_time_than_agreed(real_time: RealTime) -> None:
    with _limits(max_concurrent=2):
        first, _ = _take(), _take()
        assert _refused().why is payments.WhyBusy.CONCURRENCY
        payments.give_back(first, answered=True)
        _take()


def test_the_place_of_a_process_that_died_is_free_after_a_while(real_time: RealTime) -> None:
    with _limits(max_concurrent=1):
        _take()
        real_time.pass_by(SLOT_LEASE - timedelta(seconds=1))
        _refused()
        real_time.pass_by(timedelta(seconds=2))
        _take()


def test_a_late_give_back_does_not_free_the_place_of_another(real_time: RealTime) -> None:
    with _limits(max_concurrent=1):
        late = _take()
        real_time.pass_by(SLOT_LEASE + timedelta(seconds=1))
        _take()
        payments.give_back(late, answered=True)
        assert _refused().why is payments.WhyBusy.CONCURRENCY


def test_no_more_calls_a_second_than_agreed_and_the_wait_is_told(real_time: RealTime) -> None:
    with _limits(calls_per_second=5, max_concurrent=64):
        made = 0
        for _ in range(40):
            try:
                _take()
                made += 1
            except payments.LineBusy as busy:
                assert busy.why is payments.WhyBusy.RATE
                assert busy.wait <= timedelta(seconds=1)
            real_time.pass_by(timedelta(milliseconds=50))
        assert made == pytest.approx(5 * 2 + 5, abs=1)


def test_many_workers_at_once_keep_to_the_agreed_number(real_time: RealTime) -> None:
    with _limits(max_concurrent=3):
        start, taken = threading.Barrier(8), []

        def work() -> None:
            start.wait()
            try:
                taken.append(_take())
            except payments.LineBusy:
                taken.append(None)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(permit is not None for permit in taken) == 3


def test_staff_can_hold_new_orders_while_open_ones_are_still_asked_about(real_time: RealTime) -> None:
    payments.hold_line(PROVIDER, "the provider asked for it")
    assert _refused().why is payments.WhyBusy.HELD
    _take(new_order=False)
    with db.reading() as session:
        (view,) = payments.line_views(session)
    assert (view.is_open, view.held_note) == (False, "the provider asked for it")
    payments.resume_line(PROVIDER)
    _take()


def test_resuming_tries_a_closed_line_at_once(real_time: RealTime) -> None:
    _fail(FAILURES_BEFORE_CLOSING)
    payments.resume_line(PROVIDER)
    assert _take().is_probe


def test_a_person_is_not_kept_waiting_for_a_closed_line(real_time: RealTime) -> None:
    def ask() -> None:
        with on_line(PROVIDER):
            raise GatewayTimeout("silence")

    for _ in range(FAILURES_BEFORE_CLOSING):
        with pytest.raises(GatewayTimeout):
            ask()
    with pytest.raises(GatewayUnavailable):
        ask()


def test_our_own_fault_says_nothing_about_the_line(real_time: RealTime) -> None:
    for _ in range(FAILURES_BEFORE_CLOSING):
        with pytest.raises(ZeroDivisionError), on_line(PROVIDER):
            raise ZeroDivisionError
    _take()


def test_a_permit_of_a_call_is_unique_and_a_stranger_gives_nothing_back(real_time: RealTime) -> None:
    with _limits(max_concurrent=1):
        _take()
        payments.give_back(payments.Permit(PROVIDER, uuid4(), is_probe=False), answered=True)
        _refused()


def test_a_pause_grows_by_a_random_part_up_to_a_quarter() -> None:
    pauses = {payments.jittered(timedelta(seconds=100)) for _ in range(50)}
    assert len(pauses) > 10
    assert all(timedelta(seconds=100) <= pause <= timedelta(seconds=125) for pause in pauses)
