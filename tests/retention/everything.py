"""Somebody about whom every table that can hold something personal holds something."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import clock, db, people
from app.applications.models import Application
from app.screening import state_fact
from tests.applications.applicants import open_policy

SIBLING = date(2009, 8, 7)
TOWN = "992011"
"""The municipality of P-001."""


def leave_everything(application: Application) -> None:
    """One row more in every such table, beside what applying has left."""
    with db.transaction() as session:
        _of_the_application(session, application)
        _of_the_person(session, application.applicant_id, application)
        _of_the_card(session, application)
    rebate = judged_elsewhere(application, "P-015", policy_id="P-015")
    with db.transaction() as session:
        _of_the_rebate(session, application, rebate)


def judged_elsewhere(
    application: Application, sample: str, evidence_id: UUID | None = None, *, policy_id: str = "P-900"
) -> UUID:
    """The same person has an application, which is over, in another policy of the same town."""
    open_policy(policy_id, sample=sample, municipality_code=TOWN, capacity=10)
    application_id = uuid4()
    changes = {
        "policy_id": policy_id,
        "id": str(application_id),
        "receipt_no": f"{policy_id}-AAAA",
        "policy_version": 1,
        "state": "withdrawn",
        "evidence_id": str(evidence_id or application.evidence_id),
    }
    copy = "SELECT (jsonb_populate_record(a, CAST(:changes AS jsonb))).* FROM applications a WHERE id = :id"
    with db.transaction() as session:
        session.execute(
            text(f"INSERT INTO applications {copy}"), {"changes": json.dumps(changes), "id": application.id}
        )
    return application_id


def values_of(table: str, column: str) -> set[str]:
    """What the column holds, without what is nothing."""
    with db.reading() as session:
        rows = session.execute(text(f"SELECT {column}::text FROM {table}")).scalars()  # names of the schema
        return {value for value in rows if value not in (None, "", "\\x", "{}", "[]")}


def _insert(session: Session, table: str, **values: Any) -> None:
    names = list(values)
    marks = ", ".join(
        f"CAST(:{name} AS jsonb)" if isinstance(values[name], dict | list) else f":{name}" for name in names
    )
    given = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()}
    session.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"), given)  # our own names


def _of_the_application(session: Session, row: Application) -> None:
    now, own = clock.now(), {"policy_id": row.policy_id, "application_id": row.id}
    inquiry, case = uuid4(), uuid4()
    _insert(
        session,
        "inquiries",
        **own,
        id=inquiry,
        kind="POST_REVIEW",
        question_enc=b"asked",
        asked_by="ST-R1",
        asked_at=now,
        answer_by=now + timedelta(days=7),
        answer_enc=b"answered",
        answered_at=now,
    )
    _insert(
        session,
        "documents",
        **own,
        id=uuid4(),
        inquiry_id=inquiry,
        place=1,
        width=10,
        height=10,
        content_enc=b"a picture",
        received_at=now,
    )
    _insert(
        session,
        "rulings",
        **own,
        id=uuid4(),
        kind="POST_REVIEW",
        proposal="refuse",
        code="E201",
        reason_enc=b"refused",
        proposed_by="ST-R1",
        proposed_at=now,
        confirmed_by="ST-A1",
        confirmed_at=now,
        office="窓口",
        objection="申出",
        objected_enc=b"objected",
        objected_at=now,
    )
    _insert(
        session,
        "return_cases",
        **own,
        id=case,
        person_id=row.applicant_id,
        origin="review",
        state="cleared",
        amount=1,
        recovered=0,
        reason_enc=b"asked back",
        office="",
        objection="",
        opened_at=now,
    )
    _insert(
        session,
        "return_steps",
        policy_id=row.policy_id,
        id=uuid4(),
        case_id=case,
        at=now,
        action="notify",
        state="notified",
        by_staff="ST-R1",
        text_enc=b"words",
    )
    _insert(session, "view_codes", **own, nonce=b"a code", until=now, tries=0)
    _insert(
        session,
        "messages",
        **own,
        id=uuid4(),
        event_key=str(uuid4()),
        kind="received",
        person_id=row.applicant_id,
        facts={"of": "the person"},
        state="queued",
        attempts=0,
        created_at=now,
        next_at=now,
    )
    session.execute(
        text("UPDATE payment_links SET holder_masked = '髙＊＊' WHERE application_id = :id"), {"id": row.id}
    )
    _insert(
        session,
        "quarantined_results",
        id=uuid4(),
        provider_id="PRV-01",
        source="call_back",
        code="E704",
        policy_id=row.policy_id,
        order_id=uuid4(),
        grant_id=session.execute(text("SELECT id FROM grants WHERE application_id = :id"), {"id": row.id}).scalar_one(),
        reported_state="failed",
        digest=b"a result",
        times=1,
        first_at=now,
        last_at=now,
        resolution="record_stands",
        resolved_at=now,
        resolved_by="ST-1",
        note="髙橋さんから電話",
    )


def _of_the_person(session: Session, person_id: UUID, row: Application) -> None:
    now = clock.now()
    _insert(
        session,
        "contacts",
        person_id=person_id,
        address_enc=b"an address",
        address_index=b"its index",
        language="ja",
        given_at=now,
        code_nonce=b"nonce",
        code_until=now,
        code_tries=0,
    )
    _insert(
        session,
        "web_sessions",
        token_hash=b"token",
        person_id=person_id,
        data={"_user_id": "x"},
        created_at=now,
        last_seen_at=now,
        expires_at=now,
    )
    _insert(
        session,
        "idempotency_keys",
        key=b"key",
        person_id=person_id,
        fingerprint=b"body",
        owner=uuid4(),
        locked_until=now,
        expires_at=now,
        status=200,
        answer="an answer",
    )
    state_fact(session, person_id, "activity", "an app", "achieved", stated_by="S-9")
    births = people.FamilyBirths(people.Birth(date(1967, 2, 3), None), (people.Birth(SIBLING, None),))
    people.record_births(session, person_id, TOWN, births, recorded_by="ST-R1")
    _insert(
        session, "recipient_lists", list_id="L-1", policy_id=row.policy_id, municipality_code=TOWN, kind="recipients"
    )
    version = session.execute(
        text(
            "INSERT INTO list_versions (list_id, version, loaded_at, loaded_by, file_digest, row_count, added, changed,"
            " removed) VALUES ('L-1', 1, now(), 'ST-1', 'x', 1, 1, 0, 0) RETURNING id"
        )
    ).scalar_one()
    _insert(
        session,
        "list_rows",
        version_id=version,
        row_no=1,
        identity=4711,
        person=1,
        digest=1,
        marked=False,
        content_enc=b"a row",
    )
    _insert(session, "list_tokens", version_id=version, row_no=1, token=815, detail=1)
    _insert(
        session,
        "list_claims",
        policy_id=row.policy_id,
        application_id=row.id,
        list_id="L-1",
        identity=4711,
        claimed_at=now,
    )


def _of_the_card(session: Session, row: Application) -> None:
    person_id, evidence_id = row.applicant_id, row.evidence_id
    now, (key,) = clock.now(), people.keys_of(session, person_id)
    agent = session.execute(text("SELECT id FROM agents LIMIT 1")).scalar_one()
    common = {"agent_id": agent, "challenge": bytes(32), "confirmation": "AB", "opened_at": now, "expires_at": now}
    _insert(
        session,
        "card_sessions",
        **common,
        id=uuid4(),
        browser=b"1",
        purpose="apply",
        state="done",
        seen_key=key,
        evidence_id=evidence_id,
        error_facts={"name": "髙＊＊"},
    )
    _insert(
        session,
        "card_sessions",
        **common,
        id=uuid4(),
        browser=b"2",
        purpose="touch",
        state="done",
        seen_key=key,
        attended_by="ST-1",
    )
    _insert(
        session,
        "staff_accounts",
        staff_id="ST-1",
        municipality_code=TOWN,
        name="職員",
        roles=["counter"],
        password_hash="x",
        totp_secret_enc=b"x",
        totp_step=0,
        state="active",
        failures=0,
        added_at=now,
        changed_at=now,
    )
    _insert(session, "counter_accounts_seen", staff_id="ST-1", account_index=b"an ID", person_id=person_id, seen_at=now)
    terminal = uuid4()
    _insert(
        session,
        "counter_terminals",
        id=terminal,
        municipality_code=TOWN,
        name="1番窓口",
        added_at=now,
    )
    _insert(
        session,
        "paper_slips",
        id=uuid4(),
        municipality_code=TOWN,
        policy_id=row.policy_id,
        terminal_id=terminal,
        staff_id="ST-1",
        received_by="ST-1",
        written_at=now,
        reason="other",
        note="髙橋さんの受付票",
        entered_at=now,
        application_id=row.id,
    )


def _of_the_rebate(session: Session, row: Application, application_id: UUID) -> None:
    now, own = clock.now(), {"policy_id": "P-015", "application_id": application_id}
    _insert(
        session,
        "rebate_enrolments",
        **own,
        person_id=row.applicant_id,
        policy_version=1,
        applied_at=now,
        state="ended",
        cap=0,
        held=0,
        allocated=0,
        return_due=0,
        periods_closed=0,
    )
    _insert(
        session,
        "rebate_purchases",
        **own,
        provider_id="PRV-01",
        transaction_no="T1",
        kind="purchase",
        service_id="SVC-QR-01",
        at=now,
        shop_no="001",
        lines=[["米", 100]],
        amount=100,
        digest=b"a digest",
        too_late=True,
        recorded_at=now,
    )
    aside = {"policy_id": "P-015", "provider_id": "PRV-01", "received_at": now}
    # For the person; under the number of a purchase of theirs, before it was noted for whom; and of nobody known.
    for number, code, whose in (("T9", "E704", application_id), ("T1", "E704", None), ("T7", "E703", None)):
        aside_id = uuid4()
        _insert(
            session,
            "rebate_put_aside",
            **aside,
            id=aside_id,
            transaction_no=number,
            code=code,
            digest=f"digest {number}".encode(),
            content={"shop_no": f"shop of {number}"},
            application_id=whose,
        )
        _insert(
            session,
            "rebate_put_aside_decisions",
            put_aside_id=aside_id,
            decision="record_stands" if code == "E704" else "not_theirs",
            decided_by="ST-1",
            note=f"{number}: 髙橋さんから電話",
            decided_at=now,
        )
