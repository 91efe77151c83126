"""Each difference that `todoke check invariants` can name, brought about on purpose by the owner of the tables.

What the service's own role and the triggers refuse, a superuser can do: so the comparison must see it. Everything is
rolled back, because the books must agree after every test. The runbook explains each line, and no other.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app import audit, clock, db, points
from app.cli.check import invariants as command
from app.migrations.privileges import SERVICE_ROLE
from app.points import FLOWS, Account
from app.points.models import InvariantCheck
from app.web.operations import _books
from tests.applications.applicants import applicant, apply, by_receipt, open_policy, orders
from tests.applications.test_rebates import buy, enrol, rebate

pytestmark = pytest.mark.usefixtures("installation")

RUNBOOK = Path(__file__).parents[2] / "docs" / "operations" / "invariant-breach.md"
SHUT = "ALTER TABLE {table} DISABLE TRIGGER USER"
ENTRY = (
    "INSERT INTO ledger_entries (policy_id, at, event, from_account, to_account, amount, application_id, order_id)"
    " VALUES ('P-001', now(), '{event}', '{source}', '{target}', {amount}, {application}, {order})"
)
# What the database itself holds; a restore of some tables, or a superuser, gets past it.
WITHOUT_CHECKS = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT conrelid::regclass AS of_table, conname FROM pg_constraint
        WHERE contype = 'c' AND conrelid IN ('policy_counters'::regclass, 'rebate_enrolments'::regclass)
    LOOP EXECUTE 'ALTER TABLE ' || one.of_table || ' DROP CONSTRAINT ' || one.conname; END LOOP;
END $$
"""
NOBODY, MUCH = "NULL", 1_000_000_000


@contextmanager
def broken(database: str, *statements: str) -> Iterator[Session]:
    """The database after these statements of its superuser, for as long as one looks."""
    engine = create_engine(db.sqlalchemy_url(database.replace(f"//{SERVICE_ROLE}@", "//todoke@")))
    with Session(engine) as session:
        for statement in (WITHOUT_CHECKS, *statements):
            session.execute(text(statement))
        yield session
        session.rollback()
    engine.dispose()


def named(database: str, *statements: str) -> set[str]:
    """The differences that are found then, by name."""
    with broken(database, *statements) as session:
        return {one.what for one in points.check_invariants(session)}


def entry(account: Account, application: str = NOBODY, amount: int = MUCH) -> tuple[str, str]:
    """So much leaves this account by an event that is legal, past every use case."""
    event, (source, target) = next((event, flow) for event, flow in FLOWS.items() if flow[0] is account)
    values = {"event": event, "source": source, "target": target, "amount": amount, "application": application}
    return SHUT.format(table="ledger_entries"), ENTRY.format(order=f"'{uuid4()}'", **values)


@pytest.fixture
def ordered() -> str:
    """An application whose order is out."""
    open_policy(capacity=5, budget=50_000)
    return str(by_receipt(apply(applicant())).id)


@pytest.mark.parametrize("account", Account)
def test_a_counter_that_was_moved(account: Account, ordered: str, database: str) -> None:
    moved = f"UPDATE policy_counters SET {account.counter} = {account.counter} + 1"
    assert named(database, moved) == {f"counter {account.counter}"}


LEAVES = {source for source, _ in FLOWS.values()}


@pytest.mark.parametrize("account", sorted(LEAVES))
def test_an_account_of_a_policy_below_zero(account: Account, ordered: str, database: str) -> None:
    found = named(database, *entry(Account.BUDGET if account is Account.FUNDING else account))
    assert f"negative {account}" in found


def test_from_the_other_accounts_no_event_leads_away() -> None:
    assert set(Account) - LEAVES == {Account.RETURNED, Account.WRITTEN_OFF}


@pytest.mark.parametrize("account", [Account.RESERVED, Account.COMMITTED, Account.ORDERED, Account.RETURN_DUE])
def test_an_account_of_an_application_below_zero(account: Account, ordered: str, database: str) -> None:
    assert f"{account} of application {ordered}" in named(database, *entry(account, f"'{ordered}'", 20_000))


def test_an_order_without_its_entries(ordered: str, database: str) -> None:
    (order,) = orders()
    changed = f"UPDATE grant_orders SET amount = amount + 1 WHERE id = '{order.id}'"
    assert named(database, SHUT.format(table="grant_orders"), changed) == {f"ORDERED of order {order.id}"}
    gone = f"DELETE FROM grant_orders WHERE id = '{order.id}'"
    assert f"ORDERED of order {order.id}" in named(database, SHUT.format(table="grant_orders"), gone)


