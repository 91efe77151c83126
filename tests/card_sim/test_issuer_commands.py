"""`todoke ocsp` and `todoke population` as an operator of a test installation runs them."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.issuer import VARIANTS, ocsp, population
from card_sim.ocsp import OcspVariant
from card_sim.people import load_people
from card_sim.population import everybody

AT = "2026-11-20T10:00:00+09:00"


def test_a_population_is_written_where_the_desk_finds_it(tmp_path: Path) -> None:
    options = ["--municipality", "99301", "--size", "50", "--seed", "4", "--state-dir", str(tmp_path)]
    done = CliRunner().invoke(population, options)
    assert done.exit_code == 0, done.output
    assert "50 people of みらい県やまなみ郡みどり町" in done.output
    assert len(everybody(tmp_path)) == len(load_people()) + 50
    first = (tmp_path / "population" / "99301-4.json").read_bytes()
    CliRunner().invoke(population, options)
    assert (tmp_path / "population" / "99301-4.json").read_bytes() == first
    assert json.loads(first)["about"].startswith("Generated")


@pytest.mark.parametrize("options", [["--municipality", "13104"], ["--municipality", "99301", "--size", "0"]])
def test_what_cannot_be_generated_is_said(tmp_path: Path, options: list[str]) -> None:
    done = CliRunner().invoke(population, [*options, "--state-dir", str(tmp_path)])
    assert done.exit_code != 0
    assert "Traceback" not in done.output


def test_the_command_offers_every_way_of_answering() -> None:
    assert set(VARIANTS) == {variant.value for variant in OcspVariant}


def test_a_moment_that_is_none_is_said(tmp_path: Path) -> None:
    done = CliRunner().invoke(ocsp, ["--at", "yesterday", "--state-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert "2026-11-20T10:00" in done.output


def test_the_responder_is_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from app.cli.issuer import ocsp; ocsp()"]
    command += ["--port", "0", "--at", AT, "--announce", "http://127.0.0.1:1/ocsp", "--state-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)/ocsp", line)
            assert found, line
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
            connection.request("GET", "/crl/good/1.crl")
            assert connection.getresponse().status == 200
        finally:
            process.terminate()
    assert json.loads((tmp_path / "issuer" / "issuer.json").read_text())["ocsp_address"] == "http://127.0.0.1:1/ocsp"
