"""`todoke worker`, except that it dies of SIGKILL at one moment of sending a grant order. Run by its test alone.

The argument names the moment: ``picked_up`` (the job is taken, nothing is done), ``before_sending`` (the order is
marked as sent, the provider has heard nothing), ``after_answer`` (the provider has answered, nothing is recorded).
"""

from __future__ import annotations

import os
import signal
import sys
from uuid import UUID

from app.cli.serve import worker
from app.payments import gateways
from app.payments.gateways import AccountAnswer, Closed, Gateway, GatewayAnswer, GrantInstruction, NotReceived
from app.points import deliver


def die(*_: object) -> None:
    """As with `kill -9`: nothing is cleaned up, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


class DoomedGateway:
    """The real way to the provider, and the end of this process around one message."""

    def __init__(self, real: Gateway, moment: str) -> None:
        self._real = real
        self._moment = moment

    def send(self, instruction: GrantInstruction) -> GatewayAnswer:
        if self._moment == "before_sending":
            die()
        answer = self._real.send(instruction)
        die()
        return answer

    def verify_account(self, service_id: str, account: str, code: str, amount: int | None) -> AccountAnswer:
        return self._real.verify_account(service_id, account, code, amount)

    def inquire(self, order_id: UUID) -> GatewayAnswer | NotReceived:
        return self._real.inquire(order_id)

    def close(self, order_id: UUID) -> GatewayAnswer | Closed:
        return self._real.close(order_id)


if __name__ == "__main__":
    provider_id, when = sys.argv[1:]
    gateways.register(provider_id, DoomedGateway(gateways.for_provider(provider_id), when))
    if when == "picked_up":
        deliver.send_order = die  # type: ignore[assignment]  # it never returns
    worker.main(args=[], prog_name="doomed-worker")
