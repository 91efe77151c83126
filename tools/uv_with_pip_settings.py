"""Run uv with the package index settings that pip has on this machine: ``uv_with_pip_settings.py pip sync ...``.

uv does not read pip's configuration, yet behind a company's mirror that configuration is all there is. The settings
are handed over in the environment of this one call and written nowhere, because an index address may hold a password.
Runs on a bare Python 3.11, before anything is installed.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP_CONFIG_SECONDS = 30

# pip's setting -> uv's environment variable and the character that separates several values there.
SETTINGS: dict[str, tuple[str, str]] = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}
# Where pip found a setting, weakest first; of two places that set the same thing the later one wins, as in pip.
SOURCES = ("global", "install", ":env:")


def find_uv() -> str | None:
    """The uv that ``make setup`` fetched into ``.tools``, else one of this machine, else None."""
    ours = ROOT / ".tools" / "bin" / "uv"
    return str(ours) if ours.is_file() else shutil.which("uv")


def pip_settings() -> dict[str, str]:
    """What ``pip config list`` says, and PIP_* variables where there is no pip. Later sources override earlier ones."""
    found: dict[str, dict[str, str]] = {source: {} for source in SOURCES}
    for name, value in os.environ.items():
        if name.startswith("PIP_"):
            found[":env:"][name.removeprefix("PIP_").lower().replace("_", "-")] = value
    for line in _pip_config_lines():
        name, _, quoted = line.partition("=")
        source, _, setting = name.rpartition(".")
        if source in found:
            try:
                found[source][setting] = str(ast.literal_eval(quoted))
            except (ValueError, SyntaxError):
                continue
    merged: dict[str, str] = {}
    for source in SOURCES:
        merged |= found[source]
    return merged


def _pip_config_lines() -> list[str]:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PIP_CONFIG_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.splitlines() if answer.returncode == 0 else []


def uv_environment(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` plus uv's names for pip's settings; what is already set for uv itself is left as it is."""
    result = dict(environment)
    for setting, (variable, separator) in SETTINGS.items():
        values = pip.get(setting, "").split()
        if values and variable not in environment:
            result[variable] = separator.join(values)
    # pip weighs all indexes alike; uv would stop at the first that knows the name, even with an older version.
    result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    result["UV_PYTHON_DOWNLOADS"] = "never"
    return result


def main() -> None:
    """Replace this process by uv with the given arguments; exit 69 with a plain sentence when there is no uv."""
    uv = find_uv()
    if uv is None:
        print("uv is not here: run 'make setup' first", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)
    os.execve(uv, [uv, *sys.argv[1:]], uv_environment(pip_settings(), os.environ))


if __name__ == "__main__":
    main()
