"""One demo with one PC/SC counter and one browser for the end-to-end tests of a file.

Nothing here outlives its file: a browser's event loop or a second pcscd would disturb the tests that follow in the same
process. The readers are in a folder of their own, and only programs that are started from here know of them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.agent_e2e.counter import Counter, PersonAtCounter
from tests.interop.private_readers import PrivateReaders
from tests.journeys.system import start_system

Arrive = Callable[[str], PersonAtCounter]
ADDRESSES = count(1)


@pytest.fixture(scope="module")
def running_counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="todoke-e-"))  # short: part of it becomes the name of a socket
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # Behind a proxy that names each person's address: else all would share one person's limit of visits.
        system = start_system(tmp_path_factory.mktemp("system") / "state", TODOKE_TRUSTED_PROXIES="1")
        stack.callback(system.stop)
        readers = PrivateReaders(folder)
        readers.start()
        stack.callback(readers.stop)
        counter = Counter(system, readers, tmp_path_factory.mktemp("counter"))
        counter.pair()
        counter.start()
        stack.callback(counter.stop)
        yield counter


@pytest.fixture
def counter(running_counter: Counter) -> Iterator[Counter]:
    """The counter with no card on its reader, before and after."""
    yield running_counter
    running_counter.remove()


@pytest.fixture
def arrive(counter: Counter, chromium: Browser) -> Iterator[Arrive]:
    contexts = []

    def arrived(name: str) -> PersonAtCounter:
        context = chromium.new_context(
            viewport={"width": 390, "height": 844},
            locale="ja-JP",
            extra_http_headers={"X-Forwarded-For": f"192.0.2.{next(ADDRESSES)}"},
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        person = PersonAtCounter(counter.system, context, name)
        person.counter = counter
        return person

    yield arrived
    for context in contexts:
        context.close()
