"""From what a document declares to its tree of conditions, and from a leaf to the check that decides it."""

from __future__ import annotations

from collections.abc import Iterator

from app.policies.conditions_tree import (
    ActivityAchieved,
    AgeIs,
    All,
    AnyNode,
    BornBetween,
    CarryOverCap,
    DocumentSeen,
    EventAttended,
    GuardianConfirmed,
    Leaf,
    LivesIn,
    Not,
    NotOnList,
    OnList,
    ReceivedEarlier,
    SexIs,
    StaffReads,
    leaves_of,
)
from app.policies.document import BaseDateResidence, CheckKind, PolicyDocument, Rate

_CHECKS: dict[type[AnyNode], CheckKind] = {
    AgeIs: CheckKind.AGE,
    BornBetween: CheckKind.AGE,
    SexIs: CheckKind.CARD_AUTO,
    OnList: CheckKind.PRE_LIST,
    NotOnList: CheckKind.EXCLUSION_LIST,
    ReceivedEarlier: CheckKind.EXCLUSION_LIST,
    CarryOverCap: CheckKind.EXCLUSION_LIST,
    ActivityAchieved: CheckKind.EXTERNAL_APP,
    EventAttended: CheckKind.EVENT_QR,
    DocumentSeen: CheckKind.DOC_AT_COUNTER,
    GuardianConfirmed: CheckKind.GUARDIAN,
    StaffReads: CheckKind.POST_REVIEW,
}


def check_of(leaf: Leaf) -> CheckKind | None:
    """The check that decides a leaf (domain.md 1.4); ``None`` for residence without a limit."""
    if not isinstance(leaf, LivesIn):
        return _CHECKS[type(leaf)]
    if leaf.mode == "base_date":
        return CheckKind.PRE_LIST if leaf.by_list else CheckKind.POST_REVIEW
    return None if leaf.mode == "none" else CheckKind.CARD_AUTO


def checks_needed(node: AnyNode) -> frozenset[CheckKind]:
    """Every check that the tree needs somewhere."""
    return frozenset(kind for leaf in leaves_of(node) if (kind := check_of(leaf)) is not None)


def tree_of(document: PolicyDocument) -> AnyNode:
    """The tree of a document: as it declares it, or translated from its ``eligibility``."""
    if document.conditions is not None:
        return document.conditions.root
    return All(kind="all", of=tuple(_leaves(document)))


def _leaves(document: PolicyDocument) -> Iterator[AnyNode]:
    eligibility = document.eligibility
    yield _residence(document)
    if eligibility.birthdate_range is not None:
        first, last = eligibility.birthdate_range
        yield BornBetween(kind="birth_date", first=first, last=last)
    if eligibility.age is not None:
        age = eligibility.age
        yield AgeIs(kind="age", min=age.min, max=age.max, as_of=age.as_of, rule=age.rule)
    if eligibility.list_id is not None:
        yield OnList(kind="on_list", list_id=eligibility.list_id)
    if eligibility.exclude_recipients_of:
        received = ReceivedEarlier(kind="received_earlier", policies=eligibility.exclude_recipients_of)
        yield Not(kind="not", condition=received)
    if isinstance(document.benefit, Rate) and document.benefit.carryover_from is not None:
        yield CarryOverCap(
            kind="carry_over_cap",
            maximum=document.benefit.cap_per_person,
            from_policy=document.benefit.carryover_from,
        )
    if eligibility.linked_app is not None:
        yield ActivityAchieved(kind="linked_app", app=eligibility.linked_app, stamps=eligibility.stamps_required)
    if eligibility.event_checkin is not None:
        yield EventAttended(kind="event_attendance", event=document.policy_id)
    for text in eligibility.documents:
        yield DocumentSeen(kind="document_seen", document=text)
    if eligibility.guardian_application == "required_under_15":
        yield GuardianConfirmed(kind="guardian")
    yield from _for_staff(document)


def _residence(document: PolicyDocument) -> LivesIn:
    residence = document.eligibility.residence
    base = residence if isinstance(residence, BaseDateResidence) else None
    by_list = document.eligibility.list_id if CheckKind.PRE_LIST in document.screening else None
    return LivesIn(
        kind="residence",
        mode=residence.mode,
        codes=residence.codes,
        base_date=base.date if base else None,
        who=(base.who or ()) if base else (),
        by_list=by_list if base or document.strict_residence else None,
        strict=document.strict_residence and base is None and residence.mode != "none",
    )


def _for_staff(document: PolicyDocument) -> Iterator[StaffReads]:
    eligibility = document.eligibility
    if eligibility.child_count_rule is not None:
        until = eligibility.child_count_rule.count_children_until
        yield StaffReads(
            kind="staff_reads",
            what=f"お子さまの人数（{until}まで、生年月日の順に数えます）",
            what_easy="こどもが 何人目（なんにんめ）か",
            what_en="which child in the family it is",
        )
    if eligibility.school_entry:
        entry = "・".join(eligibility.school_entry)
        yield StaffReads(
            kind="staff_reads",
            what=f"入学するお子さまであること（{entry}）",
            what_easy=f"学校（がっこう）に 入（はい）る こども（{entry}）か",
            what_en=f"that the child starts school ({entry})",
        )
    if eligibility.guardian_resident_at is not None:
        when = {"application": ("申込", "申込（もうしこみ）", "applying")}.get(
            eligibility.guardian_resident_at, ("付与", "ポイントを もらう", "receiving")
        )
        yield StaffReads(
            kind="staff_reads",
            what=f"保護者の方が、{when[0]}の時点で住んでいること",
            what_easy=f"親（おや）が、{when[1]}のとき 住（す）んで いるか",
            what_en=f"that the guardian lives there when {when[2]}",
        )
    if eligibility.tax_arrears_check:
        yield StaffReads(
            kind="staff_reads",
            what="税の滞納がないこと",
            what_easy="税金（ぜいきん）を はらって いるか",
            what_en="that no tax is overdue",
        )
