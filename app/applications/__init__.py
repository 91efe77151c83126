"""申込: drafts, submission in one transaction, withdrawal, status."""

from app.applications.draft import (
    Draft,
    check_not_applied_yet,
    check_policy_takes_applications,
    choose_service,
    draft_of,
    keep_account,
    record_consent,
    refuse_consent,
    request_review,
    start_draft,
)
from app.applications.queries import ApplicationView, TimelineEntry, applications_of, live_application, view_by_receipt
from app.applications.states import ApplicationState
from app.applications.status import TURN_LABELS, StatusWord
from app.applications.submit import ConfirmingPage, Receipt, judge, submit
from app.applications.withdraw import withdraw

__all__ = [
    "TURN_LABELS",
    "ApplicationState",
    "ApplicationView",
    "ConfirmingPage",
    "Draft",
    "Receipt",
    "StatusWord",
    "TimelineEntry",
    "applications_of",
    "check_not_applied_yet",
    "check_policy_takes_applications",
    "choose_service",
    "draft_of",
    "judge",
    "keep_account",
    "live_application",
    "record_consent",
    "refuse_consent",
    "request_review",
    "start_draft",
    "submit",
    "view_by_receipt",
    "withdraw",
]