@pytest.mark.parametrize(
    ("state", "lines"),
    [
        ("screening", {"RESERVED", "COMMITTED and ORDERED"}),
        ("withdrawn", {"COMMITTED and ORDERED"}),
        ("fulfilled", {"COMMITTED and ORDERED", "GRANTED and after"}),
    ],
)
def test_an_application_that_does_not_hold_what_its_state_says(
    state: str, lines: set[str], ordered: str, database: str
) -> None:
    found = named(database, SHUT.format(table="applications"), f"UPDATE applications SET state = '{state}'")
    assert found == {f"{line} of application {ordered}, which is {state}" for line in lines}


def test_a_person_who_was_granted_more_than_was_approved(ordered: str, database: str) -> None:
    """Twice 10,000 where 10,000 were approved: the policy's counters and orders all agree with it."""
    values = {"application": f"'{ordered}'", "amount": 20_000}
    way = [("reserve", "BUDGET", "RESERVED"), ("commit", "RESERVED", "COMMITTED"), ("order", "COMMITTED", "ORDERED")]
    way.append(("grant_ok", "ORDERED", "GRANTED"))
    order = f"'{uuid4()}'"
    entries = [ENTRY.format(event=e, source=s, target=t, order=order, **values) for e, s, t in way]
    moved = "UPDATE policy_counters SET budget = budget - 20000, granted = granted + 20000"
    found = named(database, *entries, moved)
    assert f"GRANTED and after of application {ordered}, which is approved" in found
    assert not [one for one in found if one.startswith(("counter", "negative", "ORDERED of order"))]


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE policy_counters SET seats_taken = 2", "seats_taken"),
        ("UPDATE policy_counters SET waiting = 3", "waiting"),
        ("UPDATE policy_counters SET capacity = 0", "seats above capacity"),
    ],
)
def test_seats_and_queue(statement: str, line: str, ordered: str, database: str) -> None:
    assert line in named(database, statement)


REBATES = {
    "held and planned": "UPDATE rebate_enrolments SET held = held - 1",
    "held beyond what was earned": "UPDATE rebate_enrolments SET held = held + 1",
    "allocated": "UPDATE rebate_enrolments SET allocated = allocated + 1",
    "allocated by closings": "UPDATE rebate_enrolments SET allocated = allocated + 1",
    "periods closed": "UPDATE rebate_enrolments SET periods_closed = periods_closed + 1",
}


@pytest.mark.parametrize("line", REBATES)
def test_a_rebate_that_does_not_fit_its_purchases_closings_and_grants(line: str, database: str) -> None:
    rebate()
    _, receipt = enrol()
    buy("T1", 1_000)
    who = by_receipt(receipt).id
    assert f"rebate of application {who}: {line}" in named(database, REBATES[line])


def test_a_seal_of_the_audit_log_is_in_the_nightly_comparison_its_page_and_its_number(
    ordered: str, database: str
) -> None:
    with db.transaction() as session:
        audit.seal(session)
    tampered = "UPDATE audit_events SET actor = 'nobody'"
    with broken(database, SHUT.format(table="audit_events"), tampered) as session:
        (found,) = points.check_and_record(session)
        assert found.what == "audit seal 1 against its events"
        session.flush()
        assert session.query(InvariantCheck).one().differences == 1
        checked = points.last_check(session)
        assert checked is not None
        assert (checked.named, checked.at) == ((found,), clock.now())
        assert "todoke_invariant_differences 1" in list(_books(checked))


def test_the_runbook_explains_every_line_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?) \|", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    explained = [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row)]
    reached = [f"counter {account.counter}" for account in Account]
    reached += [f"negative {account}" for account in LEAVES]
    reached += [f"{account} of application X" for account in ("RESERVED", "COMMITTED", "ORDERED", "RETURN_DUE")]
    of_state = ("RESERVED", "COMMITTED and ORDERED", "GRANTED and after")
    reached += ["ORDERED of order X", *(f"{line} of application X, which is approved" for line in of_state)]
    reached += ["seats_taken", "waiting", "seats above capacity", "audit seal 1 against its events"]
    reached += [f"rebate of application X: {line}" for line in REBATES]

    def fits(line: str, pattern: str) -> bool:
        return fnmatch.fnmatchcase(line, pattern.replace("...", "*"))

    assert [line for line in reached if not any(fits(line, pattern) for pattern in explained)] == []
    assert [pattern for pattern in explained if not any(fits(line, pattern) for line in reached)] == []
    assert command.help is not None
