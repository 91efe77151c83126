"""Mutated responses against the parsers, the procedures and the trust checks (card.md section 18).

A right card answers, and its answers are bent on the way: bits, lengths, tags, cut, doubled, other status words. What
comes of it must be a result or one of the typed errors, after a bounded number of commands, and with flat memory. The
same seed bends the same answers.
"""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from nfc import basic_information, four_information
from nfc.apdu import ApduError, Command, parse_command, parse_response
from nfc.counter import change_pin, number_b, read_four_information_by_number_b
from nfc.pins import Pin, PinKind, PinSlot
from nfc.problems import CardProblem, Outcome
from nfc.procedures import (
    ExtendedLength,
    Procedure,
    ProofRequest,
    identify,
    preview,
    prove_card,
    read_authentication_certificate,
    read_authority_certificate,
    read_basic_information,
    read_four_information,
    read_whole,
    recount,
    sign_challenge,
)
from nfc.tlv import TlvError, children, object_length, read_object
from nfc.transports.relay import RelayAnswer, RelayError, answers_from_json, answers_to_json, replay
from nfc.trust import CvKey, OcspAnswer, check_card_proof, check_issuer, check_ocsp, verify_authentication
from nfc.trust.records import card_key_record, integrity_record, issuer_certificate
from tests.nfc.scripted_card import BASIC_INFORMATION, VECTOR_A
from tests.nfc_trust import hierarchy

SEED: Final = 20_261_121
LONGEST_SESSION: Final = 1_000
SLOWEST_SECONDS: Final = 5.0
MEMORY_GROWTH_MAX: Final = 24 * 1024 * 1024
WARM_UP_SHARE: Final = 0.2
TRUST_SHARE: Final = 0.02
"""Trust checks take a hundred times as long as a parser; they get their part."""

_ROOT = hierarchy.Root("authentication 1")
_ANCHOR = _ROOT.anchor()
_LEAF = hierarchy.Leaf(_ROOT)
_TOWN, _CARD = hierarchy.rsa_key("town"), hierarchy.rsa_key("card")
_KEYS = {hierarchy.KEY_ID: CvKey(hierarchy.modulus(hierarchy.rsa_key("cv root")))}
_ITEMS = hierarchy.four_information_file()
_CONTENTS: Final[dict[int, bytes]] = {
    0x02: VECTOR_A + b"\xff" * 100,
    0x03: bytes(hierarchy.integrity_record(_TOWN, four_information.signed_part(_ITEMS))),
    0x04: hierarchy.cv_certificate(hierarchy.rsa_key("cv root"), _TOWN),
    0x05: BASIC_INFORMATION,
    0x06: b"JPKIAPGPSETOKEN".ljust(160),
    0x07: hierarchy.card_key_record(_TOWN, _CARD),
    0x0A: _LEAF.der(),
    0x0B: _ROOT.certificate().public_bytes(hierarchy.serialization.Encoding.DER),
}
_CHALLENGE = bytes(32)
_PROOF = _CARD.sign(_CHALLENGE, hierarchy.padding.PKCS1v15(), hierarchy.hashes.SHA256())
_PROOF_WANTED = ProofRequest(_CHALLENGE, lambda *_: "live")
_OCSP = hierarchy.Ocsp(_LEAF, responder=hierarchy.Responder(_ROOT)).der()
_CRL = hierarchy.Crl(_ROOT, revoked=((1, None), (4712, None))).der()
_SIGNATURE = _LEAF.signature()
_TEXT, _AUTH = Pin(PinKind.TEXT, "2580"), Pin(PinKind.AUTH, "1470")
_WORDS: Final = (
    0x9000, 0x9000, 0x63C3, 0x63C2, 0x63C1, 0x63C0, 0x6300, 0x6282, 0x6281, 0x6283, 0x6400, 0x6581, 0x6381, 0x6700,
    0x6881, 0x6882, 0x6981, 0x6982, 0x6983, 0x6984, 0x6985, 0x6986, 0x6987, 0x6988, 0x69FC, 0x66F1, 0x6A80, 0x6A81,
    0x6A82, 0x6A83, 0x6A84, 0x6A85, 0x6A86, 0x6A87, 0x6A88, 0x6B00, 0x6D00, 0x6E00, 0x6F00, 0x6100, 0x6104, 0x61FF,
    0x6C00, 0x6C10, 0x6CFF, 0x0000, 0xFFFF,
)  # fmt: skip


class FuzzFailure(AssertionError):
    """Something else than a result or a typed error. The message says seed and number, so that it can be repeated."""


@dataclass
class ResponseReport:
    """What a run did."""

    responses: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    seconds: float = 0.0
    memory_growth: int = 0


