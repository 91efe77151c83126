"""Reader agents: enrolled by device key, found by number, revoked for good; every signed request counts once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app import cards, clock, db
from app.audit import AuditEvent
from app.cards.models import AgentNonce
from app.cards.requests import sweep_nonces
from nfc.agent.signing import AGENT_HEADER, TOLERANCE_SECONDS, DeviceKey, sign_request
from tests.cards.reading import enrol

pytestmark = pytest.mark.usefixtures("database")

PATH, BODY = "/api/agent/v1/take", b'{"wait":0}'


@pytest.fixture
def key(tmp_path: Path) -> DeviceKey:
    return DeviceKey.create(tmp_path / "device.key")


def revoke(agent_id: UUID) -> bool:
    with db.transaction() as session:
        return cards.revoke_agent(session, agent_id)


def signed(key: DeviceKey, agent_id: UUID | str, *, seconds_ago: float = 0) -> dict[str, str]:
    return sign_request(key, str(agent_id), "POST", PATH, BODY, clock.real_now().timestamp() - seconds_ago)


def accepted(headers: dict[str, str], method: str = "POST", path: str = PATH, body: bytes = BODY) -> UUID | None:
    return cards.authenticate_agent(headers, method, path, body)


def found(number: str) -> UUID | None:
    with db.reading() as session:
        reader = cards.find_reader(session, number)
    return reader.agent_id if reader else None


# --- enrolment ----------------------------------------------------------------------------------------------------


def test_an_enrolled_agent_is_found_by_the_number_on_its_screen() -> None:
    reader = enrol()
    assert len(reader.reader_no) == 6
    assert found(reader.reader_no) == reader.agent_id
    assert found(f" {reader.reader_no[:3]}-{reader.reader_no[3:]} ") == reader.agent_id
    assert found("") is None
    assert found(reader.reader_no[:5]) is None


def test_the_same_key_again_is_the_same_agent_under_its_new_name() -> None:
    first = enrol("unattended", key=b"k" * 32, name="old")
    again = enrol("simulated", key=b"k" * 32, name="new")
    assert (again.agent_id, again.reader_no) == (first.agent_id, first.reader_no)
    assert (again.name, again.kind) == ("new", "simulated")


def test_only_listed_readers_are_offered_on_every_page() -> None:
    listed, _ = enrol(listed=True), enrol()
    with db.reading() as session:
        assert [reader.agent_id for reader in cards.listed_readers(session)] == [listed.agent_id]


def test_a_revoked_agent_is_neither_found_nor_offered_and_is_revoked_once() -> None:
    reader = enrol(listed=True)
    assert revoke(reader.agent_id)
    assert not revoke(reader.agent_id)
    assert not revoke(uuid4())
    assert found(reader.reader_no) is None
    with db.reading() as session:
        assert cards.listed_readers(session) == []
        assert [(each.agent_id, revoked) for each, revoked in cards.all_readers(session)] == [(reader.agent_id, True)]
        assert session.query(AuditEvent).filter_by(action="agent.revoked").count() == 1


def test_a_revoked_key_can_not_be_enrolled_again() -> None:
    reader = enrol(key=b"k" * 32)
    revoke(reader.agent_id)
    with pytest.raises(cards.AgentRevoked):
        enrol(key=b"k" * 32)
    assert found(reader.reader_no) is None


# --- signed requests ----------------------------------------------------------------------------------------------


def test_a_request_signed_by_an_enrolled_agent_is_accepted_and_shows_that_it_is_there(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    assert not reader.online
    assert accepted(signed(key, reader.agent_id)) == reader.agent_id
    with db.reading() as session:
        (now,) = [each for each, _ in cards.all_readers(session)]
    assert now.online


def test_the_same_signed_request_again_is_refused(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    headers = signed(key, reader.agent_id)
    assert accepted(headers) == reader.agent_id
    assert accepted(headers) is None
    assert accepted(signed(key, reader.agent_id)) == reader.agent_id


def test_the_same_signed_request_at_the_same_moment_is_accepted_once(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    headers, start = signed(key, reader.agent_id), threading.Barrier(4)

    def send(_: int) -> UUID | None:
        start.wait(10)
        return accepted(headers)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(send, range(4)))
    assert results.count(reader.agent_id) == 1
    assert results.count(None) == 3


def test_a_signature_is_worth_nothing_for_another_request(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    headers = signed(key, reader.agent_id)
    assert accepted(headers, path=PATH + "?x=1") is None
    assert accepted(headers, method="GET") is None
    assert accepted(headers, body=BODY + b" ") is None
    assert accepted(headers) == reader.agent_id, "and a refused attempt has not used it up"


def test_nobody_signs_for_another_agent(key: DeviceKey, tmp_path: Path) -> None:
    reader = enrol(key=key.public_bytes)
    other_key = DeviceKey.create(tmp_path / "other.key")
    other = enrol(key=other_key.public_bytes)
    assert accepted(signed(other_key, reader.agent_id)) is None
    assert accepted({**signed(key, reader.agent_id), AGENT_HEADER: str(other.agent_id)}) is None


@pytest.mark.parametrize("agent_id", [str(UUID(int=1)), "journey", "1"])
def test_an_unknown_agent_is_refused(key: DeviceKey, agent_id: str) -> None:
    assert accepted(signed(key, agent_id)) is None


def test_a_request_without_signature_is_refused() -> None:
    reader = enrol()
    assert accepted({}) is None
    assert accepted({AGENT_HEADER: str(reader.agent_id)}) is None


def test_a_revoked_agent_is_refused_from_now_on(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    before = signed(key, reader.agent_id)
    revoke(reader.agent_id)
    assert accepted(before) is None
    assert accepted(signed(key, reader.agent_id)) is None


@pytest.mark.parametrize("seconds_ago", [TOLERANCE_SECONDS + 5, -TOLERANCE_SECONDS - 5])
def test_a_request_from_another_time_is_refused(key: DeviceKey, seconds_ago: float) -> None:
    reader = enrol(key=key.public_bytes)
    assert accepted(signed(key, reader.agent_id, seconds_ago=seconds_ago)) is None


def test_the_moved_business_clock_of_a_demo_does_not_matter_to_signatures(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    with clock.frozen(clock.now() + timedelta(days=400)):
        assert accepted(signed(key, reader.agent_id)) == reader.agent_id


def test_signatures_are_remembered_for_as_long_as_they_could_be_replayed(key: DeviceKey) -> None:
    reader = enrol(key=key.public_bytes)
    headers = signed(key, reader.agent_id)
    accepted(headers)
    assert sweep_nonces() == 0
    assert accepted(headers) is None
    with db.transaction() as session:
        (remembered,) = session.query(AgentNonce).all()
        assert remembered.expires_at - clock.real_now() > timedelta(seconds=2 * TOLERANCE_SECONDS - 60)
        remembered.expires_at = clock.real_now() - timedelta(seconds=1)
    assert sweep_nonces() == 1
