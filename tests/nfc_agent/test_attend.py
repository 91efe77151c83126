"""A card at a counter that is watched while its holder types, and tapped a second time (BR-51, domain.md 5.8)."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

from nfc.agent import attend
from nfc.agent.attend import AWAY_SECONDS
from nfc.agent.visit import VisitState
from nfc.problems import CardProblem, Outcome
from tests.nfc_agent.conftest import Clock, Scene
from tests.nfc_agent.scripted_card import ROOT, Card
from tests.nfc_agent.service import ended
from tests.nfc_trust.hierarchy import Leaf

OTHER_LEAF = Leaf(ROOT, serial=4712, key_label="other leaf")


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The watch's own clock."""
    clock = Clock()
    monkeypatch.setattr(attend, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(attend, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(attend, "PULSE_SECONDS", 0.0)
    return clock


def somebody_else() -> Card:
    return Card(leaf=OTHER_LEAF)


def told(scene: Scene, step: str) -> None:
    """Wait until the service hears of this step as the latest."""
    scene.until_true(lambda: scene.steps()[-1:] == [step])


def looked_at(scene: Scene, times: int = 3) -> None:
    """Wait until the reader was looked at a few times more."""
    scene.reader.looks_since = 0
    scene.until_true(lambda: scene.reader.looks_since >= times)


def test_a_card_that_stays_is_watched_until_the_service_has_heard_enough(scene: Scene, watch: Clock) -> None:
    scene.begin(Card(), purpose="hold")
    scene.until(VisitState.READING)
    told(scene, "reading")
    watch.now += 600
    looked_at(scene)
    scene.service.answers["progress"] = [(410, {}, b"")]
    scene.until(VisitState.DONE)
    scene.end()
    assert scene.service.results.empty(), "nothing went wrong"


def test_e802_a_card_that_is_away_for_five_seconds_ends_it_and_not_before(scene: Scene, watch: Clock) -> None:
    card = Card()
    scene.begin(card, purpose="hold")
    scene.until(VisitState.READING)
    scene.reader.card = None
    told(scene, "waiting_card")
    watch.now += AWAY_SECONDS - 0.1
    scene.reader.card = card
    told(scene, "reading")
    scene.reader.card = None
    told(scene, "waiting_card")
    watch.now += AWAY_SECONDS
    assert scene.result() == ended("card_removed")


def test_e801_another_card_in_its_place_ends_it_at_once(scene: Scene, watch: Clock) -> None:
    scene.begin(Card(), purpose="hold")
    scene.until(VisitState.READING)
    scene.reader.card = None
    told(scene, "waiting_card")
    scene.reader.card = somebody_else()
    assert scene.result() == ended("another_card")


def test_who_lifts_the_card_just_when_the_watch_begins_may_lay_it_down_again(scene: Scene, watch: Clock) -> None:
    """The PINs were right, the page goes on: this is when people take their card away."""
    scene.begin(None, purpose="hold")
    told(scene, "waiting_card")
    watch.now += AWAY_SECONDS - 0.1
    scene.reader.card = Card()
    scene.until(VisitState.READING)
    told(scene, "reading")


def test_br_50_a_card_laid_down_just_when_the_watch_begins_is_no_beginning_of_it(scene: Scene, watch: Clock) -> None:
    """A was read, lifts the card and goes; B, next in the queue, lays the own one down: A's page is still there."""
    scene.begin(None, purpose="counter")
    told(scene, "waiting_card")
    scene.reader.card = Card()
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"
    scene.begin(somebody_else(), purpose="hold")
    assert scene.result() == ended("another_card")


def test_a_card_that_bounces_while_it_is_looked_at_is_away_for_a_moment_and_no_fault(
    scene: Scene, watch: Clock
) -> None:
    scene.reader.gone_at_open = True
    scene.begin(Card(), purpose="hold")
    scene.until_true(lambda: not scene.reader.gone_at_open)
    scene.reader.card = Card()
    scene.until(VisitState.READING)


@pytest.mark.parametrize(
    ("purpose", "outcome"),
    [("hold", Outcome.NO_READER), ("confirm", Outcome.NO_READER), ("hold", Outcome.NO_SERVICE)],
)
def test_a_reader_that_is_unplugged_is_told_as_such(
    scene: Scene, watch: Clock, monkeypatch: pytest.MonkeyPatch, purpose: str, outcome: Outcome
) -> None:
    def unplugged() -> bool:
        raise CardProblem(outcome)

    scene.begin(Card(), purpose=purpose)
    told(scene, "reading" if purpose == "hold" else "waiting_card")
    monkeypatch.setattr(scene.reader, "card_present", unplugged)
    assert scene.result() == ended(outcome.value)


def test_br_51_the_second_tap_is_a_card_that_was_lifted_first(scene: Scene, watch: Clock) -> None:
    card = Card()
    scene.begin(card, purpose="confirm")
    told(scene, "waiting_card")
    looked_at(scene)
    assert card.commands == [], "one that only lies there confirms nothing"
    scene.reader.card = None
    scene.reader.absent_looks = 2
    scene.until_true(lambda: scene.reader.absent_looks == 0)
    scene.reader.card = card
    result = scene.result()
    assert result["outcome"] == "ok"
    assert base64.b64decode(str(result["certificate"])) == card.leaf.der()
    assert card.verifications() == [], "no PIN is shown to it"
    assert set(result) == {"outcome", "certificate"}, "nor is anything else of it read"


def test_br_51_whose_card_it_is_the_service_judges(scene: Scene, watch: Clock) -> None:
    scene.begin(Card(), purpose="confirm")
    scene.reader.card = None
    scene.reader.absent_looks = 2
    scene.until_true(lambda: scene.reader.absent_looks == 0)
    scene.reader.card = somebody_else()
    assert base64.b64decode(str(scene.result()["certificate"])) == OTHER_LEAF.der()


def test_a_second_tap_that_was_too_short_is_asked_for_again(scene: Scene, watch: Clock) -> None:
    scene.begin(None, purpose="confirm")
    told(scene, "waiting_card")
    scene.reader.gone_at_open, scene.reader.card = True, Card()
    scene.until_true(lambda: not scene.reader.gone_at_open)
    scene.reader.card = Card()
    assert scene.result()["outcome"] == "ok"


def test_a_card_without_pins_is_seen_by_its_certificate(scene: Scene, watch: Clock) -> None:
    card = Card(has_pins=False)
    scene.begin(card, purpose="touch")
    told(scene, "waiting_removal")
    scene.reader.card = None
    told(scene, "waiting_card")
    scene.reader.card = card
    assert scene.result()["outcome"] == "ok"
    assert card.verifications() == []
