"""The reader and the simulated card, two independent readings of card.md, meet: in one process and over the wire."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from card_sim.card import SimulatedCard
from card_sim.issuer import TestIssuer
from card_sim.people import Persona, load_people
from card_sim.profile import Behaviour
from card_sim.vpcd import VirtualCardConnection
from card_sim.wallet import Wallet
from nfc.pins import Pin, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import CardReading, Procedure, preview, read_whole, recount
from nfc.transports import Transport, run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from nfc.transports.trace import Traced
from nfc.transports.virtual import VirtualReader
from nfc.trust import check_issuer, load_anchors, load_cv_keys, verify_authentication

NOW = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
PEOPLE = load_people()
MESSAGE = b"todoke-card-session-v1\x00" + bytes(64)

CANARY, LONG_ADDRESS, LONGEST_ADDRESS, TEXT_BLOCKED, AUTH_BLOCKED, FACE_AUTHENTICATION = (
    "TP-CANARY",
    "TP-20",
    "TP-20B",
    "TP-24",
    "TP-18",
    "TP-23",
)
FORBIDDEN_NUMBER = b"999999999999"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> TestIssuer:
    return TestIssuer.open(tmp_path_factory.mktemp("simulator"), NOW)


@pytest.fixture(scope="module")
def wallet(tmp_path_factory: pytest.TempPathFactory, issuer: TestIssuer) -> Wallet:
    return Wallet(tmp_path_factory.mktemp("wallet"), issuer)


@pytest.fixture(autouse=True)
def full_counters(wallet: Wallet) -> None:
    for person_id in (CANARY, LONG_ADDRESS, LONGEST_ADDRESS):
        wallet.reset(person_id)


def pins_of(persona: Persona) -> tuple[Pin, Pin]:
    assert persona.pins.text is not None
    assert persona.pins.auth is not None
    return Pin(PinKind.TEXT, persona.pins.text), Pin(PinKind.AUTH, persona.pins.auth)


def whole(person_id: str, *, extended: bool = False) -> Procedure[CardReading]:
    return read_whole(*pins_of(PEOPLE[person_id]), MESSAGE, issuer_check=lambda *_: "malformed", extended=extended)


class Recording:
    """Keeps every exchange with a TEST card, to count and search them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.exchanges: list[tuple[bytes, bytes]] = []

    def open(self) -> None:
        self._transport.open()

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._transport.transmit(apdu)
        self.exchanges.append((apdu, answer))
        return answer

    def close(self) -> None:
        self._transport.close()


def problem_of(procedure: Procedure[object], transport: Transport) -> CardProblem:
    with pytest.raises(CardProblem) as caught:
        run(procedure, transport)
    return caught.value


@pytest.mark.parametrize("person_id", [CANARY, LONG_ADDRESS, LONGEST_ADDRESS])
def test_the_four_items_come_back_byte_for_byte(wallet: Wallet, person_id: str) -> None:
    persona = PEOPLE[person_id]
    four = run(whole(person_id), Guarded(InProcess(wallet.open_card(person_id, NOW)))).four_information
    assert (four.name, four.address) == (persona.name, persona.address)
    assert (four.birth_date, four.sex) == (persona.birth_date.strftime("%Y%m%d"), persona.sex)


def test_what_was_read_passes_every_check_of_a_relying_service(
    issuer: TestIssuer, wallet: Wallet, tmp_path: Path
) -> None:
    issuer.write_public(tmp_path)
    keys = load_cv_keys(tmp_path / "cv_keys.json", "test")
    procedure = read_whole(
        *pins_of(PEOPLE[CANARY]),
        MESSAGE,
        issuer_check=lambda ef0002, ef0003, ef0004: check_issuer(ef0002, ef0003, ef0004, keys, "test"),
    )
    reading = run(procedure, Guarded(InProcess(wallet.open_card(CANARY, NOW))))
    verdict = verify_authentication(
        certificate_der=reading.certificate,
        message=MESSAGE,
        signature=reading.signature,
        anchors=load_anchors(tmp_path, "test"),
        crls=[issuer.crl(1, NOW), issuer.crl(2, NOW)],
        at=NOW,
    )
    assert reading.issuer_check == "genuine"
    assert (verdict.result, verdict.revocation) == ("ok", "good")


