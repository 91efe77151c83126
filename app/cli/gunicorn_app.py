"""gunicorn, started from our own command line, with threads (a waiting reader holds one)."""

from __future__ import annotations

import gc
from typing import Any

from gunicorn.app.base import BaseApplication

NEW_OBJECTS = 20_000
"""So many more objects than before are there when cycles are looked for: what some requests leave, a few megabytes."""


def _settle(_: object) -> None:
    """What a worker loaded at its start stays: looking through all of it again and again for cycles that nobody
    holds any more was a quarter of its work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)


class Service(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, bind: str, workers: int, threads: int) -> None:
        self._options = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 10,
            "keepalive": 5,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "limit_request_line": 4094,
            "limit_request_fields": 60,
            "accesslog": None,  # a request line may hold what a person typed; app/web/logging.py logs the route
            "errorlog": "-",
            "loglevel": "warning",
            "worker_tmp_dir": None,
            "control_socket_disable": True,
            "post_worker_init": _settle,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        from app import create_app
        from app.settings import current
        from app.web import logging

        logging.configure(current().log_level)
        return create_app()


def run(bind: str, *, workers: int, threads: int) -> None:
    """Serve until stopped. The application is made in each worker process: no connection crosses a fork."""
    Service(bind, workers, threads).run()
