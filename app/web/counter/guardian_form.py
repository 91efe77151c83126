"""What a guardian declares on the resident's screen, read from its form."""

from __future__ import annotations

from collections.abc import Mapping

from app.applications import Declaration, Reason, Relation, Wallet
from app.counter import CounterView


class NotDeclared(Exception):
    """Something is missing: the field and what to do about it."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__("not declared")
        self.texts = texts


def declared_by_guardian(view: CounterView, form: Mapping[str, str]) -> tuple[Declaration | None, Wallet]:
    """The declaration and whose service ID receives; none of it where nobody acts for a child."""
    if not view.has_guardian:
        return None, Wallet.OWN
    said, reason, texts = form.get("relation", ""), form.get("reason", ""), {}
    if said not in set(Relation):
        texts["relation"] = "お子さまとの関係を選んでください。"
    if form.get("declared") != "yes":
        texts["declared"] = "保護者(法定代理人)であることを確かめて、チェックを入れてください。"
    if form.get("asks_wallet") == "yes" and form.get("wallet") not in set(Wallet):
        texts["wallet"] = "どなたの決済サービスで受け取るか、選んでください。"
    if texts:
        raise NotDeclared(texts)
    wallet = Wallet.GUARDIAN if form.get("wallet") == Wallet.GUARDIAN else Wallet.OWN
    known = Reason(reason) if reason in set(Reason) else None
    return Declaration(Relation(said), known, form.get("present") == "yes"), wallet
