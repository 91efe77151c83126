"""BR-38 after the last period: what refunds made too much has one return case, with the amount of the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock, db, notifications, returns
from app.applications import ApplicationState
from app.applications.returns_of_rebates import follow, follow_all
from app.notifications.models import Contact, Message
from app.notifications.words import is_still_true, words_of
from app.rebates.models import PurchaseRecord
from app.retention import ErasureRefused, erase_person
from app.returns import ReturnRefused
from app.returns.models import ReturnCase
from app.screening import Staff
from app.web.resident.rebate_rows import rebate_rows
from tests.applications.applicants import Applicant, by_receipt, counters, differences
from tests.applications.test_rebates import POLICY, buy, close, enrol, rebate, status
from tests.rebates.conftest import AFTER_THE_LAST_REPORT, carry_out_grants, load_list, run_jobs

pytestmark = pytest.mark.usefixtures("installation")

REVIEWER = Staff("ST-R1", frozenset({"reviewer"}))
APPROVER = Staff("ST-A1", frozenset({"approver"}))
TREASURER = Staff("ST-T1", frozenset({"treasurer"}))
LETTER = {"office": "みどり町 給付担当窓口", "objection": "審査請求できます。"}
LATER = AFTER_THE_LAST_REPORT + timedelta(days=1)
JOBS = ["rebates.count_again", "rebates.count_policy_again", "applications.follow_return_of"]


class Bought:
    """Somebody who bought for 5,000 yen and was granted 1,500 points; the last period is over."""

    def __init__(self, **changes: object) -> None:
        rebate(**changes)
        self.who, self.receipt = enrol()
        self.application_id = by_receipt(self.receipt).id
        _reads_mail(self.who)
        buy("T1", 5_000)
        close()
        carry_out_grants(AFTER_THE_LAST_REPORT)
        work()
        assert counters(POLICY).granted == 1_500

    def gives_back(self, number: str, yen: int, **changes: Any) -> None:
        buy(number, yen, when=LATER, kind="refund", purchase_no="T1", **changes)

    def cases(self) -> list[ReturnCase]:
        with db.reading() as session:
            rows = list(session.scalars(select(ReturnCase).order_by(ReturnCase.opened_at, ReturnCase.id)))
            session.expunge_all()
            return rows

    def case(self) -> ReturnCase:
        (only,) = self.cases()
        return only

    def reads(self) -> str:
        view = status(self.who, self.receipt)
        assert view.rebate is not None
        return str(rebate_rows(view.rebate, view.returning)["notes"])

    def decided(self) -> ReturnCase:
        case = self.case()
        returns.take(POLICY, case.id, REVIEWER)
        returns.notify(POLICY, case.id, REVIEWER, "付与のあとに返品がありました。", clock.today())
        read = returns.propose(POLICY, case.id, REVIEWER, case.amount)
        with clock.frozen(clock.now() + timedelta(days=1)):
            returns.decide(POLICY, case.id, APPROVER, proposal_id=read, **LETTER)
        return self.case()


def work() -> None:
    """What waits, and what that makes wait."""
    for _ in range(2):
        run_jobs(JOBS)


def told(kind: str) -> list[dict[str, object]]:
    with db.reading() as session:
        return [row.facts for row in session.scalars(select(Message).where(Message.kind == kind))]


def balances() -> dict[str, int]:
    now = counters(POLICY)
    names = ("granted", "return_due", "returned", "written_off")
    return {name: getattr(now, name) for name in names if getattr(now, name)}


def test_br_38_a_refund_after_the_last_period_opens_one_case_with_the_ledgers_amount_and_tells_the_person() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    assert one.cases() == [], "the job opens it"
    work()
    assert (one.case().origin, one.case().state, one.case().amount) == ("rebate", "suspected", 300)
    assert balances() == {"granted": 1_200, "return_due": 300}
    assert "300ポイントが多く付与されています" in one.reads()
    assert status(one.who, one.receipt).state is ApplicationState.FULFILLED, "the rest of the rebate stands"
    assert told("return_opened") == [{"amount": 300}]
    view = status(one.who, one.receipt)
    mail = words_of("return_opened", view, None, {"amount": 300}, "https://todoke.example.jp").body
    assert is_still_true("return_opened", view)
    assert "300ポイントが多く付与" in mail
    assert "みどり町 給付担当窓口" in mail, "BR-64"
    for _ in range(3):
        follow(POLICY, one.application_id)
        follow_all()
        one.gives_back("R1", 1_000)
        work()
    assert (one.case().amount, len(told("return_opened"))) == (300, 1)
    assert differences() == []


def test_before_the_decision_the_case_follows_further_refunds_and_has_to_be_proposed_anew() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    case = one.case()
    returns.take(POLICY, case.id, REVIEWER)
    returns.notify(POLICY, case.id, REVIEWER, "付与のあとに返品がありました。", clock.today())
    with pytest.raises(ReturnRefused, match="300 points, no more and no less"):
        returns.propose(POLICY, case.id, REVIEWER, 200)
    read = returns.propose(POLICY, case.id, REVIEWER, 300)
    one.gives_back("R2", 1_000)
    with clock.frozen(LATER):
        work()
    assert (one.case().amount, one.case().proposed_by) == (600, None)
    with clock.frozen(LATER), pytest.raises(ReturnRefused, match="proposal"):
        returns.decide(POLICY, case.id, APPROVER, proposal_id=read, **LETTER)


def test_decided_and_paid_it_ends_in_the_books_and_the_application_was_never_revoked() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    case = one.decided()
    assert balances() == {"granted": 1_200, "return_due": 300}, "it stood on RETURN_DUE already"
    assert status(one.who, one.receipt).state is ApplicationState.FULFILLED
    returns.demand(POLICY, case.id, TREASURER, clock.today() + timedelta(days=30))
    assert "300ポイントを" in one.reads()
    assert returns.record_payment(POLICY, case.id, TREASURER, 300, "repay") == 0
    work()
    assert (one.case().state, balances()) == ("settled", {"granted": 1_200, "returned": 300})
    assert "終わりました" in one.reads()
    assert differences() == []


def test_a_refund_after_the_decision_gets_a_case_of_its_own_once_the_first_is_over() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    case = one.decided()
    one.gives_back("R2", 1_000)
    work()
    assert [each.amount for each in one.cases()] == [300], "two people decided about 300"
    returns.demand(POLICY, case.id, TREASURER, clock.today() + timedelta(days=30))
    returns.record_payment(POLICY, case.id, TREASURER, 300, "repay")
    with clock.frozen(clock.now() + timedelta(days=2)):
        work()
    assert [(each.state, each.amount) for each in one.cases()] == [("settled", 300), ("suspected", 300)]
    assert balances() == {"granted": 900, "return_due": 300, "returned": 300}


OTHER_SHOP = "店舗番号,店舗名\n001,みどり商店\n002,みどり書店\n"


@pytest.mark.parametrize("decided", [False, True])
def test_br_38_what_is_made_up_for_afterwards_ends_the_case_and_tells_the_person(decided: bool) -> None:
    """Bought in time at a shop that was put on the list only later: with it nothing is too much any more."""
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    if decided:
        one.decided()
    _a_purchase_counts_after_all(one)
    assert (one.case().state, balances()) == ("cancelled" if decided else "cleared", {"granted": 1_500})
    assert "お返しいただくポイントはありません" in one.reads()
    assert len(told("return_over")) == 1
    view = status(one.who, one.receipt)
    assert (is_still_true("return_opened", view), is_still_true("return_over", view)) == (False, True)
    assert differences() == []


def _reads_mail(who: Applicant) -> None:
    """Gave an address, and proved to read it."""
    notifications.give_address(who.person_id, "taro.shiken@example.jp", "ja")
    with db.transaction() as session:
        row = session.get_one(Contact, who.person_id)
        row.confirmed_at, row.code_nonce, row.code_until = clock.now(), None, None


def _a_purchase_counts_after_all(one: Bought) -> None:
    with db.transaction() as session:
        first = session.scalars(select(PurchaseRecord).where(PurchaseRecord.kind == "purchase")).one()
        copied = {column.name: getattr(first, column.name) for column in PurchaseRecord.__table__.columns}
        session.add(PurchaseRecord(**(copied | {"transaction_no": "T9", "shop_no": "002", "digest": b"9" * 32})))
    load_list(OTHER_SHOP)
    work()


def test_the_approver_finds_nothing_to_take_back_and_the_points_stay_the_persons() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    returns.clear(POLICY, one.case().id, APPROVER)
    work()
    assert (one.case().state, balances()) == ("cleared", {"granted": 1_500})
    follow_all()
    one.gives_back("R1", 1_000)
    work()
    assert len(one.cases()) == 1, "what was cleared is not asked back again"
    assert differences() == []


def test_an_accepted_objection_gives_the_points_back_and_revokes_nothing() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    case = one.decided()
    returns.cancel(POLICY, case.id, APPROVER, "返品は取り消されていました。")
    work()
    assert (one.case().state, balances()) == ("cancelled", {"granted": 1_500})
    assert status(one.who, one.receipt).state is ApplicationState.FULFILLED
    assert told("reinstated") == []


def test_due_before_there_were_cases_gets_one_at_night() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    assert follow_all() == 1
    assert one.case().amount == 300


def test_an_open_case_holds_erasure_back_and_after_it_purchases_of_the_erased_are_nobodys() -> None:
    one = Bought()
    one.gives_back("R1", 1_000)
    work()
    with pytest.raises(ErasureRefused, match="return_open"):
        erase_person(one.who.person_id, reason="request", by="ST-1", before_the_end=True)
    returns.clear(POLICY, one.case().id, APPROVER)
    work()
    erase_person(one.who.person_id, reason="request", by="ST-1", before_the_end=True)
    before, rows = counters(POLICY), _purchases()
    assert rows == [("R1", 1_000, "", []), ("T1", 5_000, "", [])], "the yen stay; where and what for is forgotten"
    assert buy("T5", 2_000, when=LATER) == "not_enrolled"
    assert buy("R5", 2_000, when=LATER, kind="refund", purchase_no="T1") == "not_enrolled"
    assert (counters(POLICY), _purchases()) == (before, rows)
    assert differences() == []


def _purchases() -> list[tuple[str, int, str, list[Any]]]:
    with db.reading() as session:
        rows = session.scalars(select(PurchaseRecord).order_by(PurchaseRecord.transaction_no))
        return [(row.transaction_no, row.amount, row.shop_no, row.lines) for row in rows]
