"""The simulated card: power, security state and command dispatch (card.md section 13).

A command meets the rules in this order: power, class, lengths, instruction, parameters, file, access, data. Whatever
arrives, the answer ends in a status word; nothing raises.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NoReturn

from card_sim import signing
from card_sim.apdu import SHORT_LE_MAX, Command, parse_command
from card_sim.ber import encode
from card_sim.files import (
    ISSUER_DOMAIN_AID,
    Application,
    Change,
    DataFile,
    File,
    FileId,
    FileRef,
    PinFile,
    PrivateKeyFile,
    RecordFile,
    UnknownFile,
    ref,
)
from card_sim.profile import CardProfile
from card_sim.state import CardState, MemoryStore, StateStore, StateUnavailable
from card_sim.status import Refusal, Status, tries_left_word

CURRENT_KEY = 0x80
"""P2 of VERIFY and of signing: the key EF that is selected."""

APPLICATION_KEY = 0x00
"""P2 of signing: the application's own key."""

RECORD_BY_NUMBER = 0x04
"""Low bits of P2 of READ RECORD: P1 is the number of the record."""

MAX_SECRET_OCTETS = 16


@dataclass
class _Session:
    """What the card forgets without power."""

    application: Application | None = None
    file: File | None = None
    verified: set[FileRef] = field(default_factory=set)
    commands_seen: int = 0


