"""A payment provider in memory that keeps its word: one grant per order id, none for an order it ruled out."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from app.payments.gateways import (
    AccountAnswer,
    Closed,
    GatewayAnswer,
    GatewayTimeout,
    GrantInstruction,
    NotReceived,
)


class WorkerKilled(BaseException):
    """Stands for a process that dies: nothing catches it."""


class FakeProvider:
    """``book`` is what it carried out. Hooks make it slow, silent, or take the worker down."""

    def __init__(self) -> None:
        self.book: list[GrantInstruction] = []
        self.answers: dict[UUID, GatewayAnswer] = {}
        self.ruled_out: set[UUID] = set()
        self.received: list[UUID] = []
        self.room: int | None = None  # how many points a balance takes, where the provider says so
        self.holder: str | None = None  # what it shows of whose an account is
        self.decide: Callable[[GrantInstruction], GatewayAnswer] = self._grant
        self.before_doing: Callable[[], None] = lambda: None
        self.after_doing: Callable[[], None] = lambda: None
        self.on_inquiry: Callable[[], None] = lambda: None

    def verify_account(self, service_id: str, account: str, code: str, amount: int | None) -> AccountAnswer:
        fits = None if self.room is None or amount is None else amount <= self.room
        return AccountAnswer("verified", self.holder, fits)

    def send(self, instruction: GrantInstruction) -> GatewayAnswer:
        self.before_doing()
        answer = self.do(instruction)
        self.after_doing()
        return answer

    def do(self, instruction: GrantInstruction) -> GatewayAnswer:
        """Carry the order out, once; also what a message does that arrives late."""
        self.received.append(instruction.order_id)
        if instruction.order_id in self.ruled_out:
            return GatewayAnswer("failed", reason="closed")
        if instruction.order_id not in self.answers:
            self.answers[instruction.order_id] = self.decide(instruction)
        return self.answers[instruction.order_id]

    def inquire(self, order_id: UUID) -> GatewayAnswer | NotReceived:
        self.on_inquiry()
        return self.answers.get(order_id) or NotReceived()

    def close(self, order_id: UUID) -> GatewayAnswer | Closed:
        if order_id in self.answers:
            return self.answers[order_id]
        self.ruled_out.add(order_id)
        return Closed()

    def _grant(self, instruction: GrantInstruction) -> GatewayAnswer:
        self.book.append(instruction)
        return GatewayAnswer("succeeded", transaction_no=f"T-{len(self.book)}")


def silence() -> None:
    raise GatewayTimeout("no answer")


def death() -> None:
    raise WorkerKilled
