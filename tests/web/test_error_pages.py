"""Every message of the catalogue as a page: what happened, what became of the application, what to do, whom to ask."""

from __future__ import annotations

import re

import pytest

from app.errors import MESSAGES, DomainError, Kind
from app.language import LANGUAGES, speaking
from app.language_ruby import plain
from app.web.errors import problem_response
from tests.web.service import STEPS, Service

OFFICE = "みらい県あさひ市 給付担当窓口"


def facts_of(wording: str) -> dict[str, str]:
    return dict.fromkeys(re.findall(r"\{(\w+)\}", wording), "7")


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_every_message_says_what_became_of_the_application_what_to_do_and_whom_to_ask(
    service: Service, code: str
) -> None:
    message = MESSAGES[code]
    for variant in (None, *dict(message.variants)):
        wording = dict(message.variants)[variant] if variant else message.wording
        error = DomainError(code, variant=variant, **facts_of(wording))
        with service.app.test_request_context(f"{STEPS}/identity"):
            service.app.preprocess_request()
            answer = problem_response(error)
        page = answer.get_data(as_text=True)
        assert answer.status_code == message.status
        assert f'data-error-code="{code}"' in page
        assert error.wording() in page
        assert 'class="became"' in page
        assert 'id="next-title"' in page
        assert OFFICE in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_three_outcomes_are_never_mixed(service: Service, language: str) -> None:
    """Promise 5: "could not verify", "not eligible" and "our fault" have words of their own."""
    became = {}
    for kind, code in ((Kind.VERIFY, "E102"), (Kind.INELIGIBLE, "E207"), (Kind.SYSTEM, "E503")):
        with service.app.test_request_context(f"{STEPS}?lang={language}"), speaking(language):
            service.app.preprocess_request()
            page = plain(problem_response(DomainError(code, ref="7")).get_data(as_text=True))
        found = re.search(r'class="became"><strong>[^<]*</strong><span>([^<]*)<', page)
        assert found
        became[kind] = found[1]
    assert len(set(became.values())) == 3


@pytest.mark.parametrize(
    ("code", "variant", "named"), [("E101", None, "利用者証明用"), ("E101", "text", "券面事項入力補助用")]
)
def test_a_wrong_pin_is_named_with_the_tries_that_are_left(code: str, variant: str | None, named: str) -> None:
    for language in LANGUAGES:
        with speaking(language):
            said = plain(DomainError(code, variant=variant, n=2).wording())
        assert named in said
        assert "2" in said


def test_which_lock_can_be_undone_where() -> None:
    assert "コンビニ(アプリで事前予約)で再設定できます" in DomainError("E102").wording()
    assert "コンビニでは解除できません" in DomainError("E103").wording()


@pytest.mark.parametrize("code", ["E306", "E401", "E404"])
def test_an_application_that_stands_is_never_said_to_be_incomplete(service: Service, code: str) -> None:
    facts = facts_of(MESSAGES[code].wording)
    with service.app.test_request_context("/applications"):
        service.app.preprocess_request()
        page = problem_response(DomainError(code, **facts)).get_data(as_text=True)
    assert "申込は有効です" in page
    assert "まだ完了していません" not in page
