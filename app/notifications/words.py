"""The words of a message, in the language of its reader: what happened, how it stands, what to do next.

domain.md 3.6: a message never asks for a PIN, a number or a code, and never links to a form that does. Its one address
is that of the first page.
"""

from __future__ import annotations

from dataclasses import dataclass

from app import municipalities
from app.applications import ApplicationState, ApplicationView
from app.language import day_text, one_after_another, points_text, say
from app.language_ruby import in_brackets, plain
from app.screening import RefusalLetter

_S = ApplicationState


@dataclass(frozen=True)
class Kind:
    """Subject and first sentence; ``while_in`` are the states in which it is still true, all when empty."""

    subject: str
    line: str
    while_in: frozenset[ApplicationState] = frozenset()


KINDS: dict[str, Kind] = {
    "receipt": Kind("申込を受け付けました", "申込を受け付けました。受付番号は、問い合わせのときに使います。"),
    "got_a_seat": Kind("補欠から申込になりました", "空きが出たため、補欠だった申込を受け付けました。"),
    "approved": Kind(
        "審査が終わりました",
        "審査が終わり、対象の方であることを確認しました。",
        frozenset({_S.APPROVED, _S.FULFILLED}),
    ),
    "refused": Kind(
        "審査の結果のお知らせ",
        "審査の結果、今回は対象外となりました。",
        frozenset({_S.REJECTED, _S.REJECTED_FINAL}),
    ),
    "asked": Kind(
        "確認したいことがあります",
        "審査のために確認したいことがあります。とどけのサイトを開き、申込状況のページでお答えください。",
        frozenset({_S.INFO_REQUESTED}),
    ),
    "granted": Kind("ポイントが届きました", "{amount}が届きました。"),
    "to_take": Kind(
        "受取操作が必要です",
        "{amount}の用意ができました。受け取るには、決済サービスの端末または窓口での操作が必要です。",
    ),
    "receive_by": Kind(
        "受取期限が近づいています",
        "受取操作の期限は{day}です(あと{days}日)。期限を過ぎると受け取れません。",
    ),
    "not_received": Kind("受取期限が過ぎました", "受取期限を過ぎたため、受け取れません。"),
    "failed": Kind(
        "付与できませんでした",
        "選ばれた決済サービスに付与できませんでした。申込は有効です。",
        frozenset({_S.APPROVED}),
    ),
    "choose_by": Kind(
        "決済サービスを選んでください",
        "決済サービスを選ぶ期限は{day}です(あと{days}日)。選ばないと、受け取れません。",
        frozenset({_S.APPROVED}),
    ),
    "answer_by": Kind(
        "期限までにお答えください",
        "お尋ねしていることに答える期限は{day}です(あと{days}日)。お答えがないと、申込は終了します。",
        frozenset({_S.INFO_REQUESTED}),
    ),
    "ended": Kind("申込の手続が終わりました", "申込の手続が終わりました。理由は、申込状況のページにあります。"),
    "withdrawn": Kind("申込を取り下げました", "申込を取り下げました。"),
    "revoked": Kind(
        "付与の取消しのお知らせ",
        "申込内容を確認した結果、付与を取り消しました。理由と不服のある場合の手続は、別にお送りする通知をご覧ください。",
        frozenset({_S.REVOKED}),
    ),
    "reinstated": Kind(
        "付与の取消しはなくなりました",
        "不服の申立てを受けて確認した結果、付与の取消しはなくなりました。お返しいただくポイントはありません。",
        frozenset({_S.FULFILLED}),
    ),
    "choice_moved": Kind(
        "決済サービスを選ぶ期限が変わりました",
        "システムメンテナンスのため、決済サービスを選ぶ期限を延ばしました。",
        frozenset({_S.APPROVED}),
    ),
    "queue_moved": Kind(
        "受付の期限が変わりました",
        "システムメンテナンスのため、受付の期限が変わりました。補欠の結果が決まる日も変わります。",
        frozenset({_S.WAITLISTED}),
    ),
    "suspended": Kind(
        "受付を一時停止しています",
        "確認作業のため、この施策の新しい受付を一時停止しています。すでに申し込まれた方の手続は続きます。",
    ),
    "resumed": Kind(
        "受付を再開しました", "一時停止していた受付を再開しました。申し込まれた方の手続は、そのまま続きます。"
    ),
    "return_opened": Kind(
        "お返しいただくポイントについて",
        "付与のあとに返品があったため、{amount}が多く付与されています。"
        "自治体が確認し、手続をお知らせします。いま行うことはありません。",
    ),
    "return_over": Kind(
        "お返しいただくポイントはなくなりました", "もう一度数えた結果、お返しいただくポイントはなくなりました。"
    ),
}


