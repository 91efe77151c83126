"""Promise 9: in a maintenance window nothing is accepted, nothing is lost, and deadlines move (E501, BR-07)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app import clock, db, maintenance, policies
from app.applications import ConfirmingPage, assign, submit, withdraw
from app.errors import DomainError
from app.maintenance import Window, WindowRefused
from app.maintenance.models import MaintenanceWindow
from app.points import OrderState, tasks
from tests.applications.applicants import (
    applicant,
    apply,
    apply_for_later,
    choice,
    counters,
    fill_in,
    open_policy,
    orders,
    stored,
    submitted_count,
)
from tests.applications.submitting import at, audited, refusal

pytestmark = pytest.mark.usefixtures("installation")
START, END = "2027-01-31T20:00:00", "2027-02-01T06:00:00"


def announce(start: str = START, end: str = END, **more: bool) -> Window:
    return maintenance.add_window(at(start), at(end), note="基盤の更新", by="ST-1", **({"stops_orders": False} | more))


def policy() -> policies.PolicyView:
    with db.reading() as session:
        found = policies.get(session, "P-001")
    assert found is not None
    return found


def test_a_submit_is_refused_from_the_first_moment_to_before_the_last() -> None:
    open_policy()
    announce()
    who = applicant()
    draft = fill_in(who)
    for moment in (START, "2027-02-01T05:59:59"):
        with clock.frozen(at(moment)), refusal("E501") as refused:
            submit("P-001", draft, who.person_id)
        assert "2027年2月1日" in refused.value.wording()
        assert refused.value.facts["retry_after"] == int((at(END) - at(moment)).total_seconds()) + 1
    assert (stored(draft).state, submitted_count(), counters().seats_taken) == ("started", 0, 0)
    with clock.frozen(at(END)):
        submit("P-001", draft, who.person_id)
    assert submitted_count() == 1, "the draft was kept, and goes through when the window is over"


def test_a_submit_of_the_last_moment_before_it_counts() -> None:
    open_policy()
    announce()
    who = applicant()
    draft = fill_in(who)
    with clock.frozen(at(START) - timedelta(microseconds=1)):
        submit("P-001", draft, who.person_id)
    assert submitted_count() == 1


def test_a_submit_that_is_on_its_way_when_the_window_begins_is_judged_by_its_own_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It took its moment before the window; nothing that was accepted is lost, and it is not accepted twice."""
    open_policy()
    announce()
    who = applicant()
    draft = fill_in(who)
    from app import screening

    write = screening.write_checks
    with clock.frozen(at(START) - timedelta(seconds=1)), monkeypatch.context() as patch:

        def slowly(*what: object) -> None:
            write(*what)
            patch.setattr(clock._State, "frozen", at(START) + timedelta(seconds=5))

        patch.setattr(screening, "write_checks", slowly)
        receipt = submit("P-001", draft, who.person_id)
    with clock.frozen(at(START) + timedelta(seconds=10)):
        again = submit("P-001", draft, who.person_id)
    assert (again.already, again.receipt_no, submitted_count()) == (True, receipt.receipt_no, 1)


@pytest.mark.parametrize("act", ["withdraw", "assign", "start"])
def test_nothing_else_of_residents_is_taken_either(act: str) -> None:
    open_policy(cooling_off_hours=24)
    announce()
    with clock.frozen(at("2027-01-30T12:00:00")):
        who = applicant()
        receipt = apply_for_later(who)
    acts: dict[str, Callable[[], object]] = {
        "withdraw": lambda: withdraw(receipt.receipt_no, who.person_id),
        "assign": lambda: assign(receipt.receipt_no, who.person_id, choice()),
        "start": lambda: fill_in(applicant()),
    }
    with clock.frozen(at(START)), refusal("E501"):
        acts[act]()
    with clock.frozen(at(END)):
        acts[act]()


def test_br_07_the_moved_end_is_the_end_everywhere() -> None:
    open_policy()
    before = policy()
    announce()
    after = policy()
    assert before.document.window.apply_to == at("2027-01-31T23:59:59")
    assert after.document.window.apply_to == at("2027-02-01T23:59:59")
    assert after.document.window.assign_by == before.document.window.assign_by, "later ends stay where the order holds"
    with db.reading() as session:
        assert policies.listed_ends(session)["P-001"] == at("2027-02-01T23:59:59")
    late = applicant()
    draft = fill_in(late)
    with clock.frozen(at("2027-02-01T23:59:59")):
        submit("P-001", draft, late.person_id)
    with clock.frozen(at("2027-02-02T00:00:00")), refusal("E208"):
        fill_in(applicant())


