"""What is told to whom when something happens to an application (domain.md 3.6), as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy.orm import Session

from app import applications, clock, events, points
from app.applications import ApplicationChanged
from app.notifications.of_policies import tell_of_policy
from app.notifications.outbox import tell, tell_with_the_rest, with_an_address
from app.points import GrantFailed, GrantSucceeded, ReceiptMissed
from app.policies import EndMoved, PolicyResumed, PolicySuspended
from app.returns import RebateReturnOpened, RebateReturnOver

_AboutOne: TypeAlias = GrantSucceeded | GrantFailed | ReceiptMissed | RebateReturnOpened | RebateReturnOver

# What happened: the message, and whether it can happen to one application only once.
TOLD: dict[str, tuple[str, bool]] = {
    "application.submitted": ("receipt", True),
    "application.got_a_seat": ("got_a_seat", True),
    "application.approved": ("approved", False),
    "application.refused": ("refused", False),
    "objection.decided": ("refused", False),
    "application.asked": ("asked", False),
    "application.lapsed": ("ended", True),
    "application.assign_expired": ("ended", True),
    "application.closed_out": ("ended", True),
    "application.withdrawn": ("withdrawn", True),
    "application.revoked": ("revoked", False),
    "application.reinstated": ("reinstated", False),
    "application.choice_moved": ("choice_moved", False),
}


def register() -> None:
    """Listen; called once at the start of every process."""
    events.subscribe_to_many(ApplicationChanged, tell_of_change)
    events.subscribe_to_many(GrantSucceeded, tell_of_grant)
    events.subscribe(GrantFailed, tell_of_failure)
    events.subscribe(ReceiptMissed, tell_of_missed_receipt)
    events.subscribe(EndMoved, tell_of_policy)
    events.subscribe(PolicySuspended, tell_of_policy)
    events.subscribe(PolicyResumed, tell_of_policy)
    events.subscribe(RebateReturnOpened, tell_of_return)
    events.subscribe(RebateReturnOver, tell_of_return)


def tell_of_change(session: Session, happened: Sequence[ApplicationChanged]) -> None:
    """The applicants are told, whoever benefits: it is the applicant's mail address."""
    told = [event for event in happened if event.action in TOLD]
    # One is told as what happened is written; of many it is first asked who has an address at all.
    readers = None if len(told) == 1 else with_an_address(session, {event.applicant_id for event in told})
    for event in told:
        if readers is None or event.applicant_id in readers:
            kind, only_once = TOLD[event.action]
            key = f"{kind}:{event.application_id}" + ("" if only_once else f":{clock.now().isoformat()}")
            tell_with_the_rest(session, event.applicant_id, kind, key, (event.policy_id, event.application_id))


def tell_of_grant(session: Session, happened: Sequence[GrantSucceeded]) -> None:
    """The points arrived."""
    applicants = applications.applicants_of(session, [(one.policy_id, one.application_id) for one in happened])
    readers = with_an_address(session, set(applicants.values()))
    for event in happened:
        if applicants.get(event.application_id) in readers:
            _tell_of_order(session, event, "granted", f"granted:{event.grant_id}", {"amount": event.amount})


def tell_of_failure(session: Session, event: GrantFailed) -> None:
    """The provider could not carry it out: another service can be chosen (E401)."""
    grants = points.grants_of(session, event.policy_id, event.application_id)
    attempt = next((grant.attempt for grant in grants if grant.grant_id == event.grant_id), 0)
    _tell_of_order(session, event, "failed", f"failed:{event.grant_id}:{attempt}", {})


def tell_of_missed_receipt(session: Session, event: ReceiptMissed) -> None:
    """The day for the receipt action is over (E402)."""
    _tell_of_order(session, event, "not_received", f"not_received:{event.grant_id}", {})


def tell_of_return(session: Session, event: RebateReturnOpened | RebateReturnOver) -> None:
    """Refunds made part of a rebate too much, or nothing is due any more (BR-38)."""
    if isinstance(event, RebateReturnOpened):
        _tell_of_order(session, event, "return_opened", f"return_opened:{event.case_id}", {"amount": event.amount})
    else:
        _tell_of_order(session, event, "return_over", f"return_over:{event.case_id}", {})


def _tell_of_order(  # what happened, and how it is told
    session: Session, event: _AboutOne, kind: str, key: str, facts: dict[str, int]
) -> None:
    parties = applications.parties_of(session, event.policy_id, event.application_id)
    if parties is not None:
        tell(session, parties.applicant_id, kind, key, about=(event.policy_id, event.application_id), facts=facts)
