"""The door of the keypad page: who may ask, what is answered, and what stands on the page."""

from __future__ import annotations

import http.client
import re
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from nfc.agent.booth import ENDED_SHOWN_SECONDS
from nfc.agent.keypad import KeypadServer, KeypadUnavailable
from nfc.agent.visit import VisitState
from tests.nfc_agent.conftest import Scene
from tests.nfc_agent.scripted_card import Card


@pytest.fixture
def waiting(scene: Scene) -> Scene:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    return scene


def still_waiting(scene: Scene) -> bool:
    return scene.visit is not None and scene.visit.state is VisitState.WAITING_PIN


def fields(scene: Scene, **changes: str) -> dict[str, str]:
    return {"token": scene.person.token(), "page_number": "48", "text_pin": "2580", "auth_pin": "1470"} | changes


def test_the_page_listens_on_the_loopback_address_only(scene: Scene) -> None:
    assert urlsplit(scene.keypad.url).hostname == "127.0.0.1"
    port = urlsplit(scene.keypad.url).port
    assert port is not None
    with socket.socket() as probe:  # another address of this machine's loopback network
        assert probe.connect_ex(("127.0.0.2", port)) != 0


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80", ""])
@pytest.mark.parametrize("path", ["/", "/state", "/keypad.js"])
def test_a_foreign_host_name_is_refused(waiting: Scene, host: str, path: str) -> None:
    answer = waiting.person.http.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert "token" not in answer.text


