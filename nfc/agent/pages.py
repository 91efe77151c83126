"""The keypad page in its five states. Everything variable is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from string import Template
from types import MappingProxyType
from typing import Final

from nfc.agent.booth import Booth
from nfc.agent.messages import message_for
from nfc.agent.pin_form import AUTH_FIELD, LAST_TRY_FIELD, TEXT_FIELD, FieldError
from nfc.agent.task import CardSessionTask
from nfc.agent.visit import Tries, Visit, VisitState, VisitView
from nfc.pins import PinKind

REFRESH_SECONDS: Final = 2
MAX_REFRESH_SECONDS: Final = 180

_PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {"apply": "給付の申込のための本人確認", "status": "申込状況の確認のための本人確認"}
)
_STEPS: Final = ("カードを置く", "暗証番号を入力する", "読み取る", "終わり")
_STEP_OF: Final[Mapping[VisitState, int]] = MappingProxyType(
    {
        VisitState.WAITING_CARD: 1,
        VisitState.WAITING_PIN: 2,
        VisitState.READING: 3,
        VisitState.DONE: 4,
        VisitState.FAILED: 4,
    }
)
_FIELD_HINTS: Final[Mapping[PinKind, tuple[str, str, str]]] = MappingProxyType(
    {
        PinKind.TEXT: (
            TEXT_FIELD,
            "「券面事項入力補助用」の暗証番号(数字4桁)",
            "氏名・住所・生年月日・性別の読み取りに使います。",
        ),
        PinKind.AUTH: (
            AUTH_FIELD,
            "「利用者証明用」の暗証番号(数字4桁)",
            "ご本人のカードであることの確認に使います。",
        ),
    }
)


@cache
def asset(name: str) -> bytes:
    """A file that belongs to the page, as packaged."""
    return (resources.files("nfc.agent") / "pages" / name).read_bytes()


@cache
def _template(name: str) -> Template:
    return Template(asset(name).decode("utf-8"))


def page(booth: Booth, errors: Sequence[FieldError] = ()) -> str:
    """The page for what is going on now; `errors` are those of a form just sent."""
    revision, visit = booth.revision(), booth.visit
    if visit is None:
        return _whole("読み取りの受け付け前です", _idle(booth.service_away), booth, revision, REFRESH_SECONDS)
    view = visit.view()
    title, body = _BODIES[view.state](visit, view, errors)
    # Where somebody types, a timed refresh would wipe what was typed; there it only comes when the time is over.
    refresh = MAX_REFRESH_SECONDS if view.state is VisitState.WAITING_PIN else REFRESH_SECONDS
    if errors:
        title = f"エラー:{title}"
    return _whole(title, _steps(view.state) + body, booth, revision, refresh)


def refusal_page(title: str, text: str, booth: Booth) -> str:
    """A page for a request that is not answered."""
    body = f'<h1>{escape(title)}</h1><p>{escape(text)}</p><p><a href="/">読み取りの画面へ</a></p>'
    return _whole(title, body, booth, booth.revision(), MAX_REFRESH_SECONDS)


def _whole(title: str, body: str, booth: Booth, revision: str, refresh: int) -> str:
    banner = '<p class="test-banner">試験用:本物のカードは使えません</p>' if booth.environment == "test" else ""
    return _template("page.html").substitute(
        title=escape(title), banner=banner, body=body, revision=escape(revision), refresh=refresh
    )


def _steps(state: VisitState) -> str:
    now = _STEP_OF[state]
    items = []
    for number, name in enumerate(_STEPS, start=1):
        current = ' aria-current="step"' if number == now else ""
        spoken = "(済み)" if number < now and state is not VisitState.FAILED else ""
        items.append(f'<li{current}><span class="step-name">{name}</span><span class="spoken">{spoken}</span></li>')
    return f'<ol class="steps" aria-label="読み取りの手順">{"".join(items)}</ol>'


def _idle(service_away: bool) -> str:
    away = (
        '<p class="notice" role="status">サービスに接続できません。つながると自動で受け付けを始めます。</p>'
        if service_away
        else ""
    )
    return (
        "<h1>読み取りの受け付け前です</h1>"
        "<p>申込の画面で「カードを読み取る」を選ぶと、この画面に案内が出ます。</p>"
        f"<p>カードは、案内が出てから置いてください。</p>{away}"
    )


def _waiting_card(visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    title = "カードを置いてください"
    again = (
        '<p class="notice" role="status">カードを読み取れませんでした。ケースを外し、'
        "カードリーダーの中央に、もう一度置いてください。</p>"
        if view.unreadable_before
        else ""
    )
    return title, (
        f"<h1>{title}</h1>{again}"
        "<p>マイナンバーカードをカードリーダーに置いてください。置くと自動で次に進みます。</p>"
        f"{_confirmation(view.task)}{_what_for(view.task)}{_cancel(visit)}"
    )


def _waiting_pin(visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    title = "暗証番号を入力してください"
    by_field = {error.field: error.text for error in errors}
    fields = "".join(
        _pin_field(kind, left, by_field)
        for kind, left in ((PinKind.TEXT, view.tries.text), (PinKind.AUTH, view.tries.auth))
    )
    return title, (
        f"{_error_summary(errors)}<h1>{title}</h1>"
        f"{_confirmation(view.task)}{_what_for(view.task)}"
        '<form method="post" action="/pin" autocomplete="off" novalidate>'
        f'<input type="hidden" name="token" value="{escape(visit.form_token)}">'
        f"{fields}{_last_try(view.tries, by_field)}"
        '<div id="number-keys"></div>'
        '<p class="privacy">暗証番号は、この端末とカードの間だけで使います。サービスには送らず、残しません。</p>'
        '<button class="primary" type="submit">読み取る</button></form>'
        f"{_cancel(visit)}"
        "<p>はじめから3分たつと、自動で終わります。</p>"
    )


def _reading(visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    title = "読み取っています"
    return title, (
        f'<h1>{title}</h1><p class="big" role="status">カードを動かさないでください。</p><p>数秒で終わります。</p>'
    )


def _done(visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    title = "読み取りが終わりました"
    return title, (
        f'<h1>{title}</h1><p class="big" role="status">カードをお取りください。</p>'
        "<p>続きは、元の画面でお進みください。この端末に情報は残していません。</p>"
    )


def _failed(visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    assert view.ending is not None, "a failed visit has an ending"
    message = message_for(view.ending)
    code = f'<p class="code">エラー番号 {message.code}</p>' if message.code else ""
    return message.title, (
        f'<div class="failure" role="alert"><h1>{escape(message.title)}</h1><p>{escape(message.text)}</p></div>'
        f"<p>{escape(message.next_step)}</p><p>カードが置いてあれば、お取りください。</p>{code}"
    )


_BODIES: Final = MappingProxyType(
    {
        VisitState.WAITING_CARD: _waiting_card,
        VisitState.WAITING_PIN: _waiting_pin,
        VisitState.READING: _reading,
        VisitState.DONE: _done,
        VisitState.FAILED: _failed,
    }
)


def _confirmation(task: CardSessionTask) -> str:
    return (
        '<div class="confirmation"><p>元の画面の番号と同じですか</p>'
        f'<p class="number">{escape(task.confirmation)}</p>'
        "<p>違うときは、ほかの人の読み取りです。「中止する」を押してください。</p></div>"
    )


def _what_for(task: CardSessionTask) -> str:
    rows = [("目的", _PURPOSES[task.purpose])]
    if task.policy_title is not None:
        rows.append(("給付", task.policy_title))
    if task.municipality_name is not None:
        rows.append(("自治体", task.municipality_name))
    rows.append(("読み取る", "氏名・住所・生年月日・性別、利用者証明用電子証明書"))
    rows.append(("読み取らない", "マイナンバー(12桁の番号)、顔写真"))
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return f'<dl class="what-for">{cells}</dl>'


def _pin_field(kind: PinKind, left: int | None, errors: Mapping[str, str]) -> str:
    name, label, hint = _FIELD_HINTS[kind]
    error = errors.get(name)
    tries = (
        f'<p class="tries" id="{name}-tries">あと{left}回まちがえるとロックされます。</p>' if left is not None else ""
    )
    shown_error = f'<p class="error" id="{name}-error">エラー:{escape(error)}</p>' if error else ""
    described = [f"{name}-hint"]
    if tries:
        described.append(f"{name}-tries")
    if error:
        described.append(f"{name}-error")
    invalid = ' aria-invalid="true"' if error else ""
    # No maxlength of 4: a password typed by mistake would be cut to four characters and cost a try.
    return (
        f'<div class="field"><label for="{name}">{label}</label><p class="hint" id="{name}-hint">{hint}</p>{tries}'
        f'<input id="{name}" name="{name}" type="password" inputmode="numeric" autocomplete="off" maxlength="64" '
        f'aria-describedby="{" ".join(described)}"{invalid} data-pin>{shown_error}</div>'
    )


def _last_try(tries: Tries, errors: Mapping[str, str]) -> str:
    if not tries.last_ones():
        return ""
    error = errors.get(LAST_TRY_FIELD)
    shown = f'<p class="error" id="{LAST_TRY_FIELD}-error">エラー:{escape(error)}</p>' if error else ""
    described = f' aria-describedby="{LAST_TRY_FIELD}-error" aria-invalid="true"' if error else ""
    return (
        '<div class="last-try"><p>この次にまちがえると、暗証番号がロックされ、窓口などでの再設定が必要になります。'
        "自信がないときは「中止する」を押してください。</p>"
        f'<label class="check"><input type="checkbox" id="{LAST_TRY_FIELD}" name="{LAST_TRY_FIELD}" value="yes"'
        f"{described}> あと1回まちがえるとロックされることを確認しました</label>{shown}</div>"
    )


def _error_summary(errors: Sequence[FieldError]) -> str:
    if not errors:
        return ""
    items = "".join(f'<li><a href="#{error.field}">{escape(error.text)}</a></li>' for error in errors)
    return (
        '<div class="error-summary" role="alert" tabindex="-1" autofocus data-focus>'
        f"<h2>入力を確認してください</h2><ul>{items}</ul></div>"
    )


def _cancel(visit: Visit) -> str:
    return (
        '<form method="post" action="/cancel">'
        f'<input type="hidden" name="token" value="{escape(visit.form_token)}">'
        '<button class="secondary" type="submit">中止する</button></form>'
    )