class SimulatedCard:
    """A card that answers APDU for APDU. Safe to use from several threads; one command runs at a time."""

    def __init__(self, profile: CardProfile, *, state_store: StateStore | None = None) -> None:
        self._profile = profile
        self._store: StateStore = state_store or MemoryStore()
        self._session: _Session | None = None
        self._lock = threading.Lock()

    @property
    def profile(self) -> CardProfile:
        """How the card was personalised."""
        return self._profile

    @property
    def atr(self) -> bytes:
        """Answer to reset; never a way to recognise a card (card.md N9)."""
        return self._profile.behaviour.atr

    def power_on(self) -> bytes:
        """Power the card: no application, nothing verified. Answers the ATR."""
        with self._lock:
            self._session = _Session()
        return self.atr

    def power_off(self) -> None:
        """Take the power away; the counters stay."""
        with self._lock:
            self._session = None

    def reset(self) -> bytes:
        """Warm reset: application and file are deselected, verified secrets stay (unless `clear_on_reset`)."""
        with self._lock:
            kept = set[FileRef]()
            if self._session is not None and not self._profile.behaviour.clear_on_reset:
                kept = self._session.verified
            self._session = _Session(verified=kept)
        return self.atr

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command APDU with data and status word. An unpowered card answers 6F00."""
        with self._lock:
            try:
                data = self._answer(apdu)
            except Refusal as refusal:
                return refusal.word.to_bytes(2)
            except StateUnavailable:
                return Status.MEMORY_FAILURE.to_bytes(2)
            return data + Status.OK.to_bytes(2)

    def _answer(self, apdu: bytes) -> bytes:
        if self._session is None:
            raise Refusal(Status.NO_DIAGNOSIS)
        self._session.commands_seen += 1
        if self._profile.behaviour.first_command_6f00 and self._session.commands_seen == 1:
            raise Refusal(Status.NO_DIAGNOSIS)
        if len(apdu) >= 4:
            _check_class(apdu[0])
        command = parse_command(apdu)
        if command.extended and not self._profile.behaviour.extended_length:
            raise Refusal(Status.WRONG_LENGTH)
        handler = HANDLERS.get((command.cla, command.ins))
        if handler is None:
            raise Refusal(Status.INSTRUCTION_NOT_SUPPORTED)
        return handler(self, self._session, command)

    # SELECT ---------------------------------------------------------------------------------------------------------

    def _select(self, session: _Session, command: Command) -> bytes:
        if command.p1 == 0x00:
            # Without an application the MF answers 6A86; with one it answers 9000 and changes nothing (card.md 5).
            if session.application is None:
                raise Refusal(Status.WRONG_PARAMETERS)
            return b""
        if command.p1 not in (0x02, 0x04) or command.p2 not in (0x00, 0x0C):
            raise Refusal(Status.WRONG_PARAMETERS)
        if command.p1 == 0x02:
            return self._select_file(session, command)
        return self._select_application(session, command)

    def _select_application(self, session: _Session, command: Command) -> bytes:
        if command.data == ISSUER_DOMAIN_AID:
            session.application, session.file = None, None
            session.verified.clear()
            return b""
        for application in self._profile.applications:
            if application.aid == command.data:
                session.application, session.file = application, None
                if self._profile.behaviour.clear_on_select:
                    session.verified.clear()
                wants_control_information = command.p2 == 0x00 and command.expected is not None
                return encode("6F", encode("84", application.aid)) if wants_control_information else b""
        raise Refusal(self._profile.behaviour.unknown_application_word)

    def _select_file(self, session: _Session, command: Command) -> bytes:
        if len(command.data) != 2:
            raise Refusal(Status.WRONG_LENGTH)
        application = _current_application(session)
        session.file = self._find(application, int.from_bytes(command.data)) or _refuse(Status.FILE_NOT_FOUND)
        return b""

    def _find(self, application: Application, fid: int) -> File | None:
        file = application.find(fid)
        return file if file is not None and self._profile.carries(ref(application, fid)) else None

    # VERIFY, CHANGE REFERENCE DATA ----------------------------------------------------------------------------------

    def _verify(self, session: _Session, command: Command) -> bytes:
        if command.p1 != 0x00:
            raise Refusal(Status.WRONG_PARAMETERS)
        application, pin = self._referenced_pin(session, command.p2)
        # A query is exactly four bytes: an Le, which has no meaning in a VERIFY, is a wrong length.
        if command.expected is not None or len(command.data) > MAX_SECRET_OCTETS:
            raise Refusal(Status.WRONG_LENGTH)
        key = ref(application, pin.fid)
        if not command.data:
            raise Refusal(tries_left_word(self._tries_left(self._store.read(), key, pin)))
        with self._store.update() as state:
            left = self._tries_left(state, key, pin)
            if left == 0:
                raise Refusal(self._profile.behaviour.blocked_word)
            # A wrong value also ends a verified state that an earlier right one had brought.
            session.verified.discard(key)
            right = hmac.compare_digest(command.data, self._secret(state, key))
            state.tries_left[key] = pin.tries if right else left - 1
        if not right:
            raise Refusal(tries_left_word(left - 1))
        session.verified.add(key)
        return b""

    def _change_reference_data(self, session: _Session, command: Command) -> bytes:
        return self._change(session, command, by=Change.REFERENCE_DATA, p1=0x01)

    def _change_key(self, session: _Session, command: Command) -> bytes:
        return self._change(session, command, by=Change.KEY, p1=0x00)

    def _change(self, session: _Session, command: Command, *, by: Change, p1: int) -> bytes:
        if command.p1 != p1:
            raise Refusal(Status.WRONG_PARAMETERS)
        application, pin = self._referenced_pin(session, command.p2)
        key = ref(application, pin.fid)
        if key not in session.verified:
            raise Refusal(Status.SECURITY_STATUS_NOT_SATISFIED)
        if pin.changed_by is not by:
            raise Refusal(Status.CONDITIONS_NOT_SATISFIED)
        if command.expected is not None or not 0 < len(command.data) <= MAX_SECRET_OCTETS:
            raise Refusal(Status.WRONG_LENGTH)
        if not pin.form.allows(command.data):
            raise Refusal(Status.WRONG_DATA)
        with self._store.update() as state:
            state.changed_secrets[key] = command.data
        return b""

    def _referenced_pin(self, session: _Session, p2: int) -> tuple[Application, PinFile]:
        """The key P2 names: the selected EF (80) or one by short id (80|sfi)."""
        if not p2 & 0x80 or p2 & 0x60:
            raise Refusal(Status.WRONG_PARAMETERS)
        if p2 == CURRENT_KEY:
            application = _current_application(session)
            file = session.file or _refuse(Status.NO_CURRENT_FILE)
            if not isinstance(file, PinFile):
                raise Refusal(Status.COMMAND_DOES_NOT_FIT_FILE)
            return application, file
        application = session.application or _refuse(Status.REFERENCE_NOT_FOUND)
        pin = self._find(application, p2 & 0x1F)
        if not isinstance(pin, PinFile):
            raise Refusal(Status.REFERENCE_NOT_FOUND)
        return application, pin

    def _tries_left(self, state: CardState, key: FileRef, pin: PinFile) -> int:
        return state.tries_left.get(key, self._profile.initial_tries.get(key, pin.tries))

    def _secret(self, state: CardState, key: FileRef) -> bytes:
        return state.changed_secrets.get(key, self._profile.secrets[key])

    # READ BINARY ----------------------------------------------------------------------------------------------------

    def _read_binary(self, session: _Session, command: Command) -> bytes:
        if command.data or command.expected is None:
            raise Refusal(Status.WRONG_LENGTH)
        application = _current_application(session)
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise Refusal(Status.WRONG_PARAMETERS)
            session.file = self._find(application, command.p1 & 0x1F) or _refuse(Status.FILE_NOT_FOUND)
            offset = command.p2
        else:
            offset = command.parameters
        file = session.file or _refuse(Status.NO_CURRENT_FILE)
        if isinstance(file, UnknownFile):
            raise Refusal(Status.SECURITY_STATUS_NOT_SATISFIED)
        if not isinstance(file, DataFile):
            raise Refusal(Status.COMMAND_DOES_NOT_FIT_FILE)
        _check_access(session, application, file.opened_by)
        content = self._profile.contents[ref(application, file.fid)]
        if offset >= len(content):
            raise Refusal(Status.OFFSET_OUTSIDE_FILE)
        return content[offset : offset + command.expected]

    def _read_record(self, session: _Session, command: Command) -> bytes:
        if command.data or command.expected is None:
            raise Refusal(Status.WRONG_LENGTH)
        if command.p2 & 0x07 != RECORD_BY_NUMBER:
            raise Refusal(Status.WRONG_PARAMETERS)
        application = _current_application(session)
        short_id = command.p2 >> 3
        if short_id:
            session.file = self._find(application, short_id) or _refuse(Status.FILE_NOT_FOUND)
        file = session.file or _refuse(Status.NO_CURRENT_FILE)
        if not isinstance(file, RecordFile):
            raise Refusal(Status.COMMAND_DOES_NOT_FIT_FILE)
        records = self._profile.records[ref(application, file.fid)]
        if not 1 <= command.p1 <= len(records):
            raise Refusal(Status.RECORD_NOT_FOUND)
        return records[command.p1 - 1][: command.expected]

    # Signing and the rest -------------------------------------------------------------------------------------------

    def _compute_digital_signature(self, session: _Session, command: Command) -> bytes:
        if command.p1 not in signing.MANNERS:
            raise Refusal(Status.WRONG_PARAMETERS)
        if command.expected is None or command.expected < SHORT_LE_MAX:
            raise Refusal(Status.WRONG_LENGTH)
        application, file = self._referenced_private_key(session, command.p2)
        _check_access(session, application, file.opened_by)
        return signing.sign(self._profile.private_keys[ref(application, file.fid)], command.p1, command.data)

    def _referenced_private_key(self, session: _Session, p2: int) -> tuple[Application, PrivateKeyFile]:
        """The key P2 names: the application's own (00), the selected EF (80) or one by short id (80|sfi)."""
        application = _current_application(session)
        if p2 == CURRENT_KEY:
            if not isinstance(session.file, PrivateKeyFile):
                raise Refusal(Status.NO_CURRENT_FILE)
            return application, session.file
        if p2 == APPLICATION_KEY:
            own = application.own_key
            file: File | None = own if own and self._profile.carries(ref(application, own.fid)) else None
        elif p2 & 0x80 and not p2 & 0x60:
            file = self._find(application, p2 & 0x1F)
        else:
            raise Refusal(Status.WRONG_PARAMETERS)
        if not isinstance(file, PrivateKeyFile):
            raise Refusal(Status.REFERENCE_NOT_FOUND)
        return application, file

    def _get_challenge(self, session: _Session, command: Command) -> bytes:
        if command.parameters != 0:
            raise Refusal(Status.WRONG_PARAMETERS)
        if command.extended:
            raise Refusal(Status.CONDITIONS_NOT_SATISFIED)
        if command.data or command.expected is None:
            raise Refusal(Status.WRONG_LENGTH)
        return os.urandom(command.expected)

    def _get_data(self, session: _Session, command: Command) -> bytes:
        if command.data or command.expected is None:
            raise Refusal(Status.WRONG_LENGTH)
        # OpenSC probes for an object of another card and accepts 6A88 (card.md 13).
        value = self._profile.data_objects.get(command.parameters)
        if value is None:
            raise Refusal(Status.REFERENCE_NOT_FOUND)
        if len(value) > command.expected:
            raise Refusal(Status.WRONG_LENGTH)
        return value


