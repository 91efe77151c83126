"""domain.md 5.5 as a machine: events in any order, through the real functions, against a model kept by hand.

The model knows nothing of the program's tables of flows: every rule says in its own words what should have moved. The
provider keeps its book apart, so what we call granted can be compared with what was carried out.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app import clock, db, payments, points, policies
from app.errors import DomainError
from app.payments import gateways
from app.payments.gateways import GatewayAnswer, GrantInstruction
from app.points import Book, GrantDisputed, OrderState, Reported, Source, Taken
from app.points import LedgerEvent as E
from app.points.models import GrantOrder
from app.policies.counters import CountersRefused, lock_free_budget
from tests.conftest import FIXTURE_TIME, as_owner
from tests.payments.samples import service
from tests.points.conftest import sample_policy
from tests.points.fake_provider import FakeProvider, silence
from tests.points.ledger_model import Model, Person, one_of

# A quick look in every run; where there is time, a longer one (CI is set by every build machine).
EXAMPLES, STEPS = (30, 50) if os.environ.get("CI") else (8, 30)
SEATS = 5
ANSWERS = {
    "succeeds": GatewayAnswer("succeeded", transaction_no="T"),
    "fails": GatewayAnswer("failed", reason="account_closed"),
    "accepts": GatewayAnswer("accepted"),
}
WAYS_OUT = {
    E.CLAWBACK_CANCEL: "GRANTED",
    E.REVERSAL: "RETURNED",
    E.REPAY: "RETURNED",
    E.WRITE_OFF: "WRITTEN_OFF",
}
SOURCES = {E.RELEASE: "RESERVED", E.UNCOMMIT: "COMMITTED", E.EXPIRE: "COMMITTED"}
KEPT_BY_APPLICATION = (E.CLAWBACK_OPEN, E.REPAY, E.WRITE_OFF)
TAMPERING = ("UPDATE ledger_entries SET amount = amount + 1", "DELETE FROM ledger_entries", "TRUNCATE ledger_entries")
ENTRIES = """
    SELECT account, sum(amount) FROM (
      SELECT to_account AS account, amount FROM ledger_entries WHERE policy_id = :p
      UNION ALL SELECT from_account, -amount FROM ledger_entries WHERE policy_id = :p
    ) AS moves GROUP BY account
