"""`todoke shops`: load the lists of shops where purchases count or where a benefit can be spent."""

from __future__ import annotations

import getpass
import json
import tempfile
from pathlib import Path
from typing import Literal

import click

from app.cli.rebates import EXIT_REFUSED, say_refusal


@click.group()
def shops() -> None:
    """Lists of shops (店舗の一覧)."""


@shops.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--policy", "policy_id", required=True, help="The benefit that the list belongs to.")
@click.option(
    "--purpose",
    type=click.Choice(["earn", "spend"]),
    required=True,
    help="earn: purchases there count (axis 3); spend: the benefit is spent there (axis 4).",
)
@click.option("--dry-run", is_flag=True, help="Tell what would change and keep nothing.")
@click.option("--by", "loaded_by", help="Who loads it (staff id).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def import_(  # noqa: PLR0917  # one parameter for each option
    file: Path,
    policy_id: str,
    purpose: Literal["earn", "spend"],
    dry_run: bool,
    loaded_by: str | None,
    as_json: bool,
) -> None:
    """Make FILE (CSV in UTF-8 or CP932) the benefit's list. All or nothing; the same content again changes nothing.

    Headings: 店舗番号 店舗名 所在地 店舗グループ 決済サービス 取扱開始日 取扱終了日.
    A shop that the file no longer names ends yesterday; what was bought there before goes on counting.
    Exit status: 0 loaded, 2 refused.
    """
    from app import settings, start
    from app import shops as domain
    from app.csv_files import CsvRefused

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        report = domain.load_shops(
            file,
            policy_id=policy_id,
            purpose=domain.Purpose(purpose),
            loaded_by=loaded_by or f"cli:{getpass.getuser()}",
            dry_run=dry_run,
        )
    except CsvRefused as refusal:
        say_refusal(refusal, as_json=as_json)
        raise SystemExit(EXIT_REFUSED) from None
    except LookupError:
        raise click.ClickException(f"no benefit {policy_id}") from None
    if as_json:
        click.echo(json.dumps({"outcome": "checked" if dry_run else "loaded"} | report.__dict__, ensure_ascii=False))
        return
    version = "試行。何も保存していません" if dry_run else f"第{report.version}版"
    click.echo(f"{policy_id} ({purpose}): {report.shops}店 ({version})")
    click.echo(f"  追加 {report.added}件、変更 {report.changed}件、終了 {report.ended}件")


def load_sample_shops() -> None:
    """The shops of the sample policies, for the demo and tests; those policies must be loaded."""
    from app import shops as domain
    from app.csv_files import to_csv

    content = json.loads((Path(__file__).parent.parent / "sample_data" / "sample_shops.json").read_text("utf-8"))
    columns = ("shop_no", "name", "place")
    for policy_id, sample in content.items():
        rows = [[shop[column] for column in columns] for shop in sample["shops"]]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sample.csv"
            path.write_text(to_csv(columns, rows), encoding="utf-8")
            purpose = domain.Purpose(sample["purpose"])
            domain.load_shops(path, policy_id=policy_id, purpose=purpose, loaded_by="sample-data")
