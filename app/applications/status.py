"""The status words a person reads, whose turn it is, and the next date (domain.md 3.3), decided in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from app import clock
from app.applications.states import ApplicationState as S
from app.language import day_text, minute_text, say
from app.points import ARRIVED, GrantState, GrantView, OrderState, reason_in_words
from app.rebates import RebateView
from app.returns import ReturnState, ReturnView

YOU, MUNICIPALITY, PROVIDER = "you", "municipality", "provider"
TURN_LABELS = {
    YOU: "あなたの番です",
    MUNICIPALITY: "自治体が確認しています",
    PROVIDER: "決済事業者が手続しています",
    None: "いま行うことはありません",
}


@dataclass(frozen=True)
class StatusWord:
    """``key`` is stable for machines; ``is_final`` when nothing more will happen by itself."""

    key: str
    word: str
    turn: str | None
    date_text: str | None
    next_line: str
    is_final: bool = False


@dataclass(frozen=True)
class NextDays:
    """The next date of an application that is still being decided, or was refused (domain.md 3.3), where known.

    ``decision_by``: by when staff decide; ``answer_by``: the person's reply; ``object_by``: the last day to object.
    """

    decision_by: date | None = None
    answer_by: datetime | None = None
    object_by: date | None = None


def status_of(
    state: S,
    grant: GrantView | None,
    *,
    assign_by: datetime,
    expected: datetime | None,
    place: int | None = None,
    queue_ends: datetime | None = None,
    rebate: RebateView | None = None,
    returning: ReturnView | None = None,
    deceased: bool = False,
    days: NextDays | None = None,
) -> StatusWord:
    """The one word for an application and its benefit; ``place`` in the queue, which ``queue_ends``, while waiting."""
    if deceased and (grant is None or grant.state not in ARRIVED):
        return _after_a_death(grant)
    if rebate is not None and (collecting := _collecting(state, grant, rebate)) is not None:
        return collecting
    if state in (S.APPROVED, S.FULFILLED):
        receipt = None if grant is None or grant.receive_by is None else _receipt(grant, grant.receive_by)
        found = receipt or _benefit(state, grant, assign_by, expected)
        is_heard = found.turn is None and returning is not None and returning.state is ReturnState.NOTIFIED
        return _hearing(found, returning) if returning is not None and is_heard else found
    if state is S.REVOKED and returning is not None and not returning.is_over:
        return _taking_back(returning)
    found = _BY_STATE[state]
    word, next_line = say(found.word), say(found.next_line)
    if place is not None and queue_ends is not None:
        until = say("{day}までに決まります", day=day_text(queue_ends))
        return replace(found, word=say("補欠({place}番目)", place=place), date_text=until, next_line=next_line)
    return _with_its_day(replace(found, word=word, next_line=next_line), state, days or NextDays())


def _with_its_day(found: StatusWord, state: S, days: NextDays) -> StatusWord:
    """The next date where it is known; a day that has passed is not asked for any more."""
    if state in _DECIDED_BY_THE_OFFICE and days.decision_by is not None:
        late = clock.today() > days.decision_by
        text = "予定の{day}を過ぎていますが、確認は続いています" if late else "結果は{day}ごろ"
        return replace(found, date_text=say(text, day=day_text(days.decision_by)))
    if state is S.INFO_REQUESTED and days.answer_by is not None:
        return replace(found, date_text=say("{day}までにお返事ください", day=minute_text(days.answer_by)))
    if state is S.REJECTED and days.object_by is not None:
        if clock.today() > days.object_by:
            over = say("不服を申し出る期間は終わりました。くわしくは、担当窓口へお問い合わせください。")
            return replace(found, turn=None, next_line=over)
        return replace(found, date_text=say("不服の申出は{day}まで", day=day_text(days.object_by)))
    return found


_DECIDED_BY_THE_OFFICE = (S.SUBMITTED, S.SCREENING, S.RE_REVIEW)


def _hearing(found: StatusWord, case: ReturnView) -> StatusWord:
    """The points are there, and the office has asked the person to say something about them (domain.md 5.9)."""
    if case.respond_by is None or clock.today() > case.respond_by:
        told = say("担当窓口が、付与した内容を確認しています。")
        return replace(found, key="hearing", turn=MUNICIPALITY, next_line=told, is_final=False)
    told = say(
        "付与した内容について、担当窓口から確認のお知らせ(弁明の機会)をお送りしています。期限までにお返事ください。"
    )
    until = say("{day}までにお返事ください", day=day_text(case.respond_by))
    return replace(found, key="hearing", turn=YOU, date_text=until, next_line=told, is_final=False)


_BY_STATE = {
    S.SUBMITTED: StatusWord(
        "submitted", "受付済", MUNICIPALITY, None, "自治体が審査を始めます。結果はこのページで確認できます。"
    ),
    S.SCREENING: StatusWord(
        "screening",
        "審査中",
        MUNICIPALITY,
        None,
        "担当者が確認しています。対象外ということではありません。結果はこのページで確認できます。",
    ),
    S.WAITLISTED: StatusWord("waitlisted", "補欠", MUNICIPALITY, None, "空きが出たときに、順番にお知らせします。"),
    S.INFO_REQUESTED: StatusWord(
        "info_requested", "確認が必要です", YOU, None, "担当窓口からのお知らせをご確認ください。"
    ),
    S.RE_REVIEW: StatusWord("re_review", "再審査中", MUNICIPALITY, None, "別の担当者が、もう一度確認しています。"),
    S.REJECTED: StatusWord(
        "rejected", "対象外", YOU, None, "理由と、不服のある場合の手続をご確認ください。", is_final=True
    ),
    S.REJECTED_FINAL: StatusWord(
        "rejected_final", "対象外(再審査済)", None, None, "手続は終わりました。", is_final=True
    ),
    S.WITHDRAWN: StatusWord(
        "withdrawn", "取下げ", None, None, "申込を取り下げました。受付期間中は、もう一度申し込めます。", is_final=True
    ),
    S.LAPSED: StatusWord(
        "lapsed", "期限切れ", None, None, "期限までに手続がなかったため、終了しました。", is_final=True
    ),
    S.ASSIGN_EXPIRED: StatusWord(
        "assign_expired", "期限切れ", None, None, "決済サービスを選ぶ期限を過ぎました。", is_final=True
    ),
    S.REVOKED: StatusWord(
        "revoked",
        "取消し",
        None,
        None,
        "申込内容を確認した結果、付与を取り消しました。理由と不服のある場合の手続は通知をご覧ください。",
        is_final=True,
    ),
    S.CLOSED_OUT: StatusWord(
        "closed_out", "補欠のまま受付終了", None, None, "空きが出ないまま、受付が終わりました。", is_final=True
    ),
}


def _after_a_death(grant: GrantView | None) -> StatusWord:
    """Neutral words for the family (BR-30): no refusal, no reproach, nothing to do. What was ordered goes on."""
    if grant is not None and grant.state is not GrantState.PLANNED:
        told = say("付与の手続が進んでいます。くわしくは、担当窓口へお問い合わせください。")
        return StatusWord("after_a_death_ordered", say("付与手続中"), PROVIDER, None, told)
    told = say("この申込の手続は終わりました。いま行うことはありません。くわしくは、担当窓口へお問い合わせください。")
    return StatusWord("after_a_death", say("手続は終わりました"), None, None, told, is_final=True)


def _taking_back(case: ReturnView) -> StatusWord:
    return StatusWord(
        "revoked_return",
        say("取消し・返還手続中"),
        YOU,
        say("{day}まで", day=day_text(case.pay_by)) if case.pay_by else None,
        say("付与を取り消しました。お返しいただく額と方法、不服のある場合の手続は、通知をご覧ください。"),
    )


def _collecting(state: S, grant: GrantView | None, rebate: RebateView) -> StatusWord | None:
    """The word while purchases are collected, or when nothing came of them; ``None`` where a grant speaks."""
    if state is S.FULFILLED and rebate.allocated == 0:
        return StatusWord(
            "rebate_none",
            say("還元はありませんでした"),
            None,
            None,
            say("集計が終わりました。数えられたお買い物がなかったため、付与はありません。"),
            is_final=True,
        )
    if state is not S.APPROVED or (grant is not None and grant.state not in ARRIVED):
        return None
    return StatusWord(
        "collecting",
        say("お買い物を集計しています"),
        None,
        say("{day}に付与の額が決まります", day=day_text(rebate.next_closing)) if rebate.next_closing else None,
        say("対象のお店でのお買い物は、決済事業者から届くたびに数えられます。何もしなくて大丈夫です。"),
    )


def _receipt(grant: GrantView, receive_by: datetime) -> StatusWord | None:
    """The provider has granted; the person takes it at a terminal or counter, until a day. Never said to be done.

    ``None`` once it was received.
    """
    day, state = day_text(receive_by), grant.state
    if state is GrantState.NOT_RECEIVED:
        told = say("受取期限({date})を過ぎたため、受け取れません。", date=day)
        return StatusWord("not_received", say("受取期限切れ"), None, day, told, is_final=True)
    if state is not GrantState.AWAITING_RECEIPT:
        return None
    if clock.now() <= receive_by:
        return StatusWord(
            "receive",
            say("受取操作が必要です"),
            YOU,
            say("{day}まで", day=day),
            say("決済サービスの端末または窓口で受取操作をしてください。期限を過ぎると受け取れません。"),
        )
    return StatusWord(
        "receipt_over",
        say("受取操作の結果を確認中"),
        MUNICIPALITY if grant.by_staff else PROVIDER,
        say("受取期限 {day}", day=day),
        say("受取期限が過ぎました。期限までに受け取られたかを、担当窓口が確認しています。")
        if grant.by_staff
        else say("受取期限が過ぎました。期限までに受け取られたかを、決済事業者に確認しています。"),
    )


def _benefit(state: S, grant: GrantView | None, assign_by: datetime, expected: datetime | None) -> StatusWord:
    if grant is None or (grant.state is GrantState.PLANNED and grant.link_id is None):
        return StatusWord(
            "choose_service",
            say("決済サービスを選んでください"),
            YOU,
            say("{day}まで", day=day_text(assign_by)),
            say("受け取る決済サービスを選ぶと、付与の手続に進みます。"),
        )
    if grant.state is GrantState.GRANTED or state is S.FULFILLED:
        assert grant.granted_at is not None
        return StatusWord(
            "granted",
            say("付与済"),
            None,
            day_text(grant.granted_at),
            say("手続は終わりました。")
            if grant.by_staff
            else say("手続はすべて終わりました。決済サービスの残高をご確認ください。"),
            is_final=True,
        )
    if grant.state is GrantState.PLANNED and grant.order_state is OrderState.FAILED and grant.order_at is None:
        return StatusWord(
            "failed",
            say("付与できませんでした"),
            YOU,
            say("{day}まで", day=day_text(assign_by)),
            say("{reason}。申込は有効です。別の決済サービスをお選びください。", reason=reason_in_words(grant.reason)),
        )
    if grant.order_state is OrderState.UNKNOWN:
        return StatusWord(
            "unknown",
            say("付与の結果を確認中"),
            PROVIDER,
            None,
            say("付与の結果を決済事業者に確認しています。二重に付与されることはありません。"),
        )
    if grant.order_state is not None and grant.state is not GrantState.PLANNED:
        return StatusWord(
            "ordered",
            say("付与手続中"),
            MUNICIPALITY if grant.by_staff else PROVIDER,
            say("目安 {day}", day=day_text(expected)) if expected else None,
            say("担当窓口が、お渡しする準備をしています。できると、このページに表示されます。")
            if grant.by_staff
            else say("決済事業者が付与の手続をしています。終わると、このページに表示されます。"),
        )
    return StatusWord(
        "cooling_off",
        say("付与準備中(変更できます)"),
        None,
        say("{time}に手続を始めます", time=minute_text(grant.order_at)) if grant.order_at else None,
        say("それまでは、取り下げることも、決済サービスを変えることもできます。"),
    )
