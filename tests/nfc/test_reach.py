"""What we never do is impossible (card.md N1, N2, N11): no procedure, whatever a card answers, asks for it.

Not the guard is tested here but the procedures by themselves: an observer of its own follows which application and
file every command means, and hypothesis plays the card.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from nfc import counter, procedures
from nfc.apdu import Command, Response
from nfc.counter import change_pin, number_b, read_four_information_by_number_b
from nfc.pins import Pin, PinKind, PinSlot
from nfc.problems import TRANSPORT_OUTCOMES, CardProblem
from nfc.procedures import (
    ExtendedLength,
    Procedure,
    ProofRequest,
    identify,
    preview,
    prove_card,
    query_tries,
    read_authentication_certificate,
    read_authority_certificate,
    read_basic_information,
    read_four_information,
    read_four_information_file,
    read_integrity_record,
    read_whole,
    recount,
    sign_challenge,
    verify_pin,
)
from tests.nfc.scripted_card import BASIC_INFORMATION, JPKI, RECORD_0003, TEXT, VECTOR_A, certificate
from tests.nfc.sessions import AUTH
from tests.nfc.sessions import TEXT as TEXT_PIN

VISUAL = bytes.fromhex("D3921000310001010402")
NEVER = {
    TEXT: {0x01: "the My Number", 0x14: "number A"},
    VISUAL: dict.fromkeys(range(1, 31), "an application that is not used"),
    # The signature certificate and key (N11); whose password may be asked about, but is not shown by any of these.
    JPKI: {0x01: "the signature certificate", 0x1A: "the signature key"},
}
B = number_b(date(1980, 2, 17), 2035, "2285")
CERTIFICATE = certificate(1400)
PROOF = ProofRequest(bytes(32), lambda *_: "live")


def after(application: Callable[[], Procedure[object]], then: Callable[[], Procedure[object]]) -> Procedure[object]:
    yield from application()
    return (yield from then())


def in_text(then: Callable[[], Procedure[object]]) -> Procedure[object]:
    return after(identify, then)


def in_jpki(then: Callable[[], Procedure[object]]) -> Procedure[object]:
    return after(read_authentication_certificate, then)


def kinds(kind: PinKind) -> Procedure[object]:
    return recount(kind)


ALL: dict[str, list[Callable[[], Procedure[object]]]] = {
    "identify": [identify],
    "preview": [preview, *(lambda mode=mode: preview(extended=mode) for mode in ExtendedLength)],
    "prove_card": [lambda: in_text(lambda: prove_card(bytes(32), extended=True))],
    "query_tries": [
        lambda: in_text(lambda: query_tries(PinKind.TEXT)),
        lambda: in_jpki(lambda: query_tries(PinKind.AUTH)),
    ],
    "read_authentication_certificate": [lambda: read_authentication_certificate(extended=True)],
    "read_authority_certificate": [lambda: in_jpki(lambda: read_authority_certificate(extended=True))],
    "read_basic_information": [lambda: in_text(read_basic_information)],
    "read_four_information": [lambda: read_four_information(TEXT_PIN, allow_last_try=True)],
    "read_four_information_file": [lambda: read_four_information_file(TEXT_PIN)],
    "read_integrity_record": [lambda: in_text(lambda: read_integrity_record(extended=True))],
    "read_whole": [
        lambda: read_whole(TEXT_PIN, AUTH, b"m", issuer_check=lambda *_: "genuine", extended=True, allow_last_try=True),
        lambda: read_whole(TEXT_PIN, AUTH, b"m", extended=ExtendedLength.DECLARED),
        lambda: read_whole(TEXT_PIN, AUTH, b"m", expected_certificate=CERTIFICATE),
        lambda: read_whole(TEXT_PIN, AUTH, b"m", issuer_check=lambda *_: "genuine", proof=PROOF),
        lambda: read_whole(PinSlot(PinKind.TEXT), PinSlot(PinKind.AUTH), b"m"),
    ],
    "recount": [lambda kind=kind: recount(kind) for kind in PinKind],
    "sign_challenge": [lambda: in_jpki(lambda: sign_challenge(b"m", AUTH))],
    "verify_pin": [lambda: in_text(lambda: verify_pin(TEXT_PIN)), lambda: in_jpki(lambda: verify_pin(AUTH))],
    "read_four_information_by_number_b": [lambda: read_four_information_by_number_b(B, counter=True)],
    "change_pin": [
        lambda: change_pin(TEXT_PIN, Pin(PinKind.TEXT, "1111"), counter=True),
        lambda: change_pin(AUTH, Pin(PinKind.AUTH, "1111"), counter=True),
    ],
}


def test_every_procedure_there_is_is_looked_at_here() -> None:
    there = {
        name
        for module in (procedures, counter)
        for name, function in vars(module).items()
        if inspect.isgeneratorfunction(function) and not name.startswith("_") and function.__module__ == module.__name__
    }
    # Each of these returns a generator without being one itself, or is one: both count.
    there |= {name for name in procedures.__all__ if inspect.isgeneratorfunction(getattr(procedures, name))}
    assert there == set(ALL)


class Observer:
    """Which application and file a command means, written from card.md section 5 and from nothing of `nfc`."""

    def __init__(self) -> None:
        self.possible: set[bytes | None] = {None}
        self.file: int | None = None

    def see(self, apdu: bytes) -> None:
        cla, ins, p1, p2 = apdu[:4]
        if ins == 0xA4 and p1 == 0x04:
            aid = apdu[5:]
            assert p2 == 0x0C and apdu[4] == len(aid) == 10 and aid in (TEXT, JPKI)
            self.possible.add(aid)
            self.wanted = aid
            return
        if ins == 0xA4:
            assert (p1, p2, apdu[4], len(apdu)) == (0x02, 0x0C, 2, 7)
            self.file = apdu[6]
        elif ins == 0xB0:
            self.file = p1 & 0x1F if p1 & 0x80 else self.file
        elif ins in (0x20, 0x24):
            self.meet(p2 & 0x1F or self.file)
            return
        elif ins == 0x2A:
            assert cla == 0x80
            assert p2 in (0x00, 0x97)
            self.meet(0x13 if p2 == 0 else p2 & 0x1F)
            return
        else:
            assert ins == 0xC0
        self.meet(self.file)

    def answered(self, apdu: bytes, sw: int) -> None:
        if apdu[1] == 0xA4 and apdu[2] == 0x04 and sw == 0x9000:
            self.possible, self.file = {apdu[5:]}, None

    def meet(self, file: int | None) -> None:
        for aid in self.possible:
            if aid is not None and file is not None:
                assert file not in NEVER[aid], NEVER[aid][file]


CONTENTS = (VECTOR_A, BASIC_INFORMATION, RECORD_0003, CERTIFICATE, CERTIFICATE[:256], bytes(256), b"")
WORDS = """9000 9000 9000 63C3 63C1 63C0 6300 6282 6581 6700 6982 6984 6986 6A82 6A88 6B00 6D00 6F00 6104 6C10"""
STATUS = st.sampled_from([int(word, 16) for word in WORDS.split()])
DATA = st.sampled_from(CONTENTS) | st.binary(max_size=40)
ANSWER = st.one_of(st.builds(Response, DATA, STATUS), st.just(None), st.sampled_from(sorted(TRANSPORT_OUTCOMES)))
PROCEDURE = st.sampled_from([make for makers in ALL.values() for make in makers])


def obliging(command: Command) -> Response:
    """What a right card would say: leads deep into a procedure, from where hypothesis goes astray."""
    apdu = command.apdu
    if apdu[1] == 0x20 and len(apdu) == 4:
        return Response(b"", 0x63C3)
    if apdu[1] == 0x2A:
        return Response(bytes(256), 0x9000)
    if apdu[1] == 0xB0:
        content = {0x82: VECTOR_A, 0x83: RECORD_0003, 0x85: BASIC_INFORMATION, 0x8A: CERTIFICATE}.get(apdu[2], VECTOR_A)
        offset = apdu[3] if apdu[2] & 0x80 else apdu[2] << 8 | apdu[3]
        content = CERTIFICATE if not apdu[2] & 0x80 else content
        return Response(content[offset:] if len(apdu) == 7 else content[offset : offset + 256], 0x9000)
    return Response(b"", 0x9000)


@settings(max_examples=1500, deadline=None)
@given(PROCEDURE, st.lists(ANSWER, max_size=25))
def test_no_procedure_asks_for_what_we_never_read_whatever_the_card_answers(
    make: Callable[[], Procedure[object]], answers: list[Response | str | None]
) -> None:
    observer = Observer()
    script = iter(answers)
    procedure = make()
    sent = 0
    try:
        command = next(procedure)
        while True:
            sent += 1
            assert sent < 1000, "a procedure does not end"
            observer.see(command.apdu)
            answer = next(script, None)
            if isinstance(answer, str):
                command = procedure.throw(CardProblem(answer))
                continue
            response = answer if answer is not None else obliging(command)
            observer.answered(command.apdu, response.sw)
            command = procedure.send(response)
    except (StopIteration, CardProblem):
        return
