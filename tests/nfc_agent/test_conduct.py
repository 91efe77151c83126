"""Whole visits: real service, real keypad page, scripted card."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from nfc.agent.reading import IssuerKeys
from nfc.agent.visit import VisitState
from nfc.challenge import operation_text, signed_bytes
from tests.nfc_agent.conftest import AGENT_ID, Scene
from tests.nfc_agent.scripted_card import AUTH_KEY, LEAF, NAME, ROOT, TEXT_AP, TEXT_KEY, Card
from tests.nfc_agent.service import SESSION_ID, ended
from tests.nfc_trust.hierarchy import Leaf, rsa_key


def test_a_card_is_read_and_the_result_is_handed_in(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    assert scene.person.enter().status_code == 303
    result = scene.result()

    assert result["outcome"] == "ok"
    assert result["four_information"] == {
        "name": NAME,
        "address": "みらい県あさひ市本町１丁目",
        "birth_date": "19900203",
        "sex": "2",
    }
    assert (result["issuer_check"], result["card_environment"]) == ("genuine", "test")
    certificate = base64.b64decode(str(result["certificate"]))
    assert certificate == LEAF.der()
    text = operation_text(SESSION_ID, AGENT_ID, "apply", "P-001", "https://todoke.example.jp")
    key = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(
        base64.b64decode(str(result["signature"])),
        signed_bytes(bytes.fromhex("ab" * 32), text),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    assert scene.steps() == ["waiting_card", "waiting_pin", "reading"]
    assert scene.visit is not None and scene.visit.state is VisitState.DONE
    assert "読み取りが終わりました" in scene.person.page()


def test_n3_the_integrity_record_never_leaves_the_agent(scene: Scene) -> None:
    card = Card()
    record = card.files[(bytes.fromhex("D3921000310001010408"), 3)]
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    scene.end()
    sent = b"".join(scene.service.bodies)
    for part in (record[8:40], record[43:75]):
        assert part.hex().encode() not in sent.lower()
        assert base64.b64encode(part)[:40] not in sent
    assert set(scene.service.results.get()) == {
        "outcome",
        "four_information",
        "certificate",
        "signature",
        "issuer_check",
        "card_proof",
        "card_environment",
    }


def test_p8_only_the_verdict_about_the_cards_own_key_leaves_the_agent(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    assert scene.result()["card_proof"] == "live"
    record = card.files[(TEXT_AP, 7)]
    answers = [apdu for apdu in card.commands if apdu[:4] == bytes.fromhex("802A0000")]
    assert len(answers) == 1
    challenge = bytes.fromhex("ab" * 32)
    assert answers[0][24:56] == hashlib.sha256(challenge).digest(), "the card signs the service's challenge"
    own_signature = rsa_key("card").sign(challenge, padding.PKCS1v15(), hashes.SHA256())
    sent = b"".join(scene.service.bodies)
    for part in (record[20:52], record[-64:], own_signature):
        assert part.hex().encode() not in sent.lower()
        assert base64.b64encode(part)[:32] not in sent


@pytest.mark.parametrize(
    ("card", "verdict"),
    [(Card(proof_key="another card"), "not_live"), (Card(proof_key=None), "not_done")],
    ids=["another key", "no such key"],
)
def test_p8_a_wrong_key_and_no_key_are_two_different_verdicts(scene: Scene, card: Card, verdict: str) -> None:
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    result = scene.result()
    assert (result["outcome"], result["issuer_check"], result["card_proof"]) == ("ok", "genuine", verdict)


def test_without_issuer_keys_the_check_is_honestly_not_done(scene: Scene) -> None:
    scene.issuer_keys = IssuerKeys()
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    result = scene.result()
    assert (result["issuer_check"], result["card_environment"]) == ("not_done", None)
    assert result["card_proof"] == "not_done"
    assert not any(apdu[1] == 0xB0 and apdu[2] in (0x83, 0x84, 0x87) for apdu in card.commands)


def test_a_card_laid_down_later_is_noticed(scene: Scene) -> None:
    scene.begin()
    assert "カードを置いてください" in scene.person.page()
    scene.reader.card = Card()
    scene.until(VisitState.WAITING_PIN)


def test_a_wrong_pin_ends_the_visit_with_the_tries_left_and_costs_one_try(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter(auth="9999")
    assert scene.result() == ended("wrong_pin", "auth", 2)
    assert card.tries == {TEXT_KEY: 3, AUTH_KEY: 2}
    page = scene.person.page()
    assert "暗証番号が違います" in page
    assert "あと2回まちがえるとロックされます" in page
    assert "「利用者証明用」の暗証番号" in page


def test_a_wrong_authentication_pin_never_shows_the_other_pin_to_the_card(scene: Scene) -> None:
    """The text PIN, which only the office unlocks, comes second."""
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter(text="9999", auth="9999")
    assert scene.result() == ended("wrong_pin", "auth", 2)
    assert len(card.verifications()) == 1
    assert card.tries == {TEXT_KEY: 3, AUTH_KEY: 2}


def test_a_wrong_text_pin_is_told_with_its_own_number_of_tries(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter(text="9999")
    assert scene.result() == ended("wrong_pin", "text", 2)
    assert len(card.verifications()) == 2


@pytest.mark.parametrize(("counter", "kind"), [(TEXT_KEY, "text"), (AUTH_KEY, "auth")])
def test_a_locked_pin_is_told_at_once_and_no_pin_is_asked(scene: Scene, counter: int, kind: str) -> None:
    card = Card()
    card.tries[counter] = 0
    scene.begin(card)
    assert scene.result() == ended("blocked", kind, 0)
    assert card.verifications() == []
    assert 'name="text_pin"' not in scene.person.page()


@pytest.mark.parametrize(("counter", "kind"), [(TEXT_KEY, "text"), (AUTH_KEY, "auth")])
def test_n7_the_last_try_needs_a_confirmation_of_its_own(scene: Scene, counter: int, kind: str) -> None:
    card = Card()
    card.tries[counter] = 1
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    assert "あと1回まちがえるとロックされます" in scene.person.page()
    answer = scene.person.enter()
    assert answer.status_code == 422
    assert "チェックを入れてください" in answer.text
    assert card.verifications() == []
    assert scene.person.enter(last_try="yes").status_code == 303
    assert scene.result()["outcome"] == "ok"
    assert card.tries[counter] == 3


def test_n7_a_try_lost_elsewhere_in_the_meantime_is_not_taken_without_asking(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    card.tries[TEXT_KEY] = 1
    scene.person.enter(last_try="yes")
    assert scene.result() == ended("last_try", "text", 1)
    assert len(card.verifications()) == 1


def test_e104_a_password_in_place_of_a_pin_costs_no_try_and_is_not_shown_again(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    answer = scene.person.enter(text="25801", auth="ABC123")
    assert answer.status_code == 422
    assert "<title>エラー:" in answer.text
    assert "英数字6〜16文字のパスワードや、顔写真の下の4桁ではありません。 (E104)" in answer.text
    assert "25801" not in answer.text
    assert "ABC123" not in answer.text
    assert scene.visit is not None and scene.visit.state is VisitState.WAITING_PIN
    assert card.verifications() == []


def test_full_width_digits_and_spaces_are_understood(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter(text="２５８０", auth=" 1 470")
    assert scene.result()["outcome"] == "ok"


def test_a_my_number_typed_into_a_pin_field_is_refused_without_repeating_it(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    answer = scene.person.enter(text="9999-9999-9999")
    assert "マイナンバー(個人番号)は入力しないでください" in answer.text
    assert "9999" not in answer.text


def test_another_card_at_the_second_meeting_gets_no_pin(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    other = Card(leaf=Leaf(ROOT, serial=4712, key_label="other leaf"))
    before = scene.person.token()
    scene.reader.card = other
    assert scene.person.enter().status_code == 303
    scene.until_true(lambda: scene.steps().count("reading") == 1 and scene.steps()[-1] == "waiting_pin")
    assert other.verifications() == []
    assert scene.person.token() == before, "it is still the same visit"
    own = Card()
    scene.reader.card = own
    scene.person.enter()  # for the other card, which is gone again
    scene.until_true(lambda: scene.steps().count("reading") == 2 and scene.steps()[-1] == "waiting_pin")
    assert other.verifications() == own.verifications() == []
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"


def test_a_card_taken_away_while_the_pins_are_awaited_is_asked_for_again(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.reader.card = None
    scene.until(VisitState.WAITING_CARD)
    page = scene.person.page()
    assert "カードを置いてください" in page
    assert "カードが離れました。暗証番号は使っていません。" in page
    own = Card()
    scene.reader.card = own
    scene.until(VisitState.WAITING_PIN)
    assert "カードが離れました" not in scene.person.page()
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"


def test_a_card_that_is_out_of_sight_for_a_moment_is_not_asked_for_again(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    scene.reader.absent_looks = 1
    scene.until_true(lambda: scene.reader.absent_looks == 0)
    scene.until_true(lambda: scene.reader.looks_since >= 2)
    assert scene.visit is not None and scene.visit.state is VisitState.WAITING_PIN


def test_pins_entered_when_no_card_lies_there_any_more_are_dropped_and_the_card_is_asked_for(scene: Scene) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    scene.reader.gone_at_open = True
    scene.person.enter()
    scene.until_true(lambda: scene.steps().count("waiting_card") == 2)
    assert scene.service.results.empty()


def test_br_50_at_a_counter_the_card_of_the_person_before_is_taken_away_first(scene: Scene) -> None:
    """A guardian's card still lies there: no PIN is asked for before it is gone and another one was laid down."""
    before = Card()
    scene.begin(before, purpose="counter")
    scene.until_true(lambda: scene.steps() == ["waiting_removal"])
    assert "置いてあるカードを、先に取ってください" in scene.person.page()
    scene.until_true(lambda: scene.reader.looks_since >= 3)
    assert before.commands == [], "nothing is asked of a card that is not this person's"
    scene.reader.card = None
    scene.until_true(lambda: scene.steps() == ["waiting_removal", "waiting_card"])
    scene.reader.card = Card()
    scene.until(VisitState.WAITING_PIN)
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"


def test_at_home_a_card_may_lie_there_already(scene: Scene) -> None:
    scene.begin(Card(), purpose="apply")
    scene.until_true(lambda: scene.steps() == ["waiting_card", "waiting_pin"])


def test_two_meetings_take_19_commands_5_more_with_the_issuer_check_and_4_with_the_cards_proof(scene: Scene) -> None:
    card = Card()
    scene.begin(card)
    scene.until(VisitState.WAITING_PIN)
    first = len(card.commands)
    scene.person.enter()
    assert scene.result()["outcome"] == "ok"
    reads = -(-len(LEAF.der()) // 256)
    assert first == 4 + reads
    assert len(card.commands) - first == 9 + 5 + 4
