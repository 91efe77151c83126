"""The document of a policy (施策): what a municipality declares, as it is kept in a version (domain.md 1.1, 1.3, 1.4).

Strict: no unknown key, no string where a number belongs. Japanese labels of the files become identifiers. What the
document must further satisfy before it is taken is in ``rules``, so that a stored version can always be read again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field

from app import clock
from app.policies.conditions_tree import AgeRule, ConditionsDocument
from app.policies.form import Address, Line, MunicipalityCode, Part, Points, PolicyId, ServiceId


class Category(StrEnum):
    """The six categories (domain.md 1.1)."""

    SHOPPING = "shopping"
    CHILDCARE_EDUCATION = "childcare_education"
    HEALTH = "health"
    COMMUNITY = "community"
    ELDERLY_CARE = "elderly_care"
    OTHER = "other"


CATEGORY_LABELS = {
    Category.SHOPPING: "お買い物支援",
    Category.CHILDCARE_EDUCATION: "子育て・教育支援",
    Category.HEALTH: "健康・医療促進",
    Category.COMMUNITY: "市民活動・地域コミュニティ促進",
    Category.ELDERLY_CARE: "高齢者・介護",
    Category.OTHER: "その他",
}


class GrantTiming(StrEnum):
    """Axis 2: without a purchase, or as a share of purchases."""

    SIMPLE = "simple"
    REBATE = "rebate"


GRANT_TIMING_LABELS = {GrantTiming.SIMPLE: "単純付与", GrantTiming.REBATE: "還元付与"}


class CheckKind(StrEnum):
    """The checks of a screening (domain.md 1.3). The last three are added by the system (1.4)."""

    CARD_AUTO = "CARD_AUTO"
    PRE_LIST = "PRE_LIST"
    EXCLUSION_LIST = "EXCLUSION_LIST"
    EXTERNAL_APP = "EXTERNAL_APP"
    EVENT_QR = "EVENT_QR"
    DOC_AT_COUNTER = "DOC_AT_COUNTER"
    POST_REVIEW = "POST_REVIEW"
    AGE = "AGE"
    GUARDIAN = "GUARDIAN"
    SUPPORT_MEASURE = "SUPPORT_MEASURE"


ADDED_BY_THE_SYSTEM = frozenset({CheckKind.AGE, CheckKind.GUARDIAN, CheckKind.SUPPORT_MEASURE})

_E = TypeVar("_E", bound=StrEnum)


def _by_label(labels: dict[_E, str]) -> Callable[[object], object]:
    members = {label: member for member, label in labels.items()} | {member.value: member for member in labels}

    def convert(value: object) -> object:
        if isinstance(value, str) and value not in members:
            raise ValueError(f"must be one of {', '.join(labels.values())}")
        return members[value] if isinstance(value, str) else value

    return convert


class Axes(Part):
    """The four axes of every policy (domain.md 1.1)."""

    beneficiary_limited: bool
    grant_timing: Annotated[GrantTiming, BeforeValidator(_by_label(GRANT_TIMING_LABELS))]
    earn_shop_limited: bool
    spend_shop_limited: bool


class Flat(Part):
    """The same amount for everybody."""

    type: Literal["flat"]
    amount: Points
    per: Literal["challenge"] | None = None


class EventBenefit(Part):
    """An amount for each event attended."""

    type: Literal["event"]
    amount: Points
    per: Literal["event"] | None = None


class StepThreshold(Part):
    """What counts as achieved in a walking challenge."""

    steps_per_day: Annotated[int, Field(ge=1, le=100_000)]
    steps_65plus: Annotated[int, Field(ge=1, le=100_000)] | None = None
    days: Annotated[int, Field(ge=1, le=366)]


class Steps(Part):
    """An amount for reaching a number of steps on a number of days."""

    type: Literal["steps"]
    amount: Points
    per_threshold: StepThreshold


class PerVisit(Part):
    """An amount for each visit, so many a month."""

    type: Literal["per_visit"]
    amount: Points
    cap_per_month: Annotated[int, Field(ge=1, le=31)] | None = None


class Tier(Part):
    """One step of a tiered benefit: which child, at which stage, how much."""

    amount: Points
    nth_child: Annotated[int, Field(ge=1, le=20)] | None = None
    nth_child_from: Annotated[int, Field(ge=1, le=20)] | None = None
    stage: Line | None = None


class Tiered(Part):
    """Amounts that depend on the child."""

    type: Literal["tiered"]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=50)]


class Rate(Part):
    """A share of purchases, rounded down in the declared way (BR-36), with caps (BR-37).

    ``periods``: one grant after the whole purchase window, or one for each calendar month of it. ``counts_from``:
    purchases count from the moment of the application, or from the first day of purchases. ``report_days``: how many
    days after a period's last day providers may still report what was bought in it; then its grant is made.
    """

    type: Literal["rate"]
    rate_percent: Annotated[int, Field(ge=1, le=100)]
    cap_per_person: Points
    rounding: Literal["floor_per_transaction", "floor_per_period"]
    carryover_from: PolicyId | None = None
    cap_per_transaction: Points | None = None
    cap_per_period: Points | None = None
    shop_group_caps: Annotated[dict[Line, Points], Field(default_factory=dict, max_length=50)]
    periods: Literal["whole", "month"] = "whole"
    counts_from: Literal["application", "purchase_from"] = "application"
    report_days: Annotated[int, Field(ge=1, le=60)] = 10


Benefit = Annotated[Flat | EventBenefit | Steps | PerVisit | Tiered | Rate, Field(discriminator="type")]


class _Residence(Part):
    note: Line | None = None


class _InMunicipality(_Residence):
    municipality: MunicipalityCode | Annotated[tuple[MunicipalityCode, ...], Field(min_length=1, max_length=200)]

    @property
    def codes(self) -> tuple[str, ...]:
        """The municipalities meant; a policy for some wards lists the wards (BR-21)."""
        return (self.municipality,) if isinstance(self.municipality, str) else self.municipality


class CardAddressResidence(_InMunicipality):
    """Resident by the card at the time of application."""

    mode: Literal["card_address_at_application"]


class BaseDateResidence(_InMunicipality):
    """Resident on a base date, which no card can prove (BR-18)."""

    mode: Literal["base_date"]
    date: date | Literal["birth_date"]
    who: Annotated[tuple[Literal["child", "guardian"], ...], Field(min_length=1, max_length=2)] | None = None


class NonResident(_InMunicipality):
    """For people who live elsewhere."""

    mode: Literal["non_resident"]


class PrefectureResidence(_Residence):
    """Anywhere in the prefecture."""

    mode: Literal["prefecture"]
    prefecture: MunicipalityCode

    @property
    def codes(self) -> tuple[str, ...]:
        """The prefecture, as a code that covers all of its municipalities."""
        return (self.prefecture,)


class AnyResidence(_Residence):
    """No limit."""

    mode: Literal["none"]

    @property
    def codes(self) -> tuple[str, ...]:
        """No code limits."""
        return ()


Residence = Annotated[
    CardAddressResidence | BaseDateResidence | NonResident | PrefectureResidence | AnyResidence,
    Field(discriminator="mode"),
]


class ChildCountRule(Part):
    """Until when a child counts for 第n子, and in which order (BR-29)."""

    count_children_until: Line
    order_by: Literal["birthdate"]


class Eligibility(Part):
    """The declared conditions (domain.md 1.4)."""

    residence: Residence
    card_required: bool = False
    user_cert_valid: bool = False
    birthdate_range: tuple[date, date] | None = None
    age: AgeRule | None = None
    guardian_application: Literal["required_under_15", "not_offered"] | None = None
    list_id: Line | None = Field(None, alias="list")
    documents: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    exclude_recipients_of: Annotated[tuple[PolicyId, ...], Field(max_length=50)] = ()
    linked_app: Line | None = None
    stamps_required: Annotated[int, Field(ge=1, le=1000)] | None = None
    event_checkin: Literal["qr"] | None = None
    child_count_rule: ChildCountRule | None = None
    tax_arrears_check: bool = False
    school_entry: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    guardian_resident_at: Literal["application", "grant"] | None = None


class Window(Part):
    """The dates of a policy. Ends name a whole day: they last until 23:59:59.999 of it in Japan (BR-01)."""

    apply_from: AwareDatetime
    apply_to: AwareDatetime
    assign_by: AwareDatetime
    grant_by: AwareDatetime
    receive_by: AwareDatetime | None
    purchase_from: date | None = None
    purchase_to: date | None = None
    exchange_deadline: Line | None = None

    @property
    def apply_last_day(self) -> date:
        """The last day on which a submit is taken, in Japan."""
        return clock.local(self.apply_to).date()

    def is_over(self, now: datetime) -> bool:
        """True from 00:00 of the day after the last one (BR-01)."""
        return clock.local(now).date() > self.apply_last_day


class WalletRule(Part):
    """Whether a guardian's service may receive for children, and for how many (BR-27)."""

    guardian_wallet: bool
    max_beneficiaries_per_wallet: Annotated[int, Field(ge=1, le=100)]


