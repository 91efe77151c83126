"""A policy in plain Japanese for the pages: conditions, amount, dates. Text only; pages escape it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

from app import clock, municipalities
from app.policies.conditions_tree import AgeRule
from app.policies.conditions_words import sentences
from app.policies.document import (
    BaseDateResidence,
    EventBenefit,
    Flat,
    PerVisit,
    PolicyDocument,
    Rate,
    Steps,
    Tier,
    Tiered,
)


def day_text(day: date) -> str:
    """2027年1月31日."""
    return f"{day.year}年{day.month}月{day.day}日"


def moment_text(instant: datetime) -> str:
    """2026年10月1日9時, or 9時30分, on a clock in Japan."""
    local = clock.local(instant)
    return f"{day_text(local.date())}{local.hour}時{f'{local.minute:02}分' if local.minute else ''}"


def points_text(points: int) -> str:
    """10,000ポイント."""
    return f"{points:,}ポイント"


def amount_text(document: PolicyDocument) -> str:
    """What one gets, in a few words."""
    benefit = document.benefit
    if isinstance(benefit, Rate):
        return f"購入額の{benefit.rate_percent}%（お一人{points_text(benefit.cap_per_person)}まで）"
    if isinstance(benefit, Tiered):
        amounts = sorted({tier.amount for tier in benefit.tiers})
        return points_text(amounts[0]) if len(amounts) == 1 else f"{amounts[0]:,}〜{points_text(amounts[-1])}"
    before = _AMOUNT_FOR.get(type(benefit), "")
    if isinstance(benefit, Flat) and benefit.per == "challenge":
        before = "達成1回につき"
    after = f"（月{benefit.cap_per_month}回まで）" if isinstance(benefit, PerVisit) and benefit.cap_per_month else ""
    return f"{before}{points_text(benefit.amount)}{after}"


_AMOUNT_FOR: dict[type, str] = {EventBenefit: "参加1回につき", Steps: "目標を達成すると", PerVisit: "訪問1回につき"}


def in_plain_words(document: PolicyDocument) -> list[str]:
    """Every condition as one sentence for the person who asks "is this for me?", with how it is checked."""
    if document.conditions is not None:
        rest = (sentence for describe in (_family, _card, _how_often) for sentence in describe(document))
        return [*sentences(document.conditions.root), *rest]
    return [sentence for describe in _SENTENCES for sentence in describe(document)]


def window_rows(document: PolicyDocument) -> list[tuple[str, str]]:
    """The dates of the policy as (label, text), in the order in which they come."""
    window = document.window
    rows = [("申込期間", f"{moment_text(window.apply_from)}から{_last_day(window.apply_to)}まで")]
    if window.purchase_from is not None and window.purchase_to is not None:
        rows.append(("対象となるお買い物", f"{day_text(window.purchase_from)}から{day_text(window.purchase_to)}まで"))
    rows.append(("決済サービスを選ぶ期限", _last_day(window.assign_by)))
    rows.append(("付与の時期", f"{_last_day(window.grant_by)}まで"))
    if window.receive_by is not None:
        rows.append(("受取の期限", _last_day(window.receive_by)))
    if window.exchange_deadline is not None:
        rows.append(("交換の期限", window.exchange_deadline))
    return rows


def _last_day(end: datetime) -> str:
    return day_text(clock.local(end).date())


def _places(codes: tuple[str, ...]) -> str:
    return "、".join(municipalities.label(code) for code in codes)


def _residence(document: PolicyDocument) -> Iterator[str]:
    residence = document.eligibility.residence
    if isinstance(residence, BaseDateResidence):
        yield _base_date(residence)
        return
    sentence = {
        "card_address_at_application": "{places}に住んでいる方（申込時点のカードの住所で確認します）",
        "prefecture": "{places}に住んでいる方（申込時点のカードの住所で確認します）",
        "non_resident": "{places}以外に住んでいる方（申込時点のカードの住所で確認します）",
        "none": "お住まいの地域に限定はありません",
    }[residence.mode]
    yield sentence.format(places=_places(residence.codes))
    if document.strict_residence:
        yield "お住まいは、カードの住所に加えて担当者も確認します"


def _base_date(residence: BaseDateResidence) -> str:
    when = "お子さまの誕生日" if residence.date == "birth_date" else day_text(residence.date)
    who = {"child": "お子さま", "guardian": "保護者"}
    subject = "と".join(who[one] for one in residence.who) + "が、" if residence.who else ""
    return f"{subject}{when}の時点で{_places(residence.codes)}に住んでいた方（名簿または担当者が確認します）"


def _birth(document: PolicyDocument) -> Iterator[str]:
    born, age = document.eligibility.birthdate_range, document.eligibility.age
    if born is not None:
        yield f"{day_text(born[0])}から{day_text(born[1])}までに生まれた方"
    if age is not None:
        yield _age(age)


def _age(age: AgeRule) -> str:
    if age.rule == "nendo_end":
        return f"{age.max}歳になる年度の末日（3月31日）までの方"
    when = "申込時点" if age.as_of == "application" else f"{day_text(age.as_of)}の時点"
    least = f"{age.min}歳以上" if age.min is not None else ""
    most = f"{age.max}歳以下" if age.max is not None else ""
    return f"{when}で{least}{most}の方"


def _family(document: PolicyDocument) -> Iterator[str]:
    eligibility = document.eligibility
    if isinstance(document.benefit, Tiered):
        yield from map(_tier, document.benefit.tiers)
    if eligibility.child_count_rule is not None:
        yield f"お子さまの人数は、{eligibility.child_count_rule.count_children_until}まで、生年月日の順に数えます"
    if eligibility.school_entry:
        yield f"入学するお子さま（{'・'.join(eligibility.school_entry)}）"
    if eligibility.guardian_resident_at is not None:
        when = {"application": "申込", "grant": "付与"}[eligibility.guardian_resident_at]
        yield f"保護者の方が、{when}の時点で住んでいること"
    if eligibility.guardian_application == "required_under_15":
        yield "15歳未満の方は、保護者（法定代理人）の方が申し込みます"


def _tier(tier: Tier) -> str:
    child = "お子さま"
    if tier.nth_child is not None:
        child = f"第{tier.nth_child}子"
    elif tier.nth_child_from is not None:
        child = f"第{tier.nth_child_from}子以降"
    return f"{child}{f'（{tier.stage}）' if tier.stage else ''}: {points_text(tier.amount)}"


def _proofs(document: PolicyDocument) -> Iterator[str]:
    eligibility = document.eligibility
    if eligibility.list_id is not None:
        yield "自治体の対象者名簿に載っている方"
    if eligibility.exclude_recipients_of:
        yield f"前回までの施策（{'、'.join(eligibility.exclude_recipients_of)}）で受け取っていない方"
    if eligibility.linked_app is not None:
        stamps = f"（スタンプ{eligibility.stamps_required}個）" if eligibility.stamps_required else ""
        yield f"連携アプリで活動を達成した方{stamps}"
    if isinstance(document.benefit, Steps):
        threshold = document.benefit.per_threshold
        senior = f"（65歳以上は{threshold.steps_65plus:,}歩）" if threshold.steps_65plus else ""
        yield f"1日{threshold.steps_per_day:,}歩以上{senior}を{threshold.days}日以上"
    if eligibility.event_checkin is not None:
        yield "会場のQRコードで参加を報告した方"
    yield from (f"窓口で見せていただく書類: {text}" for text in eligibility.documents)
    if eligibility.tax_arrears_check:
        yield "税の滞納がない方（担当者が確認します）"
    if document.excluded_goods:
        yield f"対象にならないもの: {'、'.join(document.excluded_goods)}"
    if document.shops is not None:
        yield f"対象のお店: {document.shops}"
    if document.min_payout is not None and document.accumulate_until_min:
        yield f"合計{points_text(document.min_payout)}になってから付与します"


def _card(document: PolicyDocument) -> Iterator[str]:
    if document.eligibility.card_required:
        yield "マイナンバーカードをお持ちの方"
    if document.eligibility.user_cert_valid:
        yield "「利用者証明用」の電子証明書が有効な方"


def _how_often(document: PolicyDocument) -> Iterator[str]:
    yield {
        "person": "お一人につき1回",
        "child": "お子さまお一人につき1回",
        "household": "1世帯につき1回",
        "event": "イベント1回につき1回",
        "challenge": "達成1回につき1回",
        "visit": "訪問1回につき1回",
    }[document.one_per]


_SENTENCES: tuple[Callable[[PolicyDocument], Iterator[str]], ...] = (
    _residence,
    _birth,
    _family,
    _proofs,
    _card,
    _how_often,
)