# The same by the word of the status page, where the state of the application does not tell.
_WHILE_SHOWN = {
    "choose_by": ("choose_service", "failed"),
    "choice_moved": ("choose_service", "failed"),
    "failed": ("choose_service", "failed"),
    "receive_by": ("receive",),
}


@dataclass(frozen=True)
class Words:
    """One message as it is sent: plain text."""

    subject: str
    body: str


def code_words(code: str, minutes: int) -> Words:
    """The message that proves an address."""
    return _code_words(say("メールアドレスの確認"), code, minutes, say("何も登録されません。"))


def view_code_words(code: str, minutes: int) -> Words:
    """The message that lets its reader look at one application."""
    return _code_words(
        say("申込状況を見るための確認コード"), code, minutes, say("申込状況は、コードがないと見られません。")
    )


def _code_words(subject: str, code: str, minutes: int, otherwise: str) -> Words:
    lines = (
        subject,
        "",
        say("確認コード: {code}", code=code),
        say("開いている画面に、{minutes}分以内に入力してください。", minutes=minutes),
        "",
        one_after_another(say("お心当たりがないときは、このメールを捨ててください。"), otherwise),
        *_closing(None),
    )
    return _finished(subject, lines)


def words_of(
    kind: str, view: ApplicationView, letter: RefusalLetter | None, facts: dict[str, str | int], public_url: str
) -> Words:
    """A message about an application, as it stands now."""
    known = dict(facts)
    if "amount" in known:
        known["amount"] = points_text(int(known["amount"]))
    status = view.status
    # Granted is not yet received where the service has a receipt action; never said to be done (domain.md 3.3).
    found = KINDS["to_take" if kind == "granted" and status.key == "receive" else kind]
    lines = [
        f"{municipalities.label(view.municipality_code)} {view.policy_title}",
        say("受付番号 {no}", no=view.receipt_no),
        "",
        say(found.line, **known),
    ]
    if kind == "granted" and view.service_name:
        lines.append(say("決済サービス: {name}", name=" ".join((view.service_name, view.masked_account or ""))))
    if kind == "return_opened":
        office = say("{place} 給付担当窓口", place=municipalities.label(view.municipality_code))
        lines.append(say("担当: {office}", office=office))
    if letter is not None:
        lines += [
            say("理由: {reason}", reason=letter.reason),
            say("決定の日: {day}", day=day_text(letter.decided_on)),
            say("担当: {office}", office=letter.office),
            letter.objection,
        ]
    lines += ["", say("いまの状況: {word}", word=status.word)]
    lines += [text for text in (status.date_text, say(status.next_line)) if text]
    return _finished(f"{say(found.subject)} ({view.receipt_no})", (*lines, *_closing(public_url)))


def is_still_true(kind: str, view: ApplicationView) -> bool:
    """A message that waited may have been overtaken; then it would only confuse."""
    if kind in ("return_opened", "return_over"):
        return view.returning is not None and view.returning.is_over == (kind == "return_over")
    states = KINDS[kind].while_in
    if states and view.state not in states:
        return False
    keys = _WHILE_SHOWN.get(kind)
    return keys is None or view.status.key in keys


def _closing(public_url: str | None) -> tuple[str, ...]:
    never = say("とどけのメールが、暗証番号や番号、コードを書いて送るようにお願いすることはありません。")
    if public_url is None:
        return ("", never)
    where = say("申込状況は、とどけのサイトを開いて「申込状況」で確認できます。")
    return ("", where, f"{public_url}/", "", never, say("メールを止めるときも、申込状況のページから手続できます。"))


def _finished(subject: str, lines: tuple[str, ...]) -> Words:
    """Readings of やさしい日本語 stand in brackets; the subject goes without."""
    body = "\n".join(lines) + "\n"
    return Words(f"【{plain(say('とどけ'))}】{plain(subject)}", in_brackets(body))
