"""Paper vouchers: no provider is asked, so staff say what became of them, and every application comes to its end."""

from __future__ import annotations

from datetime import datetime

import pytest
from click.testing import CliRunner

from app import clock
from app.applications import ApplicationState, Receipt
from app.audit import AuditEvent
from app.cli.vouchers import vouchers
from app.db import reading
from app.points import GrantState
from tests.applications.applicants import (
    QR,
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

pytestmark = pytest.mark.usefixtures("installation")
PAPER, VOUCHER = "SVC-PAPER-01", "A1B2C3D4"
SERIALS = "000101..000120"


@pytest.fixture(autouse=True)
def _own_state(tmp_path, monkeypatch: pytest.MonkeyPatch, installation: None) -> None:
    monkeypatch.setenv("TODOKE_STATE_DIR", str(tmp_path))


def todoke_vouchers(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(vouchers, arguments)
    return done.exit_code, done.output


def ordered(who: Applicant) -> Receipt:
    open_policy(services=[QR, PAPER])
    return apply(who, service_id=PAPER, account=VOUCHER)


def ready(who: Applicant) -> Receipt:
    receipt = ordered(who)
    assert todoke_vouchers("ready", receipt.receipt_no, "--serials", SERIALS, "--by", "ST-1")[0] == 0
    return receipt


def shown(receipt: Receipt, who: Applicant) -> tuple[str, str | None]:
    status = view_of(receipt, who).status
    return status.key, status.turn


def state_of(receipt: Receipt) -> tuple[str, str]:
    row = by_receipt(receipt)
    return row.state, grants_of(row.id)[0].state


def test_a_voucher_is_prepared_fetched_and_its_person_reads_each_step() -> None:
    receipt = ordered(who := applicant())
    assert shown(receipt, who) == ("ordered", "municipality"), "nobody else has a part in it"
    assert f"{receipt.receipt_no}  P-001" in todoke_vouchers("list")[1]
    assert "to prepare" in todoke_vouchers("list")[1]

    assert todoke_vouchers("ready", receipt.receipt_no, "--serials", SERIALS, "--by", "ST-1")[0] == 0
    assert shown(receipt, who) == ("receive", "you")
    assert "2026年12月20日" in (view_of(receipt, who).status.date_text or ""), "30 days after 2026-11-20"
    assert f"ready until 2026-12-20  {SERIALS}" in todoke_vouchers("list")[1]
    assert (counters().ordered, counters().granted) == (0, AMOUNT)

    assert todoke_vouchers("handed", receipt.receipt_no, "--by", "ST-2") == (0, f"{receipt.receipt_no}: handed_over\n")
    assert state_of(receipt) == (ApplicationState.FULFILLED, GrantState.RECEIVED)
    assert shown(receipt, who) == ("granted", None)
    assert todoke_vouchers("list")[1] == "nothing is to be handed over\n"
    with reading() as session:
        by = [event.actor for event in session.query(AuditEvent).filter_by(action="grant.hand_over")]
    assert sorted(filter(None, by)) == ["ST-1", "ST-2"]


def test_the_same_step_again_changes_nothing() -> None:
    receipt = ready(applicant())
    assert "noted before" in todoke_vouchers("ready", receipt.receipt_no, "--serials", SERIALS, "--by", "ST-1")[1]
    for _ in range(2):
        code, told = todoke_vouchers("handed", receipt.receipt_no, "--by", "ST-1")
        assert code == 0
    assert "noted before" in told
    assert (counters().granted, audited("grant.received"), audited("grant.hand_over")) == (AMOUNT, 1, 2)


def test_who_is_at_the_desk_gets_it_at_once() -> None:
    receipt = ordered(applicant())
    code, told = todoke_vouchers("handed", receipt.receipt_no, "--by", "ST-1")
    assert (code, "say the serials" in told) == (1, True)
    assert todoke_vouchers("handed", receipt.receipt_no, "--serials", "A7", "--by", "ST-1")[0] == 0
    assert state_of(receipt) == (ApplicationState.FULFILLED, GrantState.RECEIVED)
    assert orders()[0].transaction_no == "A7"


def test_e402_nobody_has_missed_a_day_that_is_not_over() -> None:
    receipt = ready(who := applicant())
    code, told = todoke_vouchers("missed", receipt.receipt_no, "--by", "ST-1")
    assert (code, "may be fetched until 2026-12-20" in told) == (1, True)
    with clock.frozen(datetime.fromisoformat("2026-12-21T00:00:00+09:00")):
        assert shown(receipt, who) == ("receipt_over", "municipality")
        assert "over since 2026-12-20" in todoke_vouchers("list")[1]
        assert todoke_vouchers("missed", receipt.receipt_no, "--by", "ST-1")[0] == 0
        assert shown(receipt, who) == ("not_received", None)
        assert todoke_vouchers("handed", receipt.receipt_no, "--by", "ST-1")[0] == 1, "it is given up"
    assert (counters().granted, counters().expired) == (0, AMOUNT)


def test_e401_what_can_not_be_handed_over_is_chosen_again() -> None:
    receipt = ordered(who := applicant())
    assert todoke_vouchers("cannot", receipt.receipt_no, "--by", "ST-1")[0] == 0
    assert shown(receipt, who) == ("failed", "you")
    assert (counters().ordered, counters().committed) == (0, AMOUNT)
    assert view_of(receipt, who).must_choose


def test_what_is_ready_can_not_be_taken_back_by_a_slip() -> None:
    receipt = ready(applicant())
    for step in (["cannot"], ["ready", "--serials", "B1"]):
        code, told = todoke_vouchers(step[0], receipt.receipt_no, *step[1:], "--by", "ST-1")
        assert (code, f"noted as ready ({SERIALS})" in told) == (1, True)
    assert state_of(receipt) == (ApplicationState.FULFILLED, GrantState.AWAITING_RECEIPT)


def test_what_a_provider_carries_out_is_not_entered_by_hand() -> None:
    open_policy()
    receipt = apply(applicant())
    code, told = todoke_vouchers("handed", receipt.receipt_no, "--serials", "A7", "--by", "ST-1")
    assert (code, "PRV-01 carries this out" in told) == (1, True)
    assert (orders()[0].state, counters().ordered) == ("created", AMOUNT)
    assert todoke_vouchers("list")[1] == "nothing is to be handed over\n"


@pytest.mark.parametrize("serials", ["", "a1", "A1..", "A1 B2", "123456789018", "X" * 21])
def test_serials_are_numbers_of_vouchers_and_nothing_else(serials: str) -> None:
    receipt = ordered(applicant())
    code, told = todoke_vouchers("ready", receipt.receipt_no, "--serials", serials, "--by", "ST-1")
    assert (code, "serials are FIRST" in told) == (1, True)
    assert orders()[0].state == "created"


def test_an_unknown_number_and_nobodys_name_are_refused() -> None:
    receipt = ordered(applicant())
    assert "no such receipt number" in todoke_vouchers("handed", "P-001-ZZZZ", "--serials", "A7", "--by", "ST-1")[1]
    assert "say who" in todoke_vouchers("handed", receipt.receipt_no, "--serials", "A7", "--by", " ")[1]
