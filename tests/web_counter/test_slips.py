"""E804: a time that staff wrote by hand while the terminal was away counts, within bounds, with both hands named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from app import applications, clock, db, payments, points, policies, screening
from app.organisations import Role
from app.policies import CheckKind
from tests.policies.samples import item
from tests.web.service import check_is_clear
from tests.web_counter.hands import Counter, signed_in_staff
from tests.web_counter.papers import error_texts, paper, paper_of, receipt_in

WRITTEN = datetime.fromisoformat("2027-01-29T16:40:00+09:00")
"""A Friday, two days before the end of P-001."""
ENTERED = datetime.fromisoformat("2027-02-02T10:00:00+09:00")
SLIP = {
    "proof": "slip",
    "ticket": "",
    "day": "",
    "written_day": "2027-01-29",
    "written_time": "16:40",
    "received_by": "ST-05",
    "reason": "offline",
}


@pytest.fixture
def after_the_cut(counter: Counter):
    """The line was down on the policy's last working day; the paper is copied in after the policy's end."""
    signed_in_staff(counter.service, "2番窓口", "ST-05")
    with clock.frozen(ENTERED):
        yield counter


def slip(counter: Counter, person_id: str = "TP-02", **changes: str) -> TestResponse:
    return paper(counter, person_id, **SLIP | changes)


def test_a_time_written_by_hand_counts_after_the_end(after_the_cut: Counter) -> None:
    answer = slip(after_the_cut)
    assert answer.status_code == 200, error_texts(answer)
    sent = paper_of(after_the_cut)
    assert (sent.receipt_no, sent.channel, sent.state) == (receipt_in(answer), "paper", "screening")
    assert (sent.came_at, sent.submitted_at) == (WRITTEN, ENTERED)
    assert (sent.staff_id, sent.came_at_by, sent.came_at_reason) == ("ST-01", "ST-05", "offline")


def test_both_hands_and_the_reason_are_on_the_audit(after_the_cut: Counter) -> None:
    slip(after_the_cut)
    with db.reading() as session:
        (row,) = session.execute(text("SELECT actor, facts FROM audit_events WHERE action = 'counter.paper_entered'"))
    assert row.actor == "ST-01"
    assert (row.facts["by"], row.facts["reason"], row.facts["written_at"]) == ("ST-05", "offline", WRITTEN.isoformat())


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"written_day": "2027-02-02", "written_time": "10:01"}, "まだ来ていません"),
        ({"written_day": "2026-09-30"}, "受付が始まる前です"),
        ({"written_day": "2026-12-25"}, "31日より前"),
        ({"written_day": "2027-01-30"}, "窓口が開いていません"),
        ({"written_day": "2027-01-11"}, "窓口が開いていません"),
        ({"written_time": "07:59"}, "窓口の時間(08:00〜20:00)の外"),
        ({"written_time": "20:01"}, "窓口の時間(08:00〜20:00)の外"),
        ({"written_day": "2027-02-01"}, "2027年1月31日"),
        ({"received_by": "ST-99"}, "職員の番号"),
        ({"received_by": ""}, "職員の番号"),
        ({"reason": ""}, "理由を選んで"),
        ({"reason": "x"}, "理由を選んで"),
        ({"reason": "other"}, "理由を書いて"),
        ({"reason": "other", "note": "あ" * 201}, "200文字まで"),
        ({"written_day": "きのう"}, "日付を"),
        ({"written_time": "夕方"}, "時刻を"),
        ({"written_time": "25:00"}, "時刻を"),
    ],
    ids=str,
)
def test_a_time_out_of_bounds_is_refused_and_says_why(after_the_cut: Counter, wrong: dict[str, str], word: str) -> None:
    answer = slip(after_the_cut, **wrong)
    check_is_clear(answer, 422)
    assert word in answer.get_data(as_text=True)
    assert after_the_cut.service.applications() == []
    assert after_the_cut.service.rows("person_facts") == 0


@pytest.mark.parametrize("time", ["08:00", "20:00"])
def test_the_bounds_belong_to_the_office_hours(after_the_cut: Counter, time: str) -> None:
    assert slip(after_the_cut, written_time=time).status_code == 200


def test_staff_of_another_municipality_received_nothing_here(after_the_cut: Counter) -> None:
    signed_in_staff(after_the_cut.service, "よその窓口", "ST-20", town="992020")
    check_is_clear(slip(after_the_cut, received_by="ST-20"), 422)


def test_br_57_no_my_number_in_the_reason(after_the_cut: Counter) -> None:
    answer = slip(after_the_cut, reason="other", note="1234-5678-9018 の方")
    check_is_clear(answer, 422)
    assert "5678" not in answer.get_data(as_text=True)


def test_four_eyes_neither_who_wrote_the_time_nor_who_copied_it_decides(after_the_cut: Counter) -> None:
    slip(after_the_cut)
    sent = paper_of(after_the_cut)
    for hand in ("ST-01", "ST-05"):
        with pytest.raises(screening.ReviewRefused, match="same_person"):
            reviewer = screening.Staff(hand, frozenset({"reviewer"}))
            applications.take_check("P-001", sent.id, CheckKind.CARD_AUTO, reviewer)


def test_the_reviewer_sees_that_the_time_was_written_by_hand_and_why(after_the_cut: Counter) -> None:
    receipt = receipt_in(slip(after_the_cut))
    desk, _ = signed_in_staff(after_the_cut.service, "3番窓口", "ST-04", Role.REVIEWER)
    page = desk.get(f"/review/{receipt}").get_data(as_text=True)
    assert "受付時刻(手書き)" in page
    assert "通信できなかったため。書いた職員: ST-05" in page


def test_the_same_form_sent_twice_at_once_is_one_application(after_the_cut: Counter) -> None:
    entry = str(uuid4())
    with ThreadPoolExecutor(3) as both:
        answers = list(both.map(lambda _: slip(after_the_cut, entry=entry), range(3)))
    assert {receipt_in(answer) for answer in answers} == {paper_of(after_the_cut).receipt_no}
    assert after_the_cut.service.rows("paper_slips") == 1


def test_br_14_the_same_paper_entered_by_two_is_a_suspicion(after_the_cut: Counter) -> None:
    assert slip(after_the_cut).status_code == 200
    assert slip(after_the_cut).status_code == 200
    suspected = sorted(row.duplicate_suspected for row in after_the_cut.service.applications())
    assert suspected == [False, True]


def test_the_place_in_the_queue_counts_from_the_time_on_the_paper(counter: Counter) -> None:
    signed_in_staff(counter.service, "2番窓口", "ST-05")
    changes = {"policy_id": "P-0011", "overflow": "waitlist", "capacity": 1, "budget": 10000}
    document = item("P-001", changes)
    with db.transaction() as session:
        policies.load_policies(session, [document], source="test", known_services=payments.known_service_ids(session))
        points.fund(session, "P-0011", document["budget"])
    at = "2026-11-20T{}:00+09:00"
    receipts = {}
    with clock.frozen(datetime.fromisoformat(at.format("15:00"))):
        for who, written in (("TP-02", "09:00"), ("TP-29", "14:00"), ("TP-10", "11:00")):
            answer = slip(counter, who, policy_id="P-0011", written_day="2026-11-20", written_time=written)
            receipts[who] = receipt_in(answer)
    rows = {row.receipt_no: row for row in counter.service.applications()}
    assert [rows[receipts[who]].state for who in receipts] == ["screening", "waitlisted", "waitlisted"]
    with db.reading() as session:
        places = {}
        for who in ("TP-29", "TP-10"):
            row = rows[receipts[who]]
            view = applications.view_by_receipt(session, receipts[who], row.applicant_id)
            assert view is not None
            places[who] = view.status.word
    assert places == {"TP-10": "補欠(1番目)", "TP-29": "補欠(2番目)"}


def test_a_hand_written_time_without_its_explanation_is_refused_by_the_database(after_the_cut: Counter) -> None:
    slip(after_the_cut)
    for change in ("came_at_by = NULL", "came_at_reason = NULL", "came_at = NULL"):
        with pytest.raises(IntegrityError, match="hand_written_time_is_explained"), db.transaction() as session:
            session.execute(text(f"UPDATE applications SET {change}"))
    with pytest.raises(IntegrityError, match="written_before"), db.transaction() as session:
        session.execute(text("UPDATE paper_slips SET written_at = entered_at + interval '1 minute'"))
