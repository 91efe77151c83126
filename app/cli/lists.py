"""`todoke lists`: load lists of recipients and exclusions."""

from __future__ import annotations

import getpass
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.lists import Difference, ListRefused, ListReport, Owner

Kind = Literal["recipients", "exclusions"]
Encoding = Literal["auto", "utf-8", "cp932"]

SHOWN_PROBLEMS = 50
SHOWN_ROWS = 10
SAMPLE_LOADER = "sample-data"
EXIT_REFUSED = 2


@click.group()
def lists() -> None:
    """Load lists of recipients (付与対象者名簿) and of exclusions (除外名簿)."""


@lists.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--list", "list_id", required=True, help="Id of the list, such as L-S-SENIOR-2026.")
@click.option("--dry-run", is_flag=True, help="Tell what would change and keep nothing.")
@click.option("--encoding", type=click.Choice(["auto", "utf-8", "cp932"]), default="auto", show_default=True)
@click.option("--policy", "policy_id", help="Benefit of a new list; needed when no benefit names the list.")
@click.option("--kind", type=click.Choice(["recipients", "exclusions"]), default="recipients", show_default=True)
@click.option("--by", "loaded_by", help="Who loads it (staff id); may not approve payments of the benefit (E611).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def import_(  # noqa: PLR0917  # one parameter for each option
    file: Path,
    list_id: str,
    dry_run: bool,
    encoding: Encoding,
    policy_id: str | None,
    kind: Kind,
    loaded_by: str | None,
    as_json: bool,
) -> None:
    """Load FILE (CSV in UTF-8 or CP932, or an Excel workbook) as the new version of a list. All or nothing.

    Every bad cell is named by row and column; what changes is counted against the version before. The heading row
    names the columns: 対象者管理番号 氏名 氏名カナ 生年月日 性別 町名 自治体コード 備考. The same content again changes
    nothing. Exit status: 0 loaded (or, with --dry-run, loadable), 2 refused.
    """
    from app import lists as recipient_lists
    from app import settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        with _progress_bar(file, hidden=as_json) as progress:
            report = recipient_lists.load_list(
                file,
                list_id=list_id,
                loaded_by=loaded_by or f"cli:{getpass.getuser()}",
                granted=_granted,
                owner=_owner(list_id, policy_id, kind),
                encoding=encoding,
                dry_run=dry_run,
                progress=progress,
            )
    except recipient_lists.ListRefused as refusal:
        _say_refusal(refusal, as_json=as_json)
        raise SystemExit(EXIT_REFUSED) from None
    except recipient_lists.OtherOwner as other:
        raise click.ClickException(str(other)) from None
    except recipient_lists.LoadInProgress:
        raise click.ClickException(f"the list {list_id} is being loaded by somebody else at the moment") from None
    click.echo(json.dumps(_as_dict(report), ensure_ascii=False) if as_json else _as_lines(report))


def _owner(list_id: str, policy_id: str | None, kind: Kind) -> Owner | None:
    """Whose a new list is: the named benefit's, or that of the one which names the list. ``None`` for a known list."""
    from app import db
    from app import lists as recipient_lists
    from app.lists import RecipientList
    from app.policies import Policy

    with db.reading() as session:
        if policy_id is None and session.get(RecipientList, list_id) is not None:
            return None
        found = policy_id or _policy_that_names(session, list_id)
        policy = None if found is None else session.get(Policy, found)
        if policy is None:
            raise click.ClickException(
                f"no benefit {policy_id}" if policy_id else f"no benefit names the list {list_id}; give --policy"
            )
        return recipient_lists.Owner(policy.policy_id, policy.municipality_code, kind)


