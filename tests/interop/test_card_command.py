"""`todoke card insert`, `remove` and `list`, as a tester types them (issue: the virtual reader)."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from card_sim.wallet import Wallet
from nfc.problems import CardProblem, Outcome
from nfc.procedures import preview
from nfc.transports import run
from nfc.transports.pcsc import PcscReader
from tests.interop.private_readers import READER_NAMES, ROOT, PrivateReaders, until

pytestmark = pytest.mark.interop


class Tester:
    """Types commands."""

    __test__ = False

    def __init__(self, readers: PrivateReaders, state_dir: Path) -> None:
        self._readers = readers
        self._state_dir = state_dir

    def card(self, *arguments: str) -> CompletedProcess[str]:
        state = {"TODOKE_STATE_DIR": str(self._state_dir)}
        return self._readers.run(sys.executable, "-m", "app.cli", "card", *arguments, cwd=ROOT, env=state)

    def list(self) -> dict[str, dict[str, object] | None]:
        found: dict[str, dict[str, object] | None] = json.loads(self.card("list", "--json").stdout)
        return found


@pytest.fixture
def tester(readers: PrivateReaders, state_dir: Path) -> Iterator[Tester]:
    typing = Tester(readers, state_dir)
    yield typing
    for reader, lying in typing.list().items():
        if lying is not None:
            typing.card("remove", "--reader", reader)
    until(lambda: not any(readers.holds_card(reader) for reader in (0, 1)), "both readers are empty")


def holder(lying: dict[str, object] | None) -> object:
    return lying["person"] if lying else None


def test_a_card_is_laid_seen_and_taken_away(readers: PrivateReaders, tester: Tester) -> None:
    done = tester.card("insert", "TP-02")
    assert (done.returncode, done.stdout) == (0, "TP-02's card lies on reader 0\n"), done.stderr
    until(readers.holds_card, "PC/SC programs see the card")
    assert readers.run("opensc-tool", "-n").stdout.strip() == "jpki"
    assert tester.card("list").stdout == "reader 0: TP-02\nreader 1: empty\n"
    assert tester.card("remove").returncode == 0
    assert not readers.holds_card()
    assert tester.card("list").stdout == "reader 0: empty\nreader 1: empty\n"


@pytest.mark.full
def test_a_second_card_takes_the_place_of_the_first(readers: PrivateReaders, tester: Tester) -> None:
    tester.card("insert", "TP-02")
    assert tester.card("insert", "TP-03").returncode == 0
    assert {key: holder(value) for key, value in tester.list().items()} == {"0": "TP-03", "1": None}
    until(readers.holds_card, "the second card is powered")


def test_two_readers_hold_two_cards(readers: PrivateReaders, tester: Tester) -> None:
    tester.card("insert", "TP-02")
    tester.card("insert", "TP-18", "--reader", "1")
    assert {key: holder(value) for key, value in tester.list().items()} == {"0": "TP-02", "1": "TP-18"}
    until(lambda: readers.holds_card(0) and readers.holds_card(1), "both cards")
    assert run(preview(), PcscReader(READER_NAMES[1]).transport()).auth_tries == 0


def test_faults_are_named_and_given(readers: PrivateReaders, tester: Tester) -> None:
    names = tester.card("faults").stdout
    assert "blocked_text" in names
    assert "contact_lost:5" in names
    assert tester.card("insert", "TP-02", "--fault", "blocked_text", "--fault", "contact_lost:3").returncode == 0
    assert tester.card("list").stdout.startswith("reader 0: TP-02 (blocked_text, contact_lost:3)\n")
    until(readers.holds_card, "the card")
    with pytest.raises(CardProblem) as problem:
        run(preview(), PcscReader().transport())
    assert problem.value.outcome in (Outcome.CARD_REMOVED, Outcome.COMM_ERROR)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("TP-99",), "there is no test person TP-99"),
        pytest.param(("TP-02", "--fault", "no_such"), "todoke card faults", marks=pytest.mark.full),
        pytest.param(("TP-02", "--at", "tomorrow"), "2026-11-20T10:00:00+09:00", marks=pytest.mark.full),
        pytest.param(("TP-02", "--door", "nowhere/door"), "sh tools/private_pcscd.sh", marks=pytest.mark.full),
    ],
)
def test_a_mistake_is_told_in_one_sentence_and_what_lies_there_stays(
    tester: Tester, arguments: tuple[str, ...], complaint: str
) -> None:
    tester.card("insert", "TP-03")
    refused = tester.card("insert", *arguments)
    assert refused.returncode == 1
    assert complaint in refused.stderr
    assert "Traceback" not in refused.stderr
    assert holder(tester.list()["0"]) == "TP-03"


def test_taking_from_an_empty_reader_is_told(tester: Tester) -> None:
    refused = tester.card("remove")
    assert (refused.returncode, refused.stderr) == (1, "Error: no card lies on reader 0\n")


@pytest.mark.full
def test_a_card_of_another_installation_is_in_the_way(readers: PrivateReaders, tester: Tester, tmp_path: Path) -> None:
    tester.card("insert", "TP-02")
    refused = Tester(readers, tmp_path).card("insert", "TP-03")
    assert refused.returncode == 1
    assert "another card lies on reader 0" in refused.stderr


@pytest.mark.full
def test_a_killed_holder_leaves_no_trace(readers: PrivateReaders, tester: Tester) -> None:
    tester.card("insert", "TP-02")
    lying = tester.list()["0"]
    assert lying is not None
    os.kill(int(str(lying["pid"])), signal.SIGKILL)
    until(lambda: tester.list()["0"] is None, "the record is free")
    until(lambda: not readers.holds_card(), "the card is gone")


@pytest.mark.full
def test_the_card_goes_when_the_readers_go(readers: PrivateReaders, tester: Tester) -> None:
    tester.card("insert", "TP-02")
    readers.stop()
    try:
        until(lambda: tester.list()["0"] is None, "the holder has ended")
    finally:
        readers.start()


def test_counters_are_those_of_the_desk_and_the_journey(
    readers: PrivateReaders, tester: Tester, wallet: Wallet
) -> None:
    tester.card("insert", "TP-02")
    until(readers.holds_card, "the card")
    command = ("pkcs11-tool", "--slot-index", "0", "--login", "--pin", "0000", "-O")
    readers.run(*command)
    assert wallet.tries_left("TP-02").auth == 2


@pytest.mark.full
def test_the_command_returns_when_the_reader_has_asked_for_the_card(readers: PrivateReaders, tester: Tester) -> None:
    tester.card("insert", "TP-02")
    began = time.monotonic()
    until(readers.holds_card, "the card")
    assert time.monotonic() - began < 1
