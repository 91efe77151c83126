"""Search of policies over HTTP at 100, 10,000 and 100,000 policies, as a ratio to a bare Flask under the same server.

Run alone:  python -m bench.eligibility_search [SIZE ...]

Both applications run under the same gunicorn with the same settings, each in one process, over one connection that
stays open, and are asked in turns, so that what else the machine does slows both. The mix of searches is what people
ask for: mostly a place, often a word (of one character and more), sometimes everything; every tenth asks for a later
page. 200 searches go before, as in a service that was not started this second.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SMALL, MIDDLE, LARGE = SIZES = (100, 10_000, 100_000)
RATIO_TO_BARE = 5.0
RATIO_TO_MIDDLE = 2.0
ROUNDS = 24
WARMING = 200
SEARCHES_A_ROUND = 100
NOW = "2026-11-20T10:00:00+09:00"

THEMES = (
    *(
        "くらし",
        "子育て",
        "健康",
        "移住",
        "観光",
        "商店街",
        "高齢者",
        "出産",
        "就学",
        "防災",
        "省エネ",
        "文化",
        "スポーツ",
    ),
    *("読書", "通勤", "起業", "花粉", "敬老", "学生", "入学", "住まい", "地域", "環境", "食育"),
)
FORMS = (
    *(
        "応援ポイント",
        "支援給付",
        "商品券",
        "還元キャンペーン",
        "お祝い金",
        "クーポン",
        "助成",
        "チャレンジ",
        "奨励ポイント",
    ),
    *("見守り給付", "プレミアム"),
)
WORDS = (
    *("子育て", "商品券", "敬老", "出産", "移住", "防災", "花粉", "健康 ポイント", "省エネ", "お祝い", "高齢者 見守り"),
    *("スポーツ", "すぽーつ", "ｸｰﾎﾟﾝ", "読書", "食育 助成", "就学", "入学", "地域", "鯵ヶ沢", "米原", "横浜市鶴見区"),
    *("本", "市", "町", "起業", "温泉", "ペット", "太陽光", "通勤 クーポン"),
)
APPLICATIONS = ("bare Flask", "search (JSON)", "search (page)")


def run(sizes: Iterable[int] = SIZES) -> list[dict[str, object]]:
    """One row for each measure: name, size, value, unit, limit (``None`` where the issue names none), ok."""
    from app.embedded_postgres import EmbeddedPostgres

    taken: dict[int, dict[str, tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="todoke-bench-") as folder:
        cluster = EmbeddedPostgres(Path(folder) / "postgres")
        cluster.start()
        try:
            for size in sizes:
                taken[size] = _measure(cluster, Path(folder), size)
        finally:
            cluster.stop()
    rows: list[dict[str, object]] = []
    for size, by_application in taken.items():
        bare = by_application["bare Flask"]
        for name, (p50, p95) in by_application.items():
            rows += [_row(f"{name} p50", size, p50, "ms"), _row(f"{name} p95", size, p95, "ms")]
            if name != "bare Flask":
                limit = RATIO_TO_BARE if size == LARGE else None
                rows.append(_row(f"{name} p50 to bare", size, p50 / bare[0], "x"))
                rows.append(_row(f"{name} p95 to bare", size, p95 / bare[1], "x", limit))
    if {MIDDLE, LARGE} <= taken.keys():
        for name in APPLICATIONS[1:]:
            growth = taken[LARGE][name][1] / taken[MIDDLE][name][1]
            rows.append(_row(f"{name} p95 to its own at {MIDDLE:,}", LARGE, growth, "x", RATIO_TO_MIDDLE))
    return rows


def _row(name: str, size: int, value: float, unit: str, limit: float | None = None) -> dict[str, object]:
    ok = None if limit is None else value <= limit
    return {"name": name, "size": size, "value": round(value, 2), "unit": unit, "limit": limit, "ok": ok}


def searches(count: int, seed: int) -> list[str]:
    """Query strings of a seeded mix."""
    from app import municipalities
    from app.municipalities import Kind

    chosen = random.Random(seed)
    places = [row.code for row in municipalities.current_table().rows.values() if row.kind is not Kind.PREFECTURE]
    prefectures = [row.code for row in municipalities.current_table().rows.values() if row.kind is Kind.PREFECTURE]
    categories = ("shopping", "childcare_education", "health", "community", "elderly_care", "other")
    asked = []
    for _ in range(count):
        kind = chosen.random()
        query: dict[str, Any] = {}
        if kind < 0.45:
            query["municipality"] = chosen.choice(places)
        elif kind < 0.55:
            query["municipality"] = chosen.choice(prefectures)
        elif kind < 0.90:
            query["keyword"] = chosen.choice(WORDS)
        if chosen.random() < 0.2:
            query["category"] = chosen.choice(categories)
        if chosen.random() < 0.2:
            query["open_now"] = 1
        if chosen.random() < 0.05:
            query["amount"] = chosen.choice((1_000, 5_000, 10_000))
        if chosen.random() < 0.05:
            query["soon"] = chosen.choice(("begin", "end"))
        if chosen.random() < 0.1:
            query["page"] = chosen.randrange(2, 8)
        asked.append(urlencode(query))
    return asked


def _measure(cluster: Any, folder: Path, size: int) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of each application in milliseconds."""
    name = f"bench_{size}"
    url = str(cluster.url(name))
    environment = {
        **os.environ,
        "TODOKE_ENVIRONMENT": "test",
        "TODOKE_TRUST_ANCHORS_ENVIRONMENT": "test",
        "TODOKE_DATABASE_URL": url,
        "TODOKE_PUBLIC_URL": "http://127.0.0.1",
        "TODOKE_STATE_DIR": str(folder / "state"),
    }
    _fill(cluster, name, url, environment, size)
    times: dict[str, list[float]] = {name: [] for name in APPLICATIONS}
    with _serving("hello", environment) as hello, _serving("todoke", environment) as todoke:
        bare, service = (http.client.HTTPConnection("127.0.0.1", port, timeout=60) for port in (hello, todoke))
        for query in searches(WARMING, seed=ROUNDS):
            _ask(service, f"/api/v1/policies?{query}")
            _ask(service, f"/policies?{query}")
            _ask(bare, "/")
        for number in range(ROUNDS):
            mix = searches(SEARCHES_A_ROUND, seed=number)
            for query in mix:
                times["bare Flask"].append(_ask(bare, "/"))
                times["search (JSON)"].append(_ask(service, f"/api/v1/policies?{query}"))
                times["search (page)"].append(_ask(service, f"/policies?{query}"))
    return {name: _quantiles(taken) for name, taken in times.items()}


