"""Logs: constant text plus ids. A request is logged by its route, never by its path, query or body (BR-60)."""

from __future__ import annotations

import logging
import sys
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request


def configure(level: str) -> None:
    """JSON lines on stderr for our own logs and for those of libraries."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors, processor=structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These write request lines or job arguments at INFO; ours say what is needed.
    for noisy in ("httpx", "httpcore", "werkzeug", "procrastinate.jobs", "procrastinate.worker"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


log = structlog.get_logger("todoke.web")


def install(app: Flask) -> None:
    """Log each request once, with a reference that error pages show."""

    @app.before_request
    def _start() -> None:
        g.started = time.perf_counter()
        g.ref = uuid4().hex[:10]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(ref=g.ref)

    @app.after_request
    def _finish(response: Response) -> Response:
        if request.endpoint not in ("static", "health.healthz", "health.readyz"):
            log.info(
                "request",
                method=request.method,
                route=request.url_rule.rule if request.url_rule else None,
                status=response.status_code,
                ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000),
            )
        return response
