"""R3g: a guardian applies for children on the resident's pages, one after another, and every way that stops."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import applications, clock, db, payments, points, policies
from app.screening import Staff
from tests.applications.submitting import at
from tests.policies.samples import item
from tests.web.service import Browser, Service, error_code, heading

P_008, P_007 = "/policies/P-008/apply", "/policies/P-007/apply"
TICKS = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes")
PARENT = {"relation": "parent", "declared": "yes"}
CARD_OF_TP_28 = "6000000000000023"


def words(answer: TestResponse) -> str:
    return re.sub(r"<[^>]+>", "", answer.get_data(as_text=True))


def guardian_and_child(browser: Browser, guardian: str, child: str, steps: str = P_008) -> TestResponse:
    """Both cards read; the answer after the child's."""
    assert browser.read_card(guardian, f"{steps}/guardian").headers["Location"].endswith("/child")
    return browser.read_card(child, f"{steps}/child")


def to_service(browser: Browser, steps: str = P_008) -> str:
    """From the declaration to where the service is chosen; the step that asks."""
    assert browser.send(f"{steps}/relation", **PARENT).headers["Location"].endswith("/result")
    assert browser.send(f"{steps}/result", action="continue").status_code == 303
    return str(browser.send(f"{steps}/consent", **TICKS).headers["Location"].rpartition("/")[2])


def send_at(browser: Browser, steps: str, service_id: str, **account: str) -> TestResponse:
    """Choose, type, confirm, send."""
    assert browser.send(f"{steps}/service", service_id=service_id).status_code == 303
    answer = browser.send(f"{steps}/account", **account)
    assert answer.status_code == 303, words(answer)
    page = browser.get(f"{steps}/confirm").get_data(as_text=True)
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return browser.send(f"{steps}/confirm", form_token=found[1], confirmed="yes")


def test_the_start_of_a_policy_with_children_asks_whom_it_is_for(service: Service) -> None:
    browser = service.browser()
    assert browser.send(P_008).headers["Location"].endswith("/who")
    assert browser.send("/policies/P-001/apply").headers["Location"].endswith("/identity")
    assert "どなたの分" in heading(browser.get(f"{P_008}/who"))
    assert browser.send(f"{P_008}/who", who="self").headers["Location"].endswith("/identity")
    assert browser.send(f"{P_008}/who", who="child").headers["Location"].endswith("/guardian")
    unanswered = browser.send(f"{P_008}/who")
    assert unanswered.status_code == 422
    assert "選んでください" in words(unanswered)


def test_a_mother_applies_for_her_child_of_three_and_goes_on_to_the_next(service: Service) -> None:
    browser = service.browser()
    assert guardian_and_child(browser, "TP-28G", "TP-28").headers["Location"].endswith("/relation")
    assert "三浦　ひなた" in words(browser.get(f"{P_008}/relation"))
    assert to_service(browser) == "service"  # P-008 lets no guardian's wallet receive, so nobody is asked
    sent = send_at(browser, P_008, "SVC-EM-01", account=CARD_OF_TP_28, security_code="1234567")
    page = browser.get(sent.headers["Location"])
    assert "三浦　ひなた" in words(page)
    assert f'href="{P_008}/guardian"' in page.get_data(as_text=True), "the way to the next child"
    assert browser.get(f"{P_008}/guardian").headers["Location"].endswith("/child"), "signed in still"
    (row,) = service.applications()
    assert (row.state, row.applicant_id == row.beneficiary_id) == ("approved", False)
    assert "三浦　ひなた" in words(browser.get("/applications"))


def test_br_27_with_the_guardians_wallet_the_guardians_age_counts(service: Service) -> None:
    browser = service.browser()
    guardian_and_child(browser, "TP-07G", "TP-07", P_007)
    assert to_service(browser, P_007) == "wallet"
    unanswered = browser.send(f"{P_007}/wallet")
    assert unanswered.status_code == 422
    assert browser.send(f"{P_007}/wallet", wallet="own").status_code == 303
    assert "15歳以上" in words(browser.get(f"{P_007}/service")), "the child's own would be too young"
    assert browser.send(f"{P_007}/wallet", wallet="guardian").status_code == 303
    sent = send_at(browser, P_007, "SVC-QR-01", account="1234567890123", security_code="1234")
    assert sent.status_code == 303
    assert [(row.wallet, row.state) for row in service.applications()] == [("guardian", "screening")]


def test_br_27_with_wallets_off_the_service_names_the_age(service: Service) -> None:
    browser = service.browser()
    guardian_and_child(browser, "TP-28G", "TP-28")
    to_service(browser)
    refused = browser.send(f"{P_008}/service", service_id="SVC-QR-01")
    assert refused.status_code == 422
    assert "15歳以上の方が利用できます" in words(refused)


def test_br_25_a_child_alone_meets_e211_and_the_guardians_way(service: Service) -> None:
    browser = service.browser()
    stopped = browser.read_card("TP-28", f"{P_008}/identity")
    assert error_code(stopped) == "E211"
    assert f'href="{P_008}/guardian"' in stopped.get_data(as_text=True)
    assert browser.get("/applications").status_code == 303, "nobody is signed in by it"