"""
amounts = st.integers(1, 15_000)
some = st.integers(0, 11)
_numbers = count(1)


class Refused(Exception):
    """Undoes a transaction on purpose."""


class LedgerMachine(RuleBasedStateMachine, Model):
    """One policy, a few people, one provider."""

    database: str

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Model.__init__(self)
        self.policy = f"P-{next(_numbers) + 500:03d}"
        self.provider = FakeProvider()
        self.provider.decide = self._decide
        gateways.register("PRV-01", self.provider)
        self.decides = "succeeds"
        self.carried_out: Counter[UUID] = Counter()
        self.accounts = count(1)
        self.now = FIXTURE_TIME
        self.time = ExitStack()
        with db.transaction() as session:
            known = payments.known_service_ids(session)
            item = sample_policy(policy_id=self.policy, capacity=SEATS)
            policies.load_policies(session, [item], source="t", known_services=known)
            points.fund(session, self.policy, 50_000)
        self.moves(50_000, "FUNDING", "BUDGET")

    def teardown(self) -> None:
        self.time.close()
        gateways.forget_all()

    def post(self, event: E, amount: int, person: Person, *, seats: int = 0) -> None:
        with db.transaction() as session:
            book = Book(session, self.policy)
            book.post(event, amount, **person.who)
            book.close(seats=seats)

    # Money comes and goes

    @rule(amount=st.integers(-3_000, 20_000).filter(bool))
    def fund(self, amount: int) -> None:
        """Never less than what is taken."""
        try:
            with db.transaction() as session:
                points.fund(session, self.policy, amount)
        except DomainError as refused:
            assert refused.code == "E209"
            assert -amount > self.balance["BUDGET"]
        else:
            self.moves(amount, "FUNDING", "BUDGET")

    # Applications

    @rule(amount=amounts, screened=st.sampled_from(["chosen", "chosen", "later", "manual"]))
    def apply(self, amount: int, screened: str) -> None:
        """BR-33, BR-34: a seat and the amount, or neither; approved at once, or after a look by staff."""
        person = Person()
        try:
            self.post(E.RESERVE, amount, person, seats=1)
        except DomainError as refused:
            assert refused.code == "E209"
            assert amount > self.balance["BUDGET"] or self.seats_taken == SEATS
        else:
            assert self.seats_taken < SEATS
            self.people.append(person)
            self.moves(amount, "BUDGET", "RESERVED", person)
            if screened != "manual":
                self._approve(person, chosen=screened == "chosen")

    @precondition(lambda self: self.holding("RESERVED"))
    @rule(which=some, passed=st.sampled_from(["chosen", "later", "refused"]))
    def decide(self, which: int, passed: str) -> None:
        person = one_of(self.holding("RESERVED"), which)
        if passed != "refused":
            self._approve(person, chosen=passed == "chosen")
            return
        amount = person.points["RESERVED"]
        self.post(E.RELEASE, amount, person, seats=-1)
        person.has_seat = False
        self.moves(amount, "RESERVED", "BUDGET", person)

    @precondition(lambda self: self.without_service())
    @rule(which=some)
    def choose_service(self, which: int) -> None:
        person = one_of(self.without_service(), which)
        with db.transaction() as session:
            link = self._link(session, person)
            (grant,) = points.planned_grants(session, self.policy, person.application_id)
            points.assign_grant(
                session, grant, link_id=link, service_id="SVC-QR-01", provider_id="PRV-01", order_at=clock.now()
            )
        person.has_link = True

    @precondition(lambda self: self.committed())
    @rule(which=some, how=st.sampled_from(["withdrawn", "expired", "recycled"]))
    def end_before_the_order(self, which: int, how: str) -> None:
        """BR-49: what expired stays taken, unless it is recycled with its seat."""
        person = one_of(self.committed(), which)
        amount = person.points["COMMITTED"]
        with db.transaction() as session:  # what was planned is never ordered
            points.hold_grants(session, self.policy, person.application_id)
            book = Book(session, self.policy)
            book.post(E.UNCOMMIT if how == "withdrawn" else E.EXPIRE, amount, **person.who)
            if how == "recycled":
                book.post(E.RECYCLE, amount, **person.who)
            book.close(seats=0 if how == "expired" else -1)
        person.has_link = False
        person.has_seat = how == "expired"
        self.moves(amount, "COMMITTED", "EXPIRED" if how == "expired" else "BUDGET", person)

    @rule(earned=st.integers(1, 2_000))
    def rebate(self, earned: int) -> None:
        """BR-37: an accepted purchase takes what is free, and no more."""
        person = Person(has_seat=False, is_rebate=True)
        with db.transaction() as session:
            book = Book(session, self.policy)
            amount = min(earned, lock_free_budget(session, self.policy))
            if amount:
                book.post(E.RESERVE, amount, **person.who)
                book.post(E.COMMIT, amount, **person.who)
            book.close()
        assert amount == min(earned, self.balance["BUDGET"])
        self.people.append(person)
        self.moves(amount, "BUDGET", "COMMITTED", person)

    # Orders

    @precondition(lambda self: self.orderable())
    @rule(which=some, answer=st.sampled_from(sorted(ANSWERS)), lost=st.sampled_from(["", "", "before", "after"]))
    def order(self, which: int, answer: str, lost: str) -> None:
        """BR-42: sent once; what was not answered stays ORDERED."""
        person = one_of(self.orderable(), which)
        try:
            with db.transaction() as session:
                (grant,) = points.planned_grants(session, self.policy, person.application_id)
                book = Book(session, self.policy)
                points.order_grant(session, book, grant)
                book.close()
        except GrantDisputed:
            assert person.disputed
            return
        assert not person.disputed
        self.moves(person.points["COMMITTED"], "COMMITTED", "ORDERED", person)
        self._ordered(person)
        assert person.order is not None
        self.decides = answer
        self.provider.before_doing = silence if lost == "before" else lambda: None
        self.provider.after_doing = silence if lost == "after" else lambda: None
        points.send_order(self.policy, person.order)
        points.send_order(self.policy, person.order)  # a worker that was given the same job again
        self.provider.before_doing = self.provider.after_doing = lambda: None
        if not lost:
            self._answered(person, answer)

    @precondition(lambda self: self.holding("ORDERED"))
    @rule(which=some)
    def inquire(self, which: int) -> None:
        """What the provider never saw is ruled out there and ordered anew; the points don't move by it."""
        person = one_of(self.holding("ORDERED"), which)
        assert person.order is not None
        held = self.provider.answers.get(person.order)
        points.inquire_order(self.policy, person.order)
        if held is not None:
            self._answered(person, {"succeeded": "succeeds", "failed": "fails"}.get(held.state, "accepts"))
        elif person.order_is == "unknown":
            assert person.order in self.provider.ruled_out
            self._ordered(person)
            points.send_order(self.policy, person.order)
            self._answered(person, self.decides)

    @precondition(lambda self: self.accepted())
    @rule(which=some, answer=st.sampled_from(["succeeds", "fails"]))
    def call_back(self, which: int, answer: str) -> None:
        """The result of an accepted order comes by call-back, twice, and moves the points once."""
        person = one_of(self.accepted(), which)
        assert person.order is not None
        self.provider.answers[person.order] = ANSWERS[answer]
        self.carried_out[person.order] += answer == "succeeds"
        assert self._report(person.order, answer) is Taken.RECORDED
        assert self._report(person.order, answer) is Taken.ALREADY_RECORDED
        self._answered(person, answer)

    @precondition(lambda self: self.decided())
    @rule(which=some)
    def contradict(self, which: int) -> None:
        """BR-43: a result against the record moves nothing, and holds the grant back."""
        person = one_of(self.decided(), which)
        said = "fails" if person.order_is == "succeeded" else "succeeds"
        assert self._report(person.orders[-1], said) is Taken.PUT_ASIDE
        person.disputed = True

    # After the grant

    @precondition(lambda self: self.holding("GRANTED"))
    @rule(which=some, part=amounts, received=st.booleans())
    def after_the_grant(self, which: int, part: int, received: bool) -> None:
        """Not received in time, or a part is to be taken back."""
        person = one_of(self.holding("GRANTED"), which)
        if received:
            self._book(person, "GRANTED", E.CLAWBACK_OPEN, "RETURN_DUE", part)
        else:
            self._book(person, "GRANTED", E.NOT_RECEIVED, "EXPIRED", part)

    @precondition(lambda self: self.holding("RETURN_DUE"))
    @rule(which=some, part=amounts, way=st.sampled_from(sorted(WAYS_OUT)))
    def of_what_is_due(self, which: int, part: int, way: E) -> None:
        """The decision is overturned, the points come back, or they are given up."""
        self._book(one_of(self.holding("RETURN_DUE"), which), "RETURN_DUE", way, WAYS_OUT[way], part)

    # What must not work

    @rule(amount=amounts, attempt=st.sampled_from([*SOURCES, *KEPT_BY_APPLICATION, *TAMPERING, "break off"]))
    def what_must_not_work(self, amount: int, attempt: str) -> None:
        if attempt in KEPT_BY_APPLICATION:  # more than this one has, whatever others have
            with pytest.raises(IntegrityError, match="an application has not that much"):
                self.post(E(attempt), amount, Person())
        elif attempt in SOURCES:  # more than there is
            with pytest.raises(CountersRefused):
                self.post(E(attempt), self.balance[SOURCES[E(attempt)]] + amount, Person())
        elif attempt in TAMPERING:  # not for the service's role, and not for the owner of the tables
            with pytest.raises(DBAPIError, match="permission denied"), db.transaction() as session:
                session.execute(text(attempt))
            with pytest.raises(psycopg.Error, match="append only"):
                as_owner(self.database, attempt)
        else:  # whatever dies before the commit moved nothing
            with pytest.raises(Refused), db.transaction() as session:
                points.fund(session, self.policy, amount)
                raise Refused

    # After every step

    @invariant()
    def books_equal_the_model(self) -> None:
        with db.reading() as session:
            entries = {account: int(amount) for account, amount in session.execute(text(ENTRIES), {"p": self.policy})}
            kept = policies.counters.read(session, self.policy)
            differences = points.check_invariants(session, self.policy)
            granted = points.balances_of(session, self.policy, points.Account.GRANTED)
        assert {a: v for a, v in entries.items() if v} == {a: v for a, v in self.balance.items() if v}
        assert sum(entries.values()) == 0
        assert all(amount >= 0 for account, amount in entries.items() if account != "FUNDING")
        assert kept.seats_taken == self.seats_taken <= SEATS
        assert differences == []
        for person in self.people:
            assert granted.get(person.application_id, 0) == person.points["GRANTED"]
        self.now += timedelta(minutes=10)  # longer than any pause of a line to a provider
        self.time.close()
        self.time.enter_context(clock.frozen(self.now))

    @invariant()
    def the_provider_carried_out_what_we_call_granted(self) -> None:
        """Promise 2: nobody twice; and what is decided here is decided there."""
        for person in self.people:
            done = [order for order in person.orders if self.carried_out[order]]
            assert len(done) <= 1
            if person.order is None:
                assert (person.order_is == "succeeded") is bool(done)
        assert all(times <= 1 for times in self.carried_out.values())

    # Steps that several rules share

    def _approve(self, person: Person, *, chosen: bool) -> None:
        amount = person.points["RESERVED"]
        with db.transaction() as session:
            link = self._link(session, person) if chosen else None
            book = Book(session, self.policy)
            book.post(E.COMMIT, amount, **person.who)
            points.plan_grant(
                session,
                policy_id=self.policy,
                **person.who,
                link_id=link,
                service_id="SVC-QR-01" if link else None,
                provider_id="PRV-01" if link else None,
                amount=amount,
                order_at=clock.now() if link else None,
            )
            book.close()
        person.has_link = chosen
        self.moves(amount, "RESERVED", "COMMITTED", person)

    def _link(self, session: Session, person: Person) -> UUID:
        return payments.create_link(
            session,
            policy_id=self.policy,
            **person.who,
            service=service(),
            normalized=f"{next(self.accounts):013d}",
            holder_masked=None,
        ).id

    def _decide(self, instruction: GrantInstruction) -> GatewayAnswer:
        self.carried_out[instruction.order_id] += self.decides == "succeeds"
        return ANSWERS[self.decides]

    def _ordered(self, person: Person) -> None:
        """A new order stands in the place of the last."""
        with db.reading() as session:
            (grant,) = points.grants_of(session, self.policy, person.application_id)
        assert grant.order_id is not None
        assert grant.order_id not in person.orders
        person.order, person.order_is = grant.order_id, "unknown"
        person.orders.append(grant.order_id)

    def _answered(self, person: Person, answer: str) -> None:
        amount = person.points["ORDERED"]
        if answer == "accepts":
            person.order_is = "accepted"
        elif answer == "succeeds":
            person.order, person.order_is = None, "succeeded"
            self.moves(amount, "ORDERED", "GRANTED", person)
        else:
            person.order, person.order_is, person.has_link = None, "failed", False
            self.moves(amount, "ORDERED", "COMMITTED", person)
        with db.reading() as session:
            order = session.get_one(GrantOrder, (self.policy, person.orders[-1]))
            assert order.state == OrderState(person.order_is)

    def _report(self, order_id: UUID, answer: str) -> Taken:
        with db.transaction() as session:
            return points.take_result(
                session, Reported("PRV-01", self.policy, order_id, ANSWERS[answer], Source.CALL_BACK)
            )

    def _book(self, person: Person, source: str, event: E, target: str, part: int) -> None:
        amount = min(part, person.points[source])
        self.post(event, amount, person)
        self.moves(amount, source, target, person)


def test_br_33_br_42_whatever_happens_in_whatever_order_the_ledger_equals_the_model(
    policy: str, told: list[object], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``policy`` loads the services; ``told`` keeps higher floors out: these people have no applications."""
    monkeypatch.setattr(points.invariants, "_further", [])
    LedgerMachine.database = database
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )
