"""The end of a card session: the challenge is used up first, then everything is verified, then evidence is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app import cards, clock, db, municipalities, people
from app.audit import AuditEvent
from app.cards import ResultIn
from app.settings import Settings
from nfc.problems import Outcome
from tests.cards.reading import (
    PEOPLE,
    POLICY,
    Issuer,
    Visit,
    all_evidence,
    enrol,
    problem,
    replace_lists,
    seen,
    state,
    stored,
)

Visits = Callable[..., Visit]


def audited(action: str) -> list[AuditEvent]:
    with db.transaction() as session:
        return session.query(AuditEvent).filter_by(action=action).all()


# --- a reading that succeeds --------------------------------------------------------------------------------------


def test_a_verified_reading_becomes_evidence_of_a_person(visit: Visits) -> None:
    one = visit()
    assert one.hand_in(one.read("TP-02"))
    (kept,) = all_evidence()
    assert (kept.assurance, kept.revocation, kept.issuer_check, kept.card_proof, kept.environment) == (
        "simulated",
        "good",
        "genuine",
        "live",
        "test",
    )
    assert (kept.address_status, kept.address_code) == ("exact", "992011")
    assert (kept.card_session_id, kept.agent_id, kept.verified_at) == (
        one.session_id,
        one.reader.agent_id,
        clock.now(),
    )
    assert state(one.session_id) == "done"


def test_br_69_the_four_items_come_back_byte_for_byte(visit: Visits) -> None:
    for person in ("TP-02", "TP-20B", "TP-22"):
        one = visit()
        one.hand_in(one.read(person))
        view = seen(one.session_id)
        assert view is not None
        assert view.evidence_id is not None
        with db.reading() as session:
            evidence = cards.evidence_of(session, view.evidence_id)
            assert evidence is not None
            items = people.facts_of(session, evidence.facts_id)
        assert items is not None
        assert (items.name.reveal(), items.address.reveal()) == (PEOPLE[person].name, PEOPLE[person].address)
        assert evidence.birth_date == PEOPLE[person].birth_date


def test_the_same_card_again_is_the_same_person_with_new_evidence(visit: Visits) -> None:
    for _ in range(2):
        one = visit()
        one.hand_in(one.read("TP-02"))
    first, second = all_evidence()
    assert first.person_id == second.person_id


def test_br_15_a_renewed_certificate_is_a_suspicion_and_no_silent_second_person(visit: Visits, issuer: Issuer) -> None:
    before_renewal = clock.now() - timedelta(days=30)
    with clock.frozen(before_renewal):
        replace_lists(issuer)
        old = visit()
        old.hand_in(old.read("TP-15", now=before_renewal))
    replace_lists(issuer)
    new = visit()
    new.hand_in(new.read("TP-15"))
    first, second = all_evidence()
    assert first.person_id != second.person_id
    assert (first.looks_like_another, second.looks_like_another) == (False, True)


def test_audit_says_who_verified_whom_by_pseudonym_only(visit: Visits) -> None:
    one = visit()
    one.hand_in(one.read("TP-02"))
    (event,) = audited("card.verified")
    said = f"{event.object_id} {event.actor} {event.facts}"
    assert event.policy_id == POLICY
    assert str(all_evidence()[0].person_id) not in said
    assert not any(value in said for value in (PEOPLE["TP-02"].name, PEOPLE["TP-02"].address, "1975"))


# --- the challenge counts once ------------------------------------------------------------------------------------


def test_a_result_counts_once(visit: Visits) -> None:
    one = visit()
    result = one.read("TP-02")
    assert one.hand_in(result)
    assert not one.hand_in(result)
    assert len(all_evidence()) == 1


def test_the_challenge_is_used_up_even_when_the_verification_fails(visit: Visits) -> None:
    one = visit()
    right = one.read("TP-02")
    forged = base64.b64encode(bytes(256)).decode()
    assert one.hand_in(right | {"signature": forged})
    assert problem(one.session_id)[0] == "E108"
    assert stored(one.session_id).consumed_at is not None
    assert not one.hand_in(right), "the right signature comes too late"
    assert (state(one.session_id), all_evidence()) == ("failed", [])


def test_the_challenge_is_used_up_even_when_we_fail_ourselves(visit: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    one = visit()
    result = one.read("TP-02")

    def broken(address: str) -> municipalities.Resolution:
        raise RuntimeError("the table is gone")

    with monkeypatch.context() as patched:
        patched.setattr(municipalities, "resolve", broken)
        with pytest.raises(RuntimeError):
            one.hand_in(result)
    assert not one.hand_in(result)
    assert (stored(one.session_id).evidence_id, all_evidence()) == (None, [])


def test_the_result_of_another_agent_is_refused_and_uses_nothing_up(visit: Visits) -> None:
    one = visit()
    result = one.read("TP-02")
    assert not one.hand_in(result, reader=enrol())
    assert stored(one.session_id).consumed_at is None
    assert one.hand_in(result)


def test_a_reading_for_ones_status_is_for_no_policy_and_verified_as_such(visit: Visits) -> None:
    one = visit(purpose="status")
    assert one.task.policy_id is None
    assert one.hand_in(one.read("TP-02"))
    assert state(one.session_id) == "done"


def test_a_signature_made_for_one_session_is_worth_nothing_in_another(visit: Visits) -> None:
    one, other = visit(), visit()
    result = one.read("TP-02")
    assert other.hand_in(result)
    assert problem(other.session_id)[0] == "E108"


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "status"},
        {"policy_id": "P-002"},
        {"session_id": UUID(int=1)},
        {"challenge": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_for_another_operation_is_refused(visit: Visits, change: dict[str, Any]) -> None:
    one = visit()
    task = one.task
    one.task = replace(task, **change)
    result = one.read("TP-02")
    one.task = task
    assert one.hand_in(result)
    assert problem(one.session_id)[0] == "E108"


def test_a_signature_for_another_server_is_refused(visit: Visits, issuer: Issuer, believing: Settings) -> None:
    one = visit(settings=issuer.settings(public_url="https://elsewhere.example"))
    result = one.read("TP-02")
    one.settings = believing
    assert one.hand_in(result)
    assert problem(one.session_id)[0] == "E108"


# --- certificates that do not hold --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "code", "facts"),
    [
        ("TP-25", "E105", {}),
        ("TP-26", "E106", {}),
        ("TP-26B", "E106", {}),
        ("TP-27", "E107", {"date": "2026-11-21"}),
    ],
)
def test_a_certificate_that_does_not_hold_is_told_by_its_own_reason(
    visit: Visits, person: str, code: str, facts: dict[str, str]
) -> None:
    one = visit()
    assert one.hand_in(one.read(person))
    assert problem(one.session_id) == (code, None, facts)
    assert all_evidence() == []
    (event,) = audited("card.not_verified")
    assert event.facts == {"code": code}


def test_a_certificate_renewed_today_is_taken_tomorrow(visit: Visits, issuer: Issuer) -> None:
    with clock.frozen(clock.now() + timedelta(days=1)):
        replace_lists(issuer)
        one = visit()
        assert one.hand_in(one.read("TP-27", now=clock.now()))
        assert state(one.session_id) == "done"


def test_a_card_of_an_issuer_that_nobody_pinned_is_no_card_for_us(visit: Visits, foreign_issuer: Issuer) -> None:
    one = visit()
    assert one.hand_in(one.read("TP-02", issuer=foreign_issuer))
    assert problem(one.session_id)[0] == "E116"
    assert all_evidence() == []


def test_the_items_of_one_card_cannot_be_told_from_those_of_another_by_the_signature(visit: Visits) -> None:
    """Why the agent must be believed: a genuine signature says nothing of the four items (architecture.md 3)."""
    one = visit()
    own, other = one.read("TP-02"), one.read("TP-10")
    assert one.hand_in(own | {"four_information": other["four_information"]})
    assert all_evidence()[0].assurance == "simulated"


@pytest.mark.parametrize("verdict", ["not_genuine", "malformed"])
def test_records_that_the_issuer_did_not_sign_are_no_my_number_card(visit: Visits, verdict: str) -> None:
    one = visit()
    one.hand_in(one.read("TP-02") | {"issuer_check": verdict})
    assert problem(one.session_id)[0] == "E116"


@pytest.mark.parametrize("verdict", ["unknown_issuer", "not_done"])
def test_records_that_nobody_could_check_are_kept_as_unchecked(visit: Visits, verdict: str) -> None:
    one = visit()
    one.hand_in(one.read("TP-02") | {"issuer_check": verdict})
    assert [kept.issuer_check for kept in all_evidence()] == [verdict]


@pytest.mark.parametrize("verdict", ["not_live", "malformed"])
def test_a_card_whose_own_key_answers_wrongly_is_no_my_number_card(visit: Visits, verdict: str) -> None:
    one = visit()
    one.hand_in(one.read("TP-02") | {"card_proof": verdict})
    assert problem(one.session_id)[0] == "E116"
    assert all_evidence() == []


@pytest.mark.parametrize("verdict", ["unknown_issuer", "not_done"])
def test_a_card_that_offers_no_proof_of_its_own_is_kept_as_that(visit: Visits, verdict: str) -> None:
    one = visit()
    one.hand_in(one.read("TP-02") | {"card_proof": verdict})
    assert [kept.card_proof for kept in all_evidence()] == [verdict]


def test_an_agent_that_knows_nothing_of_the_proof_is_understood(visit: Visits) -> None:
    one = visit()
    result = one.read("TP-02")
    assert result.pop("card_proof") == "live"
    one.hand_in(result)
    assert [kept.card_proof for kept in all_evidence()] == ["not_done"]


# --- what came instead of a reading -------------------------------------------------------------------------------

ENDINGS: list[tuple[dict[str, Any], str, str | None, dict[str, Any]]] = [
    ({"outcome": "wrong_pin", "pin_kind": "auth", "tries_left": 2}, "E101", None, {"n": 2}),
    ({"outcome": "wrong_pin", "pin_kind": "text", "tries_left": 1}, "E101", "text", {"n": 1}),
    ({"outcome": "last_try", "pin_kind": "auth", "tries_left": 1}, "E101", None, {"n": 1}),
    ({"outcome": "wrong_pin", "pin_kind": "auth", "tries_left": 0}, "E102", None, {}),
    ({"outcome": "wrong_pin", "pin_kind": "text", "tries_left": 0}, "E103", None, {}),
    ({"outcome": "blocked", "pin_kind": "auth", "tries_left": 0}, "E102", None, {}),
    ({"outcome": "blocked", "pin_kind": "auth"}, "E102", None, {}),
    ({"outcome": "blocked", "pin_kind": "text"}, "E103", None, {}),
    ({"outcome": "unknown_outcome", "pin_kind": "auth"}, "E108", None, {}),
    ({"outcome": "unknown_outcome", "pin_kind": "auth", "tries_left": 2}, "E101", None, {"n": 2}),
    ({"outcome": "card_unusable", "pin_kind": "text"}, "E110", None, {}),
    ({"outcome": "card_unusable"}, "E111", None, {}),
    ({"outcome": "card_fault"}, "E111", None, {}),
    ({"outcome": "malformed"}, "E111", None, {}),
    ({"outcome": "not_this_card"}, "E116", None, {}),
    ({"outcome": "phone_token"}, "E109", None, {}),
    ({"outcome": "no_certificate"}, "E105", None, {}),
    ({"outcome": "order_bug"}, "E108", None, {}),
    ({"outcome": "no_service"}, "E108", None, {}),
    ({"outcome": "no_reader"}, "E108", None, {}),
    ({"outcome": "no_card"}, "E108", None, {}),
    ({"outcome": "card_busy"}, "E108", None, {}),
    ({"outcome": "card_removed"}, "E108", None, {}),
    ({"outcome": "comm_error"}, "E108", None, {}),
    ({"outcome": "cancelled"}, "E115", None, {}),
    ({"outcome": "timed_out"}, "E114", None, {}),
    ({"outcome": "something new"}, "E108", None, {}),
    ({"outcome": "ok"}, "E108", None, {}),
]


@pytest.mark.parametrize(
    ("result", "code", "variant", "facts"), ENDINGS, ids=["-".join(map(str, row[0].values())) for row in ENDINGS]
)
def test_every_outcome_has_its_message_and_is_never_a_refusal(
    result: dict[str, Any], code: str, variant: str | None, facts: dict[str, Any], database: str, issuer: Issuer
) -> None:
    one = Visit(issuer.settings(), enrol(), issuer)
    assert one.hand_in(result)
    assert problem(one.session_id) == (code, variant, facts)
    view = seen(one.session_id)
    assert view is not None
    assert view.problem is not None
    assert "{" not in view.problem.wording()
    assert view.problem.kind != "ineligible"
    assert (view.state, all_evidence()) == ("failed", [])


def test_the_table_above_knows_every_outcome_of_a_procedure() -> None:
    assert {outcome.value for outcome in Outcome} <= {result["outcome"] for result, *_ in ENDINGS}


@pytest.mark.parametrize("field", ["four_information", "certificate", "signature"])
def test_a_reading_with_a_part_missing_is_not_read(visit: Visits, field: str) -> None:
    one = visit()
    result = one.read("TP-02")
    one.hand_in({key: value for key, value in result.items() if key != field})
    assert problem(one.session_id)[0] == "E108"


@pytest.mark.parametrize("field", ["certificate", "signature"])
@pytest.mark.parametrize("value", ["", "###", "あ", "QUJD"])
def test_garbage_for_a_certificate_or_signature_is_no_fault_of_ours(visit: Visits, field: str, value: str) -> None:
    one = visit()
    assert one.hand_in(one.read("TP-02") | {field: value})
    assert problem(one.session_id)[0] in ("E108", "E116")
    assert all_evidence() == []


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"outcome": "ok", "pin": "1234"},
        {"outcome": "ok", "my_number": "123456789018"},
        {"outcome": "ok", "four_information": {"name": "a", "address": "b", "birth_date": "c"}},
        {"outcome": "ok", "issuer_check": "yes"},
        {"outcome": "wrong_pin", "tries_left": 99},
        {"outcome": "ok", "certificate": "A" * 9000},
    ],
)
def test_a_result_outside_the_agreement_is_refused_and_its_values_are_not_repeated(result: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        ResultIn.model_validate(result)
    assert "1234" not in str(refused.value)
