"""Is this for me? Four to six questions made from the conditions of a policy, for a person who gave no identity.

Nothing is stored, and nothing is decided: a wrong answer names its condition and where to ask. What only a list, an
office or an app can know is never said to fail (BR-32).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app import municipalities
from app.language import in_language, one_after_another, points_text, say
from app.policies.conditions_translate import tree_of
from app.policies.conditions_tree import (
    ActivityAchieved,
    AnyNode,
    CarryOverCap,
    DocumentSeen,
    EventAttended,
    GuardianConfirmed,
    LivesIn,
    Not,
    NotOnList,
    OnList,
    ReceivedEarlier,
    StaffReads,
    conjuncts_of,
)
from app.policies.conditions_words import sentences, why_not
from app.policies.document import PolicyDocument

FEWEST, MOST = 4, 6
YES, NO, UNKNOWN = ANSWERS = ("yes", "no", "unknown")


class Effect(StrEnum):
    """What the answer that does not fit means."""

    FAILS = "fails"
    PREPARE = "prepare"
    ASK = "ask"
    DONE = "done"


class Outcome(StrEnum):
    """How a self-check ends; only ``NOT_NOW`` says that a condition fails."""

    FITS = "fits"
    PREPARE = "prepare"
    ASK = "ask"
    DONE = "done"
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class Question:
    """One question with yes, no and "I don't know". ``wrong`` is the answer that does not fit; ``said``, what of it."""

    id: str
    text: str
    wrong: str
    effect: Effect
    said: str
    help: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, what to read about it, and the questions that were answered with "I don't know"."""

    outcome: Outcome
    said: tuple[str, ...]
    unsure: tuple[str, ...]


def questions_of(document: PolicyDocument, service_names: Sequence[str]) -> tuple[Question, ...]:
    """Four to six questions: the conditions first, then what one needs to apply."""
    who = say("給付を受ける方") if document.one_per == "child" or _for_children(document) else say("あなた")
    asked = [
        question
        for number, node in enumerate(conjuncts_of(tree_of(document)), start=1)
        for question in _of_condition(f"c{number}", node, who)
    ][: MOST - 1]
    asked.append(_CARD)
    for question in _to_be_ready(document, service_names):
        if len(asked) >= FEWEST and (len(asked) >= MOST or question is _APPLIED):
            break
        asked.append(question)
    return tuple(asked)


def judge(questions: Sequence[Question], answers: Mapping[str, str]) -> Verdict:
    """What the answers say together. Every question needs an answer of ``ANSWERS``: ``KeyError`` else."""
    wrong = [question for question in questions if answers[question.id] == question.wrong]
    unsure = tuple(say(question.text) for question in questions if answers[question.id] == UNKNOWN)
    for effect, outcome in _OUTCOMES:
        said = tuple(say(question.said) for question in wrong if question.effect is effect)
        if said:
            return Verdict(outcome, said, unsure)
    return Verdict(Outcome.ASK if unsure else Outcome.FITS, (), unsure)


_OUTCOMES = (
    (Effect.DONE, Outcome.DONE),
    (Effect.FAILS, Outcome.NOT_NOW),
    (Effect.ASK, Outcome.ASK),
    (Effect.PREPARE, Outcome.PREPARE),
)
_CARD = Question(
    "card",
    "マイナンバーカードと、数字4桁の暗証番号がありますか。",
    NO,
    Effect.PREPARE,
    "カードがない方は、お住まいの市区町村で作れます(1〜2か月かかります)。暗証番号を忘れた方は、市区町村の窓口で決め直せます。",
    "「利用者証明用」と「券面事項入力補助用」の2つです。ここには入力しません。",
)
_MOVED = Question(
    "moved",
    "カードに書かれた住所は、いまの住所ですか。",
    NO,
    Effect.PREPARE,
    "引っ越した方は、先に市区町村の窓口でカードの住所を書き換えてください。",
    "引っ越したあとに窓口で書き換えた方は「はい」です。",
)
_APPLIED = Question(
    "applied",
    "この施策に、もう申し込みましたか。",
    YES,
    Effect.DONE,
    "もう一度申し込む必要はありません。いまの状況は「申込状況の確認」で見られます。",
)


