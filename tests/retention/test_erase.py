"""Erasing a person leaves ledger, audit and totals whole, and nothing personal in the whole database (promise 8)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app import applications, audit, cards, clock, db, people, points, retention, returns
from app.applications import ApplicationState
from app.payments.gateways import GatewayAnswer
from app.screening import Staff, state_fact
from tests.applications.applicants import (
    Applicant,
    applicant,
    apply,
    by_receipt,
    counters,
    differences,
    fill_in,
    open_policy,
    orders,
    rows_in,
)
from tests.retention.dump import ciphertexts_of, dump, forms_of, found_in

NAME, ADDRESS, BORN = "髙橋　龥子", "みらい県あさひ市本町９丁目８７番６５号", "19670203"
ACCOUNT = "4242424242421"
LONG_AGO_ENOUGH = datetime.fromisoformat("2033-04-01T00:00:00+09:00")

pytestmark = pytest.mark.usefixtures("installation")


def granted(
    policy: str = "P-001", *, name: str = NAME, account: str = ACCOUNT, who: Applicant | None = None
) -> Applicant:
    """Somebody who applied and received."""
    somebody = who or applicant(name, address=ADDRESS, birth_date=BORN, sex="2")
    application = by_receipt(apply(somebody, policy, account=account))
    created = [order for order in orders() if order.policy_id == policy and order.state == "created"]
    order = max(created, key=lambda each: each.id)
    with db.transaction() as session:
        session.execute(
            text("UPDATE grant_orders SET state = 'sent', sent_at = now() WHERE id = :id"), {"id": order.id}
        )
    with db.transaction() as session:
        points.record_result(session, policy, order.id, GatewayAnswer("succeeded", "T-1"))
    assert by_receipt_state(application.id) == ApplicationState.FULFILLED
    return somebody


def by_receipt_state(application_id: UUID) -> str:
    with db.reading() as session:
        query = text("SELECT state FROM applications WHERE id = :id")
        return str(session.execute(query, {"id": application_id}).scalar_one())


def books() -> tuple[object, ...]:
    """What must not change by a single row."""
    tables = ("ledger_entries", "grants", "grant_orders", "audit_seals", "check_moves", "policy_counters")
    queries = [f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t" for table in tables]
    queries.append(
        "SELECT md5(string_agg(e::text, '|' ORDER BY id)) FROM audit_events e WHERE action <> 'person.erased'"
    )
    queries.append("SELECT string_agg(policy_id || state || amount || receipt_no, '|' ORDER BY id) FROM applications")
    with db.reading() as session:
        return tuple(session.execute(text(query)).scalar_one() for query in queries)


def erase(who: Applicant, **options: object) -> retention.Certificate:
    return retention.erase_person(who.person_id, reason="request", by="S-1", **options)


def test_br_65_nothing_of_an_erased_person_is_left_in_the_whole_database(database: str) -> None:
    open_policy(capacity=10)
    who = granted()
    granted(name="別人　太郎", account="1111111111111")
    with db.transaction() as session:
        state_fact(session, who.person_id, "support_measure", "", "set", stated_by="S-9")
        session.execute(
            text("INSERT INTO web_sessions VALUES (sha256('token'), :p, :d, now(), now(), now())"),
            {"p": who.person_id, "d": '{"_user_id": "x"}'},
        )
    secrets = ciphertexts_of(database, who.person_id)
    assert {name.partition(" ")[0] for name in secrets} >= {
        "person_facts.name_enc",
        "person_facts.fingerprint",
        "person_keys.key",
        "payment_links.account_enc",
        "payment_links.id_index",
        "applications.fingerprint",
    }, "the search finds what there is to find"
    retention.set_rule("P-001", by="S-1", keep_keys=False)
    certificate = erase(who, before_the_end=True)
    assert certificate.counts["readings"] == certificate.counts["keys"] == certificate.counts["service_ids"] == 1
    assert certificate.counts["statements"] == 1

    whole = dump(database)
    assert found_in(whole, forms_of([NAME, ADDRESS, BORN, ACCOUNT])) == []
    kept = {"checks.input_digest"}  # of the policy's rule and the kind of answer, never of a value
    left = {name.partition(" ")[0] for name, value in secrets.items() if value in whole} - kept
    assert left == set()
    assert found_in(whole, {"other": b"1111"}), "the other person is untouched"
    with db.reading() as session:
        assert session.execute(text("SELECT count(*) FROM web_sessions")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM stated_facts")).scalar_one() == 0


def test_the_search_would_find_a_value_that_was_left(database: str) -> None:
    open_policy(capacity=10)
    with db.transaction() as session:
        session.execute(
            text("INSERT INTO rate_limits (key, window_start, count) VALUES (convert_to(:v, 'UTF8'), now(), 1)"),
            {"v": NAME},
        )
    assert found_in(dump(database), forms_of([NAME])) != []


def test_promise_8_ledger_audit_and_totals_are_whole(database: str) -> None:
    open_policy(capacity=10)
    who = granted()
    with db.transaction() as session:
        assert audit.seal(session) > 0
    before = books()
    erase(who, before_the_end=True)
    assert books() == before
    assert differences() == []
    assert (counters().granted, counters().seats_taken) == (10_000, 1)
    with db.transaction() as session:
        audit.seal(session)
        assert audit.first_broken_seal(session) is None, "the chain still verifies"


def test_the_keyed_values_stay_while_the_policys_rule_says_so_and_nobody_receives_twice(database: str) -> None:
    open_policy(capacity=10)
    certificate_of_card = b"one card"
    somebody = applicant(NAME, address=ADDRESS, birth_date=BORN, sex="2", certificate=certificate_of_card)
    who = granted(who=somebody)
    assert erase(who, before_the_end=True).keys_kept
    again = applicant(NAME, address=ADDRESS, birth_date=BORN, sex="2", certificate=certificate_of_card)
    assert again.person_id == who.person_id, "the same card is the same person"
    with pytest.raises(applications_error()) as refusal:
        fill_in(again)
    assert refusal.value.code == "E206"


def applications_error() -> type[Exception]:
    from app.errors import DomainError

    return DomainError


def test_while_an_application_is_in_flight_or_a_policy_is_held_nothing_is_erased(database: str) -> None:
    open_policy(capacity=10)
    who = applicant(NAME)
    apply(who)
    refused = []
    for prepare in (lambda: None, lambda: retention.set_rule("P-001", by="S-1", held=True)):
        prepare()
        with pytest.raises(retention.ErasureRefused) as refusal:
            erase(who, before_the_end=True)
        refused.append(refusal.value.why)
    assert refused == ["in_flight", "in_flight"]
    other = granted(account="1212121212121")
    for held, why in ((True, "held"), (False, "kept_until")):
        retention.set_rule("P-001", by="S-1", held=held)
        with pytest.raises(retention.ErasureRefused) as refusal:
            erase(other)
        assert refusal.value.why == why
    assert rows_in("person_facts") == 2
    assert rows_in("erasures") == 0


def test_while_points_are_asked_back_nothing_is_erased_and_after_it_the_reason_goes(database: str) -> None:
    open_policy(capacity=10)
    who = granted()
    reviewer = Staff("ST-R1", frozenset({"reviewer"}))
    with db.reading() as session:
        (standing,) = applications.standing_of(session, who.person_id)
    case = applications.suspect_return("P-001", standing.application_id, reviewer)
    returns.take("P-001", case, reviewer)
    returns.notify("P-001", case, reviewer, f"{ADDRESS}にお住まいでした。", clock.today())
    with pytest.raises(retention.ErasureRefused) as refusal:
        erase(who, before_the_end=True)
    assert refusal.value.why == "return_open"
    retention.set_rule("P-001", by="S-1", completed_on=date(2027, 3, 31))
    with clock.frozen(LONG_AGO_ENOUGH):
        assert retention.erase_ended_policies() == []
    assert rows_in("erasures") == 0

    treasurer, approver = Staff("ST-T1", frozenset({"treasurer"})), Staff("ST-A1", frozenset({"approver"}))
    read = returns.propose("P-001", case, reviewer, 1)
    with clock.frozen(clock.now() + timedelta(days=1)):
        returns.decide("P-001", case, approver, proposal_id=read, office="窓口", objection="審査請求できます。")
    returns.demand("P-001", case, treasurer, clock.today())
    read = returns.propose_write_off("P-001", case, treasurer, f"{ADDRESS}にもう住んでいません。")
    returns.write_off("P-001", case, approver, proposal_id=read)
    found = ciphertexts_of(database, who.person_id)
    secrets = {name: value for name, value in found.items() if "return_cases" in name or "return_steps" in name}
    assert len(secrets) == 2, "the search finds the reason, and why it was given up"
    assert erase(who, before_the_end=True).counts["texts"] == 2
    whole = dump(database)
    assert [name for name, value in secrets.items() if value in whole] == []
    assert rows_in("return_cases") == 1, "that there was a case stays"


def test_erasing_again_finds_nothing_more(database: str) -> None:
    open_policy(capacity=10)
    who = granted()
    erase(who, before_the_end=True)
    assert set(erase(who, before_the_end=True).counts.values()) == {0}
    with pytest.raises(retention.ErasureRefused):
        retention.erase_person(UUID(int=0), reason="request", by="S-1")


def test_drafts_of_an_erased_person_go_too(database: str) -> None:
    open_policy(capacity=10)
    who = applicant(NAME)
    fill_in(who)
    assert erase(who).counts["drafts"] == 1
    assert (rows_in("applications"), rows_in("person_facts")) == (0, 0)


def test_br_65_the_job_erases_a_policy_from_its_day_on_and_not_before(database: str) -> None:
    open_policy(capacity=10)
    who = granted()
    retention.set_rule("P-001", by="S-1", completed_on=date(2027, 5, 31))
    with clock.frozen(LONG_AGO_ENOUGH - timedelta(seconds=1)):
        assert retention.erase_ended_policies() == []
    with clock.frozen(LONG_AGO_ENOUGH):
        retention.set_rule("P-001", by="S-1", held=True)
        assert retention.erase_ended_policies() == [], "legal hold"
        retention.set_rule("P-001", by="S-1", held=False)
        assert retention.erase_ended_policies() == ["P-001"]
        assert retention.erase_ended_policies() == []
    assert found_in(dump(database), forms_of([NAME, ADDRESS, BORN, ACCOUNT])) == []
    assert rows_in("person_keys") == rows_in("person_facts") == 0
    with db.reading() as session:
        assert people.facts_of(session, UUID(int=1)) is None
        assert cards.evidence_of(session, who.evidence_id) is None
    assert differences() == []
    assert rows_in("erasures") == 2, "one for the person, one for the policy"


def test_a_person_with_another_policy_keeps_what_that_one_needs(database: str) -> None:
    open_policy(capacity=10)
    open_policy("P-900", capacity=10)
    somebody = applicant(NAME, address=ADDRESS, birth_date=BORN)
    granted(who=somebody)
    granted("P-900", who=somebody, account="1313131313131")
    retention.set_rule("P-001", by="S-1", completed_on=date(2027, 5, 31))
    with clock.frozen(LONG_AGO_ENOUGH):
        assert retention.erase_ended_policies() == ["P-001"]
    assert rows_in("person_facts") == 1
    with db.reading() as session:
        held = session.execute(text("SELECT policy_id, account_enc <> '' FROM payment_links ORDER BY policy_id")).all()
    assert [tuple(row) for row in held] == [("P-001", False), ("P-900", True)]


def test_what_ended_is_noted_by_the_job(database: str) -> None:
    open_policy(capacity=10)
    with db.transaction() as session:
        session.execute(text("UPDATE policies SET state = 'completed' WHERE policy_id = 'P-001'"))
    assert retention.note_ended_policies() == 1
    assert retention.note_ended_policies() == 0
    (rule,) = retention.view_rules()
    assert (rule.completed_on, rule.erasable_from) == (date(2026, 11, 20), date(2032, 4, 1))


@pytest.mark.parametrize("table", ["erasures", "stated_facts"])
def test_certificates_and_statements_are_not_changed_or_deleted_otherwise(database: str, table: str) -> None:
    open_policy(capacity=10)
    who = granted()
    with db.transaction() as session:
        state_fact(session, who.person_id, "death", "", "reported", stated_by="S-9")
    if table == "erasures":
        erase(who, before_the_end=True)
    for change in (f"DELETE FROM {table}", f"UPDATE {table} SET subject = subject"):
        with pytest.raises(Exception, match=r"append only|permission denied"), db.transaction() as session:
            session.execute(text(change))
            assert session.execute(text("SELECT 1")).scalar_one()


def test_the_application_of_an_erased_person_can_still_be_looked_at_by_its_number(database: str) -> None:
    open_policy(capacity=10)
    who = granted()
    erase(who, before_the_end=True)
    with db.reading() as session:
        (view,) = applications.applications_of(session, who.person_id)
    assert view.state is ApplicationState.FULFILLED
    assert ACCOUNT[-4:] not in (view.masked_account or "")