def test_br_07_later_ends_move_only_as_far_as_their_order_needs() -> None:
    open_policy(window__assign_by="2027-01-31T23:59:59+09:00", window__grant_by="2027-02-15T23:59:59+09:00")
    announce()
    window = policy().document.window
    assert (window.assign_by, window.grant_by) == (at("2027-02-01T23:59:59"), at("2027-02-15T23:59:59"))


def test_br_03_the_grace_of_fifteen_minutes_follows_the_moved_end() -> None:
    open_policy()
    announce()
    who = applicant()
    draft = fill_in(who)
    from app.applications.draft import digest_of

    page = ConfirmingPage(at("2027-02-01T23:58:00"), digest_of(stored(draft)))
    with clock.frozen(at("2027-02-02T00:15:00")):
        submit("P-001", draft, who.person_id, page=page)
    assert stored(draft).in_grace


def test_a_window_that_moves_no_end_says_nothing_of_an_extension() -> None:
    open_policy()
    announce("2026-12-10T20:00:00", "2026-12-10T22:00:00")
    with clock.frozen(at("2026-12-10T21:00:00")), refusal("E501") as refused:
        fill_in(applicant())
    assert "延長" not in refused.value.wording()


def test_called_off_before_it_begins_the_ends_go_back() -> None:
    open_policy()
    window = announce()
    maintenance.cancel_window(window.window_id, "ST-1")
    assert policy().document.window.apply_to == at("2027-01-31T23:59:59")
    with clock.frozen(at(START)):
        apply(applicant())
    assert audited("maintenance.cancelled") == 1


def test_cut_short_it_ends_now_and_what_was_promised_stays() -> None:
    open_policy()
    window = announce()
    with clock.frozen(at("2027-01-31T21:00:00")):
        assert maintenance.cancel_window(window.window_id, "ST-1").cancelled_at is None
        apply(applicant())
        assert policy().document.window.apply_to == at("2027-02-01T23:59:59")
    with clock.frozen(at("2027-02-01T23:00:00")):
        apply(applicant())
        with pytest.raises(WindowRefused, match="over"):
            maintenance.cancel_window(window.window_id, "ST-1")


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (END, START, "not after"),
        (START, START, "not after"),
        ("2026-11-20T09:00:00", END, "passed"),
        (START, "2027-02-08T20:00:01", "longer"),
        ("2027-02-01T05:59:59", "2027-02-01T07:00:00", "another window"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(start: str, end: str, why: str) -> None:
    announce()
    with pytest.raises(WindowRefused, match=why):
        announce(start, end)
    announce(END, "2027-02-01T07:00:00")


def test_a_note_with_a_my_number_is_refused() -> None:
    with pytest.raises(WindowRefused):
        maintenance.add_window(at(START), at(END), stops_orders=False, note="123456789018", by="ST-1")


def test_the_database_refuses_two_windows_at_once() -> None:
    announce()

    def same() -> MaintenanceWindow:
        moment = datetime.fromisoformat(START + "+09:00")
        return MaintenanceWindow(
            starts_at=moment,
            ends_at=moment + timedelta(hours=1),
            planned_end=moment + timedelta(hours=1),
            stops_residents=True,
            stops_orders=False,
            note="x",
            added_by="x",
            added_at=moment,
        )

    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(same())


def test_workers_send_nothing_while_they_are_told_to_pause_and_lose_nothing() -> None:
    open_policy()
    apply(applicant())
    (order,) = orders()
    now = clock.now() + timedelta(minutes=5)
    window = maintenance.add_window(now, now + timedelta(hours=2), stops_orders=True, note="更新", by="ST-1")
    with clock.frozen(now + timedelta(hours=1)):
        tasks.send_grant_order(policy_id="P-001", order_id=str(order.id))
        tasks.inquire_open_orders(0)
        tasks.order_due_grants(0)
    (order,) = orders()
    assert (order.state, order.sent_at) == (OrderState.CREATED, None)
    from tests.applications.applicants import rows_in

    before = rows_in("procrastinate_jobs")
    with clock.frozen(window.ends_at):
        tasks.inquire_open_orders(0)
    assert rows_in("procrastinate_jobs") == before + 1, "found when the window is over"


def test_a_window_for_workers_alone_leaves_residents_alone() -> None:
    open_policy()
    maintenance.add_window(
        at(START), at(END), stops_orders=True, stops_residents=False, note="決済事業者の更新", by="ST-1"
    )
    assert policy().document.window.apply_to == at("2027-01-31T23:59:59")
    with clock.frozen(at(START)):
        apply(applicant())


def test_before_the_start_of_the_policy_its_own_reason_stands() -> None:
    open_policy(window__apply_from="2026-12-01T09:00:00+09:00")
    announce("2026-11-21T20:00:00", "2026-11-21T22:00:00")
    with clock.frozen(at("2026-11-21T21:00:00")):
        found = policy().refusal
    assert isinstance(found, DomainError)
    assert found.code == "E208"
