"""Promise 6: no PIN, no My Number and none of the four items of information in any log, job, row or foreign page.

TP-CANARY is driven through every page of a running system, by both kinds of reader, with mistakes and faults on the
way (``canary_walk``). Then everything the system wrote is searched for every form of it (``leaks``).
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from app import web
from app.settings import Settings
from card_sim.records import my_number_record
from tests.conftest import FIXTURE_TIME
from tests.journeys.canary_walk import ITEMS, Walk, walk_through
from tests.journeys.leaks import ACCOUNT, CANARY, MY_NUMBER_TYPED, find, find_in_files, traces

NAME, ADDRESS = CANARY.name, CANARY.address


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The whole walk, once."""
    return walk_through(Path(tmp_path_factory.mktemp("canary")) / "state")


def logged_requests(walk: Walk) -> list[dict[str, object]]:
    """The request lines of the web process."""
    lines = [json.loads(line) for line in walk.logs["web.log"].splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == "request"]


# The walk itself: what was not visited could not leak, and what was never there could not be found.


@pytest.mark.system
def test_the_walk_led_through_every_route(walk: Walk, tmp_path: Path) -> None:
    app = web.create(Settings(environment="test", database_url="x", public_url="http://x", state_dir=tmp_path))
    every = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if rule.endpoint != "static" and not rule.endpoint.startswith("health.")
    }
    assert every - {(str(line["method"]), str(line["route"])) for line in logged_requests(walk)} == set()


@pytest.mark.system
def test_the_walk_met_every_kind_of_answer(walk: Walk) -> None:
    met = {line["status"] for line in logged_requests(walk)}
    assert {200, 204, 303, 400, 401, 404, 405, 409, 413, 422, 500} <= met
    assert '"event": "fault"' in walk.logs["web.log"]


@pytest.mark.system
def test_the_owner_is_shown_the_own_data(walk: Walk) -> None:
    shown = {what for answer in walk.answers if answer.may >= ITEMS for what in find(answer.text, walk.looked_for)}
    assert {"name (plain)", "address (plain)", "birth date (separated)"} <= shown
    assert "service id (plain)" in find(walk.provider_database, walk.looked_for)


@pytest.mark.system
def test_a_job_was_waiting_when_the_database_was_looked_at(walk: Walk) -> None:
    table = walk.while_the_job_waits.partition("COPY public.procrastinate_jobs ")[2].partition("\\.\n")[0]
    assert "points.send_grant_order" in table
    for name in ("audit_events", "card_sessions", "evidence", "web_sessions", "rate_limits", "checks"):
        table = walk.while_the_job_waits.partition(f"COPY public.{name} ")[2].partition("\n\\.")[0]
        assert "\n" in table, f"{name} is empty"


# What the system wrote


@pytest.mark.system
def test_no_log_holds_anything_of_the_canary(walk: Walk) -> None:
    assert {"web.log", "worker.log", "reader.log", "desk.log", "provider.log", "postgres.log"} <= set(walk.logs)
    found = {name: find(text, walk.looked_for) for name, text in walk.logs.items()}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.system
def test_no_row_holds_anything_of_the_canary(walk: Walk) -> None:
    assert find(walk.while_the_job_waits, walk.looked_for) == []
    assert find(walk.at_the_end, walk.looked_for) == []


@pytest.mark.system
def test_no_row_that_was_deleted_held_anything_of_the_canary(walk: Walk) -> None:
    """Jobs that are done are deleted; the files of the database and its write-ahead log still have them."""
    wal = [path.read_bytes() for path in (walk.database_files / "pg_wal").glob("0*")]
    assert any(b"points.send_grant_order" in content for content in wal), "the search must be able to see jobs"
    assert find_in_files(walk.database_files) == []


@pytest.mark.system
def test_the_provider_learns_the_service_id_and_nothing_else(walk: Walk) -> None:
    assert find(walk.provider_database, walk.looked_for, allowed=frozenset({"service id"})) == []


@pytest.mark.system
def test_no_answer_holds_what_its_reader_may_not_see(walk: Walk) -> None:
    desk = walk.desk_url
    found = {
        str(answer): what
        for answer in walk.answers
        if not answer.url.startswith(desk)  # the tester's desk shows its fictional people, PINs and all
        if (what := find(answer.text, walk.looked_for, allowed=answer.may))
    }
    assert found == {}


# The search: a search that finds nothing anywhere would pass everything above.


