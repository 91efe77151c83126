"""`python -m bench.apply.bare_flask PORT WORKERS`: the bare Flask of the comparison under the service's own server."""

from __future__ import annotations

import sys
from typing import Any

from app.cli.gunicorn_app import Service
from app.settings import current
from bench.apply.servers import bare


class Bare(Service):
    """gunicorn with the service's options and another application."""

    def load(self) -> Any:
        return bare()


if __name__ == "__main__":
    port, workers = sys.argv[1:]
    Bare(f"127.0.0.1:{port}", int(workers), current().web_threads).run()
