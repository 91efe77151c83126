"""BR-32, promise 5, in what leaves the service: file, metrics and words for programs, at every step of a review."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app import applications, clock, create_app, db
from app.applications import ApplicationState, Receipt
from app.language import LANGUAGES, say, speaking
from app.policies import CheckKind
from app.screening import Staff
from tests.cases.proposals import read
from tests.cases.test_cannot_tell import says_not_eligible
from tests.cases.town import APPROVER, OTHER_REVIEWER, REVIEWER, Resident, apply, open_policy, refuse, resident, stored

PLANNER = Staff("ST-P1", frozenset({"planner"}))
CARD = CheckKind.CARD_AUTO
REFUSED = {ApplicationState.REJECTED, ApplicationState.REJECTED_FINAL}
WORDS_FOR_PROGRAMS = re.compile("reject|fail|refus|ineligible|not_met|upheld")
Step = tuple[Resident, Receipt]


def doubtful() -> tuple[Resident, Receipt, tuple[str, object, CheckKind]]:
    """The card does not say which あさひ市: staff decide."""
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    return who, receipt, ("P-001", stored(receipt).id, CARD)


def asked_back() -> Iterator[Step]:
    who, receipt, where = doubtful()
    yield who, receipt
    applications.take_check(*where, REVIEWER)
    yield who, receipt
    deadline = clock.now() + timedelta(days=7)
    applications.ask(*where, REVIEWER, "都道府県を教えてください。", deadline)
    yield who, receipt
    applications.answer(receipt.receipt_no, who.person_id, "みらい県です。")
    yield who, receipt
    applications.pass_check(*where, REVIEWER)
    yield who, receipt


def without_an_answer() -> Iterator[Step]:
    who, receipt, where = doubtful()
    applications.take_check(*where, REVIEWER)
    deadline = clock.now() + timedelta(days=7)
    applications.ask(*where, REVIEWER, "都道府県を教えてください。", deadline)
    with clock.frozen(deadline + timedelta(seconds=1)):
        assert applications.lapse_unanswered() == 1
    yield who, receipt


def taken_back() -> Iterator[Step]:
    who, receipt, _ = doubtful()
    applications.withdraw(receipt.receipt_no, who.person_id)
    yield who, receipt


def refused() -> Iterator[Step]:
    who, receipt, where = doubtful()
    refuse(stored(receipt), CARD)
    yield who, receipt
    applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")
    yield who, receipt
    applications.propose_on_objection(*where, OTHER_REVIEWER, "uphold", "改めて確認しました。")
    yield who, receipt
    applications.confirm_on_objection(*where, APPROVER, proposal_id=read(*where))
    yield who, receipt


def row_in_the_file(receipt: Receipt) -> str:
    content = applications.export_results("P-001", PLANNER).decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(content, newline="")) if row[0] == receipt.receipt_no]
    assert len(rows) == 1
    return " ".join(rows[0])


def metrics() -> str:
    answer = create_app().test_client().get("/metrics")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def in_every_language(who: Resident, receipt: Receipt) -> Iterator[str]:
    for language in LANGUAGES:
        with speaking(language), db.reading() as session:
            view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
            assert view is not None
            yield f"{say(view.status.word)} {say(view.status.next_line)}"


@pytest.mark.usefixtures("town")
def test_br_32_only_a_refused_application_leaves_the_service_as_refused() -> None:
    open_policy()
    seen = set()
    for review in (asked_back, without_an_answer, taken_back, refused):
        for who, receipt in review():
            state = ApplicationState(stored(receipt).state)
            seen.add(state)
            row = row_in_the_file(receipt)
            assert (WORDS_FOR_PROGRAMS.search(row) is not None) is (state in REFUSED), (state, row)
            assert not says_not_eligible(row) or state in REFUSED
            for text in in_every_language(who, receipt):
                assert says_not_eligible(text) <= (state in REFUSED), (state, text)
    assert {"screening", "info_requested", "approved", "lapsed", "withdrawn", "rejected", "re_review"} <= seen
    assert "rejected_final" in seen


@pytest.mark.usefixtures("town")
def test_br_32_no_metric_counts_those_who_wait_as_refused() -> None:
    open_policy()
    before = metrics()
    for _ in asked_back():
        assert not says_not_eligible(metrics())
    for name in ("reject", "ineligible", "not_eligible", "refused"):
        assert metrics().count(name) == before.count(name)
