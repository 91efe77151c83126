"""The readers of a counter: paired by a code from its page, seen there, revoked there; by the supervisor alone."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app import cards, clock, counter, db, organisations
from app.cli.reader import reader as reader_command
from app.cli.terminals import terminals as terminals_command
from app.organisations import Role, Terminal
from nfc.agent.client import AgentClient, AgentRefused
from nfc.agent.pairing import PairingFailed, pair, remembered_agent_id
from nfc.agent.run import run_agent
from nfc.agent.signing import DeviceKey
from nfc.agent.words import catalogue
from tests.nfc_agent.scripted_card import ScriptedReader
from tests.organisations.counter import add_clerk
from tests.web.service import Service, check_is_clear, error_code
from tests.web_counter.hands import Counter, CounterBrowser, code_for, sign_in, signed_in_staff

PAGE = "/counter/readers"
LIMIT_SECONDS = 20


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
def boss(service: Service) -> Counter:
    """A counter at which the supervisor is signed in."""
    _, made = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER)
    return made


@pytest.fixture
def key(tmp_path: Path) -> DeviceKey:
    return DeviceKey.create(tmp_path / "device.pem")


def ask(who: Counter, label: str = "1番窓口の読み取り機", terminal: Terminal | None = None) -> TestResponse:
    return who.desk.send(PAGE, label=label, terminal_id=str((terminal or who.terminal).terminal_id))


def code_of(answer: TestResponse) -> str:
    found = re.search(r'class="pair-code">([0-9A-Z-]{9})<', answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert found
    return found[1]


def command_of(answer: TestResponse, name: str) -> list[str]:
    found = re.search(rf'id="{name}-command">([^<]+)<', answer.get_data(as_text=True))
    assert found
    return shlex.split(unescape(found[1]))


def page_of(who: Counter) -> str:
    return who.desk.get(PAGE).get_data(as_text=True)


def revoke(who: Counter, agent_id: str | UUID) -> TestResponse:
    return who.desk.send(f"{PAGE}/{agent_id}/revoke")


def at_terminal(terminal: Terminal) -> UUID | None:
    with db.reading() as session:
        found = organisations.get_terminal(session, terminal.terminal_id)
    assert found is not None
    return found.agent_id


def kind_of(agent_id: str | UUID) -> str:
    with db.reading() as session:
        reader = cards.reader_at_counter(session, UUID(str(agent_id)))
    assert reader is not None
    return reader.kind


def trail() -> list[tuple[str, str, str | None]]:
    with db.reading() as session:
        rows = session.execute(text("SELECT action, actor_kind, actor FROM audit_events WHERE actor_kind = 'staff'"))
        return [(row[0], row[1], row[2]) for row in rows]


def test_from_the_page_to_the_reader_and_back_to_the_page_until_it_is_revoked(
    boss: Counter, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands are those of the page, typed as they stand there; only the test's own port is put in their place."""
    monkeypatch.chdir(tmp_path)
    here = boss.service.settings.model_copy(update={"public_url": url})
    monkeypatch.setitem(boss.service.app.extensions, "todoke", here)
    answer = ask(boss)
    program, name, *arguments = command_of(answer, "pair")
    assert (program, name) == ("todoke", "reader")
    done = CliRunner().invoke(reader_command, arguments)
    assert done.exit_code == 0, done.output
    agent_id = remembered_agent_id(Path("reader.key"))
    assert agent_id is not None

    start = command_of(answer, "start")
    key_file = Path(start[start.index("--key-file") + 1])
    keypad, stop = threading.Event(), threading.Event()
    found: list[str] = []
    agent = threading.Thread(
        target=run_agent,
        args=(start[start.index("--server") + 1], agent_id, key_file, ScriptedReader(), 0),
        kwargs={"on_ready": lambda at: (found.append(at), keypad.set()), "stop": stop, "wait_seconds": 5},
    )
    agent.start()
    try:
        assert keypad.wait(LIMIT_SECONDS)
        until(lambda: "いま応答しています" in page_of(boss))
        assert "1番窓口の読み取り機" in page_of(boss)
        assert at_terminal(boss.terminal) == UUID(agent_id)
        assert kind_of(agent_id) == "attended"
        asked = boss.desk.get(f"{PAGE}/{agent_id}/revoke")
        assert "元に戻せません" in asked.get_data(as_text=True)
        assert revoke(boss, agent_id).status_code == 303
        # It waits for work at this moment, and is refused while it waits.
        until(lambda: catalogue("ja")["idle.refused"] in httpx.get(found[0], trust_env=False).text)
    finally:
        stop.set()
        agent.join(LIMIT_SECONDS)
    assert not agent.is_alive()
    page = page_of(boss)
    assert "登録を取り消した日時" in page
    assert f"{agent_id}/revoke" not in page
    mine = [one for one in trail() if one[2] == "ST-03"]
    assert mine == [
        ("staff.signed_in", "staff", "ST-03"),
        ("agent.pair_code_issued", "staff", "ST-03"),
        ("agent.enrolled", "staff", "ST-03"),
        ("terminal.reader_given", "staff", "ST-03"),
        ("agent.revoked", "staff", "ST-03"),
    ]


