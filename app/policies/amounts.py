"""How much one application of a policy takes, where that is known beforehand. Whole points."""

from __future__ import annotations

from app.people.ages import attained_on
from app.policies.document import PolicyDocument, Rate, Tiered
from app.policies.tiers import counts_children


def fixed_amount(document: PolicyDocument) -> int | None:
    """The points one application takes, or ``None`` where purchases or the child decide (BR-33, BR-34)."""
    benefit = document.benefit
    if isinstance(benefit, Rate):
        return None
    if isinstance(benefit, Tiered):
        return benefit.tiers[0].amount if len(benefit.tiers) == 1 else None
    return benefit.amount


def taken_at_submit(document: PolicyDocument) -> int | None:
    """The points that an application takes when it is sent: none where purchases decide (domain.md 5.5).

    Where a register decides which child it is, the most that it may come to: what is promised must be there (BR-34).
    ``None`` where amounts differ and nothing says whose is which.
    """
    if isinstance(document.benefit, Rate):
        return 0
    if counts_children(document):
        assert isinstance(document.benefit, Tiered)
        return max(tier.amount for tier in document.benefit.tiers)
    return fixed_amount(document)


def smallest_amount(document: PolicyDocument) -> int:
    """The least that one more application can take: below it, free budget helps nobody (BR-34)."""
    benefit = document.benefit
    if isinstance(benefit, Rate):
        return 1
    if isinstance(benefit, Tiered):
        return min(tier.amount for tier in benefit.tiers)
    return benefit.amount


def can_apply_online(document: PolicyDocument) -> tuple[bool, str | None]:
    """Whether the online form can take an application, and if not, why, for the person who wants to apply."""
    at_a_counter = document.eligibility.guardian_application == "not_offered"
    if at_a_counter and (document.one_per == "child" or _only_for_under_15(document)):
        return False, "お子さまの分の申込は、保護者の方が担当窓口でお手続きください。"
    if taken_at_submit(document) is None:
        return False, "給付額が対象の方によって異なるため、申込は担当窓口で受け付けています。"
    return True, None


def _only_for_under_15(document: PolicyDocument) -> bool:
    """True when nobody in the range of birth dates is 15 while the policy takes applications (BR-25)."""
    born = document.eligibility.birthdate_range
    if born is None:
        return False
    return attained_on(born[0], 15) >= document.window.apply_last_day
