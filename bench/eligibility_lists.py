"""List import and list match: how long, how much memory, how many a second (issue 4, item 10).

Each size runs in a process of its own, so that its peak memory is its own; the database is the bundled PostgreSQL with
its ordinary durable settings. The people are made up from common names, with control number, kana, town and era dates.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

SIZES = (100_000, 1_000_000)
MATCHES = 5_000
LIST_ID = "L-BENCH"
FAMILY = (
    "佐藤 サトウ,鈴木 スズキ,髙橋 タカハシ,田中 タナカ,伊藤 イトウ,渡邉 ワタナベ,"
    "山本 ヤマモト,中村 ナカムラ,小林 コバヤシ,加藤 カトウ,𠮷田 ヨシダ,山田 ヤマダ,"
    "佐々木 ササキ,山口 ヤマグチ,松本 マツモト,井上 イノウエ,木村 キムラ,林 ハヤシ,"
    "齋藤 サイトウ,清水 シミズ,山﨑 ヤマザキ,森 モリ,池田 イケダ,橋本 ハシモト,"
    "阿部 アベ,石川 イシカワ,山下 ヤマシタ,中島 ナカジマ,小川 オガワ,前田 マエダ,"
    "濵田 ハマダ,岡田 オカダ,長谷川 ハセガワ,藤田 フジタ,後藤 ゴトウ,近藤 コンドウ,"
    "村上 ムラカミ,遠藤 エンドウ,青木 アオキ,坂本 サカモト"
)
FIRST = "一二三正和明清義信幸康健浩誠隆博直智真大雄英文美恵由里香奈子代江枝千春夏秋冬花葵凛蓮翔陽結愛心優菜咲音海空"
FIRST_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
TOWNS = ("本町", "大字緑", "朝日台一丁目", "朝日台二丁目", "大字白樺", "栄町", "川辺三丁目", "大字湖岸", "花園", "潮見")
ERAS = (("昭和", 1926, date(1927, 1, 1), 22_000), ("平成", 1989, date(1990, 1, 1), 10_000))


def run(sizes: Iterable[int] = SIZES) -> list[dict[str, object]]:
    """One row for each measure: name, size, value, unit, limit (``None`` where the issue names none), ok."""
    rows: list[dict[str, object]] = []
    for size in sizes:
        measured = json.loads(
            subprocess.run(
                [sys.executable, "-m", "bench.eligibility_lists", str(size)],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        )
        seconds_limit, memory_limit = (60.0, 500.0) if size >= 1_000_000 else (None, None)
        rows += [
            _row("list import", size, measured["import_s"], "s", seconds_limit),
            _row("list import, of it this process on a core", size, measured["import_cpu_s"], "s", None),
            _row("list import, rows a second", size, size / measured["import_s"], "1/s", None),
            _row("list import, peak memory", size, measured["peak_mib"], "MiB", memory_limit),
            _row("list dry run", size, measured["dry_run_s"], "s", None),
            _row("list match", size, measured["matches_per_s"], "1/s", None),
        ]
    return rows


def _row(name: str, size: int, value: float, unit: str, limit: float | None) -> dict[str, object]:
    return {
        "name": name,
        "size": size,
        "value": round(value, 3),
        "unit": unit,
        "limit": limit,
        "ok": limit is None or value <= limit,
    }


def measure(size: int) -> dict[str, float]:
    """Import a file of ``size`` rows, look people up in it, and try the same file with one change."""
    from app import db, lists

    with _installation() as folder:
        path = folder / "list.csv"
        write_list(path, size)
        owner = lists.Owner("P-017", "983012")
        began, cpu_began = time.perf_counter(), time.process_time()
        lists.load_list(path, list_id=LIST_ID, loaded_by="bench", granted=_nobody, owner=owner)
        import_s, import_cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = 0
        began = time.perf_counter()
        with db.reading() as session:
            for person in people(size, step=max(1, size // MATCHES)):
                address = f"ほくと県きた郡しらかば村{person[4]}１２番地"
                subject = lists.subject_of(person[1], address, parse(person[3]), kana=person[2])
                found += lists.match(session, LIST_ID, subject).level != "none"
        matches_per_s = found / (time.perf_counter() - began)
        with path.open("a", encoding="utf-8") as file:
            file.write("S-NEW,新井　一,アライ　ハジメ,昭和30年1月1日,本町\n")
        began = time.perf_counter()
        lists.load_list(path, list_id=LIST_ID, loaded_by="bench", granted=_nobody, dry_run=True)
        dry_run_s = time.perf_counter() - began
    return {
        "import_s": import_s,
        "import_cpu_s": import_cpu_s,
        "peak_mib": peak_mib,
        "matches_per_s": matches_per_s,
        "dry_run_s": dry_run_s,
    }


def write_list(path: Path, size: int) -> None:
    """A file of made-up people in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("対象者管理番号", "氏名", "氏名カナ", "生年月日", "町名"))
        writer.writerows(people(size))


def people(size: int, *, step: int = 1) -> Iterator[tuple[str, str, str, str, str]]:
    """The same people every time, each from its number alone."""
    families = [pair.split() for pair in FAMILY.split(",")]
    for number in range(0, size, step):
        dice = random.Random(number)
        family, family_kana = dice.choice(families)
        given = "".join(dice.choices(FIRST, k=2))
        given_kana = "".join(dice.choices(FIRST_KANA, k=3))
        era, first_year, first_day, days = dice.choice(ERAS)
        born = first_day + timedelta(days=dice.randrange(days))
        text = f"{era}{born.year - first_year + 1}年{born.month}月{born.day}日"
        yield f"S-{number:07}", f"{family}　{given}", f"{family_kana}　{given_kana}", text, dice.choice(TOWNS)


def parse(text: str) -> date:
    """The birth date of one of the people."""
    from app.people.dates import parse_date

    return parse_date(text)


def _nobody(session: object, policy_id: str, applications: Iterable[UUID]) -> int:
    return 0


@contextmanager
def _installation() -> Iterator[Path]:
    """A cluster of its own with the sample policies."""
    from app import audit, db, migrations, municipalities, pii
    from app.cli.policies import load_samples
    from app.embedded_postgres import EmbeddedPostgres
    from app.settings import Keys

    with tempfile.TemporaryDirectory(prefix="todoke-bench-") as name:
        folder = Path(name)
        cluster = EmbeddedPostgres(folder / "pg")
        cluster.start()
        try:
            url = cluster.url("postgres")
            migrations.upgrade(url)
            db.configure(url)
            keys = Keys.from_json(Keys.generate_json())
            pii.configure(keys)
            audit.configure(keys)
            municipalities.configure(with_samples=True)
            load_samples()
            yield folder
        finally:
            db.dispose()
            cluster.stop()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    print(json.dumps(measure(int(sys.argv[1]))))
