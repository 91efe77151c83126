"""How a payment service, and an amount that is not settled, are described in words."""

from __future__ import annotations

from datetime import timedelta

from app.language import points_text, say
from app.payments import GrantMode, Offer, ServiceDocument

_AFTERWARDS = {
    GrantMode.TERMINAL_RECEIVE: "そのあと端末で受取操作が必要です",
    GrantMode.COUNTER_HANDOVER: "窓口でお渡しします",
    GrantMode.URL_ISSUE: "メールで届きます",
    GrantMode.POINTS_NEXT_STATEMENT: "次回の明細に反映されます",
    GrantMode.CASHBACK_ACCOUNT: "口座に入金されます",
}


def lead_text(service: ServiceDocument) -> str:
    """How soon a benefit arrives and what is to be done for it."""
    when = _lead_words(service.grant_lead)
    afterwards = _AFTERWARDS.get(service.grant_mode)
    return say("{when}({afterwards})", when=when, afterwards=afterwards) if afterwards else when


def spend_text(service: ServiceDocument) -> str | None:
    """Where what it brings can be spent, where that is limited."""
    return say("使えるお店: {scope}", scope=service.spend_scope) if service.spend_scope else None


def consent_text(offer: Offer) -> str | None:
    """That the service wants a guardian's consent, for whom it concerns."""
    under = offer.service.guardian_consent_under
    if not offer.asks_consent or under is None:
        return None
    return say("{age}歳未満の方がこの決済サービスを使うには、保護者の同意が必要です。", age=under)


def _lead_words(lead: timedelta) -> str:
    minutes = int(lead.total_seconds() // 60)
    if minutes == 0:
        return say("すぐに届きます")
    if minutes < 60:
        return say("{n}分ほどで届きます", n=minutes)
    if minutes < 24 * 60:
        return say("{n}時間ほどで届きます", n=minutes // 60)
    return say("{n}日ほどで届きます", n=minutes // (24 * 60))


def most_text(amount: int) -> str:
    """An amount that waits for the register: nobody is told more, or less, than what can be said (BR-29)."""
    return say("最大{amount}(お子さまが何番目かを、自治体が確かめたあとに決まります)", amount=points_text(amount))
