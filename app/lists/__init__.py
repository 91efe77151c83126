"""付与対象者名簿・除外名簿: loading lists, matching people to them without reading them, exporting safely.

``match`` answers whether a person is on a list; a strong level decides, everything else is for staff. Who passes a
check on a row notes it with ``claim_row``, so that a later version of the list can't lose the row unseen (E605).
"""

from app.lists.claims import ListView, claim_row, claimed_by, lists_of, loaders_of, read_row, refuse_loader
from app.lists.erase import erase_rows_of
from app.lists.export import OutputEncoding, Unencodable, neutralised, to_csv
from app.lists.files import discarded_afterwards
from app.lists.load import (
    GrantedLookup,
    ListReport,
    LoadInProgress,
    OtherOwner,
    Owner,
    UnknownList,
    load_list,
    register_list,
)
from app.lists.match import STRONG_LEVELS, Level, Match, Subject, match, subject_of
from app.lists.models import RecipientList
from app.lists.problems import ListRefused, Problem
from app.lists.store import Difference

__all__ = [
    "STRONG_LEVELS",
    "Difference",
    "GrantedLookup",
    "Level",
    "ListRefused",
    "ListReport",
    "ListView",
    "LoadInProgress",
    "Match",
    "OtherOwner",
    "OutputEncoding",
    "Owner",
    "Problem",
    "RecipientList",
    "Subject",
    "Unencodable",
    "UnknownList",
    "claim_row",
    "claimed_by",
    "discarded_afterwards",
    "erase_rows_of",
    "lists_of",
    "load_list",
    "loaders_of",
    "match",
    "neutralised",
    "read_row",
    "refuse_loader",
    "register_list",
    "subject_of",
    "to_csv",
]
