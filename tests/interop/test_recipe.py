"""tools/private_pcscd.sh keeps its promises: nobody outside reaches the readers, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.card_door import FIRST_PORT
from tests.interop.private_readers import SCRIPT, START_SECONDS, PrivateReaders, until

pytestmark = pytest.mark.interop

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, as it becomes part of the name of a socket."""
    made = Path(tempfile.mkdtemp(prefix="todoke-r-"))
    yield made / "p"
    shutil.rmtree(made, ignore_errors=True)


def script(folder: Path, *command: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, "sh", str(SCRIPT), "--dir", str(folder), *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_command_runs_beside_the_readers_and_its_status_is_returned(folder: Path) -> None:
    listed = script(folder, "opensc-tool", "--list-readers")
    assert (listed.returncode, listed.stdout.count("Virtual PCD")) == (0, 2)
    assert script(folder, "sh", "-c", "exit 7").returncode == 7
    assert [path.name for path in folder.iterdir() if path.is_socket()] == []


def test_the_card_side_listens_inside_only(readers: PrivateReaders) -> None:
    with socket.socket() as outside:
        assert outside.connect_ex(("127.0.0.1", FIRST_PORT)) != 0


def test_the_sockets_are_for_this_user_alone(readers: PrivateReaders) -> None:
    assert stat.S_IMODE(readers.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((readers.folder / "door").stat().st_mode) == 0o600


def test_the_machines_own_service_is_neither_seen_nor_touched(readers: PrivateReaders) -> None:
    own = Path("/run/pcscd/pcscd.comm")
    assert not own.exists() or own.stat().st_ino != (readers.folder / "run" / "pcscd.comm").stat().st_ino


def test_two_run_side_by_side_but_not_in_one_folder(readers: PrivateReaders, folder: Path) -> None:
    assert script(folder, "opensc-tool", "--list-readers").returncode == 0
    refused = script(readers.folder, "true")
    assert refused.returncode == 1
    assert "another one is running" in refused.stderr
    assert not readers.holds_card(), "the running one is still there"


def test_an_ordinary_user_can_run_it(folder: Path) -> None:
    if os.geteuid() == 0:
        folder.parent.chmod(0o755)
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
        as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        readable = subprocess.run([*as_nobody, "test", "-r", str(SCRIPT)], check=False).returncode == 0
        if not readable or subprocess.run([*as_nobody, "unshare", "-r", "-m", "-n", "true"], check=False).returncode:
            pytest.skip("ordinary users may make no namespaces here, or can't read this folder")
    else:
        as_nobody = ()
    listed = script(folder, "opensc-tool", "--list-readers", before=as_nobody)
    assert (listed.returncode, listed.stdout.count("Virtual PCD")) == (0, 2), listed.stderr


def test_a_folder_with_too_long_a_name_is_refused(folder: Path) -> None:
    refused = script(folder / ("x" * 100), "true")
    assert refused.returncode == 1
    assert "too long" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_pcscd_and_the_door_end_with_the_script(folder: Path, number: int) -> None:
    started = PrivateReaders(folder)
    started.start()
    listed = subprocess.run(["pgrep", "-P", str(started.pid)], capture_output=True, text=True, check=True).stdout
    children = [int(pid) for pid in listed.split()]
    assert len(children) == 2
    os.kill(started.pid, number)
    until(lambda: not any(lives(pid) for pid in children), "both have ended", START_SECONDS)
    started.stop()


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the second where it ends between opening and reading
        return False
    return state not in "ZX"


def test_the_door_lets_nothing_but_a_reader_number_in(readers: PrivateReaders) -> None:
    for wish in (b"x", b"7", b""):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(5)
            door.connect(str(readers.folder / "door"))
            door.sendall(wish)
            door.shutdown(socket.SHUT_WR)
            answer, lines, _, _ = socket.recv_fds(door, 1, 1)
        assert (answer in (b"", b"\x00"), lines) == (True, [])
    assert (
        subprocess.run(
            [sys.executable, SCRIPT.parent / "vpcd_door.py", readers.folder / "door", "--ask"], check=False
        ).returncode
        == 0
    )
