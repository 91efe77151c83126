"""Every `todoke` line of the documents is one that the command takes: subcommand, arguments, options, values."""

from __future__ import annotations

import re
import shlex
from importlib import import_module

import click
import pytest

from app.cli import COMMANDS
from tests.tooling.test_documents import OURS

PLACE = re.compile(r"\.\.\.|…")
LINES = sorted(
    {
        (str(document.name), line)
        for document in OURS
        for line in re.findall(r"`todoke ([a-z][^`\n]*)`", document.read_text(encoding="utf-8"))
    }
)


def command(name: str) -> click.Command:
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(module), attribute)
    assert isinstance(found, click.Command)
    return found


def taken(found: click.Command, words: list[str]) -> None:
    """Walk a line as click would; an assertion names the first word that it does not know."""
    while isinstance(found, click.Group):
        if not words or PLACE.search(words[0]):
            return
        if words[0].startswith("--"):
            break  # a group that does something by itself
        name = words.pop(0)
        assert name in found.commands, f"no {name} in {found.name}"
        found = found.commands[name]
    options = {name: one for one in found.params if isinstance(one, click.Option) for name in one.opts}
    arguments = [one for one in found.params if isinstance(one, click.Argument)]
    given = []
    while words:
        word = words.pop(0)
        if PLACE.fullmatch(word):
            continue
        if not word.startswith("--"):
            given.append(word)
            continue
        if word == "--help":
            return
        assert word in options, f"no {word} in {found.name}"
        if not options[word].is_flag:
            assert words, f"{word} without its value"
            value = words.pop(0)
            kind = options[word].type
            assert not isinstance(kind, click.Choice) or value in kind.choices, f"{word} {value}"
    many = any(one.nargs != 1 for one in arguments)
    assert many or len(given) <= len(arguments), f"{found.name} does not take {given[len(arguments) :]}"


@pytest.mark.parametrize(("document", "line"), LINES)
def test_the_command_takes_the_line_as_it_is_written(document: str, line: str) -> None:
    words = shlex.split(line)
    taken(command(words.pop(0)), words)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("results waiting --older-than 60", "no --older-than"),
        ("results show", "no show"),
        ("providers hold PRV-03 PRV-04", "does not take"),
        ("results resolve ID --as", "without its value"),
    ],
)
def test_a_line_that_the_command_would_refuse_is_found(line: str, why: str) -> None:
    words = shlex.split(line)
    with pytest.raises(AssertionError, match=why):
        taken(command(words.pop(0)), words)
