"""Whose service ID receives in an application, and for how many people it may (BR-27)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import clock, payments
from app.applications.guardian import Wallet, wallet_of
from app.applications.models import Application
from app.policies import PolicyDocument


def payment_wallet(
    session: Session, application: Application, document: PolicyDocument, service: payments.ServiceDocument
) -> payments.Wallet:
    """Whose ID receives, for how many people (BR-27: the lower of policy and service), and what else there is."""
    most = _most(document, service)
    if most == 1 and application.wallet == Wallet.OWN:
        return payments.Wallet(wallet_of(application))
    others = payments.services_of(session, document.services)
    offered = payments.offers(document, others, clock.now(), application.amount or None, None)
    roomy = [o.service.name for o in offered if o.closed is None and _most(document, o.service) > most]
    return payments.Wallet(wallet_of(application), most, roomy[0] if roomy else "お子さまご本人の決済サービス")


def _most(document: PolicyDocument, service: payments.ServiceDocument) -> int:
    rule = document.wallet_rule
    limit = rule.max_beneficiaries_per_wallet if rule.guardian_wallet else 1
    return limit if service.max_beneficiaries_per_id is None else min(limit, service.max_beneficiaries_per_id)
