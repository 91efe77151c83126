"""What a payment service is: the typed document of one service, as providers describe themselves (domain.md 4.3 P2).

The examples a service brings are not decoration: at load they prove its format and check digit, and later they tell
which character of a typed ID is the first that can't be right.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from app.payments import checksums
from app.payments.maintenance import parse_maintenance

MAX_ID_LENGTH = 100
_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$")]
_Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Pattern = Annotated[str, StringConstraints(min_length=3, max_length=200)]
_Note = Annotated[str, StringConstraints(max_length=500)]


class HolderCheck(StrEnum):
    """How a service confirms that an ID exists and whose it is (domain.md 1.3)."""

    ONLINE_API = "online_api"
    FORMAT_ONLY = "format_only"
    BATCH_NEXT_DAY = "batch_next_day"
    EMAIL_OTP = "email_otp"
    COUNTER = "counter"


class GrantMode(StrEnum):
    """How a benefit becomes the person's at a service (domain.md 1.3)."""

    BALANCE_AUTO = "balance_auto"
    TERMINAL_RECEIVE = "terminal_receive"
    POINTS_NEXT_STATEMENT = "points_next_statement"
    CASHBACK_ACCOUNT = "cashback_account"
    URL_ISSUE = "url_issue"
    COUNTER_HANDOVER = "counter_handover"


class Reversal(StrEnum):
    """What a service can take back (domain.md 1.3)."""

    UNSPENT_ONLY = "unspent_only"
    BEFORE_RECEIVE_ONLY = "before_receive_only"
    BEFORE_EXCHANGE_ONLY = "before_exchange_only"
    OFFSET_NEXT_STATEMENT = "offset_next_statement"
    UNUSED_SERIALS_ONLY = "unused_serials_only"
    NONE = "none"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SampleIds(_Strict):
    """IDs that must be taken, asked about (BR-58) and refused."""

    valid: list[str] = Field(min_length=1, max_length=20)
    confirm: list[str] = Field(max_length=20)
    invalid: list[str] = Field(max_length=20)


class ServiceDocument(_Strict):
    """One payment service. Amounts are whole points; ``grant_lead`` is the usual time from order to receipt.

    ``any_holder``: its accounts may be somebody else's, so that the holder's name refuses nobody (E308).
    """

    service_id: _Identifier
    provider_id: _Identifier | None
    name: _Label
    provider: _Label
    category: _Label
    id_label: _Label
    id_regex: _Pattern
    id_checksum: Literal["luhn", "mod10_last", "confirm_if_my_number_like"] | None
    security_code_label: _Label | None
    security_code_regex: _Pattern | None
    code_lifetime_min: int | None = Field(ge=1, le=60 * 24 * 30)
    holder_check: HolderCheck = Field(strict=False)
    grant_mode: GrantMode = Field(strict=False)
    grant_lead: timedelta = Field(strict=False, ge=timedelta(0), le=timedelta(days=366))
    receive_deadline_days: int | None = Field(ge=1, le=3660)
    min_per_grant: int = Field(ge=1)
    unit: int = Field(ge=1)
    max_per_grant: int = Field(ge=1, le=100_000_000)
    balance_cap: int | None = Field(ge=1)
    minors: _Note
    min_age: int = Field(ge=0, le=120)
    guardian_consent_under: int | None = Field(ge=0, le=120)
    max_beneficiaries_per_id: int | None = Field(ge=1, le=100)
    expiry: _Note
    reversal: Reversal = Field(strict=False)
    supports_rebate: bool
    spend_scope: _Note | None
    cutoff_days_before_policy_end: int = Field(ge=0, le=366)
    maintenance: _Note
    warning: _Note | None
    sample_ids: SampleIds
    any_holder: bool = False

    @property
    def at_once(self) -> bool:
        """True when the service usually grants in the moment it is asked."""
        return self.grant_lead == timedelta(0)

    @property
    def largest_grant(self) -> int:
        """The most points one grant may carry: the service's maximum, or its balance cap where that is lower."""
        return self.max_per_grant if self.balance_cap is None else min(self.max_per_grant, self.balance_cap)

    def fits(self, amount: int) -> bool:
        """True when a grant of this amount respects minimum, maximum, unit and balance cap (BR-40, BR-41)."""
        return self.min_per_grant <= amount <= self.largest_grant and amount % self.unit == 0

    @field_validator("id_regex", "security_code_regex")
    @classmethod
    def _is_a_flat_pattern(cls, value: str | None) -> str | None:
        if value is None:
            return None
        # Without groups no quantifier can stand inside another, so no typed value can make the match run away.
        if "(" in value or "|" in value:
            raise ValueError("groups and alternatives are not allowed in a pattern")
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error.msg}") from None
        return value

    @field_validator("maintenance")
    @classmethod
    def _is_readable(cls, value: str) -> str:
        parse_maintenance(value)
        return value

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.max_per_grant < self.min_per_grant:
            raise ValueError("max_per_grant is smaller than min_per_grant")
        if (self.provider_id is None) != (self.grant_mode is GrantMode.COUNTER_HANDOVER):
            raise ValueError("exactly the services handed over at a counter have no provider_id")
        if self.holder_check in (HolderCheck.ONLINE_API, HolderCheck.EMAIL_OTP) and self.security_code_regex is None:
            raise ValueError(f"holder_check {self.holder_check} needs a security_code_regex")
        for sample in (*self.sample_ids.valid, *self.sample_ids.confirm):
            if not self.accepts(sample):
                raise ValueError(f"sample_ids: {sample!r} does not fit id_regex and id_checksum")
        for sample in self.sample_ids.invalid:
            if self.accepts(sample):
                raise ValueError(f"sample_ids: {sample!r} should be refused but fits id_regex and id_checksum")
        return self

    def matches(self, value: str) -> bool:
        """True when the whole value, not only a line of it, has the format of this service's IDs."""
        return len(value) <= MAX_ID_LENGTH and re.fullmatch(self.id_regex, value) is not None

    def accepts(self, value: str) -> bool:
        """True when format and check digit are right (domain.md 8.6)."""
        return self.matches(value) and checksums.is_valid(self.id_checksum, value)