def _quantiles(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2] * 1_000, ordered[int(len(ordered) * 0.95)] * 1_000


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    try:
        return _answer_time(connection, path)
    except http.client.RemoteDisconnected:
        # The server closes what was silent for five seconds.
        connection.close()
        return _answer_time(connection, path)


def _answer_time(connection: http.client.HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, (path, answer.status)
    return time.perf_counter() - began


def _fill(cluster: Any, name: str, url: str, environment: dict[str, str], size: int) -> None:
    """A migrated database with ``size`` policies of many shapes, places, windows and titles."""
    import psycopg

    from app import clock, db, migrations, municipalities
    from app.policies.catalogue import listing

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    migrations.upgrade(url)
    municipalities.configure(with_samples=True)
    db.configure(url)
    with db.transaction() as session:
        clock.start_simulation(session, datetime.fromisoformat(NOW))
    db.dispose()
    _load_services(environment)
    shapes = _shapes()
    places = list(municipalities.current_table().rows.values())
    chosen = random.Random(size)
    rows = []
    for number in range(size):
        place = chosen.choice(places)
        title = f"{place.name} {chosen.choice(THEMES)}{chosen.choice(THEMES)}{chosen.choice(FORMS)}"
        row = listing(_document(chosen, shapes, f"B-{number:06}", place.code, title))
        full = chosen.random() < 0.05
        rows.append(row | {"state": "published", "exhausted": full, "was_filled": full})
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        _copy(cursor, "policies", ({**row, "current_version": 1} for row in rows), POLICY_COLUMNS)
        _copy(cursor, "policy_listings", iter(rows), tuple(rows[0]))
        cursor.execute(COUNTERS)
        cursor.execute("VACUUM ANALYZE")


POLICY_COLUMNS = ("policy_id", "municipality_code", "state", "current_version")
COUNTERS = """
    INSERT INTO policy_counters (policy_id, smallest_amount, seats_taken, budget, reserved, committed, ordered, granted,
                                 expired, return_due, returned, written_off, funded)
    SELECT policy_id, 1, 0, amount, 0, 0, 0, 0, 0, 0, 0, 0, amount
    FROM (SELECT policy_id, CASE WHEN exhausted THEN 0 ELSE 1000000 END AS amount FROM policy_listings) AS listed
"""


def _copy(cursor: Any, table: str, rows: Iterator[dict[str, Any]], columns: tuple[str, ...]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in columns])


def _shapes() -> list[dict[str, Any]]:
    samples = Path(__file__).parent.parent / "app" / "sample_data" / "sample_policies.json"
    return [
        {key: value for key, value in item.items() if key != "status"}
        for item in json.loads(samples.read_text(encoding="utf-8"))
    ]


def _document(chosen: random.Random, shapes: list[dict[str, Any]], policy_id: str, code: str, title: str) -> Any:
    """A sample in another place, under another title, with a window somewhere around the fixture clock."""
    from app.policies import PolicyDocument

    shape = dict(chosen.choice(shapes))
    first = date(2026, 11, 20) + timedelta(days=chosen.randrange(-400, 90))
    last = first + timedelta(days=chosen.randrange(10, 300))
    window = dict(shape["window"])
    window |= {"apply_from": f"{first}T09:00:00+09:00", "apply_to": f"{last}T23:59:59+09:00"}
    shape |= {"policy_id": policy_id, "municipality_code": code, "title": title, "window": window}
    return PolicyDocument.model_validate_json(json.dumps(shape))


def _load_services(environment: dict[str, str]) -> None:
    samples = Path(__file__).parent.parent / "app" / "sample_data" / "sample_services.json"
    command = [sys.executable, "-m", "app.cli", "policies", "load", str(samples)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _serving(which: str, environment: dict[str, str]) -> Iterator[int]:
    """One application under gunicorn on a free port, in its own process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "bench.eligibility_search", "serve", which, str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(port)


def _serve(which: str, port: int) -> None:
    """In the child process: gunicorn as `todoke serve` runs it, with our application or with a bare one."""
    from app.cli import gunicorn_app

    class _Bare(gunicorn_app.Service):
        def load(self) -> Any:
            return _hello()

    if which == "hello":
        _Bare(f"127.0.0.1:{port}", workers=1, threads=8).run()
    else:
        gunicorn_app.run(f"127.0.0.1:{port}", workers=1, threads=8)


def _hello() -> Any:
    from flask import Flask

    bare = Flask("hello")
    bare.add_url_rule("/", view_func=lambda: "hello")
    return bare


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(sys.argv[2], int(sys.argv[3]))
    else:
        for row in run(tuple(map(int, sys.argv[1:])) or SIZES):
            print(f"{row['size']:>9,}  {row['name']:<40} {row['value']:>8} {row['unit']:<3} {row['limit'] or ''}")
