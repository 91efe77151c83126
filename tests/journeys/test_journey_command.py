"""`todoke journey` against the running system: granted, waiting, refused with the right code, and never a fault."""

from __future__ import annotations

import subprocess

import pytest

from tests.cases.test_cannot_tell import says_not_eligible
from tests.journeys.system import System

pytestmark = pytest.mark.system


def test_a_person_who_qualifies_is_granted(system: System) -> None:
    status, report = system.journey("TP-02", "P-001", "SVC-QR-01")
    assert (status, report["outcome"]) == (0, "granted"), report
    assert report["receipt_no"].startswith("P001-")
    assert len(report["steps"]) == 11


def test_a_second_terminal_runs_todoke_with_the_demos_settings(system: System) -> None:
    """As docs/operations say; nothing else of this terminal's environment helps."""
    lines = f". {system.state}/environment.sh && todoke clock show && pg_dump --schema-only $TODOKE_DATABASE_URL"
    bare = {"PATH": "/usr/bin:/bin"}
    found = subprocess.run(["sh", "-c", lines], env=bare, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "(simulated)" in found.stdout
    assert "CREATE TABLE public.ledger_entries" in found.stdout


def test_the_same_person_again_is_told_so(system: System) -> None:
    system.journey("TP-15", "P-001", "SVC-QR-01", "--account", "1111111111111")
    status, report = system.journey("TP-15", "P-001", "SVC-QR-01", "--account", "1111111111111")
    assert (status, report["code"]) == (2, "E206"), report


def test_br_32_who_is_for_staff_to_look_at_is_waiting_and_never_refused(system: System) -> None:
    status, report = system.journey("TP-03", "P-017", "SVC-LC-01")
    assert (status, report["outcome"]) == (3, "waiting"), report
    assert report["receipt_no"].startswith("P017-")
    assert not says_not_eligible(str(report))


@pytest.mark.parametrize(
    ("person", "policy", "service", "code"),
    [
        ("TP-11", "P-001", "SVC-QR-01", "E202"),  # C-11: the other あさひ市
        ("TP-09", "P-001", "SVC-QR-01", "E201"),  # C-09: another municipality
        ("TP-24", "P-004", "SVC-QR-01", "E103"),  # C-24: text PIN locked
        ("TP-25", "P-001", "SVC-QR-01", "E105"),  # C-25: certificate expired
        ("TP-26", "P-001", "SVC-QR-01", "E106"),  # C-26a: certificate revoked
        ("TP-26B", "P-001", "SVC-QR-01", "E106"),  # C-26b: certificate suspended
        ("TP-27", "P-001", "SVC-QR-01", "E107"),  # C-27a: renewed today
        ("TP-18", "P-001", "SVC-QR-01", "E102"),  # C-18a: authentication PIN locked
        ("TP-23", "P-001", "SVC-QR-01", "E110"),  # C-23a: card without PIN
        ("TP-07G", "P-002", "SVC-QR-01", "E209"),  # full
        ("TP-14", "P-006", "SVC-QR-01", "E208"),  # closed
        ("TP-13", "P-020", "SVC-QR-01", "E210"),  # suspended
        ("TP-13", "P-003", "SVC-QR-01", "E208"),  # not yet open
    ],
)
def test_who_is_refused_hears_why(system: System, person: str, policy: str, service: str, code: str) -> None:
    status, report = system.journey(person, policy, service)
    assert (status, report["code"]) == (2, code), report
    assert report["message"]


def test_a_wrong_pin_says_how_many_tries_are_left(system: System) -> None:
    status, report = system.journey("TP-29", "P-001", "SVC-QR-02", "--pin", "9999")
    assert (status, report["code"]) == (2, "E101"), report
    assert "あと2回" in report["message"]
    assert "利用者証明用" in report["message"], "the reader signs first, so this PIN is the first that can be wrong"


def test_a_wrong_service_id_is_refused(system: System) -> None:
    status, report = system.journey("TP-10", "P-001", "SVC-QR-02", "--account", "1234567890")
    assert (status, report["code"]) == (2, "E301"), report
