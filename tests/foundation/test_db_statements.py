"""Statements that are made once: rows by name, several in one go, faults as SQLAlchemy raises them."""

from __future__ import annotations

import pytest
from sqlalchemy import ARRAY, Uuid, bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app import audit, clock, db, db_rows, jobs
from app.audit import AuditEvent
from app.db_statements import Statement, in_one_go, send
from app.people.models import Person
from app.points.tasks import send_grant_order

pytestmark = pytest.mark.usefixtures("database")

_PEOPLE = Statement(
    select(Person.id, Person.created_at).where(db_rows.is_among(Person.id, "people")).order_by(Person.id)
)
_NEW = Statement(insert(Person).values(id=bindparam("person"), created_at=bindparam("now")))


def test_several_are_asked_in_one_go_and_answered_by_the_names_of_their_columns() -> None:
    first, second = db.new_id(), db.new_id()
    for person in (first, second):
        with db.transaction() as session:
            _NEW.ask(session, person=person, now=clock.now())
    with db.reading() as session:
        with in_one_go(session):
            one, none, both = (_PEOPLE.ask(session, people=some) for some in ([first], [], [second, first]))
        assert [row.id for row in one.rows()] == [first]
        assert none.rows() == []
        assert [row.id for row in both.rows()] == sorted((first, second))
        assert one.rows() == [], "an answer is looked at once"


_TWICE = Statement(
    select(Person.id).where(db_rows.is_among(Person.id, "people"), db_rows.is_among(Person.id, "others"))
)
_COUNTED = Statement(
    select(func.cardinality(bindparam("people", type_=ARRAY(Uuid))).label("asked")).where(
        db_rows.is_among(Person.id, "people")
    )
)


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("others", [0, 1, 2])
def test_who_looks_for_one_finds_what_who_looks_for_many_finds(people: int, others: int) -> None:
    made = [db.new_id() for _ in range(2)]
    with db.transaction() as session:
        for person in made:
            _NEW.ask(session, person=person, now=clock.now())
    with db.reading() as session:
        found = _TWICE.rows(session, people=made[:people], others=made[2 - others :])
        assert [row.asked for row in _COUNTED.rows(session, people=made[:1])] == [1], (
            "a list in another place stays one"
        )
    assert {row.id for row in found} == {*made[:people]} & {*made[2 - others :]}


def test_who_looks_for_one_needs_no_new_plan() -> None:
    person = db.new_id()
    with db.reading() as session:
        for _ in range(12):
            _PEOPLE.rows(session, people=[person])
        plans = "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE :like"
        generic, custom = session.execute(text(plans), {"like": "SELECT persons.id%"}).one()
    assert generic > 0
    assert custom <= 5, "the database looks at five plans, and then keeps one"


def test_what_breaks_a_rule_in_one_go_is_told_as_by_any_statement_and_leaves_nothing() -> None:
    person = db.new_id()
    with pytest.raises(IntegrityError) as fault, db.transaction() as session, in_one_go(session):
        for _ in range(2):
            _NEW.ask(session, person=person, now=clock.now())
    assert fault.value.orig is not None
    assert str(person) not in str(fault.value.args[0]).split("DETAIL")[0]
    with db.reading() as session:
        assert _PEOPLE.rows(session, people=[person]) == []


def test_what_the_session_still_holds_is_written_before_anything_is_asked() -> None:
    person = db.new_id()
    with db.transaction() as session:
        session.add(Person(id=person, created_at=clock.now()))
        assert [row.id for row in _PEOPLE.rows(session, people=[person])] == [person]


def test_rows_and_jobs_written_together_are_as_if_each_were_written_alone() -> None:
    ids = {"policy_id": "P-001", "order_id": str(db.new_id())}
    with db.transaction() as session:
        jobs.defer(session, send_grant_order, **ids)
        with db_rows.together(session, most=1):
            jobs.defer_all(session, [(send_grant_order, {**ids}), (send_grant_order, {**ids})])
            db_rows.insert_rows(session, Person, [{"id": db.new_id(), "created_at": clock.now()}])
            audit.record(session, "tested", actor_kind="system", object_kind="test", object_id="1")
            audit.write(session)
    columns = "queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts"
    with db.reading() as session:
        alone, *together = session.execute(text(f"SELECT {columns} FROM procrastinate_jobs ORDER BY id")).all()
        assert together == [alone, alone]
        assert len(session.execute(text("SELECT 1 FROM procrastinate_events")).all()) == 3
        assert session.scalars(select(AuditEvent.action)).all() == ["tested"]


def test_two_queries_can_not_be_parts_of_one_statement() -> None:
    job = (send_grant_order, {"policy_id": "P-001", "order_id": "1"})
    with pytest.raises(RuntimeError), db.transaction() as session, db_rows.together(session, most=1):
        jobs.defer_all(session, [job])
        jobs.defer_all(session, [job])


def test_a_connection_used_at_once_comes_back_as_it_was_also_after_a_fault_or_a_loss() -> None:
    gone, faulty = b"SELECT pg_terminate_backend(pg_backend_pid())", b"SELECT 1 / 0"
    for statement in (faulty, gone, faulty, gone):
        with pytest.raises(DBAPIError), db.at_once() as connection:
            send(connection, statement, [])
        with db.transaction() as session:
            assert db.driver_connection(session).autocommit is False
            _NEW.ask(session, person=db.new_id(), now=clock.now())
            session.rollback()
    with db.reading() as session:
        assert session.scalars(select(Person.id)).all() == []
    assert db.engine().pool.checkedout() == 0
