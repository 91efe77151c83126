"""The tester's till: what is bought there reaches todoke as a provider's report, once, signed; else it says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.provider_simulator import create_simulator
from tests.conftest import FIXTURE_TIME
from tests.provider_simulator.conftest import TOKENS
from tests.provider_simulator.serving import serving
from tests.rebates.conftest import held, load_list, member
from tests.web.service import OTHER_SECRET, SECRET, Service, providers_json, running

ACCOUNT = "0000000000017"


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database, tmp_path, monkeypatch, PROVIDERS=providers_json()) as service:
        load_list("店舗番号,店舗名\n001,みどり商店\n")
        yield service


def till(url: str | None, database_url: str, secret: str = SECRET) -> FlaskClient:
    results = f"{url}/api/provider/v1/grant-results" if url else None
    simulator = create_simulator(database_url, TOKENS, call_back_url=results, call_back_secrets={"PRV-01": secret})
    return simulator.test_client()


def fill_in(client: FlaskClient, **changes: str) -> dict[str, str]:
    page = client.get("/purchases").get_data(as_text=True)
    form = dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', page))
    return form | {"service": "SVC-QR-01", "account": ACCOUNT, "at": FIXTURE_TIME.isoformat()} | changes


def send(client: FlaskClient, form: dict[str, str]) -> tuple[int, str]:
    answer = client.post("/purchases", data=form)
    found = re.search(r'role="(?:status|alert)">([^<]+)', answer.get_data(as_text=True))
    assert found
    return answer.status_code, found[1]


def test_what_is_bought_at_the_till_takes_its_share_once(service: Service, fresh_database_url: str) -> None:
    who = member(account=ACCOUNT)
    with serving(service.app) as url:
        client = till(url, fresh_database_url)
        form = fill_in(client)
        assert send(client, form) == (200, "とどけが記録しました。")
        assert send(client, form)[1].startswith("同じ内容が")
        assert held(who) == 300
        assert send(client, form | {"yen": "2000"})[1].startswith("記録と食い違う")
        back = fill_in(client, purchase_no=form["transaction_no"], yen="400")
        assert send(client, back) == (200, "とどけが記録しました。")
        assert held(who) == 180


def test_an_account_that_takes_no_part_is_told(service: Service, fresh_database_url: str) -> None:
    with serving(service.app) as url:
        client = till(url, fresh_database_url)
        assert send(client, fill_in(client))[1].startswith("この決済サービスIDの申込がない")


def test_a_wrong_secret_or_a_silent_service_leaves_nothing(service: Service, fresh_database_url: str) -> None:
    who = member(account=ACCOUNT)
    with serving(service.app) as url:
        client = till(url, fresh_database_url, secret=OTHER_SECRET)
        assert send(client, fill_in(client))[1].startswith("受け付けられません")
    client = till("http://127.0.0.1:9", fresh_database_url)
    assert send(client, fill_in(client))[1].startswith("とどけから返事がありません")
    client = till(None, fresh_database_url)
    assert send(client, fill_in(client))[1].startswith("とどけから返事がありません")
    assert held(who) == 0


@pytest.mark.parametrize(
    "changes", [{"account": "12"}, {"yen": "0"}, {"yen": "1.5"}, {"service": "SVC-NONE"}, {"shop_no": ""}]
)
def test_what_can_not_be_is_said_on_the_page_and_not_sent(fresh_database_url: str, changes: dict[str, str]) -> None:
    client = till("http://127.0.0.1:9", fresh_database_url)
    assert send(client, fill_in(client, **changes))[0] == 422