def until(met: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(LIMIT_SECONDS * 10):
        if met():
            return
        pause.wait(0.1)
    raise AssertionError("it did not come")


def test_a_revoked_key_is_told_to_make_a_new_one_and_the_code_is_not_spent(
    boss: Counter, url: str, key: DeviceKey, tmp_path: Path
) -> None:
    agent_id = pair(url, code_of(ask(boss)), key).agent_id
    assert revoke(boss, agent_id).status_code == 303
    client = AgentClient(url, agent_id, key)
    with pytest.raises(AgentRefused):
        client.take(0)
    client.close()
    code = code_of(ask(boss))
    with pytest.raises(PairingFailed, match="this device key was revoked"):
        pair(url, code, key)
    assert pair(url, code, DeviceKey.create(tmp_path / "new.pem")).agent_id != agent_id


def test_what_a_reader_was_asked_for_ends_when_it_is_revoked(service: Service, url: str, key: DeviceKey) -> None:
    """BR-50: the visit is wiped, and the result of a card that was already laid down is not taken."""
    _, both = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER, Role.COUNTER)
    agent_id = pair(url, code_of(ask(both)), key).agent_id
    client = AgentClient(url, agent_id, key)
    assert client.take(0) is None  # it is there
    assert both.call().status_code == 303
    task = client.take(0)
    assert task is not None
    assert revoke(both, agent_id).status_code == 303
    assert both.row().state == "wiped"
    with pytest.raises(AgentRefused):
        client.finish(task.session_id, {"outcome": "cancelled"})
    client.close()
    assert error_code(both.call()) == "E804"
    with db.reading() as session:
        assert session.execute(text("SELECT DISTINCT state FROM card_sessions")).scalars().all() == ["cancelled"]


def test_a_code_is_shown_once_and_the_next_one_for_the_terminal_ends_it(
    boss: Counter, url: str, key: DeviceKey
) -> None:
    first = code_of(ask(boss))
    assert first not in page_of(boss)
    second = code_of(ask(boss))
    with pytest.raises(PairingFailed, match="wrong, used or too old"):
        pair(url, first, key)
    assert pair(url, second, key).name == "1番窓口の読み取り機"


