"""BR-29, BR-34: from the guardian's application to the grant, with the reviewer's page for the births in between."""

from __future__ import annotations

import pytest

from tests.cases.test_cannot_tell import says_not_eligible
from tests.web.service import Browser, Service
from tests.web_municipality.reviewing import (
    a_tiered_policy,
    act,
    apply_for_the_child,
    approver,
    record,
    reviewer,
    words,
)

ELDER, SECOND = "2004-04-02", "平成22年6月1日"


@pytest.fixture
def receipt(browser: Browser) -> str:
    a_tiered_policy()
    return apply_for_the_child(browser)


def test_br_29_a_guardian_applies_for_a_third_child_staff_read_the_register_and_it_is_granted(
    service: Service, browser: Browser, receipt: str
) -> None:
    page = f"/applications/{receipt}"
    waiting = words(browser.get(page))
    assert "審査中" in waiting and "最大10,000ポイント" in waiting
    assert not says_not_eligible(waiting)

    desk = reviewer(service)
    assert receipt in words(desk.get("/review"))
    case = words(desk.get(f"/review/{receipt}"))
    assert "三浦　ひなた" in case and "まだ出生の記録がありません" in case
    assert act(desk, receipt, "pass").status_code == 409, "not before it is taken"
    assert act(desk, receipt, "take").status_code == 303
    early = act(desk, receipt, "pass")
    assert early.status_code == 409 and "先に出生の記録を" in words(early)

    assert record(desk, receipt, ELDER, SECOND).status_code == 303
    case = words(desk.get(f"/review/{receipt}"))
    assert "第3子です。給付額は10,000ポイントです。" in case
    told = words(browser.get(page))
    assert "審査中" in told and "最大" not in told and "10,000ポイント" in told

    assert act(desk, receipt, "pass").status_code == 303
    assert "付与手続中" in words(browser.get(page))
    assert receipt not in words(desk.get("/review"))
    (row,) = service.applications()
    assert (row.state, row.amount) == ("approved", 10_000)


def test_br_29_a_second_child_is_refused_by_two_people_and_never_by_the_record(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk = reviewer(service)
    act(desk, receipt, "take")
    assert record(desk, receipt, "2004-04-01", SECOND).status_code == 303
    case = words(desk.get(f"/review/{receipt}"))
    assert "第2子です。この施策のどの区分にも当てはまりません。" in case
    assert not says_not_eligible(words(browser.get(f"/applications/{receipt}")))
    assert act(desk, receipt, "pass").status_code == 409
    reason = "第2子のため、第3子以降の区分にあたりません。"
    assert act(desk, receipt, "refuse", code="E203", reason=reason).status_code == 303
    assert not says_not_eligible(words(browser.get(f"/applications/{receipt}"))), "one person refuses nobody"
    assert act(approver(service), receipt, "confirm").status_code == 303
    status = words(browser.get(f"/applications/{receipt}"))
    assert says_not_eligible(status) and "{" not in status
    assert reason in words(browser.get(f"/applications/{receipt}/refusal"))


def test_br_29_what_cannot_be_is_told_at_its_line_and_nothing_typed_is_lost(service: Service, receipt: str) -> None:
    desk = reviewer(service)
    act(desk, receipt, "take")
    answer = record(desk, receipt, "平成元年1月1日", "2026-12-01", "", order_3="2", order_2="x")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "エラー:" in page and "昭和64年1月1日" in page and "まだ来ていない日付です" in page
    assert "3人目の生年月日を入れてください" in page and "1から9までの数字" in page
    assert 'value="平成元年1月1日"' in page and 'value="2026-12-01"' in page
    assert "いないことにチェック" in words(record(desk, receipt))
    assert record(desk, receipt, no_siblings="yes").status_code == 303
    assert "第1子です。" in words(desk.get(f"/review/{receipt}"))


def test_br_29_twins_are_told_apart_by_the_register_alone(service: Service, receipt: str) -> None:
    desk = reviewer(service)
    act(desk, receipt, "take")
    own = words(desk.get(f"/review/{receipt}"))
    day = own[own.index("生年月日") :].split()[1].split("(")[0]
    assert record(desk, receipt, ELDER, day).status_code == 303
    assert "戸籍の順番を入れると" in words(desk.get(f"/review/{receipt}"))
    double = record(desk, receipt, ELDER, day, order_2="2", own_order="2")
    assert double.status_code == 422 and "重なっています" in words(double)
    assert record(desk, receipt, ELDER, day, order_2="1", own_order="2").status_code == 303
    assert "第3子です。" in words(desk.get(f"/review/{receipt}"))


def test_br_29_a_record_can_be_corrected_while_the_case_is_open_and_only_by_who_has_it(
    service: Service, receipt: str
) -> None:
    desk, colleague = reviewer(service), reviewer(service, "ST-R2")
    assert record(colleague, receipt, ELDER).status_code == 409
    act(desk, receipt, "take")
    record(desk, receipt, ELDER)
    assert "第2子です。" in words(desk.get(f"/review/{receipt}"))
    assert 'value="2004-04-02"' in desk.get(f"/review/{receipt}").get_data(as_text=True)
    assert record(colleague, receipt, ELDER, SECOND).status_code == 409
    assert record(desk, receipt, ELDER, SECOND).status_code == 303
    assert "第3子です。" in words(desk.get(f"/review/{receipt}"))


def test_a_policy_without_tiers_has_no_form_for_births(service: Service, browser: Browser) -> None:
    receipt = browser.apply("TP-02")
    desk = reviewer(service, town="992011")
    assert "出生の記録" not in words(desk.get(f"/review/{receipt}"))
    assert record(desk, receipt, ELDER).status_code == 404
