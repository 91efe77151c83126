from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import municipalities


@pytest.fixture(autouse=True)
def _with_fictional_municipalities() -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)
