"""The same applications sent one by one, and together: what the database holds afterwards is the same, row for row.

The drafts are made up from a seed: good ones, ineligible people, people about whom the card can't tell, duplicates,
people who look alike, service IDs that serve somebody else, incomplete drafts, the same draft twice; at the edge of
seats and of budget, with a queue and without. What the provider then says is made up likewise.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from app import applications, clock, db, points
from app.applications import Receipt
from app.applications.models import Application
from app.errors import DomainError
from app.notifications.models import Contact
from app.payments import gateways
from tests.applications.applicants import Applicant, agree, applicant, fill_in, fill_in_for_later, open_policy
from tests.applications.submitting import AMOUNT, at

pytestmark = pytest.mark.usefixtures("installation")
ALONE, TOGETHER = "P-001", "P-101"
PROVIDER = "PRV-01"
SHARED = "0000000099999"
ELSEWHERE = "みらい県かわなみ市川辺三丁目７番８号"
# The columns that are new in each row: random ids, keyed and encrypted values.
_OWN = {"id", "receipt_no", "account_enc", "grant_id", "order_id", "link_id", "event_key", "queueing_lock"}
_OWN |= {"digest", "input_digest", "draft_account_enc", "source_ref"}
_TABLES = {
    "applications": "policy_id = :policy",
    "payment_links": "policy_id = :policy",
    "checks": "policy_id = :policy",
    "grants": "policy_id = :policy",
    "grant_orders": "policy_id = :policy",
    "ledger_entries": "policy_id = :policy AND application_id IS NOT NULL",
    "audit_events": "policy_id = :policy AND object_kind IN ('application', 'grant_order')",
    "messages": "policy_id = :policy",
    "policy_counters": "policy_id = :policy",
    "quarantined_results": "policy_id = :policy",
    "procrastinate_jobs": "args->>'policy_id' = :policy",
}

POLICIES: list[dict[str, Any]] = [
    {"capacity": 10, "budget": 100 * AMOUNT},
    {"capacity": None, "budget": 11 * AMOUNT + AMOUNT // 2},
    {"capacity": 8, "budget": 100 * AMOUNT, "overflow": "waitlist", "reopen": True},
    {"capacity": 100, "budget": 100 * AMOUNT, "cooling_off_hours": 24, "assign_later": True},
    {"capacity": 100, "budget": 100 * AMOUNT},
]


@dataclass
class Crowd:
    """People with a draft in both policies, in the order in which they send."""

    alone: list[tuple[UUID, UUID]] = field(default_factory=list)
    together: list[tuple[UUID, UUID]] = field(default_factory=list)

    def add(self, who: Applicant, **choice: Any) -> None:
        for policy_id, drafts in ((ALONE, self.alone), (TOGETHER, self.together)):
            drafts.append((fill_in(who, policy_id, **choice), who.person_id))


@pytest.fixture(params=["by file", "by REST"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "by file":
        gateways.register_by_file(PROVIDER)
    yield request.param
    gateways.forget_all()


@pytest.mark.parametrize("number", range(len(POLICIES)))
def test_what_is_sent_together_leaves_the_rows_of_what_is_sent_one_by_one(number: int, way: str) -> None:
    chance = random.Random(f"{number} {way}")  # a plan, not a secret
    with clock.frozen(at("2026-11-20T10:00:00")):
        for policy_id in (ALONE, TOGETHER):
            open_policy(policy_id, **POLICIES[number])
        crowd = made_up(chance, later=POLICIES[number].get("assign_later", False))
        alone = [_one(ALONE, *draft) for draft in crowd.alone]
        together = applications.submit_many(TOGETHER, crowd.together)
    assert [said(result) for result in together] == [said(result) for result in alone]
    assert {"E201", "E206", "E303", "E504"} <= {said(result) for result in alone if isinstance(result, DomainError)}
    assert any(isinstance(result, Receipt) and result.state == "screening" for result in alone)
    assert any(isinstance(result, Receipt) and result.already for result in alone)
    assert rows_of(TOGETHER, crowd.together) == rows_of(ALONE, crowd.alone)
    if way == "by file" and not POLICIES[number].get("cooling_off_hours"):
        with clock.frozen(at("2026-11-23T10:00:00")):
            book_results(chance)
        assert rows_of(TOGETHER, crowd.together) == rows_of(ALONE, crowd.alone)
        assert sum(row["state"] == "fulfilled" for row in rows_of(ALONE, crowd.alone)["applications"]) >= 2


def made_up(chance: random.Random, *, later: bool) -> Crowd:
    """The odd ones among some good ones, and then more good ones than there are seats."""
    crowd = Crowd()
    odd = ["elsewhere", "review", "unbelieved", "alike", "twice", "same ID", "no consent", "stranger", "again", "mail"]
    kinds = [*odd, "good", "good", "a young one"] + ["later"] * later
    chance.shuffle(kinds)
    crowd.add(applicant("髙橋　恵"), account=SHARED)
    for kind in [*kinds, *["good"] * 5]:
        _add(crowd, kind, f"{chance.randrange(10**6, 10**9):013d}")
    return crowd


_PEOPLE: dict[str, dict[str, Any]] = {
    "elsewhere": {"address": ELSEWHERE},
    "review": {"address": ELSEWHERE},
    "unbelieved": {"assurance": "unattended"},
    "a young one": {"birth_date": "20080401"},
    "alike": {"name": "高橋　恵"},
}


def _add(crowd: Crowd, kind: str, account: str) -> None:
    if kind == "again":
        for drafts in (crowd.alone, crowd.together):
            drafts.append(drafts[0])
        return
    who = applicant(**_PEOPLE.get(kind, {}))
    if kind == "twice":
        _two_drafts(crowd, who)
    elif kind == "later":
        for policy_id, drafts in ((ALONE, crowd.alone), (TOGETHER, crowd.together)):
            drafts.append((fill_in_for_later(who, policy_id), who.person_id))
    else:
        crowd.add(who, account=SHARED if kind == "same ID" else account)
    if kind == "review":
        _ask_for_review(who)
    elif kind == "mail":
        _give_mail(who)
    elif kind == "no consent":
        _change(crowd, consents={})
    elif kind == "stranger":
        for drafts in (crowd.alone, crowd.together):
            drafts[-1] = drafts[-1][0], who.evidence_id


def _two_drafts(crowd: Crowd, who: Applicant) -> None:
    """What two readings in two tabs can leave."""
    somebody = applicant()
    for policy_id, drafts in ((ALONE, crowd.alone), (TOGETHER, crowd.together)):
        for _ in range(2):
            draft = fill_in(who, policy_id, account=f"{len(drafts):06d}7777777")
            drafts.append((draft, who.person_id))
            _belongs_to(draft, somebody)  # out of the way while the next is made
        for draft, _ in drafts[-2:]:
            _belongs_to(draft, who)


def _belongs_to(draft: UUID, owner: Applicant) -> None:
    both = {"applicant_id": owner.person_id, "beneficiary_id": owner.person_id}
    with db.transaction() as session:
        session.execute(update(Application).where(Application.id == draft).values(both))


def _ask_for_review(who: Applicant) -> None:
    with db.transaction() as session:
        for policy_id in (ALONE, TOGETHER):
            applications.request_review(session, policy_id, who.person_id)


def _change(crowd: Crowd, **values: Any) -> None:
    with db.transaction() as session:
        for drafts in (crowd.alone, crowd.together):
            session.execute(update(Application).where(Application.id == drafts[-1][0]).values(values))


def _give_mail(who: Applicant) -> None:
    with db.transaction() as session:
        session.add(
            Contact(
                person_id=who.person_id,
                address_enc=b"kept elsewhere",
                address_index=who.person_id.bytes,
                language="ja",
                given_at=clock.now(),
                confirmed_at=clock.now(),
                code_tries=0,
            )
        )


def _one(policy_id: str, application_id: UUID, person_id: UUID) -> Receipt | DomainError:
    try:
        return applications.submit(policy_id, application_id, person_id)
    except DomainError as problem:
        return problem


def said(result: Receipt | DomainError) -> object:
    """A result without the number of its receipt."""
    return result.code if isinstance(result, DomainError) else (result.state, result.already)


def book_results(chance: random.Random) -> None:
    """One file with orders of both policies goes out; the results come in one file for each, made up alike."""
    assert points.export_grant_file(PROVIDER) is not None
    plan = chance.getrandbits(64)
    for number, (policy_id, at_once) in enumerate(((ALONE, 1), (TOGETHER, 1_000)), start=1):
        lines = _results(policy_id, random.Random(plan))
        done = sum("succeeded" in line for line in lines)
        total = sum(int(line.split(",")[4]) for line in lines if "succeeded" in line)
        head = f"H,todoke-grant-results,1,{PROVIDER},{number},1,PARTIAL"
        content = "\r\n".join([head, *lines, f"T,{len(lines)},{done},{total}", ""]).encode()
        points.take_result_file(PROVIDER, content)
        points.book_result_file(PROVIDER, number, rows_at_once=at_once)


def _results(policy_id: str, chance: random.Random) -> list[str]:
    by_person = text(
        "SELECT o.id FROM grant_orders o JOIN grants g ON g.policy_id = o.policy_id AND g.id = o.grant_id"
        " WHERE o.policy_id = :policy ORDER BY g.person_id"
    )
    with db.reading() as session:
        orders = list(session.scalars(by_person, {"policy": policy_id}))
    kinds = ["failed", "twice", "failed, then done", "done, then failed", "other amount"]
    kinds = (["done"] * max(2, len(orders) - len(kinds)) + kinds)[: len(orders)]
    lines: list[str] = [_line(uuid4(), policy_id, "succeeded")]
    for order, kind in zip(orders, kinds, strict=True):
        done, failed = _line(order, policy_id, "succeeded"), _line(order, policy_id, "failed")
        lines += {
            "done": [done],
            "failed": [failed],
            "twice": [done, done],
            "failed, then done": [failed, done],
            "done, then failed": [done, failed],
            "other amount": [_line(order, policy_id, "succeeded", amount=AMOUNT + 1)],
        }[kind]
    order_of_lines = list(range(len(lines)))
    chance.shuffle(order_of_lines)
    return [lines[number] for number in order_of_lines]


def _line(order: UUID, policy_id: str, state: str, *, amount: int = AMOUNT) -> str:
    number, reason = ("T-1", "") if state == "succeeded" else ("", "account_closed")
    return f"D,{order},{policy_id},{state},{amount},{number},{reason}"


def rows_of(policy_id: str, drafts: list[tuple[UUID, UUID]]) -> dict[str, list[dict[str, Any]]]:
    """Everything that is there of these applications, with a number in the place of each id, in an order that holds."""
    names = {str(draft): f"application {drafts.index((draft, who))}" for draft, who in drafts}
    with db.reading() as session:
        orders = session.execute(
            text(
                "SELECT o.id, o.attempt, g.application_id, g.id AS grant_id FROM grants g LEFT JOIN grant_orders o"
                " ON g.policy_id = o.policy_id AND g.id = o.grant_id WHERE g.policy_id = :policy"
            ),
            {"policy": policy_id},
        )
        for order in orders:
            names[str(order.id)] = f"order {order.attempt} of {names[str(order.application_id)]}"
            names[str(order.grant_id)] = f"grant of {names[str(order.application_id)]}"
        found = {
            table: [
                row
                for (row,) in session.execute(
                    text(f"SELECT to_jsonb(t) FROM {table} t WHERE {where}"), {"policy": policy_id}
                )
            ]
            for table, where in _TABLES.items()
        }
    return {table: sorted((_named(row, names, policy_id) for row in rows), key=repr) for table, rows in found.items()}


def _named(row: dict[str, Any], names: dict[str, str], policy_id: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for column, value in sorted(row.items()):
        if isinstance(value, str) and value in names:
            named[column] = names[value]
        elif isinstance(value, dict):
            named[column] = _named(value, names, policy_id)
        elif column in _OWN:
            named[column] = value is not None
        elif isinstance(value, str):
            named[column] = value.replace(policy_id, "the policy")
        else:
            named[column] = value
    return named


def test_who_agreed_to_other_terms_is_refused_alone() -> None:
    open_policy(capacity=10)
    people = [applicant() for _ in range(3)]
    drafts = [(fill_in(who), who.person_id) for who in people]
    _outdate = Crowd(alone=[drafts[1]], together=[drafts[1]])
    _change(_outdate, consents={"terms": "of old"})
    results = applications.submit_many("P-001", drafts)
    assert [said(result) for result in results] == [("approved", False), "E217", ("approved", False)]
    agree(people[1])
    assert said(applications.submit_many("P-001", [drafts[1]])[0]) == ("approved", False)