def test_the_name_localhost_is_accepted(waiting: Scene) -> None:
    port = urlsplit(waiting.keypad.url).port
    assert waiting.person.http.get("/", headers={"Host": f"localhost:{port}"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1", "http://localhost:1"])
@pytest.mark.parametrize("path", ["/pin", "/cancel"])
def test_a_form_from_a_foreign_origin_is_refused(waiting: Scene, origin: str, path: str) -> None:
    answer = waiting.person.http.post(path, data=fields(waiting), headers={"Origin": origin})
    assert answer.status_code == 403
    assert still_waiting(waiting)


def test_a_form_without_origin_is_refused(waiting: Scene) -> None:
    answer = httpx.post(f"{waiting.keypad.url}pin", data=fields(waiting), trust_env=False)
    assert answer.status_code == 403
    assert still_waiting(waiting)


@pytest.mark.parametrize("token", ["", "x", "あ"])
@pytest.mark.parametrize("path", ["/pin", "/cancel"])
def test_a_form_without_the_token_of_the_visit_is_refused(waiting: Scene, token: str, path: str) -> None:
    answer = waiting.person.http.post(path, data=fields(waiting, token=token))
    assert answer.status_code == 403
    assert still_waiting(waiting)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"token=x"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 5000),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(20))),
        ("application/x-www-form-urlencoded", b"no equals sign"),
    ],
)
def test_a_body_that_is_no_small_form_is_refused(waiting: Scene, content_type: str, body: bytes) -> None:
    answer = waiting.person.http.post("/pin", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert still_waiting(waiting)


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999", "５"])
def test_a_strange_content_length_is_refused(waiting: Scene, length: str) -> None:
    host = urlsplit(waiting.keypad.url).netloc
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.putrequest("POST", "/pin")
    connection.putheader("Origin", f"http://{host}")
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", length.encode())
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_refused_without_echo(waiting: Scene, method: str) -> None:
    answer = waiting.person.http.request(method, "/<b>echo")
    assert answer.status_code == 501
    assert "echo" not in answer.text


def test_an_unknown_path_is_not_found(waiting: Scene) -> None:
    assert waiting.person.http.get("/../etc/passwd").status_code == 404
    assert waiting.person.http.post("/state", data={"a": "b"}).status_code == 404


@pytest.mark.parametrize("path", ["/", "/state", "/keypad.css", "/keypad.js", "/nothing"])
def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(waiting: Scene, path: str) -> None:
    headers = waiting.person.http.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers
    assert "Python" not in headers["Server"]


def test_pins_sent_twice_are_taken_once(waiting: Scene) -> None:
    form = fields(waiting)
    assert waiting.person.http.post("/pin", data=form).status_code == 303
    assert waiting.person.http.post("/pin", data=form).status_code == 303
    assert waiting.result()["outcome"] == "ok"


def test_the_form_of_an_earlier_visit_does_nothing_to_the_next(waiting: Scene) -> None:
    form = fields(waiting)
    waiting.person.cancel()
    waiting.result()
    waiting.begin(Card())
    waiting.until(VisitState.WAITING_PIN)
    assert waiting.person.http.post("/pin", data=form).status_code == 403
    assert still_waiting(waiting)


def test_the_page_says_what_for_what_is_read_and_which_pins(waiting: Scene) -> None:
    page = waiting.person.page()
    for words in (
        "給付の申込のための本人確認",
        "あさひ市 物価高騰&lt;応援&gt;ポイント",
        "みらい県あさひ市",
        "氏名・住所・生年月日・性別",
        "確認番号(数字2桁)",
        "「券面事項入力補助用」の暗証番号(数字4桁)",
        "「利用者証明用」の暗証番号(数字4桁)",
        "あと3回まちがえるとロックされます",
        "試験用",
    ):
        assert words in page
    assert "<応援>" not in page
    assert "申請" not in page
    assert page.count('type="password"') == 2
    assert page.count('inputmode="numeric"') == 3
    assert 'http-equiv="refresh" content="180' in page  # never while somebody types


# --- the number of the person's own page ----------------------------------------------------------------------------


def test_the_keypad_never_shows_the_number_that_has_to_be_typed(scene: Scene) -> None:
    scene.begin(confirmation="73")
    before = scene.person.page()
    scene.reader.card = Card()
    scene.until(VisitState.WAITING_PIN)
    for page in (
        before,
        scene.person.page(),
        scene.person.enter(number="7").text,
        scene.person.enter(number="74").text,
    ):
        assert not re.search(r"(?<![0-9])73(?![0-9])", page)


@pytest.mark.parametrize("number", ["47", "84", "00"])
def test_with_a_wrong_number_no_pin_is_shown_to_the_card(waiting: Scene, number: str) -> None:
    answer = waiting.person.enter(number=number)
    assert answer.status_code == 422
    assert "元の画面と違います" in answer.text
    assert still_waiting(waiting)
    assert isinstance(waiting.reader.card, Card)
    assert waiting.reader.card.verifications() == []


@pytest.mark.parametrize("number", ["", "4", "480", "x8", "2580", "４８９"])
def test_a_number_of_another_form_is_asked_for_again_as_often_as_it_takes(waiting: Scene, number: str) -> None:
    for _ in range(5):
        assert waiting.person.enter(number=number).status_code == 422
    assert still_waiting(waiting)
    assert waiting.person.enter(number="４８").status_code == 303, "full-width digits are understood"


def test_the_third_wrong_number_ends_the_visit_without_a_try(waiting: Scene) -> None:
    card = waiting.reader.card
    assert isinstance(card, Card)
    assert [waiting.person.enter(number=number).status_code for number in ("11", "12", "13")] == [422, 422, 303]
    assert waiting.result()["outcome"] == "wrong_number"
    assert card.verifications() == []
    page = waiting.person.page()
    assert "確認番号が合いませんでした" in page
    assert "E115" in page


def test_a_right_number_is_not_asked_for_again(waiting: Scene) -> None:
    answer = waiting.person.enter(text="25")
    assert answer.status_code == 422
    assert 'name="page_number" type="text"' in answer.text
    assert 'value="48"' in answer.text
    assert waiting.person.enter().status_code == 303
    assert waiting.result()["outcome"] == "ok"


def test_the_state_is_told_to_the_page_and_changes_with_the_visit(waiting: Scene) -> None:
    first = waiting.person.http.get("/state").json()
    assert first["state"] == "waiting_pin"
    assert f'data-revision="{first["revision"]}"' in waiting.person.page()
    waiting.person.cancel()
    second = waiting.person.http.get("/state").json()
    assert second["state"] == "failed"
    assert second["revision"] != first["revision"]


def test_an_ended_visit_is_shown_for_a_minute_and_then_forgotten(waiting: Scene) -> None:
    waiting.person.cancel()
    waiting.end()
    waiting.booth.end()
    assert "読み取りを中止しました" in waiting.person.page()
    waiting.clock.now += ENDED_SHOWN_SECONDS
    assert "受け付け前です" in waiting.person.page()
    assert waiting.person.http.get("/state").json()["state"] == "idle"


def test_a_taken_port_is_told_in_a_sentence(scene: Scene) -> None:
    port = urlsplit(scene.keypad.url).port
    assert port is not None
    with pytest.raises(KeypadUnavailable, match=f"cannot use port {port}"):
        KeypadServer(scene.booth, port)
