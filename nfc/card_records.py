"""P7 and P8: the records a card's issuer signed, and the key of the card itself (card.md sections 8 and 9).

In the text application, after its PIN was verified. Only verdicts come out of `judged_records`; what is read for them
is seen by the checks that were given, and by nobody else (N3).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from nfc.apdu import MAX_SHORT_LE, CommandAPDU, Response
from nfc.exchanges import Procedure, ReadMode, exchange, problem_for, read_file
from nfc.files import CARD_KEY_RECORD, CARD_KEY_SIGNATURE_BYTES, INTEGRITY_RECORD, SIGNER_CERTIFICATE
from nfc.problems import CardProblem, Outcome
from nfc.status import StatusClass, classify

_PERFORM_SECURITY_OPERATION: Final = 0x2A
_OWN_KEY: Final = 0x00
"""P2 of a signature by the application's own key; in the text application 0408:0013."""

_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300D060960864801650304020105000420")

NOT_DONE: Final = "not_done"
MALFORMED: Final = "malformed"
GENUINE: Final = "genuine"
"""The one verdict of P7 after which P8 makes sense: the proof hangs on the certificate that P7 judged."""


@dataclass(frozen=True, slots=True)
class CardProof:
    """P8: the card's own public key as its issuer signed it (EF 0408:0007), and a signature made with that key."""

    key_record: bytes = field(repr=False)
    signature: bytes = field(repr=False)


IssuerCheck: TypeAlias = Callable[[bytes, bytearray, bytes], str]
"""(EF 0002, EF 0003, EF 0004) -> verdict. A pure function: it computes, does no I/O, and keeps nothing (N3)."""

ProofCheck: TypeAlias = Callable[[bytes, CardProof], str]
"""(EF 0004, proof) -> verdict. As pure."""


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """P8 as part of a visit: 32 fresh bytes from the service, and who judges what the card answers to them."""

    challenge: bytes = field(repr=False)
    check: ProofCheck


@dataclass(frozen=True, slots=True)
class RecordVerdicts:
    """What came of P7 and P8; "not_done" for what was not asked for, or what the card does not offer."""

    issuer: str = NOT_DONE
    proof: str = NOT_DONE


def read_integrity_record(*, extended: bool = False) -> Procedure[tuple[bytearray, bytes]]:
    """P7: EF 0003 and EF 0004, in the text application after its PIN was verified.

    The first holds the hash of a My Number: the caller checks it, overwrites it and lets nobody else see it (N3).
    """
    return (yield from _integrity_record(ReadMode(extended)))


def _integrity_record(mode: ReadMode) -> Procedure[tuple[bytearray, bytes]]:
    record = bytearray((yield from read_file(INTEGRITY_RECORD, mode)))
    return record, (yield from read_file(SIGNER_CERTIFICATE, mode))


def prove_card(challenge: bytes, *, extended: bool = False) -> Procedure[CardProof]:
    """P8: EF 0007 and a signature over `challenge` (SHA-256) by the card's own key, in the text application after
    its PIN was verified. `challenge` is fresh and comes from whoever judges (`nfc.trust.check_card_proof`).

    Raises `CardProblem` malformed where the record or the signature does not have its form.
    """
    return (yield from _prove(challenge, ReadMode(extended)))


def _prove(challenge: bytes, mode: ReadMode) -> Procedure[CardProof]:
    record = yield from read_file(CARD_KEY_RECORD, mode)
    response = yield from compute_signature(challenge, _OWN_KEY)
    if classify(response.sw) is not StatusClass.OK:
        raise problem_for(response)
    if len(response.data) != CARD_KEY_SIGNATURE_BYTES:
        raise CardProblem(Outcome.MALFORMED)
    return CardProof(record, response.data)


def compute_signature(digest_input: bytes, p2: int) -> Procedure[Response]:
    """COMPUTE DIGITAL SIGNATURE (SHA-256, PKCS#1 v1.5) by the key that `p2` names; never sent twice."""
    digest_info = _SHA256_DIGEST_INFO + hashlib.sha256(digest_input).digest()
    command = CommandAPDU(0x80, _PERFORM_SECURITY_OPERATION, 0x00, p2, digest_info, le=MAX_SHORT_LE)
    return (yield from exchange(command, repeatable=False))


def judged_records(
    content: bytes, issuer_check: IssuerCheck | None, proof: ProofRequest | None, mode: ReadMode
) -> Procedure[RecordVerdicts]:
    """P7 if it is asked for, and P8 if that is and P7 said genuine. `content` is EF 0002 as read.

    Missing or garbled records are a finding about the card; a lost card or a fault raises `CardProblem`.
    """
    if issuer_check is None:
        return RecordVerdicts()
    try:
        record, signer = yield from _integrity_record(mode)
    except CardProblem as problem:
        if problem.outcome is not Outcome.MALFORMED:
            raise
        return RecordVerdicts(issuer=MALFORMED)
    try:
        issuer = str(issuer_check(content, record, signer))
    finally:
        record[:] = bytes(len(record))
    if proof is None or issuer != GENUINE:
        return RecordVerdicts(issuer)
    return RecordVerdicts(issuer, (yield from _proof_verdict(signer, proof, mode)))


def _proof_verdict(signer: bytes, wanted: ProofRequest, mode: ReadMode) -> Procedure[str]:
    """A card that refuses the proof proves nothing, and is no worse for it; what it does give must hold."""
    try:
        proof = yield from _prove(wanted.challenge, mode)
    except CardProblem as problem:
        if problem.sw is not None:
            return NOT_DONE
        if problem.outcome is Outcome.MALFORMED:
            return MALFORMED
        raise
    return str(wanted.check(signer, proof))
