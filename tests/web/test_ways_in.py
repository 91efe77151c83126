"""What a person is offered at the door: a place in the queue of a full policy, and only the routes that there are."""

from __future__ import annotations

from sqlalchemy import text

from app import cards, clock, db
from tests.web.resident_pages import WITH_QUEUE, in_the_queue
from tests.web.service import STEPS, Service
from tests.web.test_guardian_pages import words


def test_a_full_policy_with_a_queue_says_everywhere_that_one_can_join_it(service: Service) -> None:
    in_the_queue(service)
    found = words(service.browser().get("/policies?keyword=補欠"))
    assert "補欠として申し込めます" in found
    assert "いまは申し込めません" not in found
    page = service.browser().get(f"/policies/{WITH_QUEUE}")
    assert "いまの申込は補欠となり" in words(page)
    assert f'href="/policies/{WITH_QUEUE}/apply"' in page.get_data(as_text=True)


def test_a_full_policy_without_a_queue_says_that_it_takes_nobody(service: Service) -> None:
    browser = service.browser()
    assert "定員に達したため、いまは申し込めません" in words(browser.get("/policies?keyword=マイナンバーカード普及"))
    page = words(browser.get("/policies/P-002"))
    assert "補欠" not in page
    assert "いまは、このページから申し込めません" in page


def test_the_number_of_a_reader_is_asked_for_only_where_somebody_may_have_one(service: Service) -> None:
    page = service.browser().get(f"{STEPS}/identity")
    assert 'name="reader_number"' in page.get_data(as_text=True)
    with db.transaction() as session:
        session.execute(text("UPDATE agents SET listed = true"))
    page = service.browser().get(f"{STEPS}/identity").get_data(as_text=True)
    assert service.reader.name in page
    assert 'name="reader_number"' not in page


def _list_the_reader(service: Service) -> None:
    """It is offered to everybody, and it answered just now."""
    with db.transaction() as session:
        session.execute(text("UPDATE agents SET listed = true, last_seen_at = :now"), {"now": clock.real_now()})


def test_where_one_reader_answers_the_first_page_leads_straight_to_it(service: Service) -> None:
    browser = service.browser()
    assert "本人確認へ進む" in words(browser.get(STEPS)), "nothing to begin at: first the ways of reading"
    _list_the_reader(service)
    page = browser.get(STEPS)
    assert f'name="reader" value="{service.reader.reader_no}"' in page.get_data(as_text=True)
    assert f"「{service.reader.name}」にカードを置きます" in words(page)
    waiting = browser.send(STEPS, reader=service.reader.reader_no)
    assert waiting.status_code == 303
    assert "/card-sessions/" in waiting.location
    other = browser.send(STEPS)
    assert other.location.endswith("/apply/identity"), "the other button leaves the choice open"


def test_a_reader_that_is_taken_or_gone_is_said_on_the_page_of_all_ways(service: Service) -> None:
    _list_the_reader(service)
    one, two = service.browser(), service.browser()
    assert one.send(STEPS, reader=service.reader.reader_no).status_code == 303
    answer = two.send(STEPS, reader=service.reader.reader_no)
    assert answer.status_code == 422
    assert "ほかの方が使っています" in words(answer)
    gone = two.send(STEPS, reader="000000")
    assert gone.status_code == 422
    assert "この番号の読み取り機は見つかりません" in words(gone)


def test_a_reader_that_does_not_answer_is_no_short_way(service: Service) -> None:
    _list_the_reader(service)
    with db.transaction() as session:
        session.execute(text("UPDATE agents SET last_seen_at = NULL"))
    assert "本人確認へ進む" in words(service.browser().get(STEPS))


def test_where_the_benefit_asks_for_whom_no_reader_comes_before_that(service: Service) -> None:
    _list_the_reader(service)
    browser = service.browser()
    page = browser.get("/policies/P-008/apply")
    assert 'name="reader"' not in page.get_data(as_text=True)
    answer = browser.send("/policies/P-008/apply", reader=service.reader.reader_no)
    assert answer.location.endswith("/apply/who")


def test_without_any_reader_the_page_says_so_and_points_to_the_counter(service: Service) -> None:
    with db.transaction() as session:
        cards.revoke_agent(session, service.reader.agent_id)
    for path in (f"{STEPS}/identity", "/policies/P-008/apply/guardian", "/status"):
        page = service.browser().get(path)
        assert page.status_code == 200
        assert "ここでは、カードを読み取れません" in words(page), path
        assert "窓口で申し込む" in words(page)
        assert "<form" not in page.get_data(as_text=True).partition("<main")[2], path
        assert "読み取り方を選んでください" not in words(page), path
