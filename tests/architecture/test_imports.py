"""The reader of sources behind ``test_house``: it must see what it is there to see."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.imports import Module, attributes_used, calls_named, imports_of, public_names


def module(source: str, name: str = "app.cards.example", *, is_package: bool = False) -> Module:
    return Module(name, Path(__file__), ast.parse(source), is_package)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import app.payments", [("app.payments", ())]),
        ("from app import payments", [("app.payments", ())]),
        ("from app import payments as p, create_app", [("app", ("create_app",)), ("app.payments", ())]),
        ("from app.payments import links, LinkView", [("app.payments", ("LinkView",)), ("app.payments.links", ())]),
        ("from app.payments.links import _move", [("app.payments.links", ("_move",))]),
        ("from . import sessions", [("app.cards.sessions", ())]),
        ("from ..payments import links", [("app.payments.links", ())]),
        ("def f():\n    from app.web import errors", [("app.web.errors", ())]),
        ("if TYPE_CHECKING:\n    import flask", [("flask", ())]),
    ],
)
def test_every_form_of_import_is_seen(source: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(one.module, one.names) for one in imports_of(module(source))] == found


def test_a_relative_import_of_a_package_starts_at_itself() -> None:
    seen = [one.module for one in imports_of(module("from . import links", "app.payments", is_package=True))]
    assert seen == ["app.payments.links"]


def test_what_is_used_of_a_package_is_seen() -> None:
    source = "from app import payments as p, cards\np.secret()\nx = cards.models.Agent\nother.thing()"
    assert [(package, name) for package, name, _ in attributes_used(module(source))] == [
        ("app.payments", "secret"),
        ("app.cards", "models"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['X']",
        "import os\nx = {**os.environ}",
        "from os import environ\nenviron.get('X')",
        "from os import environ as e\ne",
    ],
)
def test_reading_the_environment_is_seen(source: str) -> None:
    assert [name for name, _ in calls_named(module(source), "os.environ")] == ["os.environ"]


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now(UTC)",
        "import time\ntime.time()",
        "from time import time\ntime()",
    ],
)
def test_asking_the_machine_for_the_time_is_seen(source: str) -> None:
    assert len(list(calls_named(module(source), "datetime.now", "time.time"))) == 1


def test_business_time_is_no_breach() -> None:
    source = "from app import clock\nclock.now()\nimport time\ntime.monotonic()"
    assert list(calls_named(module(source), "datetime.now", "time.time")) == []


def test_public_names_are_those_of_the_package() -> None:
    assert "create_link" in public_names("app.payments")
    assert "_move" not in public_names("app.payments")
