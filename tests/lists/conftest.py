from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app import lists, municipalities
from app.cli.policies import load_sample_policies
from app.lists import ListReport, Owner

LIST_ID = "L-S-SENIOR-2026"
OWNER = Owner("P-017", "983012")
HEADING = "対象者管理番号,氏名,氏名カナ,生年月日,町名"
Load = Callable[..., ListReport]


def nobody(session: Session, policy_id: str, applications: Iterable[UUID]) -> int:
    """No application was granted."""
    return 0


@pytest.fixture(autouse=True)
def _with_fictional_municipalities() -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)


@pytest.fixture
def catalogue(database: str) -> str:
    """A database with the sample policies, which own the lists."""
    load_sample_policies()
    return database


@pytest.fixture
def load(catalogue: str, tmp_path: Path) -> Load:
    """Load rows (or bytes, or a file) as the senior list; keyword arguments go to the use case."""

    def load_rows(*rows: str, content: bytes | None = None, path: Path | None = None, **options: object) -> ListReport:
        if path is None:
            path = tmp_path / "list.csv"
            path.write_bytes(content if content is not None else "\r\n".join((HEADING, *rows, "")).encode())
        given = {"list_id": LIST_ID, "loaded_by": "ST-02", "granted": nobody, "owner": OWNER} | options
        return lists.load_list(path, **given)

    return load_rows
