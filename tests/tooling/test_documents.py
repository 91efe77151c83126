"""What the documents say is so: links, settings, commands, ports."""

from __future__ import annotations

import re
from enum import Enum

import pytest
import yaml
from pydantic.fields import FieldInfo

from app.cli import COMMANDS
from app.cli.demo import Addresses
from app.settings import Settings
from tests.tooling.conftest import ROOT, project_files

DOCUMENTS = sorted(path for path in project_files() if path.suffix == ".md" and "vendor" not in path.parts)
OURS = [path for path in DOCUMENTS if path.parent in (ROOT, ROOT / "docs", ROOT / "docs" / "operations")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SETTING_ROW = re.compile(r"^\| `TODOKE_([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)
NOT_SETTINGS = {"PROVIDER_DATABASE_URL", "PROVIDER_TOKEN"}  # of the simulated providers, and of compose.yaml itself


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


def test_images_are_named_without_a_registry() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    images = {service["image"] for service in services.values()}
    images |= set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    assert images
    assert [image for image in images if "." in image.partition(":")[0] or "/" in image] == []


def test_no_password_in_compose_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "TODOKE_PROVIDER_TOKEN"):
        uses = re.findall(r"\$\{" + name + r"([^}]*)\}", text)
        assert uses
        assert all(use == "" or use.startswith(":?") for use in uses), name
