"""Loading: all or nothing, immutable versions, and errors that name file, item, field and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db, policies
from app.policies import LoadRefused, LoadReport
from app.policies.models import Policy, PolicyCounter, PolicyVersion
from tests.policies.samples import ITEMS, POLICIES_FILE, SERVICE_IDS, SERVICES_FILE, WITH_REBATE, WITH_SPEND_SCOPE, item


def _load(session: Session, *items: object) -> LoadReport:
    return policies.load_policies(
        session,
        items,
        source="test.json",
        known_services=SERVICE_IDS,
        services_with_spend_scope=WITH_SPEND_SCOPE,
        services_with_rebate=WITH_REBATE,
    )


def _refusal(*items: object) -> LoadRefused:
    with pytest.raises(LoadRefused) as refused:
        # The session is not touched before every item is found good.
        _load(None, *items)
    return refused.value


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"title": ...}, "title", "Field required"),
        ({"surprise": 1}, "surprise", "Extra inputs"),
        ({"benefit.amount": "10000"}, "benefit.amount", "valid integer"),
        ({"benefit.amount": 0}, "benefit.amount", "greater than or equal to 1"),
        ({"benefit.type": "gift"}, "benefit", "gift"),
        ({"eligibility.residence.mode": "somewhere"}, "eligibility.residence", "somewhere"),
        ({"eligibility.residence.municipality": "99201"}, "eligibility.residence.municipality", "pattern"),
        ({"category": "ポイント"}, "category", "お買い物支援"),
        ({"window.apply_to": "2027-01-31T23:59:59"}, "window.apply_to", "timezone"),
        ({"window.apply_to": "2027-02-30T23:59:59+09:00"}, "window.apply_to", "valid datetime"),
        ({"title": "あさひ市\u0000"}, "title", "control characters"),
        ({"outline_url": "javascript:alert(1)"}, "outline_url", "pattern"),
        ({"strict_residence": "false"}, "strict_residence", "valid boolean"),
        ({"services": ["SVC-QR-01", "SVC-NEW-01"]}, "services", "SVC-NEW-01 is not a known service"),
        ({"status": "opened"}, "status", "must be one of"),
        ({"window.grant_by": "2027-06-01T23:59:59+09:00"}, "window.grant_by", "BR-11"),
    ],
)
def test_an_error_names_file_item_field_and_reason(changes: dict[str, Any], field: str, reason: str) -> None:
    faults = _refusal(item("P-001", changes)).faults
    fault = next(fault for fault in faults if fault.field.startswith(field))
    assert (fault.source, fault.item) == ("test.json", "P-001")
    assert fault.field.startswith(field)
    assert reason in fault.reason
    assert str(fault).startswith(f"test.json: P-001: {fault.field}: ")


def test_every_fault_of_a_file_is_named_at_once() -> None:
    refusal = _refusal(item("P-001", {"budget": -1}), item("P-002", {"title": ""}), 5, {"policy_id": 7})
    assert {fault.item for fault in refusal.faults} == {"P-001", "P-002", "item 3", "item 4"}


def test_a_policy_twice_in_a_file_is_refused() -> None:
    (fault,) = _refusal(item("P-001"), item("P-001", {"title": "別の名前"})).faults
    assert (fault.item, fault.field, fault.reason) == ("P-001", "policy_id", "is in the file twice")


def test_a_lone_surrogate_is_refused_and_not_stored() -> None:
    assert _refusal(item("P-001", {"title": "\ud800"})).faults[0].item == "P-001"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON"),
        (b"\x81\x0a", "is not UTF-8 at byte 0"),
        (b"{}", "must be a list"),
        (b"[]", "must be a list"),
        (b"[1]", "item 1"),
        (b'[{"policy_id": "P-1"}, {"service_id": "S-1"}]', "neither policies"),
        (b'[{"policy_id": "P-1", "policy_id": "P-2"}]', "stands twice"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_holds_neither_policies_nor_services_says_so(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_bytes(content)
    with pytest.raises(LoadRefused) as refused:
        policies.read_file(path)
    assert str(refused.value).startswith("wrong.json: ")
    assert reason in str(refused.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(LoadRefused, match=r"absent\.json: cannot be read"):
        policies.read_file(tmp_path / "absent.json")


def test_the_kind_of_a_file_is_told_by_its_content() -> None:
    assert (policies.read_file(POLICIES_FILE).kind, len(policies.read_file(POLICIES_FILE).items)) == ("policies", 21)
    assert policies.read_file(SERVICES_FILE).kind == "services"


@pytest.mark.usefixtures("database")
def test_all_sample_policies_load_with_their_states_and_a_counter_at_zero() -> None:
    with db.transaction() as session:
        report = _load(session, *ITEMS.values())
    assert len(report.policies_added) == 21
    assert report.funding["P-001"] == 260_000_000
    with db.reading() as session:
        states = {row.policy_id: row.state for row in session.scalars(select(Policy))}
        counters = policies.counters.read(session, "P-002")
        published = {row.policy_id: row.published_at for row in session.scalars(select(PolicyVersion))}
    assert [states[policy_id] for policy_id in ("P-001", "P-002", "P-003", "P-006")] == ["published"] * 4
    assert [states[one] for one in ("P-005", "P-010", "P-016-1", "P-020")] == [
        "draft",
        "settling",
        "archived",
        "suspended",
    ]
    assert (counters.capacity, counters.seats_taken, counters.budget, counters.funded) == (26_600, 0, 0, 0)
    assert published["P-005"] is None
    assert published["P-001"] is not None


@pytest.mark.usefixtures("database")
def test_the_same_content_again_makes_no_version() -> None:
    with db.transaction() as session:
        _load(session, *ITEMS.values())
    with db.transaction() as session:
        report = _load(session, *ITEMS.values())
        assert len(list(session.scalars(select(PolicyVersion)))) == 21
    assert (report.policies_added, report.policies_changed, report.funding) == ((), (), {})
    assert len(report.policies_unchanged) == 21


@pytest.mark.usefixtures("database")
def test_a_change_makes_the_next_version_and_keeps_the_old_one() -> None:
    with db.transaction() as session:
        _load(session, item("P-001"))
    with db.transaction() as session:
        report = _load(session, item("P-001", {"title": "あさひ市 新しい名前", "budget": 270_000_000}))
    assert (report.policies_changed, report.funding) == (("P-001",), {"P-001": 10_000_000})
    with db.reading() as session:
        assert policies.document_of(session, "P-001", 1).title == "あさひ市 くらし応援ポイント"
        assert policies.document_of(session, "P-001", 2).title == "あさひ市 新しい名前"
        view = policies.get(session, "P-001")
        with pytest.raises(LookupError):
            policies.document_of(session, "P-001", 3)
    assert view is not None
    assert view.version == 2


@pytest.mark.usefixtures("database")
def test_a_file_never_undoes_what_people_decided() -> None:
    with db.transaction() as session:
        _load(session, item("P-001"))
        session.get_one(Policy, "P-001").state = "suspended"
    with db.transaction() as session:
        _load(session, item("P-001", {"title": "あさひ市 新しい名前"}))
        assert session.get_one(Policy, "P-001").state == "suspended"


@pytest.mark.usefixtures("database")
def test_a_version_cannot_leave_fewer_seats_than_are_taken_nor_move_to_another_municipality() -> None:
    with db.transaction() as session:
        _load(session, item("P-003"))
        session.get_one(PolicyCounter, "P-003").seats_taken = 3
    with pytest.raises(LoadRefused, match="P-003: capacity: 3 seats are taken"), db.transaction() as session:
        _load(session, item("P-003", {"capacity": 2}))
    with pytest.raises(LoadRefused, match="municipality_code"), db.transaction() as session:
        _load(session, item("P-003", {"municipality_code": "993026"}))
    with db.reading() as session:
        assert policies.counters.read(session, "P-003").capacity == 150


@pytest.mark.usefixtures("database")
def test_a_share_of_purchases_comes_back_only_through_services_that_report_them() -> None:
    with db.transaction() as session:
        _load(session, item("P-015"))
    with pytest.raises(LoadRefused, match="P-015: services: SVC-PP-01 does not support"), db.transaction() as session:
        _load(session, item("P-015", {"services": ["SVC-QR-01", "SVC-PP-01"]}))
    with db.reading() as session:
        policies.check_services(session, "services.json", services_with_rebate=WITH_REBATE)
        with pytest.raises(LoadRefused, match="P-015: services: SVC-QR-01 does not support"):
            policies.check_services(session, "services.json", services_with_rebate=WITH_REBATE - {"SVC-QR-01"})


@pytest.mark.usefixtures("database")
def test_one_wrong_item_stores_nothing() -> None:
    with pytest.raises(LoadRefused), db.transaction() as session:
        _load(session, item("P-001"), item("P-002", {"budget": 1}))
    with db.reading() as session:
        assert list(session.scalars(select(Policy))) == []


@pytest.mark.usefixtures("database")
def test_a_stored_document_reads_back_as_it_was_taken() -> None:
    with db.transaction() as session:
        _load(session, *ITEMS.values())
    with db.reading() as session:
        for version in session.scalars(select(PolicyVersion)):
            read = policies.PolicyDocument.model_validate_json(json.dumps(version.document))
            assert read.canonical() == version.document


def test_axis_4_takes_only_services_that_say_where_they_can_be_spent(database: str) -> None:
    limited = item("P-017") | {"services": [*item("P-017")["services"], "SVC-QR-01"]}
    (fault,) = _refusal(limited).faults
    assert (fault.item, fault.field) == ("P-017", "services")
    assert "SVC-QR-01 has no spend_scope" in fault.reason
    free = limited | {"axes": limited["axes"] | {"spend_shop_limited": False}}
    with db.transaction() as session:
        assert _load(session, free).policies_added == ("P-017",)
