"""Residents who walk over HTTP, card and all, as far as the confirming page of an application, and stop there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from app import cards, create_app, db, municipalities, settings
from app.cli.browser import Browser, Page
from app.cli.journey import Report, Walk
from card_sim.issuer import TestIssuer
from nfc.agent.signing import DeviceKey
from tests.provider_simulator.serving import serving

SERVICE_ID = "SVC-EM-01"  # known by its format alone, so that no provider is needed
READER = "reader of the journeys"


def prepare_cards(state_dir: Path, now: datetime) -> None:
    """The TEST issuer, its public part and its revocation lists, and the device key of the journeys' reader."""
    issuer = TestIssuer.open(state_dir, now)
    issuer.write_public(state_dir / "trust")
    for generation in (1, 2):
        (state_dir / f"{generation}.crl").write_bytes(issuer.crl(generation, now))
    (state_dir / "agents").mkdir(mode=0o700)
    DeviceKey.create(state_dir / "agents" / "journey.key")


@contextmanager
def running_service(database_url: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The web service in this process behind a threaded server, its reader enrolled; gives its address."""
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "STATE_DIR": str(state_dir),
        "TRUST_ANCHORS_DIR": str(state_dir / "trust"),
        "TRUST_ANCHORS_ENVIRONMENT": "test",
        "CRL_SOURCES": f"{state_dir / '1.crl'} {state_dir / '2.crl'}",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    app = create_app()
    assert cards.fetch_revocation_lists(settings.current()) == 2
    _enrol_reader(state_dir / "agents")
    try:
        with serving(app) as address:
            yield address
    finally:
        municipalities.configure(with_samples=False)
        settings.current.cache_clear()


def _enrol_reader(folder: Path) -> None:
    key = DeviceKey.load(folder / "journey.key")
    with db.transaction() as session:
        reader = cards.enrol_agent(session, name=READER, public_key=key.public_bytes, kind="simulated")
    identity = {"agent_id": str(reader.agent_id), "reader_no": reader.reader_no}
    (folder / "journey.json").write_text(json.dumps(identity), encoding="utf-8")


class _Stop(Exception):
    def __init__(self, page: Page) -> None:
        super().__init__(page.path)
        self.page = page


class _WalkToTheConfirmPage(Walk):
    """`todoke journey` without its last two steps; a service known by format takes any code of seven digits."""

    def _security_code(self, page: Page, account: str) -> str:
        return "1234567"

    def _confirm(self, page: Page) -> Page:
        raise _Stop(page)


@dataclass(frozen=True)
class AtTheConfirmPage:
    """A browser that shows everything read back; only the button is left to press."""

    browser: Browser
    page: Page

    def press(self) -> Page:
        """Send the form as it stands; the page that answers, redirects followed."""
        return self.browser.submit(self.page, self.page.form("form_token", "confirmed"), confirmed="yes")


def walk_to_the_confirm_page(address: str, state_dir: Path, person: str, policy: str, account: str) -> AtTheConfirmPage:
    """One test person from the policy page through the card to the confirming page."""
    browser = Browser(address)
    walk = _WalkToTheConfirmPage(Report(person, policy, SERVICE_ID), browser, state_dir, lambda step: None)
    try:
        walk.run(None, account)
    except _Stop as stop:
        return AtTheConfirmPage(browser, stop.page)
    raise AssertionError("the walk went past the confirming page")


def press_together(*presses: Callable[[], Page]) -> list[Page]:
    """All of these at the same moment."""
    start = threading.Barrier(len(presses))

    def one(press: Callable[[], Page]) -> Page:
        start.wait(10)
        return press()

    with ThreadPoolExecutor(len(presses)) as pool:
        return list(pool.map(one, presses))


def card_number(n: int) -> str:
    """The n-th valid number of the service: 16 digits from 6 on, the last a Luhn check digit."""
    digits = f"6{n:014d}"
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return f"{digits}{-sum(d // 10 + d % 10 for d in doubled) % 10}"