def test_a_code_lives_ten_minutes(boss: Counter, url: str, key: DeviceKey, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(boss)
    assert "いまから10分、1回だけ" in answer.get_data(as_text=True)
    late = clock.real_now() + timedelta(minutes=10)
    monkeypatch.setattr(clock, "real_now", lambda: late)
    assert counter.pair_reader(code_of(answer), key.public_bytes) is None


def test_the_reader_before_stands_at_no_counter_any_more(
    boss: Counter, url: str, key: DeviceKey, tmp_path: Path
) -> None:
    first = pair(url, code_of(ask(boss)), key).agent_id
    second = pair(url, code_of(ask(boss, "新しい読み取り機")), DeviceKey.create(tmp_path / "new.pem")).agent_id
    assert at_terminal(boss.terminal) == UUID(second)
    assert (kind_of(first), kind_of(second)) == ("unattended", "attended")
    assert "どの端末にもありません" in page_of(boss)


def test_a_reader_that_moves_leaves_the_terminal_where_it_stood(
    service: Service, boss: Counter, url: str, key: DeviceKey
) -> None:
    _, other = signed_in_staff(service, "2番窓口", "ST-01")
    agent_id = pair(url, code_of(ask(boss)), key).agent_id
    assert pair(url, code_of(ask(boss, terminal=other.terminal)), key).agent_id == agent_id
    assert at_terminal(boss.terminal) is None
    assert at_terminal(other.terminal) == UUID(agent_id)
    assert kind_of(agent_id) == "attended"


def test_a_terminal_without_a_reader_gets_its_first_from_its_own_page(
    service: Service, url: str, key: DeviceKey
) -> None:
    done = CliRunner().invoke(terminals_command, ["add", "新しい窓口", "--municipality", "992011"])
    assert done.exit_code == 0, done.output
    with db.reading() as session:
        terminal = organisations.get_terminal(session, UUID(done.output.split()[0]))
    assert terminal is not None
    assert terminal.agent_id is None
    desk = CounterBrowser(service)
    assert desk.send("/counter/terminal", code=code_for(terminal, "desk")).status_code == 303
    clerk = add_clerk("ST-03", Role.APPROVER, Role.COUNTER)
    sign_in(desk, clerk)
    assert "使える読み取り機が登録されていません" in desk.get("/counter").get_data(as_text=True)
    assert error_code(desk.send("/counter/next", policy_id="P-001")) == "E804"
    here = Counter(service, terminal, desk, clerk, desk)
    pair(url, code_of(ask(here)), key)
    assert "使える読み取り機が登録されていません" not in desk.get("/counter").get_data(as_text=True)


def test_a_code_for_a_terminal_that_was_closed_since_enrols_nobody(boss: Counter, url: str, key: DeviceKey) -> None:
    code = code_of(ask(boss))
    with db.transaction() as session:
        assert organisations.close_terminal(session, boss.terminal.terminal_id)
    before = boss.service.rows("agents")
    with pytest.raises(PairingFailed, match="does not accept this code"):
        pair(url, code, key)
    assert boss.service.rows("agents") == before


def test_what_was_typed_wrongly_is_said_at_its_field_and_makes_no_code(boss: Counter) -> None:
    for label in ("", "   ", "あ" * 41, "1番\u200b窓口"):
        answer = ask(boss, label)
        check_is_clear(answer, 422)
        assert 'id="label-error"' in answer.get_data(as_text=True), label
    assert error_code(ask(boss, "1234-5678-9018")) == "E309", "BR-57"
    for terminal_id in ("", "not a terminal", "00000000-0000-7000-8000-000000000000"):
        answer = boss.desk.send(PAGE, label="読み取り機", terminal_id=terminal_id)
        check_is_clear(answer, 422)
        assert 'id="terminal_id-error"' in answer.get_data(as_text=True), terminal_id
    assert boss.service.rows("agent_pair_codes") == 0


def test_another_municipalitys_readers_and_terminals_are_out_of_reach(
    service: Service, boss: Counter, url: str, key: DeviceKey
) -> None:
    agent_id = pair(url, code_of(ask(boss)), key).agent_id
    _, stranger = signed_in_staff(service, "よその窓口", "ST-31", Role.APPROVER, town="992020")
    assert agent_id not in page_of(stranger)
    assert stranger.desk.get(f"{PAGE}/{agent_id}/revoke").status_code == 404
    assert revoke(stranger, agent_id).status_code == 404
    check_is_clear(ask(stranger, terminal=boss.terminal), 422)
    assert kind_of(agent_id) == "attended"


ROLES = {Role.COUNTER: (403, 403, 403), Role.AUDITOR: (200, 403, 403), Role.APPROVER: (200, 200, 303)}


def test_only_the_supervisor_lets_a_reader_in_or_out(
    service: Service, boss: Counter, url: str, key: DeviceKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    agent_id = pair(url, code_of(ask(boss)), key).agent_id
    _, who = signed_in_staff(service, "2番窓口", "ST-09", Role.COUNTER)
    for number, role in enumerate(Role):
        assert who.desk.send("/counter/sign-out").status_code == 303
        sign_in(who.desk, add_clerk(f"ST-1{number}", role))
        seen, made, revoked = ROLES.get(role, (403, 403, 403))
        assert who.desk.get(PAGE).status_code == seen, role
        assert ask(who).status_code == made, role
        assert who.desk.get(f"{PAGE}/{agent_id}/revoke").status_code == (200 if revoked == 303 else 403), role
        if seen == 200:
            assert ("登録のコードを作る" in page_of(who)) == (made == 200), role
        assert revoke(who, agent_id).status_code == revoked, role
        with db.reading() as session:
            assert cards.is_enrolled(session, UUID(agent_id)) == (revoked == 403), role
        if revoked == 303:
            agent_id = pair(url, code_of(ask(boss)), DeviceKey.create(Path(f"{agent_id}.pem"))).agent_id


def test_revoking_twice_changes_nothing_and_no_made_up_reader_is_found(boss: Counter, url: str, key: DeviceKey) -> None:
    agent_id = pair(url, code_of(ask(boss)), key).agent_id
    assert revoke(boss, agent_id).status_code == 303
    assert revoke(boss, agent_id).status_code == 303
    assert boss.desk.get(f"{PAGE}/{agent_id}/revoke").status_code == 303
    assert [action for action, _, _ in trail()].count("agent.revoked") == 1
    assert revoke(boss, "00000000-0000-7000-8000-000000000000").status_code == 404


def test_codes_are_not_made_without_end(boss: Counter, real_time_stands: None) -> None:
    statuses = [ask(boss).status_code for _ in range(21)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_how_long_ago_a_reader_was_heard_of_is_said_in_words(boss: Counter, url: str, key: DeviceKey) -> None:
    agent_id = pair(url, code_of(ask(boss)), key).agent_id
    assert "まだ一度もありません" in page_of(boss)
    for ago, words in (("5 minutes", "5分前"), ("3 hours", "3時間前"), ("49 hours", "2日前")):
        with db.transaction() as session:
            statement = text("UPDATE agents SET last_seen_at = now() - CAST(:ago AS interval) WHERE id = :id")
            session.execute(statement, {"ago": ago, "id": agent_id})
        assert words in page_of(boss)


def test_the_page_speaks_the_chosen_language_and_only_to_staff(boss: Counter) -> None:
    for language, words in (
        ("ja", "窓口の読み取り機"),
        ("ja@easy", "<ruby>窓口"),
        ("en", "Card readers of the counter"),
    ):
        assert words in boss.desk.get(f"{PAGE}?lang={language}").get_data(as_text=True)
    stranger = boss.service.browser()
    assert stranger.get(PAGE).status_code == 303
    assert stranger.send(PAGE, label="x").status_code == 403
