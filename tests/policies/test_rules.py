"""What a policy must satisfy before it is taken: each rule refuses, with the field and the reason."""

from __future__ import annotations

from typing import Any

import pytest

from app.policies.rules import faults_of
from tests.policies.samples import ITEMS, document


@pytest.mark.parametrize("policy_id", ITEMS)
def test_every_sample_policy_is_valid(policy_id: str) -> None:
    assert faults_of(document(policy_id)) == []


def _only_fault(policy_id: str, changes: dict[str, Any]) -> tuple[str, str]:
    faults = faults_of(document(policy_id, changes))
    assert len(faults) == 1, faults
    return faults[0]


@pytest.mark.parametrize(
    ("policy_id", "changes", "field", "reason"),
    [
        ("P-001", {"municipality_code": "992012"}, "municipality_code", "BR-73"),
        ("P-001", {"municipality_code": "221317"}, "municipality_code", "not in the municipality table"),
        ("P-001", {"eligibility.residence.municipality": "992012"}, "eligibility.residence", "BR-73"),
        ("P-001", {"window.apply_to": "2027-01-31T17:00:00+09:00"}, "window.apply_to", "BR-01"),
        ("P-001", {"window.apply_to": "2027-01-31T23:59:59+00:00"}, "window.apply_to", "BR-01"),
        ("P-001", {"window.assign_by": "2027-01-30T23:59:59+09:00"}, "window.assign_by", "BR-11"),
        ("P-001", {"window.grant_by": "2027-02-27T23:59:59+09:00"}, "window.grant_by", "BR-11"),
        ("P-001", {"window.receive_by": "2027-03-30T23:59:59+09:00"}, "window.receive_by", "BR-11"),
        ("P-001", {"window.apply_from": "2027-02-01T00:00:00+09:00"}, "window.apply_to", "BR-11"),
        ("P-003", {"window.grant_by": "2027-06-01T23:59:59+09:00"}, "window.grant_by", "BR-11"),
        ("P-015", {"window.purchase_to": None}, "window.purchase_to", "together"),
        ("P-001", {"screening": []}, "screening", "BR-18"),
        ("P-011", {"screening": ["CARD_AUTO"]}, "screening", "BR-18"),
        ("P-016", {"screening": ["POST_REVIEW"]}, "screening", "BR-18"),
        ("P-005", {"screening": ["CARD_AUTO"]}, "screening", "EXCLUSION_LIST"),
        ("P-001", {"screening": ["CARD_AUTO", "EVENT_QR"]}, "screening", "EVENT_QR has no condition"),
        ("P-001", {"screening": ["CARD_AUTO", "AGE"]}, "screening", "added by the system"),
        ("P-001", {"screening": ["CARD_AUTO", "CARD_AUTO"]}, "screening", "twice"),
        ("P-006", {"eligibility.birthdate_range": ["2026-04-01", "2020-04-02"]}, "eligibility.birthdate_range", "last"),
        ("P-018", {"eligibility.age.max": ...}, "eligibility.age", "min or max"),
        ("P-008", {"eligibility.age.min": 6}, "eligibility.age.rule", "BR-06"),
        ("P-018", {"eligibility.age.min": 19}, "eligibility.age", "above max"),
        ("P-001", {"axes.grant_timing": "還元付与"}, "axes.grant_timing", "rate"),
        ("P-001", {"axes.earn_shop_limited": True}, "axes.earn_shop_limited", "還元付与"),
        ("P-015", {"window.purchase_from": ..., "window.purchase_to": ...}, "window.purchase_from", "needs"),
        ("P-015", {"benefit.report_days": 60}, "benefit.report_days", "after grant_by"),
        ("P-015", {"benefit.cap_per_period": 3_001}, "benefit.cap_per_period", "BR-37"),
        ("P-015", {"benefit.shop_group_caps": {"大型店": 3_001}}, "benefit.shop_group_caps.大型店", "BR-37"),
        ("P-015", {"benefit.carryover_from": "P-015"}, "benefit.carryover_from", "itself"),
        ("P-003", {"budget": 299_999}, "budget", "150 seats"),
        ("P-001", {"budget": 9_999}, "budget", "smallest amount"),
        ("P-001", {"services": ["SVC-QR-01", "SVC-QR-01"]}, "services", "twice"),
        ("P-001", {"service_windows": {"SVC-X": ["2026-11-01", "2027-01-31"]}}, "service_windows.SVC-X", "not among"),
        ("P-004", {"service_windows.SVC-LC-01": ["2027-02-28", "2026-11-01"]}, "service_windows.SVC-LC-01", "after"),
        ("P-001", {"alternative_channel.paper_service": "SVC-P"}, "alternative_channel.paper_service", "SVC-P"),
        ("P-001", {"alternative_channel.counter": False}, "alternative_channel", "must be stated"),
    ],
)  # fmt: skip
def test_br_01_br_06_br_08_br_11_br_18_br_73_one_fault_is_named_with_field_and_reason(
    policy_id: str, changes: dict[str, Any], field: str, reason: str
) -> None:
    found_field, found_reason = _only_fault(policy_id, changes)
    assert found_field == field
    assert reason in found_reason


def test_br_18_a_base_date_cannot_be_proved_by_the_card_alone() -> None:
    fields = [reason for field, reason in faults_of(document("P-017", {"screening": ["CARD_AUTO"]}))]
    assert any("BR-18" in reason for reason in fields)


def test_a_missing_second_channel_may_be_explained() -> None:
    changes = {"alternative_channel": {"counter": False, "paper_service": None, "explanation": "電話で受け付けます"}}
    assert faults_of(document("P-001", changes)) == []


def test_br_21_a_policy_may_name_several_wards() -> None:
    assert faults_of(document("P-018", {"eligibility.residence.municipality": ["991015", "991023"]})) == []
