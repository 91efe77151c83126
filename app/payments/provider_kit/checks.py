"""The checks, as a list: each says in one sentence what a provider promises, and asks until it knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

from app.payments.provider_kit.probe import MAX_ANSWER_BYTES, CheckFailed, Order, Probe, expect, order_of, refused

AT_ONCE = 8
_FINAL = frozenset({"succeeded", "failed"})


@dataclass(frozen=True)
class Check:
    """One promise and how it is tried. ``needs`` names what of the subject must be known; without it it is skipped."""

    name: str
    promise: str
    run: Callable[[Probe], None]
    needs: str | None = None


def _token(probe: Probe) -> None:
    for token in ("", "not-the-token"):
        expect(probe.ask("GET", f"/v1/grant-orders/{uuid4()}", token=token), 401, 403)
        order_id = uuid4()
        body = {"service_id": probe.subject.service_id, "account": probe.subject.account, "amount": 1, "policy_id": "X"}
        headers = {"Idempotency-Key": str(order_id)}
        expect(probe.ask("PUT", f"/v1/grant-orders/{order_id}", json_body=body, headers=headers, token=token), 401, 403)


def _taken(probe: Probe) -> None:
    order = probe.new_order()[1]
    if order.state == "closed":
        raise CheckFailed("a new order was answered as closed")


def _again(probe: Probe) -> None:
    order_id, first = probe.new_order()
    for _ in range(2):
        _same(first, order_of(probe.put(order_id), 200, 201, 202))


def _at_once(probe: Probe) -> None:
    order_id = uuid4()
    answers = _parallel(lambda: order_of(probe.put(order_id), 200, 201, 202))
    numbers = {order.transaction_no for order in answers} - {None}
    if len(numbers) > 1:
        raise CheckFailed(f"one order sent {AT_ONCE} times at once has {len(numbers)} transaction numbers")


def _other_content(probe: Probe) -> None:
    order_id, first = probe.new_order()
    for change in ({"amount": probe.subject.amount + 1}, {"policy_id": "KIT-002"}):
        refused(probe.put(order_id, **change))
    _same(first, order_of(probe.get(order_id), 200))


def _key(probe: Probe) -> None:
    order_id = uuid4()
    refused(probe.put(order_id, key=str(uuid4())))
    expect(probe.get(order_id), 404)


def _inquiry(probe: Probe) -> None:
    order_id, first = probe.new_order()
    _same(first, order_of(probe.get(order_id), 200))


def _unknown(probe: Probe) -> None:
    expect(probe.get(uuid4()), 404)


def _ruled_out(probe: Probe) -> None:
    order_id = uuid4()
    _must_be_closed(probe, order_of(probe.rule_out(order_id), 200))
    _must_be_closed(probe, order_of(probe.put(order_id), 409))
    _must_be_closed(probe, order_of(probe.get(order_id), 200))


def _ruled_out_again(probe: Probe) -> None:
    order_id = uuid4()
    for _ in range(2):
        _must_be_closed(probe, order_of(probe.rule_out(order_id), 200))


def _too_late_to_rule_out(probe: Probe) -> None:
    order_id, first = probe.new_order()
    _same(first, order_of(probe.rule_out(order_id), 200))
    _same(first, order_of(probe.get(order_id), 200))


def _race(probe: Probe) -> None:
    """Sent and ruled out in the same moment: one of the two is first, and everybody is told the same."""
    for _ in range(AT_ONCE):
        order_id = uuid4()
        with ThreadPoolExecutor(2) as pool:
            sent = pool.submit(lambda wanted: order_of(probe.put(wanted), 200, 201, 202, 409), order_id)
            closed = pool.submit(lambda wanted: order_of(probe.rule_out(wanted), 200), order_id)
            states = {sent.result().state == "closed", closed.result().state == "closed"}
        states.add(order_of(probe.get(order_id), 200).state == "closed")
        if len(states) > 1:
            raise CheckFailed("an order that was sent and ruled out at once is closed for one and done for the other")


def _amounts(probe: Probe) -> None:
    for amount in (0, -1, 1.5, "100", True, None, 10**15):
        order_id = uuid4()
        refused(probe.put(order_id, amount=amount))
        expect(probe.get(order_id), 404)


def _service(probe: Probe) -> None:
    order_id = uuid4()
    refused(probe.put(order_id, service_id="NO-SUCH-SERVICE"))
    expect(probe.get(order_id), 404)


def _nonsense(probe: Probe) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    for content in (b"", b"{", b"[]", b"\xff", b'"text"'):
        path = f"/v1/grant-orders/{headers['Idempotency-Key']}"
        refused(probe.ask("PUT", path, content=content, headers=headers))


def _numbers_differ(probe: Probe) -> None:
    numbers = [order.transaction_no for order in (probe.new_order()[1], probe.new_order()[1]) if order.transaction_no]
    if len(set(numbers)) != len(numbers):
        raise CheckFailed("two orders have the same transaction_no")


def _right_code(probe: Probe) -> None:
    assert probe.subject.code is not None
    body = expect(probe.verify(probe.subject.account, probe.subject.code), 200).json()
    if body.get("result") != "verified":
        raise CheckFailed("the right security code was not verified")
    masked = body.get("holder_masked")
    if masked is not None and not (isinstance(masked, str) and 0 < len(masked) <= 100):
        raise CheckFailed("holder_masked is not a text of 1 to 100 characters")
    if body.get("fits") not in (None, True, False):
        raise CheckFailed("fits is neither true nor false")


def _wrong_code(probe: Probe) -> None:
    code = probe.subject.code or "0000"
    wrong = "".join("1" if character == "0" else "0" for character in code)
    _gives_nothing_away(probe.verify(probe.subject.account, wrong).json(), "wrong_code", "a wrong security code")


def _unknown_account(probe: Probe) -> None:
    assert probe.subject.unknown_account is not None
    body = probe.verify(probe.subject.unknown_account, "0000").json()
    _gives_nothing_away(body, "unknown_account", "an unknown account")


def _no_account_in_refusals(probe: Probe) -> None:
    probe.put(uuid4(), amount=-1)
    probe.put(uuid4(), service_id="NO-SUCH-SERVICE")
    for answer in probe.answers:
        if answer.status >= 400 and probe.subject.account.encode() in answer.body:
            raise CheckFailed(f"{answer.what}: the refusal repeats the account")


def _form(probe: Probe) -> None:
    probe.new_order()
    expect(probe.get(uuid4()), 404)
    for answer in probe.answers:
        if answer.content_type not in ("application/json", "application/problem+json"):
            raise CheckFailed(f"{answer.what} answered {answer.status} as {answer.content_type or 'nothing'}, not JSON")
        if len(answer.body) > MAX_ANSWER_BYTES:
            raise CheckFailed(f"{answer.what}: the answer is longer than {MAX_ANSWER_BYTES} bytes")
        answer.json()


def _in_time(probe: Probe) -> None:
    probe.get(probe.new_order()[0])
    slowest = max(probe.answers, key=lambda answer: answer.seconds)
    if slowest.seconds > probe.subject.limit_seconds:
        raise CheckFailed(f"{slowest.what} took {slowest.seconds:.1f} s, more than {probe.subject.limit_seconds:g} s")


CHECKS: Sequence[Check] = (
    Check("token", "A request without the right token is refused with 401 or 403.", _token),
    Check("taken", "A new order is taken in and answered with its state.", _taken),
    Check("again", "The same order again gives the same answer and no second grant.", _again),
    Check("at_once", "The same order several times at once is one grant.", _at_once),
    Check("other_content", "An order id with another content is refused and changes nothing.", _other_content),
    Check("key", "The Idempotency-Key must be the order id; else the order is not received.", _key),
    Check("inquiry", "An inquiry tells the state of an order.", _inquiry),
    Check("unknown", "An order that was never received is 404.", _unknown),
    Check("ruled_out", "An order that was ruled out is never carried out, even if it arrives later.", _ruled_out),
    Check("ruled_out_again", "Ruling an order out twice is the same as once.", _ruled_out_again),
    Check("too_late", "An order that was received can't be ruled out; the answer is its state.", _too_late_to_rule_out),
    Check("race", "An order sent and ruled out in the same moment has one outcome for everybody.", _race),
    Check("amounts", "Only positive whole numbers are amounts; anything else is not received.", _amounts),
    Check("service", "An unknown service is refused.", _service),
    Check("nonsense", "A body that is no agreed JSON is refused as the caller's mistake.", _nonsense),
    Check("numbers", "Every order has a transaction number of its own.", _numbers_differ),
    Check("right_code", "An account with its right security code is verified.", _right_code, "code"),
    Check("wrong_code", "A wrong security code is not verified and names no holder.", _wrong_code, "code"),
    Check(
        "unknown_account",
        "An unknown account is not verified; no holder is named.",
        _unknown_account,
        "unknown_account",
    ),
    Check("refusals", "A refusal never repeats the account.", _no_account_in_refusals),
    Check("form", "Every answer is JSON of a sensible length.", _form),
    Check("in_time", "Every answer comes in time.", _in_time),
)


def _same(first: Order, later: Order) -> None:
    """A later answer may only be further on the way: accepted becomes succeeded or failed, and then stays."""
    if first.state in _FINAL and (first.state, first.transaction_no) != (later.state, later.transaction_no):
        raise CheckFailed(f"the order was {first.state}, and later {later.state} or under another transaction_no")
    if later.state == "closed":
        raise CheckFailed("a received order became closed")


def _must_be_closed(probe: Probe, order: Order) -> None:
    if order.state != "closed":
        raise CheckFailed(f"{probe.answers[-1].what}: an order that was ruled out is {order.state}")


def _gives_nothing_away(body: dict[str, object], result: str, what: str) -> None:
    if body.get("result") != result:
        raise CheckFailed(f"{what} was not answered as {result}")
    if body.get("holder_masked") is not None:
        raise CheckFailed(f"{what} was answered with a holder")
    if body.get("fits") is not None:
        raise CheckFailed(f"{what} was answered with how much the balance takes")


def _parallel(ask: Callable[[], Order]) -> list[Order]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(ask) for _ in range(AT_ONCE)]]


def by_name(name: str) -> Check:
    """One check of the list; ``KeyError`` when there is none of this name."""
    return {check.name: check for check in CHECKS}[name]


__all__ = ["AT_ONCE", "CHECKS", "Check", "by_name"]
