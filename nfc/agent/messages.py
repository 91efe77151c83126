"""The sentences with which a visit can end on the keypad page, as one table (domain.md, E101 to E116).

The service tells the same on the person's own page; here it stands for somebody in front of the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nfc.agent.visit import CANCELLED, NOT_DELIVERED, SESSION_ENDED, TIMED_OUT, Ending
from nfc.pins import PinKind
from nfc.problems import Outcome

PIN_NAMES: Final[Mapping[PinKind, str]] = MappingProxyType(
    {
        PinKind.TEXT: "「券面事項入力補助用」の暗証番号(数字4桁)",
        PinKind.AUTH: "「利用者証明用」の暗証番号(数字4桁)",
    }
)


@dataclass(frozen=True, slots=True)
class Message:
    """A heading, what happened, and what to do next. `code` is the error code of domain.md, if there is one."""

    title: str
    text: str
    next_step: str
    code: str | None = None


_AGAIN: Final = "元の画面に戻って、もう一度はじめからお試しください。"
_TO_THE_OFFICE: Final = "お住まいの市区町村の窓口にご相談ください。"
_TO_THE_STAFF: Final = "係の人にお知らせいただくか、時間をおいてもう一度お試しください。"

_UNREADABLE: Final = Message(
    "カードを読み取れませんでした",
    "カードが動いたか、離れた可能性があります。ケースを外し、金属の机を避け、読み取りが終わるまで動かさないでください。",
    _AGAIN,
    "E108",
)
_BROKEN: Final = Message(
    "カードのICチップを読み取れませんでした",
    "もう一度試しても読み取れないときは、ICチップが壊れている可能性があります。再交付には1〜2か月かかります。",
    _TO_THE_OFFICE,
    "E111",
)
_READER: Final = Message(
    "カードリーダーを使えませんでした", "この端末のカードリーダーの調子がよくありません。", _TO_THE_STAFF
)

_MESSAGES: Final[Mapping[tuple[str, PinKind | None], Message]] = MappingProxyType(
    {
        (Outcome.BLOCKED, PinKind.AUTH): Message(
            "暗証番号がロックされています",
            "「利用者証明用」の暗証番号がロックされています。申込は完了していません。",
            "住民票のある市区町村の窓口、または対応コンビニ(アプリで事前予約)で再設定できます。",
            "E102",
        ),
        (Outcome.BLOCKED, PinKind.TEXT): Message(
            "暗証番号がロックされています",
            "「券面事項入力補助用」の暗証番号がロックされています。コンビニでは解除できません。",
            "住民票のある市区町村の窓口で再設定してください。",
            "E103",
        ),
        (Outcome.NO_CERTIFICATE, None): Message(
            "利用者証明用電子証明書が入っていません",
            "このカードには、本人確認に使う利用者証明用電子証明書が入っていません。",
            _TO_THE_OFFICE,
        ),
        (Outcome.NOT_THIS_CARD, None): Message(
            "マイナンバーカードとして読み取れませんでした",
            "別のカードが重なっていないか確認してください。",
            _AGAIN,
            "E116",
        ),
        (Outcome.PHONE_TOKEN, None): Message(
            "スマートフォンの電子証明書は使えません",
            "この端末では、スマートフォンではなくマイナンバーカードを置いてください。",
            _AGAIN,
            "E109",
        ),
        (Outcome.CARD_UNUSABLE, None): Message(
            "このカードは使えない状態です", "カードの機能が止められています。", _TO_THE_OFFICE
        ),
        (Outcome.MALFORMED, None): _BROKEN,
        (Outcome.CARD_FAULT, None): _BROKEN,
        (Outcome.NO_CARD, None): _UNREADABLE,
        (Outcome.CARD_REMOVED, None): Message(
            "カードが離れたか、別のカードに替わりました",
            "はじめに置いたカードと同じカードを、読み取りが終わるまで置いたままにしてください。",
            _AGAIN,
            "E108",
        ),
        (Outcome.COMM_ERROR, None): _UNREADABLE,
        (Outcome.NO_SERVICE, None): _READER,
        (Outcome.NO_READER, None): _READER,
        (Outcome.CARD_BUSY, None): _READER,
        (Outcome.ORDER_BUG, None): Message(
            "読み取りを続けられませんでした", "この端末のプログラムに問題が起きました。", _TO_THE_STAFF
        ),
        (CANCELLED.outcome, None): Message(
            "読み取りを中止しました", "カードの情報は送っていません。手続きはまだ終わっていません。", _AGAIN, "E115"
        ),
        (TIMED_OUT.outcome, None): Message(
            "時間切れになりました",
            "安全のため、読み取りの受け付けを終わりました。カードの情報は送っていません。",
            _AGAIN,
            "E114",
        ),
        (SESSION_ENDED.outcome, None): Message(
            "この読み取りは終わっています",
            "元の画面で中止されたか、受け付けの時間が過ぎています。カードの情報は受け付けられていません。",
            _AGAIN,
        ),
        (NOT_DELIVERED.outcome, None): Message(
            "サービスに接続できませんでした",
            "カードは読み取れましたが、結果を届けられませんでした。読み取った情報はこの端末に残していません。"
            "手続きはまだ終わっていません。",
            "時間をおいて、元の画面からもう一度お試しください。",
            "E113",
        ),
    }
)


def message_for(ending: Ending) -> Message:
    """The message of an ending; every outcome has one."""
    about_pin = _about_pin(ending)
    if about_pin is not None:
        return about_pin
    found = _MESSAGES.get((ending.outcome, ending.pin_kind)) or _MESSAGES.get((ending.outcome, None))
    return found if found is not None else _BROKEN


def _about_pin(ending: Ending) -> Message | None:
    """The messages that name a PIN, and the tries left where the card told them."""
    kind, left = ending.pin_kind, ending.tries_left
    if kind is None or kind not in PIN_NAMES:
        return None
    name = PIN_NAMES[kind]
    tries = f"あと{left}回まちがえるとロックされます。" if left else ""
    match ending.outcome:
        case Outcome.WRONG_PIN:
            return Message("暗証番号が違います", f"{name}が違います。{tries}", f"番号を確認してから、{_AGAIN}", "E101")
        case Outcome.LAST_TRY:
            return Message(
                "あと1回でロックされます",
                f"{name}は、あと1回まちがえるとロックされます。安全のため、カードには送っていません。",
                f"番号を確認してから、{_AGAIN}",
                "E101",
            )
        case Outcome.UNKNOWN_OUTCOME:
            return Message(
                "カードが途中で離れました",
                f"{name}を確認している間にカードが離れました。1回まちがえた数に入っていることがあります。{tries}",
                _AGAIN,
                "E108",
            )
        case Outcome.CARD_UNUSABLE:
            return Message(
                "このカードは暗証番号のない「顔認証カード」です",
                "暗証番号を使う手続きには使えません。",
                "市区町村の窓口でお手続きください。",
                "E110",
            )
        case _:
            return None
