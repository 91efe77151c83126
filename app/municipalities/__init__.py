"""自治体: the code table, check digits, and the way from an address to a municipality."""

from app.municipalities.addresses import Resolution, Status, resolve
from app.municipalities.codes import check_digit, is_valid_code
from app.municipalities.search import find
from app.municipalities.table import (
    Kind,
    Municipality,
    Table,
    UnknownMunicipality,
    configure,
    covers,
    current_table,
    get,
    label,
    load_table,
)

__all__ = [
    "Kind",
    "Municipality",
    "Resolution",
    "Status",
    "Table",
    "UnknownMunicipality",
    "check_digit",
    "configure",
    "covers",
    "current_table",
    "find",
    "get",
    "is_valid_code",
    "label",
    "load_table",
    "resolve",
]
