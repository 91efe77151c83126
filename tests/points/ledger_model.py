"""What a ledger should hold, kept by hand: people with their points and orders, and the sums of a policy.

It knows nothing of the program's tables of flows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID, uuid4


@dataclass
class Person:
    """What the model knows of one application: its points by account, its seat, and its open order."""

    application_id: UUID = field(default_factory=uuid4)
    person_id: UUID = field(default_factory=uuid4)
    points: Counter[str] = field(default_factory=Counter)
    has_seat: bool = True
    has_link: bool = False
    order: UUID | None = None
    order_is: str = "none"
    orders: list[UUID] = field(default_factory=list)
    disputed: bool = False
    is_rebate: bool = False

    @property
    def who(self) -> dict[str, UUID]:
        return {"application_id": self.application_id, "person_id": self.person_id}


def one_of(people: list[Person], which: int) -> Person:
    return people[which % len(people)]


class Model:
    """Points by account, and the people who hold them."""

    def __init__(self) -> None:
        self.balance: Counter[str] = Counter()
        self.people: list[Person] = []

    def moves(self, amount: int, source: str, target: str, person: Person | None = None) -> None:
        for account, change in ((source, -amount), (target, amount)):
            self.balance[account] += change
            if person is not None:
                person.points[account] += change

    def holding(self, account: str) -> list[Person]:
        return [person for person in self.people if person.points[account] > 0]

    def committed(self) -> list[Person]:
        return [person for person in self.holding("COMMITTED") if not person.is_rebate]

    def without_service(self) -> list[Person]:
        return [person for person in self.committed() if not person.has_link]

    def orderable(self) -> list[Person]:
        return [person for person in self.committed() if person.has_link]

    def accepted(self) -> list[Person]:
        return [person for person in self.holding("ORDERED") if person.order_is == "accepted"]

    def decided(self) -> list[Person]:
        return [person for person in self.people if person.orders and person.order is None]

    @property
    def seats_taken(self) -> int:
        return sum(person.has_seat for person in self.people)
