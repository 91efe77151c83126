"""Error codes E101.. with their class, HTTP status and wording (domain.md 3.2), and the exception that carries them.

A domain error holds its code and facts, never prose; the web turns it into words, the API into a problem document
(RFC 9457). "Could not verify", "not eligible" and "our fault" are three kinds and are never mixed (promise 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from app.language import say


class Kind(StrEnum):
    """What an error means for the person (domain.md 3.2)."""

    VERIFY = "verify"
    INELIGIBLE = "ineligible"
    INPUT = "input"
    WAIT = "wait"
    DONE = "done"
    SYSTEM = "system"
    ALARM = "alarm"


@dataclass(frozen=True)
class Message:
    """One row of the message list. ``wording`` has ``{facts}``; ``variants`` are other wordings of the same code."""

    kind: Kind
    status: int
    wording: str
    variants: tuple[tuple[str, str], ...] = ()


class DomainError(Exception):
    """A refusal with a code of the message list and the facts its wording names.

    Facts are shown to the person it concerns; they are not logged. ``str()`` gives the code alone.
    """

    def __init__(self, code: str, *, variant: str | None = None, **facts: str | int) -> None:
        if code not in MESSAGES:
            raise KeyError(code)
        super().__init__(code)
        self.code = code
        self.variant = variant
        self.facts = facts

    @property
    def message(self) -> Message:
        """The row of the message list."""
        return MESSAGES[self.code]

    @property
    def kind(self) -> Kind:
        """The class of the error."""
        return self.message.kind

    @property
    def is_complete(self) -> bool:
        """Whether every fact that the sentence names is known: what two people decided has none of the card's."""
        text = dict(self.message.variants)[self.variant] if self.variant else self.message.wording
        return {name for _, name, _, _ in Formatter().parse(text) if name} <= set(self.facts)

    def wording(self) -> str:
        """The sentence for the person in the reader's language, facts filled in."""
        text = dict(self.message.variants)[self.variant] if self.variant else self.message.wording
        return say(text, **self.facts)


