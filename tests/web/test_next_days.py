"""domain.md 3.3: the status page says until when it is whose turn, and a day that has passed is not asked for."""

from __future__ import annotations

from datetime import timedelta

from app import applications, clock, db, points
from app.errors import MESSAGES
from app.organisations import Role
from app.points.models import GrantOrder
from app.screening import Staff
from tests.web.service import POLICY, Browser, Service
from tests.web.test_answer_pages import doubtful
from tests.web.test_assign_pages import leave_for_later
from tests.web.test_guardian_pages import words
from tests.web.test_objection_pages import WHY, refused
from tests.web_municipality.test_returns import act, done, opened, points_arrived, staff


def on_the_pages(browser: Browser, own: str) -> list[str]:
    """The status page and the list, which say the same."""
    return [words(browser.get(own)), words(browser.get("/applications"))]


def signs_in_again(browser: Browser, person_id: str) -> None:
    browser.read_card(person_id, "/status")


def test_who_is_asked_something_reads_until_when_without_opening_the_question(service: Service) -> None:
    browser, own = doubtful(service)
    for page in on_the_pages(browser, own):
        assert "11月27日 10:00までにお返事ください" in page


def test_while_staff_decide_the_expected_day_is_said_and_then_that_it_has_passed(service: Service) -> None:
    browser, own = doubtful(service)
    number = own.rpartition("/")[2]
    (row,) = service.applications()
    applications.answer(number, row.applicant_id, "あさひ市です。")
    for page in on_the_pages(browser, own):
        assert "結果は2026年12月4日ごろ" in page
    with clock.frozen(clock.now() + timedelta(days=15)):
        signs_in_again(browser, "TP-11")
        for page in on_the_pages(browser, own):
            assert "予定の2026年12月4日を過ぎていますが、確認は続いています" in page


def test_br_64_who_was_refused_reads_the_last_day_to_object_and_later_that_it_is_over(service: Service) -> None:
    browser, own = refused(service)
    for page in on_the_pages(browser, own):
        assert "不服の申出は2027年1月19日まで" in page
        assert "あなたの番です" in page
    with clock.frozen(clock.now() + timedelta(days=61)):
        signs_in_again(browser, "TP-11")
        page = words(browser.get(own))
        assert "不服を申し出る期間は終わりました" in page
        assert "あなたの番です" not in page


def test_an_objection_is_answered_by_a_day_counted_from_itself(service: Service) -> None:
    browser, own = refused(service)
    with clock.frozen(clock.now() + timedelta(days=10)):
        signs_in_again(browser, "TP-11")
        assert browser.send(f"{own}/refusal", reason=WHY).status_code == 303
        for page in on_the_pages(browser, own):
            assert "結果は2026年12月14日ごろ" in page


def test_5_9_a_hearing_about_points_that_arrived_is_the_persons_turn_until_its_day(service: Service) -> None:
    browser = service.browser()
    own = f"/applications/{browser.apply('TP-02')}"
    with db.transaction() as session:
        order = session.query(GrantOrder).one()
        order.state, order.sent_at = "sent", clock.now()
        session.flush()
        points.record_result(session, POLICY, order.id, points_arrived())
    reviewer = staff(service, "ST-R1", Role.REVIEWER)
    case = opened(reviewer, own.rpartition("/")[2])
    done(act(reviewer, case, "take"))
    for page in on_the_pages(browser, own):
        assert "確認のお知らせ" not in page, "a mere suspicion is staff's own"
    done(act(reviewer, case, "notify", reason="基準日に市外にお住まいでした。", until="2026-12-04"))
    page = words(browser.get(own))
    assert "手続はすべて終わりました" not in page
    assert "あなたの番です" in page and "2026年12月4日までにお返事ください" in page
    with clock.frozen(clock.now() + timedelta(days=15)):
        signs_in_again(browser, "TP-02")
        assert "担当窓口が、付与した内容を確認しています" in words(browser.get(own))


def test_e404_while_the_provider_is_silent_the_page_says_so_and_that_nothing_is_doubled(service: Service) -> None:
    browser = service.browser()
    own = f"/applications/{browser.apply('TP-02')}"
    with db.transaction() as session:
        order = session.query(GrantOrder).one()
        order.state, order.sent_at = "unknown", clock.now()
    page = words(browser.get(own))
    assert "付与の結果を確認中" in page and MESSAGES["E404"].wording in page


def test_e403_what_was_taken_back_before_the_order_says_why_to_ask_and_how_to_object(service: Service) -> None:
    browser, own = leave_for_later(service, "TP-02")
    (row,) = service.applications()
    applications.revoke_before_the_order(POLICY, row.id, Staff("ST-03", frozenset({"approver"})))
    page = words(browser.get(own))
    assert "取消し" in page and MESSAGES["E403"].wording in page
