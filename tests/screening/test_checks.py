"""The stored checks: what is kept of a screening, and what is not."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app import clock, db
from app.screening import checks_of, screen, write_checks
from app.screening.models import Check
from tests.policies.samples import document
from tests.screening.people import PEOPLE, facts_of

pytestmark = pytest.mark.usefixtures("database")


def test_each_check_is_a_row_with_its_rule_and_the_digest_of_its_input() -> None:
    application = uuid4()
    outcome = screen(document("P-012"), facts_of("TP-11"))
    with db.transaction() as session:
        write_checks(session, "P-012", [(application, outcome)])
    with db.reading() as session:
        rows = {row.kind: row for row in session.scalars(select(Check).where(Check.application_id == application))}
        assert set(rows) == {"CARD_AUTO", "AGE", "EXTERNAL_APP", "POST_REVIEW", "SUPPORT_MEASURE"}
        card = rows["CARD_AUTO"]
        assert (card.result, card.code, card.rule_version, card.decided_by) == (
            "failed",
            "E202",
            "card_auto-1",
            "system",
        )
        assert card.decided_at == clock.now()
        assert len(card.input_digest) == 32
        assert (rows["POST_REVIEW"].result, rows["POST_REVIEW"].code) == ("pending", None)


def test_what_is_stored_reads_back_as_the_message_it_was() -> None:
    application = uuid4()
    outcome = screen(document("P-001"), facts_of("TP-09"))
    with db.transaction() as session:
        write_checks(session, "P-001", [(application, outcome)])
    with db.reading() as session:
        views = checks_of(session, "P-001", application)
        assert checks_of(session, "P-002", application) == []
    assert [view.kind for view in views] == ["CARD_AUTO", "SUPPORT_MEASURE"]
    assert views[0].title == "お住まいの確認"
    assert views[0].problem is not None and outcome.problem is not None
    assert views[0].problem.wording() == outcome.problem.wording()
    assert views[1].problem is None


def test_no_row_holds_an_address_or_a_birth_date() -> None:
    application = uuid4()
    with db.transaction() as session:
        for number, person in enumerate(PEOPLE):
            write_checks(session, f"P-{number}", [(application, screen(document("P-012"), facts_of(person)))])
    with db.reading() as session:
        stored = "\n".join(
            repr([row.policy_id, row.kind, row.code, row.facts, row.rule_version])
            for row in session.scalars(select(Check))
        )
    for address, birth in PEOPLE.values():
        assert address not in stored
        for spelling in (birth, birth.replace("-", ""), "{}年{}月{}日".format(*map(int, birth.split("-")))):
            # The policy's own limit happens to be the birthday of TP-11; it comes from the document.
            assert spelling not in stored or spelling == "1986-10-02"


@pytest.mark.parametrize("wrong", [{"result": "perhaps"}, {"kind": "GUESS"}, {"result": "failed", "code": None}])
def test_the_database_refuses_a_check_that_says_nothing_known(wrong: dict[str, str | None]) -> None:
    application = uuid4()
    with db.transaction() as session:
        write_checks(session, "P-001", [(application, screen(document("P-001"), facts_of("TP-02")))])
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(
            update(Check).where(Check.application_id == application, Check.kind == "CARD_AUTO").values(**wrong)
        )
