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

APT_SECONDS = 900
PROBE_SECONDS = 20
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class SystemGroup:
    """One group of tests: its pytest marker, what it needs in words, Debian's packages, and how to see it is there."""

    name: str
    needs: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]


def has_chromium_and_japanese_font() -> bool:
    """Without a Japanese font every page would be a row of boxes, and the screenshots would prove nothing."""
    if not any(shutil.which(name) for name in CHROMIUM_NAMES):
        return False
    return bool(_output_of("fc-list", ":lang=ja").strip())


GROUPS = (
    SystemGroup(
        name="browser",
        needs="Chromium with a Japanese font",
        packages=("chromium", "fonts-noto-cjk"),
        is_there=has_chromium_and_japanese_font,
    ),
)


def make_available(groups: Sequence[SystemGroup], *, strict: bool) -> tuple[SystemGroup, ...]:
    """Install the groups that are missing where that is allowed; returns those that are still missing."""
    missing = [group for group in groups if not group.is_there()]
    privilege = _privilege() if missing else None
    if missing and privilege is not None:
        packages = [package for group in missing for package in group.packages]
        print(f"installing system packages for the tests: {' '.join(packages)}", flush=True)
        _apt_install(privilege, packages)
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
