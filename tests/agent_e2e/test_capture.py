"""No PIN leaves the agent: service and agent in two networks, and every byte between them searched (card.md N5)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from card_sim.people import load_people
from tests.agent_e2e.frames import frames, streams
from tests.agent_e2e.two_networks import PERSON
from tests.interop.private_readers import ROOT

pytestmark = [pytest.mark.interop, pytest.mark.system, pytest.mark.full]

PERSONA = load_people()[PERSON]
PINS = (PERSONA.pins.text or "", PERSONA.pins.auth or "")
VISIT_SECONDS = 280


@pytest.fixture(scope="module")
def recorded() -> Iterator[Path]:
    """The folder with the recordings of one visit."""
    folder = Path(tempfile.mkdtemp(prefix="todoke-n-"))  # short: part of it becomes the name of a socket
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    try:
        done = subprocess.run(
            ["unshare", *user, "--net", "--mount", sys.executable, "-m", "tests.agent_e2e.two_networks", str(folder)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(("TODOKE_", "PCSCLITE_"))},
            capture_output=True,
            text=True,
            timeout=VISIT_SECONDS,
            check=False,
        )
        logs = [path.read_text(encoding="utf-8")[-2000:] for path in folder.glob("*.log")]
        assert done.returncode == 0, "\n".join([done.stderr, *logs])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def encodings(pin: str) -> dict[str, re.Pattern[bytes]]:
    """Every way in which the digits of a PIN could be written, but for the four digits as they are."""
    plain = pin.encode("ascii")
    full_width = pin.translate({ord("0") + number: 0xFF10 + number for number in range(10)})
    digests = {name: hashlib.new(name, plain, usedforsecurity=False).digest() for name in ("md5", "sha1", "sha256")}
    literal = {
        "hex": plain.hex(),
        "spaced hex": plain.hex(" "),
        "percent": "".join(f"%{byte:02X}" for byte in plain),
        "json": f'"{pin}"',
        "json escapes": "".join(f"\\u{ord(digit):04x}" for digit in pin),
        "full width": full_width,
        "json of full width": json.dumps(full_width)[1:-1],
        "digits apart": ",".join(pin),
        "numbers": ",".join(str(byte) for byte in plain),
        "numbers with spaces": ", ".join(str(byte) for byte in plain),
        "utf-16": pin.encode("utf-16-le"),
        "a VERIFY": b"\x04" + plain,
        **digests,
        **{f"{name} in hex": digest.hex() for name, digest in digests.items()},
    }
    return (
        {name: re.compile(b"(?i)" + re.escape(_bytes(form))) for name, form in literal.items()}
        | {f"base64, shifted {shift}": in_base64(plain, shift) for shift in range(3)}
        | {f"base64 of hex, shifted {shift}": in_base64(plain.hex().encode(), shift) for shift in range(3)}
        | {f"base64 of {name}": in_base64(digest, 0) for name, digest in digests.items()}
    )


def _bytes(form: str | bytes) -> bytes:
    return form.encode() if isinstance(form, str) else form


def in_base64(content: bytes, shift: int) -> re.Pattern[bytes]:
    """The content within something longer in base64, of either alphabet: each character that its neighbours allow."""
    every = [base64.b64encode(bytes([byte]) * shift + content + bytes([byte]) * 3) for byte in range(256)]
    first, last = 8 * shift // 6, -(-8 * (shift + len(content)) // 6)
    allowed = [bytes({text[at] for text in every}) for at in range(first, last)]
    url_safe = bytes.maketrans(b"+/", b"-_")
    return re.compile(b"".join(b"[" + re.escape(one + one.translate(url_safe)) + b"]" for one in allowed))


# What is chance in the conversation, where four digits in a row mean nothing: times, nonces, ids, keys and signatures.
CHANCE = re.compile(
    rb"(?im)^(?:todoke-(?:timestamp|nonce|signature|agent)|date|content-length|etag):[^\r\n]*"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rb"|[0-9a-f]{32,}|[A-Za-z0-9+/=_-]{80,}"
)


def found_in(said: list[bytes], raw: list[bytes]) -> list[str]:
    """Which PIN was found and how it was written."""
    hits = []
    for pin in PINS:
        for name, form in encodings(pin).items():
            if any(form.search(text) for text in (*said, *raw)):
                hits.append(f"{pin} as {name}")
        if any(pin.encode() in CHANCE.sub(b" ", text) for text in said):
            hits.append(f"{pin} as it is")
    return hits


def test_the_visit_reached_its_end_over_the_cable(recorded: Path) -> None:
    heading = json.loads((recorded / "visit.json").read_text(encoding="utf-8"))["heading"]
    assert heading == "条件に合うことを確認できました"
    said = b"".join(streams(recorded / "cable"))
    assert json.dumps(PERSONA.name)[1:-1].encode() in said or PERSONA.name.encode() in said, "the evidence went over it"


def test_no_pin_is_on_the_cable_in_any_encoding(recorded: Path) -> None:
    assert found_in(streams(recorded / "cable"), list(frames(recorded / "cable"))) == []


def test_the_search_finds_the_pins_where_they_are_typed(recorded: Path) -> None:
    """The control: the same search over the agent's own loopback, on which its keypad page is."""
    hits = found_in(streams(recorded / "keypad"), list(frames(recorded / "keypad")))
    assert {f"{pin} as it is" for pin in PINS} <= set(hits)


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize(
    "write",
    [
        lambda pin: pin.encode().hex().upper().encode(),
        lambda pin: json.dumps({"pin": pin}).encode(),
        lambda pin: json.dumps([ord(digit) for digit in pin]).encode(),
        lambda pin: base64.b64encode(pin.encode()),
        lambda pin: base64.b64encode(b"x" + pin.encode() + b"yz"),
        lambda pin: base64.urlsafe_b64encode(b"\xff\xfe" + pin.encode() + b"\xfb"),
        lambda pin: base64.b64encode(json.dumps({"apdu": "0020009104" + pin.encode().hex()}).encode()),
        lambda pin: base64.b64encode(hashlib.sha256(pin.encode()).digest()),
        lambda pin: bytes.fromhex("0020009104") + pin.encode(),
        lambda pin: pin.encode("utf-16-le"),
    ],
)
def test_the_search_knows_every_encoding(pin: str, write: Callable[[str], bytes]) -> None:
    assert any(hit.startswith(pin) for hit in found_in([b"x " + write(pin) + b" y"], []))


def test_the_search_is_not_misled_by_a_clock() -> None:
    assert found_in([b"todoke-timestamp: 179530" + PINS[0].encode()], []) == []
