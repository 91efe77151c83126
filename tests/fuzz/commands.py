"""Mutated commands against the simulated cards: only status words, no hang, flat memory (card.md section 18).

Commands of real sessions are bent in up to three places and sent to cards of every kind, in every state that a session
can reach: selected or not, verified or not, powered or not. The same seed sends the same commands.
"""

from __future__ import annotations

import gc
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from card_sim import faults
from card_sim.card import SimulatedCard
from card_sim.disturbances import Card
from card_sim.issuer import TestIssuer
from card_sim.people import JST
from card_sim.profile import Behaviour, CardProfile
from card_sim.status import Status
from card_sim.wallet import Wallet
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
)

SEED: Final = 20_261_120
NOW: Final = datetime(2026, 11, 20, 10, 0, tzinfo=JST)
COMMANDS_A_CARD: Final = 400
POWER_EVENTS: Final = 0.01
POWER_RETURNS: Final = 0.4
SLOWEST_ANSWER_SECONDS: Final = 5.0
"""Far above what an answer takes (a signature: under a millisecond), far below a hang."""

MEMORY_GROWTH_MAX: Final = 24 * 1024 * 1024
WARM_UP_SHARE: Final = 0.2
KINDS: Final = ("", "android", "under_15", "face_authentication", "next_generation", "short_only", "driving_licence")


def _verify(p2: str, value: bytes) -> str:
    return f"002000{p2}{len(value):02X}{value.hex()}"


def _sign(p1: str, p2: str, data: str) -> str:
    return f"802A{p1}{p2}{len(data) // 2:02X}{data}00"


_DIGEST_INFO: Final = DIGEST_INFO_PREFIX + "5A" * 32
CORPUS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        *(SELECT_TEXT, SELECT_JPKI, SELECT_VISUAL, SELECT_RESIDENCE, SELECT_COMMON, "00A4040C07A0000001510000"),
        *(f"00A4020C02{fid:04X}" for fid in (0x01, 0x02, 0x0A, 0x11, 0x17, 0x18, 0x1A, 0x1B, 0x1C)),
        *("00A40000", "00A404000AD392F00026010000000100"),
        *(f"002000{p2:02X}" for p2 in (0x80, 0x91, 0x92, 0x93, 0x94, 0x95, 0x98, 0x9B, 0x9C)),
        *(_verify("91", TEXT_PIN), _verify("98", AUTH_PIN), _verify("9B", SIGN_PASSWORD), _verify("80", AUTH_PIN)),
        *(_verify("94", b"999999999999"), _verify("95", b"52071720327267")),
        *(f"00B0{0x80 | sfi:02X}0000" for sfi in (*range(1, 9), 0x0A, 0x0B, 0x11, 0x16)),
        *("00B0000000", "00B0010000", "00B07FFF00", "00B08A00000000", "00B20104" + "00", "00B2010C00", "00B2020C00"),
        *("0024019104" + TEXT_PIN.hex(), "0024019804" + AUTH_PIN.hex(), "8032008004" + b"1234".hex()),
        *(_sign("00", "97", _DIGEST_INFO), _sign("00", "00", _DIGEST_INFO), _sign("03", "80", "AA" * 40)),
        *(_sign("02", "97", "5A" * 32), _sign("05", "9A", "AA" * 10), _sign("02", "97", "5A" * 48)),
        *("0084000008", "0084000000", "00CA5F5100", "00CADF3005", "00CB3FFF035C017E08", "008800990411223344" + "00"),
    )
)
SIGNING: Final = 0x2A
SIGNATURES_KEPT: Final = 0.05
"""Share of unbent signing commands that are sent: each costs as much as a hundred others."""

_KNOWN_WORDS: Final = frozenset(int(word) for word in Status) | {0x63C0 | left for left in range(16)}


class FuzzFailure(AssertionError):
    """A card answered something no card may answer; the message holds what is needed to see it again."""


@dataclass
class FuzzReport:
    """What a run has seen."""

    commands: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    memory_growth: int = 0
    """Bytes of resident memory between the end of the warm-up and the end of the run."""
    words: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        words = ", ".join(f"{word} {count}" for word, count in self.words.most_common())
        return (
            f"{self.commands} commands in {self.seconds:.1f} s; slowest answer {self.slowest_seconds * 1000:.1f} ms; "
            f"memory +{self.memory_growth / 1024:.0f} KiB; {words}"
        )


