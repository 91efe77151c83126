"""The one form that takes files: more room for who is signed in and within the limit, and never a file on the disk."""

from __future__ import annotations

import io
from typing import IO

from flask import Flask, Request, request

from app.documents import MAX_FILE_BYTES, MAX_FILES
from app.web.rate_limits import Limit, check_limit
from app.web.sign_in import signed_in_person

TAKES_FILES = "resident.answer"
MAX_BYTES = MAX_FILES * MAX_FILE_BYTES + 2 * 1024 * 1024
SEND_FILES = Limit("send_files", 30, 3_600)


class InMemory(Request):
    """A request whose files stay in memory: the library would put larger ones into a temporary file, in clear."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


def install(app: Flask) -> None:
    """Called before anything reads a form: from then on its limit holds."""
    app.request_class = InMemory

    @app.before_request
    def _make_room() -> None:
        person_id = signed_in_person() if request.method == "POST" and request.endpoint == TAKES_FILES else None
        if person_id is not None:
            check_limit(SEND_FILES, str(person_id))
            request.max_content_length = MAX_BYTES
