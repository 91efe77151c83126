"""What becomes of a file at the door: a picture drawn anew, or a reason why not. Nothing else of it stays."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.documents import MAX_FILE_BYTES, PictureRefused, Why, clean_picture
from tests.documents.files import (
    MY_NUMBER,
    SECRET_PLACE,
    exif,
    moving,
    photograph,
    promised_points,
    saved,
    with_qr,
)


def refused(content: bytes) -> Why:
    with pytest.raises(PictureRefused) as refusal:
        clean_picture(content)
    return refusal.value.why


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photograph_is_drawn_anew_as_a_plain_jpeg(kind: str) -> None:
    sent = photograph(kind=kind)
    picture = clean_picture(sent)
    with Image.open(io.BytesIO(picture.content)) as opened:
        assert (opened.format, opened.mode, opened.size) == ("JPEG", "RGB", (1_200, 900))
        assert not opened.getexif()
        assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        red, green, blue = opened.getpixel((600, 450))
    assert min(red, green, blue) > 245, "the paper is white still"
    assert "picture 1200 x 900" in repr(picture)
    assert repr(picture.content[:4]) not in repr(picture)


def test_where_and_with_what_it_was_taken_is_gone() -> None:
    sent = photograph()
    assert SECRET_PLACE.encode() in sent, "the test would find it"
    content = clean_picture(sent).content
    for trace in (SECRET_PLACE.encode(), b"TESTPHONE", b"Exif"):
        assert trace not in content


def test_a_hidden_file_behind_the_picture_is_gone() -> None:
    content = clean_picture(photograph() + b"PK\x03\x04 hidden archive <script>").content
    assert b"hidden" not in content


def test_a_picture_taken_sideways_stands_upright() -> None:
    picture = clean_picture(saved(Image.new("RGB", (1_000, 600)), "JPEG", exif=exif(orientation=6)))
    assert (picture.width, picture.height) == (600, 1_000)


def test_a_large_photograph_becomes_smaller_and_what_is_transparent_white() -> None:
    picture = clean_picture(saved(Image.new("RGB", (6_000, 4_000), "navy"), "JPEG"))
    assert (picture.width, picture.height) == (2_400, 1_600)
    assert len(picture.content) < 2 * 1024 * 1024
    clear = clean_picture(saved(Image.new("RGBA", (400, 300), (0, 0, 0, 0)), "PNG"))
    with Image.open(io.BytesIO(clear.content)) as opened:
        assert opened.getpixel((200, 150)) == (255, 255, 255)


def test_the_second_picture_of_a_phones_file_is_dropped() -> None:
    """Many phones write a JPEG with another behind it (MPO): depth, a preview, a moment earlier."""
    second = Image.new("RGB", (400, 300), "red")
    sent = saved(Image.new("RGB", (400, 300), "white"), "MPO", save_all=True, append_images=[second])
    with Image.open(io.BytesIO(sent)) as opened:
        assert getattr(opened, "n_frames", 1) == 2
    with Image.open(io.BytesIO(clean_picture(sent).content)) as drawn:
        assert getattr(drawn, "n_frames", 1) == 1
        assert drawn.getpixel((200, 150)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Why.KIND),
        (b"%PDF-1.7 ...", Why.KIND),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", Why.KIND),
        (b"GIF89a" + bytes(100), Why.KIND),
        (b"\x00\x00\x00\x18ftypheic" + bytes(100), Why.KIND),
        (b"\xff\xd8\xff" + b"\0" * MAX_FILE_BYTES, Why.TOO_LARGE),
        (b"\xff\xd8\xff\xe0 not a picture", Why.DAMAGED),
        (photograph()[:5_000], Why.DAMAGED),
        (promised_points(60_000, 60_000), Why.TOO_MANY_POINTS),
        (promised_points(6_000, 6_000), Why.TOO_MANY_POINTS),
        (photograph(width=100, height=100), Why.TOO_SMALL),
        (moving("PNG"), Why.MOVES),
    ],
    ids=lambda value: value.value if isinstance(value, Why) else None,
)
def test_what_is_no_photograph_is_refused_with_its_reason(content: bytes, why: Why) -> None:
    assert refused(content) is why


@pytest.mark.parametrize("text", [MY_NUMBER, "１２３４ ５６７８ ９０１８", f"番号は{MY_NUMBER}です"])
@pytest.mark.parametrize("turned", [0, 17, 90])
def test_br_59_the_code_on_the_back_of_a_card_is_found_and_refused(text: str, turned: float) -> None:
    assert refused(with_qr(text, turned=turned)) is Why.NUMBER


@pytest.mark.parametrize("text", ["https://example.jp/", "123456789017", "1234567890189"])
def test_br_57_a_code_without_a_my_number_is_no_reason(text: str) -> None:
    assert clean_picture(with_qr(text)).width == 2_000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4_000), st.binary(min_size=1, max_size=40), st.sampled_from(["JPEG", "PNG"]))
def test_damage_anywhere_is_a_picture_or_a_reason_and_nothing_else(at: int, noise: bytes, kind: str) -> None:
    whole = _SMALL[kind]
    content = whole[:at] + noise + whole[at + len(noise) :]
    try:
        assert clean_picture(content).width > 0
    except PictureRefused as refusal:
        assert refusal.why in set(Why)  # either is right


_SMALL = {kind: photograph(300, 240, kind) for kind in ("JPEG", "PNG")}
