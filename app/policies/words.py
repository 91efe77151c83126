"""A policy in plain words for its reader: conditions, amount, dates. Text only; pages escape it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.language import ENGLISH, JAPANESE, current, day_text, moment_text, points_text, say
from app.policies.conditions_translate import tree_of
from app.policies.conditions_tree import AnyNode, GuardianConfirmed, conjuncts_of
from app.policies.conditions_words import sentences
from app.policies.document import (
    EventBenefit,
    Flat,
    PerVisit,
    PolicyDocument,
    Rate,
    Steps,
    Tier,
    Tiered,
)
from app.policies.words_japanese import declared_conditions


def amount_text(document: PolicyDocument) -> str:
    """What one gets, in a few words."""
    benefit = document.benefit
    if isinstance(benefit, Rate):
        return say(
            "購入額の{rate}%（お一人{cap}まで）", rate=benefit.rate_percent, cap=points_text(benefit.cap_per_person)
        )
    if isinstance(benefit, Tiered):
        amounts = sorted({tier.amount for tier in benefit.tiers})
        return points_text(amounts[0]) if len(amounts) == 1 else f"{amounts[0]:,}〜{points_text(amounts[-1])}"
    before = say(_AMOUNT_FOR.get(type(benefit), "{amount}"), amount=points_text(benefit.amount))
    if isinstance(benefit, Flat) and benefit.per == "challenge":
        before = say("達成1回につき{amount}", amount=points_text(benefit.amount))
    if isinstance(benefit, PerVisit) and benefit.cap_per_month:
        return say("{amount}（月{n}回まで）", amount=before, n=benefit.cap_per_month)
    return before


_AMOUNT_FOR: dict[type, str] = {
    EventBenefit: "参加1回につき{amount}",
    Steps: "目標を達成すると{amount}",
    PerVisit: "訪問1回につき{amount}",
}


def in_plain_words(document: PolicyDocument) -> list[str]:
    """Every condition as one sentence for the person who asks "is this for me?", with how it is checked."""
    if document.conditions is None and current() == JAPANESE:
        conditions = list(declared_conditions(document))
    else:
        said = [node for node in conjuncts_of(tree_of(document)) if not _is_said_of_the_family(node, document)]
        conditions = [_begun(sentence) for node in said for sentence in sentences(node)]
    return [*conditions, *(one for describe in (_family, _amounts, _card, _how_often) for one in describe(document))]


def _is_said_of_the_family(node: AnyNode, document: PolicyDocument) -> bool:
    """``_family`` says who applies for a child; once is enough."""
    return isinstance(node, GuardianConfirmed) and document.eligibility.guardian_application == "required_under_15"


def _begun(sentence: str) -> str:
    """An English line of a list begins with a capital letter."""
    return sentence[:1].upper() + sentence[1:] if current() == ENGLISH else sentence


def window_rows(document: PolicyDocument) -> list[tuple[str, str]]:
    """The dates of the policy as (label, text), in the order in which they come."""
    window = document.window
    rows = [(say("申込期間"), _span(moment_text(window.apply_from), _last_day(window.apply_to)))]
    if window.purchase_from is not None and window.purchase_to is not None:
        rows.append((say("対象となるお買い物"), _span(day_text(window.purchase_from), day_text(window.purchase_to))))
    rows.append((say("決済サービスを選ぶ期限"), _last_day(window.assign_by)))
    rows.append((say("付与の時期"), say("{day}まで", day=_last_day(window.grant_by))))
    if window.receive_by is not None:
        rows.append((say("受取の期限"), _last_day(window.receive_by)))
    if window.exchange_deadline is not None:
        rows.append((say("交換の期限"), window.exchange_deadline))
    return rows


def _span(first: str, last: str) -> str:
    return say("{first}から{last}まで", first=first, last=last)


def _last_day(end: datetime) -> str:
    return day_text(end)


def _family(document: PolicyDocument) -> Iterator[str]:
    if isinstance(document.benefit, Tiered):
        yield from map(_tier, document.benefit.tiers)
    if document.eligibility.guardian_application == "required_under_15":
        yield say("15歳未満の方は、保護者（法定代理人）の方が申し込みます")


def _tier(tier: Tier) -> str:
    child = say("お子さま")
    if tier.nth_child is not None:
        child = say("第{n}子", n=tier.nth_child)
    elif tier.nth_child_from is not None:
        child = say("第{n}子以降", n=tier.nth_child_from)
    return f"{child}{f'（{tier.stage}）' if tier.stage else ''}: {points_text(tier.amount)}"


def _amounts(document: PolicyDocument) -> Iterator[str]:
    if isinstance(document.benefit, Steps):
        threshold = document.benefit.per_threshold
        yield say("1日{steps}歩以上を{days}日以上", steps=f"{threshold.steps_per_day:,}", days=threshold.days)
        if threshold.steps_65plus:
            yield say("65歳以上の方は、1日{steps}歩以上", steps=f"{threshold.steps_65plus:,}")
    if document.excluded_goods:
        yield say("対象にならないもの: {goods}", goods="、".join(document.excluded_goods))
    if document.shops is not None:
        yield say("対象のお店: {shops}", shops=document.shops)
    if document.min_payout is not None and document.accumulate_until_min:
        yield say("合計{amount}になってから付与します", amount=points_text(document.min_payout))


def _card(document: PolicyDocument) -> Iterator[str]:
    if document.eligibility.card_required:
        yield say("マイナンバーカードをお持ちの方")
    if document.eligibility.user_cert_valid:
        yield say("「利用者証明用」の電子証明書が有効な方")


def _how_often(document: PolicyDocument) -> Iterator[str]:
    said = {
        "person": "お一人につき1回",
        "child": "お子さまお一人につき1回",
        "household": "1世帯につき1回",
        "event": "イベント1回につき1回",
        "challenge": "達成1回につき1回",
        "visit": "訪問1回につき1回",
    }
    yield say(said[document.one_per])