PLANTED = {
    "name": (
        NAME,
        "秘匿",
        "カナリ様",
        "ｶﾅﾘ",
        json.dumps({"name": NAME}),
        json.dumps(json.dumps(NAME)),
        repr(NAME.encode()),
        NAME.encode().hex(),
        NAME.encode().hex(" ").upper(),
        quote(NAME),
        NAME.encode("ascii", "xmlcharrefreplace").decode(),
        "\\xe7\\xa7\\x98\\xe5\\x8c\\xbf",
        *(base64.b64encode(b"x" * n + NAME.encode() + b"yy").decode() for n in range(3)),
    ),
    "address": (
        ADDRESS,
        "金糸雀町",
        "7丁目7番7号",
        json.dumps(ADDRESS),
        ADDRESS.encode().hex(),
        *(base64.urlsafe_b64encode(b"x" * n + ADDRESS.encode()).decode() for n in range(3)),
    ),
    "birth date": (
        "19770717",
        "1977-07-17",
        "1977/07/17",
        "1977/7/17",
        "1977.7.17",
        "1977年7月17日",
        "1977年07月17日",
        "昭和52年7月17日",
        "S52.7.17",
        "520717",
        "3520717",
        "１９７７年７月１７日",
        "17 Jul 1977",
        b"19770717".hex(),
        "DF2408" + b"19770717".hex().upper(),
        base64.b64encode(b"xx19770717yy").decode(),
    ),
    "pin": (
        "2580",
        "pin=1470",
        '{"auth": "1470"}',
        "TEST123",
        "\t2580\t",
        "text_pin=2580&auth_pin=1470",
        "002000910432353830",
        "00 20 00 91 04 32 35 38 30",
        "00:20:00:98:04:31:34:37:30",
        "00200098 04 31343730",
        "3235 3830",
        "0020009b0754455354313233",
        repr(bytes.fromhex("002000910432353830")),
        json.dumps(bytes.fromhex("002000980431343730").decode("latin-1")),
        base64.b64encode(bytes.fromhex("002000910432353830")).decode(),
        base64.b64encode(b"x" + bytes.fromhex("002000980431343730")).decode(),
    ),
    "test my number": (
        "999999999999",
        "9999-9999-9999",
        b"999999999999".hex(),
        "FF100C" + b"999999999999".hex(),
        hashlib.sha256(my_number_record()).hexdigest(),
        base64.b64encode(hashlib.sha256(my_number_record()).digest()).decode(),
    ),
    "my number typed": (MY_NUMBER_TYPED, "8473-6251-9406", MY_NUMBER_TYPED.encode().hex()),
    "service id": (ACCOUNT, "1111 2222 33334", f'"account": "{ACCOUNT}"', ACCOUNT.encode().hex()),
}
HARMLESS = (
    '{"event": "request", "ms": 2580, "ref": "1470258014", "timestamp": "2026-11-20T10:00:00.1470Z"}',
    "01a20019-2580-719c-a236-e0c0054ceb04",
    "P001-2580-1470",
    "2026-11-20 10:14:70.2580+09",
    "worker-1470",
    "[2026-11-20 10:00:00 +0900] [2580] [INFO] Booting",
    "audit.seal[1470](timestamp=1795297560)",
    "…3334",
    "12580 25801 a2580b",
    "91977071712",
    "みらい県あさひ市",
)


@pytest.mark.parametrize(("what", "text"), [(what, text) for what, texts in PLANTED.items() for text in texts])
def test_the_search_finds_every_form_that_is_planted(what: str, text: str) -> None:
    for around in ("{}", "line before\n{}\nline after", "x {} y"):
        found = find(around.replace("{}", text), traces())
        assert any(one.startswith(what) for one in found), found


@pytest.mark.parametrize("text", HARMLESS)
def test_the_search_leaves_ids_and_times_alone(text: str) -> None:
    assert find(text, traces()) == []


def test_the_search_finds_the_serial_number_of_a_certificate() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    nobody, serial = x509.Name([]), 0x3A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D
    end = FIXTURE_TIME + timedelta(days=1)
    builder = x509.CertificateBuilder(nobody, nobody, key.public_key(), serial, FIXTURE_TIME, end)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    looked_for = traces((der,))
    octets = serial.to_bytes(20)
    for text in (str(serial), f"{serial:x}", f"{serial:X}", octets.hex(":"), base64.b64encode(octets).decode()):
        assert find(text, looked_for) != [], text


def test_the_search_of_files_finds_what_is_planted(tmp_path: Path) -> None:
    for value in (NAME, ADDRESS, "1977-07-17", "19770717", "\x042580", "999999999999", MY_NUMBER_TYPED):
        (tmp_path / "file").write_bytes(b"\x00\xff" + value.encode() + b"\x00")
        assert find_in_files(tmp_path) != [], value
    (tmp_path / "file").write_bytes(b"2580 \xff\xfe")
    assert find_in_files(tmp_path) == []


def test_what_a_person_may_see_is_not_reported_to_the_person() -> None:
    assert find(NAME + " 2580", traces(), allowed=ITEMS) == ["pin (pin as a word)"]
