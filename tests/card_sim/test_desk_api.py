"""The tester's desk for programs: its JSON side, and who may use it at all."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography import x509
from flask.testing import FlaskClient

from card_sim.wallet import Wallet
from tests.card_sim.desk_scene import OneCardReader, client, desk, reader
from tests.card_sim.talk import SELECT_TEXT, Talk

__all__ = ["client", "desk", "reader"]


class TestForPrograms:
    def test_lay_remove_and_state(self, client: FlaskClient, now: datetime) -> None:
        assert client.get("/api/state").get_json() == {
            "lying": None,
            "faults": [],
            "now": now.isoformat(),
        }
        assert client.post("/api/lay", json={"person_id": "TP-02"}).get_json()["lying"] == "TP-02"
        assert client.get("/api/state").get_json()["lying"] == "TP-02"
        assert client.post("/api/remove").get_json()["lying"] is None

    def test_reset(self, client: FlaskClient, wallet: Wallet, now: datetime) -> None:
        talk = Talk.powered(wallet.open_card("TP-02", now))
        talk.send(SELECT_TEXT)
        talk.verify("91", b"9999")
        assert client.post("/api/reset", json={"person_id": "TP-02"}).status_code == 200
        assert talk.tries("91") == "63C3"

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("/api/lay", {"person_id": "TP-99"}, 404, "not_found"),
            ("/api/reset", {"person_id": "../issuer/issuer"}, 404, "not_found"),
            ("/api/lay", {"person_id": 2}, 400, "bad_request"),
            ("/api/lay", {}, 400, "bad_request"),
            ("/api/lay", ["TP-02"], 400, "bad_request"),
            ("/api/lay", {"person_id": "x" * 20_000}, 413, "request_entity_too_large"),
        ],
    )
    def test_bad_input(self, client: FlaskClient, path: str, body: object, status: int, code: str) -> None:
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.get_json()["error"]) == (status, code)

    def test_a_form_is_not_json(self, client: FlaskClient) -> None:
        assert client.post("/api/lay", data={"person_id": "TP-02"}).status_code == 415

    def test_no_reader_is_503(self, client: FlaskClient, reader: OneCardReader) -> None:
        reader.close()
        answer = client.post("/api/lay", json={"person_id": "TP-02"})
        assert (answer.status_code, answer.get_json()["error"]) == (503, "reader_unreachable")

    def test_the_revocation_list_follows_the_desk_s_clock(self, client: FlaskClient, now: datetime) -> None:
        answer = client.get("/crl/1.crl")
        assert answer.mimetype == "application/pkix-crl"
        crl = x509.load_der_x509_crl(answer.data)
        assert crl.last_update_utc < now < (crl.next_update_utc or now)
        assert len(list(crl)) > 2

    def test_it_is_alive(self, client: FlaskClient) -> None:
        assert client.get("/healthz").get_json() == {"status": "ok"}


class TestWhoMayUseIt:
    @pytest.mark.parametrize("path", ["/lay", "/remove", "/people/TP-02/reset"])
    @pytest.mark.parametrize("token", ["", "wrong", "日本語"])
    def test_a_form_without_the_desk_s_token_does_nothing(self, client: FlaskClient, path: str, token: str) -> None:
        answer = client.post(path, data={"token": token, "person_id": "TP-02"})
        assert answer.status_code == 403
        assert client.get("/api/state").get_json()["lying"] is None

    @pytest.mark.parametrize("path", ["/api/lay", "/api/remove", "/api/reset", "/lay"])
    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    )
    def test_another_site_is_refused(self, client: FlaskClient, path: str, headers: dict[str, str]) -> None:
        assert client.post(path, json={"person_id": "TP-02"}, headers=headers).status_code == 403

    def test_its_own_page_is_not(self, client: FlaskClient) -> None:
        headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/lay", json={"person_id": "TP-02"}, headers=headers).status_code == 200

    @pytest.mark.parametrize(
        ("host", "status"),
        [
            ("localhost:8092", 200),
            ("127.0.0.1:8092", 200),
            ("[::1]:8092", 200),
            ("192.0.2.7:8092", 200),
            ("desk.example", 403),
            ("127.0.0.1.example", 403),
        ],
    )
    def test_a_name_that_was_rebound_to_this_machine_is_refused(
        self, client: FlaskClient, host: str, status: int
    ) -> None:
        assert client.get("/", headers={"Host": host}).status_code == status
