"""What the demo needs before its parts run: databases, TEST issuer, sample data, enrolled agents; then the parts."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import sys
import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

import httpx
import psycopg

from app import clock, db, migrations, settings, start
from app.cli import demo_staff
from app.cli.addresses import Addresses
from app.cli.policies import load_demo_policies, load_samples
from app.cli.processes import Processes
from app.embedded_postgres import EmbeddedPostgres, program_path
from app.migrations.privileges import SERVICE_ROLE

SERVICE_DATABASE = "todoke"
PROVIDER_DATABASE = "todoke_provider"
PROVIDERS = tuple(f"PRV-{number:02d}" for number in range(1, 11))


def prepare(
    cluster: EmbeddedPostgres,
    addresses: Addresses,
    state: Path,
    first_time: datetime,
    say: Callable[[str], None],
    *,
    by_file: Collection[str] = (),
) -> dict[str, str]:
    """Make everything that is missing and return the environment of the parts. Quick when nothing is missing."""
    for name in (SERVICE_DATABASE, PROVIDER_DATABASE):
        _ensure_database(cluster, name)
    environment = environment_of(cluster, addresses, state, by_file)
    # The parts of the demo never see the owner's address.
    owner = {"TODOKE_DATABASE_OWNER_URL": cluster.url(SERVICE_DATABASE)}
    prepare_installation(_apply_environment(environment | owner), addresses, first_time, say)
    os.environ.pop("TODOKE_DATABASE_OWNER_URL")
    _keep_environment(state, environment)
    return environment


def prepare_installation(
    current: settings.Settings, addresses: Addresses, first_time: datetime, say: Callable[[str], None]
) -> None:
    """Tables, simulated clock, TEST issuer, sample data and agents of an installation whose database exists.

    Raises ``SettingsRefused`` in production: nothing of this belongs there.
    """
    if current.environment is settings.Environment.PRODUCTION:
        raise settings.SettingsRefused("the sample data and TEST cards of the demo are refused in production")
    url = current.database_url.get_secret_value()
    say("データベースの表を整えています")
    migrations.upgrade(current.owner_url)
    db.configure(url)
    with db.transaction() as session:
        clock.start_simulation(session, first_time)
    say("試験用の認証局とカードを用意しています")
    _prepare_issuer(current.state_dir)
    start.configure(current, application_name="todoke-demo")
    say("見本の施策を読み込んでいます")
    load_samples()
    load_demo_policies()
    _enrol_agents(addresses, current.state_dir)
    say("見本の職員と窓口端末を用意しています")
    demo_staff.prepare(current.state_dir)
    db.dispose()


def start_processes(processes: Processes, addresses: Addresses, state: Path, environment: dict[str, str]) -> None:
    """Start the parts in the order in which they need each other."""
    agent = json.loads((state / "agents" / "desk.json").read_text(encoding="utf-8"))
    desk_address = ["--reader-port", str(addresses.reader_port)]
    keypad = addresses.local(addresses.keypad_port)
    processes.start("provider", ["provider-simulator", "--port", str(addresses.provider_port)], environment)
    desk = ["desk", "--port", str(addresses.desk_port), *desk_address, "--keypad-url", keypad]
    processes.start("desk", [*desk, "--service-url", addresses.public_url], environment)
    mail = ["mail-catcher", "--port", str(addresses.mail_port), "--smtp-port", str(addresses.smtp_port)]
    processes.start("mail", mail, environment)
    ocsp = ["ocsp", "--port", str(addresses.ocsp_port), "--delegated", "--state-dir", str(state)]
    processes.start("ocsp", ocsp, environment)
    _wait_for(f"{addresses.local(addresses.desk_port)}/healthz")  # the worker's first revocation lists come from it
    web = ["serve", "--host", addresses.host, "--port", str(addresses.port)]
    processes.start("web", web, environment)
    processes.start("worker", ["worker"], environment)
    reader = ["reader", "--server", addresses.web_here, "--agent-id", agent["agent_id"], "--key-file"]
    reader += [str(state / "agents" / "desk.key"), "--keypad-port", str(addresses.keypad_port), "--virtual"]
    reader += [f"127.0.0.1:{addresses.reader_port}", "--issuer-keys", str(state / "trust" / "cv_keys.json")]
    processes.start("reader", reader, environment)


def _wait_for(url: str) -> None:
    """Until the part answers, or some seconds are over: what is missing then is said by the wait for all parts."""
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)


def environment_of(
    cluster: EmbeddedPostgres, addresses: Addresses, state: Path, by_file: Collection[str]
) -> dict[str, str]:
    """What the parts run with; a provider ``by_file`` keeps its token, which the simulated one still asks for."""
    provider = addresses.local(addresses.provider_port)
    tokens = _provider_tokens(state)
    desk = addresses.local(addresses.desk_port)
    return {
        "TODOKE_ENVIRONMENT": "demo",
        "TODOKE_DATABASE_URL": cluster.url(SERVICE_DATABASE, role=SERVICE_ROLE),
        "TODOKE_PUBLIC_URL": addresses.public_url,
        "TODOKE_STATE_DIR": str(state),
        "TODOKE_KEYS_FILE": str(state / "keys.json"),
        "TODOKE_TRUST_ANCHORS_DIR": str(state / "trust"),
        "TODOKE_TRUST_ANCHORS_ENVIRONMENT": "test",
        "TODOKE_CRL_SOURCES": f"{desk}/crl/1.crl {desk}/crl/2.crl",
        "TODOKE_OCSP_URL": f"{addresses.local(addresses.ocsp_port)}/ocsp",
        "TODOKE_PROVIDERS": json.dumps(
            {
                p: {"url": provider, "token": tokens[p], "callback_secret": f"call-back of {tokens[p]}"}
                | ({"gateway": "file"} if p in by_file else {})
                for p in PROVIDERS
            }
        ),
        "TODOKE_PROVIDER_CALL_BACK_URL": f"{addresses.web_here}/api/provider/v1/grant-results",
        # Short, so that Ctrl-C does not wait long for a reader that waits.
        "TODOKE_AGENT_WAIT_SECONDS": "3",
        "TODOKE_PROVIDER_TESTER_URL": provider,
        "TODOKE_MAIL_HOST": "127.0.0.1",
        "TODOKE_MAIL_PORT": str(addresses.smtp_port),
        "TODOKE_MAIL_TLS": "none",
        "TODOKE_MAIL_FROM": "todoke@example.jp",
        "TODOKE_MAIL_CATCHER_URL": addresses.local(addresses.mail_port) + "/",
        "TODOKE_PROVIDER_DATABASE_URL": cluster.url(PROVIDER_DATABASE),
    }


def _apply_environment(environment: dict[str, str]) -> settings.Settings:
    os.environ.update(environment)
    settings.current.cache_clear()
    return settings.current()


def _provider_tokens(state: Path) -> dict[str, str]:
    path = state / "provider_tokens.json"
    if not path.exists():
        settings.write_private_file(path, json.dumps({p: secrets.token_urlsafe(24) for p in PROVIDERS}))
    tokens: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
    return tokens


def _ensure_database(cluster: EmbeddedPostgres, name: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


def _prepare_issuer(state: Path) -> None:
    from card_sim.issuer import TestIssuer

    issuer = TestIssuer.open(state, clock.now())
    issuer.write_public(state / "trust")


def _enrol_agents(addresses: Addresses, state: Path) -> None:
    """The desk's reader, offered on every page, and the journey's, found by its number only."""
    from app import cards
    from nfc.agent.signing import DeviceKey

    folder = state / "agents"
    folder.mkdir(exist_ok=True, mode=0o700)
    listed = (("desk", "試験用カードデスク", True), ("journey", "journeyコマンドのリーダー", False))
    for name, title, is_listed in listed:
        path = folder / f"{name}.key"
        key = DeviceKey.load(path) if path.exists() else DeviceKey.create(path)
        with db.reading() as session:
            if cards.is_revoked(session, key.public_bytes):  # a tester tried that out
                path.unlink()
                key = DeviceKey.create(path)
        with db.transaction() as session:
            reader = cards.enrol_agent(
                session,
                name=title,
                public_key=key.public_bytes,
                kind="simulated",
                listed=is_listed,
                keypad_url=addresses.local(addresses.keypad_port) + "/" if is_listed else None,
                desk_url=addresses.local(addresses.desk_port) + "/" if is_listed else None,
            )
        identity = {"agent_id": str(reader.agent_id), "reader_no": reader.reader_no}
        (folder / f"{name}.json").write_text(json.dumps(identity), encoding="utf-8")


def _keep_environment(state: Path, environment: dict[str, str]) -> None:
    """For testers: what to put into the environment to run other commands against this demo."""
    as_shell = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
    # This todoke, and PostgreSQL's programs of the server's own version, which may be newer than the machine's.
    programs = (Path(sys.executable).parent, program_path("pg_dump").parent)
    as_shell += f'export PATH={":".join(shlex.quote(str(folder)) for folder in programs)}:"$PATH"\n'
    for name, text in (("environment.json", json.dumps(environment, indent=1)), ("environment.sh", as_shell)):
        path = state / name
        path.unlink(missing_ok=True)
        settings.write_private_file(path, text)
