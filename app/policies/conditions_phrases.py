"""Each kind of condition as a phrase, and its opposite as another, in Japanese, やさしい日本語 and English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from app import municipalities
from app.policies.conditions_tree import (
    ActivityAchieved,
    AgeIs,
    AnyNode,
    BornBetween,
    CarryOverCap,
    DocumentSeen,
    EventAttended,
    GuardianConfirmed,
    Leaf,
    LivesIn,
    NotOnList,
    OnList,
    ReceivedEarlier,
    SexIs,
    StaffReads,
)

Texts = tuple[str, str, str]
"""The same in the three languages."""

_Both = tuple[Texts, Texts]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def phrase_of(leaf: Leaf, *, negated: bool) -> Texts:
    """What the condition asks for; ``negated``, what its opposite asks for."""
    yes, no = _PHRASES[type(leaf)](leaf)
    return no if negated else yes


def subject_of(leaf: Leaf) -> Texts:
    """What the condition looks at, as a noun."""
    return _SUBJECTS[type(leaf)]


def _lives_in(leaf: LivesIn) -> _Both:
    place = "、".join(municipalities.label(code) for code in leaf.codes)
    if leaf.mode == "none":
        anywhere = ("お住まいの地域に限定はありません", "どこに 住（す）んで いても いいです", "live anywhere")
        return anywhere, (
            "お住まいの地域に限定があります",
            "住（す）む ところが きまって います",
            "live somewhere else",
        )
    if leaf.mode == "base_date":
        when: Texts = ("お子さまの誕生日", "こどもが 生（う）まれた 日（ひ）", "the child's day of birth")
        if isinstance(leaf.base_date, date):
            when = _day(leaf.base_date)
        return (
            (
                f"{when[0]}の時点で{place}に住んでいた方",
                f"{when[1]}に {place}に 住（す）んで いた人",
                f"lived in {place} on {when[2]}",
            ),
            (
                f"{when[0]}の時点で{place}に住んでいなかった方",
                f"{when[1]}に {place}に 住（す）んで いなかった人",
                f"did not live in {place} on {when[2]}",
            ),
        )
    here: Texts = (f"{place}に住んでいる方", f"{place}に 住（す）んで いる人", f"live in {place}")
    away: Texts = (
        f"{place}以外に住んでいる方",
        f"{place}では ない ところに 住（す）んで いる人",
        f"live outside {place}",
    )
    return (away, here) if leaf.mode == "non_resident" else (here, away)


def _age(leaf: AgeIs) -> _Both:
    if leaf.rule == "nendo_end":
        end: Texts = (
            f"{leaf.max}歳になる年度の末日（3月31日）",
            f"{leaf.max}さいに なる 年度（ねんど）の 3月31日",
            f"31 March of the fiscal year in which one turns {leaf.max}",
        )
        return (f"{end[0]}までの方", f"{end[1]}までの人", f"until {end[2]}"), (
            f"{end[0]}を過ぎた方",
            f"{end[1]}が おわった人",
            f"after {end[2]}",
        )
    when: Texts = ("申込", "申込（もうしこみ）の日", "the day of the application")
    if isinstance(leaf.as_of, date):
        when = _day(leaf.as_of)
    bounds = [
        (leaf.min, ("歳以上", "さい、または それより 上（うえ）", "at least")),
        (leaf.max, ("歳以下", "さい、または それより 下（した）", "at most")),
    ]
    given = [(years, words) for years, words in bounds if years is not None]
    ja = "".join(f"{years}{words[0]}" for years, words in given)
    easy = "、".join(f"{years}{words[1]}" for years, words in given)
    en = " and ".join(f"{words[2]} {years}" for years, words in given)
    return (
        (f"{when[0]}の時点で{ja}の方", f"{when[1]}に {easy}の人", f"{en} years old on {when[2]}"),
        (f"{when[0]}の時点で{ja}ではない方", f"{when[1]}に {easy}では ない人", f"not {en} years old on {when[2]}"),
    )


def _birth_date(leaf: BornBetween) -> _Both:
    first, last = (_day(day) if day else None for day in (leaf.first, leaf.last))
    ja = (f"{first[0]}から" if first else "") + (f"{last[0]}まで" if last else "")
    easy = (f"{first[1]}から " if first else "") + (f"{last[1]}まで" if last else "")
    en = (f"from {first[2]} " if first else "") + (f"to {last[2]}" if last else "on")
    return (
        (f"{ja}に生まれた方", f"{easy}に 生（う）まれた人", f"born {en}"),
        (f"{ja}に生まれていない方", f"{easy}に 生（う）まれて いない人", f"not born {en}"),
    )


def _sex(leaf: SexIs) -> _Both:
    ja, en = {"male": ("男性", "male"), "female": ("女性", "female")}[leaf.sex]
    return (
        (f"{ja}の方", f"{ja}の人", f"{en} on the card"),
        (f"{ja}ではない方", f"{ja}では ない人", f"not {en} on the card"),
    )


def _received(leaf: ReceivedEarlier) -> _Both:
    names = "、".join(leaf.policies)
    return (
        (
            f"前回までの施策（{names}）で受け取った方",
            f"前（まえ）の 給付（きゅうふ）（{names}）を もらった人",
            f"received in {names}",
        ),
        (
            f"前回までの施策（{names}）で受け取っていない方",
            f"前（まえ）の 給付（きゅうふ）（{names}）を もらって いない人",
            f"have not received in {names}",
        ),
    )


def _carry_over(leaf: CarryOverCap) -> _Both:
    most, before = f"{leaf.maximum:,}", leaf.from_policy
    return (
        (
            f"前回（{before}）と合わせて{most}ポイントまで",
            f"前（まえ）（{before}）と あわせて {most}ポイントまで",
            f"up to {most} points together with {before}",
        ),
        (
            f"前回（{before}）で上限の{most}ポイントを受け取った方",
            f"前（まえ）（{before}）に {most}ポイント ぜんぶ もらった人",
            f"received the maximum of {most} points in {before}",
        ),
    )


def _activity(leaf: ActivityAchieved) -> _Both:
    ja = f"（スタンプ{leaf.stamps}個）" if leaf.stamps else ""
    en = f" ({leaf.stamps} stamps)" if leaf.stamps else ""
    return (
        (
            f"連携アプリで活動を達成した方{ja}",
            f"アプリの 活動（かつどう）が できた人{ja}",
            f"reached the goal in the linked app{en}",
        ),
        (
            f"連携アプリで活動を達成していない方{ja}",
            f"アプリの 活動（かつどう）が できて いない人{ja}",
            f"have not reached the goal in the linked app{en}",
        ),
    )


def _document(leaf: DocumentSeen) -> _Both:
    what = leaf.document
    return (
        (
            f"窓口で見せていただく書類: {what}",
            f"窓口（まどぐち）で 見（み）せる 紙（かみ）: {what}",
            f"show at the counter: {what}",
        ),
        (
            f"窓口で書類（{what}）を見せていない方",
            f"窓口（まどぐち）で 紙（かみ）（{what}）を 見（み）せて いない人",
            f"have not shown at the counter: {what}",
        ),
    )


def _staff(leaf: StaffReads) -> _Both:
    easy, en = leaf.what_easy or leaf.what, leaf.what_en or leaf.what
    yes: Texts = (
        f"{leaf.what}（担当者が確認します）",
        f"{easy}（役所（やくしょ）の 人（ひと）が 見（み）ます）",
        f"{en} (checked by staff)",
    )
    return yes, yes


def _fixed(yes: Texts, no: Texts) -> Callable[[Leaf], _Both]:
    return lambda leaf: (yes, no)


_PHRASES: dict[type[AnyNode], Callable[..., _Both]] = {
    LivesIn: _lives_in,
    AgeIs: _age,
    BornBetween: _birth_date,
    SexIs: _sex,
    OnList: _fixed(
        (
            "自治体の対象者名簿に載っている方",
            "役所（やくしょ）の 名簿（めいぼ）に 名前（なまえ）が ある人",
            "on the municipality's list",
        ),
        (
            "自治体の対象者名簿に載っていない方",
            "役所（やくしょ）の 名簿（めいぼ）に 名前（なまえ）が ない人",
            "not on the municipality's list",
        ),
    ),
    NotOnList: _fixed(
        (
            "除外名簿に載っていない方",
            "もらえない人の 名簿（めいぼ）に 名前（なまえ）が ない人",
            "not on the list of exclusions",
        ),
        (
            "除外名簿に載っている方",
            "もらえない人の 名簿（めいぼ）に 名前（なまえ）が ある人",
            "on the list of exclusions",
        ),
    ),
    ReceivedEarlier: _received,
    CarryOverCap: _carry_over,
    ActivityAchieved: _activity,
    EventAttended: _fixed(
        (
            "会場のQRコードで参加を報告した方",
            "会場（かいじょう）の QRコードを よみとった人",
            "scanned the QR code at the event",
        ),
        (
            "会場のQRコードで参加を報告していない方",
            "会場（かいじょう）の QRコードを よみとって いない人",
            "have not scanned the QR code at the event",
        ),
    ),
    DocumentSeen: _document,
    GuardianConfirmed: _fixed(
        (
            "15歳未満の方は、保護者（法定代理人）の方が申し込みます",
            "15さいより 下（した）の こどもは、親（おや）などが 申（もう）し込（こ）みます",
            "for children under 15 a guardian applies",
        ),
        ("保護者ではない方", "親（おや）などでは ない人", "not a guardian"),
    ),
    StaffReads: _staff,
}

_SUBJECTS: dict[type[AnyNode], Texts] = {
    LivesIn: ("お住まい", "住（す）んで いる ところ", "where you live"),
    AgeIs: ("年齢", "年（とし）", "your age"),
    BornBetween: ("生年月日", "生（う）まれた 日（ひ）", "your date of birth"),
    SexIs: ("性別", "性別（せいべつ）", "the sex on the card"),
    OnList: ("対象者名簿", "名簿（めいぼ）", "the list of recipients"),
    NotOnList: ("除外名簿", "名簿（めいぼ）", "the list of exclusions"),
    ReceivedEarlier: ("以前の受取", "前（まえ）に もらったか", "what was received before"),
    CarryOverCap: ("以前の受取", "前（まえ）に もらったか", "what was received before"),
    ActivityAchieved: ("連携アプリの記録", "アプリの 記録（きろく）", "the record of the linked app"),
    EventAttended: ("会場での参加", "会場（かいじょう）に 来（き）たか", "your attendance"),
    DocumentSeen: ("窓口での書類", "窓口（まどぐち）で 見（み）せる 紙（かみ）", "the document"),
    GuardianConfirmed: ("保護者であること", "親（おや）などか どうか", "who the guardian is"),
    StaffReads: ("担当者が見る条件", "役所（やくしょ）の 人（ひと）が 見（み）ること", "what staff have to read"),
}


def _day(day: date) -> Texts:
    easy = f"{day.year}年（ねん）{day.month}月（がつ）{day.day}日（にち）"
    return f"{day.year}年{day.month}月{day.day}日", easy, f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
