"""What a person's file must be, and the picture that is drawn anew from it. Pure; nothing is stored here.

Only the points of the picture are kept: place, time and device (EXIF), previews, second pictures and whatever else a
file can carry are gone. A My Number written as a code (the QR code on the back of the card, on the notification and on
copies of them) is found and refused (BR-57, BR-59). Digits in a photograph are not read: no detector here does that
reliably, so the page asks the person to cover them, and staff take away what shows one.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import zxingcpp
from PIL import Image, ImageOps

from app.my_number import looks_like_my_number

MAX_FILES: Final = 3
MAX_FILE_BYTES: Final = 8 * 1024 * 1024
MAX_POINTS: Final = {"JPEG": 64_000_000, "PNG": 25_000_000}
"""A JPEG is opened at a part of its size; a PNG has to be unpacked whole, four bytes a point."""
MIN_SIDE: Final = 200
LONGEST_SIDE: Final = 2_400
QUALITY: Final = 85

_STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_ONE_AT_A_TIME = threading.Lock()
"""A picture takes up to two hundred megabytes while it is drawn; the others wait for a fraction of a second."""


class Why(StrEnum):
    """Why a file is not taken."""

    KIND = "kind"
    TOO_LARGE = "too_large"
    TOO_MANY_POINTS = "too_many_points"
    TOO_SMALL = "too_small"
    MOVES = "moves"
    DAMAGED = "damaged"
    NUMBER = "number"


class PictureRefused(Exception):
    """The file is not taken; nothing of it is kept. Carries the reason alone."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of our own making."""

    content: bytes
    width: int
    height: int

    def __repr__(self) -> str:
        return f"<picture {self.width} x {self.height}>"


def clean_picture(content: bytes) -> Picture:
    """Draw a picture anew from a file. Raises ``PictureRefused``."""
    if len(content) > MAX_FILE_BYTES:
        raise PictureRefused(Why.TOO_LARGE)
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
    if kind is None:
        raise PictureRefused(Why.KIND)
    with _ONE_AT_A_TIME:
        plain = _drawn(content, kind)
        if any(looks_like_my_number(code.text) for code in zxingcpp.read_barcodes(plain.convert("L"))):
            raise PictureRefused(Why.NUMBER)
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), *plain.size)


def _drawn(content: bytes, kind: str) -> Image.Image:
    # MPO is what many phones write: a JPEG followed by a second one. The first is the photograph.
    formats = ("JPEG", "MPO") if kind == "JPEG" else ("PNG",)
    try:
        with Image.open(io.BytesIO(content), formats=formats) as opened:
            if opened.width * opened.height > MAX_POINTS[kind]:
                raise PictureRefused(Why.TOO_MANY_POINTS)
            if min(opened.size) < MIN_SIDE:
                raise PictureRefused(Why.TOO_SMALL)
            if kind == "PNG" and getattr(opened, "is_animated", False):
                raise PictureRefused(Why.MOVES)
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            opened.load()
            upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        plain = Image.new("RGB", upright.size, "white")
        plain.paste(upright, mask=upright.getchannel("A") if "A" in upright.getbands() else None)
        return plain
    except PictureRefused:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise PictureRefused(Why.TOO_MANY_POINTS) from None
    except Exception:  # a damaged file makes the library raise anything, and its text may quote the file
        raise PictureRefused(Why.DAMAGED) from None
