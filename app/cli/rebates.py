"""`todoke rebates`: purchases that providers send as a file, the end of a period, what was put aside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

if TYPE_CHECKING:
    from app.rebates import FileReport

SHOWN_FAULTS = 50
EXIT_REFUSED = 2
EXIT_SOME_PUT_ASIDE = 3


@click.group()
def rebates() -> None:
    """Purchases and refunds for rebates (還元)."""


@rebates.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--policy", "policy_id", required=True, help="The benefit that the purchases count for.")
@click.option("--provider", "provider_id", required=True, help="The provider that sent the file, such as PRV-01.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def import_(file: Path, policy_id: str, provider_id: str, as_json: bool) -> None:
    """Record the purchases and refunds of FILE (CSV in UTF-8 or CP932; layout in docs/rebates.md).

    A file with a bad cell is refused as a whole. A file that comes again changes nothing, so one that was interrupted
    is imported again. Exit status: 0 all recorded, 2 refused, 3 some transactions need somebody.
    """
    from app import rebates as domain
    from app import settings, start
    from app.csv_files import CsvRefused

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        with click.progressbar(length=1, label="取込み", file=sys.stderr, hidden=as_json) as bar:

            def progress(done: int, of: int) -> None:
                bar.length = of
                bar.update(done - bar.pos)

            report = domain.import_file(file, policy_id=policy_id, provider_id=provider_id, progress=progress)
    except CsvRefused as refusal:
        say_refusal(refusal, as_json=as_json)
        raise SystemExit(EXIT_REFUSED) from None
    except LookupError:
        raise click.ClickException(f"no benefit {policy_id}") from None
    except domain.NotARebate:
        raise click.ClickException(f"{policy_id} gives no share of purchases") from None
    _say(report, as_json=as_json)
    if report.problems:
        raise SystemExit(EXIT_SOME_PUT_ASIDE)


@rebates.command()
@click.option("--policy", "policy_id", help="Only this benefit.")
def close(policy_id: str | None) -> None:
    """Count and grant every period whose last report is in, as the worker does every hour.

    Exit status 1 when an application could not be closed or waits for a shop list.
    """
    from app import rebates as domain
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    closed = 0
    while True:
        report = domain.close_due_periods(policy_id)
        closed += report.closed
        if not report.closed:
            break
    click.echo(f"締めた申込: {closed}件")
    if report.waiting:
        click.echo(f"店舗の一覧を待っている申込: {report.waiting}件 (todoke shops import)", err=True)
    if report.failed:
        click.echo(f"締められなかった申込: {report.failed}件 (記録を確認してください)", err=True)
    if report.waiting or report.failed:
        raise SystemExit(1)


@rebates.command()
@click.option("--policy", "policy_id", help="Only this benefit.")
@click.option("--all", "everything", is_flag=True, help="Also those that are decided.")
def aside(policy_id: str | None, everything: bool) -> None:
    """List the reports that were put aside: another content under a known number (E704), another's service (E703)."""
    from app import db, settings, start
    from app import rebates as domain

    start.configure(settings.current(), application_name="todoke-cli")
    with db.reading() as session:
        lines = [
            f"{one.id} {one.received_at:%Y-%m-%dT%H:%M:%SZ} {one.code} {one.policy_id} {one.provider_id} "
            f"{one.transaction_no} {json.dumps(one.content, ensure_ascii=False)}"
            + (f" [{one.decision}, {one.decided_by}: {one.note}]" if one.decision else "")
            for one in domain.aside_reports(session, policy_id, open_only=not everything)
        ]
    for line in lines or ["保留はありません"]:
        click.echo(line)


@rebates.command()
@click.argument("report_id", type=click.UUID)
@click.option(
    "--as",
    "decision",
    required=True,
    type=click.Choice(["record_stands", "corrected", "not_theirs"]),
    help="E704: record_stands, or corrected by the provider under new numbers. E703: not_theirs.",
)
@click.option("--by", required=True, help="Who decides (staff id); kept in the audit log.")
@click.option("--note", required=True, help="Why, for example the provider's statement; no personal data.")
def decide(report_id: UUID, decision: str, by: str, note: str) -> None:
    """Settle one report that was put aside. Final, and audited; nothing is booked by it."""
    from app import rebates as domain
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        domain.decide_aside(report_id, domain.Decision(decision), by=by, note=note)
    except domain.DecisionRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{report_id}: {decision}")


def say_refusal(refusal: object, *, as_json: bool) -> None:
    """Every fault of a file, at most so many; also for the other commands that read a CSV."""
    from app.csv_files import CsvRefused

    assert isinstance(refusal, CsvRefused)
    if as_json:
        faults = [{"code": f.code, "row": f.row, "column": f.column, "text": f.text} for f in refusal.faults]
        click.echo(json.dumps({"outcome": "refused", "faults": faults}, ensure_ascii=False))
        return
    for fault in refusal.faults[:SHOWN_FAULTS]:
        click.echo(str(fault), err=True)
    if len(refusal.faults) > SHOWN_FAULTS:
        click.echo(f"ほかに{len(refusal.faults) - SHOWN_FAULTS}件", err=True)
    click.echo("何も取り込んでいません。", err=True)


_WORDS = {
    "recorded": "記録しました",
    "unchanged": "受信済み(E702)",
    "not_enrolled": "申込のない決済サービスID",
    "put_aside": "保留にしました",
    "refused": "読み取れません",
}


def _say(report: FileReport, *, as_json: bool) -> None:
    outcomes = {str(outcome): count for outcome, count in report.outcomes.items()}
    problems = [(one.transaction_no, str(one.outcome), one.code) for one in report.problems]
    if as_json:
        named = [{"transaction_no": number, "outcome": outcome, "code": code} for number, outcome, code in problems]
        told = {"outcome": "imported", "transactions": report.transactions, "outcomes": outcomes, "problems": named}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"取引: {report.transactions}件")
    for outcome, count in outcomes.items():
        click.echo(f"  {_WORDS[outcome]}: {count}件")
    for number, outcome, code in problems[:SHOWN_FAULTS]:
        click.echo(f"  要確認: {number} {_WORDS[outcome]}{f' ({code})' if code else ''}", err=True)
