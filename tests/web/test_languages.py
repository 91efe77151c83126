"""Three languages: chosen on any page, remembered, else as the browser asks; readings above the characters."""

from __future__ import annotations

import re

import pytest

from app.errors import MESSAGES, DomainError
from app.language import LANGUAGES, catalogue, day_text, moment_text, say, speaking
from app.language_parts import mark_japanese
from app.language_ruby import in_page, mark_readings, plain
from tests.web.service import Service

PAGES = ("/", "/policies", "/policies/P-001", "/policies/P-001/check", "/policies/P-001/apply", "/status", "/nowhere")


def test_every_page_offers_the_three_languages_and_leads_back_to_itself(service: Service) -> None:
    for page in PAGES:
        text = service.browser().get(f"{page}?keyword=x").get_data(as_text=True)
        for language in ("ja", "ja%40easy", "en"):
            assert f'href="?keyword=x&amp;lang={language}"' in text, (page, language)


@pytest.mark.parametrize(("chosen", "tag", "words"), [("ja", "ja", "給付をさがす"), ("en", "en", "Find a benefit")])
def test_the_chosen_language_is_spoken_and_remembered(service: Service, chosen: str, tag: str, words: str) -> None:
    browser = service.browser()
    answers = [browser.get(f"/?lang={chosen}"), browser.get("/policies")]
    for answer in answers:
        page = answer.get_data(as_text=True)
        assert f'<html lang="{tag}">' in page
        assert words in page
        assert answer.headers["Content-Language"] == tag


def test_easy_japanese_has_readings_in_the_text_and_none_in_attributes_or_the_title(service: Service) -> None:
    page = service.browser().get("/?lang=ja%40easy").get_data(as_text=True)
    assert "<ruby>" in page
    assert '<html lang="ja">' in page
    assert not re.search("[\ufff9\ufffa\ufffb]", page)
    assert not re.search(r"<(title|option)[^>]*>[^<]*<ruby>", page)
    assert not re.search(r'="[^"]*<ruby>', page)


def test_without_a_choice_the_browser_is_listened_to(service: Service) -> None:
    for asked, tag in (("en-US,en;q=0.9", "en"), ("ja-JP,en;q=0.5", "ja"), ("fr", "ja"), ("", "ja"), ("x;q=;,", "ja")):
        page = service.browser().get("/", headers={"Accept-Language": asked})
        assert page.headers["Content-Language"] == tag, asked
        assert {"Accept-Language", "Cookie"} <= set(page.vary)


def test_the_choice_goes_before_what_the_browser_asks(service: Service) -> None:
    browser = service.browser()
    browser.get("/?lang=ja", headers={"Accept-Language": "en"})
    assert browser.get("/", headers={"Accept-Language": "en"}).headers["Content-Language"] == "ja"


@pytest.mark.parametrize("nonsense", ["fr", "ja_Hira", "", "../en", "ja@easy\0"])
def test_a_language_we_do_not_speak_is_not_taken(service: Service, nonsense: str) -> None:
    browser = service.browser()
    answer = browser.get("/", query_string={"lang": nonsense})
    assert answer.status_code in (200, 400)
    assert browser.get("/").headers["Content-Language"] == "ja"


def test_the_choice_is_kept_by_a_cookie_that_only_the_service_reads(https_service: Service) -> None:
    cookie = https_service.browser().get("/?lang=en").headers["Set-Cookie"]
    assert cookie.startswith("__Host-language=en;")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie


def test_a_signed_in_person_keeps_the_language_without_the_cookie(service: Service) -> None:
    browser = service.browser()
    browser.read_card("TP-02", "/status")
    browser.get("/applications?lang=en")
    browser.client.delete_cookie("language", domain="localhost")
    assert browser.get("/applications").headers["Content-Language"] == "en"


def test_a_language_ends_with_its_request(service: Service) -> None:
    service.browser().get("/?lang=en")
    assert say("給付をさがす") == "給付をさがす"


def test_the_interface_for_programs_speaks_japanese_whatever_a_browser_asks(service: Service) -> None:
    answer = service.browser().get("/api/v1/policies", headers={"Accept-Language": "en"})
    assert "受付中" in str(answer.get_json())


def test_days_and_times_are_written_as_the_reader_writes_them() -> None:
    from datetime import UTC, date, datetime

    instant = datetime(2026, 9, 30, 15, 5, tzinfo=UTC)
    assert (day_text(date(2026, 11, 20)), moment_text(instant)) == ("2026年11月20日", "2026年10月1日0時05分")
    with speaking("en"):
        assert (day_text(date(2026, 11, 20)), moment_text(instant)) == ("20 November 2026", "1 October 2026, 00:05")
    with speaking("ja@easy"):
        assert plain(day_text(date(2026, 11, 20))) == "2026年11月20日"


def test_readings_are_shown_only_where_a_tag_may_stand() -> None:
    word = mark_readings("窓口《まどぐち》")
    shown = in_page(f'<title>{word}</title><p title="{word}">{word}へ</p><option>{word}</option>')
    ruby = "<ruby>窓口<rp>(</rp><rt>まどぐち</rt><rp>)</rp></ruby>"
    assert shown == f'<title>窓口</title><p title="窓口">{ruby}へ</p><option>窓口</option>'


def test_marks_in_what_somebody_typed_make_no_tags(service: Service) -> None:
    browser = service.browser()
    browser.get("/?lang=ja%40easy")
    typed = "\ufff9<script>\ufffa<img src=x>\ufffb漢字《<b>》"
    page = browser.get("/policies", query_string={"place": typed}).get_data(as_text=True)
    assert "<script>" not in page.replace('<script src="/static/todoke.js" defer></script>', "")
    assert "<img" not in page
    assert "<b>" not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_every_message_can_be_said_in_every_language(code: str, language: str) -> None:
    message = MESSAGES[code]
    for variant in (None, *dict(message.variants)):
        wording = dict(message.variants)[variant] if variant else message.wording
        facts = dict.fromkeys(re.findall(r"\{(\w+)\}", wording), "7")
        with speaking(language):
            said = DomainError(code, variant=variant, **facts).wording()
        assert said
        assert "{" not in said


def test_the_catalogues_load() -> None:
    for language in LANGUAGES:
        assert catalogue(language) is catalogue(language)


def test_what_others_wrote_is_marked_japanese_on_an_english_page_and_nowhere_else(service: Service) -> None:
    """WCAG 3.1.2: a screen reader speaks it as Japanese, and its lines break as Japanese."""
    page = service.browser().get("/policies/P-001?lang=en").get_data(as_text=True)
    assert '<span lang="ja">あさひ市 くらし応援ポイント</span>' in page
    assert '<span lang="ja">' not in service.browser().get("/policies/P-001").get_data(as_text=True)
    assert not re.search(r"<(title|option)[^>]*>[^<]*<span", page)
    assert not re.search(r'="[^"]*<span', page)


def test_only_the_words_are_marked_not_what_stands_around_them() -> None:
    shown = mark_japanese('<p title="市">live in みらい県あさひ市, 3rd floor (カード番号 16)&amp;<b>みらいPay</b></p>')
    place, label, name = (
        f'<span lang="ja">{words}</span>' for words in ("みらい県あさひ市", "カード番号", "みらいPay")
    )
    expected = f"live in {place}, 3rd floor ({label} 16)&amp;<b>{name}</b>"
    assert shown == f'<p title="市">{expected}</p>'
