"""What is done with a card, as generators that know nothing of readers, time or logs (card.md section 8).

A procedure yields `Command`, is sent `Response`, and returns a typed result or raises `CardProblem`.
`nfc.transports.run` drives one on a real or simulated card; `yield from` joins several into one card session.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from nfc.apdu import Command, CommandAPDU, Response
from nfc.basic_information import BasicInformation
from nfc.basic_information import parse as parse_basic_information
from nfc.card_records import (
    NOT_DONE,
    CardProof,
    IssuerCheck,
    ProofRequest,
    RecordVerdicts,
    compute_signature,
    judged_records,
    prove_card,
    read_integrity_record,
)
from nfc.exchanges import (
    ExtendedLength,
    Procedure,
    ReadMode,
    exchange,
    problem_for,
    read_file,
    select_application,
)
from nfc.files import (
    AUTHENTICATION_AUTHORITY,
    AUTHENTICATION_CERTIFICATE,
    AUTHENTICATION_KEY,
    BASIC_INFORMATION,
    FOUR_INFORMATION,
    JPKI_AP,
    PHONE_TOKEN_LABELS,
    PIN_KEYS,
    TEXT_AP,
    TOKEN_INFORMATION,
    TOKEN_LABEL_BYTES,
)
from nfc.four_information import FourInformation, parse
from nfc.pins import PinInput, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.same_card import make_sure_of
from nfc.status import OUTCOMES, StatusClass, classify, tries_in
from nfc.tlv import TlvError

__all__ = [
    "CardPreview",
    "CardProblem",
    "CardProof",
    "CardReading",
    "Command",
    "ExtendedLength",
    "IssuerCheck",
    "Outcome",
    "Procedure",
    "ProofRequest",
    "Response",
    "identify",
    "preview",
    "prove_card",
    "query_tries",
    "read_authentication_certificate",
    "read_authority_certificate",
    "read_basic_information",
    "read_four_information",
    "read_four_information_file",
    "read_integrity_record",
    "read_whole",
    "recount",
    "sign_challenge",
    "verify_pin",
]

_VERIFY: Final = 0x20
_SHORT_ID: Final = 0x80


@dataclass(frozen=True, slots=True)
class CardPreview:
    """What a card tells without a PIN. Tries are None where the card gave no number, 0 where the PIN is blocked.

    The certificate identifies its holder (N4), so the repr leaves it out.
    """

    text_tries: int | None
    auth_tries: int | None
    certificate: bytes = field(repr=False)
    extended_length: bool = False
    """Extended length was asked for and worked: a second meeting with this card may use it without asking again."""


@dataclass(frozen=True, slots=True)
class CardReading:
    """The whole application, read in one session of one card; the repr shows no personal data.

    `issuer_check` and `card_proof` are the verdicts of the checks given to `read_whole`, "not_done" without one.
    """

    four_information: FourInformation
    certificate: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer_check: str = NOT_DONE
    card_proof: str = NOT_DONE


def identify() -> Procedure[None]:
    """P1: make sure this is a My Number card and leave the text application selected. First command of a session.

    Never by ATR (N9). Raises `CardProblem` phone_token for a certificate in a phone, not_this_card for any other.
    """
    try:
        yield from select_application(TEXT_AP, after_power_on=True)
    except CardProblem as problem:
        if problem.outcome is not Outcome.NOT_THIS_CARD:
            raise
    else:
        return
    raise CardProblem((yield from _kind_of_other_card()))


def _kind_of_other_card() -> Procedure[Outcome]:
    try:
        yield from select_application(JPKI_AP, after_power_on=False)
    except CardProblem as problem:
        return problem.outcome
    command = CommandAPDU(0x00, 0xB0, _SHORT_ID | TOKEN_INFORMATION.sfi, 0x00, le=TOKEN_LABEL_BYTES)
    response = yield from exchange(command, repeatable=True)
    is_phone = classify(response.sw) is StatusClass.OK and response.data.rstrip(b" \x00") in PHONE_TOKEN_LABELS
    return Outcome.PHONE_TOKEN if is_phone else Outcome.NOT_THIS_CARD


def query_tries(kind: PinKind) -> Procedure[int | None]:
    """P2: ask how many tries are left, without using one. The PIN's application must be selected.

    Returns 0 for a blocked PIN, None where the card answers without a number. Raises `CardProblem`: card_unusable
    where the card has no such PIN (a 顔認証 card).
    """
    key = PIN_KEYS[kind]
    # Exactly four bytes: with Lc or Le some cards would take it for an empty PIN.
    response = yield Command(bytes(CommandAPDU(0x00, _VERIFY, 0x00, _SHORT_ID | key.sfi)))
    if classify(response.sw) in (StatusClass.WRONG_PIN, StatusClass.BLOCKED, StatusClass.OK):
        return tries_in(response.sw)
    raise CardProblem(problem_for(response).outcome, kind, sw=response.sw)


def recount(kind: PinKind) -> Procedure[int | None]:
    """P2 on a card that was just powered on, as after a loss during VERIFY."""
    yield from select_application(PIN_KEYS[kind].application, after_power_on=True)
    return (yield from query_tries(kind))


def verify_pin(pin: PinInput, *, allow_last_try: bool = False) -> Procedure[None]:
    """P3: show the PIN to the card, after asking how many tries are left (N7) and at most once (N8).

    Raises `CardProblem` with the PIN's kind and the tries left: blocked or last_try before anything was sent;
    wrong_pin or blocked as the card answered; unknown_outcome if the card was lost while it judged.
    `allow_last_try` may be given only for an attempt that the person wants after being told that it is the last.
    """
    kind = pin.kind
    tries = yield from query_tries(kind)
    if tries == 0:
        raise CardProblem(Outcome.BLOCKED, kind, tries_left=0)
    if tries == 1 and not allow_last_try:
        raise CardProblem(Outcome.LAST_TRY, kind, tries_left=1)
    command = CommandAPDU(0x00, _VERIFY, 0x00, _SHORT_ID | PIN_KEYS[kind].sfi, pin.apdu_bytes())
    try:
        response = yield Command(bytes(command), secret=True)
    except CardProblem:
        raise CardProblem(Outcome.UNKNOWN_OUTCOME, kind) from None
    if classify(response.sw) is not StatusClass.OK:
        raise (yield from _refusal(response, kind))


def _refusal(response: Response, kind: PinKind) -> Procedure[CardProblem]:
    """The end of an attempt that used a PIN, with the tries left: from the answer itself, else by asking (N8)."""
    left = tries_in(response.sw)
    if left is None:
        try:
            left = yield from query_tries(kind)
        except CardProblem:
            left = None
    return CardProblem(OUTCOMES[classify(response.sw)], kind, left, response.sw)


def read_four_information_file(pin: PinInput, *, allow_last_try: bool = False) -> Procedure[bytes]:
    """P4 without the parsing: EF 0408:0002 as it is on the card, for whoever also checks the issuer's record."""
    yield from identify()
    yield from verify_pin(pin, allow_last_try=allow_last_try)
    return (yield from read_file(FOUR_INFORMATION, ReadMode()))


