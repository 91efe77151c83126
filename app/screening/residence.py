"""``CARD_AUTO``: does the municipality of the card's address fit the policy (BR-18 to BR-22, BR-24, BR-32)."""

from __future__ import annotations

from app import municipalities
from app.municipalities import Kind, Municipality, Resolution, Status
from app.policies import PolicyDocument, ResidenceCondition, residence_of
from app.screening.verdict import Verdict, failed, inconclusive, passed

RULE_VERSION = "card_auto-1"


def judge_residence(document: PolicyDocument, address: Resolution) -> Verdict:
    """Judge the address as the card shows it; too little to know is never a failure (BR-32)."""
    condition = residence_of(document)
    if condition.mode == "none":
        return passed()
    doubt = _doubt(condition, address)
    if doubt is not None:
        return doubt
    assert address.code is not None
    inside = any(municipalities.covers(code, address.code) for code in condition.codes)
    if condition.mode == "non_resident":
        return failed("E214", policy_muni=_policy_place(document).label) if inside else passed()
    if not inside:
        return _lives_elsewhere(document, municipalities.get(address.code))
    # With ``strict_residence`` a card that was not updated after a move must not decide alone (BR-24).
    return inconclusive(None) if document.strict_residence else passed()


def _doubt(condition: ResidenceCondition, address: Resolution) -> Verdict | None:
    """Why the card's address does not decide the condition, or ``None`` when it does."""
    if condition.mode == "base_date":
        # The card proves where somebody lives now, never where on a base date (BR-18).
        return inconclusive("E205")
    if address.code is None:
        # More than one candidate is for staff to tell apart; no candidate means that the check could not be made.
        return inconclusive("E218" if address.status is Status.NONE else "E205", _candidates(address))
    code = address.code
    if any(code != wanted and municipalities.covers(code, wanted) for wanted in condition.codes):
        # A retired ward resolves to the city alone, and a policy for one ward cannot be told from that (BR-22).
        return inconclusive("E205", _candidates(address))
    return None


def _lives_elsewhere(document: PolicyDocument, lives_in: Municipality) -> Verdict:
    policy_place = _policy_place(document)
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


def _policy_place(document: PolicyDocument) -> Municipality:
    codes = residence_of(document).codes
    return municipalities.get(codes[0] if len(codes) == 1 else document.municipality_code)


def _without_ward(place: Municipality) -> Municipality:
    return municipalities.get(place.parent) if place.kind is Kind.WARD and place.parent else place


def _candidates(address: Resolution) -> dict[str, str]:
    return {"candidates": " ".join(address.candidates)} if address.candidates else {}
