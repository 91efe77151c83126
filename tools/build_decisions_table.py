"""Writes docs/decisions-table.md: every test person against every sample policy, as the program decides it.

Run it after a change of rules or samples (`.venv/bin/python tools/build_decisions_table.py`), and read what changed; a
test compares. It works on a database of its own, with the lists loaded and the stated facts entered by their use cases.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from uuid import UUID, uuid4

from app import applications, audit, cards, clock, db, municipalities, people, pii, policies, screening, settings
from app.cards import EvidenceView
from app.cards.models import Evidence
from app.pii import Private
from app.policies import PolicyDocument
from app.policies.models import Policy
from app.screening import ScreeningOutcome, Staff
from card_sim.people import Persona, load_people

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "decisions-table.md"
AT = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
REGISTER = Staff("ST-03", frozenset({"approver"}))
DIED = {"TP-17": date(2026, 11, 18)}
PROTECTED = ("TP-16", "TP-16C")
ACHIEVED = {"TP-22": "APP-ECO-01"}

OUTCOMES = {"approved": "承認", "manual": "担当者が確認", "rejected": "対象外"}
MARKS = {"passed": "○", "failed": "×", "inconclusive": "？", "pending": "…"}

HEAD = """# Decisions: every test person against every sample policy

Made by `tools/build_decisions_table.py`; not written by hand. A test fails when a rule, a sample or a test person
changes and this file does not.

The clock stands at 2026年11月20日 10時. The conditions are judged at that moment whether or not the policy takes
applications then; its state is in the heading. Lists L-S-SENIOR-2026 and L-K-BABY-2026 are loaded, the other two are
not. Nobody has received anything before. TP-22 has an activity of APP-ECO-01, TP-16 and TP-16C are under a support
measure, the death of TP-17 is reported. For children under 15 a guardian's application with a confirmed relation is
judged (保護者). Whose card cannot be read has no decision: the message of the reading stands instead.

| 結果 | meaning |
|---|---|
| 承認 | every check passed by itself |
| 担当者が確認 | something waits, is doubtful or is for staff by design; never 対象外 |
| 対象外 | the card or our own books say so, with the message shown |
| 本人確認できず | no decision: could not verify |

