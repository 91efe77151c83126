"""Who of the staff uses this browser, at which terminal. Every page of staff asks here, and nowhere else."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app, g, request
from werkzeug.exceptions import Forbidden

from app import db, organisations
from app.organisations import ROLES, Role, SignedInStaff, Terminal
from app.settings import Settings
from app.web.own_cookies import read_cookie


def this_terminal() -> Terminal | None:
    """The counter terminal whose desk this browser is."""
    if "terminal" not in g:
        token = read_cookie("todoke_desk")
        g.terminal = None
        if token is not None:
            with db.reading() as session:
                g.terminal = organisations.terminal_of(session, token, "desk")
    terminal: Terminal | None = g.terminal
    return terminal


def current_staff() -> SignedInStaff | None:
    """The member of staff who is signed in at this terminal with this browser."""
    if "staff" not in g:
        token, terminal = read_cookie("todoke_staff"), this_terminal()
        g.staff = None
        if token is not None and terminal is not None:
            is_activity = not request.path.endswith("/state")
            g.staff = organisations.staff_of(token, terminal.terminal_id, idle=staff_idle(), is_activity=is_activity)
    staff: SignedInStaff | None = g.staff
    return staff


def forget_current_staff() -> None:
    """After signing in or out, ask anew."""
    g.pop("staff", None)


def staff_idle() -> timedelta:
    """How long a member of staff may do nothing."""
    settings: Settings = current_app.extensions["todoke"]
    return timedelta(minutes=settings.staff_idle_minutes)


def require_role(staff: SignedInStaff, *roles: Role) -> None:
    """403 for a member of staff without one of these roles."""
    if not staff.roles & set(roles):
        raise Forbidden()


def staff_line(staff: SignedInStaff) -> dict[str, str]:
    """Who is signed in, in words."""
    return {"name": staff.name, "roles": "、".join(ROLES[role] for role in sorted(staff.roles))}