def _to_be_ready(document: PolicyDocument, service_names: Sequence[str]) -> Iterator[Question]:
    if document.eligibility.residence.mode in ("card_address_at_application", "prefecture", "non_resident"):
        yield _MOVED
    if service_names:
        yield Question(
            "service",
            "次のどれかを使っていますか。または、使い始められますか。",
            NO,
            Effect.PREPARE,
            "受け取れる決済サービスを1つ用意してください。スマートフォンがない方は、担当窓口にご相談ください。",
            "、".join(service_names),
        )
    yield _APPLIED


def _for_children(document: PolicyDocument) -> bool:
    return document.eligibility.guardian_application == "required_under_15"


def _of_condition(name: str, node: AnyNode, who: str) -> Iterator[Question]:
    """The question for one condition; none where there is no limit."""
    if isinstance(node, LivesIn):
        if node.mode != "none":
            yield Question(
                name,
                _residence(node, who),
                NO,
                Effect.FAILS,
                one_after_another(why_not(node), say(_MOVE_FIRST.get(node.mode, ""))),
            )
    elif isinstance(node, Not) and isinstance(node.condition, ReceivedEarlier):
        earlier = "、".join(node.condition.policies)
        text = say("{who}は、前の施策({earlier})で受け取りましたか。", who=who, earlier=earlier)
        yield Question(name, text, YES, Effect.FAILS, why_not(node))
    elif isinstance(node, CarryOverCap):
        text = say(
            "{who}は、前の施策({earlier})で、上限の{amount}を受け取りましたか。",
            who=who,
            earlier=node.from_policy,
            amount=points_text(node.maximum),
        )
        yield Question(
            name, text, YES, Effect.FAILS, "すでに上限まで受け取っているため、今回受け取れるポイントは残っていません。"
        )
    elif isinstance(node, GuardianConfirmed):
        text = "給付を受ける方が15歳未満のとき、保護者(法定代理人)の方が申し込めますか。"
        said = "15歳未満の方の分は、保護者(法定代理人)の方が申し込んでください。"
        yield Question(
            name, text, NO, Effect.PREPARE, said, "15歳以上の方は、ご本人が申し込みます。「はい」を選んでください。"
        )
    elif isinstance(node, OnList | NotOnList):
        wrong = NO if isinstance(node, OnList) else YES
        said = "名簿に載っているかどうかは、担当窓口で確かめられます。対象外と決まったわけではありません。"
        yield Question(
            name,
            say(_LIST_TEXTS[type(node)], who=who),
            wrong,
            Effect.ASK,
            said,
            "分からないときは「わからない」を選んでください。",
        )
    elif isinstance(node, DocumentSeen):
        text = say("「{document}」を、担当窓口で見せられますか。", document=node.document)
        said = say("申し込みには「{document}」が必要です。", document=node.document)
        yield Question(name, text, NO, Effect.PREPARE, said)
    elif isinstance(node, ActivityAchieved | EventAttended):
        condition = sentences(node)[0]
        text = say("「{condition}」にあてはまりますか。これからできる方も「はい」です。", condition=condition)
        said = say("受け取るには「{condition}」である必要があります。", condition=condition)
        yield Question(name, text, NO, Effect.PREPARE, said)
    elif isinstance(node, StaffReads):
        what = in_language((node.what, node.what_easy or node.what, node.what_en or node.what))
        text = say("次のことは、担当者が確認します。条件に合うと思いますか。{what}", what=what)
        said = say("「{what}」は担当者が確認します。窓口にお問い合わせください。", what=what)
        yield Question(name, text, NO, Effect.ASK, said)
    else:
        text = say("{who}は、「{condition}」にあてはまりますか。", who=who, condition=sentences(node)[0])
        yield Question(name, text, NO, Effect.FAILS, why_not(node))


_LIST_TEXTS: dict[type[AnyNode], str] = {
    OnList: "自治体から、{who}が対象だというお知らせが届いていますか。",
    NotOnList: "自治体から、{who}は対象にならないというお知らせが届いていますか。",
}
_MOVE_FIRST = {
    "card_address_at_application": "最近引っ越してきた方は、先にカードの住所を書き換えてください。",
    "prefecture": "最近引っ越してきた方は、先にカードの住所を書き換えてください。",
}


def _residence(node: LivesIn, who: str) -> str:
    places = "、".join(municipalities.label(code) for code in node.codes)
    if node.mode == "base_date":
        return say("「{condition}」にあてはまりますか。", condition=sentences(node)[0])
    if node.mode == "non_resident":
        return say("{who}のマイナンバーカードの住所は、{places}以外ですか。", who=who, places=places)
    return say("{who}のマイナンバーカードの住所は、{places}ですか。", who=who, places=places)
