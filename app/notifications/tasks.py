"""Jobs of the messages."""

from __future__ import annotations

from app import db, settings
from app.jobs import tasks
from app.notifications.of_policies import tell_in_flight
from app.notifications.queries import forget_old_messages
from app.notifications.remind import remind
from app.notifications.send import send_waiting

LOCK = "notifications.send"


@tasks.periodic(cron="* * * * *")
@tasks.task(name="notifications.send_messages", queueing_lock="notifications.send_messages", lock=LOCK)
def send_messages(timestamp: int) -> None:
    """Send what waits, and try again what could not be sent."""
    _send()


@tasks.task(name="notifications.send_messages_now", lock=LOCK)
def send_messages_now() -> None:
    """Somebody sits before a page and waits for a code."""
    _send()


@tasks.task(name="notifications.tell_those_in_flight")
def tell_those_in_flight(policy_id: str, kind: str, change: str) -> None:
    """Something happened to a policy that concerns who applied."""
    tell_in_flight(policy_id, kind, change)


@tasks.periodic(cron="5 * * * *")
@tasks.task(name="notifications.remind", queueing_lock="notifications.remind")
def remind_of_deadlines(timestamp: int) -> None:
    """By day, in Japan: every hour, so that a worker that was down in the morning makes up for it."""
    remind()


@tasks.periodic(cron="50 17 * * *")
@tasks.task(name="notifications.forget_old", queueing_lock="notifications.forget_old")
def forget_old(timestamp: int) -> None:
    """What was sent long ago is forgotten."""
    with db.transaction() as session:
        forget_old_messages(session)


def _send() -> None:
    current = settings.current()
    send_waiting(current.mail_server, current.public_url)
