"""What every page of the desk works with."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app
from werkzeug.exceptions import Forbidden, NotFound

from card_sim.desk.tray import Tray
from card_sim.desk.views import PersonView, person_view
from card_sim.faults import Fault
from card_sim.issuer import TestIssuer
from card_sim.people import Persona
from card_sim.wallet import Wallet


@dataclass(frozen=True)
class Desk:
    """One desk: its people, its clock and the reader it lays cards on."""

    wallet: Wallet
    people: Mapping[str, Persona]
    now: Callable[[], datetime]
    issuer: TestIssuer
    tray: Tray
    keypad_url: str
    service_url: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """Proof that a form was made by this desk; another site can neither read nor guess it."""

    def person(self, person_id: str) -> Persona:
        """The person of this id. Raises NotFound."""
        if person_id not in self.people:
            raise NotFound
        return self.people[person_id]

    def view(self, person_id: str) -> PersonView:
        """What the pages say about a person now. Raises NotFound, StateUnavailable."""
        return person_view(self.person(person_id), self.wallet.tries_left(person_id), self.now())

    def lay(self, person_id: str, faults: Sequence[Fault] = ()) -> None:
        """Lay a person's card on the reader. Raises NotFound, ReaderUnreachable, ReaderOccupied."""
        self.tray.lay(self.person(person_id).person_id, self.now(), faults)

    def reset(self, person_id: str) -> None:
        """Put a card back to how it was handed out. Raises NotFound, StateUnavailable."""
        self.wallet.reset(self.person(person_id).person_id)

    def check_token(self, sent: str) -> None:
        """Raises Forbidden unless a form carries the desk's token."""
        if not secrets.compare_digest(sent.encode(), self.token.encode()):
            raise Forbidden


def the_desk() -> Desk:
    """The desk of the application that serves the request."""
    desk = current_app.extensions["desk"]
    assert isinstance(desk, Desk)
    return desk
