"""A tree of conditions as sentences: Japanese, やさしい日本語 and English; what is asked for, and why it was not met.

"Why not" names the condition, never a value of the person. "Cannot tell" has words of its own and never reads as a
refusal (BR-32).
"""

from __future__ import annotations

from typing import Literal

from app.language import EASY, current
from app.language import LANGUAGES as SPOKEN
from app.language_ruby import from_brackets
from app.policies.conditions_evaluate import Answer, Finding
from app.policies.conditions_phrases import Texts, phrase_of, subject_of
from app.policies.conditions_tree import All, AnyNode, AnyOf, Not, conjuncts_of

Language = Literal["ja", "ja-easy", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "ja-easy", "en")


def sentences(root: AnyNode, language: Language | None = None) -> list[str]:
    """Every condition that must hold, one sentence each; in the reader's language when none is named."""
    return [_read(_said(node, _number(language), negated=False), language) for node in conjuncts_of(root)]


def why_not(node: AnyNode, language: Language | None = None) -> str:
    """For somebody who does not meet the condition: which one it is."""
    number = _number(language)
    said = _said(node, number, negated=False)
    texts = (
        f"「{said}」という条件に合いません。",
        f"「{said}」という 条件（じょうけん）と ちがいます。",
        f"This condition is not met: {said}.",
    )
    return _read(texts[number], language)


def cannot_tell(finding: Finding, language: Language | None = None) -> str:
    """For a condition that nobody could decide yet; never that somebody is not eligible."""
    number = _number(language)
    subject = subject_of(finding.leaf)[number]
    texts = (
        f"{subject}を、まだ確認できていません。対象外ということではありません。",
        f"{subject}が、まだ わかりません。「もらえない」という 意味（いみ）では ありません。",
        f"We could not check {subject} yet. This is not a refusal.",
    )
    return _read(texts[number], language)


def answer_words(answer: Answer, language: Language = "ja") -> str:
    """Each of the three answers in a few words; no two of them alike."""
    words: dict[Answer, Texts] = {
        Answer.MET: ("条件に合っています", "条件（じょうけん）と おなじです", "condition met"),
        Answer.CANNOT_TELL: ("確認が必要です", "これから たしかめます", "to be checked"),
        Answer.NOT_MET: ("条件に合いません", "条件（じょうけん）と ちがいます", "condition not met"),
    }
    return words[answer][LANGUAGES.index(language)]


def _number(language: Language | None) -> int:
    return LANGUAGES.index(language) if language else SPOKEN.index(current())


def _read(text: str, language: Language | None) -> str:
    return from_brackets(text) if language is None and current() == EASY else text


def _said(node: AnyNode, number: int, *, negated: bool) -> str:
    if isinstance(node, Not):
        return _said(node.condition, number, negated=not negated)
    if not isinstance(node, All | AnyOf):
        return phrase_of(node, negated=negated)[number]
    parts = [_said(part, number, negated=negated) for part in node.of]
    if len(parts) == 1:
        return parts[0]
    # The opposite of "all of them" is "at least one not", and the other way round.
    every = isinstance(node, All) is not negated
    before = (
        ("次のすべて: ", "次のいずれか: "),
        ("つぎの ぜんぶ: ", "つぎの どれか: "),
        ("all of: ", "any of: "),
    )[number][0 if every else 1]
    return before + ("; " if number == LANGUAGES.index("en") else "、").join(parts)
