"""The part of the paper's form that says when it was received, where staff wrote that by hand (E804)."""

from __future__ import annotations

from datetime import datetime, time

from flask import request

from app import clock
from app.counter import SlipOnPaper, SlipReason, SlipRefused
from app.settings import Settings
from app.settings import current as settings
from app.web.counter.copied_form import Error, typed_day

SLIP = "slip"
REASONS = {
    SlipReason.OFFLINE: "通信できなかった(E804)",
    SlipReason.READER_AWAY: "端末や読み取り機が使えなかった",
    SlipReason.POWER_CUT: "停電していた",
    SlipReason.OTHER: "そのほか(下に書く)",
}
DAY_SHAPE = "紙の受付票の日付を、2026-11-20のように入れてください。"
TIME_SHAPE = "紙の受付票の時刻を、16:40のように24時間で入れてください。"
WORDS = {
    ("written_time", "future"): "この時刻は、まだ来ていません。受付票の日付と時刻を確かめてください。",
    ("written_day", "before_the_policy"): "この日は、施策の受付が始まる前です。受付票の日付を確かめてください。",
    ("written_day", "long_ago"): "31日より前の受付票は、ここでは受け付けられません。担当窓口へご相談ください。",
    (
        "written_day",
        "closed_that_day",
    ): "この日は、窓口が開いていません(土曜・日曜・祝日・年末年始)。受付票の日付を確かめてください。",
    ("received_by", "unknown"): "受付票を書いた職員の番号を、職員証のとおり入れてください。",
    ("note", "missing"): "「そのほか」のときは、理由を書いてください。",
    ("note", "too_long"): "理由は、1行で200文字までにしてください。",
}


def is_slip() -> bool:
    """Whether the form says that the time was written by hand."""
    return request.form.get("proof") == SLIP


def slip_of(policy_id: str) -> tuple[SlipOnPaper | None, list[Error]]:
    """The slip as typed, or what of it cannot be read."""
    typed = {name: request.form.get(name, "").strip() for name in ("written_day", "written_time", "received_by")}
    day, moment, reason = (
        typed_day(typed["written_day"]),
        _time_of(typed["written_time"]),
        request.form.get("reason", ""),
    )
    errors: list[Error] = []
    if day is None:
        errors.append(_error("written_day", DAY_SHAPE))
    if moment is None:
        errors.append(_error("written_time", TIME_SHAPE))
    if not typed["received_by"]:
        errors.append(_error("received_by", WORDS["received_by", "unknown"]))
    if reason not in set(SlipReason):
        errors.append(_error("reason", "整理券を出せなかった理由を選んでください。"))
    if errors or day is None or moment is None:
        return None, errors
    at = datetime.combine(day, moment, clock.TOKYO)
    note = request.form.get("note", "").strip()
    return SlipOnPaper(policy_id, at, typed["received_by"][:40], SlipReason(reason), note), []


def slip_text(refused: SlipRefused) -> str:
    """Why this time cannot be taken over."""
    if refused.why == "closed_then":
        office: Settings = settings()
        hours = f"{office.counter_opens:%H:%M}〜{office.counter_closes:%H:%M}"
        return f"窓口の時間({hours})の外です。受付票の時刻を確かめてください。"
    return WORDS[refused.field, refused.why]


def _time_of(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if len(text) == len("16:40") else None
    except ValueError:
        return None


def _error(field: str, text: str) -> Error:
    return {"field": field, "text": text, "code": None}