def test_the_round_trips_keep_the_budget_with_a_real_certificate(wallet: Wallet) -> None:
    for extended, allowed in ((False, 14), (True, 9)):
        recording = Recording(InProcess(wallet.open_card(CANARY, NOW)))
        run(read_whole(*pins_of(PEOPLE[CANARY]), MESSAGE, extended=extended), Guarded(recording))
        assert len(recording.exchanges) <= allowed


def test_nothing_that_crosses_the_line_holds_the_number_and_no_trace_line_holds_a_pin(wallet: Wallet) -> None:
    lines: list[str] = []
    recording = Recording(InProcess(wallet.open_card(CANARY, NOW)))
    for procedure in (preview(), whole(CANARY, extended=False), whole(CANARY, extended=True)):
        run(procedure, Guarded(Traced(recording, lines.append)))
    carried = b"".join(apdu + answer for apdu, answer in recording.exchanges)
    assert PEOPLE[CANARY].name.encode() in carried, "the search looks at the right bytes"
    assert FORBIDDEN_NUMBER not in carried
    text = "".join(lines).replace(" ", "")
    assert not any(secret in text for secret in ("2580", "1470", b"2580".hex(), b"1470".hex()))


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(clear_on_select=False),
        Behaviour(clear_on_reset=True),
        Behaviour(extended_length=False),
        Behaviour(first_command_6f00=True),
        Behaviour(blocked_word=0x6983),
    ],
    ids=["faithful", "keeps on select", "clears on reset", "short only", "6F00 first", "6983"],
)
@pytest.mark.parametrize("extended", [False, True], ids=["short", "extended"])
def test_every_kind_of_card_is_read(wallet: Wallet, behaviour: Behaviour, extended: bool) -> None:
    card = wallet.open_card(CANARY, NOW, behaviour=behaviour)
    look = run(preview(extended=extended), Guarded(InProcess(card)))
    reading = run(whole(CANARY, extended=extended), Guarded(InProcess(card)))
    assert (look.text_tries, look.auth_tries) == (3, 3)
    assert reading.certificate == look.certificate


@pytest.mark.parametrize("blocked_word", [0x6984, 0x6983])
def test_wrong_pins_count_down_stop_before_the_last_and_end_blocked(wallet: Wallet, blocked_word: int) -> None:
    card = wallet.open_card(CANARY, NOW, behaviour=Behaviour(blocked_word=blocked_word))
    wrong = Pin(PinKind.AUTH, "0000")
    text, right = pins_of(PEOPLE[CANARY])

    def attempt(pin: Pin, *, last: bool = False) -> tuple[Outcome, int | None]:
        procedure = read_whole(text, pin, MESSAGE, allow_last_try={PinKind.AUTH} if last else False)
        problem = problem_of(procedure, Guarded(InProcess(card)))
        return problem.outcome, problem.tries_left

    assert attempt(wrong) == (Outcome.WRONG_PIN, 2)
    assert attempt(wrong) == (Outcome.WRONG_PIN, 1)
    assert attempt(wrong) == (Outcome.LAST_TRY, 1)
    assert wallet.tries_left(CANARY).auth == 1
    assert attempt(wrong, last=True) == (Outcome.BLOCKED, 0)
    assert attempt(right, last=True) == (Outcome.BLOCKED, 0)
    assert wallet.tries_left(CANARY).text == 3


def test_the_right_pin_on_the_last_try_fills_the_counter_again(wallet: Wallet) -> None:
    card = wallet.open_card(CANARY, NOW)
    text, right = pins_of(PEOPLE[CANARY])
    for _ in range(2):
        problem_of(read_whole(text, Pin(PinKind.AUTH, "0000"), MESSAGE), InProcess(card))
    run(read_whole(text, right, MESSAGE, allow_last_try=True), InProcess(card))
    assert wallet.tries_left(CANARY).auth == 3


