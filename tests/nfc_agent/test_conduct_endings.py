"""Visits that end early: given up, lost card, service away, defects; and what each leaves behind."""

from __future__ import annotations

import gc
import json
import logging
import re

import pytest

from nfc.agent.visit import EnteredPins, VisitState
from nfc.four_information import FourInformation
from nfc.pins import Pin
from nfc.procedures import CardPreview, CardReading
from nfc.transports.trace import TRAFFIC
from tests.nfc_agent.conftest import Scene
from tests.nfc_agent.scripted_card import AUTH_PIN, NAME, TEXT_PIN, Card
from tests.nfc_agent.service import ended


def test_cancelling_on_the_other_page_ends_the_visit_between_two_steps(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.until_true(lambda: scene.steps() == ["waiting_card", "waiting_pin"])
    scene.service.answers["progress"] = [(409, {}, b"")]
    scene.end()  # nobody touches the keypad
    assert card.verifications() == []
    assert scene.service.results.empty()
    assert "この読み取りは終わっています" in scene.person.page()


def test_a_card_taken_away_before_reading_ends_as_card_problem(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    card.fail_at = len(card.commands)
    scene.person.enter()
    assert scene.result() == ended("card_removed")


def test_a_card_lost_during_the_first_look_may_be_laid_down_again(scene: Scene) -> None:
    card = Card(fail_at=2)
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    assert scene.service.results.empty()


def test_a_card_lost_while_it_judges_a_pin_is_told_as_unknown_and_not_tried_again(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    card.fail_at = len(card.commands) + 3  # SELECT, a part of the certificate, query; then VERIFY
    scene.person.enter()
    assert scene.result() == ended("unknown_outcome", "auth", 3)
    assert card.verifications() == []


def test_a_foreign_card_is_told(scene: Scene) -> None:
    scene.begin(Card(foreign=True))
    assert scene.result() == ended("not_this_card")
    assert "E116" in scene.person.page()


def test_a_card_without_pins_is_told(scene: Scene) -> None:
    scene.begin(Card(has_pins=False))
    assert scene.result() == ended("card_unusable", "text")
    assert "顔認証カード" in scene.person.page()


def test_a_signature_that_does_not_fit_its_certificate_is_not_sent_on(scene: Scene) -> None:
    scene.begin(Card(wrong_signature=True))
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    assert scene.result() == ended("card_fault")


@pytest.mark.parametrize("with_card", [False, True])
def test_the_person_can_cancel_while_card_or_pin_is_awaited(scene: Scene, with_card: bool) -> None:
    scene.begin(Card() if with_card else None)
    scene.until(VisitState.WAITING_PIN if with_card else VisitState.WAITING_CARD)
    assert scene.person.cancel().status_code == 303
    assert scene.result() == ended("cancelled")
    assert "読み取りを中止しました" in scene.person.page()


@pytest.mark.parametrize("lost_at", [None, 4])
def test_cancelling_while_the_card_is_looked_at_wins_over_what_the_card_does(scene: Scene, lost_at: int | None) -> None:
    card = Card(fail_at=lost_at)

    def cancel_once() -> None:
        if len(card.commands) == 3:
            scene.person.cancel()

    card.before_each = cancel_once
    scene.begin(card)
    assert scene.result() == ended("cancelled")


def test_a_defect_of_the_agent_ends_the_visit_and_shows_no_data(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)

    def explode() -> None:
        raise RuntimeError(f"PIN {TEXT_PIN} of {NAME}")

    card.before_each = explode
    scene.person.enter()
    assert scene.result() == ended("order_bug")
    assert "by a defect of the agent: RuntimeError" in caplog.text
    assert TEXT_PIN not in caplog.text
    assert NAME not in caplog.text


@pytest.mark.parametrize("with_card", [False, True])
def test_after_three_minutes_the_visit_ends(scene: Scene, with_card: bool) -> None:
    scene.begin(Card() if with_card else None)
    scene.until(VisitState.WAITING_PIN if with_card else VisitState.WAITING_CARD)
    scene.clock.now += 180
    assert scene.result() == ended("timed_out")
    assert "時間切れ" in scene.person.page()


def test_stopping_the_agent_cancels_the_visit(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.stop.set()
    assert scene.result() == ended("cancelled")


def test_a_session_that_ended_at_the_service_costs_no_try_and_gets_no_result(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.until_true(lambda: scene.steps() == ["waiting_card", "waiting_pin"])
    scene.service.answers["progress"] = [(410, {}, b"")]
    scene.person.enter()
    scene.end()
    assert card.verifications() == []
    assert scene.service.results.empty()
    assert "この読み取りは終わっています" in scene.person.page()


def test_progress_that_cannot_be_told_does_not_stop_the_reading(scene: Scene) -> None:
    scene.service.answers["progress"] = [(500, {}, b""), (500, {}, b""), (500, {}, b"")]
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"


KEPT_NOWHERE = (FourInformation, CardReading, CardPreview, EnteredPins, Pin)


@pytest.mark.parametrize("away_from", ["waiting_pin", "result"])
def test_a_service_that_goes_away_in_the_middle_leaves_nothing_at_the_agent(scene: Scene, away_from: str) -> None:
    gc.collect()
    before = [one for one in gc.get_objects() if type(one) in KEPT_NOWHERE]
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    if away_from == "waiting_pin":
        scene.service.stop()
    else:
        scene.service.answers["result"] = [None] * 5
    scene.person.enter()
    scene.end()
    assert "読み取った情報はこの端末に残していません" in scene.person.page()
    gc.collect()
    known = {id(one) for one in before}
    left = [one for one in gc.get_objects() if type(one) in KEPT_NOWHERE and id(one) not in known]
    assert left == []
    posted = {"name", "address", "birth_date", "sex"}
    items = [one for one in gc.get_objects() if type(one) is dict and one.keys() == posted and one["name"] == NAME]
    assert items == []


def test_a_result_that_cannot_be_handed_in_is_dropped_and_told(scene: Scene) -> None:
    scene.service.answers["result"] = [None] * 5
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    scene.end()
    page = scene.person.page()
    assert "サービスに接続できませんでした" in page
    assert "E113" in page


def test_a_result_is_handed_in_again_when_the_connection_breaks(scene: Scene) -> None:
    scene.service.answers["result"] = [None, None]
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"
    assert len(set(scene.service.nonces)) == len(scene.service.nonces)


@pytest.mark.parametrize("auth", [AUTH_PIN, "9631"])
def test_n5_no_pin_and_no_personal_data_in_logs_results_or_pages(
    scene: Scene, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], auth: str
) -> None:
    with caplog.at_level(TRAFFIC):
        for name in ("nfc", "nfc.agent", "nfc.traffic", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(TRAFFIC)
        scene.begin(Card())
        scene.until(VisitState.WAITING_PIN)
        before = scene.person.page()
        answer = scene.person.enter(auth=auth)
        scene.end()
        after = scene.person.page()
    captured = capfd.readouterr()
    traffic = [record for record in caplog.records if record.name == "nfc.traffic"]
    assert any("00 20 00 98 [4 bytes hidden]" in record.getMessage() for record in traffic)

    bodies = [json.loads(body) for body in scene.service.bodies]
    for body in bodies:
        body.pop("certificate", None)
        body.pop("signature", None)
    open_places = [caplog.text, captured.out, captured.err, before, answer.text, after, repr(scene.visit)]
    for place in [*open_places, json.dumps(bodies)]:
        for pin in (TEXT_PIN, auth):
            for spelling in (pin, pin.encode().hex(), pin.encode().hex(" ")):
                assert not re.search(rf"(?<![0-9a-fA-F]){spelling}(?![0-9a-fA-F])", place), "a PIN is in the open"
    for place in open_places:
        for value in (NAME, "カナリ", "本町", "19900203"):
            assert value not in place
        assert not re.search("(?<![0-9a-f])1990(?![0-9a-f])", place), (
            "objects have addresses that hold these digits, too"
        )
