"""返還: taking back what was granted in error or by fraud (domain.md 5.9)."""

from app.returns.cases import (
    allow_instalments,
    cancel,
    clear,
    decide,
    demand,
    litigate,
    notify,
    propose,
    record_payment,
    suspect,
    take,
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
from app.returns.queries import ReturnView, return_of, stands_against
from app.returns.states import ReturnRefused, ReturnState

__all__ = [
    "RebateReturnOpened",
    "RebateReturnOver",
    "ReturnCancelled",
    "ReturnCase",
    "ReturnDecided",
    "ReturnEnded",
    "ReturnRefused",
    "ReturnState",
    "ReturnView",
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
    "propose",
    "record_payment",
    "return_of",
    "stands_against",
    "suspect",
    "take",
    "write_off",
]
