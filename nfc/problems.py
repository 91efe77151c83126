"""How reading a card can end, as one enumeration and one exception (card.md section 8)."""

from enum import StrEnum
from typing import Final

from nfc.pins import PinKind


class Outcome(StrEnum):
    """The end of a procedure. The values travel to the server as they are."""

    OK = "ok"
    WRONG_PIN = "wrong_pin"
    LAST_TRY = "last_try"
    BLOCKED = "blocked"
    NOT_THIS_CARD = "not_this_card"
    PHONE_TOKEN = "phone_token"  # noqa: S105 - a kind of token, not a secret
    NO_CERTIFICATE = "no_certificate"
    MALFORMED = "malformed"
    CARD_UNUSABLE = "card_unusable"
    CARD_FAULT = "card_fault"
    ORDER_BUG = "order_bug"
    UNKNOWN_OUTCOME = "unknown_outcome"
    """The card went silent during VERIFY: the try may or may not have been counted (P3)."""

    NO_SERVICE = "no_service"
    NO_READER = "no_reader"
    NO_CARD = "no_card"
    CARD_BUSY = "card_busy"
    CARD_REMOVED = "card_removed"
    COMM_ERROR = "comm_error"


TRANSPORT_OUTCOMES: Final = frozenset(
    {
        Outcome.NO_SERVICE,
        Outcome.NO_READER,
        Outcome.NO_CARD,
        Outcome.CARD_BUSY,
        Outcome.CARD_REMOVED,
        Outcome.COMM_ERROR,
    }
)
"""Outcomes that a transport reports about the way to the card, not about the card's answer."""


class CardProblem(Exception):
    """The one failure of procedures and transports. It carries facts to act on and never a byte read from the card.

    `pin_kind` says which PIN the outcome is about, `tries_left` is what the card last told (0 = blocked, None = not
    known), `sw` the status word behind the outcome, if there was one.
    """

    def __init__(
        self,
        outcome: Outcome,
        pin_kind: PinKind | None = None,
        tries_left: int | None = None,
        sw: int | None = None,
    ) -> None:
        self.outcome = outcome
        self.pin_kind = pin_kind
        self.tries_left = tries_left
        self.sw = sw
        facts = [outcome.value]
        if pin_kind is not None:
            facts.append(f"pin={pin_kind.value}")
        if tries_left is not None:
            facts.append(f"tries_left={tries_left}")
        if sw is not None:
            facts.append(f"sw={sw:04X}")
        super().__init__(" ".join(facts))

    def __repr__(self) -> str:
        return f"CardProblem({self.args[0]})"


class AnotherCard(CardProblem):
    """Not the card that a preview showed lies there now. Found out before any PIN was shown to it."""

    def __init__(self) -> None:
        super().__init__(Outcome.CARD_REMOVED)
