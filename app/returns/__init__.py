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
from app.returns.happenings import ReturnCancelled, ReturnDecided
from app.returns.models import ReturnCase
from app.returns.states import ReturnRefused, ReturnState

__all__ = [
    "ReturnCancelled",
    "ReturnCase",
    "ReturnDecided",
    "ReturnRefused",
    "ReturnState",
    "allow_instalments",
    "any_open_case",
    "cancel",
    "clear",
    "decide",
    "demand",
    "erase_texts",
    "has_open_case",
    "litigate",
    "notify",
    "propose",
    "record_payment",
    "suspect",
    "take",
    "write_off",
]
