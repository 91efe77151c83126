"""The small run of the fuzz target over responses; the big one is `make fuzz`."""

from __future__ import annotations

import pytest

from tests.fuzz import responses
from tests.fuzz.responses import FuzzFailure, response_fuzz


def test_mutated_responses_end_in_results_or_typed_errors() -> None:
    report = response_fuzz(20_000)
    assert report.responses >= 20_000
    reached = {"result", "malformed", "wrong_pin", "blocked", "card_fault", "order_bug", "TlvError", "RelayError"}
    assert reached <= set(report.ends), "the run does not reach what it should try"


@pytest.mark.full
def test_the_same_seed_does_the_same() -> None:
    assert response_fuzz(2_000, seed=5).ends == response_fuzz(2_000, seed=5).ends


def test_a_defect_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A control: the run fails where a parser lets another error through."""

    def broken(raw: bytes) -> object:
        return raw[1000]

    monkeypatch.setattr(responses.basic_information, "parse", broken)
    with pytest.raises(FuzzFailure, match="seed"):
        response_fuzz(2_000)
