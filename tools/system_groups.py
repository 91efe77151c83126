"""Test groups that need parts of the operating system, as a table: adding a group is adding a row.

A missing group is installed where that needs no question: as root, or with sudo that asks no password, on a system
with apt-get. Elsewhere its tests are skipped, and one loud line says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from uv_with_pip_settings import ROOT

APT_SECONDS = 900
PROBE_SECONDS = 20
VPCD_CONFIGURATION = Path("/etc/reader.conf.d/vpcd")
VPCD_DRIVERS = ("lib/pcsc/drivers/serial/libifdvpcd.so", "lib/*/pcsc/drivers/serial/libifdvpcd.so")
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"
PATH_WITH_SBIN = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class SystemGroup:
    """One group of tests: its pytest marker, what it needs in words, Debian's packages, and how to see it is there."""

    name: str
    needs: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]
    set_up_again: bool = False
    """Whether tools/setup.sh builds more once the packages are there."""
    configuration: Path | None = None
    after_first_install: tuple[tuple[str, ...], ...] = ()
    """Commands to run, with the same rights, when the packages brought `configuration` just now."""


def has_chromium_and_japanese_font() -> bool:
    """Without a Japanese font every page would be a row of boxes, and the screenshots would prove nothing."""
    if not any(shutil.which(name) for name in CHROMIUM_NAMES):
        return False
    return bool(_output_of("fc-list", ":lang=ja").strip())


def has_private_card_readers() -> bool:
    """PC/SC, its virtual readers, OpenSC, pyscard, and the right to make the namespace in which they run."""
    programs = ("pcscd", "opensc-tool", "pkcs11-tool", "openssl", "ip", "nsenter")
    if not all(shutil.which(name, path=PATH_WITH_SBIN) for name in programs):
        return False
    if not any(list(Path("/usr").glob(pattern)) for pattern in VPCD_DRIVERS):
        return False
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    commands = (("unshare", *user, "--mount", "--net", "true"), (str(VENV_PYTHON), "-c", "import smartcard.scard"))
    return all(_succeeds(*command) for command in commands)


GROUPS = (
    SystemGroup(
        name="browser",
        needs="Chromium with a Japanese font",
        packages=("chromium", "fonts-noto-cjk"),
        is_there=has_chromium_and_japanese_font,
    ),
    SystemGroup(
        name="interop",
        needs="PC/SC with virtual card readers, OpenSC, or the right to make a network namespace",
        packages=(
            *("pcscd", "vsmartcard-vpcd", "opensc", "opensc-pkcs11", "openssl", "iproute2", "util-linux"),
            *("libpcsclite-dev", "gcc", "libc6-dev", "python3-dev"),  # to build pyscard
        ),
        is_there=has_private_card_readers,
        set_up_again=True,
        # The package configures vpcd for the machine's own PC/SC service as well, where it would listen on every
        # address. The tests bring a configuration of their own.
        configuration=VPCD_CONFIGURATION,
        after_first_install=(
            ("sed", "-i", "s/^[A-Z]/#&/", str(VPCD_CONFIGURATION)),
            ("systemctl", "try-restart", "pcscd.service"),
        ),
    ),
)


def make_available(groups: Sequence[SystemGroup], *, strict: bool) -> tuple[SystemGroup, ...]:
    """Install the groups that are missing where that is allowed; returns those that are still missing."""
    missing = [group for group in groups if not group.is_there()]
    privilege = _privilege() if missing else None
    if missing and privilege is not None:
        packages = [package for group in missing for package in group.packages]
        print(f"installing system packages for the tests: {' '.join(packages)}", flush=True)
        fresh = [group for group in missing if group.configuration is not None and not group.configuration.exists()]
        _apt_install(privilege, packages)
        for command in (command for group in fresh for command in group.after_first_install):
            _succeeds(*privilege, *command)
        if any(group.set_up_again for group in missing):
            subprocess.run(["sh", "tools/setup.sh"], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
        missing = [group for group in missing if not group.is_there()]
    for group in missing:
        consequence = "this run will FAIL" if strict else "its tests are SKIPPED"
        print(f"!!! {group.needs} is missing: {consequence}. On Debian: apt install {' '.join(group.packages)}")
    return tuple(missing)


def _privilege() -> list[str] | None:
    """What to put before apt-get, or None where packages may not be installed."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return ["env"]
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n", "env"]
    return None


def _apt_install(privilege: list[str], packages: list[str]) -> None:
    apt = [*privilege, "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        try:
            answer = subprocess.run([*apt, *command], capture_output=True, text=True, timeout=APT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"apt-get {command[0]} did not finish ({type(error).__name__})", flush=True)
            return
        # A failed update is no end: the lists that are there may know the packages.
        if answer.returncode != 0:
            print(f"apt-get {command[0]} failed: {answer.stderr.strip()[-500:]}", flush=True)


def _output_of(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _succeeds(*command: str) -> bool:
    try:
        answer = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0