def test_br_25_from_15_on_a_reason_and_the_person_present_are_asked_for(service: Service) -> None:
    browser = service.browser()
    with clock.frozen(at("2026-12-02T10:00:00")):
        guardian_and_child(browser, "TP-28G", "TP-05B")
        assert "15歳以上の方は、ご本人が申し込みます" in words(browser.get(f"{P_008}/relation"))
        for missing in ({}, {"reason": "illness"}, {"present": "yes"}, {"reason": "nonsense", "present": "yes"}):
            answer = browser.send(f"{P_008}/relation", **PARENT, **missing)
            assert answer.status_code == 422
            assert "ご本人が申し込んでください" in words(answer)
        accepted = browser.send(f"{P_008}/relation", **PARENT, reason="illness", present="yes")
        assert accepted.headers["Location"].endswith("/result")
        assert "担当者の確認が必要です" in words(browser.get(f"{P_008}/result"))


@pytest.mark.parametrize(
    "said", [{}, {"relation": "parent"}, {"declared": "yes"}, {"relation": "uncle", "declared": "yes"}]
)
def test_without_the_declaration_the_page_asks_again_and_no_step_passes_it(
    service: Service, said: dict[str, str]
) -> None:
    browser = service.browser()
    guardian_and_child(browser, "TP-28G", "TP-28")
    assert browser.send(f"{P_008}/relation", **said).status_code == 422
    assert browser.get(f"{P_008}/result").headers["Location"].endswith("/relation")
    assert browser.send(f"{P_008}/result", action="continue").headers["Location"].endswith("/relation")


def test_the_guardians_own_card_twice_is_told_plainly(service: Service) -> None:
    browser = service.browser()
    again = guardian_and_child(browser, "TP-28G", "TP-28G")
    assert error_code(again) == "E112"
    assert "お子さまのカードを置いて" in words(again)
    assert browser.read_card("TP-28", f"{P_008}/child").headers["Location"].endswith("/relation")


def test_a_childs_card_without_a_guardian_before_it_leads_back(service: Service) -> None:
    browser = service.browser()
    for answer in (browser.get(f"{P_008}/child"), browser.send(f"{P_008}/child", reader=service.reader.reader_no)):
        assert error_code(answer) == "E504"
    for step in ("relation", "wallet"):
        assert error_code(browser.get(f"{P_008}/{step}")) == "E504"


def test_br_50_another_persons_card_takes_nothing_over_from_the_guardian(service: Service) -> None:
    browser = service.browser()
    guardian_and_child(browser, "TP-28G", "TP-28")
    browser.read_card("TP-02", "/status")
    assert error_code(browser.get(f"{P_008}/child")) == "E504"
    assert error_code(browser.get(f"{P_008}/relation")) == "E504"


def test_br_26_the_second_guardian_reads_nothing_of_the_first(service: Service) -> None:
    first, second = service.browser(), service.browser()
    guardian_and_child(first, "TP-28G", "TP-28")
    to_service(first)
    receipt = send_at(first, P_008, "SVC-EM-01", account=CARD_OF_TP_28, security_code="1234567").headers["Location"]
    number = receipt.partition("?")[0].rpartition("/")[2]
    stopped = guardian_and_child(second, "TP-07G", "TP-28")
    assert error_code(stopped) == "E216"
    for secret in (number, "三浦", "11月20日", "つばめ", "0023", "3,000"):
        assert secret not in words(stopped), secret
    child = service.browser()
    child.read_card("TP-28", "/status")
    assert number not in words(child.get("/applications"))
    assert child.get(f"/applications/{number}").status_code == 404


def test_br_31_the_former_husband_meets_neutral_words_and_no_address(service: Service) -> None:
    browser = service.browser()
    with clock.frozen(at("2026-10-01T09:00:00")):
        guardian_and_child(browser, "TP-16X", "TP-16C")
        with db.reading() as session:
            child_id = session.execute(text("SELECT beneficiary_id FROM applications")).scalar_one()
        applications.set_support_measure(child_id, Staff("ST-A1", frozenset({"approver"})))
        assert browser.send(f"{P_008}/relation", **PARENT).status_code == 303
        page = words(browser.get(f"{P_008}/result"))
    assert "担当窓口からご連絡します" in page
    for secret in ("浜町", "ひがしうみ市浜町", "支援措置", "フラグ", "DV"):
        assert secret not in page, secret


def test_refused_consent_forgets_guardian_and_child(service: Service) -> None:
    browser = service.browser()
    guardian_and_child(browser, "TP-28G", "TP-28")
    browser.send(f"{P_008}/relation", **PARENT)
    assert error_code(browser.send(f"{P_008}/consent", action="refuse")) == "E215"
    assert (service.rows("applications"), service.rows("person_facts")) == (0, 0)
    assert error_code(browser.get(f"{P_008}/child")) == "E504"


def test_a_policy_that_is_closed_or_leaves_children_elsewhere_says_so(service: Service) -> None:
    browser = service.browser()
    assert error_code(browser.get("/policies/P-006/apply/guardian")) == "E208"
    document = item("P-001", {"policy_id": "P-0011", "eligibility.guardian_application": "not_offered"})
    with db.transaction() as session:
        known = payments.known_service_ids(session)
        policies.load_policies(session, [document], source="test", known_services=known)
        points.fund(session, "P-0011", document["budget"])
    refused = browser.get("/policies/P-0011/apply/guardian")
    assert error_code(refused) == "E211"
    assert "担当窓口へご相談ください" in words(refused)
