"""Server-side sessions in PostgreSQL for Flask: the cookie is a random token, the row holds its hash and the data.

A session is made only when something is put into it, so that reading the catalogue leaves no trace. Signing in changes
the token (no fixation); idle and absolute limits are real time.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response, g
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import CallbackDict

from app import clock, db
from app.db_statements import Statement
from app.settings import Settings
from app.web.models import WebSession

TOUCH_SECONDS = 60
_STATE = "/state"

_LOAD = Statement(
    select(WebSession.data, WebSession.expires_at, WebSession.last_seen_at).where(
        WebSession.token_hash == bindparam("key")
    )
)
_TOUCH = Statement(
    update(WebSession).where(WebSession.token_hash == bindparam("key")).values(last_seen_at=bindparam("now"))
)


class ServerSession(CallbackDict[str, Any], SessionMixin):
    """The data of one session, with the token it came by."""

    def __init__(self, initial: dict[str, Any] | None = None, token: str | None = None) -> None:
        def changed(_: object) -> None:
            self.modified = True

        super().__init__(initial, changed)
        self.token = token
        self.new = token is None
        self.modified = False
        self.rotate = False

    @property
    def browser_key(self) -> bytes:
        """What binds a card session to this browser; fixed for the session's life, also through sign-in."""
        if "browser" not in self:
            self["browser"] = secrets.token_hex(32)
        return hashlib.sha256(str(self["browser"]).encode()).digest()


class DatabaseSessions(SessionInterface):
    """Opens and saves ``ServerSession``s; see the module's docstring."""

    def __init__(self, settings: Settings) -> None:
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._absolute = timedelta(hours=settings.session_absolute_hours)

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        """The session of this request's cookie, or an empty one."""
        token = request.cookies.get(self.get_cookie_name(app))
        # By the path: the session is opened before the route is known.
        if request.path.startswith(_WITHOUT_SESSION) or not token or len(token) > 100:
            return ServerSession()
        try:
            return self._load(token, request)
        except SQLAlchemyError as fault:
            g.session_fault = fault
            return ServerSession()

    def _load(self, token: str, request: Request) -> ServerSession:
        key, now = _hash(token), clock.real_now()
        with db.at_once() as connection:
            row = next(iter(_LOAD.ask_on(connection, key=key).rows()), None)
            if row is None or row.expires_at <= now or row.last_seen_at + self._idle <= now:
                return ServerSession()
            g.session_ends = min(row.expires_at, row.last_seen_at + self._idle)
            # What a page asks by itself is no sign of a person.
            asked_by_script = request.path.endswith(_STATE) and "extend" not in request.args
            if now - row.last_seen_at > timedelta(seconds=TOUCH_SECONDS) and not asked_by_script:
                _TOUCH.ask_on(connection, key=key, now=now)
                g.session_ends = min(row.expires_at, now + self._idle)
            return ServerSession(row.data, token)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; give a new token after sign-in and drop the row when the session is emptied."""
        assert isinstance(session, ServerSession)
        name = self.get_cookie_name(app)
        if not session:
            if session.token and session.modified:
                self._drop(session.token)
                response.delete_cookie(name, path="/", secure=app.config["SESSION_COOKIE_SECURE"], httponly=True)
            return
        if not session.modified:
            return
        old = session.token
        # A session that was signed out while this request ran must not come back: known tokens are only updated.
        if old is not None and not (self._drop(old) if session.rotate else self._update(old, session)):
            response.delete_cookie(name, path="/", secure=app.config["SESSION_COOKIE_SECURE"], httponly=True)
            return
        if old is None or session.rotate:
            session.token = secrets.token_urlsafe(32)
            self._insert(session.token, session)
        assert session.token is not None
        response.set_cookie(
            name,
            session.token,
            path="/",
            secure=app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )

    def _insert(self, token: str, session: ServerSession) -> None:
        now = clock.real_now()
        data = dict(session)
        row = WebSession(
            token_hash=_hash(token),
            person_id=data.get("_user_id"),
            data=data,
            created_at=now,
            last_seen_at=now,
            expires_at=now + self._absolute,
        )
        with db.transaction() as database:
            database.add(row)

    @staticmethod
    def _update(token: str, session: ServerSession) -> bool:
        data = dict(session)
        changed = (
            update(WebSession)
            .where(WebSession.token_hash == _hash(token))
            .values(data=data, person_id=data.get("_user_id"), last_seen_at=clock.real_now())
            .returning(WebSession.token_hash)
        )
        with db.transaction() as database:
            return database.scalar(changed) is not None

    @staticmethod
    def _drop(token: str) -> bool:
        gone = delete(WebSession).where(WebSession.token_hash == _hash(token)).returning(WebSession.token_hash)
        with db.transaction() as database:
            return database.scalar(gone) is not None


_WITHOUT_SESSION = ("/static/", "/healthz", "/readyz")


def install(app: Flask, settings: Settings) -> None:
    """Keep this application's sessions in the database."""
    app.session_interface = DatabaseSessions(settings)

    @app.before_request
    def _report_fault() -> None:
        # While the session is opened, no error handler is in reach: an unreachable database is reported from here.
        if "session_fault" in g:
            raise g.pop("session_fault")


def seconds_left() -> int:
    """Until this session ends by itself, unless the person does something; 0 without one."""
    ends = g.get("session_ends")
    return max(int((ends - clock.real_now()).total_seconds()), 0) if ends else 0


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def sweep_sessions() -> int:
    """Delete sessions that ended; returns how many."""
    with db.transaction() as session:
        gone = delete(WebSession).where(WebSession.expires_at < clock.real_now()).returning(WebSession.token_hash)
        return len(session.scalars(gone).all())
