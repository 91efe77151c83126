"""The conditions of a document without a tree, as Japanese sentences for the person who asks "is this for me?"."""

from __future__ import annotations

from collections.abc import Iterator

from app import municipalities
from app.language import day_text
from app.policies.conditions_tree import AgeRule
from app.policies.document import BaseDateResidence, PolicyDocument


def declared_conditions(document: PolicyDocument) -> Iterator[str]:
    """Residence, birth date or age, and what has to be proved; for readers of Japanese."""
    yield from _residence(document)
    yield from _birth(document)
    yield from _children(document)
    yield from _proofs(document)


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


def _children(document: PolicyDocument) -> Iterator[str]:
    eligibility = document.eligibility
    if eligibility.child_count_rule is not None:
        yield f"お子さまの人数は、{eligibility.child_count_rule.count_children_until}まで、生年月日の順に数えます"
    if eligibility.school_entry:
        yield f"入学するお子さま（{'・'.join(eligibility.school_entry)}）"
    if eligibility.guardian_resident_at is not None:
        when = {"application": "申込", "grant": "付与"}[eligibility.guardian_resident_at]
        yield f"保護者の方が、{when}の時点で住んでいること"


def _proofs(document: PolicyDocument) -> Iterator[str]:
    eligibility = document.eligibility
    if eligibility.list_id is not None:
        yield "自治体の対象者名簿に載っている方"
    if eligibility.exclude_recipients_of:
        yield f"前回までの施策（{'、'.join(eligibility.exclude_recipients_of)}）で受け取っていない方"
    if eligibility.linked_app is not None:
        stamps = f"（スタンプ{eligibility.stamps_required}個）" if eligibility.stamps_required else ""
        yield f"連携アプリで活動を達成した方{stamps}"
    if eligibility.event_checkin is not None:
        yield "会場のQRコードで参加を報告した方"
    yield from (f"窓口で見せていただく書類: {text}" for text in eligibility.documents)
    if eligibility.tax_arrears_check:
        yield "税の滞納がない方（担当者が確認します）"
