"""窓口: visits bound to one card tap, the two sides of the desk, tickets, alarms and readers (BR-50 to BR-56)."""

from app.counter.alarms import AlarmView, NotYours, alarms_of, close_alarm
from app.counter.call_next import NotCounterStaff, call_next, close_desk, give_up
from app.counter.children import NEXT_CARD, next_child
from app.counter.documents import DocumentToSee, documents_to_see, see_document
from app.counter.follow import follow
from app.counter.identify import FaceItems, identify
from app.counter.readers import (
    MAX_LABEL,
    LabelRefused,
    ReaderCode,
    ReaderView,
    issue_reader_code,
    pair_reader,
    reader_of,
    readers_of,
    revoke_reader,
)
from app.counter.states import CounterState
from app.counter.steps import (
    Visit,
    agree,
    change,
    choose,
    chosen_service,
    confirm,
    give_account,
    judged,
    leave,
    touch,
    visit_of,
)
from app.counter.tickets import TicketRefused, TicketView, issue_ticket, tickets_of
from app.counter.view import CounterView
from app.counter.visit import CANCELLED, FINISHED, SELF, VisitOver

__all__ = [
    "CANCELLED",
    "FINISHED",
    "MAX_LABEL",
    "NEXT_CARD",
    "SELF",
    "AlarmView",
    "CounterState",
    "CounterView",
    "DocumentToSee",
    "FaceItems",
    "LabelRefused",
    "NotCounterStaff",
    "NotYours",
    "ReaderCode",
    "ReaderView",
    "TicketRefused",
    "TicketView",
    "Visit",
    "VisitOver",
    "agree",
    "alarms_of",
    "call_next",
    "change",
    "choose",
    "chosen_service",
    "close_alarm",
    "close_desk",
    "confirm",
    "documents_to_see",
    "follow",
    "give_account",
    "give_up",
    "identify",
    "issue_reader_code",
    "issue_ticket",
    "judged",
    "leave",
    "next_child",
    "pair_reader",
    "reader_of",
    "readers_of",
    "revoke_reader",
    "see_document",
    "tickets_of",
    "touch",
    "visit_of",
]
