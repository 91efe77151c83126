"""窓口: visits bound to one card tap, the two sides of the desk, tickets, alarms and readers (BR-50 to BR-56)."""

from app.counter.alarms import AlarmView, NotYours, alarms_of, close_alarm, forget_accounts_of
from app.counter.apply_instead import apply_instead
from app.counter.call_next import NotCounterStaff, call_next, close_desk, finish, give_up
from app.counter.children import NEXT_CARD, next_child
from app.counter.choosing import CHOOSE, Choosing, find_application
from app.counter.copied import MAX_ADDRESS, MAX_NAME, FaceItems, ItemRefused
from app.counter.documents import DocumentToSee, documents_to_see, see_document
from app.counter.follow import follow
from app.counter.identify import identify
from app.counter.look_up import ReceiptView, look_up_receipt
from app.counter.paper import NoServiceLater, OwnPaper, TicketOnPaper, enter_paper
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
from app.counter.served import givers_served, policies_to_choose_for, policy_served
from app.counter.slips import MAX_NOTE, SlipOnPaper, SlipReason, SlipRefused, forget_notes_of
from app.counter.states import CounterState
from app.counter.steps import (
    Visit,
    agree,
    change,
    choose,
    choosing_shown,
    chosen_service,
    confirm,
    give_account,
    judged,
    leave,
    touch,
    visit_of,
)
from app.counter.tell import decisions_to_tell, tell
from app.counter.tickets import (
    USABLE_FOR,
    DayNeeded,
    TicketRefused,
    TicketUsed,
    TicketView,
    issue_ticket,
    policies_with_tickets,
    tickets_of,
)
from app.counter.view import CounterView
from app.counter.visit import CANCELLED, FINISHED, GONE, NOT_SAME, SELF, TICKET_USED, VisitOver

__all__ = [
    "CANCELLED",
    "CHOOSE",
    "FINISHED",
    "GONE",
    "MAX_ADDRESS",
    "MAX_LABEL",
    "MAX_NAME",
    "MAX_NOTE",
    "NEXT_CARD",
    "NOT_SAME",
    "SELF",
    "TICKET_USED",
    "USABLE_FOR",
    "AlarmView",
    "Choosing",
    "CounterState",
    "CounterView",
    "DayNeeded",
    "DocumentToSee",
    "FaceItems",
    "ItemRefused",
    "LabelRefused",
    "NoServiceLater",
    "NotCounterStaff",
    "NotYours",
    "OwnPaper",
    "ReaderCode",
    "ReaderView",
    "ReceiptView",
    "SlipOnPaper",
    "SlipReason",
    "SlipRefused",
    "TicketOnPaper",
    "TicketRefused",
    "TicketUsed",
    "TicketView",
    "Visit",
    "VisitOver",
    "agree",
    "alarms_of",
    "apply_instead",
    "call_next",
    "change",
    "choose",
    "choosing_shown",
    "chosen_service",
    "close_alarm",
    "close_desk",
    "confirm",
    "decisions_to_tell",
    "documents_to_see",
    "enter_paper",
    "find_application",
    "finish",
    "follow",
    "forget_accounts_of",
    "forget_notes_of",
    "give_account",
    "give_up",
    "givers_served",
    "identify",
    "issue_reader_code",
    "issue_ticket",
    "judged",
    "leave",
    "look_up_receipt",
    "next_child",
    "pair_reader",
    "policies_to_choose_for",
    "policies_with_tickets",
    "policy_served",
    "reader_of",
    "readers_of",
    "revoke_reader",
    "see_document",
    "tell",
    "tickets_of",
    "touch",
    "visit_of",
]
