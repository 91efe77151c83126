"""card.md section 7 and 13: counting, blocking, changing; and the properties of section 18 over any commands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from card_sim.card import SimulatedCard
from card_sim.profile import Behaviour, CardProfile
from card_sim.state import CardState, MemoryStore, StateUnavailable
from tests.card_sim.talk import (
    AUTH_PIN,
    DIGEST_INFO_PREFIX,
    SELECT_COMMON,
    SELECT_JPKI,
    SELECT_RESIDENCE,
    SELECT_TEXT,
    SELECT_VISUAL,
    SIGN_PASSWORD,
    TEXT_PIN,
    Talk,
)

WRONG = b"0000"
NUMBER_B = b"52071720327267"
SIGN_AUTH = f"802A009733{DIGEST_INFO_PREFIX}{'00' * 32}00"

PINS = [
    pytest.param(SELECT_TEXT, "91", TEXT_PIN, 3, id="text"),
    pytest.param(SELECT_JPKI, "98", AUTH_PIN, 3, id="authentication"),
    pytest.param(SELECT_JPKI, "9B", SIGN_PASSWORD, 5, id="signature"),
    pytest.param(SELECT_TEXT, "94", b"999999999999", 10, id="A"),
    pytest.param(SELECT_TEXT, "95", NUMBER_B, 10, id="B"),
    pytest.param(SELECT_VISUAL, "91", NUMBER_B[:6], 10, id="birth date"),
    pytest.param(SELECT_VISUAL, "92", NUMBER_B, 10, id="B of the face"),
    pytest.param(SELECT_VISUAL, "93", b"999999999999", 10, id="A of the face"),
]


@pytest.mark.parametrize(("select", "p2", "right", "limit"), PINS)
def test_wrong_values_count_down_to_the_block(talk: Talk, select: str, p2: str, right: bytes, limit: int) -> None:
    talk.send(select)
    assert talk.tries(p2) == f"63C{limit:X}"
    for left in range(limit - 1, -1, -1):
        assert talk.verify(p2, WRONG) == f"63C{left:X}"
        assert talk.tries(p2) == f"63C{left:X}"
    assert talk.verify(p2, WRONG) == "6984"
    assert talk.verify(p2, right) == "6984"
    assert talk.tries(p2) == "63C0"


@pytest.mark.parametrize(("select", "p2", "right", "limit"), PINS)
def test_a_right_value_with_one_try_left_fills_the_counter(
    talk: Talk, select: str, p2: str, right: bytes, limit: int
) -> None:
    talk.send(select)
    for _ in range(limit - 1):
        talk.verify(p2, WRONG)
    assert talk.tries(p2) == "63C1"
    assert talk.verify(p2, right) == "9000"
    assert talk.tries(p2) == f"63C{limit:X}"


def test_a_query_is_free_and_answers_63cx_while_verified(talk: Talk) -> None:
    talk.send(SELECT_TEXT)
    assert {talk.tries("91") for _ in range(20)} == {"63C3"}
    talk.verify("91", TEXT_PIN)
    assert talk.tries("91") == "63C3"


def test_the_selected_key_can_be_named_80(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    talk.send("00A4020C020018")
    assert talk.tries("80") == "63C3"
    assert talk.verify("80", WRONG) == "63C2"
    assert talk.verify("80", AUTH_PIN) == "9000"


def test_counters_are_separate(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    talk.verify("98", WRONG)
    assert talk.tries("9B") == "63C5"
    talk.send(SELECT_TEXT)
    assert talk.tries("91") == "63C3"


def test_key_0012_is_blocked_from_the_start(talk: Talk) -> None:
    talk.send(SELECT_TEXT)
    assert talk.tries("92") == "63C0"
    assert talk.verify("92", bytes(4)) == "6984"


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("0020009100", "6700"),  # an Le makes it neither a query nor a VERIFY
        ("00200091043235383000", "6700"),
        ("0020009111" + "31" * 17, "6700"),
        ("0020019104" + TEXT_PIN.hex(), "6A86"),
        ("0020001104" + TEXT_PIN.hex(), "6A86"),
        ("002000B104" + TEXT_PIN.hex(), "6A86"),
        ("0020009E04" + TEXT_PIN.hex(), "6A88"),
        ("0020009304" + TEXT_PIN.hex(), "6A88"),  # 0013 is a private key
    ],
)
def test_a_badly_formed_verify_costs_no_try(talk: Talk, apdu: str, status: str) -> None:
    talk.send(SELECT_TEXT)
    assert talk.send(apdu) == status
    assert talk.tries("91") == "63C3"


def test_a_selected_file_that_is_no_pin_does_not_fit(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    talk.send("00A4020C02000A")
    assert talk.tries("80") == "6981"


def test_a_wrong_value_ends_the_verified_state(talk: Talk) -> None:
    talk.send(SELECT_TEXT)
    talk.verify("91", TEXT_PIN)
    assert talk.status("00B0820001") == "9000"
    talk.verify("91", WRONG)
    assert talk.status("00B0820001") == "6982"


def test_lower_case_is_another_password(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    assert talk.verify("9B", SIGN_PASSWORD.lower()) == "63C4"


def test_the_block_word_can_be_the_iso_one(canary_profile: CardProfile) -> None:
    profile = dataclasses.replace(canary_profile, behaviour=Behaviour(blocked_word=0x6983))
    talk = Talk.powered(SimulatedCard(profile))
    talk.send(SELECT_TEXT)
    assert talk.verify("92", WRONG) == "6983"
    assert talk.tries("92") == "63C0"


class TestChangeReferenceData:
    def test_the_new_value_replaces_the_old(self, talk: Talk) -> None:
        talk.send(SELECT_TEXT)
        talk.verify("91", TEXT_PIN)
        assert talk.send("0024019104" + b"1357".hex()) == "9000"
        assert talk.verify("91", TEXT_PIN) == "63C2"
        assert talk.verify("91", b"1357") == "9000"

    def test_with_the_key_selected(self, talk: Talk) -> None:
        talk.send(SELECT_JPKI)
        talk.send("00A4020C02001B")
        talk.verify("80", SIGN_PASSWORD)
        assert talk.send("0024018008" + b"NEWPASS9".hex()) == "9000"
        assert talk.verify("80", b"NEWPASS9") == "9000"

    def test_the_old_value_must_have_been_verified(self, talk: Talk) -> None:
        talk.send(SELECT_TEXT)
        assert talk.send("0024019104" + b"1357".hex()) == "6982"
        assert talk.verify("91", TEXT_PIN) == "9000"

    @pytest.mark.parametrize(
        ("apdu", "status"),
        [
            ("0024009104" + b"1357".hex(), "6A86"),
            ("00240191", "6700"),
            ("0024019103" + b"135".hex(), "6A80"),
            ("0024019104" + b"13A7".hex(), "6A80"),
            ("0024019111" + b"1".hex() * 17, "6700"),
        ],
    )
    def test_what_is_not_a_new_pin_changes_nothing(self, talk: Talk, apdu: str, status: str) -> None:
        talk.send(SELECT_TEXT)
        talk.verify("91", TEXT_PIN)
        assert talk.send(apdu) == status
        assert talk.verify("91", TEXT_PIN) == "9000"

    def test_a_verification_number_is_for_ever(self, talk: Talk) -> None:
        talk.send(SELECT_TEXT)
        talk.verify("95", b"52071720327267")
        assert talk.send("002401950E" + b"1".hex() * 14) == "6985"


class _FullDisk(MemoryStore):
    """A memory that can be read and not be written."""

    @contextmanager
    def update(self) -> Iterator[CardState]:
        with super().update() as state:
            yield CardState(dict(state.tries_left), dict(state.changed_secrets))
        raise StateUnavailable("no space left")


def test_a_card_that_cannot_count_opens_nothing(canary_profile: CardProfile) -> None:
    talk = Talk.powered(SimulatedCard(canary_profile, state_store=_FullDisk()))
    talk.send(SELECT_TEXT)
    assert talk.verify("91", TEXT_PIN) == "6581"
    assert talk.status("00B0820001") == "6982"


COMMANDS = st.one_of(
    st.sampled_from(
        [
            *(SELECT_TEXT, SELECT_JPKI, "00A4020C020011", "00A4020C020017", "00A4020C020018"),
            *("00B0820000", "00B0810000", "00B0830010", "00B0000000", SIGN_AUTH),
            *("00200080", "00200091", "00200098", "0020009B"),
            *("0024019104" + b"2580".hex(), "0024018004" + b"1470".hex()),
            *(SELECT_VISUAL, SELECT_RESIDENCE, SELECT_COMMON, "00A4020C02001C", "00B2010C00"),
            *("8032008004" + b"1234".hex(), "8032009C04" + b"1234".hex()),
            *("POWER", "RESET"),
        ]
    ),
    st.builds(
        lambda p2, value: f"002000{p2}{len(value):02X}{value.hex()}",
        st.sampled_from(["80", "91", "92", "93", "94", "95", "98", "9B", "9C"]),
        st.sampled_from([TEXT_PIN, AUTH_PIN, SIGN_PASSWORD, b"999999999999", NUMBER_B, WRONG, b"", b"1" * 17]),
    ),
    st.binary(max_size=12).map(bytes.hex),
)
FULL = {
    **{"text:0011": 3, "text:0012": 3, "text:0014": 10, "text:0015": 10, "jpki:0018": 3, "jpki:001B": 5},
    **{"visual:0011": 10, "visual:0012": 10, "visual:0013": 10, "residence:001C": 3, "common:001C": 3},
}
SWITCHES = st.builds(Behaviour, clear_on_select=st.booleans(), clear_on_reset=st.booleans())


def _counters(store: MemoryStore, profile: CardProfile) -> dict[str, int]:
    stored = {str(key): left for key, left in store.read().tries_left.items()}
    return FULL | {str(key): left for key, left in profile.initial_tries.items()} | stored


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(COMMANDS, max_size=40), behaviour=SWITCHES)
def test_tries_never_rise_except_by_a_right_verify_and_a_blocked_key_never_opens(
    canary_profile: CardProfile, commands: list[str], behaviour: Behaviour
) -> None:
    store = MemoryStore()
    card = SimulatedCard(dataclasses.replace(canary_profile, behaviour=behaviour), state_store=store)
    card.power_on()
    for command in commands:
        before = _counters(store, canary_profile)
        secrets = {str(key): value for key, value in (canary_profile.secrets | store.read().changed_secrets).items()}
        if command in ("POWER", "RESET"):
            card.power_on() if command == "POWER" else card.reset()
            assert _counters(store, canary_profile) == before
            continue
        raw = bytes.fromhex(command)
        answer = card.transmit(raw)
        assert len(answer) >= 2
        for key, left in _counters(store, canary_profile).items():
            if before[key] == 0:
                assert left == 0, "a blocked key came back"
            if left > before[key]:
                assert (answer, raw[:3], raw[5:]) == (b"\x90\x00", b"\x00\x20\x00", secrets[key])
                assert left == FULL[key]
            if left < before[key]:
                assert left == before[key] - 1
                assert answer == bytes([0x63, 0xC0 | left])
                assert raw[5:] != secrets[key]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(COMMANDS, max_size=25), behaviour=SWITCHES)
def test_with_every_pin_blocked_nothing_protected_comes_out(
    canary_profile: CardProfile, commands: list[str], behaviour: Behaviour
) -> None:
    blocked = dict.fromkeys(canary_profile.secrets, 0)
    profile = dataclasses.replace(canary_profile, initial_tries=blocked, behaviour=behaviour)
    card = SimulatedCard(profile)
    card.power_on()
    four_information = next(v for k, v in profile.contents.items() if str(k) == "text:0002")[:32]
    for command in commands:
        if command in ("POWER", "RESET"):
            card.power_on() if command == "POWER" else card.reset()
            continue
        answer = card.transmit(bytes.fromhex(command))
        assert four_information not in answer
        if command == SIGN_AUTH:
            assert answer[-2:].hex() in ("6982", "6986", "6a88")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_arbitrary_bytes_get_a_status_word(canary_profile: CardProfile, raw: bytes) -> None:
    for select in (SELECT_TEXT, SELECT_JPKI, ""):
        card = SimulatedCard(canary_profile)
        card.power_on()
        card.transmit(bytes.fromhex(select))
        assert len(card.transmit(raw)) >= 2


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cla=st.sampled_from([0x00, 0x80]),
    ins=st.sampled_from([0x20, 0x24, 0x2A, 0x84, 0xA4, 0xB0, 0xCA]),
    parameters=st.binary(min_size=2, max_size=2),
    rest=st.binary(max_size=60),
)
def test_known_instructions_with_any_parameters_get_a_status_word(
    canary_profile: CardProfile, cla: int, ins: int, parameters: bytes, rest: bytes
) -> None:
    for select, p2, right in ((SELECT_TEXT, "91", TEXT_PIN), (SELECT_JPKI, "98", AUTH_PIN)):
        talk = Talk.powered(SimulatedCard(canary_profile))
        talk.send(select)
        talk.verify(p2, right)
        assert len(talk.card.transmit(bytes([cla, ins]) + parameters + rest)) >= 2