def card_sim_fuzz(count: int, seed: int = SEED, say: Callable[[str], None] = lambda _: None) -> FuzzReport:
    """Send `count` mutated commands to simulated cards. Raises FuzzFailure with seed and number of the command."""
    chance = random.Random(seed)
    report = FuzzReport()
    with tempfile.TemporaryDirectory() as folder:
        profiles = _profiles(Path(folder))
        begin = time.monotonic()
        settled: int | None = None
        while report.commands < count:
            card = SimulatedCard(chance.choice(profiles))
            _one_card(card, min(COMMANDS_A_CARD, count - report.commands), seed, chance, report)
            if settled is None and report.commands >= count * WARM_UP_SHARE:
                settled = _resident_memory()
            if report.commands % 100_000 < COMMANDS_A_CARD:
                say(f"card_sim: {report.commands} commands")
        report.seconds = time.monotonic() - begin
        report.memory_growth = _resident_memory() - (settled or 0)
    if report.memory_growth > MEMORY_GROWTH_MAX:
        raise FuzzFailure(f"memory grew by {report.memory_growth} bytes (seed {seed})")
    return report


def _profiles(folder: Path) -> list[CardProfile]:
    wallet = Wallet(folder, TestIssuer.open(folder, NOW))
    behaviours = (Behaviour(), Behaviour(clear_on_select=False, clear_on_reset=True, first_command_6f00=True))
    cards: list[Card] = [
        wallet.open_with("TP-CANARY", NOW, [faults.parse(kind)] if kind else [], behaviour=behaviour)
        for kind in KINDS
        for behaviour in behaviours
    ]
    return [card.profile for card in cards if isinstance(card, SimulatedCard)]


def _one_card(card: SimulatedCard, commands: int, seed: int, chance: random.Random, report: FuzzReport) -> None:
    powered = bool(card.power_on())
    for _ in range(commands):
        event = chance.random()
        if event < POWER_EVENTS:
            powered = chance.choice((True, True, False))
            chance.choice((card.power_on, card.reset))() if powered else card.power_off()
        elif not powered and event < POWER_RETURNS:
            powered = bool(card.power_on())
        command = _command(chance)
        begin = time.perf_counter()
        try:
            answer = card.transmit(command)
        except Exception as raised:
            raise FuzzFailure(_where(seed, report, command, f"raised {type(raised).__name__}")) from raised
        took = time.perf_counter() - begin
        report.commands += 1
        report.slowest_seconds = max(report.slowest_seconds, took)
        complaint = _complaint(answer, took)
        if complaint:
            raise FuzzFailure(_where(seed, report, command, complaint))
        report.words[answer[-2:].hex().upper()] += 1


def _complaint(answer: bytes, seconds: float) -> str | None:
    word = int.from_bytes(answer[-2:])
    if len(answer) < 2 or word not in _KNOWN_WORDS:
        return f"answered {answer[-2:].hex()} in {len(answer)} bytes"
    if len(answer) > 2 and word != Status.OK:
        return f"gave {len(answer) - 2} bytes of data with {word:04X}"
    return f"took {seconds:.1f} s" if seconds > SLOWEST_ANSWER_SECONDS else None


def _where(seed: int, report: FuzzReport, command: bytes, what: str) -> str:
    shown = command[:40].hex() + (f"... ({len(command)} bytes)" if len(command) > 40 else "")
    return f"command {report.commands} of seed {seed}, {shown}: {what}"


def _command(chance: random.Random) -> bytes:
    raw = bytearray(chance.choice(CORPUS))
    bends = chance.choice((0, 0, 1, 1, 1, 2, 3))
    if bends == 0 and raw[1] == SIGNING and chance.random() > SIGNATURES_KEPT:
        bends = 1
    for _ in range(bends):
        chance.choice(_BENDS)(raw, chance)
    return bytes(raw)


def _flip(raw: bytearray, chance: random.Random) -> None:
    if raw:
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)


def _set(raw: bytearray, chance: random.Random) -> None:
    if raw:
        raw[chance.randrange(min(len(raw), 7))] = chance.choice(
            (0x00, 0x01, 0x7F, 0x80, 0x8A, 0xFF, chance.randrange(256))
        )


def _cut(raw: bytearray, chance: random.Random) -> None:
    del raw[chance.randrange(len(raw) + 1) :]


def _insert(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw[at:at] = chance.randbytes(chance.choice((1, 1, 1, 2, 16)))


def _append_length(raw: bytearray, chance: random.Random) -> None:
    raw += bytes(chance.choice((1, 2, 3)))


def _extend(raw: bytearray, chance: random.Random) -> None:
    """The same command with extended lengths, sometimes with far more data."""
    if len(raw) < 5:
        return
    data = bytes(raw[5 : 5 + raw[4]])
    if chance.random() < 0.02:
        data = chance.randbytes(chance.choice((256, 4096, 65_527)))
    length = len(data).to_bytes(2)
    raw[4:] = b"\x00" + (length + data if data else b"") + chance.choice((b"", b"\x00\x00", b"\xff\xff"))


def _noise(raw: bytearray, chance: random.Random) -> None:
    raw[:] = chance.randbytes(chance.randrange(20))


_BENDS: Final = (_flip, _flip, _set, _set, _cut, _insert, _append_length, _extend, _noise)


def _resident_memory() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
