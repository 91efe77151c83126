"""The keypad page in three languages: complete, readable, and forgotten after the visit."""

from __future__ import annotations

import re
from string import Template

import pytest

from nfc.agent.booth import ENDED_SHOWN_SECONDS
from nfc.agent.messages import message_for
from nfc.agent.visit import VisitState
from nfc.agent.words import LANGUAGES, Language, catalogue, html, plain, say
from tests.nfc_agent.conftest import Scene
from tests.nfc_agent.scripted_card import AUTH_KEY, TEXT_PIN, Card
from tests.nfc_agent.test_messages import ENDINGS

KANJI = re.compile(r"[一-龠々]")


def choose(scene: Scene, language: str) -> None:
    assert scene.person.http.post("/language", data={"language": language}).status_code == 303


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_facts(language: Language) -> None:
    usual, words = catalogue("ja"), catalogue(language)
    assert set(words) == set(usual)
    for key, sentence in words.items():
        assert sentence.strip()
        assert set(Template(sentence).get_identifiers()) == set(Template(usual[key]).get_identifiers()), key


def test_every_kanji_of_the_easy_words_has_its_reading() -> None:
    without_ruby = {key: re.sub(r"\{[^{}|]+\|[ぁ-んー]+\}", "", text) for key, text in catalogue("ja@easy").items()}
    assert {key: text for key, text in without_ruby.items() if KANJI.search(text) or "{" in text} == {}


def test_english_has_japanese_only_where_the_card_is_named() -> None:
    japanese = {key for key, text in catalogue("en").items() if re.search(r"[ぁ-んァ-ヶ一-龠]", text)}
    assert japanese == {"pin.text", "pin.auth"}


def test_readings_become_ruby_and_nothing_else_becomes_markup() -> None:
    assert html("{読|よ}む<b>") == "<ruby>読<rp>(</rp><rt>よ</rt><rp>)</rp></ruby>む&lt;b&gt;"
    assert plain("{読|よ}む") == "読む"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_every_ending_is_told_in_every_language(ending: object, language: Language) -> None:
    message = message_for(ending, language)
    assert message.title and message.text and message.next_step
    assert "$" not in message.title + message.text + message.next_step


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_service_that_is_away_and_one_that_refuses_the_reader_are_told_apart(
    scene: Scene, language: Language
) -> None:
    choose(scene, language)
    scene.booth.set_trouble("away")
    away = scene.person.page()
    assert html(say(language, "idle.away")) in away
    assert html(say(language, "idle.title")) in away
    scene.booth.set_trouble("refused")
    refused = scene.person.page()
    assert html(say(language, "idle.refused")) in refused
    assert html(say(language, "idle.how")) not in refused, "nobody is asked to lay a card down"
    scene.booth.set_trouble(None)
    assert html(say(language, "idle.refused")) not in scene.person.page()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_way_in_each_language(scene: Scene, language: Language) -> None:
    choose(scene, language)
    assert html(say(language, "idle.title")) in scene.person.page()
    card = Card()
    card.tries[AUTH_KEY] = 1
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    page = scene.person.page()
    for key in ("pin.title", "pin.text", "number", "what.not.value", "last_try.warning"):
        assert html(say(language, key)) in page
    assert f'<html lang="{"en" if language == "en" else "ja"}">' in page
    wrong = scene.person.enter(auth="12")
    assert html(say(language, "error.digits", name=say(language, "pin.auth"))) in wrong.text
    scene.person.enter(last_try="yes")
    scene.end()
    assert html(say(language, "done.take")) in scene.person.page()


def test_the_language_is_that_of_one_visit_only(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    choose(scene, "en")
    assert "Please enter your PINs" in scene.person.page()
    scene.person.enter()
    scene.end()
    scene.booth.end()
    assert "Please take your card." in scene.person.page()
    scene.clock.now += ENDED_SHOWN_SECONDS
    assert "読み取りの受け付け前です" in scene.person.page()


def test_a_language_chosen_before_a_visit_is_forgotten_when_none_comes(scene: Scene) -> None:
    choose(scene, "en")
    assert "Not ready for a card yet" in scene.person.page()
    scene.clock.now += ENDED_SHOWN_SECONDS
    assert "読み取りの受け付け前です" in scene.person.page()


def test_another_open_page_follows_the_language(scene: Scene) -> None:
    before = scene.person.http.get("/state").json()["revision"]
    choose(scene, "ja@easy")
    assert scene.person.http.get("/state").json()["revision"] != before


def test_an_unknown_language_or_one_asked_for_by_another_site_changes_nothing(scene: Scene) -> None:
    choose(scene, "<script>")
    assert "読み取りの受け付け前です" in scene.person.page()
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert scene.person.http.post("/language", data={"language": "en"}, headers=elsewhere).status_code == 403
    assert "読み取りの受け付け前です" in scene.person.page()


def test_what_is_typed_never_comes_back_in_any_language(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    for language in LANGUAGES:
        choose(scene, language)
        answer = scene.person.enter(auth="77A77")
        assert answer.status_code == 422
        assert "77A77" not in answer.text
        assert TEXT_PIN not in answer.text


def test_shuffled_digits_are_all_ten_and_come_in_a_new_order(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    order = re.compile(r'data-digits="(\d+)"')
    usual = order.search(scene.person.page())
    assert usual is not None and usual.group(1) == "1234567890"
    object.__setattr__(scene.booth, "shuffled_digits", True)
    orders = {found.group(1) for _ in range(20) if (found := order.search(scene.person.page()))}
    assert len(orders) > 1
    assert all(sorted(one) == list("0123456789") for one in orders)
