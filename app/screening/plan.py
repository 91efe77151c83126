"""The plan of a document's screening: its tree taken apart into what each check has to decide, made once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from app.policies import (
    AnyNode,
    CheckKind,
    GuardianConfirmed,
    Judge,
    LivesIn,
    PolicyDocument,
    checks_needed,
    compile_tree,
    conjuncts_of,
    leaves_of,
    tree_of,
)
from app.screening import age, residence

_RULE_VERSIONS = {CheckKind.CARD_AUTO: residence.RULE_VERSION, CheckKind.AGE: age.RULE_VERSION}


@dataclass(frozen=True, slots=True)
class Conjunct:
    """One condition that must hold, and the checks it speaks to."""

    node: AnyNode
    judge: Judge
    kinds: frozenset[CheckKind]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same for everybody who applies: conditions, the order of checks, rule versions, digests.

    ``masks`` has one bit for each condition that speaks to a check.
    """

    conjuncts: tuple[Conjunct, ...]
    names_the_guardian: bool
    by_kind: dict[CheckKind, tuple[int, ...]]
    masks: dict[CheckKind, int]
    kinds: tuple[CheckKind, ...]
    on_a_base_date: bool
    rule_versions: dict[CheckKind, str]
    digests: dict[CheckKind, bytes]


_MAX_PLANS = 1_000
_plans: dict[int, tuple[PolicyDocument, Plan]] = {}


def plan_of(document: PolicyDocument) -> Plan:
    """The plan of this document, kept for the next decision.

    Found by identity: hashing all of a document at every decision would cost more than the decision. The document is
    kept beside its plan, so that another one can never stand at the same address.
    """
    found = _plans.get(id(document))
    if found is None:
        if len(_plans) >= _MAX_PLANS:
            _plans.clear()
        found = _plans[id(document)] = (document, _made(document))
    return found[1]


def _made(document: PolicyDocument) -> Plan:
    root = tree_of(document)
    nodes = [*conjuncts_of(root)]
    names_the_guardian = any(isinstance(leaf, GuardianConfirmed) for leaf in leaves_of(root))
    if not names_the_guardian:
        nodes.append(GuardianConfirmed(kind="guardian"))  # a guardian's application is checked in every policy
    conjuncts = tuple(Conjunct(node, compile_tree(node), checks_needed(node)) for node in nodes)
    by_kind = {kind: tuple(number for number, one in enumerate(conjuncts) if kind in one.kinds) for kind in CheckKind}
    kinds = _in_order(document, checks_needed(root))
    return Plan(
        conjuncts=conjuncts,
        names_the_guardian=names_the_guardian,
        by_kind=by_kind,
        masks={kind: sum(1 << number for number in numbers) for kind, numbers in by_kind.items()},
        kinds=kinds,
        on_a_base_date=any(isinstance(one, LivesIn) and one.mode == "base_date" for one in leaves_of(root)),
        rule_versions={kind: _RULE_VERSIONS.get(kind, f"{kind.lower()}-1") for kind in CheckKind},
        digests={kind: _digest_prefix(kind, document) for kind in CheckKind},
    )


def _in_order(document: PolicyDocument, needed: frozenset[CheckKind]) -> tuple[CheckKind, ...]:
    """Card and age first; then as declared, and what the tree needs beyond it; the guardian when there is one."""
    declared = [kind for kind in document.screening if kind is not CheckKind.CARD_AUTO]
    first = [CheckKind.CARD_AUTO] if CheckKind.CARD_AUTO in {*document.screening, *needed} else []
    first += [CheckKind.AGE] if CheckKind.AGE in needed else []
    undeclared = [kind for kind in CheckKind if kind in needed - {*declared, *first, CheckKind.GUARDIAN}]
    return (*first, *declared, *undeclared, CheckKind.GUARDIAN, CheckKind.SUPPORT_MEASURE)


def _digest_prefix(kind: CheckKind, document: PolicyDocument) -> bytes:
    """The digest of what the rule is given of the policy."""
    given = {
        "kind": kind,
        "policy_id": document.policy_id,
        "conditions": tree_of(document).model_dump(mode="json"),
        "accept": [document.accept_unattended, document.accept_revocation_unchecked],
    }
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).digest()
