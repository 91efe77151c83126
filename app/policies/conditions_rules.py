"""What a tree of conditions must satisfy beyond its form: each fault with its path and the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app import municipalities
from app.policies.conditions_tree import (
    AgeIs,
    All,
    AnyNode,
    AnyOf,
    BornBetween,
    GuardianConfirmed,
    LivesIn,
    Not,
    StaffReads,
    walk,
)

MAX_DEPTH = 8
MAX_NODES = 200

PathFault = tuple[str, str]

_NEEDS_CODES = ("card_address_at_application", "prefecture", "non_resident", "base_date")


def tree_faults(root: AnyNode) -> list[PathFault]:
    """Every (path, reason) that stands against the tree; empty when it may be taken."""
    nodes = list(walk(root))
    faults = [
        (path, f"is deeper than {MAX_DEPTH} levels")
        for path, node in nodes
        if path.count(".of.") + path.count(".condition") > MAX_DEPTH
    ]
    if len(nodes) > MAX_NODES:
        faults.append(("root", f"has more than {MAX_NODES} conditions"))
    return faults + [
        (f"{path}.{field}" if field else path, reason)
        for path, node in nodes
        for field, reason in _RULES.get(type(node), _no_rule)(node)
    ]


def _no_rule(node: AnyNode) -> Iterator[tuple[str, str]]:
    return iter(())


def _group(node: AnyNode) -> Iterator[tuple[str, str]]:
    assert isinstance(node, All | AnyOf)
    if len({part.model_dump_json() for part in node.of}) != len(node.of):
        yield "of", "names the same condition twice"


def _negation(node: AnyNode) -> Iterator[tuple[str, str]]:
    assert isinstance(node, Not)
    if isinstance(node.condition, Not):
        yield "condition", "negates a negation: leave out both"
    if isinstance(node.condition, GuardianConfirmed | StaffReads):
        yield "condition", f"{node.condition.kind} has no opposite that anybody could show"
    if isinstance(node.condition, LivesIn) and node.condition.mode == "none":
        yield "condition", "nobody lives nowhere: a residence without limit has no opposite"


def _residence(node: AnyNode) -> Iterator[tuple[str, str]]:
    assert isinstance(node, LivesIn)
    if node.mode in _NEEDS_CODES and not node.codes:
        yield "codes", f"mode {node.mode} needs at least one municipality"
    if node.mode == "none" and node.codes:
        yield "codes", "mode none has no municipality"
    for number, code in enumerate(node.codes):
        if not municipalities.is_valid_code(code):
            yield f"codes.{number}", f"{code} has a wrong check digit (BR-73)"
        elif code not in municipalities.current_table().rows:
            yield f"codes.{number}", f"{code} is not in the municipality table"
        elif (municipalities.get(code).kind is municipalities.Kind.PREFECTURE) is not (node.mode == "prefecture"):
            expected = "prefecture" if node.mode == "prefecture" else "municipality"
            if node.mode in ("prefecture", "card_address_at_application"):
                yield f"codes.{number}", f"{code} is no {expected}"
    if (node.base_date is not None) is not (node.mode == "base_date"):
        yield "base_date", "goes with mode base_date, and only with it (BR-18)"
    if node.strict and node.mode in ("base_date", "none"):
        yield "strict", f"means nothing with mode {node.mode}"


def _age(node: AnyNode) -> Iterator[tuple[str, str]]:
    assert isinstance(node, AgeIs)
    if node.min is None and node.max is None:
        yield "", "needs min or max"
    if node.min is not None and node.max is not None and node.min > node.max:
        yield "min", "is above max"
    if node.rule == "nendo_end" and (node.max is None or node.min is not None):
        yield "rule", "nendo_end is a reading of an upper age limit: max, and no min (BR-06)"


def _birth_date(node: AnyNode) -> Iterator[tuple[str, str]]:
    assert isinstance(node, BornBetween)
    if node.first is None and node.last is None:
        yield "", "needs first or last"
    if node.first is not None and node.last is not None and node.first > node.last:
        yield "first", "is after last"


_RULES: dict[type[AnyNode], Callable[[AnyNode], Iterator[tuple[str, str]]]] = {
    All: _group,
    AnyOf: _group,
    Not: _negation,
    LivesIn: _residence,
    AgeIs: _age,
    BornBetween: _birth_date,
}
