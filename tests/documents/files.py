"""Files as people send them: photographs with traces of where they were taken, and files made to do harm."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import qrcode
from PIL import Image, ImageDraw

MY_NUMBER = "123456789018"
SECRET_PLACE = "35.6812,139.7671"


def photograph(width: int = 1_200, height: int = 900, kind: str = "JPEG", **more: Any) -> bytes:
    """A sheet of paper on a table; a JPEG says in its EXIF where it was taken and by what."""
    picture = Image.new("RGB", (width, height), "#6b5b4b")
    ImageDraw.Draw(picture).rectangle((width // 8, height // 8, width * 7 // 8, height * 7 // 8), fill="white")
    return saved(picture, kind, **({"exif": exif()} if kind == "JPEG" else {}) | more)


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = SECRET_PLACE
    tags[0x0110] = "TESTPHONE-9000"
    return tags


def with_qr(text: str, *, turned: float = 0) -> bytes:
    """The photograph of a card's back: a small code on a large table."""
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    cells = code.get_matrix()
    side = len(cells) * 8
    drawn = Image.new("L", (side, side), 255)
    for y, row in enumerate(cells):
        for x, dark in enumerate(row):
            if dark:
                drawn.paste(0, (x * 8, y * 8, x * 8 + 8, y * 8 + 8))
    table = Image.new("RGB", (2_000, 1_500), "#8a8a8a")
    table.paste(drawn.rotate(turned, expand=True, fillcolor=138), (700, 500))
    return saved(table, "JPEG")


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("white", "black")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


def promised_points(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that claims to be enormous."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()