class AlternativeChannel(Part):
    """The way for people without card or phone."""

    counter: bool
    paper_service: ServiceId | None
    explanation: Line | None = None


class SplitRule(Part):
    """Whether an amount over a service's limit may be granted in several orders (BR-40)."""

    service_cap_aware: bool


class PolicyDocument(Part):
    """Everything a municipality declares about one policy; see domain.md 1.3 for the values."""

    policy_id: PolicyId
    municipality_code: MunicipalityCode
    title: Line
    category: Annotated[Category, BeforeValidator(_by_label(CATEGORY_LABELS))]
    fiscal_year: Annotated[int, Field(ge=2020, le=2100)]
    axes: Axes
    benefit: Benefit
    one_per: Literal["person", "child", "household", "event", "challenge", "visit"]
    eligibility: Eligibility = Eligibility(residence=AnyResidence(mode="none"))
    screening: Annotated[tuple[CheckKind, ...], Field(max_length=10)]
    strict_residence: bool
    resident_until: Literal["application", "grant"]
    assign_later: bool
    assign_days: Annotated[int, Field(ge=1, le=366)] | None
    cooling_off_hours: Annotated[int, Field(ge=0, le=24 * 31)]
    window: Window
    capacity: Annotated[int, Field(ge=1, le=100_000_000)] | None
    budget: Points
    overflow: Literal["close", "waitlist"]
    reopen: bool
    recycle: bool
    services: Annotated[tuple[ServiceId, ...], Field(min_length=1, max_length=100)]
    service_windows: dict[ServiceId, tuple[date, date]]
    wallet_rule: WalletRule
    alternative_channel: AlternativeChannel
    outline_url: Address
    privacy_notice_url: Address

    accept_unattended: bool = False
    accept_revocation_unchecked: bool = False
    max_single_grant_split: SplitRule | None = None
    late_acceptance: Literal["mayor_discretion"] | None = None
    shops: Line | None = None
    excluded_goods: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    min_payout: Points | None = None
    accumulate_until_min: bool = False
    modelled_on: Line | None = None
    conditions: ConditionsDocument | None = None
    """The conditions as a tree, instead of ``eligibility``: one of the two must be given (``rules``)."""

    @property
    def category_label(self) -> str:
        """The category as people read it."""
        return CATEGORY_LABELS[self.category]

    def canonical(self) -> dict[str, Any]:
        """The document as stored in a version: plain JSON values, identifiers instead of labels, all keys."""
        return self.model_dump(mode="json", by_alias=True)

    def without_defaults(self) -> dict[str, Any]:
        """The same without what has its default, so that a new optional key never makes old versions look changed."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
