"""The counter's readers: a supervisor lets one in by a code for a terminal, sees which there are, and revokes one.

What a reader at a counter reads is believed as `attended`. So whoever may let one in is an approver of the
municipality, signed in at one of its terminals, and every step is on the audit trail with that name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app import cards, db, organisations
from app.cards import CounterPlace, OwnReader, Reader
from app.counter.alarms import NotYours
from app.counter.call_next import close_desk
from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.organisations import Role, SignedInStaff, Terminal

MAX_LABEL = 40
SHOWN = 100


class LabelRefused(ValueError):
    """A label has 1 to 40 printable characters."""


@dataclass(frozen=True)
class ReaderCode:
    """A code just made; it is shown once."""

    text: str
    label: str
    terminal_name: str
    minutes: int


@dataclass(frozen=True)
class ReaderView:
    """A reader of the municipality as its supervisors see it."""

    agent_id: UUID
    label: str
    reader_no: str
    terminal_name: str | None
    """None when it stands at no terminal any more."""
    paired_at: datetime
    last_seen_at: datetime | None
    is_online: bool
    revoked_at: datetime | None


def issue_reader_code(staff: SignedInStaff, label: str, terminal_id: UUID) -> ReaderCode:
    """A code by which the program beside a reader becomes the reader of this terminal, once and soon.

    Raises ``NotYours``, ``LabelRefused``, E309 for a My Number in the label (BR-57), ``LookupError`` for a terminal
    that is not the municipality's.
    """
    if Role.APPROVER not in staff.roles:
        raise NotYours
    if looks_like_my_number(label):
        raise DomainError("E309")
    label = label.strip()
    if not 0 < len(label) <= MAX_LABEL or not label.isprintable():
        raise LabelRefused
    with db.transaction() as session:
        terminal = organisations.get_terminal(session, terminal_id)
        if terminal is None or terminal.municipality_code != staff.municipality_code:
            raise LookupError("no such terminal")
        place = CounterPlace(terminal_id, staff.municipality_code, staff.staff_id)
        text = cards.issue_pair_code(session, name=label, kind="unattended", place=place)
    return ReaderCode(text, label, terminal.name, cards.LIFE_MINUTES)


def pair_reader(code: str, public_key: bytes) -> Reader | None:
    """Enrol the device key that came with a code, and let it stand at the terminal that the code is for, if any.

    A visit that goes on there is wiped. None for a code that will not do; raises ``cards.AgentRevoked``.
    """
    try:
        with db.transaction() as session:
            paired = cards.pair_agent(session, code, public_key)
            if paired is None:
                return None
            if paired.place is not None:
                _place(session, paired.reader, paired.place)
            return paired.reader
    except LookupError:  # the terminal was closed since
        return None


def readers_of(session: Session, municipality_code: str) -> list[ReaderView]:
    """The municipality's readers with where they stand, those in use first."""
    at = {one.agent_id: one for one in organisations.terminals_of(session, municipality_code)}
    found = cards.readers_of_municipality(session, municipality_code, SHOWN)
    return [_view(one, at.get(one.reader.agent_id)) for one in found]


def reader_of(session: Session, municipality_code: str, agent_id: UUID) -> ReaderView | None:
    """One of the municipality's readers; None for anybody else's."""
    found = cards.reader_of_municipality(session, municipality_code, agent_id)
    return _view(found, _terminal_of(session, municipality_code, agent_id)) if found else None


def revoke_reader(staff: SignedInStaff, agent_id: UUID) -> None:
    """Nothing that this reader signs is accepted from now on; a visit at its terminal is wiped. Again: no change.

    Raises ``NotYours``, ``LookupError`` for a reader that is not the municipality's.
    """
    if Role.APPROVER not in staff.roles:
        raise NotYours
    with db.transaction() as session:
        if cards.reader_of_municipality(session, staff.municipality_code, agent_id) is None:
            raise LookupError("no such reader")
        terminal = _terminal_of(session, staff.municipality_code, agent_id)
        if cards.revoke_agent(session, agent_id, staff_id=staff.staff_id) and terminal is not None:
            close_desk(session, terminal.terminal_id)


def _place(session: Session, reader: Reader, place: CounterPlace) -> None:
    close_desk(session, place.terminal_id)
    before = organisations.give_reader(session, place.terminal_id, reader.agent_id, staff_id=place.staff_id)
    if before is not None:
        cards.take_from_counter(session, before)
    cards.place_at_counter(session, reader.agent_id, place.municipality_code)


def _terminal_of(session: Session, municipality_code: str, agent_id: UUID) -> Terminal | None:
    terminals = organisations.terminals_of(session, municipality_code)
    return next((one for one in terminals if one.agent_id == agent_id), None)


def _view(one: OwnReader, terminal: Terminal | None) -> ReaderView:
    return ReaderView(
        agent_id=one.reader.agent_id,
        label=one.reader.name,
        reader_no=one.reader.reader_no,
        terminal_name=terminal.name if terminal else None,
        paired_at=one.paired_at,
        last_seen_at=one.last_seen_at,
        is_online=one.reader.online and one.revoked_at is None,
        revoked_at=one.revoked_at,
    )
