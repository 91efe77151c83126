"""The lock files: ``locks.py update`` writes them from pyproject.toml, ``locks.py check`` tells whether they agree.

Each lock holds exact versions with hashes and no addresses. An existing lock keeps its versions as long as
pyproject.toml still allows them; ``locks.py update --upgrade`` takes the newest ones.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from uv_with_pip_settings import ROOT, find_uv, pip_settings, uv_environment

COMPILE_SECONDS = 300
COMPILE = ("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header")
# What hatchling asks for at run time to install in editable mode, and what pyscard's source build asks for.
BUILD_EXTRAS = ("editables", "setuptools", "swig")
LOCAL_SOURCES = ("extra-index-url", "find-links")


@dataclass(frozen=True)
class Lock:
    """One lock file: its name, what it is for, and from what it is compiled."""

    name: str
    purpose: str
    extras: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()

    def compile(self, output: Path, *, upgrade: bool = False) -> subprocess.CompletedProcess[str]:
        """Resolve into ``output``; versions that stand there already are preferred unless ``upgrade``."""
        uv = find_uv()
        if uv is None:
            sys.exit("uv is not here: run 'make setup' first")
        source = ["-"] if self.requirements else ["pyproject.toml", *(f"--extra={extra}" for extra in self.extras)]
        options = ["--output-file", str(output), *(["--upgrade"] if upgrade else [])]
        return subprocess.run(
            [uv, *COMPILE, *options, *source],
            input="\n".join(self.requirements),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=_main_index_only(),
            timeout=COMPILE_SECONDS,
            check=False,
        )


def _main_index_only() -> dict[str, str]:
    """A lock needs the hashes of every platform's files; a local extra index often holds only this machine's."""
    settings = pip_settings()
    return uv_environment({name: settings[name] for name in settings if name not in LOCAL_SOURCES}, os.environ)


def all_locks() -> tuple[Lock, ...]:
    """Every lock file of the project."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        build_requirements = tomllib.load(file)["build-system"]["requires"]
    return (
        Lock("requirements-reader.lock", "the reader agent alone"),
        Lock("requirements.lock", "the service", extras=("server",)),
        Lock("requirements-dev.lock", "the service and its tests", extras=("server", "dev")),
        Lock("requirements-pcsc.lock", "the reader agent with a real PC/SC reader", extras=("pcsc",)),
        Lock("requirements-build.lock", "what builds the wheel", requirements=(*build_requirements, *BUILD_EXTRAS)),
        Lock("requirements-uv.lock", "the installer itself", requirements=("uv",)),
    )


def pins(text: str) -> set[str]:
    """The ``name==version`` pairs of a lock, with their environment markers."""
    return {match.group(1).strip() for match in re.finditer(r"^([a-z0-9][^\s=]*==.*?)\s*\\?$", text, re.MULTILINE)}


def check() -> int:
    """0 when every lock agrees with pyproject.toml, 1 with the differences, 75 when no index can be reached."""
    result = _check_one_version_everywhere()
    with tempfile.TemporaryDirectory() as folder:
        for lock in all_locks():
            committed = (ROOT / lock.name).read_text(encoding="utf-8")
            fresh = Path(folder) / lock.name
            fresh.write_text(committed, encoding="utf-8")
            answer = lock.compile(fresh)
            if answer.returncode != 0:
                print(answer.stderr.strip(), file=sys.stderr)
                return os.EX_TEMPFAIL if _is_unreachable(answer.stderr) else 1
            expected = pins(fresh.read_text(encoding="utf-8"))
            for pin in sorted(expected ^ pins(committed)):
                side = "is missing in" if pin in expected else "does not belong in"
                print(f"{pin} {side} {lock.name}; run 'make lock'")
                result = 1
    return result


def _check_one_version_everywhere() -> int:
    """The service, the reader and the tests must run the same versions, or the tests prove little."""
    seen: dict[str, tuple[str, str]] = {}
    result = 0
    for lock in all_locks():
        for pin in pins((ROOT / lock.name).read_text(encoding="utf-8")):
            name, _, rest = pin.partition("==")
            version = rest.split(";")[0].strip()
            other, where = seen.setdefault(name, (version, lock.name))
            if other != version:
                print(f"{name} is {version} in {lock.name} but {other} in {where}")
                result = 1
    return result


def _is_unreachable(message: str) -> bool:
    signs = ("client error (Connect)", "dns error", "error sending request", "operation timed out", "Failed to fetch")
    return any(sign in message for sign in signs)


def update(*, upgrade: bool) -> int:
    """Write every lock file anew."""
    for lock in all_locks():
        print(f"{lock.name}: {lock.purpose}", flush=True)
        answer = lock.compile(ROOT / lock.name, upgrade=upgrade)
        if answer.returncode != 0:
            print(answer.stderr.strip(), file=sys.stderr)
            return 1
    return 0


def main() -> None:
    """Command line: ``check`` or ``update [--upgrade]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("check", "update"))
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    arguments = parser.parse_args()
    sys.exit(check() if arguments.action == "check" else update(upgrade=arguments.upgrade))


if __name__ == "__main__":
    main()
