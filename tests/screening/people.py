"""What the cards of some test people say, as facts of a screening (TP-nn of the fixture data)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from app import municipalities
from app.screening import Facts

FIXTURE = datetime.fromisoformat("2026-11-20T10:00:00+09:00")

PEOPLE: dict[str, tuple[str, str]] = {
    "TP-02": ("みらい県あさひ市本町１丁目２番３号", "1975-08-19"),
    "TP-05B": ("みらい県ひがしうみ市潮見三丁目６番７号", "2011-12-01"),
    "TP-06": ("みらい県みなみ市中央区若葉町１番１号", "2008-02-29"),
    "TP-08": ("ほくと県きた郡しらかば村大字白樺７８番地", "1928-01-15"),
    "TP-09": ("みらい県かわなみ市川辺三丁目７番８号", "1990-12-12"),
    "TP-10": ("みらい県あさひ市朝日台四丁目９番１０号", "1981-04-04"),
    "TP-11": ("ほくと県あさひ市栄町２丁目１番９号", "1986-10-02"),
    "TP-12": ("みらい県みなみ市港区海岸通８番地", "2009-06-15"),
    "TP-13": ("みらい県やまなみ郡みどり町大字緑１０１番地", "1968-02-02"),
    "TP-13B": ("みらい県みどり町大字緑１０２番地", "1970-03-21"),
    "TP-14C1": ("みらい県あさひ市本町５丁目６番７号", "2020-04-02"),
    "TP-14C4": ("みらい県あさひ市本町５丁目６番７号", "2026-04-01"),
    "TP-16C": ("みらい県ひがしうみ市浜町２番３号", "2018-05-10"),
    "TP-20": ("みらい県やまなみ郡いずみ町大字奥深山字上ノ原小字南日向１２３４番地の５６", "1959-09-09"),
    "TP-21": ("みらい県はなの市花園一丁目１番１０１号", "1985-05-05"),
    "TP-22": ("東京都葛\U000e0100飾区金町９９丁目９番９号", "1998-03-30"),
}


def facts_of(person: str, **changes: Any) -> Facts:
    """The facts of a test person with a simulated card, where TEST roots alone are configured."""
    address, birth = PEOPLE[person]
    return facts(address, date.fromisoformat(birth), **changes)


def facts(address: str, birth_date: date | None = date(1980, 1, 1), **changes: Any) -> Facts:
    """Facts about anybody; the evidence is good unless a change says otherwise."""
    values: dict[str, Any] = {
        "assurance": "simulated",
        "revocation": "good",
        "instant": FIXTURE,
        "test_cards_only": True,
    } | changes
    return Facts(address=municipalities.resolve(address), birth_date=birth_date, **values)
