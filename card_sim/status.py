"""Status words the simulated card answers with (card.md section 6), and the refusal that carries one."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """SW1-SW2 of a response, as the card means it."""

    OK = 0x9000
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    COMMAND_DOES_NOT_FIT_FILE = 0x6981
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    KEY_BLOCKED_ISO = 0x6983
    KEY_BLOCKED = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_FILE = 0x6986
    WRONG_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_PARAMETERS = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    OFFSET_OUTSIDE_FILE = 0x6B00
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    CLASS_NOT_SUPPORTED = 0x6E00
    NO_DIAGNOSIS = 0x6F00


def tries_left_word(tries_left: int) -> int:
    """63Cx: a failed comparison, or the answer to a query, with the tries that are left (0-15)."""
    return 0x63C0 | tries_left


class Refusal(Exception):
    """A command the card does not carry out; `word` is the status word of its answer."""

    def __init__(self, word: int) -> None:
        super().__init__(f"{word:04X}")
        self.word = word
