"""The keypad page in its five states, in the language of the visit. Everything variable is escaped here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from string import Template
from types import MappingProxyType
from typing import Final

from nfc.agent.booth import Booth
from nfc.agent.messages import PIN_NAMES, message_for
from nfc.agent.pin_form import FIELDS, LAST_TRY_FIELD, NUMBER_FIELD, FieldError
from nfc.agent.task import WITHOUT_PIN, CardSessionTask
from nfc.agent.visit import Notice, Tries, Visit, VisitState, VisitView
from nfc.agent.words import HTML_LANGUAGE, LANGUAGES, Language, html, plain, say
from nfc.pins import PinKind

REFRESH_SECONDS: Final = 2
MAX_REFRESH_SECONDS: Final = 180

_STEPS: Final = 4
_STEP_OF: Final[Mapping[VisitState, int]] = MappingProxyType(
    {
        VisitState.WAITING_CARD: 1,
        VisitState.WAITING_PIN: 2,
        VisitState.READING: 3,
        VisitState.DONE: 4,
        VisitState.FAILED: 4,
    }
)
_DIGITS: Final = "1234567890"
_KEY_WORDS: Final = ("show", "hide", "show.of", "hide.of", "keys", "wipe", "wipe.of", "back", "back.of")


@cache
def asset(name: str) -> bytes:
    """A file that belongs to the page, as packaged."""
    return (resources.files("nfc.agent") / "pages" / name).read_bytes()


@cache
def _template(name: str) -> Template:
    return Template(asset(name).decode("utf-8"))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What every part of a page needs to know: the language, and whose booth it is."""

    booth: Booth
    language: Language

    def text(self, key: str, **values: str) -> str:
        """A sentence as HTML."""
        return html(say(self.language, key, **values))

    def plain(self, key: str, **values: str) -> str:
        """A sentence without readings, escaped, for titles and attributes."""
        return escape(plain(say(self.language, key, **values)))


def page(booth: Booth, errors: Sequence[FieldError] = ()) -> str:
    """The page for what is going on now; `errors` are those of a form just sent."""
    frame = _Frame(booth, booth.language)
    revision, visit = booth.revision(), booth.visit
    if visit is None:
        title = "idle.refused.title" if booth.trouble == "refused" else "idle.title"
        return _whole(frame, say(frame.language, title), _idle(frame), revision, REFRESH_SECONDS)
    view = visit.view()
    title, body = _BODIES[view.state](frame, visit, view, errors)
    # Where somebody types, a timed refresh would wipe what was typed; there it only comes when the time is over.
    refresh = MAX_REFRESH_SECONDS if view.state is VisitState.WAITING_PIN else REFRESH_SECONDS
    if errors:
        title = say(frame.language, "error") + title
    return _whole(frame, title, _steps(frame, view.state) + body, revision, refresh)


def refusal_page(why: str, booth: Booth) -> str:
    """A page for a request that is not answered; `why` is the key of its title."""
    frame = _Frame(booth, booth.language)
    body = (
        f"<h1>{frame.text(why)}</h1><p>{frame.text('refused.next')}</p>"
        f'<p><a href="/">{frame.text("refused.link")}</a></p>'
    )
    return _whole(frame, say(frame.language, why), body, booth.revision(), MAX_REFRESH_SECONDS)


def _whole(frame: _Frame, title: str, body: str, revision: str, refresh: int) -> str:
    is_test = frame.booth.environment == "test"
    return _template("page.html").substitute(
        html_language=HTML_LANGUAGE[frame.language],
        body_class="with-readings" if frame.language == "ja@easy" else "",
        title=escape(plain(title)),
        site=frame.plain("site"),
        product=frame.text("product"),
        banner=f'<p class="test-banner">{frame.text("test_banner")}</p>' if is_test else "",
        languages=_languages(frame),
        lost=frame.text("lost"),
        body=body,
        revision=escape(revision),
        refresh=refresh,
    )


def _languages(frame: _Frame) -> str:
    buttons = "".join(
        f'<button type="submit" name="language" value="{language}" lang="{HTML_LANGUAGE[language]}" '
        f'aria-pressed="{"true" if language == frame.language else "false"}">'
        f"{html(say(language, 'language.name'))}</button>"
        for language in LANGUAGES
    )
    label = frame.plain("language.choose")
    return f'<form class="languages" method="post" action="/language" aria-label="{label}">{buttons}</form>'


def _steps(frame: _Frame, state: VisitState) -> str:
    now = _STEP_OF[state]
    items = []
    for number in range(1, _STEPS + 1):
        current = ' aria-current="step"' if number == now else ""
        spoken = frame.text("step.done") if number < now and state is not VisitState.FAILED else ""
        name = frame.text(f"step.{number}")
        items.append(f'<li{current}><span class="step-name">{name}</span><span class="spoken">{spoken}</span></li>')
    return f'<ol class="steps" aria-label="{frame.plain("steps")}">{"".join(items)}</ol>'