def read_four_information(pin: PinInput, *, allow_last_try: bool = False) -> Procedure[FourInformation]:
    """P4: name, address, birth and sex, opened by the text PIN. First command of a session; four exchanges.

    Raises `CardProblem`: those of `identify` and `verify_pin`, malformed.
    """
    return _parsed((yield from read_four_information_file(pin, allow_last_try=allow_last_try)))


def _parsed(content: bytes) -> FourInformation:
    try:
        return parse(content)
    except TlvError:
        raise CardProblem(Outcome.MALFORMED) from None


def read_basic_information() -> Procedure[BasicInformation]:
    """EF 0408:0005, free: version, and whether the card declares extended length. The text application is selected.

    Raises `CardProblem` malformed.
    """
    content = yield from read_file(BASIC_INFORMATION, ReadMode())
    try:
        return parse_basic_information(content)
    except TlvError:
        raise CardProblem(Outcome.MALFORMED) from None


_CERTIFICATE_ENDINGS: Final = MappingProxyType(
    {
        StatusClass.NOT_FOUND: Outcome.NO_CERTIFICATE,
        # A card gives its certificate freely; the applet in a phone wants the PIN first (section 3.1).
        StatusClass.PIN_NEEDED: Outcome.PHONE_TOKEN,
    }
)


def read_authentication_certificate(*, after_power_on: bool = True, extended: bool = False) -> Procedure[bytes]:
    """P5: select the JPKI application and read the certificate (DER), before any PIN is asked for.

    Raises `CardProblem` no_certificate, phone_token, malformed. `extended` tries one extended-length read first.
    """
    yield from select_application(JPKI_AP, after_power_on=after_power_on)
    return (yield from _certificate(ReadMode(extended)))


def read_authority_certificate(*, extended: bool = False) -> Procedure[bytes]:
    """The certificate of the authority as the card carries it (EF 000B, DER), in the JPKI application.

    It is information only: trust comes from pinned roots, never from the card (section 11, row 4).
    """
    return (yield from read_file(AUTHENTICATION_AUTHORITY, ReadMode(extended), _CERTIFICATE_ENDINGS))


