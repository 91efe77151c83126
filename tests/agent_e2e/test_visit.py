"""Agent, PC/SC reader, service and browser together, without a fault and with each: the right message and tries left.

The session is opened in the browser, the PINs are typed on the agent's page, and the browser goes on by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from card_sim.issuer import TestIssuer
from card_sim.people import load_people
from card_sim.wallet import Wallet
from nfc.agent.reading import IssuerKeys, look_at_card, read_card
from nfc.agent.visit import EnteredPins
from nfc.pins import Pin, PinKind
from nfc.transports.in_process import InProcess
from tests.agent_e2e.at_counter import Window
from tests.agent_e2e.conftest import Arrive
from tests.agent_e2e.counter import Counter, PersonAtCounter
from tests.conftest import FIXTURE_TIME as NOW

pytestmark = [pytest.mark.system, pytest.mark.browser, pytest.mark.interop]
full = pytest.mark.full

PERSON = "TP-02"
OTHER_PERSON = "TP-29"
PINS = load_people()[PERSON].pins
TEXT, AUTH = PINS.text or "", PINS.auth or ""
WRONG = "0000"

LAY_IT = re.compile("カードを置いてください")
DONE = "読み取りが終わりました"
QUALIFIES = "条件に合うことを確認できました"


@dataclass
class Cards:
    """The counters of the test people's cards, as desk, journey and virtual reader share them."""

    wallet: Wallet

    def tries(self) -> tuple[int | None, int | None]:
        left = self.wallet.tries_left(PERSON)
        return left.text, left.auth

    def use_up(self, kind: PinKind, times: int) -> None:
        """Wrong PINs, shown elsewhere."""
        card = self.wallet.open_card(PERSON, NOW)
        card.power_on()
        aid, sfi = ("D3921000310001010408", "91") if kind is PinKind.TEXT else ("D392F000260100000001", "98")
        card.transmit(bytes.fromhex("00A4040C0A" + aid))
        for _ in range(times):
            card.transmit(bytes.fromhex(f"002000{sfi}04") + WRONG.encode())


@pytest.fixture
def cards(counter: Counter) -> Iterator[Cards]:
    state = counter.system.state
    wallet = Wallet(state, TestIssuer.open(state, NOW))
    wallet.reset(PERSON)
    yield Cards(wallet)
    wallet.reset(PERSON)


@pytest.fixture
def person(arrive: Arrive, cards: Cards) -> Iterator[PersonAtCounter]:
    """Somebody whose page waits for a card. Whatever is still waiting at the end is cancelled."""
    waiting = arrive("agent")
    waiting.begin()
    yield waiting
    keypad = waiting.keypad()
    cancel = keypad.get_by_role("button", name="中止する")
    if cancel.count():
        cancel.click()


def goes_on(person: PersonAtCounter) -> None:
    """The browser leaves the waiting page by itself, with the evidence accepted."""
    person.heading(QUALIFIES)
    person.page.get_by_role("button", name="次へ進む").click()
    person.heading("3つの決まりを読んで、同意してください")


def is_told(person: PersonAtCounter, code: str) -> None:
    """The browser leaves the waiting page by itself, and says why it ended."""
    expect(person.page.locator("main")).to_contain_text(code, timeout=20_000)


def test_a_card_on_a_pcsc_reader_is_read_and_the_browser_goes_on(
    person: PersonAtCounter, counter: Counter, cards: Cards
) -> None:
    keypad = person.keypad()
    person.heading(LAY_IT, keypad)
    counter.insert(PERSON)
    person.enter(keypad, TEXT, AUTH)
    person.heading(DONE, keypad)
    person.look("終わり", keypad)
    goes_on(person)
    assert cards.tries() == (3, 3)


@pytest.mark.parametrize(
    ("text", "auth", "left"),
    [(WRONG, AUTH, (2, 3)), pytest.param(TEXT, WRONG, (3, 2), marks=full)],
    ids=["text PIN", "authentication PIN"],
)
def test_a_wrong_pin_costs_one_try_and_says_so_on_both_pages(
    person: PersonAtCounter, counter: Counter, cards: Cards, text: str, auth: str, left: tuple[int, int]
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON)
    person.enter(keypad, text, auth)
    person.heading("暗証番号が違います", keypad)
    expect(keypad.locator("main")).to_contain_text("あと2回")
    is_told(person, "E101")
    expect(person.page.locator("main")).to_contain_text("あと2回")
    assert cards.tries() == left


