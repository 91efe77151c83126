"""`todoke serve` and `todoke worker`."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import procrastinate

    from app.settings import Settings

BEGIN_AGAIN_SECONDS = 1.0
END_SECONDS = 10.0
log = structlog.get_logger(__name__)


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
    from app.web import handlers, logging

    current = settings.current()
    logging.configure(current.log_level)
    start.configure(current, application_name="todoke-worker")
    handlers.register()
    from app.cli.simulated_time import follow_clock

    threading.Thread(target=_fetch_first_lists, args=(current,), name="first-revocation-lists", daemon=True).start()
    follow_clock(lambda: None)
    asyncio.run(_work(lambda: jobs.worker_app(current.database_url.get_secret_value()), concurrency))


def _fetch_first_lists(current: Settings) -> None:
    """Until every source has been fetched once: the next regular turn may be ten minutes away, and where several parts
    start together the source may need a moment longer than the worker. Without a list nothing is ever "not revoked".
    """
    from app.cards import fetch_revocation_lists

    for pause in (*[1.0] * 10, *[10.0] * 5, 0.0):
        if fetch_revocation_lists(current) == len(current.crl_sources):
            return
        time.sleep(pause)


async def _work(make_app: Callable[[], procrastinate.App], concurrency: int) -> None:
    """Until asked to end. A database that goes away ends the library's worker, and a new one begins when it is back;
    what the old one had in hand is found by the periodic jobs.
    """
    from procrastinate.exceptions import ConnectorException
    from psycopg import OperationalError
    from psycopg_pool import PoolTimeout

    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    while True:
        app = make_app()
        try:
            async with app.open_async():
                await _until(
                    asked_to_end,
                    app.run_worker_async(
                        concurrency=concurrency,
                        fetch_job_polling_interval=1.0,
                        name=f"worker-{os.getpid()}",
                        delete_jobs="successful",
                        # What a dead connection keeps from ending must not keep a new worker from beginning.
                        shutdown_graceful_timeout=END_SECONDS,
                        install_signal_handlers=False,
                    ),
                )
        except (ConnectorException, OperationalError, PoolTimeout) as fault:
            log.warning("the worker lost its database", error=type(fault).__name__)
        if asked_to_end.is_set():
            return
        log.warning("the worker begins again")
        await asyncio.sleep(BEGIN_AGAIN_SECONDS)


async def _until(asked_to_end: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run until it ends by itself or the process is asked to end; then what is in hand is finished first."""
    working = asyncio.ensure_future(work)
    asking = asyncio.ensure_future(asked_to_end.wait())
    await asyncio.wait((working, asking), return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    if not working.done():
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working
