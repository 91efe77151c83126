"""The tester's desk: its pages and what can be done there."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from flask.testing import FlaskClient

from card_sim.desk import create_desk
from card_sim.desk.views import japanese_moment, matching
from card_sim.faults import FAULTS, Group
from card_sim.issuer import TestIssuer
from card_sim.people import Persona
from card_sim.population import Town, generate
from card_sim.wallet import Wallet
from tests.card_sim.desk_scene import OneCardReader, client, desk, press, reader, token_in
from tests.card_sim.talk import SELECT_TEXT, Talk

__all__ = ["client", "desk", "reader"]


class TestPages:
    def test_the_start_page_shows_everybody_and_says_that_it_is_a_test(self, client: FlaskClient) -> None:
        page = client.get("/").text
        assert "試験用 TEST" in page
        assert "2026年11月20日(金)10時00分" in page
        assert "46人が見つかりました" in page
        assert "カードは置いてありません" in page
        assert 'href="http://127.0.0.1:8000/"' in page

    @pytest.mark.parametrize(
        ("query", "person_ids"),
        [
            ("TP-02", {"TP-02"}),
            ("tp-02", {"TP-02"}),
            ("ＴＰ－１８", {"TP-18"}),
            ("よしだはまお", {"TP-02"}),
            ("ヨシダ", {"TP-02"}),
            ("ほくと県あさひ市", {"TP-11"}),
            ("あさひ市 ロック", {"TP-18"}),
            ("どこにもない言葉", set[str]()),
        ],
    )
    def test_search(self, people: Mapping[str, Persona], query: str, person_ids: set[str]) -> None:
        assert {persona.person_id for persona in matching(people.values(), query)} == person_ids

    def test_a_search_without_a_hit_says_what_to_do(self, client: FlaskClient) -> None:
        page = client.get("/?q=%3Cb%3Enobody").text
        assert "0人が見つかりました" in page
        assert "全員の一覧" in page
        assert "<b>nobody" not in page

    def test_only_cards_with_a_problem(self, client: FlaskClient) -> None:
        page = client.get("/?unusual=1").text
        ids = set(re.findall(r'<span class="id">(TP-[^<]+)</span>', page))
        assert ids == {"TP-18", "TP-23", "TP-24", "TP-25", "TP-26", "TP-26B", "TP-27"}

    @pytest.mark.parametrize(
        ("person_id", "words"),
        [
            ("TP-02", "有効です(2027年8月19日まで)"),
            ("TP-18", "利用者証明用の暗証番号がロック"),
            ("TP-23", "このカードには暗証番号がありません"),
            ("TP-24", "補助用の暗証番号がロック"),
            ("TP-25", "2025年9月30日に期限が切れました"),
            ("TP-26", "失効しています"),
            ("TP-26B", "一時停止しています"),
            ("TP-27", "2026年11月21日から使えます"),
            ("TP-28", "ありません"),
        ],
    )
    def test_a_person_s_page_tells_the_state_of_the_card(self, client: FlaskClient, person_id: str, words: str) -> None:
        page = client.get(f"/people/{person_id}").text
        assert words in page

    def test_a_person_s_page_shows_secrets_and_what_the_card_says(self, client: FlaskClient) -> None:
        page = client.get("/people/TP-CANARY").text
        for words in ("2580", "1470", "TEST123", "あと3回", "あと5回", "秘匿　カナリ", "金糸雀町", "1977年7月17日"):
            assert words in page

    def test_every_page_is_private_to_the_moment(self, client: FlaskClient) -> None:
        answer = client.get("/")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    def test_who_is_here_for_the_first_time_lays_a_card_and_is_at_the_keypad(
        self, client: FlaskClient, reader: OneCardReader
    ) -> None:
        """Its PINs stand beside the button, since the next page asks for them."""
        page = client.get("/")
        usual = page.text.partition('class="usual"')[2].partition("</section>")[0]
        assert usual.count('<span class="pin">') == 2
        assert 'name="then" value="keypad"' in usual
        answer = client.post("/lay", data={"token": token_in(page.text), "person_id": "TP-02", "then": "keypad"})
        assert answer.status_code == 303
        keypad = answer.location
        assert reader.inserted.wait(5)
        assert f'href="{keypad}"' in client.get("/").text
        allowed = page.headers["Content-Security-Policy"].partition("form-action ")[2].split(";")[0].split()
        assert allowed == ["'self'", keypad.rstrip("/")], "the browser lets the form lead there, and nowhere else"

    @pytest.mark.parametrize("path", ["/people/TP-99", "/nowhere", "/crl/3.crl"])
    def test_what_is_not_there_is_said_in_japanese(self, client: FlaskClient, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 404
        assert "見つかりませんでした" in answer.text
        assert "<title>エラー:" in answer.text


class TestLayAndTake:
    def test_a_card_is_laid_used_and_taken_away(
        self, client: FlaskClient, wallet: Wallet, now: datetime, reader: OneCardReader
    ) -> None:
        page = press(client, "/lay", person_id="TP-02")
        assert "カードを読み取り機に置きました" in page
        assert "𠮷田　濵男" in page.partition("人を選ぶ")[0]
        assert reader.inserted.wait(5)
        assert "いま読み取り機に置いてあります" in client.get("/people/TP-02").text

        page = press(client, "/remove")
        assert "カードを取りました" in page
        assert "カードは置いてありません" in page

    def test_another_card_takes_the_place_of_the_first(self, client: FlaskClient, reader: OneCardReader) -> None:
        press(client, "/lay", person_id="TP-02")
        first = reader.card
        press(client, "/lay", person_id="TP-18")
        assert client.get("/api/state").get_json()["lying"] == "TP-18"
        assert reader.card is not first

    def test_a_reader_with_another_program_s_card_refuses(self, client: FlaskClient, reader: OneCardReader) -> None:
        with socket.create_connection(reader.address):
            assert reader.inserted.wait(5)
            token = token_in(client.get("/").text)
            answer = client.post("/lay", data={"token": token, "person_id": "TP-02"})
        assert answer.status_code == 503
        assert "別のカードがあります" in answer.text
        assert client.get("/api/state").get_json()["lying"] is None

    def test_without_a_reader_the_page_says_what_to_do(self, client: FlaskClient, reader: OneCardReader) -> None:
        reader.close()
        token = token_in(client.get("/").text)
        answer = client.post("/lay", data={"token": token, "person_id": "TP-02"})
        assert answer.status_code == 503
        assert "読み取り機につながりません" in answer.text

    def test_a_card_the_reader_lets_go_of_lies_there_no_more(self, client: FlaskClient, reader: OneCardReader) -> None:
        press(client, "/lay", person_id="TP-02")
        assert reader.inserted.wait(5)
        assert reader.card is not None
        reader.card.shutdown(socket.SHUT_RDWR)
        threads = [thread for thread in threading.enumerate() if thread.name == "card on reader"]
        for thread in threads:
            thread.join(5)
        assert client.get("/api/state").get_json()["lying"] is None

    def test_a_reset_fills_the_counters(self, client: FlaskClient, wallet: Wallet, now: datetime) -> None:
        talk = Talk.powered(wallet.open_card("TP-02", now))
        talk.send(SELECT_TEXT)
        for _ in range(3):
            talk.verify("91", b"9999")
        assert "ロックされています" in client.get("/people/TP-02").text
        page = press(client, "/people/TP-02/reset")
        assert "最初の状態に戻しました" in page
        assert "ロックされています" not in page
        assert talk.tries("91") == "63C3"


class TestFaults:
    """Laid from the person's page, in words; by programs, by name."""

    def test_the_page_offers_every_fault_by_group(self, client: FlaskClient) -> None:
        page = client.get("/people/TP-02").text
        assert "不具合を付けて置く" in page
        for row in FAULTS.values():
            assert f'value="{row.name}"' in page
        for group in Group:
            assert f'label="{group.value}"' in page

    def test_a_card_is_laid_with_a_fault_and_says_so(self, client: FlaskClient) -> None:
        page = press(client, "/lay", person_id="TP-02", fault="contact_lost", number="7")
        assert "n番目の命令でカードが離れる (数: 7)" in page
        assert client.get("/api/state").get_json()["faults"] == ["contact_lost:7"]
        page = press(client, "/lay", person_id="TP-02")
        assert "カードが離れる" not in page
        assert client.get("/api/state").get_json()["faults"] == []

    @pytest.mark.parametrize(("number", "taken"), [("", "contact_lost:5"), ("3", "contact_lost:3")])
    def test_a_number_that_is_left_out_takes_its_usual_value(
        self, client: FlaskClient, number: str, taken: str
    ) -> None:
        press(client, "/lay", person_id="TP-02", fault="contact_lost", number=number)
        assert client.get("/api/state").get_json()["faults"] == [taken]

    def test_a_number_where_none_is_taken_does_not_matter(self, client: FlaskClient) -> None:
        press(client, "/lay", person_id="TP-02", fault="revoked", number="7")
        assert client.get("/api/state").get_json()["faults"] == ["revoked"]

    @pytest.mark.parametrize("number", ["0", "abc", "99999", "１"])
    def test_a_number_out_of_range_is_told_on_the_page(self, client: FlaskClient, number: str) -> None:
        page = press(client, "/lay", person_id="TP-02", fault="slow", number=number)
        assert "<title>エラー: " in page
        assert "1 から 60000 までの数字を入れてください" in page
        assert client.get("/api/state").get_json()["lying"] is None

    def test_programs_may_combine_faults(self, client: FlaskClient) -> None:
        body = {"person_id": "TP-02", "faults": ["blocked_auth", "slow:1"]}
        assert client.post("/api/lay", json=body).get_json()["faults"] == ["blocked_auth", "slow:1"]

    @pytest.mark.parametrize("faults", [["nothing"], "revoked", [1], ["slow:0"]])
    def test_an_unknown_fault_is_a_bad_request(self, client: FlaskClient, faults: object) -> None:
        answer = client.post("/api/lay", json={"person_id": "TP-02", "faults": faults})
        assert (answer.status_code, answer.get_json()["error"]) == (400, "bad_request")

    def test_programs_can_ask_which_there_are(self, client: FlaskClient) -> None:
        known = {row["name"]: row for row in client.get("/api/faults").get_json()["faults"]}
        assert set(known) == set(FAULTS)
        assert known["slow"]["number"] == 500

    def test_a_list_of_another_kind_is_given_out(self, client: FlaskClient, now: datetime) -> None:
        stale = x509.load_der_x509_crl(client.get("/crl/stale/1.crl").data)
        assert stale.next_update_utc is not None
        assert stale.next_update_utc < now
        assert client.get("/crl/nothing/1.crl").status_code == 404


def test_a_population_is_shown_in_part_and_found_by_searching(
    tmp_path: Path, issuer: TestIssuer, people: Mapping[str, Persona], now: datetime, reader: OneCardReader
) -> None:
    town = {persona.person_id: persona for persona in generate(Town.of("99301", 500, 1))}
    everyone = {**people, **town}
    wallet = Wallet(tmp_path, issuer, everyone)
    desk = create_desk(wallet, everyone, lambda: now, reader.address, issuer, keypad_url="/", service_url="/")
    page = desk.test_client().get("/").text
    assert "546人が見つかりました" in page
    assert "はじめの200人" in page
    last = list(town)[-1]
    assert f'<span class="id">{last}</span>' not in page
    assert f'<span class="id">{last}</span>' in desk.test_client().get(f"/?q={last}").text


def test_a_moment_is_written_in_japanese_time() -> None:
    assert japanese_moment(datetime.fromisoformat("2026-11-20T15:05:00+00:00")) == "2026年11月21日(土)0時05分"
