"""A reviewer leaves: the page gives a check back, an approver takes it back with a reason, and who may not is told."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app import applications, db
from app.applications.review_effects import back_to_staff, locked_application
from app.audit import AuditEvent
from app.organisations import Role
from app.organisations.models import StaffAccount
from app.policies import CheckKind
from app.screening import ReviewRefused, Staff
from tests.web.service import Browser, Service
from tests.web_counter.hands import signed_in_staff
from tests.web_municipality.reviewing import (
    TOWN,
    a_tiered_policy,
    act,
    apply_for_the_child,
    approver,
    reviewer,
    words,
)
from tests.web_municipality.test_review import OFFICE, application, case


@pytest.fixture
def receipt(browser: Browser) -> str:
    a_tiered_policy()
    return apply_for_the_child(browser)


def holder_on_page(browser: Browser, receipt: str) -> str:
    page = browser.get(f"/review/{receipt}").get_data(as_text=True)
    found = re.search(r'name="holder-POST_REVIEW"\s+value="([^"]+)"', page)
    return found[1] if found else ""


def test_a_reviewer_gives_a_check_back_and_a_colleague_takes_it(service: Service, receipt: str) -> None:
    desk, colleague = reviewer(service), reviewer(service, "ST-R2")
    assert "この項目を返す" not in case(desk, receipt)
    act(desk, receipt, "take")
    assert "この項目を返す" in case(desk, receipt) and "この項目を返す" not in case(colleague, receipt)
    other = act(colleague, receipt, "give-back")
    assert other.status_code == 409 and "ほかの担当者が受け持っているか" in words(other)
    assert act(desk, receipt, "give-back").status_code == 303
    assert act(desk, receipt, "give-back").status_code == 303, "pressed twice is done once"
    assert "まだいません" in words(desk.get("/review"))
    assert act(colleague, receipt, "take").status_code == 303
    assert "条件に合っている" in case(colleague, receipt)


def test_an_approver_takes_back_from_who_left_with_a_reason(service: Service, receipt: str) -> None:
    desk, boss, colleague = reviewer(service), approver(service), reviewer(service, "ST-R2")
    act(desk, receipt, "take")
    act(desk, receipt, "refuse", code="E201", reason="住民票が他の町にあります。")
    assert "ST-R1 の担当を外す" in case(boss, receipt) and "案は、取り消されます" in case(boss, receipt)
    assert "担当を外す" not in case(colleague, receipt)
    assert act(colleague, receipt, "take-back", why="left", holder="ST-R1").status_code == 403
    holder = holder_on_page(boss, receipt)
    for why in ("", "山田さんは入院した"):
        missing = act(boss, receipt, "take-back", why=why, holder=holder)
        assert missing.status_code == 422
        assert "担当を外すわけを選んでください" in words(missing) and "エラー:" in missing.get_data(as_text=True)
    assert act(boss, receipt, "take-back", why="left", holder=holder).status_code == 303
    assert act(colleague, receipt, "take").status_code == 303
    late = act(boss, receipt, "take-back", why="left", holder=holder)
    assert late.status_code == 409 and "受け持つ人が変わりました" in words(late)
    with db.reading() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "check.taken_back"))
    assert (event.actor, event.facts) == ("ST-A1", {"kind": "POST_REVIEW", "holder": "ST-R1", "why": "left"})
    assert act(desk, receipt, "pass").status_code == 409, "no longer theirs"


def test_br_31_what_a_reviewer_had_before_the_person_was_protected_is_not_stuck(service: Service, receipt: str) -> None:
    desk, boss = reviewer(service), approver(service)
    act(desk, receipt, "take")
    applications.set_support_measure(application(receipt).beneficiary_id, OFFICE)
    assert act(desk, receipt, "give-back").status_code == 404
    assert act(boss, receipt, "take-back", why="shared_out", holder="ST-R1").status_code == 303
    both, _ = signed_in_staff(service, "両方の机", "ST-B1", Role.REVIEWER, Role.APPROVER, town=TOWN)
    assert act(both, receipt, "take").status_code == 303
    assert "この項目を返す" in case(both, receipt) and "担当を外す" not in case(both, receipt)


def say_own(staff_id: str, fingerprint: bytes | None) -> None:
    """Their account says now that this member of staff is the person."""
    with db.transaction() as session:
        session.get_one(StaffAccount, staff_id).own_fingerprint = fingerprint


def test_an_approver_takes_nothing_back_of_their_own_application(service: Service, receipt: str) -> None:
    desk, boss, found = reviewer(service), approver(service), application(receipt)
    act(desk, receipt, "take")
    say_own("ST-A1", found.fingerprint)
    assert act(boss, receipt, "take-back", why="left", holder="ST-R1").status_code == 403
    where = (found.policy_id, found.id, CheckKind.POST_REVIEW)
    with pytest.raises(ReviewRefused, match="same_person"):
        applications.take_check_back(*where, Staff("ST-A1", frozenset({"approver"})), "ST-R1", "left")
    assert "この項目を返す" in case(desk, receipt)


def test_who_turns_out_to_be_the_person_decides_nothing_they_have_in_hand_but_it_can_leave_it(
    service: Service, receipt: str
) -> None:
    desk, found = reviewer(service), application(receipt)
    act(desk, receipt, "take")
    say_own("ST-R1", found.fingerprint)
    who, where = Staff("ST-R1", frozenset({"reviewer"})), (found.policy_id, found.id, CheckKind.POST_REVIEW)
    for decide in (
        lambda: applications.pass_check(*where, who),
        lambda: applications.propose_refusal(*where, who, "E201", "市外です。"),
    ):
        with pytest.raises(ReviewRefused, match="same_person"):
            decide()
    assert act(approver(service), receipt, "take-back", why="has_part", holder="ST-R1").status_code == 303


def test_after_an_objection_what_is_not_decided_can_be_taken_on_the_page(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk, boss, colleague = reviewer(service), approver(service), reviewer(service, "ST-R2")
    with db.transaction() as session:
        row = locked_application(session, application(receipt).policy_id, application(receipt).id)
        assert back_to_staff(session, row, CheckKind.GUARDIAN, "E205")
    act(desk, receipt, "take")
    act(desk, receipt, "refuse", code="E203", reason="住民票で確かめました。")
    assert act(boss, receipt, "confirm").status_code == 303
    browser.send(f"/applications/{receipt}/refusal", reason="対象の年齢です。")
    assert "この項目を受け持つ" in case(colleague, receipt), "or an overturned refusal would wait for it for ever"
    assert act(colleague, receipt, "take", "GUARDIAN").status_code == 303
    assert act(colleague, receipt, "pass", "GUARDIAN").status_code == 303


@pytest.mark.parametrize("what", ["give-back", "take-back"])
def test_a_check_that_the_case_has_not_is_not_found(service: Service, receipt: str, what: str) -> None:
    staff = approver(service) if what == "take-back" else reviewer(service)
    for kind in ("EVENT_QR", "NONSENSE", ""):
        assert act(staff, receipt, what, kind, why="left", holder="ST-R1").status_code == 404
