"""The conditions of a policy as a declarative tree: all / any / not over typed leaves (domain.md 1.3, 1.4).

Only the form is said here. What a tree must further satisfy is in ``conditions_rules``, how it is judged in
``conditions_evaluate``, how it reads in ``conditions_words``. The version of the schema stands in every document.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.policies.form import Line, MunicipalityCode, Part, Points, PolicyId, Years

SCHEMA_VERSION = 1

ResidenceMode = Literal["card_address_at_application", "base_date", "prefecture", "none", "non_resident"]
Sex = Literal["male", "female"]


class AgeRule(Part):
    """An age at a day, in one of the two readings of BR-06."""

    min: Years | None = None
    max: Years | None = None
    as_of: date | Literal["application"]
    rule: Literal["law_age", "nendo_end"]


class All(Part):
    """Every one of them."""

    kind: Literal["all"]
    of: Annotated[tuple[Node, ...], Field(min_length=1, max_length=50)]


class AnyOf(Part):
    """At least one of them."""

    kind: Literal["any"]
    of: Annotated[tuple[Node, ...], Field(min_length=1, max_length=50)]


class Not(Part):
    """The opposite; what cannot be told stays untold."""

    kind: Literal["not"]
    condition: Node


class LivesIn(Part):
    """Residence, in one of five modes (BR-18): any of ``codes``, or none of them with ``non_resident``.

    On a base date a card proves nothing; the list ``by_list`` does, if there is one, else staff. ``strict``: the card
    alone does not do, the list or staff must agree (BR-24).
    """

    kind: Literal["residence"]
    mode: ResidenceMode
    codes: Annotated[tuple[MunicipalityCode, ...], Field(max_length=200)] = ()
    base_date: date | Literal["birth_date"] | None = None
    who: Annotated[tuple[Literal["child", "guardian"], ...], Field(max_length=2)] = ()
    by_list: Line | None = None
    strict: bool = False


class AgeIs(AgeRule):
    """A legal age, from ``min`` to ``max`` (BR-04, BR-06)."""

    kind: Literal["age"]


class BornBetween(Part):
    """A range of birth dates, both ends included (BR-08); a missing end is open."""

    kind: Literal["birth_date"]
    first: date | None = None
    last: date | None = None


class SexIs(Part):
    """The sex as the card names it. A card that names none leaves it untold."""

    kind: Literal["sex"]
    sex: Sex


class OnList(Part):
    """A row of the list of recipients fits (BR-67). No row is never a refusal (BR-32)."""

    kind: Literal["on_list"]
    list_id: Line


class NotOnList(Part):
    """No row of the exclusion list fits."""

    kind: Literal["not_on_list"]
    list_id: Line


class ReceivedEarlier(Part):
    """Received in at least one of these policies (BR-16); under ``not`` it excludes earlier recipients."""

    kind: Literal["received_earlier"]
    policies: Annotated[tuple[PolicyId, ...], Field(min_length=1, max_length=50)]


class CarryOverCap(Part):
    """Something is left of ``maximum`` points after what was received in an earlier round (BR-17)."""

    kind: Literal["carry_over_cap"]
    maximum: Points
    from_policy: PolicyId


class ActivityAchieved(Part):
    """A linked app reports "achieved"; where it counts, at least ``stamps``."""

    kind: Literal["linked_app"]
    app: Line
    stamps: Annotated[int, Field(ge=1, le=1000)] | None = None


class EventAttended(Part):
    """The QR code of the venue was scanned on the right day."""

    kind: Literal["event_attendance"]
    event: Line


class DocumentSeen(Part):
    """Staff at a counter saw the document; only its kind and the day are kept."""

    kind: Literal["document_seen"]
    document: Line


class GuardianConfirmed(Part):
    """Under 15 a confirmed guardian applies; older people apply themselves (BR-25)."""

    kind: Literal["guardian"]


class StaffReads(Part):
    """Something that only staff can read and decide, named for the person in up to three languages."""

    kind: Literal["staff_reads"]
    what: Line
    what_easy: Line | None = None
    what_en: Line | None = None


Leaf = (
    LivesIn
    | AgeIs
    | BornBetween
    | SexIs
    | OnList
    | NotOnList
    | ReceivedEarlier
    | CarryOverCap
    | ActivityAchieved
    | EventAttended
    | DocumentSeen
    | GuardianConfirmed
    | StaffReads
)
Node = Annotated[All | AnyOf | Not | Leaf, Field(discriminator="kind")]
AnyNode = All | AnyOf | Not | Leaf

for _branch in (All, AnyOf, Not):
    _branch.model_rebuild()


class ConditionsDocument(Part):
    """The tree with the version of the schema it is written in."""

    schema_version: Literal[1]
    root: Node


def conjuncts_of(root: AnyNode) -> tuple[AnyNode, ...]:
    """The conditions that must each hold: the tree with the ``all`` at its top taken apart."""
    if not isinstance(root, All):
        return (root,)
    return tuple(part for node in root.of for part in conjuncts_of(node))


def walk(node: AnyNode, path: str = "root") -> Iterator[tuple[str, AnyNode]]:
    """The node and everything below it, each with its path as written in the document."""
    yield path, node
    if isinstance(node, All | AnyOf):
        for number, part in enumerate(node.of):
            yield from walk(part, f"{path}.of.{number}")
    elif isinstance(node, Not):
        yield from walk(node.condition, f"{path}.condition")


def leaves_of(node: AnyNode) -> tuple[Leaf, ...]:
    """Every leaf, in the order in which they stand."""
    return tuple(found for _, found in walk(node) if not isinstance(found, All | AnyOf | Not))
