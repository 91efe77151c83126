"""Deliverable 6 of the resident's pages: each message of domain.md 3.2 has a test in which it is really met.

``tests/web/test_error_pages.py`` shows every message as a page; here is who meets it, and a test is held to be there
and to name the code. A message that nothing leads to has its reason.
"""

from __future__ import annotations

import importlib
import inspect

import pytest

from app.errors import MESSAGES

REACHED = {
    "E101": "tests.agent_e2e.test_visit::test_a_wrong_pin_costs_one_try_and_says_so_on_both_pages",
    "E102": "tests.journeys.test_journey_command::test_who_is_refused_hears_why",
    "E103": "tests.journeys.test_journey_command::test_who_is_refused_hears_why",
    "E104": "tests.nfc_agent.test_conduct::test_e104_a_password_in_place_of_a_pin_costs_no_try_and_is_not_shown_again",
    "E105": "tests.journeys.test_journey_command::test_who_is_refused_hears_why",
    "E106": "tests.journeys.test_journey_command::test_who_is_refused_hears_why",
    "E107": "tests.journeys.test_journey_command::test_who_is_refused_hears_why",
    "E108": "tests.cards.test_finish::test_the_challenge_is_used_up_even_when_the_verification_fails",
    "E109": "tests.agent_e2e.test_visit::test_what_shows_without_a_pin_is_told_before_any_pin_is_asked_for",
    "E110": "tests.journeys.test_journey_command::test_who_is_refused_hears_why",
    "E111": "tests.agent_e2e.test_visit::test_what_shows_without_a_pin_is_told_before_any_pin_is_asked_for",
    "E112": "tests.web.test_guardian_pages::test_the_guardians_own_card_twice_is_told_plainly",
    "E113": "tests.nfc_agent.test_conduct_endings::test_a_result_that_cannot_be_handed_in_is_dropped_and_told",
    "E114": "tests.journeys.test_counter::test_a_counter_left_idle_warns_and_wipes",
    "E115": "tests.web.test_agent_api::test_a_result_after_the_person_gave_up_is_refused",
    "E116": "tests.web.test_agent_api::test_a_result_is_judged_once_and_a_forged_card_reads_as_could_not_verify",
    "E201": "tests.web.test_journeys::test_what_the_card_says_is_judged_at_once_with_its_reason",
    "E202": "tests.web.test_journeys::test_what_the_card_says_is_judged_at_once_with_its_reason",
    "E203": "tests.screening.test_screen::test_br_08_e203_names_the_range_of_the_policy",
    "E204": "tests.web.test_journeys::test_what_the_card_says_is_judged_at_once_with_its_reason",
    "E205": "tests.cases.test_stated_facts::test_br_16_fully_taken_back_is_for_staff",
    "E206": "tests.journeys.test_browser::test_who_applied_already_is_led_to_the_receipt",
    "E207": "tests.cases.test_stated_facts::"
    "test_br_16_who_received_in_the_earlier_round_is_told_e207_and_may_ask_for_a_look",
    "E208": "tests.journeys.test_browser::test_a_policy_that_takes_nobody_says_why_and_offers_no_button",
    "E209": "tests.journeys.test_browser::test_a_policy_that_takes_nobody_says_why_and_offers_no_button",
    "E210": "tests.journeys.test_browser::test_a_policy_that_takes_nobody_says_why_and_offers_no_button",
    "E211": "tests.web.test_guardian_pages::test_br_25_a_child_alone_meets_e211_and_the_guardians_way",
    "E212": "tests.applications.test_guardian::"
    "test_br_32_a_relation_that_the_cards_do_not_show_waits_with_e212_and_refuses_nobody",
    "E213": "tests.screening.test_screen::test_br_31_a_support_measure_makes_everything_manual_and_tells_nothing",
    "E214": "tests.screening.test_screen::test_a_policy_for_people_who_live_elsewhere",
    "E215": "tests.web.test_forms::test_all_three_consents_are_needed_and_a_refusal_keeps_nothing",
    "E216": "tests.web.test_guardian_pages::test_br_26_the_second_guardian_reads_nothing_of_the_first",
    "E217": "tests.journeys.test_last_seat::"
    "test_a_policy_that_changed_meanwhile_leads_back_to_the_consent_and_takes_no_seat",
    "E218": "tests.cases.test_stated_facts::test_a_linked_app_that_is_silent_is_waited_for_and_what_it_says_decides",
    "E301": "tests.web.test_assign_pages::test_what_is_wrong_stays_on_its_page",
    "E302": "tests.payments.test_rest_gateway::test_an_unknown_id_and_a_wrong_code_can_not_be_told_apart",
    "E303": "tests.journeys.test_counter::test_one_e_money_card_for_two_people_alarms_until_a_supervisor_has_looked",
    "E304": "tests.applications.test_submit_ends::test_br_12_a_service_may_close_between_choice_and_submit",
    "E305": "tests.applications.test_guardian_wallet::test_br_27_the_submit_holds_to_the_age_too",
    "E306": "tests.payments.test_rest_gateway::"
    "test_e306_an_amount_over_the_balance_cap_is_told_while_another_service_can_be_chosen",
    "E307": "tests.web.test_outages::test_without_the_provider_the_page_says_so_and_nothing_is_lost",
    "E308": "tests.payments.test_rest_gateway::test_e308_only_a_holder_who_can_be_seen_to_be_somebody_else_is_refused",
    "E309": "tests.web.test_my_number::test_BR_57_a_my_number_is_refused_in_every_parameter_of_every_address",
    "E310": "tests.payments.test_account_ids::test_br_58_a_field_of_12_digits_asks_once_and_takes_the_answer",
    "E311": "tests.payments.test_windows::test_br_40_an_amount_over_the_maximum_is_not_offered",
    "E312": "tests.applications.test_guardian_wallet::"
    "test_br_27_a_service_that_takes_one_person_per_id_refuses_the_second_child_and_names_another",
    "E313": "tests.web.test_assign_pages::test_from_the_status_page_to_the_order",
    "E401": "tests.applications.test_assign_later::"
    "test_e401_after_a_failed_order_the_person_chooses_again_and_a_new_order_goes_out",
    "E402": "tests.applications.test_receipts::"
    "test_e402_not_received_counts_only_after_the_last_day_and_the_amount_expires",
    "E403": "tests.web.test_next_days::"
    "test_e403_what_was_taken_back_before_the_order_says_why_to_ask_and_how_to_object",
    "E404": "tests.web.test_next_days::"
    "test_e404_while_the_provider_is_silent_the_page_says_so_and_that_nothing_is_doubled",
    "E405": "tests.web.test_assign_pages::test_br_49_after_the_deadline_the_pages_say_so",
    "E501": "tests.web.test_maintenance::test_every_page_of_residents_answers_e501_and_public_pages_go_on",
    "E503": "tests.web.test_outages::test_a_fault_of_ours_shows_a_reference_and_tells_nothing_else",
    "E504": "tests.web.test_forms::test_a_form_without_its_token_is_refused_everywhere",
    "E801": "tests.journeys.test_counter::test_another_card_at_the_second_tap_wipes_and_alarms",
    "E802": "tests.journeys.test_counter::test_a_card_taken_away_while_typing_wipes",
    "E803": "tests.journeys.test_counter::test_one_e_money_card_for_two_people_alarms_until_a_supervisor_has_looked",
    "E804": "tests.web_counter.test_endings::test_e804_a_reader_that_falls_silent_ends_the_visit",
}
NOBODY_MEETS = {"E502": "there is no waiting room: a crowded service answers 503 with Retry-After, in words of its own"}


def test_each_message_of_residents_and_of_the_counter_has_its_test_or_its_reason() -> None:
    theirs = {code for code in MESSAGES if code[1] in "123458"}
    assert theirs == set(REACHED) | set(NOBODY_MEETS)


@pytest.mark.parametrize("code", sorted(REACHED))
def test_the_test_is_there_and_names_the_code(code: str) -> None:
    module, _, name = REACHED[code].partition("::")
    test = getattr(importlib.import_module(module), name)
    source = inspect.getsource(test)
    assert code in source.upper(), (code, name)