def test_blocked_pins_show_in_the_preview(wallet: Wallet) -> None:
    assert run(preview(), InProcess(wallet.open_card(TEXT_BLOCKED, NOW))).text_tries == 0
    assert run(preview(), InProcess(wallet.open_card(AUTH_BLOCKED, NOW))).auth_tries == 0


def test_a_face_authentication_card_is_told_apart_before_any_pin(wallet: Wallet) -> None:
    problem = problem_of(preview(), InProcess(wallet.open_card(FACE_AUTHENTICATION, NOW)))
    assert (problem.outcome, problem.pin_kind) == (Outcome.CARD_UNUSABLE, PinKind.TEXT)


# Over the wire.

WAIT = 5.0


@pytest.fixture
def reader() -> Iterator[VirtualReader]:
    running = VirtualReader("127.0.0.1", 0)
    running.start()
    yield running
    running.stop()


class LeavingCard:
    """Takes the card off the reader when the n-th command has reached it, before the answer gets back."""

    def __init__(self, transport: Transport, connection: VirtualCardConnection, at: int) -> None:
        self._transport, self._connection, self._left = transport, connection, at

    def open(self) -> None:
        self._transport.open()

    def transmit(self, apdu: bytes) -> bytes:
        if self._left == 0:
            self._connection.remove()
        self._left -= 1
        return self._transport.transmit(apdu)

    def close(self) -> None:
        self._transport.close()


def lay(reader: VirtualReader, card: SimulatedCard) -> VirtualCardConnection:
    connection = VirtualCardConnection(card, *reader.address)
    connection.insert()
    # The reader takes the connection in a thread of its own; a refused session tells that it has not yet.
    for _ in range(200):
        if reader.card_present():
            return connection
        connection.wait_until_removed(0.01)
    raise AssertionError("the reader did not notice the card")


def test_a_card_laid_on_the_virtual_reader_is_read_and_taken_away(wallet: Wallet, reader: VirtualReader) -> None:
    connection = lay(reader, wallet.open_card(CANARY, NOW))
    look = run(preview(), Guarded(reader.transport()))
    reading = run(whole(CANARY), Guarded(reader.transport()))
    assert reading.certificate == look.certificate
    assert reading.four_information.name == PEOPLE[CANARY].name
    connection.remove()
    assert problem_of(preview(), reader.transport()).outcome is Outcome.NO_CARD
    assert not reader.card_present()


def test_a_second_card_is_refused(wallet: Wallet, reader: VirtualReader) -> None:
    lay(reader, wallet.open_card(CANARY, NOW))
    second = VirtualCardConnection(wallet.open_card(LONG_ADDRESS, NOW), *reader.address)
    second.insert()
    assert second.wait_until_removed(WAIT)
    assert run(whole(CANARY), Guarded(reader.transport())).four_information.name == PEOPLE[CANARY].name


@pytest.mark.parametrize("index", range(19))
def test_removal_at_every_command_is_typed_and_costs_no_try(wallet: Wallet, reader: VirtualReader, index: int) -> None:
    connection = lay(reader, wallet.open_card(CANARY, NOW))
    transport = LeavingCard(reader.transport(), connection, index)
    problem = problem_of(whole(CANARY), Guarded(transport))
    at_verify = {2: PinKind.TEXT, 17: PinKind.AUTH}.get(index)
    expected = Outcome.CARD_REMOVED if at_verify is None else Outcome.UNKNOWN_OUTCOME
    assert (problem.outcome, problem.pin_kind, problem.tries_left) == (expected, at_verify, None)
    assert run(recount(PinKind.AUTH), InProcess(wallet.open_card(CANARY, NOW))) == 3
    assert wallet.tries_left(CANARY).text == 3
