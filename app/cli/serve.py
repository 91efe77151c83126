"""`todoke serve` and `todoke worker`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import procrastinate

    from app.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Web processes; each has its own threads.")
def serve(host: str, port: int, workers: int) -> None:
    """Run the web service under gunicorn. Settings come from TODOKE_... in the environment."""
    from app import settings
    from app.cli.gunicorn_app import run

    threads = settings.current().web_threads
    run(f"{host}:{port}", workers=workers, threads=threads)


@click.command()
@click.option("--concurrency", default=4, show_default=True, help="Jobs that run at the same time.")
def worker(concurrency: int) -> None:
    """Run a worker: sends grant orders, asks about unanswered ones, fetches revocation lists, seals the audit log."""
    from app import jobs, settings, start
    from app.web import logging

    current = settings.current()
    logging.configure(current.log_level)
    start.configure(current, application_name="todoke-worker")
    from app.cli.simulated_time import follow_clock

    threading.Thread(target=_fetch_first_lists, args=(current,), name="first-revocation-lists", daemon=True).start()
    follow_clock(lambda: None)
    asyncio.run(_work(jobs.worker_app(current.database_url.get_secret_value()), concurrency))


def _fetch_first_lists(current: Settings) -> None:
    """Until every source has been fetched once: the next regular turn may be ten minutes away, and where several parts
    start together the source may need a moment longer than the worker. Without a list nothing is ever "not revoked".
    """
    from app.cards import fetch_revocation_lists

    for pause in (*[1.0] * 10, *[10.0] * 5, 0.0):
        if fetch_revocation_lists(current) == len(current.crl_sources):
            return
        time.sleep(pause)


async def _work(app: procrastinate.App, concurrency: int) -> None:
    async with app.open_async():
        await app.run_worker_async(
            concurrency=concurrency,
            fetch_job_polling_interval=1.0,
            name=f"worker-{os.getpid()}",
            delete_jobs="successful",
        )
