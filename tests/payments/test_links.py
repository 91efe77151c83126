"""Payment links: every move of domain.md 5.4 and no other, and one service ID for one person per policy."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app import db
from app.errors import DomainError
from app.payments import (
    IllegalMove,
    LinkState,
    account_of,
    create_link,
    get_link,
    link_of_application,
    link_views,
    load_services,
    lock_link,
    release_link,
    remove_link,
)
from app.payments.states import LIVE, MOVES, LinkEvent, after
from app.pii import PiiError
from tests.payments.samples import service, service_item

ANNA, BEN = uuid4(), uuid4()


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize("event", LinkEvent)
def test_only_the_listed_moves_exist(state, event):
    if (state, event) in MOVES:
        assert after(state, event) is MOVES[state, event]
    else:
        with pytest.raises(IllegalMove):
            after(state, event)


def test_no_move_leads_back_from_an_end():
    ends = set(LinkState) - {state for state, _ in MOVES}
    assert ends == {LinkState.MISMATCH, LinkState.REMOVED, LinkState.STALE, LinkState.RELEASED}
    assert ends.isdisjoint(LIVE)


@pytest.fixture
def services(database):
    with db.transaction() as session:
        load_services(session, [service_item("SVC-QR-01"), service_item("SVC-QR-02"), service_item("SVC-GIFT-01")], "t")


def _link(
    application: UUID, *, policy: str = "P-001", account: str = "1234567890123", service_id: str = "SVC-QR-01"
) -> UUID:
    with db.transaction() as session:
        return create_link(
            session,
            policy_id=policy,
            application_id=application,
            person_id=uuid4(),
            service=service(service_id),
            normalized=account,
            holder_masked="ヨシ＊ ハ＊＊",
        ).id


def test_the_service_id_is_stored_encrypted_and_bound_to_its_row(services):
    first, second = _link(ANNA), _link(BEN, account="0000000000017")
    with db.transaction() as session:
        assert account_of(session, get_link(session, "P-001", first)) == "1234567890123"
        stored = session.execute(text("SELECT row_to_json(l)::text FROM payment_links l")).scalars().all()
        assert not any("123456789012" in row for row in stored)
        moved = get_link(session, "P-001", second)
        moved.account_enc = get_link(session, "P-001", first).account_enc
        with pytest.raises(PiiError):
            account_of(session, moved)
        session.rollback()


def test_br_56_a_second_application_of_the_policy_is_refused_and_another_policy_is_not(services):
    _link(ANNA)
    with pytest.raises(DomainError) as caught:
        _link(BEN)
    assert caught.value.code == "E303"
    _link(BEN, policy="P-004")


def test_a_refused_link_leaves_the_callers_transaction_alive(services):
    _link(ANNA)
    with db.transaction() as session:
        with pytest.raises(DomainError):
            create_link(
                session,
                policy_id="P-001",
                application_id=BEN,
                person_id=BEN,
                service=service(),
                normalized="1234567890123",
                holder_masked=None,
            )
        assert link_of_application(session, "P-001", BEN) is None


def test_mail_addresses_that_differ_by_case_alone_are_one(services):
    _link(ANNA, account="hikari@example.jp", service_id="SVC-GIFT-01")
    with pytest.raises(DomainError, match="E303"):
        _link(BEN, account="Hikari@Example.jp", service_id="SVC-GIFT-01")


def test_the_same_choice_again_is_the_same_link(services):
    assert _link(ANNA) == _link(ANNA)


def test_another_choice_before_the_order_frees_the_first_id(services):
    first = _link(ANNA)
    second = _link(ANNA, account="1234567897", service_id="SVC-QR-02")
    with db.reading() as session:
        views = link_views(session, "P-001", [first, second])
        current = link_of_application(session, "P-001", ANNA)
    assert (views[first].state, views[second].state) == (LinkState.REMOVED, LinkState.VERIFIED)
    assert current == views[second]
    assert current.masked == "…7897"
    _link(BEN)


def test_e313_after_the_order_the_choice_is_fixed_until_it_is_released(services):
    first = _link(ANNA)
    with db.transaction() as session:
        lock_link(session, "P-001", first)
        lock_link(session, "P-001", first)
    with pytest.raises(DomainError, match="E313"):
        _link(ANNA, account="0000000000017")
    with pytest.raises(DomainError, match="E313"), db.transaction() as session:
        remove_link(session, "P-001", first)
    with db.transaction() as session:
        release_link(session, "P-001", first)
        release_link(session, "P-001", first)
    _link(ANNA, account="0000000000017")


def test_two_people_at_the_same_moment_get_one_link(services):
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def choose(application: UUID) -> None:
        start.wait()
        try:
            _link(application)
            outcomes.append("linked")
        except DomainError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=choose, args=(a,)) for a in (ANNA, BEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["E303", "linked"]
