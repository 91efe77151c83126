"""What a policy must satisfy beyond its form before it is taken (BR-01, BR-06, BR-08, BR-11, BR-18, BR-73).

Each rule is one function that yields the field at fault and the reason; the loader puts file and item before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from app import clock, municipalities
from app.errors import DomainError
from app.policies.amounts import smallest_amount
from app.policies.conditions_rules import tree_faults
from app.policies.conditions_translate import checks_needed, tree_of
from app.policies.conditions_tree import LivesIn, leaves_of
from app.policies.document import ADDED_BY_THE_SYSTEM, CheckKind, GrantTiming, PolicyDocument, Rate, Tiered
from app.policies.tiers import STAGES, counted_until

FieldFault = tuple[str, str]

_MODES_THAT_NEED_A_CARD = ("card_address_at_application", "prefecture", "non_resident")


def faults_of(document: PolicyDocument) -> list[FieldFault]:
    """Every (field, reason) that stands against the document; empty when it may be taken."""
    return [fault for rule in _RULES for fault in rule(document)]


def _municipalities_exist(document: PolicyDocument) -> Iterator[FieldFault]:
    named = [("municipality_code", document.municipality_code)]
    named += [("eligibility.residence", code) for code in document.eligibility.residence.codes]
    for field, code in named:
        if not municipalities.is_valid_code(code):
            yield field, f"{code} has a wrong check digit (BR-73)"
        elif code not in municipalities.current_table().rows:
            yield field, f"{code} is not in the municipality table"


def _ends_are_whole_days(document: PolicyDocument) -> Iterator[FieldFault]:
    for name in ("apply_to", "assign_by", "grant_by", "receive_by"):
        end: datetime | None = getattr(document.window, name)
        if end is not None and clock.local(end).strftime("%H:%M:%S") != "23:59:59":
            yield f"window.{name}", "an end includes its whole day: write 23:59:59 of the day in Japan (BR-01)"


def _dates_are_in_order(document: PolicyDocument) -> Iterator[FieldFault]:
    window = document.window
    if window.apply_from >= window.apply_to:
        yield "window.apply_to", "is not after apply_from (BR-11)"
    steps = [("apply_to", window.apply_to), ("assign_by", window.assign_by), ("grant_by", window.grant_by)]
    if window.receive_by is not None:
        steps.append(("receive_by", window.receive_by))
    for (earlier_name, earlier), (name, later) in pairwise(steps):
        if later < earlier:
            yield f"window.{name}", f"is before {earlier_name} (BR-11)"
    guard = date(document.fiscal_year + 1, 5, 31)
    if clock.local(window.grant_by).date() > guard:
        yield "window.grant_by", f"is after {guard}, the last day of payment for fiscal {document.fiscal_year} (BR-11)"
    if (window.purchase_from is None) != (window.purchase_to is None):
        yield "window.purchase_to", "purchase_from and purchase_to go together"
    elif window.purchase_from and window.purchase_to and window.purchase_from > window.purchase_to:
        yield "window.purchase_to", "is before purchase_from"


def _birth_dates_and_ages_make_sense(document: PolicyDocument) -> Iterator[FieldFault]:
    born, age = document.eligibility.birthdate_range, document.eligibility.age
    if born is not None and born[0] > born[1]:
        yield "eligibility.birthdate_range", "the first day is after the last"
    if age is None:
        return
    if age.min is None and age.max is None:
        yield "eligibility.age", "needs min or max"
    if age.min is not None and age.max is not None and age.min > age.max:
        yield "eligibility.age", "min is above max"
    if age.rule == "nendo_end" and (age.max is None or age.min is not None):
        yield "eligibility.age.rule", "nendo_end is a reading of an upper age limit: max, and no min (BR-06)"


def _conditions_are_given_once(document: PolicyDocument) -> Iterator[FieldFault]:
    says_nothing = document.eligibility == PolicyDocument.model_fields["eligibility"].default
    if document.conditions is None:
        if says_nothing and "eligibility" not in document.model_fields_set:
            yield "eligibility", "Field required, or conditions"
        return
    if not says_nothing:
        yield "eligibility", "says nothing where conditions are given"
    for path, reason in tree_faults(document.conditions.root):
        yield f"conditions.{path}", reason


def _each_condition_has_its_check(document: PolicyDocument) -> Iterator[FieldFault]:
    checks = set(document.screening)
    needed = checks_needed(tree_of(document)) - ADDED_BY_THE_SYSTEM
    if isinstance(document.benefit, Rate) and document.benefit.carryover_from is not None:
        needed -= {CheckKind.EXCLUSION_LIST}  # the cap of the benefit itself is checked without being declared
    yield from _residence_can_be_shown(document)
    for check in sorted(needed - checks):
        if check is CheckKind.CARD_AUTO or (check is CheckKind.POST_REVIEW and _asks_for_a_base_date(document)):
            continue  # said by the line before
        yield "screening", f"a declared condition needs {check}"
    # A list may stand for residence on a base date alone, and a look at cards or by staff needs no condition.
    free = {CheckKind.CARD_AUTO, CheckKind.POST_REVIEW}
    free |= {CheckKind.PRE_LIST} if _asks_for_a_base_date(document) else set()
    for check in sorted(checks - needed - free - ADDED_BY_THE_SYSTEM):
        yield "screening", f"{check} has no condition to check"
    for check in sorted(checks & ADDED_BY_THE_SYSTEM):
        yield "screening", f"{check} is added by the system and is not declared"
    if len(checks) != len(document.screening):
        yield "screening", "names a check twice"


def _residence_can_be_shown(document: PolicyDocument) -> Iterator[FieldFault]:
    """BR-18: a base date needs a list or staff, the card modes need the card."""
    checks = set(document.screening)
    for leaf in leaves_of(tree_of(document)):
        if not isinstance(leaf, LivesIn):
            continue
        if leaf.mode == "base_date" and not checks & {CheckKind.PRE_LIST, CheckKind.POST_REVIEW}:
            yield "screening", "residence on a base date needs PRE_LIST or POST_REVIEW (BR-18)"
        if leaf.mode in _MODES_THAT_NEED_A_CARD and CheckKind.CARD_AUTO not in checks:
            yield "screening", f"residence {leaf.mode} needs CARD_AUTO (BR-18)"


def check_may_be_approved(document: PolicyDocument) -> None:
    """What an approver cannot let pass: raises E609 for residence that nothing shows (BR-18).

    Stricter than loading a draft: a base date whose ``PRE_LIST`` names no list is refused, too.
    """
    on_a_base_date = [
        leaf for leaf in leaves_of(tree_of(document)) if isinstance(leaf, LivesIn) and leaf.mode == "base_date"
    ]
    by_staff = CheckKind.POST_REVIEW in document.screening
    without_a_list = any(leaf.by_list is None for leaf in on_a_base_date)
    if (without_a_list and not by_staff) or next(_residence_can_be_shown(document), None) is not None:
        raise DomainError("E609")


def _asks_for_a_base_date(document: PolicyDocument) -> bool:
    return any(isinstance(leaf, LivesIn) and leaf.mode == "base_date" for leaf in leaves_of(tree_of(document)))


def _axes_fit_the_benefit(document: PolicyDocument) -> Iterator[FieldFault]:
    is_rebate = document.axes.grant_timing is GrantTiming.REBATE
    if is_rebate != (document.benefit.type == "rate"):
        yield "axes.grant_timing", "還元付与 goes with benefit type rate, 単純付与 with the others"
    if document.axes.earn_shop_limited and not is_rebate:
        yield "axes.earn_shop_limited", "has meaning only with 還元付与"


def _rebates_can_be_granted_in_time(document: PolicyDocument) -> Iterator[FieldFault]:
    """The last report of purchases must be in before the last day of grants, and no cap may be beyond another."""
    benefit, window = document.benefit, document.window
    if not isinstance(benefit, Rate):
        return
    if window.purchase_from is None or window.purchase_to is None:
        if window.purchase_from is window.purchase_to:
            yield "window.purchase_from", "a rebate needs purchase_from and purchase_to"
        return
    closes_on = window.purchase_to + timedelta(days=benefit.report_days + 1)
    if closes_on > clock.local(window.grant_by).date():
        yield "benefit.report_days", f"purchases are reported until the day before {closes_on}, after grant_by"
    caps = {"cap_per_transaction": benefit.cap_per_transaction, "cap_per_period": benefit.cap_per_period}
    for name, cap in (caps | {f"shop_group_caps.{name}": cap for name, cap in benefit.shop_group_caps.items()}).items():
        if cap is not None and cap > benefit.cap_per_person:
            yield f"benefit.{name}", f"is above cap_per_person, {benefit.cap_per_person} (BR-37)"
    if benefit.shop_group_caps and not document.axes.earn_shop_limited:
        yield "benefit.shop_group_caps", "need a list of shops: earn_shop_limited (axis 3)"
    if benefit.carryover_from == document.policy_id:
        yield "benefit.carryover_from", "names the policy itself"


def _money_covers_the_seats(document: PolicyDocument) -> Iterator[FieldFault]:
    least = smallest_amount(document)
    if document.budget < least:
        yield "budget", f"is below the smallest amount of {least}"
    if document.capacity is not None and document.budget < least * document.capacity:
        yield "budget", f"does not cover {document.capacity} seats of {least}"


def _children_can_be_counted(document: PolicyDocument) -> Iterator[FieldFault]:
    """BR-29: a rule that a program can count by, and stages of school that it can tell by a birth date."""
    if not isinstance(document.benefit, Tiered):
        return
    if document.eligibility.child_count_rule is not None and counted_until(document) is None:
        yield (
            "eligibility.child_count_rule.count_children_until",
            "write until when a child counts as 22歳に達する日以後の最初の3月31日 (BR-29)",
        )
    for number, tier in enumerate(document.benefit.tiers):
        if tier.stage is not None and tier.stage not in STAGES:
            yield f"benefit.tiers.{number}.stage", f"is none of {'、'.join(STAGES)}"


def _services_are_consistent(document: PolicyDocument) -> Iterator[FieldFault]:
    if len(set(document.services)) != len(document.services):
        yield "services", "names a service twice"
    for service_id, (first, last) in document.service_windows.items():
        if service_id not in document.services:
            yield f"service_windows.{service_id}", "is not among the services"
        if first > last:
            yield f"service_windows.{service_id}", "the first day is after the last"
    paper = document.alternative_channel.paper_service
    if paper is not None and paper not in document.services:
        yield "alternative_channel.paper_service", f"{paper} is not among the services"
    if not (document.alternative_channel.counter or paper or document.alternative_channel.explanation):
        yield "alternative_channel", "a way without card or phone must be stated, or its absence explained"


_RULES: tuple[Callable[[PolicyDocument], Iterator[FieldFault]], ...] = (
    _municipalities_exist,
    _ends_are_whole_days,
    _dates_are_in_order,
    _birth_dates_and_ages_make_sense,
    _conditions_are_given_once,
    _each_condition_has_its_check,
    _axes_fit_the_benefit,
    _rebates_can_be_granted_in_time,
    _money_covers_the_seats,
    _children_can_be_counted,
    _services_are_consistent,
)
