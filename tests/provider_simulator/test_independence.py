"""The simulator is an independent reading: it imports nothing else of the service, and its facts agree with it."""

from __future__ import annotations

import ast
import re
from importlib import resources
from pathlib import Path

from app.payments import HolderCheck
from app.provider_simulator.services import SERVICES
from tests.payments.samples import every_service


def test_it_imports_nothing_else_of_the_service():
    folder = Path(str(resources.files("app.provider_simulator")))
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(not n.startswith("app") or n.startswith("app.provider_simulator") for n in names), file.name


def test_its_facts_agree_with_the_services_that_todoke_knows():
    ours = {s.service_id: s for s in every_service() if s.provider_id}
    assert set(ours) == set(SERVICES)
    for service_id, theirs in SERVICES.items():
        service = ours[service_id]
        assert theirs.provider_id == service.provider_id
        assert theirs.name == service.name
        assert theirs.lead == service.grant_lead
        assert theirs.balance_cap == service.balance_cap
        lifetime = theirs.code_lifetime.total_seconds() / 60 if theirs.code_lifetime else None
        assert lifetime == service.code_lifetime_min
        assert service.security_code_regex is not None
        assert re.fullmatch(service.security_code_regex, theirs.new_code())
        assert all(re.fullmatch(theirs.account_pattern, sample) for sample in service.sample_ids.valid)
        assert service.holder_check is not HolderCheck.COUNTER