MESSAGES: dict[str, Message] = {
    "E101": Message(
        Kind.INPUT,
        422,
        "暗証番号が違います。あと{n}回まちがえるとロックされます。「利用者証明用」の数字4桁を確認してください。",
        variants=(
            (
                "text",
                "暗証番号が違います。あと{n}回まちがえるとロックされます。「券面事項入力補助用」の数字4桁を確認してください。",
            ),
        ),
    ),
    "E102": Message(
        Kind.VERIFY,
        422,
        "暗証番号がロックされました。申込は完了していません。住民票のある市区町村の窓口、または対応コンビニ(アプリで事前予約)で再設定できます。",
    ),
    "E103": Message(
        Kind.VERIFY,
        422,
        "券面事項入力補助用の暗証番号がロックされています。コンビニでは解除できません。市区町村の窓口で再設定してください。",
    ),
    "E104": Message(
        Kind.INPUT,
        422,
        "ここで使うのは数字4桁の「利用者証明用」の暗証番号です。英数字6〜16文字のパスワードや、顔写真の下の4桁ではありません。",
    ),
    "E105": Message(
        Kind.VERIFY,
        422,
        "電子証明書の有効期限が切れています。カードの有効期限とは別です。窓口で更新(無料)したあと、翌日以降にお試しください。",
    ),
    "E106": Message(
        Kind.VERIFY,
        422,
        "この電子証明書は現在使えません。カードを紛失された場合は、マイナンバー総合フリーダイヤルへご連絡ください。",
    ),
    "E107": Message(
        Kind.WAIT, 409, "電子証明書の発行・更新の直後は申し込めないことがあります。{date}以降にもう一度お試しください。"
    ),
    "E108": Message(
        Kind.INPUT, 422, "読み取れませんでした。ケースを外し、金属の机を避け、5秒以上動かさないでください。"
    ),
    "E109": Message(
        Kind.VERIFY,
        422,
        "このスマートフォンは読み取りに対応していません。別の端末、ICカードリーダー、または支援窓口をご利用ください。",
    ),
    "E110": Message(
        Kind.VERIFY,
        422,
        "このカードは暗証番号のない「顔認証カード」です。オンラインでは申し込めません。窓口でお手続きください。",
    ),
    "E111": Message(
        Kind.VERIFY,
        422,
        "ICチップを読み取れません。再交付には1〜2か月かかります。期限に間に合わない場合は窓口へご相談ください。",
    ),
    "E112": Message(
        Kind.INPUT,
        403,
        "先ほどと別の方のカードです。{name_masked}さんのカードで続けてください。",
        variants=(
            (
                "guardians_own",
                "保護者の方ご自身のカードが読み取られました。給付を受けるお子さまのカードを置いてください。",
            ),
        ),
    ),
    "E113": Message(
        Kind.SYSTEM,
        503,
        "本人確認サービスに接続できません。入力した内容は保存しています({until}まで)。申込はまだ完了していません。",
    ),
    "E114": Message(
        Kind.INPUT,
        401,
        "安全のため画面を閉じました。もう一度カードを読み取ってください。入力した決済サービスの情報は残していません。",
    ),
    "E115": Message(
        Kind.INPUT, 422, "本人確認が途中で終わりました。申込はまだ始まっていません。もう一度お試しください。"
    ),
    "E116": Message(
        Kind.INPUT, 422, "マイナンバーカードとして読み取れませんでした。別のカードが重なっていないか確認してください。"
    ),
    "E201": Message(
        Kind.INELIGIBLE,
        422,
        "カードの住所が「{card_muni}」のため、この施策の対象になりません。転入された方は、先にカードの住所を書き換えてください。",
    ),
    "E202": Message(
        Kind.INELIGIBLE,
        422,
        "「{policy_muni}({policy_pref})」の施策です。お住まいは「{card_muni}({card_pref})」ではありませんか。",
    ),
    "E203": Message(Kind.INELIGIBLE, 422, "この施策は{start}〜{end}生まれの方が対象です。"),
    "E204": Message(
        Kind.VERIFY,
        422,
        "対象者名簿と一致しませんでした。漢字の字体や住所の表記が原因のこともあります。担当窓口で確認しますので、このまま「確認を依頼する」を押してください。",
    ),
    "E205": Message(Kind.WAIT, 202, "確認のため、担当者が審査します。結果は{date}ごろお知らせします。"),
    "E206": Message(Kind.DONE, 409, "{date}に申込済みです(受付番号{no})。申込状況を確認してください。"),
    "E207": Message(
        Kind.INELIGIBLE,
        422,
        "前回の施策で受け取り済みのため、今回は対象外です。",
        variants=(("at_maximum", "前回までの施策で、上限の{max}ポイントまで受け取り済みです。"),),
    ),
    "E208": Message(Kind.DONE, 409, "受付は{end}に終了しました。", variants=(("before", "受付は{start}からです。"),)),
    "E209": Message(
        Kind.DONE, 409, "定員に達したため、受付を終了しました。取消しが出た場合の再開は施策ページでお知らせします。"
    ),
    "E210": Message(Kind.WAIT, 409, "確認作業のため、受付を一時停止しています。すでに申し込まれた方の手続は続きます。"),
    "E211": Message(
        Kind.INPUT,
        422,
        "15歳未満の方は、保護者(法定代理人)の方が申し込んでください。",
        variants=(
            (
                "self",
                "15歳以上の方は、ご本人が申し込んでください。ご本人だけでは手続できない理由があるときは、"
                "理由を選び、ご本人といっしょに手続してください。",
            ),
            (
                "not_offered",
                "この施策では、保護者の方からのオンラインの申込を受け付けていません。担当窓口へご相談ください。",
            ),
        ),
    ),
    "E212": Message(Kind.VERIFY, 422, "保護者であることの確認が必要です。窓口または書類の提出をお願いします。"),
    "E213": Message(Kind.WAIT, 202, "確認が必要なため、担当窓口からご連絡します。"),
    "E214": Message(Kind.INELIGIBLE, 422, "この施策は「{policy_muni}」以外にお住まいの方が対象です。"),
    "E215": Message(Kind.DONE, 409, "同意いただけない場合は申し込めません。ここまでの入力は保存していません。"),
    "E216": Message(
        Kind.DONE, 409, "この対象の方の申込は、すでに受け付けています。お心当たりがない場合は担当窓口へご相談ください。"
    ),
    "E217": Message(Kind.INPUT, 422, "利用規約が変わりました。変更点を確認して、もう一度同意してください。"),
    "E218": Message(
        Kind.WAIT, 202, "確認がまだ終わっていません。対象外ということではありません。{date}ごろお知らせします。"
    ),
    "E301": Message(
        Kind.INPUT,
        422,
        "{label}は{format}です。{n}文字目を確認してください。",
        variants=(
            ("empty", "{label}を入力してください。{format}です。"),
            ("short", "{label}は{format}です。入力されたのは{typed}文字({masked})で、{missing}文字足りません。"),
            ("long", "{label}は{format}です。入力されたのは{typed}文字({masked})で、{extra}文字多いです。"),
            ("unfinished", "{label}は{format}です。入力されたもの({masked})は、途中で終わっているようです。"),
            (
                "check_digit",
                "{label}は{format}です。長さは合っていますが、どこかに打ち違いがあります。"
                "アプリやカードの番号と、はじめから見比べてください。",
            ),
        ),
    ),
    "E302": Message(
        Kind.INPUT,
        422,
        "セキュリティコードが違うか、期限が切れています。決済アプリで新しいコードを表示してください。",
        variants=(
            ("form", "「{code_label}」は{format}です。アプリやカードの表示を見て、もう一度入力してください。"),
            # One sentence for a wrong code and for an ID that the provider does not know: IDs can't be searched for.
            (
                "either",
                "「{label}」か「{code_label}」が違います。両方をアプリやカードの表示と見比べて、もう一度入力してください。",
            ),
            (
                "either_or_late",
                "「{label}」か「{code_label}」が違うか、コードの期限が切れています。"
                "番号を見比べて、新しいコードを表示して入力してください。",
            ),
        ),
    ),
    "E303": Message(
        Kind.INPUT, 422, "この決済サービスは、別の方の申込で使われています。ご自身の決済サービスをお選びください。"
    ),
    "E304": Message(Kind.INPUT, 422, "{service}の受付は{date}に終了しました。ほかの決済サービスを選べます。"),
    "E305": Message(Kind.INPUT, 422, "{service}は{age}歳以上の方が利用できます。"),
    "E306": Message(
        Kind.INPUT,
        422,
        "残高の上限を超えるため受け取れません。残高を使ってから再度お試しください(申込は有効です)。",
        variants=(
            (
                "choosing",
                "残高の上限を超えるため、いまは受け取れません。残高を使ってから再度お試しいただくか、別の決済サービスをお選びください。",
            ),
        ),
    ),
    "E307": Message(
        Kind.WAIT,
        409,
        "決済アプリの手続が完了したか確認しています。二重にはなりません。しばらくお待ちください。",
        variants=(
            (
                "no_answer",
                "決済事業者に接続できないため、番号を確かめられません。しばらくして、もう一度お試しください。"
                "ほかの決済サービスも選べます。",
            ),
        ),
    ),
    "E308": Message(
        Kind.INPUT, 422, "決済サービスの名義がご本人と異なる可能性があります。ご本人名義のものをお選びください。"
    ),
    "E309": Message(Kind.INPUT, 422, "マイナンバー(12桁)は入力しないでください。入力内容は保存していません。"),
    "E310": Message(Kind.INPUT, 422, "12桁の番号が入力されました。これはマイナンバーではなく「{label}」ですか。"),
    "E311": Message(
        Kind.INPUT,
        422,
        "{service}では1回に{max}ポイントまで({unit}ポイント単位)です。ほかの決済サービスか、分けて受け取る方法を選べます。",
        variants=(
            ("too_much", "{service}では1回に{max}ポイントまでです。ほかの決済サービスを選べます。"),
            ("too_little", "{service}では1回に{min}ポイントからです。ほかの決済サービスを選べます。"),
            ("unit", "{service}では{unit}ポイント単位でだけ受け取れます。ほかの決済サービスを選べます。"),
        ),
    ),
    "E312": Message(Kind.INPUT, 422, "この決済サービスで受け取れるのは{max}人分までです。{suggestion}を選べます。"),
    "E313": Message(
        Kind.DONE,
        409,
        "付与の手続に入ったため、決済サービスは変更できません。",
        variants=(("withdraw", "付与の手続に入ったため、取り下げられません。"),),
    ),
    "E401": Message(
        Kind.INPUT,
        422,
        "付与できませんでした(理由: {reason})。申込は有効です。別の決済サービスを{date}までに選んでください。",
    ),
    "E402": Message(Kind.DONE, 409, "受取期限({date})を過ぎたため、受け取れません。"),
    "E403": Message(
        Kind.DONE, 409, "申込内容を確認した結果、付与を取り消しました。理由と不服のある場合の手続は通知をご覧ください。"
    ),
    "E404": Message(Kind.WAIT, 409, "付与の結果を決済事業者に確認しています。二重に付与されることはありません。"),
    "E405": Message(Kind.DONE, 409, "決済サービスを選ぶ期限({date})を過ぎたため、受け取れません。"),
    "E501": Message(
        Kind.SYSTEM,
        503,
        "システムメンテナンスのため、{start}〜{end}は申込と申込状況の確認ができません。締切は{adjusted}まで延長します。",
        variants=(("unmoved", "システムメンテナンスのため、{start}〜{end}は申込と申込状況の確認ができません。"),),
    ),
    "E502": Message(
        Kind.WAIT, 409, "混み合っています。受付順にご案内します(およそ{min}分)。締切当日に並ばれた方は受け付けます。"
    ),
    "E503": Message(
        Kind.SYSTEM,
        500,
        "処理できませんでした。申込の状態は変わっていません。しばらくして再度お試しください(お問い合わせ番号 {ref})。",
    ),
    "E504": Message(Kind.INPUT, 409, "時間がたったため、{step}からもう一度お願いします。入力内容は残っています。"),
    "E607": Message(Kind.ALARM, 422, "マイナンバーと思われる番号が含まれています。ファイルは保存せず破棄しました。"),
    "E609": Message(Kind.INPUT, 422, "基準日の条件には、名簿照合または事後審査が必要です。"),
    "E611": Message(Kind.INPUT, 403, "この操作は、名簿を登録した方以外が行ってください。"),
    "E801": Message(Kind.ALARM, 409, "最初と別のカードです。入力内容を消去しました。最初からやり直してください。"),
    "E802": Message(Kind.INPUT, 409, "カードが離れたため、入力内容を消去しました。"),
    "E803": Message(Kind.ALARM, 409, "同じ決済サービスが別の方の申込で使われています。責任者を呼んでください。"),
    "E804": Message(Kind.SYSTEM, 503, "通信できません。紙の受付票で受け付けてください(受付時刻を記入)。"),
}
