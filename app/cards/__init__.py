"""Card sessions: challenge out, card result in, verification, evidence out."""

from app.cards.agents import (
    AgentRevoked,
    OwnReader,
    Reader,
    all_readers,
    any_reader_by_number,
    enrol_agent,
    find_reader,
    is_enrolled,
    is_revoked,
    listed_readers,
    place_at_counter,
    reader_at_counter,
    reader_of_municipality,
    readers_of_municipality,
    take_from_counter,
)
from app.cards.erase import erase_readings, erase_readings_of
from app.cards.evidence import EvidenceView, ask_evidence, evidence_of, latest_address_code
from app.cards.finish import ResultIn, finish_session
from app.cards.pairing import LIFE_MINUTES, CounterPlace, issue_pair_code, pair_agent
from app.cards.relay import RelayError, relay_step
from app.cards.requests import authenticate_agent
from app.cards.revocation_lists import fetch_revocation_lists
from app.cards.revoke import revoke_agent
from app.cards.sessions import (
    PROGRESS,
    ReaderBusy,
    SessionView,
    Task,
    cancel_session,
    end_sessions_of,
    note_progress,
    open_session,
    take_session,
    view_session,
)
from app.cards.stated import evidence_by_staff, evidence_on_paper

__all__ = [
    "LIFE_MINUTES",
    "PROGRESS",
    "AgentRevoked",
    "CounterPlace",
    "EvidenceView",
    "OwnReader",
    "Reader",
    "ReaderBusy",
    "RelayError",
    "ResultIn",
    "SessionView",
    "Task",
    "all_readers",
    "any_reader_by_number",
    "ask_evidence",
    "authenticate_agent",
    "cancel_session",
    "end_sessions_of",
    "enrol_agent",
    "erase_readings",
    "erase_readings_of",
    "evidence_by_staff",
    "evidence_of",
    "evidence_on_paper",
    "fetch_revocation_lists",
    "find_reader",
    "finish_session",
    "is_enrolled",
    "is_revoked",
    "issue_pair_code",
    "latest_address_code",
    "listed_readers",
    "note_progress",
    "open_session",
    "pair_agent",
    "place_at_counter",
    "reader_at_counter",
    "reader_of_municipality",
    "readers_of_municipality",
    "relay_step",
    "revoke_agent",
    "take_from_counter",
    "take_session",
    "view_session",
]
