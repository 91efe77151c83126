"""お知らせ: messages by mail, to people who gave an address and proved to read it."""

from app.notifications.address import (
    AddressRefused,
    ContactView,
    confirm_address,
    contact_of,
    forget_address,
    give_address,
    note_undeliverable,
)
from app.notifications.codes import Answer
from app.notifications.outbox import erase_contact, erase_messages
from app.notifications.queries import Waiting, waiting_messages
from app.notifications.remind import remind
from app.notifications.send import send_waiting
from app.notifications.view_by_code import check_view_code, send_view_code, view_without_card

__all__ = [
    "AddressRefused",
    "Answer",
    "ContactView",
    "Waiting",
    "check_view_code",
    "confirm_address",
    "contact_of",
    "erase_contact",
    "erase_messages",
    "forget_address",
    "give_address",
    "note_undeliverable",
    "remind",
    "send_view_code",
    "send_waiting",
    "view_without_card",
    "waiting_messages",
]