def _refuse(word: int) -> NoReturn:
    raise Refusal(word)


def _check_class(cla: int) -> None:
    if cla & 0x03:
        raise Refusal(Status.CHANNEL_NOT_SUPPORTED)
    if cla & 0x0C:
        raise Refusal(Status.SECURE_MESSAGING_NOT_SUPPORTED)
    if cla not in (0x00, 0x80):
        raise Refusal(Status.CLASS_NOT_SUPPORTED)


def _current_application(session: _Session) -> Application:
    return session.application or _refuse(Status.NO_CURRENT_FILE)


def _check_access(session: _Session, application: Application, opened_by: tuple[FileId, ...]) -> None:
    if opened_by and not any(ref(application, fid) in session.verified for fid in opened_by):
        raise Refusal(Status.SECURITY_STATUS_NOT_SATISFIED)


Handler = Callable[[SimulatedCard, _Session, Command], bytes]

HANDLERS: Mapping[tuple[int, int], Handler] = MappingProxyType(
    {
        (0x00, 0x20): SimulatedCard._verify,
        (0x00, 0x24): SimulatedCard._change_reference_data,
        (0x00, 0x84): SimulatedCard._get_challenge,
        (0x00, 0xA4): SimulatedCard._select,
        (0x00, 0xB0): SimulatedCard._read_binary,
        (0x00, 0xB2): SimulatedCard._read_record,
        (0x00, 0xCA): SimulatedCard._get_data,
        (0x80, 0x2A): SimulatedCard._compute_digital_signature,
        (0x80, 0x32): SimulatedCard._change_key,
    }
)
"""What each class and instruction does; all others answer 6D00."""
