"""``CARD_AUTO``: what a person is told about the municipality of the card's address (BR-18 to BR-22, BR-24, BR-32)."""

from __future__ import annotations

from collections.abc import Mapping

from app import municipalities
from app.municipalities import Kind, Municipality
from app.policies import PolicyDocument
from app.screening.verdict import Verdict, failed, inconclusive

RULE_VERSION = "card_auto-1"

_DOUBTS = {
    "address_unknown": "E218",
    "address_ambiguous": "E205",
    "evidence": "E205",
    # What else the policy asks for beside the card is said by that check.
    "card_alone": None,
}


def doubt_about_residence(reason: str, told: Mapping[str, str]) -> Verdict:
    """Too little is known, which is never a failure (BR-32)."""
    return inconclusive(_DOUBTS.get(reason, "E205"), told)


def lives_elsewhere(document: PolicyDocument, wanted: tuple[str, ...], code: str) -> Verdict:
    """E202 when the card names a municipality of the same name in another prefecture (BR-19), else E201."""
    lives_in = municipalities.get(code)
    policy_place = _policy_place(document, wanted)
    namesake = _without_ward(lives_in)
    if (
        policy_place.kind is not Kind.PREFECTURE
        and _without_ward(policy_place).name == namesake.name
        and policy_place.prefecture != namesake.prefecture
    ):
        return failed(
            "E202",
            policy_muni=policy_place.name,
            policy_pref=policy_place.prefecture,
            card_muni=namesake.name,
            card_pref=namesake.prefecture,
        )
    return failed("E201", card_muni=lives_in.label)


def lives_where_it_does_not_count(document: PolicyDocument, wanted: tuple[str, ...]) -> Verdict:
    """E214: the policy is for people who live elsewhere."""
    return failed("E214", policy_muni=_policy_place(document, wanted).label)


def _policy_place(document: PolicyDocument, wanted: tuple[str, ...]) -> Municipality:
    return municipalities.get(wanted[0] if len(wanted) == 1 else document.municipality_code)


def _without_ward(place: Municipality) -> Municipality:
    return municipalities.get(place.parent) if place.kind is Kind.WARD and place.parent else place
