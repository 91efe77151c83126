"""Puts screenshots of the browser journey side by side for the README (docs/images/journey.png).

Usage: python tools/journey_picture.py   (after `make test`, which leaves the screenshots in test-output/journeys)
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SHOTS = Path("test-output") / "journeys" / "granted"
PAGES = ("施策", "条件の確認結果", "内容の確認", "付与済")
TARGET = Path("docs") / "images" / "journey.png"
WIDTH, HEIGHT, GAP = 390, 844, 24


def main() -> None:
    """Crop each page to one phone screen below the test banner, and save them as one picture."""
    picture = Image.new("RGB", ((WIDTH + GAP) * len(PAGES) + GAP, HEIGHT + 2 * GAP), "#e6eaf2")
    for number, page in enumerate(PAGES):
        (shot,) = SHOTS.glob(f"*-{page}.png")
        screen = Image.open(shot).convert("RGB").crop((0, 0, WIDTH, HEIGHT))
        left = GAP + number * (WIDTH + GAP)
        picture.paste(screen, (left, GAP))
        ImageDraw.Draw(picture).rectangle((left - 1, GAP - 1, left + WIDTH, GAP + HEIGHT), outline="#8a94a6")
    picture.quantize(128).save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