def response_fuzz(count: int, seed: int = SEED, say: Callable[[str], None] = lambda _: None) -> ResponseReport:
    """Judge `count` mutated responses. Raises FuzzFailure."""
    chance = random.Random(seed)
    report = ResponseReport()
    begin, settled, told = time.monotonic(), None, 0
    while report.responses < count:
        run = _trust if chance.random() < TRUST_SHARE else chance.choice((_parsers, _session, _session, _relayed))
        before = time.perf_counter()
        try:
            run(chance, report)
        except Exception as raised:
            where = f"response {report.responses} of seed {seed}, {run.__name__}"
            raise FuzzFailure(f"{where}: {type(raised).__name__}") from raised
        took = time.perf_counter() - before
        report.slowest_seconds = max(report.slowest_seconds, took)
        if took > SLOWEST_SECONDS:
            raise FuzzFailure(f"response {report.responses} of seed {seed}, {run.__name__}: took {took:.1f} s")
        if settled is None and report.responses >= count * WARM_UP_SHARE:
            settled = _resident_memory()
        if report.responses - told >= 100_000:
            told = report.responses
            say(f"nfc: {told} responses")
    report.seconds = time.monotonic() - begin
    report.memory_growth = _resident_memory() - (settled or 0)
    if report.memory_growth > MEMORY_GROWTH_MAX:
        raise FuzzFailure(f"memory grew by {report.memory_growth} bytes (seed {seed})")
    return report


# --- one response, one session ----------------------------------------------------------------------------------------


def _parsers(chance: random.Random, report: ResponseReport) -> None:
    """A mutated file into every parser that could ever see it."""
    content = _bent(chance.choice(list(_CONTENTS.values())), chance)
    report.responses += 1
    readers: tuple[Callable[[bytes], object], ...] = (
        four_information.parse,
        four_information.signed_part,
        basic_information.parse,
        issuer_certificate,
        card_key_record,
        lambda raw: integrity_record(bytearray(raw)),
        object_length,
        lambda raw: [list(children(child)) for child in children(read_object(raw))],
    )
    for reader in readers:
        try:
            reader(content)
            report.ends["read"] += 1
        except TlvError:
            report.ends["TlvError"] += 1
    for parser in (parse_response, parse_command):
        try:
            parser(content)
        except ApduError:
            report.ends["ApduError"] += 1


def _after(first: Procedure[object], then: Callable[[], Procedure[object]]) -> Procedure[object]:
    yield from first
    return (yield from then())


def _in_text(then: Callable[[], Procedure[object]]) -> Procedure[object]:
    return _after(identify(), then)


def _in_jpki(then: Callable[[], Procedure[object]]) -> Procedure[object]:
    return _after(read_authentication_certificate(), then)


_PROCEDURES: Final[tuple[Callable[[], Procedure[object]], ...]] = (
    lambda: preview(extended=ExtendedLength.DECLARED),
    preview,
    lambda: read_whole(_TEXT, _AUTH, b"m", issuer_check=lambda *_: "genuine", proof=_PROOF_WANTED, extended=True),
    lambda: read_whole(_TEXT, _AUTH, b"m", expected_certificate=_CONTENTS[0x0A], allow_last_try=True),
    lambda: read_four_information(_TEXT),
    lambda: _in_text(lambda: prove_card(_CHALLENGE, extended=True)),
    lambda: _in_text(read_basic_information),
    lambda: _in_jpki(read_authority_certificate),
    lambda: _in_jpki(lambda: sign_challenge(b"m", _AUTH)),
    lambda: recount(PinKind.SIGN),
    lambda: read_four_information_by_number_b(number_b(date(1980, 2, 17), 2035, "2285"), counter=True),
    lambda: change_pin(_TEXT, Pin(PinKind.TEXT, "1111"), counter=True),
)


def _session(chance: random.Random, report: ResponseReport) -> None:
    """A procedure against a card whose answers are bent now and then."""
    procedure = chance.choice(_PROCEDURES)()
    calm = chance.choice((0.0, 0.5, 0.8, 0.95))
    current = 0x02
    try:
        command = next(procedure)
        for _ in range(LONGEST_SESSION):
            current, right = _right_answer(command, current)
            raw = right if chance.random() < calm else _bent_answer(right, chance, report)
            try:
                response = parse_response(raw)
            except ApduError:
                command = procedure.throw(CardProblem(Outcome.COMM_ERROR))
            else:
                command = procedure.send(response)
    except StopIteration:
        report.ends["result"] += 1
    except CardProblem as problem:
        report.ends[problem.outcome.value] += 1
    else:
        raise AssertionError("a procedure did not end")


