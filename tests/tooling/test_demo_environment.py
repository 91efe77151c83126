"""What the demo's parts run with."""

from __future__ import annotations

import pytest

from app.cli.addresses import Addresses
from app.cli.demo_setup import PROVIDERS, environment_of
from app.embedded_postgres import EmbeddedPostgres
from app.settings import Settings


@pytest.mark.parametrize("by_file", [(), ("PRV-03",)])
def test_a_provider_of_the_demo_is_reached_by_call_or_by_file(tmp_path, monkeypatch, by_file) -> None:
    cluster, addresses = EmbeddedPostgres(tmp_path / "postgres"), Addresses("127.0.0.1", 8000)
    for name, value in environment_of(cluster, addresses, tmp_path, by_file).items():
        monkeypatch.setenv(name, value)
    providers = Settings().providers
    ways = {name: endpoint.gateway for name, endpoint in providers.items()}
    assert ways == dict.fromkeys(PROVIDERS, "rest") | dict.fromkeys(by_file, "file")
    assert all(endpoint.token.get_secret_value() for endpoint in providers.values())
