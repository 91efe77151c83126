"""施策: the documents of policies and their versions, the state they are in, the catalogue, the guarded counters."""

from app.policies import counters
from app.policies.amounts import can_apply_online, fixed_amount, smallest_amount
from app.policies.conditions import (
    AgeCondition,
    BirthdateCondition,
    BirthRange,
    Condition,
    NamedCondition,
    ResidenceCondition,
    birth_conditions_of,
    conditions_of,
    residence_of,
)
from app.policies.counters import CountersRefused
from app.policies.document import CATEGORY_LABELS, Category, CheckKind, PolicyDocument
from app.policies.load import Fault, LoadableFile, LoadRefused, LoadReport, load_policies, read_file
from app.policies.queries import (
    Page,
    PolicyCard,
    PolicyView,
    category_options,
    document_of,
    get,
    municipality_options,
    search,
)
from app.policies.state import STATE_LABELS, Counters, PolicyState, refusal_of, state_of
from app.policies.words import amount_text, day_text, in_plain_words, points_text, window_rows

__all__ = [
    "CATEGORY_LABELS",
    "STATE_LABELS",
    "AgeCondition",
    "BirthRange",
    "BirthdateCondition",
    "Category",
    "CheckKind",
    "Condition",
    "Counters",
    "CountersRefused",
    "Fault",
    "LoadRefused",
    "LoadReport",
    "LoadableFile",
    "NamedCondition",
    "Page",
    "PolicyCard",
    "PolicyDocument",
    "PolicyState",
    "PolicyView",
    "ResidenceCondition",
    "amount_text",
    "birth_conditions_of",
    "can_apply_online",
    "category_options",
    "conditions_of",
    "counters",
    "day_text",
    "document_of",
    "fixed_amount",
    "get",
    "in_plain_words",
    "load_policies",
    "municipality_options",
    "points_text",
    "read_file",
    "refusal_of",
    "residence_of",
    "search",
    "smallest_amount",
    "state_of",
    "window_rows",
]