def _relayed(chance: random.Random, report: ResponseReport) -> None:
    """A client that says anything: a step of a relayed reading."""
    answers = []
    for _ in range(chance.randrange(1, 8)):
        right = _CONTENTS[chance.choice((0x02, 0x0A))][:256] + b"\x90\x00"
        raw = chance.choice((b"\x90\x00", b"\x63\xc3", right))
        answers.append(RelayAnswer(_bent_answer(raw, chance, report)))
    try:
        read = answers_from_json(answers_to_json(answers))
        replay(read_whole(PinSlot(PinKind.TEXT), PinSlot(PinKind.AUTH), b"m"), read)
        report.ends["replayed"] += 1
    except RelayError:
        report.ends["RelayError"] += 1


def _trust(chance: random.Random, report: ResponseReport) -> None:
    """Mutated certificates, signatures, lists, answers and records: a verdict always, and never a good one too many."""
    report.responses += 1
    match chance.randrange(5):
        case 0:
            verdict = verify_authentication(
                certificate_der=_bent(_CONTENTS[0x0A], chance),
                message=hierarchy.MESSAGE,
                signature=_bent(_SIGNATURE, chance) if chance.random() < 0.5 else _SIGNATURE,
                anchors=(_ANCHOR,),
                crls=(_CRL,),
                at=hierarchy.NOW,
            ).result
        case 1:
            verdict = verify_authentication(
                certificate_der=_CONTENTS[0x0A],
                message=hierarchy.MESSAGE,
                signature=_SIGNATURE,
                anchors=(_ANCHOR,),
                crls=(_bent(_CRL, chance),),
                at=hierarchy.NOW,
            ).revocation.value
        case 2:
            answer = OcspAnswer(_bent(_OCSP, chance), hierarchy.NONCE)
            verdict = check_ocsp(_LEAF.certificate(), _ANCHOR, answer, hierarchy.NOW).state.value
        case 3:
            record = bytearray(_bent(_CONTENTS[0x03], chance))
            verdict = check_issuer(_bent(_ITEMS, chance), record, _CONTENTS[0x04], _KEYS, "test").value
        case _:
            verdict = check_card_proof(
                _bent(_CONTENTS[0x04], chance),
                _bent(_CONTENTS[0x07], chance),
                _CHALLENGE,
                _PROOF,
                keys=_KEYS,
                environment="test",
            ).value
    report.ends[f"verdict {verdict}"] += 1


def _right_answer(command: Command, current: int) -> tuple[int, bytes]:
    """What a right card says, and which file is current then."""
    apdu = command.apdu
    match apdu[1]:
        case 0x20 if len(apdu) == 4:
            return current, b"\x63\xc3"
        case 0xB0:
            if apdu[2] & 0x80:
                current, offset = apdu[2] & 0x1F, apdu[3]
            else:
                offset = apdu[2] << 8 | apdu[3]
            content = _CONTENTS.get(current, b"")
            end = len(content) if len(apdu) == 7 else offset + (apdu[4] or 256)
            return current, content[offset:end] + b"\x90\x00"
        case 0x2A:
            return current, bytes(256) + b"\x90\x00"
        case _:
            return current, b"\x90\x00"


def _bent_answer(right: bytes, chance: random.Random, report: ResponseReport) -> bytes:
    report.responses += 1
    if chance.random() < 0.5:
        return right[:-2] + chance.choice(_WORDS).to_bytes(2)
    return _bent(right, chance)


def _bent(right: bytes, chance: random.Random) -> bytes:
    raw = bytearray(right)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(_BENDS)(raw, chance)
    return bytes(raw[:8192])


def _flip(raw: bytearray, chance: random.Random) -> None:
    if raw:
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)


def _set_early(raw: bytearray, chance: random.Random) -> None:
    """Tags and lengths stand at the beginning."""
    if raw:
        at = chance.randrange(min(len(raw), 24))
        raw[at] = chance.choice(
            (0x00, 0x01, 0x1F, 0x7F, 0x80, 0x81, 0x82, 0x83, 0x84, 0xDF, 0xFF, chance.randrange(256))
        )


def _cut(raw: bytearray, chance: random.Random) -> None:
    del raw[chance.randrange(len(raw) + 1) :]


def _drop(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    del raw[at : at + chance.choice((1, 1, 2, 16))]


def _insert(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw[at:at] = chance.randbytes(chance.choice((1, 1, 2, 16, 300)))


def _double(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw += raw[at : at + 600]


def _noise(raw: bytearray, chance: random.Random) -> None:
    raw[:] = chance.randbytes(chance.randrange(40))


_BENDS: Final = (_flip, _flip, _set_early, _set_early, _cut, _drop, _insert, _double, _noise)


def _resident_memory() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
