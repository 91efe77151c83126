"""What must never be committed: addresses of registries, paths of one machine, secrets."""

from __future__ import annotations

import re

import pytest

from tests.tooling.conftest import ROOT, project_files

# Written in parts, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb", "debian", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("proxy", "golang", "org"),
    )
]
MACHINE_PATH = re.compile(r"""(?:^|[\s"'=(:`])/(?:work|root|home|Users|tmp/[a-z])/""", re.MULTILINE)
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----")
SECRET_NAMES = re.compile(r"(^|/)(\.env|keys\.json|id_[a-z0-9]+|[^/]*\.(key|p12|pfx|jks))$")
MAX_TEXT_BYTES = 2_000_000


def texts() -> list[tuple[str, str]]:
    """Name and text of every file that is text."""
    found = []
    for path in project_files():
        raw = path.read_bytes()
        if b"\0" not in raw[:8000] and len(raw) <= MAX_TEXT_BYTES:
            found.append((str(path.relative_to(ROOT)), raw.decode("utf-8", errors="replace")))
    return found


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (MACHINE_PATH, 'open("' + "/work" + '/main/x")'),
        (MACHINE_PATH, "/root" + "/x"),
        (PRIVATE_KEY, "-----BEGIN RSA PRIVATE" + " KEY-----"),
        (SECRET_NAMES, ".env"),
        (SECRET_NAMES, "app/reader.key"),
    ],
)
def test_the_patterns_find_what_they_are_meant_to_find(pattern: re.Pattern[str], sample: str) -> None:
    assert pattern.search(sample)


def test_no_file_names_a_package_registry() -> None:
    found = [(name, host) for name, text in texts() for host in REGISTRY_HOSTS if host in text]
    assert found == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    found = [(name, match.group()) for name, text in texts() if (match := MACHINE_PATH.search(text))]
    assert found == []


def test_no_secret_is_committed() -> None:
    names = [str(path.relative_to(ROOT)) for path in project_files()]
    assert [name for name in names if SECRET_NAMES.search(name)] == []
    assert [name for name, text in texts() if PRIVATE_KEY.search(text)] == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert locks
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        assert text.count("==") <= text.count("--hash=sha256:"), lock.name
    assert not (ROOT / "uv.lock").exists(), "uv.lock records where each file came from (docs/decisions/0005)"
