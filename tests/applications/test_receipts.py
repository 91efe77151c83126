"""Services with a receipt action: a day of their own, received or not, what the person is told (E402, 5.5, 5.10)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner

from app import clock, db, points, returns
from app.applications import ApplicationState, Receipt, suspect_return
from app.cli.results import results
from app.payments.gateways import GatewayAnswer
from app.points import GrantState, Reported, Source, Taken
from app.points.models import GrantOrder
from app.screening import Staff
from tests.applications.applicants import (
    CARD,
    Applicant,
    applicant,
    apply,
    by_receipt,
    counters,
    grants_of,
    open_policy,
    orders,
    view_of,
)
from tests.applications.submitting import AMOUNT, audited
from tests.conftest import FIXTURE_TIME

pytestmark = pytest.mark.usefixtures("installation")
CARD_ID = "6000000000000015"
DAY = timedelta(days=1)
STAFF = Staff("ST-X", frozenset({"reviewer", "approver", "treasurer"}))
OTHER = Staff("ST-Y", frozenset({"reviewer", "approver", "treasurer"}))


def report(order_id: UUID, state: str, number: str | None = "T-1") -> Taken:
    answer = GatewayAnswer(state, number)
    with db.transaction() as session:
        return points.take_result(session, Reported("PRV-03", "P-001", order_id, answer, Source.CALL_BACK))


def sent(who: Applicant) -> tuple[Receipt, UUID]:
    """Applied with つばめ電子マネー; the order is with the provider."""
    receipt = apply(who, service_id=CARD, account=CARD_ID)
    order = orders()[-1]
    with db.transaction() as session:
        row = session.get_one(GrantOrder, (order.policy_id, order.id))
        row.state, row.sent_at = "sent", clock.now()
    return receipt, order.id


def granted(who: Applicant, **policy: object) -> tuple[Receipt, UUID]:
    open_policy(**policy)
    receipt, order_id = sent(who)
    assert report(order_id, "succeeded") is Taken.RECORDED
    return receipt, order_id


def status(receipt: Receipt, who: Applicant) -> tuple[str, str | None]:
    shown = view_of(receipt, who).status
    return shown.key, shown.turn


def state_of(receipt: Receipt) -> str:
    return grants_of(by_receipt(receipt).id)[0].state


def test_after_the_grant_it_is_the_persons_turn_until_the_services_own_last_day() -> None:
    receipt, _ = granted(who := applicant())
    assert state_of(receipt) == GrantState.AWAITING_RECEIPT
    shown = view_of(receipt, who).status
    assert (shown.key, shown.word, shown.turn) == ("receive", "受取操作が必要です", "you")
    assert "2027年2月18日" in (shown.date_text or ""), "90 days after 2026-11-20"
    assert not shown.is_final
    assert counters().granted == AMOUNT


def test_the_policys_receive_by_ends_it_earlier() -> None:
    receipt, _ = granted(
        applicant(),
        window__assign_by="2027-01-31T23:59:59+09:00",
        window__grant_by="2027-01-31T23:59:59+09:00",
        window__apply_to="2027-01-31T23:59:59+09:00",
        window__receive_by="2027-02-10T23:59:59+09:00",
    )
    (grant,) = grants_of(by_receipt(receipt).id)
    assert grant.receive_by is not None
    assert clock.local(grant.receive_by).isoformat() == "2027-02-10T23:59:59+09:00"


def test_received_is_recorded_once_and_moves_no_points() -> None:
    receipt, order_id = granted(who := applicant())
    assert report(order_id, "received") is Taken.RECORDED
    assert report(order_id, "received") is Taken.ALREADY_RECORDED
    assert (state_of(receipt), status(receipt, who)) == (GrantState.RECEIVED, ("granted", None))
    assert (counters().granted, audited("grant.received")) == (AMOUNT, 1)
    with clock.frozen(FIXTURE_TIME + 200 * DAY):
        assert report(order_id, "not_received") is Taken.PUT_ASIDE, "E704: it was received"
    assert counters().granted == AMOUNT


def test_received_before_the_news_of_the_grant_is_both() -> None:
    open_policy()
    receipt, order_id = sent(applicant())
    assert report(order_id, "received") is Taken.RECORDED
    assert state_of(receipt) == GrantState.RECEIVED
    assert by_receipt(receipt).state == ApplicationState.FULFILLED
    assert report(order_id, "succeeded") is Taken.ALREADY_RECORDED


def test_e402_not_received_counts_only_after_the_last_day_and_the_amount_expires() -> None:
    receipt, order_id = granted(who := applicant())
    with clock.frozen(datetime.fromisoformat("2027-02-18T23:59:59+09:00")):
        assert report(order_id, "not_received") is Taken.PUT_ASIDE
        assert status(receipt, who) == ("receive", "you")
    with clock.frozen(datetime.fromisoformat("2027-02-19T00:00:00+09:00")):
        assert status(receipt, who) == ("receipt_over", "provider"), "not lost before the provider says so"
        assert report(order_id, "not_received", None) is Taken.RECORDED
        assert report(order_id, "not_received", None) is Taken.ALREADY_RECORDED
        assert report(order_id, "received") is Taken.PUT_ASIDE
        shown = view_of(receipt, who).status
    assert (shown.word, shown.is_final) == ("受取期限切れ", True)
    assert shown.next_line == "受取期限(2027年2月18日)を過ぎたため、受け取れません。"
    assert (counters().granted, counters().expired, counters().seats_taken) == (0, AMOUNT, 1)


def test_what_was_not_received_is_free_again_where_the_policy_recycles_and_still_is_open() -> None:
    later = "2027-05-20T23:59:59+09:00"
    _, order_id = granted(
        applicant(),
        recycle=True,
        reopen=True,
        window__apply_to=later,
        window__assign_by=later,
        window__grant_by=later,
        window__receive_by=later,
        service_windows={},
    )
    before = counters().budget
    with clock.frozen(FIXTURE_TIME + 100 * DAY):
        assert report(order_id, "not_received") is Taken.RECORDED
    assert (counters().expired, counters().seats_taken, counters().budget) == (0, 0, before + AMOUNT)


def test_a_service_without_receipt_action_never_hears_of_one() -> None:
    open_policy()
    receipt = apply(applicant())
    order = orders()[-1]
    with db.transaction() as session:
        row = session.get_one(GrantOrder, (order.policy_id, order.id))
        row.state, row.sent_at = "sent", clock.now()
        answer = GatewayAnswer("succeeded", "T-9")
        points.take_result(session, Reported("PRV-01", "P-001", order.id, answer, Source.CALL_BACK))
        late = Reported("PRV-01", "P-001", order.id, GatewayAnswer("received", "T-9"), Source.CALL_BACK)
        assert points.take_result(session, late) is Taken.PUT_ASIDE
    assert state_of(receipt) == GrantState.GRANTED


def test_staff_see_whose_last_day_comes_near(monkeypatch: pytest.MonkeyPatch) -> None:
    receipt, _ = granted(applicant())
    with db.reading() as session:
        assert points.open_receipts(session, until=date(2027, 2, 17)) == []
        (one,) = points.open_receipts(session, until=date(2027, 2, 18))
    assert (one.application_id, one.amount, one.receive_by) == (by_receipt(receipt).id, AMOUNT, date(2027, 2, 18))
    monkeypatch.setattr("app.start.pii.configure", lambda _keys: None)
    monkeypatch.setattr("app.start.audit.configure", lambda _keys: None)
    assert "nothing waits" in CliRunner().invoke(results, ["receipts", "--within-days", "3"]).output
    with clock.frozen(FIXTURE_TIME + 89 * DAY):
        assert "2027-02-18" in CliRunner().invoke(results, ["receipts", "--within-days", "3"]).output


@pytest.mark.parametrize(
    ("recovered", "end", "left"),
    [
        (AMOUNT, "settle", GrantState.REVERSED),
        (3_000, "write_off", GrantState.PARTLY_REVERSED),
        (0, "write_off", GrantState.NOT_REVERSIBLE),
        (0, "cancel", GrantState.GRANTED),
    ],
)
def test_a_return_case_moves_the_grant_with_it(recovered: int, end: str, left: GrantState) -> None:
    receipt, _ = granted(applicant())
    case = suspect_return("P-001", by_receipt(receipt).id, STAFF)
    returns.take("P-001", case, STAFF)
    returns.notify("P-001", case, STAFF, "基準日に市外にお住まいでした。", clock.today())
    read = returns.propose("P-001", case, STAFF, AMOUNT)
    assert state_of(receipt) == GrantState.AWAITING_RECEIPT
    with clock.frozen(FIXTURE_TIME + DAY):
        returns.decide("P-001", case, OTHER, proposal_id=read, office="給付担当窓口", objection="審査請求できます。")
        assert state_of(receipt) == GrantState.REVERSAL_REQUESTED
        returns.demand("P-001", case, STAFF, clock.today())
        if recovered:
            returns.record_payment("P-001", case, STAFF, recovered, "reversal")
        if end == "write_off":
            given_up = returns.propose_write_off("P-001", case, STAFF, "使い切られていました。")
            returns.write_off("P-001", case, OTHER, proposal_id=given_up)
        if end == "cancel":
            returns.cancel("P-001", case, STAFF, "記載の誤りでした。")
    assert state_of(receipt) == left
