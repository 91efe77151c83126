"""BR-19, BR-20 over all of the postal data: about 500,000 spellings, and not one wrong code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from app import municipalities
from app.municipalities import Status, resolve
from tests.municipalities.ken_all import FORMS, records, spellings


@pytest.fixture(autouse=True, params=[False, True], ids=["real table", "with samples"])
def _table(request: pytest.FixtureRequest) -> Iterator[None]:
    municipalities.configure(with_samples=request.param)
    yield
    municipalities.configure(with_samples=False)


def test_br_19_no_spelling_of_the_postal_data_gives_a_wrong_code() -> None:
    wrong: list[tuple[str, str, str | None, str]] = []
    outcomes: dict[str, Counter[Status]] = {form: Counter() for form in FORMS}
    for form, address, code in spellings():
        found = resolve(address)
        outcomes[form][found.status] += 1
        if found.code not in (None, code):
            wrong.append((form, address, found.code, code))
        if found.code is None:
            assert found.status is Status.AMBIGUOUS, address
            assert code in found.candidates, address
    assert wrong == []
    # With its prefecture, every address is clear; that is what makes the number of wrong codes worth something.
    for form in ("full", "without county"):
        assert set(outcomes[form]) <= {Status.EXACT, Status.FOLDED}, form
    for form in ("without prefecture", "bare"):
        assert outcomes[form][Status.AMBIGUOUS] < 0.06 * outcomes[form].total(), form
    assert sum(counter.total() for counter in outcomes.values()) == 4 * len(records()) > 400_000
