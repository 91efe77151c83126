"""ポイント: the ledger, grants, grant orders, and their delivery to payment providers."""

from app.points.accounts import FLOWS, Account, LedgerEvent
from app.points.by_application import balances_by_application
from app.points.call_backs import EventReused, SignedCallBack, sign, take_call_back
from app.points.check_log import Checked, check_and_record, last_check
from app.points.deliver import inquire_order, send_order
from app.points.due import order_due_grants
from app.points.erase import ERASED, erase_notes
from app.points.grant_files import (
    FileExchangeRefused,
    GrantFileStatus,
    OutgoingFile,
    export_grant_file,
    grant_file_again,
    grant_file_statuses,
)
from app.points.grants import (
    GrantDisputed,
    assign_grant,
    detach_grants,
    hold_grants,
    order_grant,
    pass_grants,
    plan_grant,
    planned_grants,
)
from app.points.hand_over import HandOverRefused, HandOverStep, ToHandOver, hand_over, to_hand_over
from app.points.happenings import GrantFailed, GrantSucceeded, ReceiptMissed, ResultsArrived, RoomFreed
from app.points.invariants import Difference, also_check, check_invariants
from app.points.ledger import Book, balances_of, fund, held_for, lock_held, open_with
from app.points.limits import UNCHANGED, LimitsChanged, LimitsRefused, change_limits
from app.points.problems import ProblemCode, Resolution, Source
from app.points.quarantine import PutAside, Reported, is_disputed, put_aside_results
from app.points.queries import (
    GrantView,
    WaitingOrder,
    grant_totals,
    granted_applications,
    granted_days,
    grants_of,
    next_benefit_no,
    reason_in_words,
    received_by_year,
    waiting_orders,
)
from app.points.receipts import OpenReceipt, open_receipts, receipts_ending_on
from app.points.received import received_by
from app.points.resolve import ResolutionRefused, resolve_result
from app.points.result_files import TakenFile, book_result_file, take_result_file
from app.points.results import ContradictoryResult, Recorded, ResultProblem, UnknownOrder, record_result
from app.points.reversals import can_be_reversed, cancel_reversal, end_reversal, lock_grants, request_reversal
from app.points.states import ARRIVED, GrantState, IllegalMove, OrderState
from app.points.take_result import Taken, take_result

__all__ = [
    "ARRIVED",
    "ERASED",
    "FLOWS",
    "UNCHANGED",
    "Account",
    "Book",
    "Checked",
    "ContradictoryResult",
    "Difference",
    "EventReused",
    "FileExchangeRefused",
    "GrantDisputed",
    "GrantFailed",
    "GrantFileStatus",
    "GrantState",
    "GrantSucceeded",
    "GrantView",
    "HandOverRefused",
    "HandOverStep",
    "IllegalMove",
    "LedgerEvent",
    "LimitsChanged",
    "LimitsRefused",
    "OpenReceipt",
    "OrderState",
    "OutgoingFile",
    "ProblemCode",
    "PutAside",
    "ReceiptMissed",
    "Recorded",
    "Reported",
    "Resolution",
    "ResolutionRefused",
    "ResultProblem",
    "ResultsArrived",
    "RoomFreed",
    "SignedCallBack",
    "Source",
    "Taken",
    "TakenFile",
    "ToHandOver",
    "UnknownOrder",
    "WaitingOrder",
    "also_check",
    "assign_grant",
    "balances_by_application",
    "balances_of",
    "book_result_file",
    "can_be_reversed",
    "cancel_reversal",
    "change_limits",
    "check_and_record",
    "check_invariants",
    "detach_grants",
    "end_reversal",
    "erase_notes",
    "export_grant_file",
    "fund",
    "grant_file_again",
    "grant_file_statuses",
    "grant_totals",
    "granted_applications",
    "granted_days",
    "grants_of",
    "hand_over",
    "held_for",
    "hold_grants",
    "inquire_order",
    "is_disputed",
    "last_check",
    "lock_grants",
    "lock_held",
    "next_benefit_no",
    "open_receipts",
    "open_with",
    "order_due_grants",
    "order_grant",
    "pass_grants",
    "plan_grant",
    "planned_grants",
    "put_aside_results",
    "reason_in_words",
    "receipts_ending_on",
    "received_by",
    "received_by_year",
    "record_result",
    "request_reversal",
    "resolve_result",
    "send_order",
    "sign",
    "take_call_back",
    "take_result",
    "take_result_file",
    "to_hand_over",
    "waiting_orders",
]
