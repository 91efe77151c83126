"""What the documents say is so: links, settings, commands, ports."""

from __future__ import annotations

import json
import re
from enum import Enum
from pathlib import Path

import pytest
import yaml
from pydantic.fields import FieldInfo

from app.cli import COMMANDS
from app.cli.demo import Addresses
from app.settings import Settings
from tests.tooling.conftest import ROOT, project_files
from tools import compose_secrets

DOCUMENTS = sorted(path for path in project_files() if path.suffix == ".md" and "vendor" not in path.parts)
OURS = [path for path in DOCUMENTS if path.parent in (ROOT, ROOT / "docs", ROOT / "docs" / "operations")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SETTING_ROW = re.compile(r"^\| `TODOKE_([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)
NOT_SETTINGS = {
    "PROVIDER_DATABASE_URL",
    "PROVIDER_CALL_BACK_URL",
    "PROVIDER_TOKEN",
    "PROVIDER_SECRET",
}  # of the simulated providers, and of compose.yaml itself

SECRETS = ("POSTGRES_PASSWORD", "SERVICE_PASSWORD", "TODOKE_PROVIDER_TOKEN", "TODOKE_PROVIDER_SECRET")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document) -> None:
    missing = []
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (anchor and not has_heading(path.read_text(encoding="utf-8"), anchor)):
            missing.append(target)
    assert missing == []


def has_heading(text: str, anchor: str) -> bool:
    """Whether a one-word anchor is a heading of the document."""
    return re.search(rf"^#+ {re.escape(anchor)}$", text, re.MULTILINE | re.IGNORECASE) is not None


def test_every_anti_pattern_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "anti-patterns.md").read_text(encoding="utf-8"))
    assert len(named) >= 8
    gone = [
        f"{path}::{test}" for path, test in named if f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert gone == []


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "operations" / "README.md").read_text(encoding="utf-8")
    documented = {name.lower(): default.strip().strip("`") for name, default in SETTING_ROW.findall(text)}
    assert documented == {name: default_in_words(field) for name, field in Settings.model_fields.items()}


def default_in_words(field: FieldInfo) -> str:
    """As the table writes it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ({}, []):
        return "none"
    return str(value.value if isinstance(value, Enum) else value)


@pytest.mark.parametrize("document", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_the_documents_exists(document) -> None:
    text = document.read_text(encoding="utf-8")
    shown = " ".join(re.findall(r"`([^`\n]+)`", text) + re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    assert set(re.findall(r"\btodoke ([a-z][a-z-]+)\b", shown)) <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", shown)) <= targets


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_addresses_of_the_demo_are_the_documented_ones(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    demo = Addresses("127.0.0.1", 8000)
    for port in (demo.port, demo.keypad_port, demo.desk_port, demo.provider_port):
        assert f"<http://127.0.0.1:{port}>" in text


def test_compose_uses_commands_and_settings_that_exist() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    commands = {
        name: service["command"][0]
        for name, service in services.items()
        if "entrypoint" not in service and "command" in service
    }
    assert {name: command for name, command in commands.items() if command not in COMMANDS} == {}
    named = {name.lower() for name in set(re.findall(r"\bTODOKE_([A-Z_]+)", text)) - NOT_SETTINGS}
    assert named <= set(Settings.model_fields)


def test_in_compose_providers_can_call_back_and_mail_is_caught() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for name in SECRETS:  # as Docker Compose fills them in
        text = re.sub(r"\$\{" + name + r"[^}]*\}", name.lower() * 2, text)
    services = yaml.safe_load(text)["services"]
    known = services["web"]["environment"]
    providers = Settings(
        environment="test",
        database_url="postgresql://x",
        public_url="http://127.0.0.1:8000",
        providers=json.loads(known["TODOKE_PROVIDERS"]),
        **{f"mail_{name}": known[f"TODOKE_MAIL_{name.upper()}"] for name in ("host", "port", "tls", "from")},
    )
    secrets = [one.callback_secret.get_secret_value() for one in providers.providers.values() if one.callback_secret]
    assert len(set(secrets)) == len(providers.providers) == 10
    assert services["worker"]["environment"] == known, "who sends the mail and the orders"
    provider = services["provider"]["environment"]
    assert provider["TODOKE_PROVIDER_CALL_BACK_URL"].endswith(":8000/api/provider/v1/grant-results")
    assert provider["TODOKE_PROVIDERS"] == known["TODOKE_PROVIDERS"]
    catcher = services["mail"]
    assert "profiles" not in catcher, "it starts with the rest"
    assert catcher["command"] == ["mail-catcher", "--port", "8006", "--smtp-port", known["TODOKE_MAIL_PORT"]]
    assert providers.mail_server is not None


def test_compose_passwords_are_made_once_and_what_a_new_release_needs_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ".env"
    compose_secrets.main(file)
    made = dict(line.split("=") for line in file.read_text().splitlines())
    assert set(made) == set(SECRETS)
    assert len(set(made.values())) == len(SECRETS)
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("POSTGRES_PASSWORD=mine")
    compose_secrets.main(file)
    added = dict(line.split("=") for line in file.read_text().splitlines())
    assert (added["POSTGRES_PASSWORD"], set(added)) == ("mine", set(SECRETS))
    before = file.read_text()
    with pytest.raises(SystemExit):
        compose_secrets.main(file)
    assert file.read_text() == before
    assert added["SERVICE_PASSWORD"] not in "".join(capsys.readouterr())


def test_images_are_named_without_a_registry() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    images = {service["image"] for service in services.values()}
    images |= set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    assert images
    assert [image for image in images if "." in image.partition(":")[0] or "/" in image] == []


def test_no_password_in_compose_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "TODOKE_PROVIDER_TOKEN", "TODOKE_PROVIDER_SECRET"):
        uses = re.findall(r"\$\{" + name + r"([^}]*)\}", text)
        assert uses
        assert all(use == "" or use.startswith(":?") for use in uses), name
