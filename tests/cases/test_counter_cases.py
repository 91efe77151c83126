"""C-18a/b, C-23b and C-31a/b: cases about the visit itself, each as written, with real cards on a counter's reader."""

from __future__ import annotations

from datetime import datetime

import pytest

from app import applications, clock, counter, db, screening
from app.policies import CheckKind
from tests.cases.at_counter import Outcome, Window
from tests.cases.reading import PEOPLE, Desk
from tests.cases.test_people_cases import CASES

E_MONEY = "6000000000000015"


@pytest.fixture
def window(desk: Desk) -> Window:
    return Window.open(desk)


def run(window: Window, case_id: str, account: str = "") -> Outcome:
    """One case as written: outcome, code and checks of the file."""
    case = CASES[case_id]
    with clock.frozen(datetime.fromisoformat(case["at"])):
        outcome = window.serve(case, account)
    expected = case["expect"]
    assert (outcome.word, outcome.code) == (expected["outcome"], expected["code"])
    assert {kind: outcome.checks.get(kind) for kind in expected["checks"]} == expected["checks"]
    assert window.left_behind() == [], "BR-50: nothing of the visit stays"
    return outcome


def alarms(window: Window) -> list[tuple[str, str]]:
    with db.reading() as session:
        return [(one.code, one.staff_id) for one in counter.alarms_of(session, window.staff.municipality_code)]


def test_c_18a_a_locked_pin_ends_the_visit_and_leaves_nothing(window: Window) -> None:
    run(window, "C-18a")


def test_c_18b_after_the_reset_it_is_approved_and_the_receipt_has_service_and_last_four(window: Window) -> None:
    run(window, "C-18a")
    sent = run(window, "C-18b", PEOPLE["TP-18"].payment_ids["SVC-EM-01"]).application
    assert sent is not None
    assert sent.receipt_no is not None
    with db.reading() as session:
        receipt = applications.view_by_receipt(session, sent.receipt_no, sent.beneficiary_id)
    assert receipt is not None
    assert (receipt.service_name, str(receipt.masked_account)[-4:]) == ("つばめ電子マネー", "0015")
    assert (sent.channel, sent.staff_id) == ("counter", "ST-01"), "BR-53"


def test_c_23b_a_card_without_pins_waits_for_a_second_person(window: Window) -> None:
    sent = run(window, "C-23b", PEOPLE["TP-23"].payment_ids["SVC-EM-02"]).application
    assert sent is not None
    same, other = (screening.Staff(staff_id, frozenset({"reviewer"})) for staff_id in ("ST-01", "ST-04"))
    with pytest.raises(screening.ReviewRefused, match="same_person"):
        applications.take_check("P-001", sent.id, CheckKind.CARD_AUTO, same)
    applications.take_check("P-001", sent.id, CheckKind.CARD_AUTO, other)


def test_c_31a_the_first_who_brings_the_e_money_card_raises_no_alarm(window: Window) -> None:
    run(window, "C-31a", E_MONEY)
    assert alarms(window) == []


def test_c_31b_the_same_e_money_card_for_a_second_person_is_refused_and_alarms(window: Window) -> None:
    run(window, "C-31a", E_MONEY)
    run(window, "C-31b", E_MONEY)
    assert alarms(window) == [("E803", "ST-01")]
