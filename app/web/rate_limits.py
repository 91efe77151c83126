"""How often one caller may do one thing: counted in PostgreSQL, so that any number of web processes agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from werkzeug.exceptions import TooManyRequests

from app import clock, db
from app.pii import vault
from app.web.models import RateLimit


@dataclass(frozen=True)
class Limit:
    """At most ``count`` times in ``seconds``."""

    purpose: str
    count: int
    seconds: int


OPEN_CARD_SESSION = Limit("open_card_session", 30, 300)
CHECK_ACCOUNT = Limit("check_account", 20, 600)
STAFF_SIGN_IN = Limit("staff_sign_in", 20, 300)
ISSUE_READER_CODE = Limit("issue_reader_code", 20, 600)
LOOK_UP_RECEIPT = Limit("look_up_receipt", 60, 600)
JOIN_TERMINAL = Limit("join_terminal", 10, 300)
AGENT_REFUSED = Limit("agent_refused", 60, 60)
SUBMIT_BY_PROGRAM = Limit("submit_by_program", 60, 600)
CALL_BACK_REFUSED = Limit("call_back_refused", 60, 60)


def check_limit(limit: Limit, caller: str | None = None) -> None:
    """Count one more; raises 429 with Retry-After when it is one too many. The caller's address is stored keyed."""
    now = clock.real_now()
    start = datetime.fromtimestamp(now.timestamp() // limit.seconds * limit.seconds, UTC)
    who = caller or request.remote_addr or "unknown"
    key = vault().index("rate_limit", f"{limit.purpose}\0{who}".encode())
    statement = insert(RateLimit).values(key=key, window_start=start, count=1)
    counted = statement.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"count": RateLimit.count + 1}
    ).returning(RateLimit.count)
    with db.transaction() as session:
        count = session.scalars(counted).one()
    if count > limit.count:
        wait = int(start.timestamp() + limit.seconds - now.timestamp()) + 1
        raise TooManyRequests(retry_after=wait)


def sweep_rate_limits() -> None:
    """Forget windows that are over."""
    with db.transaction() as session:
        session.execute(
            delete(RateLimit).where(
                RateLimit.window_start < datetime.fromtimestamp(clock.real_now().timestamp() - 3600, UTC)
            )
        )
