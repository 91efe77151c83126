"""審査: the checks of an application, decided from facts by pure rules, their stored results, and what staff decide."""

from app.screening.age import applicant_route
from app.screening.checks import CHECK_TITLES, RESULT_WORDS, CheckView, checks_of, write_checks
from app.screening.duplicate import suspect_duplicate
from app.screening.erase import erase_statements, erase_texts
from app.screening.facts import Aggregate, CheckOutcome, CheckResult, Facts, Guardian, ScreeningOutcome
from app.screening.inquiries import (
    InquiryView,
    answered,
    answers_due,
    inquiries_of,
    open_inquiry,
    overdue,
    put_question,
    take_answer,
)
from app.screening.letters import FINAL, OBJECTION_DAYS, LetterIncomplete, RefusalLetter, how_to_object
from app.screening.models import Check
from app.screening.pipeline import REVIEW_DAYS, is_believed, screen
from app.screening.queue import (
    QueueItem,
    act,
    check_is_assigned_to,
    locked_checks,
    queue_of,
    run_again,
    standing,
    take,
)
from app.screening.rulings import (
    Objection,
    Proposal,
    ProposalView,
    check_is_somebody_else,
    confirm,
    confirmed_rulings,
    drop_proposal,
    letters_of,
    objection_of,
    proposals_of,
    propose,
    take_objection,
)
from app.screening.staff import ReviewRefused, Role, Staff, check_role
from app.screening.stated_facts import Stated, carry_over_facts, state_fact, stated_about
from app.screening.states import CheckAction, CheckMoveRefused, CheckState, Standing

__all__ = [
    "CHECK_TITLES",
    "FINAL",
    "OBJECTION_DAYS",
    "RESULT_WORDS",
    "REVIEW_DAYS",
    "Aggregate",
    "Check",
    "CheckAction",
    "CheckMoveRefused",
    "CheckOutcome",
    "CheckResult",
    "CheckState",
    "CheckView",
    "Facts",
    "Guardian",
    "InquiryView",
    "LetterIncomplete",
    "Objection",
    "Proposal",
    "ProposalView",
    "QueueItem",
    "RefusalLetter",
    "ReviewRefused",
    "Role",
    "ScreeningOutcome",
    "Staff",
    "Standing",
    "Stated",
    "act",
    "answered",
    "answers_due",
    "applicant_route",
    "carry_over_facts",
    "check_is_assigned_to",
    "check_is_somebody_else",
    "check_role",
    "checks_of",
    "confirm",
    "confirmed_rulings",
    "drop_proposal",
    "erase_statements",
    "erase_texts",
    "how_to_object",
    "inquiries_of",
    "is_believed",
    "letters_of",
    "locked_checks",
    "objection_of",
    "open_inquiry",
    "overdue",
    "proposals_of",
    "propose",
    "put_question",
    "queue_of",
    "run_again",
    "screen",
    "standing",
    "state_fact",
    "stated_about",
    "suspect_duplicate",
    "take",
    "take_answer",
    "take_objection",
    "write_checks",
]
