"""Services load as a whole or not at all, and a fault names item, field and reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from app import db
from app.payments import (
    ServicesRefused,
    describe_security_code,
    get_service,
    known_service_ids,
    load_services,
    offered_services,
    parse_services,
    services_of,
)
from tests.payments.samples import every_service, service, service_item

SOURCE = "services.json"


def test_all_eleven_sample_services_are_valid():
    documents = every_service()
    assert len(documents) == 11
    assert service("SVC-QR-01").at_once
    assert service("SVC-CC-01").grant_lead == timedelta(days=45)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("min_age", "15", "valid integer"),
        ("max_per_grant", 0, "greater than or equal to 1"),
        ("grant_mode", "by_post", "Input should be"),
        ("id_regex", "^(a+)+$", "groups and alternatives"),
        ("id_regex", "^[0-9$", "not a regular expression"),
        ("grant_lead", "two days", "duration"),
        ("colour", "red", "Extra inputs"),
        ("service_id", "svc qr", "pattern"),
    ],
)
def test_a_fault_names_source_item_field_and_reason(field, value, reason):
    with pytest.raises(ServicesRefused) as caught:
        parse_services([service_item(), service_item("SVC-QR-02", **{field: value})], SOURCE)
    (fault,) = caught.value.faults
    assert fault.source == SOURCE
    assert fault.item in ("SVC-QR-02", "svc qr")
    assert fault.field == field
    assert reason in fault.reason


def test_all_faults_of_a_file_are_named_at_once_and_odd_items_by_their_number():
    with pytest.raises(ServicesRefused) as caught:
        parse_services([service_item(unit=0), "nonsense", service_item("SVC-QR-02"), service_item("SVC-QR-02")], SOURCE)
    assert [(f.item, f.field) for f in caught.value.faults] == [
        ("SVC-QR-01", "unit"),
        ("item 2", "(whole item)"),
        ("SVC-QR-02", "service_id"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"max_per_grant": 5, "min_per_grant": 10},
        {"provider_id": None},
        {"security_code_regex": None},
        {"sample_ids": {"valid": ["12"], "confirm": [], "invalid": []}},
        {"sample_ids": {"valid": ["1234567890123"], "confirm": [], "invalid": ["0000000000017"]}},
    ],
)
def test_a_document_that_contradicts_itself_is_refused(changes):
    with pytest.raises(ValidationError):
        service("SVC-QR-01", **changes)


def test_the_format_of_a_security_code_is_put_into_words():
    assert describe_security_code(service("SVC-QR-01")) == "数字4桁"
    assert describe_security_code(service("SVC-QR-02")) == "英大文字と数字6文字"
    assert describe_security_code(service("SVC-PAPER-01")) is None


def test_loading_twice_changes_nothing_and_a_change_is_counted(database):
    items = [service_item("SVC-QR-01"), service_item("SVC-QR-02")]
    with db.transaction() as session:
        first = load_services(session, items, SOURCE)
        second = load_services(session, items, SOURCE)
        third = load_services(session, [service_item("SVC-QR-01", name="あたらしいPay"), items[1]], SOURCE)
    assert (first.added, first.changed, first.unchanged) == (2, 0, 0)
    assert (second.added, second.changed, second.unchanged) == (0, 0, 2)
    assert (third.added, third.changed, third.unchanged) == (0, 1, 1)
    with db.reading() as session:
        found = get_service(session, "SVC-QR-01")
        assert found is not None
        assert found.name == "あたらしいPay"
        assert found.grant_lead == timedelta(0)
        assert get_service(session, "SVC-XX-01") is None
        assert known_service_ids(session) == {"SVC-QR-01", "SVC-QR-02"}
        assert [s.service_id for s in services_of(session, ["SVC-QR-02", "SVC-XX-01", "SVC-QR-01"])] == [
            "SVC-QR-02",
            "SVC-QR-01",
        ]


def test_one_bad_service_means_that_nothing_is_loaded(database):
    with pytest.raises(ServicesRefused), db.transaction() as session:
        load_services(session, [service_item("SVC-QR-01"), service_item("SVC-QR-02", unit=0)], SOURCE)
    with db.reading() as session:
        assert known_service_ids(session) == set()


def test_services_that_grant_at_once_can_be_told_from_the_others(database):
    with db.transaction() as session:
        load_services(
            session, [service_item("SVC-QR-01"), service_item("SVC-QR-02"), service_item("SVC-LC-01")], SOURCE
        )
        assert [one.service_id for one in offered_services(session) if one.at_once] == ["SVC-QR-01"]
