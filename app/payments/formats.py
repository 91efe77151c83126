"""A service's ID format in words, and the first character of a typed ID that breaks it.

Both are derived from the pattern and the examples of the service document, so that a new service needs no new text.
"""

from __future__ import annotations

import re

from app.language import say
from app.payments.documents import MAX_ID_LENGTH, ServiceDocument

# One step of a simple pattern: a literal run, or a character class, each with an optional fixed count.
_STEP = re.compile(r"\[(?P<kind>[^\]^\\]+)\](?:\{(?P<count>\d+)\})?|(?P<literal>[A-Za-z0-9-])")
_KINDS = {
    "0-9": "数字{n}桁",
    "A-Z": "英大文字{n}文字",
    "0-9A-Z": "英大文字と数字{n}文字",
    "0-9A-HJ-NP-Z": "英大文字と数字(IとOは使いません){n}文字",
}


def describe(pattern: str, example: str | None = None) -> str:
    """The format in words for the person: 「数字13桁」, 「6」で始まる数字16桁, 「KM」のあとに数字15桁.

    A pattern that is more than a prefix and one class is described by its example.
    """
    steps = _simple_steps(pattern)
    if steps is None:
        return say("「{example}」のような形", example=example) if example else say("決められた形")
    prefix, kind, count = steps
    if not prefix:
        return say(_KINDS[kind], n=count)
    if kind == "0-9" and prefix.isdigit():
        return say("「{prefix}」で始まる{rest}", prefix=prefix, rest=say(_KINDS[kind], n=len(prefix) + count))
    return say("「{prefix}」のあとに{rest}", prefix=prefix, rest=say(_KINDS[kind], n=count))


def describe_account_id(service: ServiceDocument) -> str:
    """The format of this service's IDs in words."""
    return describe(service.id_regex, service.sample_ids.valid[0])


def describe_security_code(service: ServiceDocument) -> str | None:
    """The format of this service's security codes in words; None when it asks for none."""
    return describe(service.security_code_regex) if service.security_code_regex else None


def first_wrong_position(service: ServiceDocument, value: str) -> int:
    """Position, counted from 1, of the first character that can't stand there; length + 1 when one is missing.

    A prefix is right when the rest of a valid example completes it. A wrong check digit is reported at the last place.
    """
    if service.matches(value):
        return len(value)
    typed = value[: MAX_ID_LENGTH + 1]
    for length in range(len(typed), 0, -1):
        if any(service.matches(typed[:length] + example[length:]) for example in service.sample_ids.valid):
            return length + 1
    return 1


def whole_length(service: ServiceDocument) -> int | None:
    """How many characters each of this service's IDs has; ``None`` where they differ."""
    steps = _simple_steps(service.id_regex)
    return None if steps is None else len(steps[0]) + steps[2]


def kind_of_mistake(service: ServiceDocument, value: str) -> str | None:
    """What is wrong with a typed ID as the person would say it: the variant of E301, or ``None`` for one character.

    ``value`` is printable ASCII.
    """
    if not value:
        return "empty"
    if service.matches(value):
        return "check_digit"
    whole, wrong = whole_length(service), first_wrong_position(service, value)
    if whole is not None and len(value) > whole and service.matches(value[:whole]):
        return "long"
    if wrong == len(value) + 1:
        return "unfinished" if whole is None else "short"
    return None


def _simple_steps(pattern: str) -> tuple[str, str, int] | None:
    body = pattern.removeprefix("^").removesuffix("$")
    prefix, kind, count, position = "", "", 0, 0
    while position < len(body):
        step = _STEP.match(body, position)
        if step is None or kind:
            return None
        if step["literal"]:
            prefix += step["literal"]
        else:
            kind, count = step["kind"], int(step["count"] or 1)
        position = step.end()
    return (prefix, kind, count) if kind in _KINDS else None