@full
def test_the_last_try_is_used_only_when_the_person_wants_it(
    person: PersonAtCounter, counter: Counter, cards: Cards
) -> None:
    cards.use_up(PinKind.TEXT, 2)
    keypad = person.keypad()
    counter.insert(PERSON)
    person.enter(keypad, WRONG, AUTH)
    assert cards.tries() == (1, 3)
    person.enter(keypad, WRONG, AUTH, last_try=True)
    person.heading("暗証番号がロックされています", keypad)
    is_told(person, "E103")
    assert cards.tries() == (0, 3)


@pytest.mark.full
@pytest.mark.parametrize(
    ("fault", "heading", "code"),
    [
        ("blocked_text", "暗証番号がロックされています", "E103"),
        pytest.param("blocked_auth", "暗証番号がロックされています", "E102", marks=full),
        pytest.param("face_authentication", re.compile("顔認証カード"), "E110", marks=full),
        ("driving_licence", "マイナンバーカードとして読み取れませんでした", "E116"),
        pytest.param("transport_card", "マイナンバーカードとして読み取れませんでした", "E116", marks=full),
        pytest.param("android", "スマートフォンの電子証明書は使えません", "E109", marks=full),
        pytest.param("no_certificate", "利用者証明用電子証明書が入っていません", "E105", marks=full),
        pytest.param("garbled:4", "カードのICチップを読み取れませんでした", "E111", marks=full),
        pytest.param("garbled:8", "カードのICチップを読み取れませんでした", "E111", marks=full),
    ],
)
def test_what_shows_without_a_pin_is_told_before_any_pin_is_asked_for(
    person: PersonAtCounter, counter: Counter, cards: Cards, fault: str, heading: str | re.Pattern[str], code: str
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, fault)
    person.heading(heading, keypad)
    is_told(person, code)
    assert cards.tries() == (3, 3)


@pytest.mark.full
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("revoked", "E106"),
        pytest.param("expired", "E105", marks=full),
        pytest.param("not_yet_valid", "E107", marks=full),
        pytest.param("unknown_issuer", "E116", marks=full),
        pytest.param("changed_name", "E116", marks=full),
        pytest.param("foreign_record", "E116", marks=full),
        pytest.param("wrong_liveness_key", "E116", marks=full),
        pytest.param("leaf_forged_root", "E116", marks=full),
        pytest.param("leaf_signature_certificate", "E116", marks=full),
    ],
)
def test_a_certificate_or_record_that_does_not_hold_is_refused_by_the_service(
    person: PersonAtCounter, counter: Counter, cards: Cards, fault: str, code: str
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, fault)
    person.enter(keypad, TEXT, AUTH)
    person.heading(DONE, keypad)
    is_told(person, code)
    assert cards.tries() == (3, 3)


@full
@pytest.mark.parametrize("fault", ["slow:60", "first_6f00", "renewed", "wrong_length:4", "short_only", "contact"])
def test_what_is_only_unusual_is_read_all_the_same(
    person: PersonAtCounter, counter: Counter, cards: Cards, fault: str
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, fault)
    person.enter(keypad, TEXT, AUTH)
    person.heading(DONE, keypad)
    goes_on(person)
    assert cards.tries() == (3, 3)


@pytest.mark.full
@pytest.mark.parametrize("fault", ["contact_lost:5", pytest.param("two_cards", marks=full)])
def test_a_card_that_could_not_be_looked_at_is_laid_again_and_read(
    person: PersonAtCounter, counter: Counter, cards: Cards, fault: str
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, fault)
    person.heading(LAY_IT, keypad)
    counter.insert(PERSON)
    person.enter(keypad, TEXT, AUTH)
    person.heading(DONE, keypad)
    goes_on(person)
    assert cards.tries() == (3, 3)


@full
def test_another_card_in_place_of_the_first_is_asked_for_its_own_pins(
    person: PersonAtCounter, counter: Counter, cards: Cards
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, "swapped")
    person.enter(keypad, TEXT, AUTH)
    expect(keypad.locator("main")).to_contain_text("カード")
    person.heading("暗証番号を入力してください", keypad)
    assert cards.tries() == (3, 3)


@pytest.mark.full
@pytest.mark.parametrize(
    ("pin", "left"), [(WRONG, (3, 2)), pytest.param(AUTH, (3, 3), marks=full)], ids=["wrong PIN", "right PIN"]
)
def test_a_card_lost_while_it_judged_a_pin_leaves_the_try_in_doubt_and_says_so(
    person: PersonAtCounter, counter: Counter, cards: Cards, pin: str, left: tuple[int, int]
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, "lost_after_verify")
    person.enter(keypad, TEXT, pin)
    person.heading("カードが途中で離れました", keypad)
    expect(keypad.locator("main")).to_contain_text("1回まちがえた数に入っていることがあります")
    is_told(person, "E108")
    assert cards.tries() == left


