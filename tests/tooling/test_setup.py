"""Setting up: uv gets pip's index settings, by environment only; a second set-up does nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.tooling.conftest import ROOT, project_files

MIRROR = "https://user:secret@mirror.example/simple"


def test_the_index_settings_of_pip_reach_uv_under_its_own_names() -> None:
    from uv_with_pip_settings import uv_environment

    pip = {
        "index-url": MIRROR,
        "extra-index-url": "https://a.example/simple\nhttps://b.example/simple",
        "find-links": "wheels more-wheels",
        "cert": "ca.pem",
        "trusted-host": "mirror.example",
    }
    environment = uv_environment(pip, {"PATH": "p"})
    assert environment["PATH"] == "p"
    assert environment["UV_DEFAULT_INDEX"] == MIRROR
    assert environment["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert environment["UV_FIND_LINKS"] == "wheels,more-wheels"
    assert environment["SSL_CERT_FILE"] == "ca.pem"
    assert environment["UV_INSECURE_HOST"] == "mirror.example"


def test_without_pip_settings_uv_keeps_its_own_index() -> None:
    from uv_with_pip_settings import uv_environment

    assert not {"UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"} & set(uv_environment({}, {}))


def test_what_is_set_for_uv_itself_is_left_as_it_is() -> None:
    from uv_with_pip_settings import uv_environment

    assert uv_environment({"index-url": MIRROR}, {"UV_DEFAULT_INDEX": "x"})["UV_DEFAULT_INDEX"] == "x"


def test_a_variable_of_pip_wins_over_its_configuration_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from uv_with_pip_settings import pip_settings

    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://file.example/simple\ntimeout = 7\n", encoding="ascii")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple")
    assert pip_settings()["index-url"] == "https://variable.example/simple"


@pytest.mark.full
@pytest.mark.system
def test_a_second_set_up_takes_a_moment_and_says_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "a folder with spaces"
    for path in project_files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}

    def set_up() -> tuple[str, float]:
        began = time.monotonic()
        answer = subprocess.run(
            ["sh", "tools/setup.sh"],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout, time.monotonic() - began

    assert "done" in set_up()[0]
    assert (copy / ".venv" / "bin" / "todoke").exists()
    output, seconds = set_up()
    assert output == ""
    assert seconds < 2
