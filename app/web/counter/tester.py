"""What a tester needs in order to sign in as one of the fictional staff: read from the demo's own private file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app import db, organisations
from app.organisations import ROLES, AccountState, Place, Terminal

FILE = "staff.json"
STATES = {
    AccountState.ACTIVE: "使えます",
    AccountState.LOCKED: "ロック中",
    AccountState.SUSPENDED: "停止中",
    AccountState.CLOSED: "閉鎖",
}


def rows_for_testers(state_dir: Path, *, with_codes: bool) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Accounts with password and present code, and the terminals, with fresh codes for their browsers if wanted."""
    path = state_dir / FILE
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    accounts = []

    def code(session: Session, terminal: Terminal, place: Place) -> str:
        return organisations.issue_terminal_code(session, terminal.terminal_id, place) if with_codes else ""

    with db.transaction() as session:
        for one in organisations.all_staff(session):
            accounts.append(
                {
                    "staff_id": one.staff_id,
                    "name": one.name,
                    "roles": "、".join(ROLES[role] for role in sorted(one.roles)),
                    "password": kept.get(one.staff_id, ""),
                    "code": organisations.code_for_testers(session, one.staff_id),
                    "state": STATES[one.state],
                }
            )
        terminals = [
            {
                "name": terminal.name,
                "municipality": terminal.municipality_code,
                "desk": code(session, terminal, "desk"),
                "screen": code(session, terminal, "screen"),
            }
            for terminal in organisations.all_terminals(session)
        ]
    return accounts, terminals
