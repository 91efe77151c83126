"""BR-27: whose service ID receives for a child, for how many children, and never for somebody else's (BR-56)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import applications, db, payments, policies
from app.applications import ApplicationState, Wallet
from tests.applications.applicants import by_receipt, fill_in, open_policy, rows_in
from tests.applications.guardians import apply_for, begin, child, declare, family_policy, fill_in_for, parent
from tests.applications.submitting import refusal, sending, together
from tests.payments.samples import service

pytestmark = pytest.mark.usefixtures("installation")

HIGASHIUMI = "みらい県ひがしうみ市潮見二丁目２番３号"
QR_02 = {"service_id": "SVC-QR-02", "account": "1234567897"}


def slots(policy_id: str = "P-006") -> list[int]:
    with db.reading() as session:
        rows = session.execute(
            text("SELECT slot FROM payment_links WHERE policy_id = :p ORDER BY slot"), {"p": policy_id}
        )
        return [row.slot for row in rows]


def test_br_27_four_children_receive_at_the_mothers_service_id() -> None:
    family_policy()
    mother = parent()
    receipts = [apply_for(mother, child()) for _ in range(4)]
    assert {receipt.state for receipt in receipts} == {ApplicationState.APPROVED}
    assert slots() == [1, 2, 3, 4]


def test_br_27_a_service_that_takes_one_person_per_id_refuses_the_second_child_and_names_another() -> None:
    family_policy()
    mother = parent()
    apply_for(mother, child(), **QR_02)
    with refusal("E312") as caught:
        fill_in_for(mother, child(), **QR_02)
    assert (caught.value.facts["max"], caught.value.facts["suggestion"]) == (1, service("SVC-QR-01").name)


def test_br_27_the_policys_limit_counts_where_it_is_lower() -> None:
    family_policy(wallet_rule__max_beneficiaries_per_wallet=3)
    mother = parent()
    for _ in range(3):
        apply_for(mother, child())
    with refusal("E312") as caught:
        fill_in_for(mother, child())
    assert (caught.value.facts["max"], caught.value.facts["suggestion"]) == (3, "お子さまご本人の決済サービス")


def test_br_27_with_guardians_wallets_off_the_childs_own_age_counts() -> None:
    open_policy("P-008", sample="P-008")
    mother, daughter = parent(address=HIGASHIUMI), child("20230601", address=HIGASHIUMI)
    draft = begin(mother, daughter, "P-008")
    declare(mother, draft, policy_id="P-008")
    with db.transaction() as session:
        policy = policies.get(session, "P-008")
        assert policy is not None
        shown = applications.draft_of(session, "P-008", mother.person_id)
        assert shown is not None
        assert shown.age_for_service == 3
        with refusal("E305"):
            applications.choose_service(session, policy, mother.person_id, "SVC-QR-01", shown.age_for_service)
        with refusal("E308"):
            applications.choose_wallet(session, policy, draft, mother.person_id, Wallet.GUARDIAN)
    receipt = apply_for(mother, daughter, "P-008", service_id="SVC-EM-01", account="6000000000000023")
    assert receipt.state is ApplicationState.APPROVED


def test_br_27_the_submit_holds_to_the_age_too() -> None:
    open_policy("P-008", sample="P-008")
    mother, daughter = parent(address=HIGASHIUMI), child("20230601", address=HIGASHIUMI)
    draft = fill_in_for(mother, daughter, "P-008", service_id="SVC-EM-01", account="6000000000000023")
    with db.transaction() as session:
        session.execute(text("UPDATE applications SET service_id = 'SVC-QR-01'"))
    with refusal("E305"):
        applications.submit("P-008", draft, mother.person_id)


def test_br_27_a_childs_own_id_needs_no_rule_and_serves_one_child() -> None:
    family_policy()
    mother = parent()
    own = {"service_id": "SVC-EM-01", "account": "6000000000000023", "wallet": Wallet.OWN}
    apply_for(mother, child(), **own)
    with refusal("E303"):
        fill_in_for(mother, child(), **own)


def test_br_56_another_family_cannot_receive_at_the_same_id() -> None:
    family_policy()
    apply_for(parent(), child())
    with refusal("E303"):
        fill_in_for(parent(), child())


def test_br_27_the_mother_herself_is_one_of_those_whom_her_id_serves() -> None:
    family_policy(
        eligibility__birthdate_range=["1980-01-01", "2026-11-01"], wallet_rule__max_beneficiaries_per_wallet=2
    )
    mother = parent()
    draft = fill_in(mother, "P-006", account="1234567890123")
    assert applications.submit("P-006", draft, mother.person_id).state is ApplicationState.APPROVED
    apply_for(mother, child())
    with refusal("E312"):
        fill_in_for(mother, child())


def test_br_27_a_withdrawn_childs_place_is_free_again() -> None:
    family_policy(wallet_rule__max_beneficiaries_per_wallet=2)
    mother = parent()
    first = apply_for(mother, child())
    apply_for(mother, child())
    assert applications.withdraw(first.receipt_no, mother.person_id)
    assert apply_for(mother, child()).state is ApplicationState.APPROVED


def test_br_27_of_many_children_at_the_same_moment_no_more_than_the_limit_get_in() -> None:
    family_policy(wallet_rule__max_beneficiaries_per_wallet=3)
    mother = parent()
    drafts = [fill_in_for(mother, child()) for _ in range(6)]
    results = together(*(sending(mother, draft, "P-006") for draft in drafts))
    assert sorted(map(str, (r for r in results if isinstance(r, str)))) == ["E312"] * 3
    assert slots() == [1, 2, 3]


def test_br_56_two_families_at_the_same_moment_one_of_them_gets_the_id() -> None:
    family_policy()
    for round_no in range(4):
        account = f"{round_no}234567890123"
        families = [parent(), parent()]
        drafts = [fill_in_for(who, child(), account=account) for who in families]
        results = together(*(sending(who, draft, "P-006") for who, draft in zip(families, drafts, strict=True)))
        assert [r for r in results if isinstance(r, str)] == ["E303"]


def test_br_56_the_database_holds_an_id_to_one_owner_whatever_the_program_does() -> None:
    family_policy()
    row = by_receipt(apply_for(parent(), child()))
    apply_for(parent(), child(), account="2234567890123")
    with db.reading() as session:
        found = session.execute(text("SELECT id_index FROM payment_links WHERE application_id = :a"), {"a": row.id})
        index = found.scalar_one()
    stolen = "UPDATE payment_links SET id_index = :index, slot = 2 WHERE application_id <> :a"
    with pytest.raises(IntegrityError, match="one_owner"), db.transaction() as session:
        session.execute(text(stolen), {"index": index, "a": row.id})


def test_changing_the_wallet_forgets_what_was_typed_for_the_other() -> None:
    family_policy()
    mother = parent()
    draft = fill_in_for(mother, child())
    with db.transaction() as session:
        policy = policies.get(session, "P-006")
        assert policy is not None
        applications.choose_wallet(session, policy, draft, mother.person_id, Wallet.OWN)
        shown = applications.draft_of(session, "P-006", mother.person_id)
    assert shown is not None
    assert (shown.service_id, shown.has_account, shown.wallet) == (None, False, Wallet.OWN)


def test_an_id_that_may_serve_several_is_looked_at_without_being_taken() -> None:
    family_policy()
    wallet = payments.Wallet(uuid4(), 5)
    with db.transaction() as session:
        payments.check_account_is_free(session, "P-006", service("SVC-QR-01"), "1234567890123", uuid4(), wallet)
    assert rows_in("payment_links") == 0
