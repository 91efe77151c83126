"""What a person is offered at the door: a place in the queue of a full policy, and only the routes that there are."""

from __future__ import annotations

from sqlalchemy import text

from app import cards, db
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
