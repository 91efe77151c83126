"""What may be done with a return case, as data: who, when, with which fields, and which use case it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from werkzeug.datastructures import MultiDict

from app import clock, returns
from app.organisations import Role
from app.returns import ReturnAction, ReturnRecord, ReturnState
from app.screening import Staff

MAX_DAYS = 366
MAX_REASON, MAX_LETTER_PART, MAX_DIGITS = 1_000, 500, 9
WAYS = (("repay", "ご本人が納付書で払った"), ("reversal", "決済事業者が未使用の分を引き戻した"))
_A = ReturnAction
_T = TypeVar("_T")


@dataclass
class Form:
    """One act's form. Its fields are named after the act, because a page holds several; faults are collected."""

    act: str
    sent: MultiDict[str, str]
    errors: list[dict[str, str | None]] = field(default_factory=list)

    def text(self, name: str, what: str, most: int = MAX_REASON) -> str:
        """Something that is written, and must be."""
        text = self._of(name)
        return text if 0 < len(text) <= most else self._wrong(name, f"{what}を、{most:,}文字までで書いてください。", "")

    def day(self, name: str, what: str) -> date:
        """A day from today on."""
        today = clock.today()
        try:
            day = date.fromisoformat(self._of(name))
        except ValueError:
            day = date.min
        if today <= day <= today + timedelta(days=MAX_DAYS):
            return day
        return self._wrong(name, f"{what}は、今日から1年以内の日を、2026-12-04のように入れてください。", today)

    def points(self, name: str, what: str) -> int:
        """Whole points, at least one."""
        text = self._of(name).replace(",", "")
        if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text) > 0:
            return int(text)
        return self._wrong(name, f"{what}を、1以上の数字で入れてください。", 0)

    def one_of(self, name: str, values: tuple[tuple[str, str], ...]) -> str:
        """One of a few."""
        value = self._of(name)
        return value if value in dict(values) else self._wrong(name, "どれかを選んでください。", "")

    def proposal(self) -> UUID:
        """Which proposal was read; for anything else the number of nothing."""
        try:
            return UUID(self._of("proposal"))
        except ValueError:
            return UUID(int=0)

    def left(self) -> int:
        """What was left when the page was read; for anything else a number that never is."""
        text = self._of("left")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else -1

    def _of(self, name: str) -> str:
        return self.sent.get(f"{self.act}-{name}", "").strip()

    def _wrong(self, name: str, text: str, instead: _T) -> _T:
        self.errors.append({"field": f"{self.act}-{name}", "text": text, "code": None})
        return instead


Run = Callable[[str, UUID, Staff], object]


@dataclass(frozen=True)
class Act:
    """One button. ``action`` says in which states it is possible; ``second`` that it confirms what another proposed.

    ``read`` takes the form's fields and returns what to do with the case when nothing was wrong with them.
    """

    title: str
    role: Role
    action: ReturnAction
    read: Callable[[Form], Run]
    second: bool = False


def _take(_: Form) -> Run:
    return returns.take


def _notify(form: Form) -> Run:
    reason, until = form.text("reason", "ご本人が読む理由"), form.day("until", "返事の期限")
    return lambda policy, case, who: returns.notify(policy, case, who, reason, until)


def _clear(_: Form) -> Run:
    return returns.clear


def _propose(form: Form) -> Run:
    amount = form.points("amount", "返していただくポイント")
    return lambda policy, case, who: returns.propose(policy, case, who, amount)


def _decide(form: Form) -> Run:
    office = form.text("office", "担当の窓口", MAX_LETTER_PART)
    objection = form.text("objection", "不服のあるときの手続", MAX_LETTER_PART)
    read = form.proposal()
    return lambda policy, case, who: returns.decide(
        policy, case, who, proposal_id=read, office=office, objection=objection
    )


def _demand(form: Form) -> Run:
    until = form.day("until", "納付の期限")
    return lambda policy, case, who: returns.demand(policy, case, who, until)


def _pay(form: Form) -> Run:
    amount, left = form.points("amount", "戻ったポイント"), form.left()
    how = form.one_of("how", WAYS)
    return lambda policy, case, who: returns.record_payment(
        policy, case, who, amount, "reversal" if how == "reversal" else "repay", left_as_read=left
    )


def _instalments(_: Form) -> Run:
    return returns.allow_instalments


def _litigate(_: Form) -> Run:
    return returns.litigate


def _give_up(form: Form) -> Run:
    reason = form.text("reason", "回収をやめる理由")
    return lambda policy, case, who: returns.propose_write_off(policy, case, who, reason)


def _write_off(form: Form) -> Run:
    read = form.proposal()
    return lambda policy, case, who: returns.write_off(policy, case, who, proposal_id=read)


def _cancel(form: Form) -> Run:
    reason = form.text("reason", "取り消す理由")
    return lambda policy, case, who: returns.cancel(policy, case, who, reason)


ACTS: dict[str, Act] = {
    "take": Act("この件を調べる", Role.REVIEWER, _A.TAKE, _take),
    "notify": Act("弁明の機会を知らせる", Role.REVIEWER, _A.NOTIFY, _notify),
    "propose": Act("取り消す案を作る", Role.REVIEWER, _A.DECIDE, _propose),
    "decide": Act("この案のとおりに取り消す", Role.APPROVER, _A.DECIDE, _decide, second=True),
    "demand": Act("返還を求める", Role.TREASURER, _A.DEMAND, _demand),
    "pay": Act("戻ったポイントを記録する", Role.TREASURER, _A.PAY_PART, _pay),
    "instalments": Act("分割での納付を認める", Role.TREASURER, _A.ALLOW_INSTALMENTS, _instalments),
    "give-up": Act("回収をやめる案を作る", Role.TREASURER, _A.WRITE_OFF, _give_up),
    "write-off": Act("この案のとおりに回収をやめる", Role.APPROVER, _A.WRITE_OFF, _write_off, second=True),
    "litigate": Act("訴訟に移す", Role.APPROVER, _A.LITIGATE, _litigate),
    "cancel": Act("取消しを取りやめる", Role.APPROVER, _A.CANCEL, _cancel),
    "clear": Act("疑いなしとして終える", Role.APPROVER, _A.CLEAR, _clear),
}


def acts_for(record: ReturnRecord, roles: frozenset[Role], staff_id: str) -> list[str]:
    """The names of what this member of staff may do with the case now; the use cases decide again."""
    return [name for name, act in ACTS.items() if act.role in roles and _is_open(act, record, staff_id)]


def _is_open(act: Act, record: ReturnRecord, staff_id: str) -> bool:
    if not returns.possible(ReturnState(record.state), act.action):
        return False
    return not act.second or (record.proposal is not None and record.proposal.by_staff != staff_id)
