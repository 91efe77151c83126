"""Parts of the catalogue that are the same for everybody who asks alike: made once, then kept by what they show.

Only closed choices and public texts are kept here, never what somebody typed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from flask import get_template_attribute
from markupsafe import Markup

from app import payments, policies
from app.language import current, points_text, say
from app.policies import PolicyCard
from app.web.policy_search import LEAST_AMOUNTS, SearchInput

TIMINGS = {"simple": "お買い物をしなくても受け取れる", "rebate": "お買い物に応じて受け取れる"}
SOON = {"begin": "まもなく始まる(30日以内)", "end": "まもなく終わる(14日以内)"}
CATEGORIES = tuple(category.value for category in policies.CATEGORY_LABELS)

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class _Chosen:
    """The closed choices of the search's form; None where none that there is was made."""

    category: str | None
    amount: int | None
    timing: str | None
    soon: str | None
    service: str | None
    open_now: bool
    at_once: bool


def card(policy: PolicyCard) -> Markup:
    """One result, in the reader's language; many people look at the same ones."""
    return _card(current(), policy)


@lru_cache(maxsize=4_000)
def _card(language: str, policy: PolicyCard) -> Markup:
    draw = get_template_attribute("components/policy_card.html", "policy_card")
    return Markup(draw(policy, level=3))  # noqa: S704  # what a template made


def narrowed(asked: SearchInput) -> bool:
    """One of the closed choices is made, be it one that there is or not."""
    return any((asked.category, asked.amount, asked.timing, asked.soon, asked.service, asked.open_now, asked.at_once))


def narrowing(asked: SearchInput, services: tuple[payments.OfferedService, ...]) -> Markup:
    """The closed choices of the search's form, with those made; a value that is no choice is not kept."""
    chosen = _Chosen(
        category=_one_of(asked.category, CATEGORIES),
        amount=_one_of(asked.amount, LEAST_AMOUNTS),
        timing=_one_of(asked.timing, TIMINGS),
        soon=_one_of(asked.soon, SOON),
        service=_one_of(asked.service, [service.service_id for service in services]),
        open_now=asked.open_now,
        at_once=asked.at_once,
    )
    return _narrowing(current(), chosen, services, narrowed(asked))


def _one_of(value: _Value, known: Collection[_Value]) -> _Value | None:
    return value if value in known else None


@lru_cache(maxsize=1_000)
def _narrowing(language: str, chosen: _Chosen, services: tuple[payments.OfferedService, ...], opened: bool) -> Markup:
    choices = {
        "category": policies.category_options(),
        "amount": [(amount, say("{amount}以上", amount=points_text(amount))) for amount in LEAST_AMOUNTS],
        "timing": [(value, say(label)) for value, label in TIMINGS.items()],
        "soon": [(value, say(label)) for value, label in SOON.items()],
        "service": [(service.service_id, service.name) for service in services],
    }
    draw = get_template_attribute("components/narrowing.html", "narrowing")
    return Markup(draw(chosen, choices, opened))  # noqa: S704  # what a template made