Checks: ○ passed, × failed, ？ inconclusive, … pending.
"""


def table_text() -> str:
    """The whole file. The process is connected to a database with the samples and their lists, at ``AT``."""
    personas = [persona for name, persona in load_people().items() if name.startswith("TP-") and name != "TP-CANARY"]
    evidence = {persona.person_id: _read(persona) for persona in personas}
    _state_what_is_known(evidence)
    unreadable = _unreadable()
    with db.reading() as session:
        documents = {
            row.policy_id: (row, policies.document_of(session, row.policy_id, row.current_version))
            for row in session.query(Policy).order_by(Policy.policy_id)
        }
        session.expunge_all()
    parts = [HEAD]
    for policy, document in documents.values():
        rows = [_row(persona, document, evidence[persona.person_id], unreadable) for persona in personas]
        parts.append("\n".join([*_heading(policy, document), *rows]) + "\n")
    return "\n".join(parts)


def _heading(policy: Policy, document: PolicyDocument) -> Iterator[str]:
    with db.reading() as session:
        counted = policies.counters.read(session, policy.policy_id)
    state = policies.state_of(policy.state, document, counted, clock.now())
    place = municipalities.label(document.municipality_code)
    yield f"## {document.policy_id} {document.title}（{place}、{policies.STATE_LABELS[state]}）"
    yield ""
    yield from (f"- {sentence}" for sentence in policies.in_plain_words(document))
    yield ""
    yield "| 人 | 生年月日 | カードの住所 | 申込 | 結果 | 理由 | 審査 |"
    yield "|---|---|---|---|---|---|---|"


def _row(persona: Persona, document: PolicyDocument, evidence: EvidenceView, unreadable: dict[str, str]) -> str:
    place = municipalities.resolve(persona.address)
    where = municipalities.label(place.code) if place.code else "（わかりません）"
    child = screening.applicant_route(persona.birth_date, clock.now()) == "guardian"
    known = f"| {persona.person_id} | {persona.birth_date} | {where} | {'保護者' if child else '本人'} |"
    if persona.person_id in unreadable:
        return f"{known} 本人確認できず | {unreadable[persona.person_id]} | |"
    # A guardian whose relation is shown; who it is decides nothing.
    acting = applications.Acting(evidence.person_id, "confirmed") if child else None
    with db.reading() as session:
        facts = applications.known_about(session, document, evidence, acting=acting).facts
    outcome = screening.screen(document, facts)
    return f"{known} {OUTCOMES[outcome.aggregate]} | {_reason(outcome)} | {_checks(outcome)} |"


def _reason(outcome: ScreeningOutcome) -> str:
    if outcome.problem is None:
        return "担当者の確認を待つ" if outcome.aggregate == "manual" else ""
    return f"{outcome.problem.code} {outcome.problem.wording()}"


def _checks(outcome: ScreeningOutcome) -> str:
    return " ".join(f"{check.kind}{MARKS[check.result]}" for check in outcome.checks)


def _unreadable() -> dict[str, str]:
    """Whose card cannot be read at the fixture time, and the message, as the cases of the test people say."""
    data = json.loads(resources.files("card_sim").joinpath("data", "test_people.json").read_text("utf-8"))
    return {
        case["person_id"]: case["expect"]["code"]
        for case in data["cases"]
        if (case["expect"]["code"] or "").startswith("E1") and datetime.fromisoformat(case["at"]) == AT
    }


def _read(persona: Persona) -> EvidenceView:
    """What a genuine reading leaves behind; the reading itself is tested elsewhere."""
    items = people.FourItems(
        name=Private(persona.name),
        address=Private(persona.address),
        birth_date=Private(f"{persona.birth_date:%Y%m%d}"),
        sex=Private(persona.sex),
    )
    place = municipalities.resolve(persona.address)
    with db.transaction() as session:
        reader = cards.enrol_agent(session, name="desk", public_key=os.urandom(32), kind="simulated")
        recognition = people.recognise(session, persona.person_id.encode(), items)
        row = Evidence(
            person_id=recognition.person_id,
            facts_id=recognition.facts_id,
            card_session_id=uuid4(),
            agent_id=reader.agent_id,
            assurance="simulated",
            revocation="good",
            issuer_check="genuine",
            environment="test",
            address_status=place.status,
            address_code=place.code,
            address_candidates=list(place.candidates),
            address_table_version=place.table_version,
            looks_like_another=recognition.looks_like_another,
            verified_at=clock.now(),
        )
        session.add(row)
        session.flush()
        view = cards.evidence_of(session, row.id)
    assert view is not None
    return view


def _state_what_is_known(evidence: dict[str, EvidenceView]) -> None:
    def person(name: str) -> UUID:
        return evidence[name].person_id

    for name, app_id in ACHIEVED.items():
        applications.record_activity(person(name), app_id, achieved=True, stated_by=app_id)
    for name, day in DIED.items():
        applications.record_death(person(name), day, REGISTER)
    for name in PROTECTED:
        applications.set_support_measure(person(name), REGISTER)


def main() -> None:
    """Make the table on a database that vanishes with it."""
    from app import migrations
    from app.cli.policies import load_samples
    from app.embedded_postgres import EmbeddedPostgres
    from app.settings import Keys

    with tempfile.TemporaryDirectory(prefix="todoke-table-") as folder:
        cluster = EmbeddedPostgres(Path(folder), durable=False)
        cluster.start()
        try:
            url = cluster.url("postgres")
            os.environ |= {"TODOKE_ENVIRONMENT": "test", "TODOKE_DATABASE_URL": url}
            os.environ |= {"TODOKE_PUBLIC_URL": "http://127.0.0.1:8000", "TODOKE_TRUST_ANCHORS_ENVIRONMENT": "test"}
            settings.current.cache_clear()
            keys = Keys.from_json(Keys.generate_json())
            migrations.upgrade(url)
            db.configure(url)
            pii.configure(keys)
            audit.configure(keys)
            municipalities.configure(with_samples=True)
            with clock.frozen(AT):
                load_samples()
                TABLE.write_text(table_text(), encoding="utf-8")
        finally:
            db.dispose()
            cluster.stop()
    print(f"written: {TABLE.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
