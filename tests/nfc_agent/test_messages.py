"""Every way a visit can end has its words, and only words a person can use."""

from __future__ import annotations

import pytest

from nfc.agent.messages import message_for
from nfc.agent.visit import CANCELLED, NOT_DELIVERED, SESSION_ENDED, TIMED_OUT, Ending
from nfc.pins import PinKind
from nfc.problems import Outcome

ENDINGS = [
    *(Ending(outcome.value) for outcome in Outcome if outcome is not Outcome.OK),
    *(Ending(outcome.value, kind, 2) for outcome in Outcome for kind in (PinKind.TEXT, PinKind.AUTH)),
    CANCELLED,
    TIMED_OUT,
    SESSION_ENDED,
    NOT_DELIVERED,
]


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_every_ending_says_what_happened_and_what_to_do(ending: Ending) -> None:
    message = message_for(ending)
    assert message.title
    assert message.text.endswith("。")
    assert message.next_step.endswith("。")
    for word in ("申請", "PIN", "失効", "{"):
        assert word not in message.title + message.text + message.next_step


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Ending("wrong_pin", PinKind.AUTH, 2), "E101"),
        (Ending("blocked", PinKind.AUTH, 0), "E102"),
        (Ending("blocked", PinKind.TEXT, 0), "E103"),
        (Ending("comm_error"), "E108"),
        (Ending("card_unusable", PinKind.TEXT), "E110"),
        (Ending("malformed"), "E111"),
        (TIMED_OUT, "E114"),
        (CANCELLED, "E115"),
        (Ending("not_this_card"), "E116"),
    ],
)
def test_the_code_is_that_of_the_rule_book(ending: Ending, code: str) -> None:
    assert message_for(ending).code == code


def test_the_text_pin_is_not_unlocked_at_a_convenience_store() -> None:
    assert "コンビニでは解除できません" in message_for(Ending("blocked", PinKind.TEXT, 0)).text
    assert "コンビニ(アプリで事前予約)で再設定できます" in message_for(Ending("blocked", PinKind.AUTH, 0)).next_step
