"""Faults a tester can switch on, as one table: by name on the command line, by title at the desk (card.md 13, 14).

A fault is written `name` or `name:number`, as in `contact_lost:5`. Several may be combined; they are applied first to
the holder, then to the card, last to the way between card and reader, and among each other in the table's order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from card_sim.disturbances import Card
from card_sim.fault_table import FAULTS, FaultKind, Group, Scene
from card_sim.files import FileRef
from card_sim.people import Persona
from card_sim.profile import Behaviour, CardProfile

__all__ = ["FAULTS", "Fault", "FaultKind", "Group", "Scene", "UnknownFault", "parse"]

NUMBER_MAX: Final = 60_000


class UnknownFault(ValueError):
    """There is no such fault, or its number is missing or wrong; the message says which."""


@dataclass(frozen=True)
class Fault:
    """A fault as chosen: its row and its number."""

    kind: FaultKind
    number: int = 0

    def __str__(self) -> str:
        return self.kind.name if self.kind.number_default is None else f"{self.kind.name}:{self.number}"


def parse(text: str) -> Fault:
    """Read `name` or `name:number`; a left-out number takes its usual value. Raises UnknownFault."""
    name, colon, number = text.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        raise UnknownFault(f"there is no fault {name!r}")
    if kind.number_default is None:
        if colon:
            raise UnknownFault(f"the fault {name} takes no number")
        return Fault(kind)
    if not colon:
        return Fault(kind, kind.number_default)
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= NUMBER_MAX):
        raise UnknownFault(f"the fault {name} takes a number from 1 to {NUMBER_MAX}")
    return Fault(kind, int(number))


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """The faults as they are applied, each kind once."""
    chosen = {fault.kind.name: fault for fault in faults}
    return [chosen[name] for name in FAULTS if name in chosen]


def changed_holder(faults: Iterable[Fault], persona: Persona, now: datetime) -> Persona:
    """The holder as the faults have it."""
    for fault in faults:
        if fault.kind.holder is not None:
            persona = fault.kind.holder(persona, now)
    return persona


def changed_behaviour(faults: Iterable[Fault], behaviour: Behaviour) -> Behaviour:
    """The switches as the faults have them."""
    for fault in faults:
        switches: dict[str, Any] = dict(fault.kind.behaviour)
        behaviour = dataclasses.replace(behaviour, **switches)
    return behaviour


def changed_profile(faults: Iterable[Fault], profile: CardProfile, scene: Scene) -> CardProfile:
    """The card as the faults have it."""
    for fault in faults:
        if fault.kind.card is not None:
            profile = fault.kind.card(profile, scene)
    return profile


def blocked_keys(faults: Iterable[Fault]) -> frozenset[FileRef]:
    """The keys that have no try left."""
    return frozenset[FileRef]().union(*(fault.kind.blocks for fault in faults))


def disturbed(faults: Iterable[Fault], card: Card, scene: Scene) -> Card:
    """The card as the reader meets it."""
    for fault in faults:
        if fault.kind.way is not None:
            card = fault.kind.way(card, fault.number, scene)
    return card
