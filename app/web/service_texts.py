"""How a payment service, and an amount that is not settled, are described in words."""

from __future__ import annotations

from datetime import timedelta

from app.language import ENGLISH, current, points_text, say, with_more
from app.payments import GrantMode, Offer, ServiceDocument

_AFTERWARDS = {
    GrantMode.TERMINAL_RECEIVE: "そのあと端末で受取操作が必要です",
    GrantMode.COUNTER_HANDOVER: "窓口でお渡しします",
    GrantMode.URL_ISSUE: "メールで届きます",
    GrantMode.POINTS_NEXT_STATEMENT: "次回の明細に反映されます",
    GrantMode.CASHBACK_ACCOUNT: "口座に入金されます",
}


# Words that many services share, in the three languages; the rest of their words are their own and stay as written.
COMMON_WORDS = (
    "QR決済",
    "電子マネー(流通系ICカード)",
    "電子マネー(交通系ICカード)",
    "クレジットカード",
    "プリペイド",
    "デビット",
    "地域通貨(アプリ/カード)",
    "デジタルギフト(選択式)",
    "代替(紙)",
    "会員番号",
    "お客様番号",
    "カード番号(16桁)",
    "引換番号",
    "受取メールアドレス",
    "セキュリティコード",
    "セキュリティコード(7桁)",
    "裏面セキュリティコード(3桁)",
    "受取コード",
    "認証コード",
)


def kind_text(service: ServiceDocument) -> str:
    """What kind of payment service it is."""
    return say(service.category)


def label_text(label: str) -> str:
    """What a service calls a number; in English with its own word, for that is what has to be found."""
    words = say(label)
    return with_more(words, label) if current() == ENGLISH and words != label else words


def where_to_look(service: ServiceDocument) -> dict[str, str | None]:
    """Which picture shows where the number is, and that in words; nothing where it comes by mail or on paper."""
    if service.grant_mode is GrantMode.TERMINAL_RECEIVE:
        return {"where": "card", "where_text": say("番号は、カードの表か裏に書いてあります。")}
    if service.grant_mode in (GrantMode.URL_ISSUE, GrantMode.COUNTER_HANDOVER):
        return {"where": None, "where_text": None}
    return {"where": "app", "where_text": say("番号は、アプリの「アカウント」や「会員証」の画面に出ています。")}


def lead_text(service: ServiceDocument) -> str:
    """How soon a benefit arrives and what is to be done for it."""
    when = _lead_words(service.grant_lead)
    afterwards = _AFTERWARDS.get(service.grant_mode)
    return with_more(when, say(afterwards)) if afterwards else when


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
