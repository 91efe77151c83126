"""What every refusal must state (BR-64): reason, date, office, and how to object. Without any of them there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.language import day_text

OBJECTION_DAYS = 60
"""Days from the refusal within which the person may object, where the municipality sets no other number."""


class LetterIncomplete(ValueError):
    """A refusal without one of its four parts cannot be sent; names the part."""


@dataclass(frozen=True, slots=True)
class RefusalLetter:
    """The data of a refusal letter. Making one without reason, date, office or way to object fails."""

    reason: str
    decided_on: date
    office: str
    objection: str
    object_by: date | None

    def __post_init__(self) -> None:
        parts = {"reason": self.reason.strip(), "date": self.decided_on, "office": self.office.strip()}
        parts["objection"] = self.objection.strip()
        for name, value in parts.items():
            if not value:
                raise LetterIncomplete(name)


def how_to_object(office: str, object_by: date) -> str:
    """The sentence on objecting, in plain words."""
    return (
        f"この決定に納得できないときは、{day_text(object_by)}までに、申込状況のページまたは{office}で、"
        "再審査を求めることができます。別の担当者がもう一度審査します。"
    )


FINAL = "再審査を終えた決定です。ご不明な点や、ほかの手続については、{office}にお問い合わせください。"
"""How to object after a re-review: the office tells what is left, which differs by municipality."""
