"""Call-backs of providers: signed, fresh, taken once; forged, late, replayed and foreign ones change nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock, db, points
from app.payments.gateways import GatewayAnswer
from app.points.models import CallBack, GrantOrder, QuarantinedResult
from tests.web.service import OTHER_SECRET, SECRET, Service, check_is_clear, providers_json, running

PATH = "/api/provider/v1/grant-results"
AMOUNT = 10_000


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database, tmp_path, monkeypatch, PROVIDERS=providers_json()) as service:
        service.provider.decide = lambda instruction: GatewayAnswer("accepted")
        yield service


@pytest.fixture
def order(service: Service) -> GrantOrder:
    """An order that the provider has accepted."""
    service.browser().apply("TP-02")
    with db.reading() as session:
        grant_id = session.scalars(select(points.models.Grant.id)).one()
    with db.transaction() as session:
        grant = session.scalars(select(points.models.Grant).where(points.models.Grant.id == grant_id)).one()
        if grant.state == "planned":
            book = points.Book(session, grant.policy_id)
            points.order_grant(session, book, grant)
            book.close()
    found = _order()
    points.send_order(found.policy_id, found.id)
    return _order()


def _order() -> GrantOrder:
    with db.reading() as session:
        row = session.scalars(select(GrantOrder)).one()
        session.expunge_all()
        return row


def _body(order: GrantOrder, **changes: object) -> bytes:
    content = {
        "order_id": str(order.id),
        "policy_id": order.policy_id,
        "state": "succeeded",
        "amount": order.amount,
        "transaction_no": "T-77",
    }
    return json.dumps(content | changes).encode()


def _post(
    service: Service,
    body: bytes,
    *,
    event: object = None,
    provider: str = "PRV-01",
    secret: str = SECRET,
    age: timedelta = timedelta(0),
    **headers: str,
) -> TestResponse:
    stamp, event_id = str(int((clock.real_now() - age).timestamp())), str(event or uuid4())
    signed = {
        "X-Todoke-Provider": provider,
        "X-Todoke-Timestamp": stamp,
        "X-Todoke-Event": event_id,
        "X-Todoke-Signature": points.sign(secret.encode(), stamp, event_id, body),
    }
    return service.app.test_client().post(
        PATH,
        data=body,
        content_type="application/json",
        headers=signed | {name.replace("_", "-"): value for name, value in headers.items()},
    )


def _rows(model: type) -> int:
    with db.reading() as session:
        return session.query(model).count()


def test_a_call_back_books_the_grant_and_the_person_sees_it(service: Service, order: GrantOrder) -> None:
    answer = _post(service, _body(order))
    assert (answer.status_code, answer.get_json()) == (200, {"outcome": "recorded"})
    assert (_order().state, _order().transaction_no) == ("succeeded", "T-77")
    assert service.applications()[0].state == "fulfilled"


def test_a_call_back_twice_is_one_grant_and_both_are_answered(service: Service, order: GrantOrder) -> None:
    event = uuid4()
    assert _post(service, _body(order), event=event).get_json() == {"outcome": "recorded"}
    assert _post(service, _body(order), event=event).get_json() == {"outcome": "already_recorded"}
    assert _post(service, _body(order)).get_json() == {"outcome": "already_recorded"}
    with db.reading() as session:
        assert points.check_invariants(session) == []
        assert points.held_for(session, order.policy_id, service.applications()[0].id, points.Account.GRANTED) == AMOUNT


def test_the_same_call_back_at_the_same_moment_is_taken_once(service: Service, order: GrantOrder) -> None:
    event, outcomes, start = uuid4(), [], threading.Barrier(4)

    def post() -> None:
        start.wait()
        outcomes.append(_post(service, _body(order), event=event).get_json()["outcome"])

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already_recorded"] * 3 + ["recorded"]
    assert _rows(CallBack) == 1


def test_out_of_order_call_backs_end_with_the_final_result(service: Service, order: GrantOrder) -> None:
    assert _post(service, _body(order)).get_json() == {"outcome": "recorded"}
    late = _body(order, state="accepted", transaction_no=None)
    assert _post(service, late).get_json() == {"outcome": "already_recorded"}
    assert _order().state == "succeeded"


def test_an_event_id_with_another_content_is_refused(service: Service, order: GrantOrder) -> None:
    event = uuid4()
    assert _post(service, _body(order), event=event).status_code == 200
    other = _body(order, state="failed", transaction_no=None, reason="account_closed")
    check_is_clear(_post(service, other, event=event), 409)
    assert _order().state == "succeeded"
    assert _rows(QuarantinedResult) == 0


def _tampered(service: Service, order: GrantOrder) -> dict[str, TestResponse]:
    good = _body(order)
    other_body = _post(service, good, X_Todoke_Signature=_signature_of(_body(order, amount=1)))
    return {
        "unsigned": service.app.test_client().post(PATH, data=good, content_type="application/json"),
        "another secret": _post(service, good, secret="not the secret at all"),
        "another body": other_body,
        "another event": _post(service, good, X_Todoke_Event=str(uuid4())),
        "a newer time": _post(service, good, age=timedelta(hours=1), X_Todoke_Timestamp=_stamp()),
        "late": _post(service, good, age=timedelta(minutes=6)),
        "from the future": _post(service, good, age=-timedelta(minutes=6)),
        "a time that is none": _post(service, good, X_Todoke_Timestamp="١٢٣"),
        "an endless time": _post(service, good, X_Todoke_Timestamp="9" * 400),
        "a signature that is none": _post(service, good, X_Todoke_Signature="v1=é"),
        "an unknown provider": _post(service, good, provider="PRV-99"),
        "another provider's name": _post(service, good, provider="PRV-02"),
        "a provider without a secret": _post(service, good, provider="PRV-03"),
    }


def _stamp() -> str:
    return str(int(clock.real_now().timestamp()))


def _signature_of(body: bytes) -> str:
    return points.sign(SECRET.encode(), _stamp(), str(UUID(int=1)), body)


def test_forged_replayed_and_late_call_backs_are_refused_and_leave_nothing(service: Service, order: GrantOrder) -> None:
    for what, answer in _tampered(service, order).items():
        assert answer.status_code == 401, what
        check_is_clear(answer, 401)
    assert _order().state == "accepted"
    assert (_rows(CallBack), _rows(QuarantinedResult)) == (0, 0)


def test_a_call_back_stays_old_when_business_time_is_moved(service: Service, order: GrantOrder) -> None:
    with clock.frozen(clock.now() - timedelta(hours=1)):
        assert _post(service, _body(order), age=timedelta(hours=1)).status_code == 401


def test_e703_another_provider_can_say_nothing_about_this_order(service: Service, order: GrantOrder) -> None:
    answer = _post(service, _body(order), provider="PRV-02", secret=OTHER_SECRET)
    assert answer.get_json() == {"outcome": "put_aside"}
    assert _order().state == "accepted"
    unknown = _post(service, _body(order, order_id=str(uuid4())), provider="PRV-02", secret=OTHER_SECRET)
    assert unknown.get_json() == answer.get_json(), "whose an order is stays untold"


@pytest.mark.parametrize(
    "change",
    [
        {"state": "closed"},
        {"amount": 0},
        {"transaction_no": "x" * 101},
        {"transaction_no": "a\nb"},
        {"reason": "Konto zu!"},
        {"order_id": "1"},
        {"name": "山田"},
    ],
)
def test_a_body_outside_the_agreed_form_is_refused(
    service: Service, order: GrantOrder, change: dict[str, object]
) -> None:
    check_is_clear(_post(service, _body(order, **change)), 400)
    assert _order().state == "accepted"


def test_a_body_that_is_too_long_or_an_event_that_is_no_id_is_refused(service: Service, order: GrantOrder) -> None:
    assert _post(service, _body(order) + b" " * 5_000).status_code == 400
    assert _post(service, _body(order), event="1").status_code == 400


def test_ids_of_call_backs_are_remembered_longer_than_a_call_back_is_fresh(service: Service, order: GrantOrder) -> None:
    from app.points.call_backs import FRESH_FOR, REMEMBER_FOR, forget_old_call_backs

    _post(service, _body(order))
    forget_old_call_backs()
    assert _rows(CallBack) == 1
    assert REMEMBER_FOR > 2 * FRESH_FOR
    with db.transaction() as session:
        for row in session.query(CallBack):
            row.taken_at -= REMEMBER_FOR + timedelta(seconds=1)
    forget_old_call_backs()
    assert _rows(CallBack) == 0
