"""What becomes of a message: sent once, tried again by plan, given up, or kept while there is no mail server."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import clock, db, notifications, settings
from app.cli import cli
from app.notifications.postman import Postman
from app.notifications.queries import KEPT_FOR, forget_old_messages
from app.notifications.send import LEASE, RETRY_PLAN, TOO_OLD
from app.settings import Settings, SettingsRefused
from tests.applications.applicants import Applicant, apply, open_policy, rows_in
from tests.notifications.conftest import ADDRESS, SITE, Post


@pytest.fixture
def told(post: Post) -> Applicant:
    """Somebody whose receipt waits to be sent."""
    open_policy(capacity=10)
    who = post.reader()
    apply(who)
    return who


def receipt_row() -> tuple[str, int, str | None]:
    with db.reading() as session:
        row = session.execute(text("SELECT state, attempts, problem FROM messages WHERE kind = 'receipt'")).one()
        return row.state, row.attempts, row.problem


def test_without_a_mail_server_nothing_is_lost_and_it_is_said_plainly(post: Post, told: Applicant) -> None:
    assert notifications.send_waiting(None, SITE) == 0
    assert receipt_row() == ("queued", 0, None)
    answer = CliRunner().invoke(cli, ["check", "mail"])
    assert answer.exit_code == 1
    assert "no mail server is set up" in answer.output
    assert "1 messages wait" in answer.output
    assert len(post.send()) == 1, "once there is one"


def test_check_says_where_mail_goes(post: Post, told: Applicant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODOKE_MAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("TODOKE_MAIL_PORT", str(post.server.port))
    monkeypatch.setenv("TODOKE_MAIL_TLS", "none")
    monkeypatch.setenv("TODOKE_MAIL_FROM", "todoke@example.jp")
    settings.current.cache_clear()
    assert CliRunner().invoke(cli, ["mail", "send"]).output == "1 messages sent\n"
    answer = CliRunner().invoke(cli, ["check", "mail"])
    assert answer.exit_code == 0
    assert f"mail goes through 127.0.0.1:{post.server.port} as todoke@example.jp" in answer.output


def test_a_server_that_is_away_is_tried_again_by_plan_and_then_given_up(post: Post, told: Applicant) -> None:
    away = post.silent
    now = clock.now()
    for attempt, gap in enumerate(RETRY_PLAN, 1):
        with clock.frozen(now):
            assert notifications.send_waiting(away, SITE) == 0
            assert notifications.send_waiting(away, SITE) == 0, "not before its time"
            assert receipt_row() == ("queued", attempt, "ConnectionRefusedError")
        now += gap
    with clock.frozen(now):
        notifications.send_waiting(away, SITE)
    assert receipt_row() == ("failed", len(RETRY_PLAN) + 1, "later")
    assert post.send() == []


def test_it_comes_through_once_the_server_is_back(post: Post, told: Applicant) -> None:
    notifications.send_waiting(post.silent, SITE)
    with clock.frozen(clock.now() + RETRY_PLAN[0]):
        assert len(post.send()) == 1
        assert post.send() == []
    assert receipt_row() == ("sent", 2, None)


def test_a_full_mailbox_is_tried_again(post: Post, told: Applicant) -> None:
    post.box.full.add(ADDRESS)
    assert post.send() == []
    assert receipt_row() == ("queued", 1, "later")
    post.box.full.clear()
    with clock.frozen(clock.now() + RETRY_PLAN[0]):
        assert len(post.send()) == 1


def test_an_address_that_the_server_does_not_know_gets_nothing_more(post: Post, told: Applicant) -> None:
    post.box.unknown.add(ADDRESS)
    assert post.send() == []
    assert receipt_row() == ("failed", 1, "no_such_address")
    with db.reading() as session:
        view = notifications.contact_of(session, told.person_id)
    assert view is not None
    assert view.has_failed


def test_a_worker_that_died_while_sending_leaves_it_to_the_next_with_the_same_message_id(
    post: Post, told: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing catches it."""

    deliver = Postman.deliver

    def deliver_and_die(*arguments: object) -> None:
        deliver(*arguments)
        raise Killed

    monkeypatch.setattr(Postman, "deliver", deliver_and_die)
    with pytest.raises(Killed):
        post.send()
    assert receipt_row() == ("sending", 1, None)
    monkeypatch.undo()
    assert post.send() == [], "another worker may still be at it"
    with clock.frozen(clock.now() + LEASE):
        (again,) = post.send()
    first = post.box.mails()[1]
    assert again.message_id == first.message_id, "so that a mailbox can tell that it is the same"


def test_many_workers_send_each_message_once(post: Post) -> None:
    open_policy(capacity=50)
    readers = [post.reader(address=f"reader{number}@example.jp") for number in range(12)]
    for reader in readers:
        apply(reader)
    before = len(post.box.mails())
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        notifications.send_waiting(post.server, SITE)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    caught = post.box.mails()[: len(post.box.mails()) - before]
    assert sorted(mail.to for mail in caught) == sorted(f"reader{number}@example.jp" for number in range(12))


def test_what_waited_too_long_is_news_no_more(post: Post, told: Applicant) -> None:
    with clock.frozen(clock.now() + TOO_OLD + timedelta(seconds=1)):
        assert post.send() == []
    assert receipt_row() == ("dropped", 0, "too_old")


def test_what_is_settled_is_forgotten_after_90_days(post: Post, told: Applicant) -> None:
    post.send()
    for late, left in ((timedelta(0), 2), (timedelta(seconds=1), 0)):
        with clock.frozen(clock.now() + KEPT_FOR + late), db.transaction() as session:
            forget_old_messages(session)
        assert rows_in("messages") == left


def test_bounced_addresses_are_read_from_standard_input(post: Post, told: Applicant) -> None:
    answer = CliRunner().invoke(cli, ["mail", "bounced"], input=f"{ADDRESS}\n\nnobody@example.jp\n")
    assert answer.output == "2 addresses read, 1 were in use and get no more mail\n"
    assert post.send() == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"mail_host": "mail.example.jp"}, "TODOKE_MAIL_FROM"),
        ({"mail_user": "u"}, "go together"),
        ({"mail_host": "mail.example.jp", "mail_from": "a@example.jp", "mail_tls": "none"}, "in clear"),
        ({"mail_catcher_url": "http://127.0.0.1:8006/"}, "demo and tests only"),
        ({"mail_from": "a@b\r\nX: y"}, "pattern"),
    ],
)
def test_settings_that_are_unsafe_or_incomplete_stop_the_start(given: dict[str, str], fault: str) -> None:
    safe = {
        "environment": "production",
        "database_url": "postgresql://x",
        "public_url": "https://todoke.example.jp",
        "keys_file": "keys.json",
        "trusted_proxies": 1,
    }
    with pytest.raises(ValueError, match=fault):
        Settings(**(safe | given))


def test_the_password_comes_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "mail.secret"
    values = {
        "environment": "test",
        "database_url": "postgresql://x",
        "public_url": "http://localhost",
        "mail_host": "mail.example.jp",
        "mail_from": "todoke@example.jp",
        "mail_user": "todoke",
        "mail_password_file": secret,
    }
    current = Settings(**values)
    with pytest.raises(SettingsRefused, match="TODOKE_MAIL_PASSWORD_FILE"):
        assert current.mail_server
    secret.write_text("s3cret\n")
    server = current.mail_server
    assert server is not None
    assert (server.password, server.tls, server.port) == ("s3cret", "starttls", 587)
    assert "s3cret" not in repr(server) + repr(current)
    assert replace(server, port=25).port == 25
