"""Orders and results by file: each order in one file, files in their order, rows booked once wherever it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import clock, db, maintenance, payments, points, settings
from app.applications import handlers
from app.cli import cli
from app.payments import gateways
from app.payments.gateways.file import FileRefused
from app.points import OrderState, Taken, tasks
from app.points.models import GrantOrder
from tests.conftest import TEST_KEYS
from tests.points.conftest import AMOUNT, POLICY, Approved, approve, books_are_right, counters, grant, orders_of
from tests.points.fake_provider import FakeProvider

PROVIDER = "PRV-01"


@pytest.fixture
def ordered(policy: str, told: list[object]) -> Iterator[list[Approved]]:
    """Three orders for a provider that is reached by file."""
    gateways.register_by_file(PROVIDER)
    yield [approve(f"{number:013}", order=True) for number in (1, 2, 3)]
    gateways.forget_all()


def _ids(ordered: list[Approved]) -> list[UUID]:
    return [orders_of(approved)[-1].id for approved in ordered]


def _result(
    rows: list[str], *, number: int = 1, answers: int = 1, kind: str = "FULL", provider: str = PROVIDER
) -> bytes:
    done = sum("succeeded" in row for row in rows)
    lines = [
        f"H,todoke-grant-results,1,{provider},{number},{answers},{kind}",
        *rows,
        f"T,{len(rows)},{done},{done * AMOUNT}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _done(order_id: UUID) -> str:
    return f"D,{order_id},{POLICY},succeeded,{AMOUNT},T-{str(order_id)[-4:]},"


def _refused(content: bytes, provider: str = PROVIDER) -> str:
    with pytest.raises(FileRefused) as caught:
        points.take_result_file(provider, content)
    with db.reading() as session:
        assert session.execute(text("SELECT count(*) FROM result_file_rows")).scalar_one() == 0
    return str(caught.value)


def _take(content: bytes) -> dict[Taken, int]:
    taken = points.take_result_file(PROVIDER, content)
    return dict(points.book_result_file(PROVIDER, taken.sequence_no))


def test_an_order_goes_into_one_file_and_the_file_can_be_made_again_byte_for_byte(ordered: list[Approved]) -> None:
    for approved in ordered:
        points.send_order(POLICY, orders_of(approved)[-1].id)
    first = points.export_grant_file(PROVIDER)
    assert first is not None
    assert (first.sequence_no, first.order_count, first.total) == (1, 3, 3 * AMOUNT)
    assert points.export_grant_file(PROVIDER) is None
    late = approve("0000000000004", order=True)
    second = points.export_grant_file(PROVIDER)
    assert second is not None
    assert second.sequence_no == 2
    assert str(orders_of(late)[-1].id) in second.content.decode()
    assert points.grant_file_again(PROVIDER, 1).content == first.content
    assert {o.state for approved in ordered for o in orders_of(approved)} == {OrderState.SENT}
    assert "0000000000001" not in repr(first)


def test_an_order_by_file_is_never_asked_about_by_call(ordered: list[Approved]) -> None:
    points.export_grant_file(PROVIDER)
    gateways.register(PROVIDER, FakeProvider())
    points.inquire_order(POLICY, _ids(ordered)[0])
    assert orders_of(ordered[0])[-1].state == OrderState.SENT


def test_no_file_is_made_while_staff_hold_the_provider_or_for_one_reached_otherwise(ordered: list[Approved]) -> None:
    payments.hold_line(PROVIDER, "test")
    with pytest.raises(points.FileExchangeRefused, match="held"):
        points.export_grant_file(PROVIDER)
    payments.resume_line(PROVIDER)
    assert points.export_grant_file(PROVIDER) is not None
    gateways.register("PRV-02", FakeProvider())
    with pytest.raises(points.FileExchangeRefused, match="not reached by file"):
        points.export_grant_file("PRV-02")
    with pytest.raises(points.FileExchangeRefused, match="no file 9"):
        points.grant_file_again(PROVIDER, 9)


def test_partial_files_complete_a_file_of_orders_one_after_another(ordered: list[Approved]) -> None:
    points.export_grant_file(PROVIDER)
    one, two, three = _ids(ordered)
    assert _state() == "sent"
    assert _take(_result([_done(one)], kind="PARTIAL")) == {Taken.RECORDED: 1}
    assert _state() == "partial"
    failed = f"D,{three},{POLICY},failed,{AMOUNT},,account_closed"
    assert _take(_result([_done(two), failed], number=2)) == {Taken.RECORDED: 2}
    assert _state() == "complete"
    assert (counters().granted, counters().committed) == (2 * AMOUNT, AMOUNT)
    assert grant(ordered[2]).order_at is None
    assert books_are_right()


def _state() -> str:
    with db.reading() as session:
        return points.grant_file_statuses(session)[0].state


def test_a_full_file_that_leaves_an_order_out_is_refused(ordered: list[Approved]) -> None:
    points.export_grant_file(PROVIDER)
    assert "1件の結果がありません" in _refused(_result([_done(i) for i in _ids(ordered)[:2]]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": 2}, "E705"),
        ({"answers": 9}, "E701"),
        ({"provider": "PRV-02"}, "E703"),
    ],
    ids=["a number is missing", "no such file of orders", "another provider"],
)
def test_files_out_of_place_are_refused(ordered: list[Approved], changes: dict[str, object], code: str) -> None:
    points.export_grant_file(PROVIDER)
    assert code in _refused(_result([_done(i) for i in _ids(ordered)], **changes))
    assert counters().granted == 0


def test_the_same_file_again_changes_nothing_and_another_under_its_number_is_refused(ordered: list[Approved]) -> None:
    points.export_grant_file(PROVIDER)
    content = _result([_done(i) for i in _ids(ordered)])
    assert _take(content) == {Taken.RECORDED: 3}
    assert points.take_result_file(PROVIDER, content).already
    assert dict(points.book_result_file(PROVIDER, 1)) == {}
    with pytest.raises(FileRefused, match="E704"):
        points.take_result_file(PROVIDER, content.replace(b"T-", b"X-"))
    assert counters().granted == 3 * AMOUNT


def test_promise_10_a_booking_that_died_half_way_goes_on_where_it_stopped(
    ordered: list[Approved], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.points import result_files, tasks

    points.export_grant_file(PROVIDER)
    points.take_result_file(PROVIDER, _result([_done(i) for i in _ids(ordered)]))
    book, booked = result_files.take_results, []

    def die_at_the_second(*args: object) -> list[Taken]:
        booked.append(args)
        if len(booked) == 2:
            book(*args)
            raise SystemExit  # after the booking, before the commit
        return book(*args)

    monkeypatch.setattr(result_files, "take_results", die_at_the_second)
    with pytest.raises(SystemExit):
        points.book_result_file(PROVIDER, 1)
    assert counters().granted == AMOUNT
    monkeypatch.setattr(result_files, "take_results", book)
    tasks.book_left_result_files(timestamp=0)
    assert counters().granted == 3 * AMOUNT
    with db.reading() as session:
        assert result_files.unbooked_result_files(session) == []
    assert books_are_right()


def test_a_file_whose_orders_changed_since_is_not_made_again(ordered: list[Approved]) -> None:
    file = points.export_grant_file(PROVIDER)
    assert file is not None
    with db.transaction() as session:
        session.execute(text("UPDATE grant_files SET digest = :d"), {"d": hashlib.sha256(b"other").digest()})
    with pytest.raises(points.FileExchangeRefused, match="backup"):
        points.grant_file_again(PROVIDER, 1)


def test_an_operator_exchanges_files_on_the_command_line(
    ordered: list[Approved], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://localhost"}
    values |= {"STATE_DIR": str(tmp_path), "TRUST_ANCHORS_ENVIRONMENT": "test"}
    monkeypatch.setattr(handlers, "register", lambda: None)  # the applications behind these grants are not made here
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    monkeypatch.setattr(settings.Settings, "keys", property(lambda self: TEST_KEYS))
    settings.current.cache_clear()
    out = tmp_path / "out"
    out.mkdir()

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["grant-files", *arguments])
        return done.exit_code, done.output

    assert "3 orders, 30,000 points" in run("export", PROVIDER, "--out", str(out))[1]
    (path,) = out.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert run("export", PROVIDER, "--out", str(out)) == (0, "no order waits\n")
    assert run("again", PROVIDER, "1", "--out", str(out))[0] == 0
    path.write_bytes(b"changed")
    assert "differs" in run("again", PROVIDER, "1", "--out", str(out))[1]
    results = tmp_path / "results.csv"
    results.write_bytes(_result([_done(i) for i in _ids(ordered)]).replace(b"30000", b"30001"))
    code, output = run("take", PROVIDER, str(results))
    assert (code, "nothing was taken" in output, "E705" in output) == (1, True, True)
    results.write_bytes(_result([_done(i) for i in _ids(ordered)]))
    assert "3 rows, 3 recorded" in run("take", PROVIDER, str(results))[1]
    assert "taken before" in run("take", PROVIDER, str(results))[1]
    assert "complete" in run("list")[1]
    settings.current.cache_clear()
    with db.reading() as session:
        assert session.query(GrantOrder).filter_by(state="succeeded").count() == 3


def test_while_the_workers_pause_no_file_goes_out_and_none_is_booked(ordered: list[Approved]) -> None:
    points.export_grant_file(PROVIDER)
    points.take_result_file(PROVIDER, _result([_done(order_id) for order_id in _ids(ordered)]))
    later = approve("4000000000000", order=True)
    now = clock.now()
    maintenance.add_window(now, now + timedelta(hours=2), stops_orders=True, note="更新", by="ops")
    with clock.frozen(now + timedelta(hours=1)):
        with pytest.raises(points.FileExchangeRefused, match="pause"):
            points.export_grant_file(PROVIDER)
        tasks.book_result_file_rows(PROVIDER, 1)
        tasks.book_left_result_files(timestamp=0)
        assert counters().granted == 0
    with clock.frozen(now + timedelta(hours=3)):
        tasks.book_left_result_files(timestamp=0)
        assert counters().granted == 3 * AMOUNT
        out = points.export_grant_file(PROVIDER)
    assert out is not None
    assert (out.order_count, orders_of(later)[-1].file_no) == (1, 2)
