"""The language of each page: chosen on any page, remembered by a cookie, else as the browser asks; ruby in the end."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlencode

from babel.support import Translations
from flask import Flask, Response, g, request
from flask import session as web_session
from flask_babel import Babel, Domain
from markupsafe import Markup

from app import language
from app.language import EASY, ENGLISH, JAPANESE, LANGUAGES
from app.language_parts import mark_japanese
from app.language_ruby import in_page, plain_json
from app.settings import Settings

PARAMETER = "lang"
REMEMBERED_SECONDS = 365 * 24 * 3600
# What an address says about its page; whatever else somebody puts there is not repeated in the page.
KEPT = frozenset(
    {
        "place",
        "municipality",
        "category",
        "keyword",
        "open_now",
        "at_once",
        "amount",
        "timing",
        "soon",
        "service",
        "page",
    }
    | {"sent"}
)
# The rest of a name is only heard where there is no room for it.
NAMES = ((JAPANESE, "日本語", ""), (EASY, "やさしい", "日本語"), (ENGLISH, "English", ""))
# In a page's ``lang``: やさしい日本語 is Japanese.
TAGS = {JAPANESE: "ja", EASY: "ja", ENGLISH: "en"}


class Words(Domain):  # type: ignore[misc]  # flask-babel has no types
    """Our catalogues for Flask-Babel, whose own look-up would take ``ja@easy`` for ``ja``."""

    def get_translations(self) -> Translations:
        """The catalogue of the language of this request."""
        return language.catalogue(language.current())


def install(app: Flask, settings: Settings) -> None:
    """Choose the language before everything that makes words; answer with it afterwards."""
    cookie = "__Host-language" if settings.is_https else "language"
    babel = Babel()
    babel.domain_instance = Words()
    babel.init_app(app, default_locale=JAPANESE, default_timezone="Asia/Tokyo", locale_selector=language.current)
    # A page has a hundred and more words: straight from the catalogue, not through three look-ups for each.
    app.jinja_env.globals.update(_=in_template, gettext=in_template)

    @app.before_request
    def _choose() -> None:
        chosen = request.args.get(PARAMETER)
        g.language_chosen = chosen if chosen in LANGUAGES else None
        language.set_current(g.language_chosen or _remembered(cookie) or _preferred())
        if g.language_chosen and web_session:
            web_session["language"] = g.language_chosen

    @app.after_request
    def _answer(response: Response) -> Response:
        now = language.current()
        if g.get("language_chosen"):
            response.set_cookie(
                cookie,
                now,
                max_age=REMEMBERED_SECONDS,
                secure=settings.is_https,
                httponly=True,
                samesite="Lax",
                path="/",
            )
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Language", TAGS[now])
            response.vary.update(("Accept-Language", "Cookie"))
            if now != JAPANESE:
                finish = in_page if now == EASY else mark_japanese
                response.set_data(finish(response.get_data(as_text=True)))
        elif now == EASY and response.mimetype in ("application/json", "application/problem+json"):
            response.set_data(plain_json(response.get_data(as_text=True)))
        return response

    @app.teardown_request
    def _forget(_: BaseException | None) -> None:
        language.set_current(JAPANESE)

    @app.context_processor
    def _switch() -> dict[str, object]:
        now = language.current()
        return {
            "language": now,
            "language_tag": TAGS[now],
            "languages": [
                {
                    "code": code,
                    "name": name,
                    "rest": rest,
                    "tag": TAGS[code],
                    "url": _address(code),
                    "now": code == now,
                }
                for code, name, rest in NAMES
            ],
        }


def in_template(text: str, /, **facts: object) -> Markup:
    """``_("…")`` in a template: the reader's words, in which facts take their places, escaped."""
    words = _marked(language.current(), text)
    return words % facts if facts else words


@lru_cache(maxsize=8_192)
def _marked(now: str, text: str) -> Markup:
    return Markup(language.word(now, text))  # noqa: S704  # texts of ours alone


def forget_chosen(response: Response, settings: Settings) -> None:
    """On a screen that many people use: the next one meets the usual language again."""
    cookie = "__Host-language" if settings.is_https else "language"
    response.delete_cookie(cookie, path="/", secure=settings.is_https, httponly=True, samesite="Lax")
    web_session.pop("language", None)


def speak_as_asked() -> None:
    """This page is for somebody else than the one who chose: in the language that the browser asks for."""
    g.language_chosen = None
    language.set_current(_preferred())


def _remembered(cookie: str) -> str | None:
    for kept in (request.cookies.get(cookie), web_session.get("language")):
        if kept in LANGUAGES:
            return str(kept)
    return None


def _preferred() -> str:
    """What the browser asks for, of the two it can ask for; the interface for programs speaks Japanese."""
    if request.path.startswith("/api/"):
        return JAPANESE
    # By hand: best_match takes a plain "en" before a wished-for "ja-JP".
    asked = (str(tag).split("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in asked if tag in (JAPANESE, ENGLISH)), JAPANESE)


def _address(code: str) -> str:
    """This page in that language; without the path, which an answer about somebody else's page would repeat."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name in KEPT]
    return f"?{urlencode([*kept, (PARAMETER, code)])}"
