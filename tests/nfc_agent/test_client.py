"""The agent's conversation with the service, against a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nfc.agent.client import (
    AgentClient,
    AgentConfigurationError,
    AgentRefused,
    BadAnswer,
    ServiceAway,
    ServiceBusy,
    SessionEnded,
)
from nfc.agent.signing import DeviceKey
from tests.nfc_agent.conftest import AGENT_ID
from tests.nfc_agent.service import SESSION_ID, Service, task_json


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(service: Service, key: DeviceKey, pauses: list[float]) -> Iterator[AgentClient]:
    made = AgentClient(service.url, AGENT_ID, key, pause=pauses.append)
    yield made
    made.close()


def test_a_session_is_taken_with_all_its_fields(client: AgentClient, service: Service) -> None:
    service.tasks.put(task_json())
    task = client.take(1)
    assert task is not None
    assert (task.session_id, task.confirmation, task.challenge_bytes) == (SESSION_ID, "48", b"\xab" * 32)
    assert task.policy_title == "あさひ市 物価高騰<応援>ポイント"


def test_no_session_is_none(client: AgentClient) -> None:
    assert client.take(0) is None


def test_a_busy_service_says_when_to_come_back(client: AgentClient, service: Service) -> None:
    service.answers["take"] = [(429, {"Retry-After": "7"}, b""), (429, {}, b""), (503, {"Retry-After": "x"}, b"")]
    for expected in (7, 5, 5):
        with pytest.raises(ServiceBusy) as refusal:
            client.take(0)
        assert refusal.value.retry_after == expected


def test_a_retry_after_is_never_longer_than_five_minutes(client: AgentClient, service: Service) -> None:
    service.answers["take"] = [(429, {"Retry-After": "86400"}, b"")]
    with pytest.raises(ServiceBusy) as refusal:
        client.take(0)
    assert refusal.value.retry_after == 300


def test_an_agent_that_is_not_enrolled_is_told(service: Service, tmp_path: Path) -> None:
    stranger = AgentClient(service.url, AGENT_ID, DeviceKey.create(tmp_path / "stranger.pem"))
    with pytest.raises(AgentRefused):
        stranger.take(0)
    stranger.close()


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b"not json"),
        (200, {}, b"{}"),
        (200, {}, b"x" * 70_000),
        (302, {"Location": "https://evil.example/"}, b""),
        (500, {}, b"trace"),
        (404, {}, b""),
    ],
)
def test_an_answer_that_is_not_agreed_is_refused(
    client: AgentClient, service: Service, answer: tuple[int, dict[str, str], bytes]
) -> None:
    service.answers["take"] = [answer]
    with pytest.raises(BadAnswer):
        client.take(0)


def test_taking_is_never_repeated_by_itself(client: AgentClient, service: Service, pauses: list[float]) -> None:
    service.answers["take"] = [None]
    with pytest.raises(ServiceAway):
        client.take(0)
    assert service.asked.qsize() == 1
    assert pauses == []


def test_a_result_is_sent_again_with_fresh_nonces_and_growing_pauses(
    client: AgentClient, service: Service, pauses: list[float]
) -> None:
    service.answers["result"] = [None, None, None, None]
    client.finish(SESSION_ID, {"outcome": "cancelled"})
    assert service.results.get(timeout=5) == {"outcome": "cancelled"}
    assert pauses == [0.5, 1.0, 2.0, 4.0]
    assert len(set(service.nonces)) == 5


def test_a_result_is_given_up_after_five_attempts(client: AgentClient, service: Service) -> None:
    service.answers["result"] = [None] * 6
    with pytest.raises(ServiceAway):
        client.finish(SESSION_ID, {"outcome": "cancelled"})
    assert service.asked.qsize() == 5


def test_a_lost_answer_to_a_result_that_arrived_is_no_error(client: AgentClient, service: Service) -> None:
    service.answers["result"] = [None, (409, {}, b"")]
    client.finish(SESSION_ID, {"outcome": "cancelled"})


@pytest.mark.parametrize("status", [404, 409, 410])
def test_a_session_that_is_over_is_told(client: AgentClient, service: Service, status: int) -> None:
    service.answers["progress"] = [(status, {}, b"")]
    with pytest.raises(SessionEnded):
        client.progress(SESSION_ID, "reading")
    service.answers["result"] = [(status, {}, b"")]
    with pytest.raises(SessionEnded):
        client.finish(SESSION_ID, {"outcome": "cancelled"})


def test_what_the_service_refuses_is_not_sent_again(client: AgentClient, service: Service) -> None:
    service.answers["result"] = [(422, {}, b"")]
    with pytest.raises(BadAnswer):
        client.finish(SESSION_ID, {"outcome": "cancelled"})
    assert service.asked.qsize() == 1


def test_a_service_that_is_down_is_away(key: DeviceKey, service: Service) -> None:
    service.stop()
    client = AgentClient(service.url, AGENT_ID, key, pause=lambda seconds: None)
    with pytest.raises(ServiceAway):
        client.take(0)
    client.close()


@pytest.mark.parametrize("url", ["http://todoke.example.jp", "ftp://127.0.0.1", "todoke.example.jp", "http://", ""])
def test_an_unsafe_service_address_is_refused(key: DeviceKey, url: str) -> None:
    with pytest.raises(AgentConfigurationError):
        AgentClient(url, AGENT_ID, key)


@pytest.mark.parametrize(
    "url", ["https://todoke.example.jp", "http://127.0.0.1:8000", "http://localhost", "http://[::1]:1"]
)
def test_a_safe_service_address_is_accepted(key: DeviceKey, url: str) -> None:
    AgentClient(url, AGENT_ID, key).close()


def test_a_closed_test_network_may_use_plain_http_when_it_says_so(key: DeviceKey) -> None:
    AgentClient("http://web:8000", AGENT_ID, key, allow_plain_http=True).close()


def test_an_agent_id_that_cannot_be_a_header_is_refused(key: DeviceKey) -> None:
    with pytest.raises(AgentConfigurationError):
        AgentClient("https://todoke.example.jp", "agent 1\r\nX: y", key)