def _certificate(mode: ReadMode) -> Procedure[bytes]:
    return (yield from read_file(AUTHENTICATION_CERTIFICATE, mode, _CERTIFICATE_ENDINGS))


def sign_challenge(digest_input: bytes, pin: PinInput, *, allow_last_try: bool = False) -> Procedure[bytes]:
    """P6: sign `digest_input` (SHA-256, PKCS#1 v1.5) with the authentication key. The JPKI application is selected.

    Whoever receives the 256 bytes checks them with the certificate's key. Raises `CardProblem` as `verify_pin`,
    malformed for a signature of another length.
    """
    if pin.kind is not AUTHENTICATION_KEY.pin:
        raise ValueError("the authentication key is opened by the authentication PIN")
    yield from verify_pin(pin, allow_last_try=allow_last_try)
    response = yield from compute_signature(digest_input, _SHORT_ID | AUTHENTICATION_KEY.file.sfi)
    if classify(response.sw) is not StatusClass.OK:
        raise (yield from _refusal(response, pin.kind))
    if len(response.data) != AUTHENTICATION_KEY.signature_bytes:
        raise CardProblem(Outcome.MALFORMED)
    return response.data


def preview(*, extended: bool | ExtendedLength = False) -> Procedure[CardPreview]:
    """P1, P2 for both PINs and P5: everything a person should know before entering a PIN. Uses no try.

    The certificate's validity is not judged here. Raises `CardProblem` as `identify`, `query_tries` and P5 do.
    """
    yield from identify()
    text_tries = yield from query_tries(PinKind.TEXT)
    mode = yield from _read_mode(extended)
    yield from select_application(JPKI_AP, after_power_on=False)
    auth_tries = yield from query_tries(PinKind.AUTH)
    certificate = yield from _certificate(mode)
    return CardPreview(text_tries, auth_tries, certificate, mode.extended)


def _read_mode(extended: bool | ExtendedLength) -> Procedure[ReadMode]:
    """How long files are read in this session; with DECLARED the card is asked, in the text application."""
    if extended is not ExtendedLength.DECLARED:
        return ReadMode(extended in (True, ExtendedLength.AUTO))
    try:
        information = yield from read_basic_information()
    except CardProblem as problem:
        # A card that does not tell is read in short commands; a lost card ends here as anywhere.
        if problem.outcome is not Outcome.MALFORMED:
            raise
        return ReadMode(False)
    return ReadMode(information.extended_length)


def read_whole(
    text_pin: PinInput,
    auth_pin: PinInput,
    message: bytes,
    *,
    allow_last_try: bool | Collection[PinKind] = False,
    issuer_check: IssuerCheck | None = None,
    proof: ProofRequest | None = None,
    expected_certificate: bytes | None = None,
    extended: bool | ExtendedLength = False,
) -> Procedure[CardReading]:
    """P9: the four information, the certificate and a signature over `message`, from one card in one session.

    `allow_last_try` is for both PINs, or names those of which the person was told that it is the last try.
    `issuer_check` adds P7: EF 0003 goes into it, is overwritten and is seen by nobody else; its verdict is returned.
    `proof` adds P8 where P7 said genuine.
    `expected_certificate` is the one a preview showed. That it is the same card is made sure of before any PIN is
    shown, by one SELECT and one READ instead of reading it all again; `AnotherCard` if not. Its application is
    selected then, so the signature comes first. The caller checks it with that certificate's key, which no other card
    can have made. `extended` reads long files at once where card and reader can, and falls back for the rest of the
    session. Raises `CardProblem` as P4, P5 and P6 do.
    """

    def text_part() -> Procedure[tuple[FourInformation, RecordVerdicts, ReadMode]]:
        last_try = _allowed(allow_last_try, text_pin.kind)
        content = yield from read_four_information_file(text_pin, allow_last_try=last_try)
        mode = yield from _read_mode(extended)
        return _parsed(content), (yield from judged_records(content, issuer_check, proof, mode)), mode

    def signature() -> Procedure[bytes]:
        return sign_challenge(message, auth_pin, allow_last_try=_allowed(allow_last_try, auth_pin.kind))

    if expected_certificate is not None:
        yield from make_sure_of(expected_certificate)
        certificate, signed = expected_certificate, (yield from signature())
        items, verdicts, _ = yield from text_part()
    else:
        items, verdicts, mode = yield from text_part()
        yield from select_application(JPKI_AP, after_power_on=False)
        certificate = yield from _certificate(mode)
        signed = yield from signature()
    return CardReading(items, certificate, signed, verdicts.issuer, verdicts.proof)


def _allowed(allow_last_try: bool | Collection[PinKind], kind: PinKind) -> bool:
    return allow_last_try if isinstance(allow_last_try, bool) else kind in allow_last_try
