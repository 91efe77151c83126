"""A resident is signed in by the card just read, until the session ends; another card starts from nothing (BR-50)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

manager = LoginManager()


@dataclass(frozen=True)
class Resident(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """The person whose card was read in this session."""

    person_id: UUID

    def get_id(self) -> str:
        """The id that Flask-Login keeps in the session."""
        return str(self.person_id)


def install(app: Flask) -> None:
    """Load the signed-in person from the server-side session."""
    manager.init_app(app)
    manager.session_protection = None  # the session itself lives on the server and is bound to its own token
    # The library would keep an unkeyed hash of address and browser in the session.
    manager._session_identifier_generator = str

    @manager.user_loader  # type: ignore[untyped-decorator]  # flask-login has no types
    def _load(person_id: str) -> Resident | None:
        try:
            return Resident(UUID(person_id))
        except ValueError:
            return None


def sign_in(person_id: UUID) -> None:
    """Sign this person in under a new token; whatever another person left in the session is gone."""
    if signed_in_person() not in (None, person_id):
        browser = session.get("browser")
        session.clear()
        session["browser"] = browser
    login_user(Resident(person_id))
    setattr(session, "rotate", True)  # noqa: B010  # the proxy hides our ServerSession from the type checker


def sign_out() -> None:
    """End the session; nothing of it stays."""
    logout_user()
    session.clear()


def signed_in_person() -> UUID | None:
    """The person signed in, or None."""
    return current_user.person_id if current_user.is_authenticated else None
