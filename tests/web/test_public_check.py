"""The self-check: four to six questions, nothing stored, the failing condition and the office are named."""

from __future__ import annotations

import re

import pytest

from app.policies import self_check
from app.policies.self_check import ANSWERS, Effect, Outcome
from tests.policies.samples import ITEMS, document
from tests.web.service import Browser, Service, check_is_clear

SERVICES = ("みらいPay", "ひかりペイ")
PUBLIC = [policy_id for policy_id, item in ITEMS.items() if item["status"] != "draft"]


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import municipalities

    monkeypatch.setattr(municipalities.table._State, "with_samples", True)
    monkeypatch.setattr(municipalities.table._State, "table", None)


def right(question: self_check.Question) -> str:
    return "no" if question.wrong == "yes" else "yes"


@pytest.mark.parametrize("policy_id", ITEMS)
def test_every_policy_has_four_to_six_questions_and_right_answers_fit(policy_id: str) -> None:
    questions = self_check.questions_of(document(policy_id), SERVICES)
    assert 4 <= len(questions) <= 6
    assert len({question.id for question in questions}) == len(questions)
    verdict = self_check.judge(questions, {question.id: right(question) for question in questions})
    assert (verdict.outcome, verdict.said, verdict.unsure) == (Outcome.FITS, (), ())


@pytest.mark.parametrize("policy_id", ITEMS)
def test_br_32_a_single_wrong_answer_names_its_condition_and_not_knowing_never_fails(policy_id: str) -> None:
    questions = self_check.questions_of(document(policy_id), SERVICES)
    for question in questions:
        answers = {one.id: right(one) for one in questions} | {question.id: question.wrong}
        verdict = self_check.judge(questions, answers)
        assert verdict.said == (question.said,)
        assert (verdict.outcome is Outcome.NOT_NOW) == (question.effect is Effect.FAILS)
        unsure = self_check.judge(questions, answers | {question.id: "unknown"})
        assert (unsure.outcome, unsure.unsure) == (Outcome.ASK, (question.text,))


def test_what_a_list_or_an_office_knows_never_fails() -> None:
    for policy_id in ITEMS:
        for question in self_check.questions_of(document(policy_id), SERVICES):
            if "名簿" in question.said or "担当者が確認" in question.said:
                assert question.effect is Effect.ASK, (policy_id, question.text)


@pytest.mark.parametrize("policy_id", PUBLIC)
def test_every_public_policy_links_to_its_check_and_answers(browser: Browser, policy_id: str) -> None:
    assert f'href="/policies/{policy_id}/check"' in browser.get(f"/policies/{policy_id}").get_data(as_text=True)
    body = browser.get(f"/policies/{policy_id}/check").get_data(as_text=True)
    names = list(dict.fromkeys(re.findall(r'<input id="[^"]+"\s+name="(\w+)"', body)))
    assert 4 <= len(names) <= 6
    for answer in ANSWERS:
        response = browser.post(f"/policies/{policy_id}/check", data=dict.fromkeys(names, answer))
        assert response.status_code == 200
        assert any(f'tone-{tone}"' in response.get_data(as_text=True) for tone in ("good", "act", "info"))


def test_somebody_from_elsewhere_reads_which_condition_and_whom_to_ask(browser: Browser) -> None:
    answers = {"c1": "no", "card": "yes", "moved": "yes", "service": "yes"}
    body = browser.post("/policies/P-001/check", data=answers).get_data(as_text=True)
    assert "条件に合わないようです" in body
    assert "みらい県あさひ市に住んでいる方" in body
    assert "先にカードの住所を書き換えてください" in body
    assert "おたずね先: みらい県あさひ市 給付担当窓口" in body


def test_nothing_is_stored_and_no_cookie_is_set(service: Service) -> None:
    browser = service.browser()
    tables = ("web_sessions", "applications", "audit_events", "persons")
    before = {table: service.rows(table) for table in tables}
    for response in (
        browser.get("/policies/P-001/check"),
        browser.post("/policies/P-001/check", data={"c1": "yes", "card": "yes", "moved": "no", "service": "unknown"}),
    ):
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"
        assert "csrf_token" not in response.get_data(as_text=True)
    assert {table: service.rows(table) for table in tables} == before


def test_missing_and_made_up_answers_are_asked_for_again(browser: Browser) -> None:
    for answers in ({}, {"c1": "yes"}, {"c1": "<script>", "card": "maybe", "moved": "yes", "service": "yes"}):
        response = browser.post("/policies/P-001/check", data=answers)
        body = response.get_data(as_text=True)
        assert response.status_code == 422
        assert "<title>エラー: " in body
        assert "入力内容を確認してください" in body
        assert "<script>alert" not in body and "maybe" not in body


def test_what_is_not_public_has_no_check(browser: Browser) -> None:
    check_is_clear(browser.get("/policies/P-005/check"), 404)
    check_is_clear(browser.get("/policies/P-404/check"), 404)
