"""Why a provider's result is put aside, how it came, and what staff may decide about it, as data (BR-43)."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """The way on which a result came."""

    ANSWER = "answer"
    INQUIRY = "inquiry"
    CALL_BACK = "call_back"
    FILE = "file"


class ProblemCode(StrEnum):
    """The message for staff (domain.md 3.2, E7xx)."""

    UNKNOWN_ORDER = "E701"
    ALREADY_RECORDED = "E702"
    ORDER_OF_ANOTHER = "E703"
    CONTRADICTS = "E704"


WORDS = {
    ProblemCode.UNKNOWN_ORDER: "該当する付与指図がありません。保留にしました。",
    ProblemCode.ALREADY_RECORDED: "受信済みの結果です。変更はありません。",
    ProblemCode.ORDER_OF_ANOTHER: "他社の付与指図に対する結果です。保留にしました。",
    ProblemCode.CONTRADICTS: "記録済みの結果と異なります。確認が必要です。",
}


class Resolution(StrEnum):
    """What became of a result that was put aside.

    ``no_change``: it says what is recorded already, so nobody has to decide. ``record_stands``: staff found our record
    right. ``granted_after_all``: staff found that an order recorded as failed had been carried out.
    """

    NO_CHANGE = "no_change"
    RECORD_STANDS = "record_stands"
    GRANTED_AFTER_ALL = "granted_after_all"
