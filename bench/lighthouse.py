"""Lighthouse (mobile) on the pages that matter most, in the service of this process with its sample data.

Run it by hand, with Node's npx at hand: ``.venv/bin/pytest -p tests.conftest bench/lighthouse.py -s``. It is no part of
the test command. Version 12, because 13 needs a newer Node than Debian's. The scores go to ``test-output/lighthouse``;
a run whose result is kept is written down in ``bench/results``. On a busy machine each page is measured by itself,
first in line: ``chrt -r 10 .venv/bin/pytest -p tests.conftest bench/lighthouse.py -s -k status``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler

from tests.web.conftest import service
from tests.web.page_of import listening
from tests.web.resident_pages import resident_pages
from tests.web.service import Service

__all__ = ["service"]  # a fixture

LIGHTHOUSE = "lighthouse@12.8.2"
WANTED = {"performance": 95, "accessibility": 100}
PAGES = ("search", "policy-open", "confirm", "status")
OUTPUT = Path("test-output") / "lighthouse"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES)
def test_the_main_pages_reach_their_scores(
    service: Service, page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(WSGIRequestHandler, "protocol_version", "HTTP/1.1")  # as every real server
    with listening(service) as address:
        (one,) = (each for each in resident_pages(service) if each.name == page)
        cookie = one.browser.cookie if one.browser else None
        name = service.app.config["SESSION_COOKIE_NAME"]
        headers = {"Cookie": f"{name}={cookie}" if cookie else "language=ja"}
        scores = measured(address + one.path, headers, tmp_path)
    print(page, scores)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{page}.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    assert {name: scores[name] for name, least in WANTED.items() if scores[name] < least} == {}


def measured(url: str, headers: dict[str, str], folder: Path) -> dict[str, int]:
    """The two scores of a page, and how long its largest part takes on a simulated phone, in milliseconds."""
    report = folder / "report.json"
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"]
    command += ["--only-categories=performance,accessibility", f"--extra-headers={json.dumps(headers)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    chromium = shutil.which("chromium") or ""
    subprocess.run(command, check=True, timeout=240, env=os.environ | {"CHROME_PATH": chromium})
    found = json.loads(report.read_text(encoding="utf-8"))
    points = {name: round(found["categories"][name]["score"] * 100) for name in WANTED}
    return points | {"largest_paint_ms": round(found["audits"]["largest-contentful-paint"]["numericValue"])}
