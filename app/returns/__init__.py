"""返還: taking back what was granted in error or by fraud (domain.md 5.9)."""

from app.returns.cases import clear, decide, notify, propose, suspect, take
from app.returns.claims import (
    allow_instalments,
    cancel,
    demand,
    litigate,
    propose_write_off,
    record_payment,
    write_off,
)
from app.returns.erase import any_open_case, erase_texts, has_open_case
from app.returns.happenings import (
    RebateReturnOpened,
    RebateReturnOver,
    ReturnCancelled,
    ReturnDecided,
    ReturnEnded,
)
from app.returns.models import ReturnCase
from app.returns.of_rebates import follow_books
from app.returns.queries import (
    ProposalOfReturn,
    ReturnRecord,
    ReturnView,
    StepView,
    possible,
    record_of,
    records_in,
    return_of,
    stands_against,
)
from app.returns.states import FINAL, ReturnAction, ReturnRefused, ReturnState

__all__ = [
    "FINAL",
    "ProposalOfReturn",
    "RebateReturnOpened",
    "RebateReturnOver",
    "ReturnAction",
    "ReturnCancelled",
    "ReturnCase",
    "ReturnDecided",
    "ReturnEnded",
    "ReturnRecord",
    "ReturnRefused",
    "ReturnState",
    "ReturnView",
    "StepView",
    "allow_instalments",
    "any_open_case",
    "cancel",
    "clear",
    "decide",
    "demand",
    "erase_texts",
    "follow_books",
    "has_open_case",
    "litigate",
    "notify",
    "possible",
    "propose",
    "propose_write_off",
    "record_of",
    "record_payment",
    "records_in",
    "return_of",
    "stands_against",
    "suspect",
    "take",
    "write_off",
]
