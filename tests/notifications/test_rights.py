"""What is kept for messages takes part in erasure and in the rotation of keys."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
from click.testing import CliRunner

from app import clock, db, notifications, pii, pii_rotation, policies, retention, settings, start
from app.cli.keys import keys
from app.payments.gateways import GatewayAnswer
from app.settings import Keys
from tests.applications.applicants import applicant, apply, open_policy, rows_in
from tests.notifications.conftest import ADDRESS, Post
from tests.notifications.test_messages import answer


def granted(post: Post) -> object:
    open_policy(capacity=10)
    who = post.reader()
    apply(who)
    answer(GatewayAnswer("succeeded", "T-1"))
    post.send()
    return who


def test_br_65_erasing_a_person_takes_the_address_and_every_message(post: Post) -> None:
    who = granted(post)
    neighbour = post.reader(applicant(), address="neighbour@example.jp")
    apply(neighbour)
    certificate = retention.erase_person(who.person_id, reason="request", by="S-1", before_the_end=True)
    assert (certificate.counts["addresses"], certificate.counts["messages"]) == (1, 2)
    assert (rows_in("contacts"), rows_in("messages")) == (1, 2), "the neighbour's"
    assert len(post.send()) == 1


def test_br_65_at_the_end_of_a_policy_its_messages_go_and_the_address_stays_for_the_other_policy(post: Post) -> None:
    who = granted(post)
    open_policy("P-X", capacity=10)
    apply(who, "P-X")
    retention.set_rule("P-001", by="S-1", completed_on=date(2027, 5, 31))
    with db.reading() as session:
        assert policies.get(session, "P-001") is not None
    with clock.frozen(datetime.fromisoformat("2033-04-01T00:00:00+09:00")):
        assert retention.erase_ended_policies() == ["P-001"]
    assert rows_in("contacts") == 1
    assert rows_in("messages") == 2, "the code's, and the receipt of the other policy"


def test_addresses_are_brought_under_a_new_key(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    who = post.reader()
    old = json.loads(settings.current().keys_json.get_secret_value())
    fresh = json.loads(Keys.generate_json())["encryption"]
    monkeypatch.setenv("TODOKE_KEYS_JSON", json.dumps(old | {"encryption": fresh | old["encryption"]}))
    settings.current.cache_clear()
    start.configure(settings.current())
    (new,) = fresh
    assert pii.vault().current_key_id == new
    assert CliRunner().invoke(keys, ["rewrap"], catch_exceptions=False).exit_code == 0
    assert set(pii_rotation.values_by_key()) == {new}
    with db.reading() as session:
        view = notifications.contact_of(session, who.person_id)
    assert view is not None
    assert view.masked == "t***@example.jp"
    apply_and_read = post.reader(who)  # the same address again, found by the same index
    assert notifications.note_undeliverable(ADDRESS) == 1
    assert apply_and_read == who
