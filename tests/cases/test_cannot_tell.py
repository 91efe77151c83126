"""BR-32, promise 5: "cannot tell" never shows as "not eligible": every outcome, on every page that shows one."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask, render_template

from app import create_app, municipalities
from app.applications import ApplicationState
from app.applications.status import status_of
from app.errors import MESSAGES, DomainError, Kind
from app.policies import Activity, CheckKind, Received
from app.screening import CHECK_TITLES, RESULT_WORDS, CheckState, Facts, ScreeningOutcome, screen
from app.web.errors import BECAME, problem_response
from app.web.resident.apply import check_row
from card_sim.people import load_people
from tests.conftest import FIXTURE_TIME
from tests.policies.samples import ITEMS, document

_DENIAL = re.compile(
    "対象外ということではありません|対象外と決まったわけではありません|対象外ではありません"
    "|does not mean that you are not eligible"
)
_NOT_ELIGIBLE = re.compile(r"対象外|対象になりません|条件に合いません|対象ではありません|not eligible", re.IGNORECASE)


def says_not_eligible(page: str) -> bool:
    """Whether a page says so anywhere; that something is *not* a refusal does not count."""
    return _NOT_ELIGIBLE.search(_DENIAL.sub("", page)) is not None


@pytest.fixture
def service(town: None) -> Flask:
    return create_app()


def outcomes() -> dict[tuple[object, ...], ScreeningOutcome]:
    """Every outcome that the samples and the test people can have, one of each."""
    municipalities.configure(with_samples=True)
    found: dict[tuple[object, ...], ScreeningOutcome] = {}
    known: list[dict[str, object]] = [{}]
    known += [
        {"lists": dict.fromkeys(("L-S-SENIOR-2026", "L-K-BABY-2026"), level)} for level in ("name", "weak", "none")
    ]
    known += [{"received": {"P-004": Received(state)}} for state in ("received", "taken_back", "alike")]
    known += [{"activities": {"APP-WALK-01": Activity(False)}}, {"support_measure": True}, {"deceased": True}]
    known += [{"assurance": "unattended"}, {"revocation": "not_checked"}, {"guardian": "unconfirmed"}]
    people = [*load_people().values()][::3]
    for policy_id in ITEMS:
        subject = document(policy_id)
        for persona in people:
            for more in known:
                birth: date | None = persona.birth_date if "deceased" not in more else None
                values = {"assurance": "simulated", "revocation": "good", "test_cards_only": True} | more
                facts = Facts(municipalities.resolve(persona.address), birth, instant=FIXTURE_TIME, **values)
                for asked in (False, True):
                    outcome = screen(subject, facts, requested_review=asked)
                    key = (outcome.aggregate, *((check.kind, check.result, check.code) for check in outcome.checks))
                    found.setdefault(key, outcome)
    return found


def result_page(outcome: ScreeningOutcome) -> str:
    problem = outcome.problem
    return render_template(
        "resident/result.html",
        policy={"policy_id": "P-001", "title": "見本", "municipality_label": "みらい県あさひ市", "office_label": "窓口",
                "amount_text": "1ポイント", "outline_url": "https://a.example/"},
        outcome={"approved": "passed", "rejected": "failed"}.get(outcome.aggregate, "manual"),
        checks=[
            check_row(CHECK_TITLES[check.kind], check.result.value, check.problem)
            for check in outcome.checks
            if check.kind is not CheckKind.SUPPORT_MEASURE
        ],
        problem=problem and {"code": problem.code, "text": problem.wording(), "office": "窓口", "date": "今日"},
        can_request_review=problem is not None,
        person={"name": "試験", "address": "住所", "birth_date_text": "生年月日"},
    )  # fmt: skip


def test_br_32_the_result_page_says_not_eligible_for_a_failure_and_for_nothing_else(service: Flask) -> None:
    all_of_them = outcomes()
    seen = {outcome.aggregate for outcome in all_of_them.values()}
    assert seen == {"approved", "rejected", "manual"} and len(all_of_them) > 50
    with service.test_request_context("/policies/P-001/apply/result"):
        for key, outcome in all_of_them.items():
            assert says_not_eligible(result_page(outcome)) is (outcome.aggregate == "rejected"), key


def test_br_32_a_check_reads_as_failed_only_when_it_was_decided_so() -> None:
    failed = {state for state in CheckState if says_not_eligible(RESULT_WORDS[state])}
    assert failed == {CheckState.FAILED, CheckState.UPHELD}


@pytest.mark.parametrize("code", [code for code, message in MESSAGES.items() if message.kind is not Kind.INELIGIBLE])
def test_br_32_no_message_but_those_of_a_failed_condition_says_not_eligible(code: str) -> None:
    wordings = [MESSAGES[code].wording, *(text for _, text in MESSAGES[code].variants)]
    assert not any(says_not_eligible(text) for text in wordings)
    assert not says_not_eligible(BECAME[MESSAGES[code].kind])


@pytest.mark.parametrize("code", ["E102", "E105", "E110", "E113", "E204", "E205", "E212", "E213", "E218"])
def test_br_32_the_error_pages_of_what_could_not_be_verified(service: Flask, code: str) -> None:
    facts = {"date": "12月4日", "until": "明日", "n": 1}
    with service.test_request_context("/policies/P-001"):
        page = problem_response(DomainError(code, **facts)).get_data(as_text=True)
    assert not says_not_eligible(page)


@pytest.mark.parametrize(
    "state", [s for s in ApplicationState if s not in ("started", "abandoned", "approved", "fulfilled")]
)
def test_br_32_the_status_word_says_so_for_refused_applications_only(state: ApplicationState) -> None:
    word = status_of(state, None, assign_by=FIXTURE_TIME, expected=None)
    text = f"{word.word} {word.next_line}"
    assert says_not_eligible(text) is (state in (ApplicationState.REJECTED, ApplicationState.REJECTED_FINAL))
