"""Our own PC/SC transport: it reads, it leaves nothing open, and each failure is its own sentence (card.md 12.2)."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from nfc.pins import Pin, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import CardReading, Procedure, preview, read_whole
from nfc.transports import Transport, run
from nfc.transports.guard import Guarded
from nfc.transports.pcsc import FAILURES, PcscFailure, PcscProblem, PcscReader, PcscTransport, reader_names
from tests.interop.conftest import CANARY, PEOPLE, OpenCard
from tests.interop.private_readers import READER_NAMES, Diary, PrivateReaders, until

pytestmark = pytest.mark.interop

PERSON = PEOPLE[CANARY]
SELECT_TEXT = bytes.fromhex("00A4040C0AD3921000310001010408")


@pytest.fixture
def card(readers: PrivateReaders, open_card: OpenCard) -> Iterator[Diary]:
    diary = Diary(open_card())
    with readers.lay(diary):
        yield diary


def whole(*, text: str | None = None, extended: bool = False) -> Procedure[CardReading]:
    assert PERSON.pins.text is not None
    assert PERSON.pins.auth is not None
    pins = Pin(PinKind.TEXT, text or PERSON.pins.text), Pin(PinKind.AUTH, PERSON.pins.auth)
    return read_whole(*pins, b"message", extended=extended)


def can_be_opened() -> bool:
    transport = PcscReader().transport()
    with contextlib.suppress(PcscProblem):
        transport.open()
        transport.close()
        return True
    return False


def failure_of(transport: Transport) -> PcscFailure:
    with pytest.raises(PcscProblem) as problem:
        transport.open()
    return problem.value.failure


@pytest.mark.parametrize("extended", [False, True], ids=["short", "extended"])
def test_the_whole_application_is_read_over_pcsc(card: Diary, extended: bool) -> None:
    reader = PcscReader()
    assert reader.card_present()
    look = run(preview(), Guarded(reader.transport()))
    before = len(card.commands)
    reading = run(whole(extended=extended), Guarded(reader.transport()))
    assert (reading.four_information.name, reading.four_information.address) == (PERSON.name, PERSON.address)
    assert reading.certificate == look.certificate
    assert len(card.commands) - before <= (9 if extended else 14)


def test_the_card_is_unpowered_after_success_and_after_failure(card: Diary) -> None:
    for procedure in (whole(), whole(text="0000")):
        with contextlib.suppress(CardProblem):
            run(procedure, PcscReader().transport())
        until(lambda: card.entries[-1] == "off", "the card is without power")


def test_nobody_else_gets_at_the_card_meanwhile(card: Diary) -> None:
    first = PcscReader().transport()
    first.open()
    assert failure_of(PcscReader().transport()) is PcscFailure.CARD_BUSY
    first.close()
    run(preview(), PcscReader().transport())


def test_a_card_in_another_programs_hands_is_busy(readers: PrivateReaders, card: Diary) -> None:
    code = (
        "from nfc.transports.pcsc import PcscReader\n"
        "transport = PcscReader().transport()\n"
        "transport.open()\n"
        "print('open', flush=True)\n"
        "input()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **readers.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"
    assert PcscReader().card_present()
    assert failure_of(PcscReader().transport()) is PcscFailure.CARD_BUSY
    other.communicate("\n", timeout=10)
    until(can_be_opened, "pcscd has noticed that the other program is gone")


def test_an_empty_reader_holds_no_card(readers: PrivateReaders) -> None:
    assert reader_names() == list(READER_NAMES)
    assert not PcscReader().card_present()
    assert failure_of(PcscReader().transport()) is PcscFailure.NO_CARD


def test_the_reader_that_holds_a_card_is_found_among_several(readers: PrivateReaders, open_card: OpenCard) -> None:
    with readers.lay(open_card(), reader=1):
        assert PcscReader().card_present()
        assert not PcscReader(READER_NAMES[0]).card_present()
        assert run(whole(), PcscReader().transport()).four_information.name == PERSON.name


def test_a_name_that_no_reader_has_is_told_apart_from_no_reader(readers: PrivateReaders) -> None:
    with pytest.raises(PcscProblem) as problem:
        PcscReader("Another").card_present()
    assert problem.value.failure is PcscFailure.NAMED_READER_MISSING
    assert problem.value.outcome is Outcome.NO_READER


@pytest.mark.parametrize("index", range(14))
def test_a_card_taken_away_at_any_command_ends_typed_and_costs_no_try_by_itself(
    readers: PrivateReaders, open_card: OpenCard, index: int
) -> None:
    with readers.lay(open_card()) as stay:

        class Leaving(PcscTransport):
            left = index

            def transmit(self, apdu: bytes) -> bytes:
                if self.left == 0:
                    stay.remove()
                self.left -= 1
                return super().transmit(apdu)

        with pytest.raises(CardProblem) as problem:
            run(whole(), Guarded(Leaving()))
    kind = {2: PinKind.TEXT, 12: PinKind.AUTH}.get(index)
    # pcscd notices within 0.4 s that the card is gone; until then it only knows that nothing came back.
    expected = {Outcome.UNKNOWN_OUTCOME} if kind else {Outcome.CARD_REMOVED, Outcome.COMM_ERROR}
    assert problem.value.outcome in expected
    assert problem.value.pin_kind is kind


def test_after_a_loss_the_next_card_is_read_as_if_nothing_had_been(
    readers: PrivateReaders, open_card: OpenCard
) -> None:
    reader = PcscReader()
    transport = reader.transport()
    with readers.lay(open_card()) as stay:
        transport.open()
        transport.transmit(SELECT_TEXT)
        stay.remove()
        with pytest.raises(PcscProblem):
            transport.transmit(SELECT_TEXT)
    with readers.lay(open_card()):
        run(preview(), transport)


def test_a_stopped_service_is_told_and_a_restarted_one_simply_works(
    readers: PrivateReaders, open_card: OpenCard, caplog: pytest.LogCaptureFixture
) -> None:
    reader = PcscReader()
    readers.stop()
    try:
        with caplog.at_level(logging.WARNING, "nfc.agent"):
            for _ in range(3):
                with pytest.raises(PcscProblem) as problem:
                    reader.card_present()
        assert problem.value.failure is PcscFailure.SERVICE_STOPPED
        assert [record.message for record in caplog.records] == [PcscFailure.SERVICE_STOPPED.sentence]
    finally:
        readers.start()
    until(lambda: reader_names() == list(READER_NAMES), "both readers are there again")
    with readers.lay(open_card()):
        assert run(whole(), reader.transport()).four_information.name == PERSON.name


def test_a_service_that_ends_in_the_middle_is_told(readers: PrivateReaders, open_card: OpenCard) -> None:
    transport = PcscReader().transport()
    try:
        with readers.lay(open_card()):
            transport.open()
            transport.transmit(SELECT_TEXT)
            readers.stop()
            with pytest.raises(PcscProblem) as problem:
                transport.transmit(SELECT_TEXT)
        assert problem.value.failure is PcscFailure.SERVICE_STOPPED
    finally:
        readers.start()


def test_other_threads_read_while_one_waits(readers: PrivateReaders, open_card: OpenCard) -> None:
    """The agent's loop and its keypad page live in one process."""
    seen: list[bool] = []
    with readers.lay(open_card()):
        threads = [threading.Thread(target=lambda: seen.append(PcscReader().card_present())) for _ in range(8)]
        for thread in threads:
            thread.start()
        run(preview(), PcscReader().transport())
        for thread in threads:
            thread.join(10)
    assert seen == [True] * 8


def _outcome_without(readers: PrivateReaders, code: str) -> str:
    program = code + (
        "from nfc.transports.pcsc import PcscProblem, PcscReader\n"
        "try:\n    PcscReader().card_present()\n"
        "except PcscProblem as problem:\n    print(problem.failure.name, problem.outcome)\n"
    )
    return readers.run(sys.executable, "-c", program).stdout.strip()


def test_a_missing_library_and_a_missing_driver_are_told_apart(readers: PrivateReaders) -> None:
    no_library = "import nfc.transports.pcsc as m\nm._LINUX_LIBRARY = 'libpcsclite-that-is-not-there.so.1'\n"
    no_driver = "import sys\nsys.modules['smartcard'] = None\n"
    assert _outcome_without(readers, no_library) == "LIBRARY_MISSING no_service"
    assert _outcome_without(readers, no_driver) == "DRIVER_MISSING no_service"


def test_every_failure_has_its_own_sentence() -> None:
    sentences = [failure.sentence for failure in PcscFailure]
    assert len(set(sentences)) == len(sentences)
    assert set(FAILURES.values()) <= set(PcscFailure)
