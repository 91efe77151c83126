"""Finds what must not be found: every form in which a person's data could leak into a log, a row or a page.

The person is TP-CANARY of the simulated cards, whose values are unmistakable and whose three PINs differ.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from card_sim.people import load_people
from card_sim.records import TEST_MY_NUMBER, my_number_record

CANARY = load_people()["TP-CANARY"]
ACCOUNT = "1111222233334"
MY_NUMBER_TYPED = "847362519406"
MAIL = "kanariya.hitoku@example.jp"

# Between the bytes of a value written in hex: nothing, spaces, colons, \x, 0x, %.
_GAP = r"(?:[\s:,]{0,2}(?:\\{1,2}x|0x|%)?)"
_WORD, _DIGITS = r"(?<![0-9A-Za-z]){}(?![0-9A-Za-z])", r"(?<![0-9]){}(?![0-9])"

# A PIN has four digits, and so have many ids and fractions of a second. These are taken out before PINs are looked for.
_IDS_AND_TIMES = re.compile(
    r"""[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}          # UUIDs
    | \d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?
    | P\d{3}(?:-[0-9A-Z]{4}){2}                                       # receipt numbers
    | ["']?\b(?:ms|pid|ref|timestamp|expires_in)["']?\s*[:=]\s*["']?[\w.]+
    | \bworker-\d+ | \w\[\d+\] | \[\d+\]\s\[[A-Z]+\]                  # workers, jobs and processes
    | \b\w+:\d+\b(?=["'\],])                                          # function:line of a fault
    | name="csrf_token"\ value="[^"]*" | name="form_token"\ value="[^"]*"
    """,
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True)
class Trace:
    """One thing to look for: what it is of, and the pattern of one form of it."""

    what: str
    form: str
    pattern: re.Pattern[str]


def traces(certificates: tuple[bytes, ...] = ()) -> list[Trace]:
    """Everything to look for; ``certificates`` (DER) add their serial numbers (BR-61)."""
    found: list[Trace] = []
    for value in (*CANARY.name.split("\u3000"), *CANARY.reading.split("\u3000"), "ｶﾅﾘ", "ﾋﾄｸ"):
        found += _text("name", value)
    for value in ("金糸雀", "７丁目７番７号", "7丁目7番7号", "7-7-7号"):
        found += _text("address", value)
    found += _birth_date()
    found += _text("mail address", MAIL)
    for pin, p2s in (("2580", ("80", "91")), ("1470", ("80", "98")), ("TEST123", ("80", "9b"))):
        found += _pin(pin, p2s)
    found += _number("test my number", TEST_MY_NUMBER)
    found += _bytes("test my number", hashlib.sha256(my_number_record()).digest())
    found += _number("my number typed", MY_NUMBER_TYPED)
    found += _number("service id", ACCOUNT)
    for der in certificates:
        serial = x509.load_der_x509_certificate(der).serial_number
        found += _bytes("certificate serial", serial.to_bytes((serial.bit_length() + 7) // 8))
        found.append(Trace("certificate serial", "decimal", re.compile(str(serial))))
    return found


def find(text: str, looked_for: list[Trace], *, allowed: frozenset[str] = frozenset()) -> list[str]:
    """What of it stands in the text, as "what (form)"; ``allowed`` are things whose owner looks at the text."""
    without_ids = _IDS_AND_TIMES.sub(" ", text)
    return [
        f"{trace.what} ({trace.form})"
        for trace in looked_for
        if trace.what not in allowed and trace.pattern.search(without_ids if trace.form == "pin as a word" else text)
    ]


def find_in_files(folder: Path) -> list[str]:
    """What stands in clear in any file below, such as those of a database: rows that were deleted are there too."""
    clear = [*CANARY.name.split("\u3000"), "金糸雀町", "19770717", "1977-07-17", "\x042580", "\x041470", "TEST123"]
    clear += [TEST_MY_NUMBER, MY_NUMBER_TYPED]
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found += [f"{value!r} in {path.name}" for value in clear if value.encode() in content]
    return found


def _text(what: str, value: str) -> list[Trace]:
    """A text in every way in which programs write characters."""
    forms = {
        "plain": re.escape(value),
        "\\u": "".join(rf"\\+u{ord(ch):04x}" for ch in value),
        "entity": "".join(rf"&#(?:{ord(ch)}|x0*{ord(ch):x});" for ch in value),
        "octal": "".join(rf"\\{byte:03o}" for byte in value.encode()),
    }
    patterns = [Trace(what, form, re.compile(pattern, re.IGNORECASE)) for form, pattern in forms.items()]
    return patterns + _bytes(what, value.encode())


def _bytes(what: str, value: bytes) -> list[Trace]:
    """Bytes as hex in any spacing, and as base64 in any alignment."""
    in_hex = _GAP.join(f"{byte:02x}" for byte in value)
    in_base64 = "|".join(re.escape(text) for text in _base64_forms(value))
    return [
        Trace(what, "hex", re.compile(in_hex, re.IGNORECASE)),
        Trace(what, "base64", re.compile(in_base64)),
    ]


def _base64_forms(value: bytes) -> set[str]:
    """What all base64 texts around the value have in common, for each of the three alignments and both alphabets."""
    forms = set()
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(bytes(offset) + value + bytes(3)).decode()
            first, last = -(-offset * 8 // 6), (offset + len(value)) * 8 // 6
            forms.add(whole[first:last])
    return forms


def _birth_date() -> list[Trace]:
    day = CANARY.birth_date
    separated = rf"{day.year}\s*(?:年|[-/.．])\s*0?{day.month}\s*(?:月|[-/.．])\s*0?{day.day}"
    patterns = {
        "digits": _WORD.format(f"{day:%Y%m%d}"),
        "separated": rf"(?<![0-9]){separated}(?![0-9])",
        "era": r"(?:昭和|S|s|Ｓ|㍼)\s*52\s*(?:年|[-/.．])\s*0?7\s*(?:月|[-/.．])\s*0?17",
        "era digits": _WORD.format("(?:S|s|昭和|3)?520717"),
        "full width": "１９７７年７月１７日|１９７７０７１７",
        "western order": r"17[-/ .](?:0?7|Jul|July)[-/ .]1977|July? 17,? 1977",
    }
    found = [Trace("birth date", form, re.compile(pattern)) for form, pattern in patterns.items()]
    for text in (f"{day:%Y%m%d}", f"{day:%Y-%m-%d}"):
        found += _bytes("birth date", text.encode())
    return found


def _number(what: str, digits: str) -> list[Trace]:
    plain = Trace(what, "plain", re.compile(_DIGITS.format(r"[\s-]?".join(digits))))
    return [plain, *_bytes(what, digits.encode())]


def _pin(pin: str, p2s: tuple[str, ...]) -> list[Trace]:
    """A PIN as a word of its own, and the body of its VERIFY in any notation (card.md section 5)."""
    body = bytes([len(pin)]) + pin.encode()
    found = [Trace("pin", "pin as a word", re.compile(_WORD.format(pin)))]
    found.append(Trace("pin", "VERIFY in hex", re.compile(_GAP.join(f"{byte:02x}" for byte in body), re.IGNORECASE)))
    length = rf"(?:\\x{len(pin):02x}|\\u{len(pin):04x}|{re.escape(chr(len(pin)))})"
    found.append(Trace("pin", "VERIFY in a repr", re.compile(length + pin)))
    found.append(Trace("pin", "hex", re.compile(_WORD.format(_GAP.join(f"{byte:02x}" for byte in pin.encode())))))
    for p2 in p2s:
        apdu = bytes.fromhex(f"002000{p2}") + body
        found.append(Trace("pin", "VERIFY in base64", re.compile("|".join(map(re.escape, _base64_forms(apdu))))))
    return found
