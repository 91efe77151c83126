"""還元: a share of purchases given back. Who takes part, what providers report, what it is worth, and its grants."""

from app.rebates.close import ClosingReport, close_due_periods, close_period
from app.rebates.enrol import activate, end, enrol, pass_enrolment
from app.rebates.erase import erase_purchases, erase_put_aside
from app.rebates.files import FileReport, import_file
from app.rebates.happenings import RebatePeriodClosed, RebateReturnDue
from app.rebates.quarantine import AsideView, Decision, DecisionRefused, aside_reports, decide_aside
from app.rebates.queries import (
    PeriodView,
    PurchaseView,
    RebateView,
    enrolled_among,
    is_enrolled,
    is_over,
    rebate_of,
    returns_due,
)
from app.rebates.record import Answer, Outcome, Report, TooManyReports, record_purchases
from app.rebates.rules import Line, Reason
from app.rebates.terms import NotARebate, periods_of

__all__ = [
    "Answer",
    "AsideView",
    "ClosingReport",
    "Decision",
    "DecisionRefused",
    "FileReport",
    "Line",
    "NotARebate",
    "Outcome",
    "PeriodView",
    "PurchaseView",
    "Reason",
    "RebatePeriodClosed",
    "RebateReturnDue",
    "RebateView",
    "Report",
    "TooManyReports",
    "activate",
    "aside_reports",
    "close_due_periods",
    "close_period",
    "decide_aside",
    "end",
    "enrol",
    "enrolled_among",
    "erase_purchases",
    "erase_put_aside",
    "import_file",
    "is_enrolled",
    "is_over",
    "pass_enrolment",
    "periods_of",
    "rebate_of",
    "record_purchases",
    "returns_due",
]