@full
def test_a_card_lost_before_the_pin_reached_it_costs_no_try(
    person: PersonAtCounter, counter: Counter, cards: Cards
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, f"contact_lost:{commands_before_verify(cards) + 1}")
    person.enter(keypad, TEXT, WRONG)
    person.heading("カードが途中で離れました", keypad)
    is_told(person, "E108")
    assert cards.tries() == (3, 3)


@full
def test_a_card_lost_while_it_is_read_is_told(person: PersonAtCounter, counter: Counter, cards: Cards) -> None:
    keypad = person.keypad()
    counter.insert(PERSON, f"contact_lost:{commands_before_verify(cards) + 3}")
    person.enter(keypad, TEXT, AUTH)
    person.heading("カードを読み取れませんでした", keypad)
    is_told(person, "E108")
    assert cards.tries() == (3, 3)


@full
def test_a_stopped_pcsc_service_ends_the_visit_with_a_sentence_and_the_next_one_works(
    person: PersonAtCounter, counter: Counter, cards: Cards, arrive: Arrive
) -> None:
    keypad = person.keypad()
    person.heading(LAY_IT, keypad)
    counter.readers.stop()
    try:
        person.heading("カードリーダーを使えませんでした", keypad)
        assert "the PC/SC service does not answer" in counter.said()
    finally:
        counter.readers.start()
    again = arrive("agent-again")
    again.begin()
    counter.insert(PERSON)
    again.enter(keypad, TEXT, AUTH)
    goes_on(again)


@full
def test_leaving_in_the_browser_ends_the_visit_at_the_agent(
    person: PersonAtCounter, counter: Counter, cards: Cards
) -> None:
    keypad = person.keypad()
    counter.insert(PERSON)
    person.heading("暗証番号を入力してください", keypad)
    person.page.get_by_role("button", name=re.compile("中止|やめる")).first.click()
    person.heading("この読み取りは終わっています", keypad)
    assert cards.tries() == (3, 3)


@pytest.fixture
def window(counter: Counter, cards: Cards) -> Iterator[Window]:
    made = Window(counter)
    yield made
    counter.remove()
    made.close()


@full
def test_counter_mode_with_a_pcsc_reader_two_taps_and_every_way_to_lose_the_card(
    window: Window, counter: Counter
) -> None:
    """K3 to K8, BR-51, E801, E802: one reader, one terminal, one visit after the other."""
    window.call()
    window.first_tap(PERSON, TEXT, AUTH)
    window.to_second_tap("7171717171717")
    counter.remove()
    counter.insert(PERSON)
    window.until("done")
    assert "…1717" in window.desk_says()
    window.finish()

    window.call()
    window.until("remove")
    counter.remove()
    other = load_people()[OTHER_PERSON].pins
    window.first_tap(OTHER_PERSON, other.text or "", other.auth or "")
    window.to_second_tap("7272727272727")
    counter.remove()
    counter.insert(PERSON)
    window.until("ended")
    assert "E801" in window.page()
    assert "責任者を呼んでください(E801)" in window.desk_says()
    counter.remove()

    window.call()
    window.first_tap(OTHER_PERSON, other.text or "", other.auth or "")
    counter.remove()
    window.until("ended")
    assert "E802" in window.page()


def test_no_pin_and_nothing_personal_is_in_the_agents_log(counter: Counter) -> None:
    """Runs last: the log of all visits before."""
    said = counter.said()
    assert said.count("card session") > 1
    persona = load_people()[PERSON]
    for secret in (persona.name, persona.address, f"{persona.birth_date:%Y%m%d}", "00200091", "D392"):
        assert secret not in said


class _Counted:
    """An in-process card that counts its commands up to the first VERIFY with a PIN."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self.before_verify: int | None = None
        self._count = 0

    def card_present(self) -> bool:
        return True

    def transport(self) -> InProcess:
        counted = self
        card = self._cards.wallet.open_card(PERSON, NOW)

        class Counting(InProcess):
            def transmit(self, apdu: bytes) -> bytes:
                if counted.before_verify is None and apdu[1] == 0x20 and len(apdu) > 5:
                    counted.before_verify = counted._count
                counted._count += 1
                return super().transmit(apdu)

        return Counting(card)


def commands_before_verify(cards: Cards) -> int:
    """How many commands the agent sends in one visit before it shows the first PIN."""
    counted = _Counted(cards)
    look = look_at_card(counted)
    pins = EnteredPins(Pin(PinKind.TEXT, TEXT), Pin(PinKind.AUTH, AUTH), frozenset())
    read_card(counted, pins, b"", same_card_as=look.certificate, issuer_keys=IssuerKeys(), challenge=bytes(32))
    assert counted.before_verify is not None
    return counted.before_verify
