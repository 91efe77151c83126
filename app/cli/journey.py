"""`todoke journey`: one test person walks the whole way over HTTP, the card read APDU by APDU.

It is the smoke test of every installation that takes TEST cards. It can do only what a browser and a reader beside it
can do: forms with their tokens, redirects, a card session taken by an enrolled agent, the code from the payment app.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import click
import httpx

from app.cli.browser import Browser, Page, PageFault

GRANTED_WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.2
EXIT_GRANTED, EXIT_FAULT, EXIT_REFUSED, EXIT_WAITING = 0, 1, 2, 3


class Refused(Exception):
    """The service refused, with a code of the message list; the message is what the page says."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Waiting(Refused):
    """Sent, and for somebody to look at: never told as a refusal (BR-32)."""


@dataclass
class Step:
    """One step and how long it took (milliseconds)."""

    name: str
    ms: int
    note: str = ""


@dataclass
class Report:
    """What `--json` prints."""

    person: str
    policy: str
    service: str
    outcome: str = "fault"
    code: str | None = None
    message: str | None = None
    receipt_no: str | None = None
    steps: list[Step] = field(default_factory=list)


@click.command()
@click.option("--person", required=True, help="Test person, such as TP-02.")
@click.option("--policy", required=True, help="Benefit, such as P-001.")
@click.option("--service", required=True, help="Payment service, such as SVC-QR-01.")
@click.option("--pin", help="Type this for both PINs instead of the person's own.")
@click.option("--account", help="Service ID instead of the person's own.")
@click.option("--base-url", default="http://127.0.0.1:8000", show_default=True, help="The running service.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="State folder of the installation (TEST cards).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def journey(  # noqa: PLR0917  # one parameter for each option
    person: str,
    policy: str,
    service: str,
    pin: str | None,
    account: str | None,
    base_url: str,
    state_dir: Path | None,
    as_json: bool,
) -> None:
    """Walk one test person through a whole application on a running service.

    Exit status: 0 when the status page shows the points as granted; 2 when the service refuses (the error code and
    message are printed); 3 when somebody has to look at it first, which is no refusal; 1 on a fault of ours.
    """
    report = Report(person, policy, service)
    folder = state_dir or _default_state_dir(base_url)
    walk = Walk(report, Browser(base_url), folder, lambda step: None if as_json else _print_step(step))
    try:
        walk.run(pin, account)
        report.outcome = "granted"
        status = EXIT_GRANTED
    except Waiting as waiting:
        report.outcome, report.code, report.message = "waiting", waiting.code, waiting.text
        status = EXIT_WAITING
    except Refused as refusal:
        report.outcome, report.code, report.message = "refused", refusal.code, refusal.text
        status = EXIT_REFUSED
    except Exception as fault:  # whatever went wrong is our fault and exit status 1
        report.message = f"{type(fault).__name__}: {fault}"
        status = EXIT_FAULT
    finally:
        walk.browser.close()
    _print_end(report, as_json)
    sys.exit(status)


def _default_state_dir(base_url: str) -> Path:
    given = os.environ.get("TODOKE_STATE_DIR")
    return Path(given) if given else Path(".state") / f"demo-{urlsplit(base_url).port or 80}"


class Walk:
    """The steps of domain.md section 3, R1 to R11, in order."""

    def __init__(self, report: Report, browser: Browser, state_dir: Path, told: Callable[[Step], None]) -> None:
        self.report = report
        self.browser = browser
        self.state_dir = state_dir
        self._told = told

    def run(self, pin: str | None, account: str | None) -> None:
        """Walk to "granted"; raises ``Refused`` where the service says no."""
        from card_sim.people import load_people

        people = load_people()
        if self.report.person not in people:
            raise PageFault(f"there is no test person {self.report.person}")
        persona = people[self.report.person]
        page = self._step("施策を開く", self._open_policy)
        page = self._step("申込を始める", lambda: self._follow(page, f"/policies/{self.report.policy}/apply"))
        page = self._step("本人確認の方法を選ぶ", lambda: self._choose_reader(page))
        self._step("カードを読み取る", lambda: self._read_card(page, pin))
        page = self._step("本人確認の結果", lambda: self._after_reading(page))
        page = self._step("審査の結果", lambda: self._go_on(page))
        page = self._step("同意する", lambda: self._consent(page))
        page = self._step("決済サービスを選ぶ", lambda: self._choose_service(page))
        given = account or persona.payment_ids.get(self.report.service) or _sample_account(self.report.service)
        page = self._step("決済サービスのIDを入力する", lambda: self._enter_account(page, given))
        page = self._step("内容を確かめて申し込む", lambda: self._confirm(page))
        self._step("付与を待つ", lambda: self._wait_for_grant(page))

    def _step(self, name: str, act: Callable[[], Page]) -> Page:
        started = time.perf_counter()
        page = act()
        step = Step(name, round((time.perf_counter() - started) * 1000), page.heading)
        self.report.steps.append(step)
        self._told(step)
        return page

    def _checked(self, page: Page) -> Page:
        if page.error_code:
            raise Refused(page.error_code, page.error_text or page.heading)
        if page.status >= 400:
            raise PageFault(f"{page.path} answered {page.status} 「{page.heading}」")
        return page

    def _open_policy(self) -> Page:
        found = self._checked(self.browser.get("/policies"))
        if not found.forms:
            raise PageFault("the search page has no form")
        page = self.browser.get(f"/policies/{quote(self.report.policy)}")
        return self._checked(page)

    def _follow(self, page: Page, path: str) -> Page:
        if path not in page.links:
            raise PageFault(f"the page 「{page.heading}」 offers no way to {path}")
        start = self._checked(self.browser.get(path))
        return self._checked(self.browser.submit(start, start.form()))

    def _choose_reader(self, page: Page) -> Page:
        identity = self._agent_identity()
        form = page.form("reader", "reader_number")
        return self._checked(self.browser.submit(page, form, reader="other", reader_number=identity["reader_no"]))

    def _agent_identity(self) -> dict[str, str]:
        path = self.state_dir / "agents" / "journey.json"
        try:
            value: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except OSError:
            raise PageFault(
                f"no enrolled journey agent in {self.state_dir}: start the demo from this folder, or name its state "
                "folder with --state-dir"
            ) from None
        return value

    def _read_card(self, page: Page, pin: str | None) -> Page:
        """Take the session as the second enrolled agent and read the person's simulated card in this process."""
        from app.cli.journey_card import read_and_hand_in

        identity = self._agent_identity()
        now = datetime.fromisoformat(str(self.browser.json("/healthz")["now"]))
        read_and_hand_in(
            base_url=self.browser.base_url,
            state_dir=self.state_dir,
            agent_id=identity["agent_id"],
            session_id=page.path.rsplit("/", 1)[-1],
            person_id=self.report.person,
            pin=pin,
            now=now,
        )
        return Page(self.browser.base_url, 200, heading="カードの読み取りが終わりました")

    def _after_reading(self, page: Page) -> Page:
        """What the waiting page's script does: ask until there is a next page."""
        for _ in range(100):
            state = self.browser.json(f"{page.path}/state")
            if state.get("next_url"):
                return self._checked(self.browser.get(str(state["next_url"])))
            time.sleep(POLL_SECONDS)
        raise PageFault("the card session did not end")

    def _go_on(self, page: Page) -> Page:
        return self._checked(self.browser.submit(page, page.form(), action="continue"))

    def _consent(self, page: Page) -> Page:
        form = page.form("agree_todoke", "agree_outline", "agree_service")
        ticks = {"agree_todoke": "yes", "agree_outline": "yes", "agree_service": "yes"}
        return self._checked(self.browser.submit(page, form, **ticks))

    def _choose_service(self, page: Page) -> Page:
        form = page.form("service_id")
        return self._checked(self.browser.submit(page, form, service_id=self.report.service))

    def _enter_account(self, page: Page, account: str | None) -> Page:
        if account is None:
            raise PageFault(f"{self.report.person} has no ID at {self.report.service}; give one with --account")
        form = page.form("account")
        values = {"account": account}
        if "security_code" in form.names:
            values["security_code"] = self._security_code(page, account)
        return self._checked(self.browser.submit(page, form, **values))

    def _security_code(self, page: Page, account: str) -> str:
        """What a person reads in the payment app; the simulated provider has a page and an interface for it."""
        tester_url = page.marks.get("provider-url")
        if not tester_url:
            raise PageFault("the installation names no simulated provider to take the security code from")
        path = f"/v1/services/{quote(self.report.service)}/accounts/{quote(account)}/code"
        answer = httpx.get(tester_url.rstrip("/") + path, timeout=10, trust_env=False)
        answer.raise_for_status()
        return str(answer.json()["code"])

    def _confirm(self, page: Page) -> Page:
        form = page.form("form_token", "confirmed")
        status = self._checked(self.browser.submit(page, form, confirmed="yes"))
        self.report.receipt_no = status.marks.get("receipt")
        if not self.report.receipt_no:
            raise PageFault("no receipt number on the status page")
        return status

    def _wait_for_grant(self, page: Page) -> Page:
        deadline = time.monotonic() + GRANTED_WITHIN_SECONDS
        while time.monotonic() < deadline:
            status = self._checked(self.browser.get(page.path))
            if status.marks.get("status") == "granted":
                return status
            code = status.marks.get("reason-code") or "E205"
            if status.marks.get("final") == "yes":
                raise Refused(code, f"申込は受け付けられましたが、付与されません({status.heading})")
            if status.marks.get("turn") in ("municipality", "you"):
                raise Waiting(code, f"申込は受け付けられ、まだ付与されていません({status.heading})")
            time.sleep(POLL_SECONDS)
        raise PageFault(f"the points were not granted within {GRANTED_WITHIN_SECONDS:.0f} seconds")


def _sample_account(service_id: str) -> str | None:
    """For test persons without an ID at this service: the service's own first sample ID."""
    samples = Path(__file__).parent.parent / "sample_data" / "sample_services.json"
    services = json.loads(samples.read_text(encoding="utf-8"))
    valid = (s["sample_ids"]["valid"] for s in services if s["service_id"] == service_id)
    return next((str(ids[0]) for ids in valid if ids), None)


def _print_step(step: Step) -> None:
    click.echo(f"  {step.ms:>6} ms  {step.name}  … {step.note}")


def _print_end(report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False))
    elif report.outcome == "granted":
        click.echo(f"付与済: 受付番号 {report.receipt_no}")
    elif report.outcome in ("refused", "waiting"):
        click.echo(f"{report.code}: {report.message}")
    else:
        click.echo(f"fault: {report.message}", err=True)
