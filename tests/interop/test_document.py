"""docs/testing-with-cards.md does what it says: its commands, run literally."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.interop.private_readers import ROOT, PrivateReaders

pytestmark = pytest.mark.interop

DOCUMENT = (ROOT / "docs" / "testing-with-cards.md").read_text(encoding="utf-8")


def commands(heading: str) -> str:
    """The shell lines of one section."""
    section = DOCUMENT.partition(f"## {heading}")[2].partition("\n## ")[0]
    return "".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder that looks like the project's to somebody who types in it."""
    for name in (".venv", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def typed(readers: PrivateReaders, desk: Path, lines: str) -> str:
    done = readers.run("sh", "-e", "-c", lines, cwd=desk, env={"TODOKE_STATE_DIR": str(desk / "state")})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_card_is_laid_looked_at_and_taken_away(readers: PrivateReaders, desk: Path) -> None:
    said = typed(readers, desk, commands("3. Lay a card"))
    assert "\njpki\n" in said
    assert [int(number) for number in re.findall(r"Tries left\s*: (\d+)", said)] == [3, 5]
    assert said.endswith("reader 0 is empty\n")


def test_opensc_signs_and_openssl_verifies(readers: PrivateReaders, desk: Path) -> None:
    said = typed(readers, desk, commands("4. Sign with OpenSC") + "\n.venv/bin/todoke card remove\n")
    assert "Verified OK" in said


@pytest.mark.full
def test_one_command_beside_readers_of_its_own(readers: PrivateReaders, desk: Path) -> None:
    said = typed(readers, desk, "unset TODOKE_CARD_DOOR PCSCLITE_CSOCK_NAME\n" + commands("6. A program of your own"))
    assert said.endswith("jpki\n")
