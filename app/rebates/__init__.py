"""還元: a share of purchases given back. Who takes part, what providers report, what it is worth, and its grants."""

from app.rebates.close import ClosingReport, close_due_periods, close_period
from app.rebates.enrol import activate, end, enrol
from app.rebates.erase import erase_purchases
from app.rebates.files import FileReport, import_file
from app.rebates.happenings import RebatePeriodClosed, RebateReturnDue
from app.rebates.models import PutAside
from app.rebates.queries import (
    PeriodView,
    PurchaseView,
    RebateView,
    is_enrolled,
    is_over,
    put_aside,
    rebate_of,
    returns_due,
)
from app.rebates.record import Answer, Outcome, Report, TooManyReports, record_purchases
from app.rebates.rules import Line, Reason
from app.rebates.terms import NotARebate, periods_of

__all__ = [
    "Answer",
    "ClosingReport",
    "FileReport",
    "Line",
    "NotARebate",
    "Outcome",
    "PeriodView",
    "PurchaseView",
    "PutAside",
    "Reason",
    "RebatePeriodClosed",
    "RebateReturnDue",
    "RebateView",
    "Report",
    "TooManyReports",
    "activate",
    "close_due_periods",
    "close_period",
    "end",
    "enrol",
    "erase_purchases",
    "import_file",
    "is_enrolled",
    "is_over",
    "periods_of",
    "put_aside",
    "rebate_of",
    "record_purchases",
    "returns_due",
]
