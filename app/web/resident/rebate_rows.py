"""What was counted for a rebate, in words: each purchase with its reason, how far to the cap, the next date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import clock
from app.language import one_after_another, points_text, say
from app.rebates import PeriodView, PurchaseView, Reason, RebateView
from app.returns import ReturnState, ReturnView
from app.web.pages import japanese_date

SHOWN = 50

REASONS = {
    Reason.BEFORE_APPLICATION: "申込より前のお買い物のため、数えません。",
    Reason.OUTSIDE_PERIOD: "対象の期間のお買い物ではないため、数えません。",
    Reason.SHOP_NOT_LISTED: "対象のお店の一覧にないため、数えません。",
    Reason.SHOPS_NOT_KNOWN: "対象のお店の一覧を待っています。まだ数えていません。",
    Reason.EXCLUDED_GOODS: "対象にならない商品だけのため、数えません。",
    Reason.REFUNDED: "返品されたため、数えません。",
    Reason.REPORTED_TOO_LATE: "集計が終わったあとに届いたため、数えていません。",
}


def rebate_rows(view: RebateView, returning: ReturnView | None = None) -> dict[str, Any]:
    """The section of the status page (templates/resident/_rebate.html)."""
    shown = view.purchases[:SHOWN]
    return {
        "rows": _summary(view),
        "periods": [_period(one) for one in view.periods] if len(view.periods) > 1 else [],
        "notes": [*_notes(view), *([_returning(returning)] if returning else [])],
        "purchases": [_purchase(one) for one in shown],
        "more": view.purchase_count - len(shown),
    }


def _summary(view: RebateView) -> list[tuple[str, str]]:
    rows = [
        (say("これまでの還元"), points_text(view.entitled)),
        (say("上限まで"), say("あと{amount}", amount=points_text(view.left))),
        (say("付与の手続をした分"), points_text(view.allocated)),
    ]
    if view.next_closing is not None:
        rows.append((say("次に額が決まる日"), japanese_date(clock.local(view.next_closing).date())))
        reports = clock.local(view.next_closing).date() - timedelta(days=1)
        rows.append((say("お買い物が届く期限"), japanese_date(reports)))
    return rows


def _period(view: PeriodView) -> tuple[str, str]:
    days = say("{first}から{last}まで", first=japanese_date(view.period.first), last=japanese_date(view.period.last))
    if view.granted is None:
        return days, say("{amount}(集計中)", amount=points_text(view.earned))
    if view.owed:
        return days, say("付与なし({amount}を返品の分として差し引きました)", amount=points_text(view.owed))
    return days, say("{amount}を付与の手続に回しました", amount=points_text(view.granted))


def _notes(view: RebateView) -> list[str]:
    notes = []
    if view.left == 0:
        notes.append(say("上限に達しました。これからのお買い物では増えません。"))
    if view.short:
        notes.append(say("予算の残りが少ないため、{amount}はまだ確保できていません。", amount=points_text(view.short)))
    if view.waiting_refunds:
        notes.append(say("もとのお買い物を待っている返品が{count}件あります。", count=view.waiting_refunds))
    return notes


_RETURNING = {
    ReturnState.SUSPECTED: "付与のあとに返品があったため、{amount}が多く付与されています。"
    "自治体が確認し、手続をお知らせします。いま行うことはありません。",
    ReturnState.NOTIFIED: "付与のあとに返品があったため、{amount}が多く付与されています。"
    "ご意見があれば、{day}までに担当窓口へお知らせください。",
    ReturnState.DECIDED: "{amount}をお返しいただくことが決まりました。"
    "方法と期限は、担当窓口からの通知でお知らせします。",
    ReturnState.DEMANDED: "{amount}を{day}までにお返しください。方法は、担当窓口からの通知をご覧ください。",
    ReturnState.SETTLED: "お返しいただく手続は終わりました。",
    ReturnState.CLEARED: "お返しいただくポイントはありません。",
}
_SAID_ALIKE = {
    ReturnState.INVESTIGATING: ReturnState.SUSPECTED,
    ReturnState.PARTLY_PAID: ReturnState.DEMANDED,
    ReturnState.INSTALMENTS: ReturnState.DEMANDED,
    ReturnState.LITIGATED: ReturnState.DEMANDED,
    ReturnState.WRITTEN_OFF: ReturnState.SETTLED,
    ReturnState.CANCELLED: ReturnState.CLEARED,
}


def _returning(case: ReturnView) -> str:
    """How it stands with what refunds made too much (BR-38)."""
    day = case.pay_by or case.respond_by
    text = _RETURNING[_SAID_ALIKE.get(case.state, case.state)]
    return say(text, amount=points_text(case.left), day=japanese_date(day) if day else "")


def _purchase(view: PurchaseView) -> dict[str, Any]:
    counted = view.counted
    local = clock.local(view.at)
    if counted.reason is not None:
        text = say(REASONS[counted.reason])
    else:
        parts = [say("{yen}円を数えました。", yen=f"{counted.counted:,}")]
        if counted.excluded:
            parts.append(say("対象にならない商品は{yen}円です。", yen=f"{counted.excluded:,}"))
        if counted.refunded:
            parts.append(say("返品は{yen}円です。", yen=f"{counted.refunded:,}"))
        if counted.capped:
            parts.append(say("1回のお買い物の上限までです。"))
        text = one_after_another(*parts)
    return {
        "when": f"{japanese_date(local.date())} {local:%H:%M}",
        "shop": say("店舗番号 {no}", no=view.shop_no),
        "yen": say("{yen}円", yen=f"{counted.bought:,}"),
        "text": text,
        "counts": counted.reason is None,
    }
