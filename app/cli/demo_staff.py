"""The demo's staff and its counter terminal, from the sample data; made once, kept with the demo's data."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from app import cards, db, organisations, settings
from app.organisations import Role
from card_sim.staff import StaffPersona, load_staff

TERMINAL = ("992011", "1番窓口(試験)")
MORE = (
    StaffPersona("ST-05", "reviewer", "992011", "審査　葵"),
    StaffPersona("ST-06", "treasurer", "992011", "出納　楓"),
)
"""The sample data have none of these at the terminal's municipality, where review and taking back can be tried."""


def prepare(state: Path) -> None:
    """Accounts whose passwords a tester reads on the page /tester/staff, and one terminal at the desk's reader."""
    kept: dict[str, str] = {}
    path = state / "staff.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
    before = dict(kept)
    for one in (*load_staff(), *MORE):
        with db.transaction() as session:
            known = organisations.get_staff(session, one.staff_id)
            if known is not None and one.staff_id in kept:
                continue
            if known is not None:
                credentials = organisations.reset_staff(session, one.staff_id)
            else:
                credentials = organisations.add_staff(
                    session,
                    staff_id=one.staff_id,
                    municipality_code=one.municipality_code,
                    name=one.name,
                    roles={Role(one.role)},
                )
            kept[one.staff_id] = credentials.password.reveal()
    if kept != before:
        path.unlink(missing_ok=True)
        settings.write_private_file(path, json.dumps(kept, indent=1))
    _prepare_terminal(state)


def _prepare_terminal(state: Path) -> None:
    desk = json.loads((state / "agents" / "desk.json").read_text(encoding="utf-8"))
    municipality_code, name = TERMINAL
    with db.transaction() as session:
        known = next((one for one in organisations.all_terminals(session) if one.name == name), None)
        if known is not None and cards.reader_at_counter(session, known.agent_id) is not None:
            return
        agent_id = UUID(desk["agent_id"])
        if known is None:
            organisations.add_terminal(session, municipality_code=municipality_code, name=name, agent_id=agent_id)
        else:  # a tester revoked the desk's reader: there is a new one
            organisations.give_reader(session, known.terminal_id, agent_id, staff_id=None)
        cards.place_at_counter(session, agent_id, municipality_code)
