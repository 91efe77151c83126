"""The bundled PostgreSQL: starts in any folder, keeps its data, listens on no network address."""

from __future__ import annotations

from pathlib import Path

import psycopg

from app.embedded_postgres import SOCKET_PATH_LIMIT, EmbeddedPostgres


def test_data_survives_stop_and_start(tmp_path: Path) -> None:
    cluster = EmbeddedPostgres(tmp_path / "pg", durable=False)
    try:
        with psycopg.connect(cluster.start(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        cluster.stop()
        with psycopg.connect(cluster.start()) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    finally:
        cluster.stop()


def test_a_folder_with_a_long_name_still_gets_a_socket(tmp_path: Path) -> None:
    cluster = EmbeddedPostgres(tmp_path / ("x" * SOCKET_PATH_LIMIT), durable=False)
    try:
        with psycopg.connect(cluster.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.stop()


def test_starting_twice_takes_over_the_running_server(tmp_path: Path) -> None:
    cluster = EmbeddedPostgres(tmp_path / "pg", durable=False)
    try:
        assert cluster.start() == EmbeddedPostgres(tmp_path / "pg").start()
    finally:
        cluster.stop()
