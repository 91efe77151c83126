"""The reader agent installs alone: the wheel with base requirements only, in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tooling.conftest import ROOT, project_files, skip_when_offline

pytestmark = pytest.mark.system
STEP_SECONDS = 240


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run one step of an installation; its output is the failure message."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    answer = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=STEP_SECONDS, check=False
    )
    if answer.returncode != 0:
        skip_when_offline(answer.stderr)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree."""
    from uv_with_pip_settings import find_uv

    folder = tmp_path_factory.mktemp("wheel")
    if find_uv():
        constraints = ("--build-constraints", "requirements-build.lock", "--require-hashes")
        uv("build", "--wheel", *constraints, "--out-dir", str(folder))
    else:
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), ".")
    return next(folder.glob("todoke-*.whl"))


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of an environment that has the wheel and the reader's requirements, and nothing else."""
    from uv_with_pip_settings import find_uv

    venv = tmp_path_factory.mktemp("reader") / "venv"
    python = venv / "bin" / "python"
    if find_uv():
        uv("venv", "--quiet", "--python", sys.executable, str(venv))
        uv("pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", "requirements-reader.lock")
        uv("pip", "install", "--quiet", "--python", str(python), "--no-deps", str(wheel))
    else:
        run(sys.executable, "-m", "venv", str(venv))
        run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements-reader.lock")
        run(str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel))
    return venv / "bin"


def uv(*arguments: str) -> str:
    """uv with this machine's index settings."""
    return run(sys.executable, str(ROOT / "tools" / "uv_with_pip_settings.py"), *arguments)


def test_the_reader_runs_from_the_wheel_with_base_requirements_only(alone: Path, tmp_path: Path) -> None:
    text = run(str(alone / "todoke"), "reader", "--help", cwd=tmp_path)
    assert "--server" in text
    assert "PIN" in text


@pytest.mark.parametrize("package", ["flask", "psycopg", "sqlalchemy", "pydantic", "gunicorn", "pytest"])
def test_nothing_of_the_service_is_installed_beside_the_reader(alone: Path, tmp_path: Path, package: str) -> None:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is not None)"
    run(str(alone / "python"), "-c", code, cwd=tmp_path)


def test_the_modules_of_the_reader_import_without_the_service(alone: Path, tmp_path: Path) -> None:
    run(str(alone / "python"), "-c", "import nfc.agent.run, nfc.procedures, nfc.trust", cwd=tmp_path)


def test_a_command_of_the_service_says_in_one_sentence_what_is_missing(alone: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [str(alone / "todoke"), "serve"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert answer.returncode == 1
    assert "extra `server`" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    expected = set()
    for path in project_files():
        name = path.relative_to(ROOT)
        if name.parts[0] in ("app", "nfc", "card_sim"):
            expected.add(name.as_posix())
        elif name.parts[0] == "templates":
            expected.add((Path("app") / name).as_posix())
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(expected - set(archive.namelist())) == []
