"""Hands messages to the mail server (SMTP), with a limit on every wait, and says what became of each."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from enum import Enum, auto
from types import TracebackType
from typing import Self

from app import clock
from app.notifications.words import Words
from app.settings import MailServer

_NAME = "とどけ"


class Delivery(Enum):
    """What the mail server did with one message."""

    TAKEN = auto()
    LATER = auto()
    """Not now: it is tried again by plan."""
    NO_SUCH_ADDRESS = auto()
    REFUSED = auto()
    """For good, and not for the address's sake."""


class ServerUnreachable(Exception):
    """No connection, no sign-in, or it broke off; the text is the kind of fault, never what was said."""


class Postman:
    """One connection to the mail server, opened by ``with``. Raises ``ServerUnreachable``."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        server = self._server
        try:
            if server.tls == "tls":
                self._connection = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=server.timeout_seconds, context=ssl.create_default_context()
                )
            else:
                self._connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
            if server.tls == "starttls":
                self._connection.starttls(context=ssl.create_default_context())
            if server.user:
                self._connection.login(server.user, server.password)
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise ServerUnreachable(type(error).__name__) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def deliver(self, address: str, words: Words, message_id: str) -> Delivery:
        """Hand one message over. ``message_id`` is the same whenever this message is tried again."""
        assert self._connection is not None
        message = self._message(address, words, message_id)
        try:
            self._connection.send_message(message, self._server.sender, [address])
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            return Delivery.NO_SUCH_ADDRESS if code in _NO_SUCH_ADDRESS else _by(code)
        except smtplib.SMTPResponseException as refused:
            if isinstance(refused, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
                raise ServerUnreachable(type(refused).__name__) from None
            return _by(refused.smtp_code)
        except (OSError, smtplib.SMTPException) as error:
            raise ServerUnreachable(type(error).__name__) from None
        return Delivery.TAKEN

    def _message(self, address: str, words: Words, message_id: str) -> EmailMessage:
        name, _, host = self._server.sender.rpartition("@")
        message = EmailMessage()
        message["From"] = Address(_NAME, name, host)
        message["To"] = address
        message["Subject"] = words.subject
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{message_id}@{host}>"
        # No machine answers to this, and no list is told that somebody is away (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(words.body)
        return message

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


# Mailbox unknown, not allowed, or moved away (RFC 5321, 4.2.3); a full one (552) may be emptied.
_NO_SUCH_ADDRESS = frozenset({550, 551, 553})


def _by(code: int) -> Delivery:
    return Delivery.REFUSED if 500 <= code < 600 and code != 552 else Delivery.LATER
