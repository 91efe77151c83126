"""Pairing by a code: once, soon, by whoever holds the key; revocable afterwards."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text, update
from werkzeug.serving import make_server

from app import cards, db
from app.cards.models import Agent, AgentPairCode
from app.cards.pairing import ALPHABET, sweep_pair_codes
from app.cli.agents import agents
from app.cli.reader import reader
from nfc.agent import pairing
from nfc.agent.client import AgentClient, AgentConfigurationError, AgentRefused
from nfc.agent.pairing import PairingFailed, pair, remember, remembered_agent_id
from nfc.agent.signing import DeviceKey, sign_request
from tests.web.service import Service, running
from tests.web_counter.hands import a_terminal


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    """The service on a real port."""
    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def key(tmp_path: Path) -> DeviceKey:
    return DeviceKey.create(tmp_path / "device.pem")


def issue(name: str = "窓口1番", **more: object) -> str:
    with db.transaction() as session:
        return cards.issue_pair_code(session, name=name, kind="unattended", **more)


def test_a_code_enrols_the_key_and_the_agent_can_work_at_once(url: str, key: DeviceKey) -> None:
    paired = pair(url, issue(), key)
    assert paired.name == "窓口1番"
    client = AgentClient(url, paired.agent_id, key)
    assert client.take(0) is None
    client.close()
    with db.reading() as session:
        agent = session.scalars(select(Agent).where(Agent.name == "窓口1番")).one()
        enrolled = (str(agent.id), agent.reader_no, agent.public_key)
    assert enrolled == (paired.agent_id, paired.reader_no, key.public_bytes)


def test_a_code_works_once(url: str, key: DeviceKey, tmp_path: Path) -> None:
    code = issue()
    pair(url, code, key)
    with pytest.raises(PairingFailed, match="wrong, used or too old"):
        pair(url, code, DeviceKey.create(tmp_path / "second.pem"))


def test_a_code_is_short_lived(url: str, key: DeviceKey) -> None:
    code = issue()
    with db.transaction() as session:
        session.execute(update(AgentPairCode).values(expires_at=AgentPairCode.expires_at - timedelta(minutes=11)))
    with pytest.raises(PairingFailed):
        pair(url, code, key)


def test_a_code_is_read_out_easily_and_only_its_hash_is_kept(url: str, key: DeviceKey) -> None:
    code = issue()
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code)
    with db.reading() as session:
        stored = session.scalars(select(AgentPairCode.code_hash)).one()
    assert code.replace("-", "").encode() not in stored
    spoken = " ".join(code.lower().replace("0", "o").replace("1", "l"))
    assert pair(url, spoken, key).agent_id


@pytest.mark.parametrize("code", ["00000000", "ZZZZ-ZZZZ", "x" * 20])
def test_a_wrong_code_enrols_nobody(service: Service, url: str, key: DeviceKey, code: str) -> None:
    issue()
    before = service.rows("agents")
    with pytest.raises(PairingFailed):
        pair(url, code, key)
    assert service.rows("agents") == before


def test_a_key_is_enrolled_only_by_whoever_holds_it(service: Service, key: DeviceKey, tmp_path: Path) -> None:
    other = DeviceKey.create(tmp_path / "other.pem")
    body = json.dumps({"code": issue(), "public_key": other.public_bytes.hex()}).encode()
    path = pairing.PAIR_PATH
    headers = sign_request(key, pairing.PAIRING_ID, "POST", path, body, _now())
    refused = service.app.test_client().post(
        path, data=body, headers=headers, content_type="application/json", base_url=service.settings.public_url
    )
    assert refused.status_code == 401
    with db.reading() as session:
        assert session.scalars(select(AgentPairCode)).one().used_at is None


def _now() -> float:
    from app import clock

    return clock.real_now().timestamp()


def test_guessing_is_slowed_down(service: Service, key: DeviceKey) -> None:
    client, statuses = service.app.test_client(), []
    for number in range(70):
        body = json.dumps({"code": f"{number:08}", "public_key": key.public_bytes.hex()}).encode()
        headers = sign_request(key, pairing.PAIRING_ID, "POST", pairing.PAIR_PATH, body, _now())
        answer = client.post(
            pairing.PAIR_PATH,
            data=body,
            headers=headers,
            content_type="application/json",
            base_url=service.settings.public_url,
        )
        statuses.append(answer.status_code)
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_a_paired_agent_can_be_revoked(url: str, key: DeviceKey) -> None:
    from uuid import UUID

    paired = pair(url, issue(), key)
    with db.transaction() as session:
        assert cards.revoke_agent(session, UUID(paired.agent_id))
    client = AgentClient(url, paired.agent_id, key)
    with pytest.raises(AgentRefused):
        client.take(0)
    client.close()


def test_old_codes_are_forgotten(service: Service) -> None:
    issue()
    assert sweep_pair_codes() == 0
    with db.transaction() as session:
        session.execute(update(AgentPairCode).values(expires_at=AgentPairCode.expires_at - timedelta(days=2)))
    assert sweep_pair_codes() == 1


def test_the_id_is_remembered_beside_the_key(url: str, key: DeviceKey, tmp_path: Path) -> None:
    place = tmp_path / "device.pem"
    assert remembered_agent_id(place) is None
    paired = pair(url, issue(), key)
    remember(place, paired)
    assert remembered_agent_id(place) == paired.agent_id


def test_pairing_goes_over_https_or_stays_on_this_machine(key: DeviceKey) -> None:
    with pytest.raises(AgentConfigurationError, match="https"):
        pair("http://todoke.example.jp", "00000000", key)


def test_a_service_that_is_away_is_told_in_a_sentence(key: DeviceKey) -> None:
    with pytest.raises(PairingFailed, match="cannot be reached"):
        pair("http://127.0.0.1:9", "00000000", key)


def test_the_two_commands_pair_a_reader(url: str, tmp_path: Path) -> None:
    made = CliRunner().invoke(agents, ["pair-code", "窓口2番", "--minutes", "5"])
    assert made.exit_code == 0, made.output
    code = made.output.split()[0]
    file = tmp_path / "new.pem"
    done = CliRunner().invoke(reader, ["pair", "--server", url, "--code", code, "--key-file", str(file)])
    assert done.exit_code == 0, done.output
    assert "paired as 窓口2番" in done.output
    assert remembered_agent_id(file) is not None
    again = CliRunner().invoke(reader, ["pair", "--server", url, "--code", code, "--key-file", str(file)])
    assert again.exit_code == 1
    assert "does not accept this code" in again.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--server and --key-file are needed"),
        (["--server", "https://x.example", "--key-file", "no.pem", "--virtual", "127.0.0.1:0"], "--agent-id is needed"),
        (["--server", "https://x.example", "--key-file", "no.pem", "--agent-id", "a"], "one of --pcsc, --desk"),
        (
            ["--server", "https://x.example", "--key-file", "no.pem", "--agent-id", "a", "--pcsc", "--virtual", "x:1"],
            "one of --pcsc, --desk",
        ),
    ],
)
def test_the_reader_says_what_is_missing(options: list[str], sentence: str) -> None:
    said = CliRunner().invoke(reader, options)
    assert said.exit_code == 2
    assert sentence in said.output


def test_two_presses_of_the_button_make_two_codes_of_which_the_later_counts(
    service: Service, url: str, key: DeviceKey, tmp_path: Path
) -> None:
    """At the same moment: the second waits for the first, and then takes its place."""
    terminal = a_terminal(service)
    place = cards.CounterPlace(terminal.terminal_id, terminal.municipality_code, "ST-03")
    with ThreadPoolExecutor(1) as other:
        with db.transaction() as session:
            first = cards.issue_pair_code(session, name="一度目", kind="unattended", place=place)
            waiting = other.submit(issue, "二度目", place=place)
            until_somebody_waits_for_a_lock()
        second = waiting.result(20)
    with pytest.raises(PairingFailed):
        pair(url, first, key)
    assert pair(url, second, key).name == "二度目"


def until_somebody_waits_for_a_lock() -> None:
    question = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%pair_codes%'"
    )
    pause = threading.Event()
    for _ in range(400):
        with db.reading() as session:
            if session.scalar(question):
                return
        pause.wait(0.02)
    raise AssertionError("nobody waits")
