"""審査: the checks of an application, decided from facts by pure rules, and their stored results."""

from app.screening.age import applicant_route
from app.screening.checks import CHECK_TITLES, CheckView, checks_of, write_checks
from app.screening.duplicate import suspect_duplicate
from app.screening.facts import Aggregate, CheckOutcome, CheckResult, Facts, ScreeningOutcome
from app.screening.pipeline import screen

__all__ = [
    "CHECK_TITLES",
    "Aggregate",
    "CheckOutcome",
    "CheckResult",
    "CheckView",
    "Facts",
    "ScreeningOutcome",
    "applicant_route",
    "checks_of",
    "screen",
    "suspect_duplicate",
    "write_checks",
]
