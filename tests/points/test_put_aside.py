"""BR-43: results for unknown, foreign, known or contradicted orders are put aside; staff decide, the ledger waits."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import clock, db, payments, points
from app.audit import AuditEvent
from app.cli import cli
from app.payments.gateways import GatewayAnswer
from app.points import GrantState, GrantSucceeded, OrderState, Reported, Resolution, ResolutionRefused, Source, Taken
from tests.points.conftest import AMOUNT, POLICY, Approved, approve, books_are_right, counters, grant, orders_of
from tests.points.fake_provider import FakeProvider

DONE = GatewayAnswer("succeeded", transaction_no="T-1")
FAILED = GatewayAnswer("failed", reason="account_closed")


@pytest.fixture
def ordered(policy: str, provider: FakeProvider, told: list[object]) -> Approved:
    return approve(order=True)


def _send(approved: Approved) -> UUID:
    order_id = orders_of(approved)[-1].id
    points.send_order(POLICY, order_id)
    return order_id


def _report(order_id: UUID, answer: GatewayAnswer, **changes: object) -> Taken:
    report = {
        "provider_id": "PRV-01",
        "policy_id": POLICY,
        "order_id": order_id,
        "answer": answer,
        "source": Source.CALL_BACK,
        "amount": AMOUNT,
    }
    with db.transaction() as session:
        return points.take_result(session, Reported(**(report | changes)))


def _aside(*, open_only: bool = True) -> list[points.PutAside]:
    with db.reading() as session:
        return points.put_aside_results(session, open_only=open_only)


def _audited(action: str) -> int:
    with db.reading() as session:
        return session.query(AuditEvent).filter_by(action=action).count()


def test_br_43_e701_a_result_for_an_unknown_order_is_put_aside_once_however_often_it_comes(policy: str) -> None:
    unknown = uuid4()
    for _ in range(3):
        assert _report(unknown, DONE) is Taken.PUT_ASIDE
    (row,) = _aside()
    assert (row.code, row.order_id, row.times, row.recorded_state) == ("E701", unknown, 3, None)
    assert _audited("grant.result_put_aside") == 1
    assert counters().granted == 0


def test_br_43_an_order_of_another_policy_is_unknown(ordered: Approved) -> None:
    order_id = _send(ordered)
    assert _report(order_id, DONE, policy_id="P-002") is Taken.PUT_ASIDE
    assert _aside()[0].code == "E701"


def test_br_43_e703_another_providers_result_is_put_aside_and_does_not_hold_the_grant(ordered: Approved) -> None:
    order_id = orders_of(ordered)[-1].id
    assert _report(order_id, FAILED, provider_id="PRV-02") is Taken.PUT_ASIDE
    assert [row.code for row in _aside()] == ["E703"]
    with db.reading() as session:
        assert not points.is_disputed(session, POLICY, ordered.grant_id)
    _send(ordered)
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_br_43_e702_a_repeat_changes_nothing_and_asks_nobody(ordered: Approved) -> None:
    order_id = _send(ordered)
    before = counters()
    assert _report(order_id, DONE) is Taken.ALREADY_RECORDED
    assert _aside() == []
    (row,) = _aside(open_only=False)
    assert (row.code, row.resolution) == ("E702", Resolution.NO_CHANGE)
    assert counters() == before


def test_br_43_e704_a_contradiction_changes_nothing_and_alarms_once(ordered: Approved) -> None:
    order_id = _send(ordered)
    before = counters()
    for _ in range(2):
        assert _report(order_id, FAILED) is Taken.PUT_ASIDE
    (row,) = _aside()
    assert (row.code, row.recorded_state, row.reported_state, row.times) == ("E704", "succeeded", "failed", 2)
    assert _audited("grant.contradiction") == 1
    assert counters() == before
    assert books_are_right()


def test_br_43_e704_another_amount_than_ordered_is_a_contradiction_even_of_an_open_order(
    ordered: Approved, provider: FakeProvider
) -> None:
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    order_id = _send(ordered)
    assert _report(order_id, DONE, amount=AMOUNT + 1) is Taken.PUT_ASIDE
    assert orders_of(ordered)[-1].state == OrderState.ACCEPTED
    assert counters().granted == 0


def test_a_result_for_an_order_that_was_never_sent_is_put_aside(ordered: Approved) -> None:
    assert _report(orders_of(ordered)[-1].id, DONE) is Taken.PUT_ASIDE
    assert _aside()[0].code == "E704"


def test_an_answer_that_contradicts_a_faster_call_back_is_put_aside(ordered: Approved, provider: FakeProvider) -> None:
    order_id = orders_of(ordered)[-1].id
    provider.after_doing = lambda: _report(order_id, FAILED) and None
    points.send_order(POLICY, order_id)
    (row,) = _aside()
    assert (row.code, row.source, row.recorded_state, row.reported_state) == ("E704", "answer", "failed", "succeeded")
    assert books_are_right()


def _failed_then_reported_done(ordered: Approved, provider: FakeProvider) -> points.PutAside:
    provider.decide = lambda instruction: FAILED
    order_id = _send(ordered)
    assert _report(order_id, DONE) is Taken.PUT_ASIDE
    (row,) = _aside()
    return row


def _choose_again(approved: Approved, account: str = "0000000000017") -> None:
    with db.transaction() as session:
        (planned,) = points.planned_grants(session, POLICY, approved.application_id)
        service = payments.get_service(session, "SVC-QR-01")
        assert service is not None
        link = payments.create_link(
            session,
            policy_id=POLICY,
            application_id=approved.application_id,
            person_id=planned.person_id,
            service=service,
            normalized=account,
            holder_masked=None,
        )
        points.assign_grant(
            session, planned, link_id=link.id, service_id="SVC-QR-01", provider_id="PRV-01", order_at=clock.now()
        )


def test_promise_2_no_second_order_goes_out_while_a_success_contradicts_the_recorded_failure(
    ordered: Approved, provider: FakeProvider
) -> None:
    _failed_then_reported_done(ordered, provider)
    _choose_again(ordered)
    provider.decide = provider._grant
    assert points.order_due_grants() == 0
    assert len(orders_of(ordered)) == 1
    assert provider.book == []


def test_after_staff_found_the_record_right_the_next_choice_is_ordered(
    ordered: Approved, provider: FakeProvider
) -> None:
    row = _failed_then_reported_done(ordered, provider)
    _choose_again(ordered)
    provider.decide = provider._grant
    points.resolve_result(row.id, Resolution.RECORD_STANDS, by="staff-1", note="mistake of the provider, ref 12")
    assert points.order_due_grants() == 1
    _send(ordered)
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_p7_a_correction_to_success_is_taken_as_granted_by_decision_without_a_second_message(
    ordered: Approved, provider: FakeProvider, told: list[object]
) -> None:
    row = _failed_then_reported_done(ordered, provider)
    _choose_again(ordered)
    received = list(provider.received)
    points.resolve_result(row.id, Resolution.GRANTED_AFTER_ALL, by="staff-1", note="list of the provider, page 3")
    failed, stands = orders_of(ordered)
    assert (stands.state, stands.stands_for, stands.transaction_no) == (OrderState.SUCCEEDED, failed.id, "T-1")
    assert grant(ordered).state == GrantState.GRANTED
    assert counters().granted == AMOUNT
    assert provider.received == received
    assert told[-1] == GrantSucceeded(POLICY, ordered.application_id, ordered.grant_id, AMOUNT)
    assert points.order_due_grants() == 0
    assert books_are_right()
    assert _audited("grant.result_decided") == 1
    with pytest.raises(ResolutionRefused, match="decided before"):
        points.resolve_result(row.id, Resolution.RECORD_STANDS, by="staff-2", note="other")


def test_a_correction_is_refused_when_the_benefit_went_elsewhere_meanwhile(
    ordered: Approved, provider: FakeProvider
) -> None:
    provider.decide = lambda instruction: FAILED
    first = _send(ordered)
    _choose_again(ordered)
    provider.decide = provider._grant
    points.order_due_grants()
    _send(ordered)
    assert _report(first, GatewayAnswer("succeeded", transaction_no="T-late")) is Taken.PUT_ASIDE
    (row,) = _aside()
    with pytest.raises(ResolutionRefused, match="under way or done"):
        points.resolve_result(row.id, Resolution.GRANTED_AFTER_ALL, by="staff-1", note="list")
    assert _aside() != []
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_a_correction_is_refused_when_the_points_were_given_up(ordered: Approved, provider: FakeProvider) -> None:
    row = _failed_then_reported_done(ordered, provider)
    with db.transaction() as session:
        book = points.Book(session, POLICY)
        book.post(points.LedgerEvent.UNCOMMIT, AMOUNT, application_id=ordered.application_id)
        book.close(seats=-1)
    with pytest.raises(ResolutionRefused, match="no longer held"):
        points.resolve_result(row.id, Resolution.GRANTED_AFTER_ALL, by="staff-1", note="list")
    assert books_are_right()


@pytest.mark.parametrize(("by", "note"), [("", "why"), ("who", " "), ("who", "x" * 501)])
def test_a_decision_needs_a_name_and_a_reason(policy: str, by: str, note: str) -> None:
    _report(uuid4(), DONE)
    (row,) = _aside()
    with pytest.raises(ResolutionRefused, match="who decides and why"):
        points.resolve_result(row.id, Resolution.RECORD_STANDS, by=by, note=note)


@pytest.mark.parametrize("note", ["番号は123456789018です", "１２３４ ５６７８ ９０１８"])
def test_br_57_a_my_number_in_the_note_of_a_decision_is_refused_and_not_kept(policy: str, note: str) -> None:
    _report(uuid4(), DONE)
    (row,) = _aside()
    with pytest.raises(ResolutionRefused, match="12-digit number"):
        points.resolve_result(row.id, Resolution.RECORD_STANDS, by="who", note=note)
    assert _aside()[0].note is None


def test_the_database_refuses_a_decision_without_a_note(policy: str) -> None:
    _report(uuid4(), DONE)
    with pytest.raises(Exception, match="a_decision_has_a_note"), db.transaction() as session:
        session.execute(
            text("UPDATE quarantined_results SET resolution = 'record_stands', resolved_at = now(), resolved_by = 'x'")
        )


def test_promise_2_the_same_result_reported_by_many_at_once_is_booked_once(
    ordered: Approved, provider: FakeProvider, told: list[object]
) -> None:
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    order_id = _send(ordered)
    start, taken = threading.Barrier(8), []

    def report() -> None:
        start.wait()
        taken.append(_report(order_id, DONE))

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(t.name for t in taken) == ["ALREADY_RECORDED"] * 7 + ["RECORDED"]
    assert len(told) == 1
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_staff_list_and_decide_on_the_command_line(
    ordered: Approved, database: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import settings

    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://localhost"}
    for name, value in (values | {"STATE_DIR": str(tmp_path), "TRUST_ANCHORS_ENVIRONMENT": "test"}).items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    order_id = _send(ordered)
    _report(order_id, FAILED)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["results", *arguments])
        return done.exit_code, done.output

    code, listed = run("list")
    assert code == 0
    assert "E704" in listed
    assert str(order_id) in listed
    result_id = listed.split()[0]
    wrong = run("resolve", result_id, "--as", "granted_after_all", "--by", "staff-1", "--note", "list")
    assert wrong[0] == 1
    assert "only a success" in wrong[1]
    assert run("resolve", result_id, "--as", "record_stands", "--by", "staff-1", "--note", "call of 11-20")[0] == 0
    assert "nothing is put aside" in run("list")[1]
    assert "call of 11-20" in run("list", "--all")[1]
    assert "no order waits" in run("waiting")[1]
    settings.current.cache_clear()


def test_orders_without_an_answer_are_listed_for_staff(ordered: Approved, provider: FakeProvider) -> None:
    provider.decide = lambda instruction: GatewayAnswer("accepted")
    order_id = _send(ordered)
    with db.reading() as session:
        (row,) = points.waiting_orders(session, sent_before=clock.now())
    assert (row.order_id, row.state, row.amount) == (order_id, OrderState.ACCEPTED, AMOUNT)
