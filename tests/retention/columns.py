"""Every column that can hold free content: whether it may hold something of a person, or why it never does.

A column of text, bytes, JSON or a day that is in neither table fails ``test_every_column_is_known``: whoever adds one
says here whether erasing has to reach it (BR-65), and where it has, ``test_every_column`` sees to it that it does.
"""

from __future__ import annotations

PERSONAL = """
applications fingerprint
birth_records births_enc
card_sessions error_facts seen_key
contacts address_enc address_index code_nonce
counter_accounts_seen account_index
documents content_enc
idempotency_keys key fingerprint answer
inquiries question_enc answer_enc
list_rows content_enc
messages facts
paper_slips note
payment_links account_enc id_index last4 holder_masked
person_facts name_enc address_enc birth_date_enc sex_enc fingerprint
person_keys key
quarantined_results note
rebate_purchases shop_no lines digest
rebate_put_aside content digest
rebate_put_aside_decisions note
return_cases reason_enc
return_steps text_enc
rulings reason_enc objected_enc
stated_facts subject state
view_codes nonce
web_sessions token_hash data
"""
"""What must be gone once a person is erased and no keyed value is kept."""

OF_A_DRAFT = "applications draft_account_enc draft_last4 holder_masked"
"""Emptied when the draft is sent, and gone with a draft that is not."""

OF_A_VISIT = """
counter_sessions seen_key receipt_no read_back_digest ended_facts
counter_sessions chosen_service chosen_account_enc chosen_last4 chosen_holder
"""
"""Wiped when the visit ends, at the latest a minute after the last touch: the database holds it to that (BR-52)."""

KEPT = {
    "codes, states and ids of policies, services, staff, terminals and files": """
        agent_pair_codes name kind keypad_url municipality_code issued_by
        agents name reader_no kind municipality_code keypad_url desk_url
        applications policy_id receipt_no unit_key state channel staff_id guardian_relation guardian_reason wallet
        applications service_id came_at_reason came_at_by
        birth_records municipality_code recorded_by
        call_backs provider_id outcome
        card_sessions purpose policy_id confirmation state error_code error_variant attended_by
        check_moves policy_id kind action from_state to_state actor_kind actor
        checks policy_id kind result code rule_version decided_by assigned_to
        contacts language
        counter_accounts_seen staff_id
        counter_alarms municipality_code staff_id code policy_id seen_by
        counter_sessions staff_id policy_id state card_purpose ended_code errand
        paper_slips municipality_code policy_id staff_id received_by reason
        counter_terminal_codes place
        counter_terminals municipality_code name
        documents policy_id discarded_by discarded_for
        evidence assurance revocation issuer_check card_proof environment address_status address_code address_candidates
        evidence address_table_version staff_id
        grant_files provider_id encoding
        grant_orders policy_id service_id provider_id state transaction_no reason
        grants policy_id state service_id provider_id
        inquiries policy_id kind asked_by
        ledger_entries policy_id event from_account to_account
        list_claims policy_id list_id
        list_versions list_id loaded_by
        messages event_key kind policy_id state problem
        payment_links policy_id service_id state
        payment_services service_id provider_id
        policies policy_id municipality_code state
        policy_counters policy_id
        provider_lines provider_id
        provider_slots provider_id
        quarantined_results provider_id source source_ref code policy_id recorded_state reported_state
        quarantined_results transaction_no reason resolution resolved_by
        queue_tickets municipality_code day policy_id staff_id
        rebate_closings policy_id
        rebate_enrolments policy_id state
        rebate_purchases policy_id provider_id transaction_no kind purchase_no service_id
        rebate_put_aside policy_id provider_id transaction_no code
        rebate_put_aside_decisions decision decided_by
        recipient_lists list_id policy_id municipality_code kind
        result_file_rows provider_id policy_id state transaction_no reason outcome
        result_files provider_id
        retention_rules policy_id completed_on held_by
        return_cases policy_id origin state office objection respond_by proposed_by decided_by pay_by
        return_cases write_off_by written_off_by
        return_steps action by_staff policy_id state
        rulings policy_id kind proposal code proposed_by confirmed_by office objection object_by
        staff_accounts staff_id municipality_code roles state
        staff_sessions staff_id
        stated_facts kind on_day stated_by
        view_codes policy_id
        """,
    "what a policy, a service, a shop or a maintenance window says": """
        maintenance_windows note added_by
        payment_services document
        policy_listings policy_id state municipality_code prefecture_code category timing title amount_text search_text
        policy_listings short_text services
        policy_versions policy_id document content_digest source
        provider_lines held_note
        shop_lists policy_id purpose loaded_by
        shops policy_id purpose service_id shop_no name place shop_group valid_from valid_to
        """,
    "keyed pseudonyms, codes and counts only: it stays whole (promise 8)": """
        audit_events action actor_kind actor policy_id object_kind object_id facts
        audit_seals previous_digest digest
        erasures kind subject policy_id reason erased_by counts
        invariant_checks named
        """,
    "codes and the policy's own values; digests of rules and kinds of answer, never of a value": """
        applications consents
        checks facts input_digest
        """,
    "random numbers, hashes of random numbers, keys of devices, digests of whole files": """
        agent_nonces nonce
        agent_pair_codes code_hash
        agents public_key
        call_backs body_digest
        card_sessions browser challenge
        counter_terminal_codes code_hash
        counter_terminals desk_token_hash screen_token_hash
        grant_files digest
        list_versions file_digest
        quarantined_results digest
        result_files digest
        revocation_lists source der
        staff_sessions token_hash
        """,
    "the account of a member of staff, which ends with the work": """
        staff_accounts name password_hash totp_secret_enc own_fingerprint
        """,
    "what a supervisor notes about an alarm, which names nobody; a My Number is refused": """
        counter_alarms note
        """,
    "keyed and swept within the hour": "rate_limits key",
}


def columns(*lists: str) -> set[tuple[str, str]]:
    """The (table, column) of such lists: a table and its columns on each line."""
    lines = [line.split() for one in lists for line in one.splitlines()]
    return {(table, column) for table, *names in filter(None, lines) for column in names}
