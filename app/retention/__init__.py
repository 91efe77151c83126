"""保存と消去: how long personal data is kept, and how it goes without touching ledger, audit or totals (BR-65)."""

from app.retention.erase import Certificate, ErasureRefused, erase_person, person_of_receipt
from app.retention.happenings import PersonErased
from app.retention.policies import RetentionView, erase_ended_policies, note_ended_policies, set_rule, view_rules
from app.retention.rules import KEPT_FISCAL_YEARS, erasable_from, fiscal_year_of

__all__ = [
    "KEPT_FISCAL_YEARS",
    "Certificate",
    "ErasureRefused",
    "PersonErased",
    "RetentionView",
    "erasable_from",
    "erase_ended_policies",
    "erase_person",
    "fiscal_year_of",
    "note_ended_policies",
    "person_of_receipt",
    "set_rule",
    "view_rules",
]
