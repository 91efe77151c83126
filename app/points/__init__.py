"""ポイント: the ledger, grants, grant orders, and their delivery to payment providers."""

from app.points.accounts import Account, LedgerEvent
from app.points.deliver import inquire_order, send_order
from app.points.due import order_due_grants
from app.points.grants import assign_grant, hold_grants, order_grant, plan_grant, planned_grants
from app.points.happenings import GrantFailed, GrantSucceeded
from app.points.invariants import Difference, check_invariants
from app.points.ledger import Book, fund, held_for, open_with
from app.points.queries import GrantView, granted_applications, grants_of, reason_in_words
from app.points.received import received_by
from app.points.results import ContradictoryResult, Recorded, ResultProblem, UnknownOrder, record_result
from app.points.states import GrantState, IllegalMove, OrderState

__all__ = [
    "Account",
    "Book",
    "ContradictoryResult",
    "Difference",
    "GrantFailed",
    "GrantState",
    "GrantSucceeded",
    "GrantView",
    "IllegalMove",
    "LedgerEvent",
    "OrderState",
    "Recorded",
    "ResultProblem",
    "UnknownOrder",
    "assign_grant",
    "check_invariants",
    "fund",
    "granted_applications",
    "grants_of",
    "held_for",
    "hold_grants",
    "inquire_order",
    "open_with",
    "order_due_grants",
    "order_grant",
    "plan_grant",
    "planned_grants",
    "reason_in_words",
    "received_by",
    "record_result",
    "send_order",
]
