"""自治体: the code table, check digits, and the way from an address to a municipality."""

from app.municipalities.addresses import Resolution, Status, normalise, resolve
from app.municipalities.codes import check_digit, is_valid_code
from app.municipalities.import_table import TableRefused, import_table
from app.municipalities.places import Place, find_place
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
from app.municipalities.variants import fold_variants

__all__ = [
    "Kind",
    "Municipality",
    "Place",
    "Resolution",
    "Status",
    "Table",
    "TableRefused",
    "UnknownMunicipality",
    "check_digit",
    "configure",
    "covers",
    "current_table",
    "find",
    "find_place",
    "fold_variants",
    "get",
    "import_table",
    "is_valid_code",
    "label",
    "load_table",
    "normalise",
    "resolve",
]
