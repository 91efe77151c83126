"""Roles of staff (domain.md 1.3) with the words people see."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; an account has one or more."""

    PLANNER = "planner"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    TREASURER = "treasurer"
    AUDITOR = "auditor"
    COUNTER = "counter"


ROLES: dict[Role, str] = {
    Role.PLANNER: "企画",
    Role.REVIEWER: "審査",
    Role.APPROVER: "承認",
    Role.TREASURER: "出納",
    Role.AUDITOR: "閲覧・監査",
    Role.COUNTER: "窓口",
}