def _policy_that_names(session: Session, list_id: str) -> str | None:
    """The first policy whose present version names the list in its eligibility."""
    from sqlalchemy import select

    from app.policies import Policy, PolicyVersion

    query = (
        select(Policy.policy_id)
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.policy_id) & (PolicyVersion.version == Policy.current_version),
        )
        .where(PolicyVersion.document["eligibility"]["list"].astext == list_id)
        .order_by(Policy.policy_id)
    )
    return session.scalars(query).first()


def _granted(session: Session, policy_id: str, applications: Iterable[UUID]) -> int:
    from app import points

    return len(points.granted_applications(session, policy_id, applications))


@contextmanager
def _progress_bar(file: Path, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar over the bytes of the file, on standard error; nothing of it where that is no terminal."""
    done = 0
    with click.progressbar(length=max(file.stat().st_size, 1), label="取込み", file=sys.stderr, hidden=hidden) as bar:

        def progress(read: int, _size: int) -> None:
            nonlocal done
            bar.update(read - done)
            done = read

        yield progress


def _say_refusal(refusal: ListRefused, *, as_json: bool) -> None:
    if as_json:
        problems = [{"code": p.code, "row": p.row, "column": p.column, "text": p.text} for p in refusal.problems]
        click.echo(json.dumps({"outcome": "refused", "problems": problems}, ensure_ascii=False))
        return
    for found in refusal.problems[:SHOWN_PROBLEMS]:
        where = "" if found.column is None else f" ({found.row}行{found.column}列)"
        click.echo(f"{found.code}: {found.text}{where}", err=True)
    if len(refusal.problems) > SHOWN_PROBLEMS:
        click.echo(f"ほかに{len(refusal.problems) - SHOWN_PROBLEMS}件", err=True)
    click.echo("何も取り込んでいません。", err=True)


def _as_lines(report: ListReport) -> str:
    first = (
        f"{report.list_id}: {report.rows}行 (試行。何も保存していません)"
        if report.dry_run
        else f"{report.list_id}: {report.rows}行 → 第{report.version}版"
    )
    lines = [first]
    named = (
        ("追加", report.added),
        ("変更", report.changed),
        ("削除", report.removed),
        ("要確認: 管理番号が違い、内容が同じ方", report.alike),
        ("要確認: 氏名に ■ 〓 ? がある行", report.marked),
    )
    lines += [f"  {word} {_rows_text(difference)}" for word, difference in named]
    if report.uneven_numbers:
        lines.append("  要確認: 数字だけの対象者管理番号の桁数がそろっていません(先頭の0が消えていないか)")
    return "\n".join(lines)


def _rows_text(difference: Difference) -> str:
    shown = "、".join(str(row) for row in difference.rows[:SHOWN_ROWS])
    more = "…" if difference.count > SHOWN_ROWS else ""
    return f"{difference.count}件" + (f" (行 {shown}{more})" if shown else "")


def _as_dict(report: ListReport) -> dict[str, object]:
    named = ("added", "changed", "removed", "alike", "marked")
    differences = {name: {"count": getattr(report, name).count, "rows": getattr(report, name).rows} for name in named}
    return {
        "outcome": "checked" if report.dry_run else "loaded",
        "list": report.list_id,
        "version": report.version,
        "rows": report.rows,
        "uneven_numbers": report.uneven_numbers,
        **differences,
    }


def load_sample_lists() -> None:
    """The lists of the sample policies, for the demo and tests; those policies must be loaded."""
    from app import lists as recipient_lists

    content = json.loads((Path(__file__).parent.parent / "sample_data" / "sample_lists.json").read_text("utf-8"))
    columns = ("control_no", "name", "name_kana", "birth_date", "town")
    for list_id, sample in content.items():
        owner = recipient_lists.Owner(sample["policy_id"], sample["municipality_code"])
        rows = [[row[column] for column in columns] for row in sample["rows"]]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sample.csv"
            path.write_bytes(recipient_lists.to_csv(columns, rows))
            recipient_lists.load_list(path, list_id=list_id, loaded_by=SAMPLE_LOADER, granted=_granted, owner=owner)
