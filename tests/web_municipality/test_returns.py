"""The municipality's pages of return cases: list, one case with its history, and who may do what (domain.md 5.9)."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import applications, clock, db, points
from app.applications.models import Application
from app.audit import AuditEvent
from app.organisations import Role
from app.organisations.models import StaffAccount
from app.points.models import GrantOrder
from app.returns.models import ReturnCase
from app.screening import Staff
from app.web.municipality.return_acts import ACTS
from tests.web.service import POLICY, Browser, Service
from tests.web_counter.hands import signed_in_staff
from tests.web_municipality.reviewing import words

TOWN = "992011"
REASON = "基準日に市外にお住まいでした。"
OFFICE = Staff("ST-A9", frozenset({"approver"}))


@pytest.fixture
def receipt(service: Service) -> str:
    """Somebody whose points have arrived."""
    receipt_no = service.browser().apply("TP-02")
    with db.transaction() as session:
        order = session.scalars(select(GrantOrder)).one()
        if order.state == "created":
            order.state, order.sent_at = "sent", clock.now()
        session.flush()
        points.record_result(session, POLICY, order.id, points_arrived())
    return receipt_no


def points_arrived():
    from app.payments.gateways import GatewayAnswer

    return GatewayAnswer("succeeded", transaction_no="T-1")


def staff(service: Service, staff_id: str, *roles: Role, town: str = TOWN) -> Browser:
    return signed_in_staff(service, f"返還の机 {staff_id}", staff_id, *roles, town=town)[0]


@pytest.fixture
def reviewer(service: Service) -> Browser:
    return staff(service, "ST-R1", Role.REVIEWER)


@pytest.fixture
def approver(service: Service) -> Browser:
    return staff(service, "ST-A1", Role.APPROVER)


@pytest.fixture
def treasurer(service: Service) -> Browser:
    return staff(service, "ST-T1", Role.TREASURER)


def opened(reviewer: Browser, receipt: str) -> str:
    """The address of the new case."""
    answer = reviewer.send("/returns", receipt_no=receipt)
    assert answer.status_code == 303, words(answer)
    return re.sub(r"^https?://[^/]+", "", answer.headers["Location"])


def act(browser: Browser, case: str, what: str, **fields: str) -> TestResponse:
    """Press one button; its fields begin with its name."""
    return browser.send(f"{case}/{what}", **{f"{what}-{name}": value for name, value in fields.items()})


def done(answer: TestResponse) -> None:
    assert answer.status_code == 303, words(answer)


def shown(browser: Browser, case: str, name: str) -> str:
    """The value of a hidden field on the page."""
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', browser.get(case).get_data(as_text=True))
    return found[1] if found else ""


def decided(reviewer: Browser, approver: Browser, receipt: str, amount: str = "10,000") -> str:
    case = opened(reviewer, receipt)
    done(act(reviewer, case, "take"))
    done(act(reviewer, case, "notify", reason=REASON, until="2026-11-20"))
    done(act(reviewer, case, "propose", amount=amount))
    read = shown(approver, case, "decide-proposal")
    letter = {"office": "あさひ市 給付担当窓口", "objection": "2027年1月20日までに申し出ることができます。"}
    early = act(approver, case, "decide", proposal=read, **letter)
    assert early.status_code == 409
    assert "返事の期限が過ぎていません" in words(early)
    with clock.frozen(clock.now() + timedelta(days=1)):
        done(act(approver, case, "decide", proposal=read, **letter))
    return case


def demanded(reviewer: Browser, approver: Browser, treasurer: Browser, receipt: str) -> str:
    case = decided(reviewer, approver, receipt)
    done(act(treasurer, case, "demand", until="2026-12-21"))
    return case


def state_of(case: str) -> tuple[str, int]:
    with db.reading() as session:
        row = session.scalars(select(ReturnCase).where(ReturnCase.id == UUID(case.rsplit("/", 1)[1]))).one()
        return row.state, row.recovered


def test_from_the_suspicion_to_the_last_payment_each_role_at_its_own_page(
    service: Service, reviewer: Browser, approver: Browser, treasurer: Browser, receipt: str
) -> None:
    assert "返還" in words(treasurer.get("/counter"))
    case = demanded(reviewer, approver, treasurer, receipt)
    assert receipt in words(treasurer.get("/returns"))
    part = {"how": "repay", "left": shown(treasurer, case, "pay-left")}
    done(act(treasurer, case, "pay", amount="4000", **part))
    again = act(treasurer, case, "pay", amount="4000", **part)
    assert again.status_code == 409, "the same form sent twice books one payment"
    assert "残りは6,000ポイント" in words(again)
    assert state_of(case) == ("partly_paid", 4_000)
    left = shown(treasurer, case, "pay-left")
    done(act(treasurer, case, "pay", amount="6000", how="reversal", left=left))
    assert state_of(case) == ("settled", 10_000)
    page = words(treasurer.get(case))
    for told in ("納付書で一部を納付(4,000ポイント)", "決済事業者が引き戻して完了", "ST-R1", "ST-A1", "ST-T1"):
        assert told in page
    assert "いまできることはありません" in page
    assert receipt not in words(treasurer.get("/returns")), "it is over"
    assert receipt in words(treasurer.get("/returns?state=settled"))
    assert receipt not in words(treasurer.get("/returns?state=all&policy=P-002"))
    assert receipt in words(treasurer.get(f"/returns?state=all&policy={POLICY}"))


def test_the_rest_is_given_up_by_two_people_with_a_reason(
    service: Service, reviewer: Browser, approver: Browser, receipt: str
) -> None:
    both = staff(service, "ST-B1", Role.TREASURER, Role.APPROVER)
    case = demanded(reviewer, approver, both, receipt)
    assert act(both, case, "give-up", reason=" ").status_code == 422
    done(act(both, case, "give-up", reason="所在が分かりません。"))
    assert "2人目の確認待ち" in words(both.get("/returns"))
    own = act(both, case, "write-off", proposal=proposal_of(case))
    assert own.status_code == 409
    assert "別の職員" in words(own)
    assert "所在が分かりません。" in words(approver.get(case))
    read = shown(approver, case, "write-off-proposal")
    done(act(both, case, "pay", amount="1", how="repay", left=shown(both, case, "pay-left")))
    late = act(approver, case, "write-off", proposal=read)
    assert late.status_code == 409, "what was proposed was another amount"
    done(act(both, case, "give-up", reason="所在が分かりません。"))
    done(act(approver, case, "write-off", proposal=shown(approver, case, "write-off-proposal")))
    assert state_of(case) == ("written_off", 1)


def proposal_of(case: str) -> str:
    with db.reading() as session:
        return str(session.scalars(select(ReturnCase.proposal_id)).one())


def test_an_accepted_objection_needs_its_reason_and_gives_the_points_back(
    reviewer: Browser, approver: Browser, receipt: str
) -> None:
    case = decided(reviewer, approver, receipt)
    refused = act(approver, case, "cancel", reason="")
    assert refused.status_code == 422
    assert "取り消す理由" in words(refused)
    done(act(approver, case, "cancel", reason="住民票の記載が誤っていました。"))
    assert state_of(case) == ("cancelled", 0)
    assert "住民票の記載が誤っていました。" in words(approver.get(case))


@pytest.mark.parametrize(
    ("what", "fields", "told"),
    [
        ("notify", {"reason": "", "until": "2026-12-04"}, "ご本人が読む理由を、1,000文字まで"),
        ("notify", {"reason": "あ" * 1_001, "until": "2026-12-04"}, "ご本人が読む理由を、1,000文字まで"),
        ("notify", {"reason": REASON, "until": "2026-11-19"}, "返事の期限は、今日から1年以内"),
        ("notify", {"reason": REASON, "until": "あした"}, "返事の期限は、今日から1年以内"),
    ],
)
def test_what_is_missing_is_told_at_its_field_and_what_was_typed_stays(
    reviewer: Browser, receipt: str, what: str, fields: dict[str, str], told: str
) -> None:
    case = opened(reviewer, receipt)
    done(act(reviewer, case, "take"))
    answer = act(reviewer, case, what, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert told in words(answer)
    assert "エラー:" in page
    assert fields["until"] in page
    assert state_of(case)[0] == "investigating"


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.5", "１万", "9999999999"])
def test_an_amount_is_a_whole_number_within_what_was_granted(reviewer: Browser, receipt: str, amount: str) -> None:
    case = opened(reviewer, receipt)
    done(act(reviewer, case, "take"))
    done(act(reviewer, case, "notify", reason=REASON, until="2026-11-20"))
    assert act(reviewer, case, "propose", amount=amount).status_code == 422
    over = act(reviewer, case, "propose", amount="10001")
    assert over.status_code == 409
    assert "10,000ポイント" in words(over)


def test_br_57_a_my_number_is_refused_wherever_it_is_typed(reviewer: Browser, receipt: str) -> None:
    case = opened(reviewer, receipt)
    done(act(reviewer, case, "take"))
    answer = act(reviewer, case, "notify", reason="番号は123456789018です", until="2026-12-04")
    assert answer.status_code in {400, 422}
    assert "123456789018" not in answer.get_data(as_text=True)


def test_a_case_is_opened_once_and_only_about_what_was_granted_here(service: Service, reviewer: Browser, receipt: str):
    opened(reviewer, receipt)
    again = reviewer.send("/returns", receipt_no=receipt)
    assert again.status_code == 409
    assert "まだ終わっていない件があります" in words(again)
    for wrong in ("", "KP-910-XXXX", "P001-0000-0000"):
        assert reviewer.send("/returns", receipt_no=wrong).status_code == 422
    other = staff(service, "ST-R7", Role.REVIEWER, town="993026")
    assert other.send("/returns", receipt_no=receipt).status_code == 422


def test_promise_7_each_act_is_its_roles_alone_and_a_case_is_not_there_for_other_towns(
    service: Service, reviewer: Browser, receipt: str
) -> None:
    case = opened(reviewer, receipt)
    workers = {Role.REVIEWER, Role.APPROVER, Role.TREASURER}
    for role in sorted(workers):
        others = staff(service, f"ST-X-{role}", *(workers - {role}))
        assert {act(others, case, name).status_code for name, one in ACTS.items() if one.role is role} == {403}, role
    nobody = staff(service, "ST-X", *(set(Role) - workers))
    assert nobody.get("/returns").status_code == nobody.get(case).status_code == 403
    assert act(nobody, case, "take").status_code == nobody.send("/returns", receipt_no="").status_code == 403
    stranger = service.browser()
    assert stranger.get(case).headers["Location"].endswith("/counter/sign-in")
    assert act(stranger, case, "take").status_code == 403
    everything = staff(service, "ST-R7", Role.REVIEWER, Role.APPROVER, Role.TREASURER, town="993026")
    assert everything.get(case).status_code == 404
    assert act(everything, case, "take").status_code == act(everything, case, "clear").status_code == 404
    assert receipt not in words(everything.get("/returns?state=all"))
    assert act(reviewer, case, "nonsense").status_code == 404
    assert reviewer.get(f"/returns/{UUID(int=1)}").status_code == 404


def test_br_31_a_protected_persons_case_is_seen_by_the_office_in_charge_alone(
    reviewer: Browser, approver: Browser, receipt: str
) -> None:
    case = opened(reviewer, receipt)
    applications.set_support_measure(application(receipt).beneficiary_id, OFFICE)
    assert receipt not in words(reviewer.get("/returns"))
    assert reviewer.get(case).status_code == act(reviewer, case, "take").status_code == 404
    assert receipt in words(approver.get("/returns"))
    assert approver.get(case).status_code == 200


def application(receipt: str) -> Application:
    with db.reading() as session:
        row = session.scalars(select(Application).where(Application.receipt_no == receipt)).one()
        session.expunge_all()
        return row


def test_nobody_works_on_what_they_owe_themselves(reviewer: Browser, approver: Browser, receipt: str) -> None:
    case = opened(reviewer, receipt)
    with db.transaction() as session:
        session.get_one(StaffAccount, "ST-A1").own_fingerprint = application(receipt).fingerprint
        session.get_one(StaffAccount, "ST-R1").own_fingerprint = application(receipt).fingerprint
    assert approver.get(case).status_code == 403
    assert act(approver, case, "clear").status_code == 403
    own = reviewer.send("/returns", receipt_no=receipt)
    assert own.status_code == 409
    assert "ご本人やご家族" in words(own)


def test_who_looked_is_on_record_and_the_page_is_kept_nowhere(reviewer: Browser, receipt: str) -> None:
    case = opened(reviewer, receipt)
    answer = reviewer.get(case)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "の返還" in words(answer)
    with db.reading() as session:
        looks = session.scalars(select(AuditEvent).where(AuditEvent.action == "return.looked_at")).all()
    assert [(look.actor, look.object_id) for look in looks] == [("ST-R1", case.rsplit("/", 1)[1])]


def test_a_form_without_its_token_changes_nothing(reviewer: Browser, receipt: str) -> None:
    case = opened(reviewer, receipt)
    assert reviewer.post(f"{case}/take", data={}).status_code == 409
    assert state_of(case)[0] == "suspected"
