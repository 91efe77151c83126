"""What a guardian may declare to be, and why for somebody of 15 or over: the words of both journeys."""

from __future__ import annotations

from app.applications import Reason, Relation

RELATIONS = (
    (Relation.PARENT, "父または母(親権者)です"),
    (Relation.MINORS_GUARDIAN, "未成年後見人です"),
    (Relation.ADULT_GUARDIAN, "成年後見人・保佐人・補助人です"),
)
REASONS = (
    (Reason.ILLNESS, "病気や障害などで、ご本人だけでは手続できない"),
    (Reason.HELP_NEEDED, "カードの読み取りや入力に、手助けが必要"),
    (Reason.GUARDIANSHIP, "後見などを受けている"),
)