def _idle(frame: _Frame) -> str:
    trouble = frame.booth.trouble
    if trouble == "refused":
        return f'<h1>{frame.text("idle.refused.title")}</h1><p role="status">{frame.text("idle.refused")}</p>'
    away = f'<p class="notice" role="status">{frame.text("idle.away")}</p>' if trouble else ""
    return f"<h1>{frame.text('idle.title')}</h1><p>{frame.text('idle.how')}</p><p>{frame.text('idle.wait')}</p>{away}"


def _waiting_card(frame: _Frame, visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    is_left = view.notice is Notice.LEFT
    again = f'<p class="notice" role="status">{frame.text(f"card.{view.notice}")}</p>' if view.notice else ""
    title, how = _LEFT_WORDS if is_left else _CARD_WORDS.get(view.task.purpose, ("card.title", "card.how"))
    # Where no PIN is asked for, there is no number to enter either.
    soon = "" if view.task.purpose in WITHOUT_PIN else f'<p class="confirmation">{frame.text("number.soon")}</p>'
    return say(frame.language, title), (
        f"<h1>{frame.text(title)}</h1>{again}<p>{frame.text(how)}</p>"
        f"{soon}{_what_for(frame, view.task)}{_cancel(frame, visit)}"
    )


def _waiting_pin(frame: _Frame, visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    by_field = {error.field: error.text for error in errors}
    tries = {PinKind.TEXT: view.tries.text, PinKind.AUTH: view.tries.auth}
    fields = "".join(_pin_field(frame, kind, left, by_field) for kind, left in tries.items())
    return say(frame.language, "pin.title"), (
        f"{_error_summary(frame, errors)}<h1>{frame.text('pin.title')}</h1>"
        f"{_what_for(frame, view.task)}"
        '<form method="post" action="/pin" autocomplete="off" novalidate>'
        f'<input type="hidden" name="token" value="{escape(visit.form_token)}">'
        f"{_number_field(frame, view, by_field)}{fields}{_last_try(frame, view.tries, by_field)}{_number_keys(frame)}"
        f'<p class="privacy">{frame.text("pin.privacy")}</p>'
        f'<button class="primary" type="submit">{frame.text("pin.submit")}</button></form>'
        f"{_cancel(frame, visit)}<p>{frame.text('pin.limit')}</p>"
    )


_CARD_WORDS: Final = MappingProxyType({"confirm": ("confirm_tap.title", "confirm_tap.how")})
_LEFT_WORDS: Final = ("left.title", "left.how")
_CARD_STAYS: Final = frozenset({"counter", "hold", "touch"})
_HOLD: Final = ("hold.title", "hold.stay", "hold.next")


def _number_keys(frame: _Frame) -> str:
    """Where the script puts the keys: their order, and their words ({} is the name of a field)."""
    digits = list(_DIGITS)
    if frame.booth.shuffled_digits:
        # A new order at each showing: whoever watches the hand, or finds its traces, learns no digit.
        secrets.SystemRandom().shuffle(digits)
    words = "".join(
        f' data-{name.replace(".", "-")}="{frame.plain(f"key.{name}", **({"label": "{}"} if _names(name) else {}))}"'
        for name in _KEY_WORDS
    )
    return f'<div id="number-keys" data-digits="{"".join(digits)}"{words}></div>'


def _names(key_word: str) -> bool:
    return key_word in ("show.of", "hide.of")


def _reading(frame: _Frame, visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    is_hold = view.task.purpose == "hold"
    title, still, soon = _HOLD if is_hold else ("reading.title", "reading.still", "reading.soon")
    return say(frame.language, title), (
        f'<h1>{frame.text(title)}</h1><p class="big" role="status">{frame.text(still)}</p><p>{frame.text(soon)}</p>'
    )


def _done(frame: _Frame, visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    stays = view.task.purpose in _CARD_STAYS
    title, take, then = _HOLD if stays else ("done.title", "done.take", "done.next")
    return say(frame.language, title), (
        f'<h1>{frame.text(title)}</h1><p class="big" role="status">{frame.text(take)}</p><p>{frame.text(then)}</p>'
    )


def _failed(frame: _Frame, visit: Visit, view: VisitView, errors: Sequence[FieldError]) -> tuple[str, str]:
    assert view.ending is not None, "a failed visit has an ending"
    message = message_for(view.ending, frame.language)
    code = f'<p class="code">{frame.text("failed.code", code=message.code)}</p>' if message.code else ""
    return message.title, (
        f'<div class="failure" role="alert"><h1>{html(message.title)}</h1><p>{html(message.text)}</p></div>'
        f"<p>{html(message.next_step)}</p><p>{frame.text('failed.take')}</p>{code}"
    )


_BODIES: Final = MappingProxyType(
    {
        VisitState.WAITING_CARD: _waiting_card,
        VisitState.WAITING_PIN: _waiting_pin,
        VisitState.READING: _reading,
        VisitState.DONE: _done,
        VisitState.FAILED: _failed,
    }
)


def _number_field(frame: _Frame, view: VisitView, errors: Mapping[str, str]) -> str:
    """Typed, not shown and compared: only who sees the page that waits for this card knows the number."""
    error = errors.get(NUMBER_FIELD)
    shown = f'<p class="error" id="{NUMBER_FIELD}-error">{frame.text("error")}{html(error)}</p>' if error else ""
    described = f"{NUMBER_FIELD}-hint" + (f" {NUMBER_FIELD}-error" if error else "")
    invalid = ' aria-invalid="true"' if error else ""
    value = f' value="{escape(view.task.confirmation)}"' if view.number_known else ""
    return (
        f'<div class="field confirmation"><label for="{NUMBER_FIELD}">{frame.text("number")}</label>'
        f'<p class="hint" id="{NUMBER_FIELD}-hint">{frame.text("number.hint")}</p>'
        f'<input id="{NUMBER_FIELD}" name="{NUMBER_FIELD}" type="text" inputmode="numeric" autocomplete="off" '
        f'maxlength="8" aria-describedby="{described}"{invalid}{value} data-keys="2" '
        f'data-name="{frame.plain("number")}">{shown}</div>'
    )


def _what_for(frame: _Frame, task: CardSessionTask) -> str:
    rows = [("what.purpose", frame.text(f"purpose.{task.purpose}"))]
    if task.policy_title is not None:
        rows.append(("what.policy", f'<span lang="ja">{escape(task.policy_title)}</span>'))
    if task.municipality_name is not None:
        rows.append(("what.municipality", f'<span lang="ja">{escape(task.municipality_name)}</span>'))
    rows += [(key, frame.text(f"{key}.value")) for key in ("what.read", "what.not")]
    cells = "".join(f"<div><dt>{frame.text(key)}</dt><dd>{value}</dd></div>" for key, value in rows)
    return f'<dl class="what-for">{cells}</dl>'


def _pin_field(frame: _Frame, kind: PinKind, left: int | None, errors: Mapping[str, str]) -> str:
    name, words = FIELDS[kind], PIN_NAMES[kind]
    error = errors.get(name)
    tries = f'<p class="tries" id="{name}-tries">{frame.text("pin.tries", n=str(left))}</p>' if left is not None else ""
    shown_error = f'<p class="error" id="{name}-error">{frame.text("error")}{html(error)}</p>' if error else ""
    described = [f"{name}-hint"]
    if tries:
        described.append(f"{name}-tries")
    if error:
        described.append(f"{name}-error")
    invalid = ' aria-invalid="true"' if error else ""
    # No maxlength of 4: a password typed by mistake would be cut to four characters and cost a try.
    return (
        f'<div class="field"><label for="{name}">{frame.text(words)}</label>'
        f'<p class="hint" id="{name}-hint">{frame.text(f"{words}.hint")}</p>{tries}'
        f'<input id="{name}" name="{name}" type="password" inputmode="numeric" autocomplete="off" maxlength="64" '
        f'aria-describedby="{" ".join(described)}"{invalid} data-keys="4" '
        f'data-name="{frame.plain(words)}">{shown_error}</div>'
    )


def _last_try(frame: _Frame, tries: Tries, errors: Mapping[str, str]) -> str:
    if not tries.last_ones():
        return ""
    error = errors.get(LAST_TRY_FIELD)
    shown = f'<p class="error" id="{LAST_TRY_FIELD}-error">{frame.text("error")}{html(error)}</p>' if error else ""
    described = f' aria-describedby="{LAST_TRY_FIELD}-error" aria-invalid="true"' if error else ""
    return (
        f'<div class="last-try"><p>{frame.text("last_try.warning")}</p>'
        f'<label class="check"><input type="checkbox" id="{LAST_TRY_FIELD}" name="{LAST_TRY_FIELD}" value="yes"'
        f"{described}> <span>{frame.text('last_try.check')}</span></label>{shown}</div>"
    )


def _error_summary(frame: _Frame, errors: Sequence[FieldError]) -> str:
    if not errors:
        return ""
    items = "".join(f'<li><a href="#{error.field}">{html(error.text)}</a></li>' for error in errors)
    return (
        '<div class="error-summary" role="alert" tabindex="-1" autofocus data-focus>'
        f"<h2>{frame.text('error.summary')}</h2><ul>{items}</ul></div>"
    )


def _cancel(frame: _Frame, visit: Visit) -> str:
    return (
        '<form method="post" action="/cancel">'
        f'<input type="hidden" name="token" value="{escape(visit.form_token)}">'
        f'<button class="secondary" type="submit">{frame.text("cancel")}</button></form>'
    )
