"""What a receipt's QR code says: the signed private link, or the address of the application; both carry its number.

Neither carries a right: the link asks for a code that comes by mail, the address for the card, and at a counter the
number opens no more than the state (``counter.look_up_receipt``).
"""

from __future__ import annotations

import unicodedata

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

MAX_SCANNED = 500
_LINK, _PAGE = "/receipt/", "/applications/"


def token_of(receipt_no: str) -> str:
    """The signed part of the private link."""
    return str(_serializer().dumps(receipt_no))


def number_in(token: str) -> str | None:
    """The receipt number in a signed part; None for one that is not ours."""
    try:
        return str(_serializer().loads(token))
    except BadSignature:
        return None


def number_scanned(text: str) -> str | None:
    """The receipt number in what a scanner or a hand typed in: either address, or the number itself.

    None for what cannot be one. Widths, small letters and spaces do not matter in a number.
    """
    if len(text) > MAX_SCANNED:
        return None
    scanned = unicodedata.normalize("NFKC", text).strip()
    if _LINK in scanned:
        return number_in(scanned.rpartition(_LINK)[2].partition("?")[0])
    number = scanned.rpartition(_PAGE)[2].partition("?")[0]
    return "".join(number.split()).upper()


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="receipt-link")
