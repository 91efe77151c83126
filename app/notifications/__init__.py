"""お知らせ: messages by mail, to people who gave an address and proved to read it."""

from app.notifications.address import (
    AddressRefused,
    Answer,
    ContactView,
    confirm_address,
    contact_of,
    forget_address,
    give_address,
    note_undeliverable,
)
from app.notifications.outbox import erase_contact, erase_messages
from app.notifications.queries import Waiting, waiting_messages
from app.notifications.remind import remind
from app.notifications.send import send_waiting

__all__ = [
    "AddressRefused",
    "Answer",
    "ContactView",
    "Waiting",
    "confirm_address",
    "contact_of",
    "erase_contact",
    "erase_messages",
    "forget_address",
    "give_address",
    "note_undeliverable",
    "remind",
    "send_waiting",
    "waiting_messages",
]
