"""Organisations: accounts and roles of staff, their sign-in, and the terminals of the counters."""

from app.organisations.manage_staff import (
    Credentials,
    NoSuchStaff,
    StaffExists,
    add_staff,
    close_staff,
    code_for_testers,
    disable_staff,
    enable_staff,
    reset_staff,
)
from app.organisations.queries import StaffView, all_staff, get_staff, own_fingerprint
from app.organisations.roles import ROLES, Role
from app.organisations.sign_in import SignedInStaff, end_sessions, sign_in, sign_out, somebody_is_signed_in, staff_of
from app.organisations.states import AccountMoveRefused, AccountState
from app.organisations.terminals import (
    PLACES,
    Place,
    Terminal,
    TerminalExists,
    add_terminal,
    all_terminals,
    close_terminal,
    get_terminal,
    issue_terminal_code,
    join_terminal,
    terminal_of,
)

__all__ = [
    "PLACES",
    "ROLES",
    "AccountMoveRefused",
    "AccountState",
    "Credentials",
    "NoSuchStaff",
    "Place",
    "Role",
    "SignedInStaff",
    "StaffExists",
    "StaffView",
    "Terminal",
    "TerminalExists",
    "add_staff",
    "add_terminal",
    "all_staff",
    "all_terminals",
    "close_staff",
    "close_terminal",
    "code_for_testers",
    "disable_staff",
    "enable_staff",
    "end_sessions",
    "get_staff",
    "get_terminal",
    "issue_terminal_code",
    "join_terminal",
    "own_fingerprint",
    "reset_staff",
    "sign_in",
    "sign_out",
    "somebody_is_signed_in",
    "staff_of",
    "terminal_of",
]
