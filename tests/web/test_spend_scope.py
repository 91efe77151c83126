"""Where a benefit can be spent is shown wherever a service is: on the policy, at the choice, and on the status page."""

from __future__ import annotations

from sqlalchemy import text

from app import db
from tests.web.service import POLICY, STEPS, Service

LIMITED, SCOPE = "P-017", "市町村内加盟店"


def test_the_policy_page_names_the_shops_of_each_limited_service(service: Service) -> None:
    assert f"使えるお店: {SCOPE}" in service.browser().get(f"/policies/{LIMITED}").get_data(as_text=True)
    assert "使えるお店" not in service.browser().get(f"/policies/{POLICY}").get_data(as_text=True)


def test_the_choice_and_the_status_page_name_the_shops_of_the_service(service: Service) -> None:
    with db.transaction() as session:
        session.execute(
            text(
                "UPDATE payment_services"
                " SET document = jsonb_set(document, '{spend_scope}', to_jsonb(cast(:s AS text)))"
                " WHERE service_id = 'SVC-QR-01'"
            ),
            {"s": SCOPE},
        )
    browser = service.browser()
    browser.to_account("TP-02")
    assert f"使えるお店: {SCOPE}" in browser.get(f"{STEPS}/service").get_data(as_text=True)
    receipt = browser.apply("TP-02")
    page = browser.get(f"/applications/{receipt}").get_data(as_text=True)
    assert SCOPE in page
    assert f"/policies/{POLICY}/shops" in page
