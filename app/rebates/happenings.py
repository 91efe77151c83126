"""What rebates tell higher floors, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.events import Event


@dataclass(frozen=True)
class RebatePeriodClosed(Event):
    """A period of this application was counted; ``granted`` whole points go out for it, which may be none."""

    policy_id: str
    application_id: UUID
    period_no: int
    is_last: bool
    granted: int


@dataclass(frozen=True)
class RebateReturnDue(Event):
    """After the last period a refund made ``amount`` points of a grant too many; they stand on RETURN_DUE (BR-38).

    A negative ``amount`` went back to GRANTED: counted again, the person is entitled to more than was thought.
    """

    policy_id: str
    application_id: UUID
    amount: int
