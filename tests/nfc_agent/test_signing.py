"""Requests of an agent: signed as sent, for now, by the enrolled key."""

from __future__ import annotations

from pathlib import Path

import pytest

from nfc.agent.signing import DeviceKey, DeviceKeyError, SignatureError, sign_request, verify_request

NOW = 1_800_000_000.0
PATH = "/api/agent/v1/take"
BODY = b'{"wait": 20}'


def test_a_request_verifies_as_it_was_signed_and_names_agent_and_nonce(key: DeviceKey) -> None:
    headers = sign_request(key, "agent-1", "POST", PATH, BODY, NOW)
    signed = verify_request(key.public_bytes, headers, "POST", PATH, BODY, NOW + 119)
    assert (signed.agent_id, signed.nonce, signed.timestamp) == ("agent-1", headers["Todoke-Nonce"], int(NOW))


def test_every_request_has_a_nonce_of_its_own(key: DeviceKey) -> None:
    nonces = {sign_request(key, "agent-1", "POST", PATH, BODY, NOW)["Todoke-Nonce"] for _ in range(20)}
    assert len(nonces) == 20


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", PATH, BODY), ("POST", PATH + "x", BODY), ("POST", PATH, BODY + b" "), ("POST", PATH + "?a=1", BODY)],
)
def test_a_changed_request_is_refused(key: DeviceKey, method: str, path: str, body: bytes) -> None:
    headers = sign_request(key, "agent-1", "POST", PATH, BODY, NOW)
    with pytest.raises(SignatureError):
        verify_request(key.public_bytes, headers, method, path, body, NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Todoke-Agent", "agent-2"),
        ("Todoke-Timestamp", str(int(NOW) + 1)),
        ("Todoke-Nonce", "A" * 22),
        ("Todoke-Signature", "A" * 86 + "=="),
        ("Todoke-Signature", "not base64"),
        ("Todoke-Agent", "a\nb"),
        ("Todoke-Timestamp", "１８"),
        ("Todoke-Timestamp", "-5"),
    ],
)
def test_a_changed_header_is_refused(key: DeviceKey, name: str, value: str) -> None:
    headers = sign_request(key, "agent-1", "POST", PATH, BODY, NOW)
    headers[name] = value
    with pytest.raises(SignatureError):
        verify_request(key.public_bytes, headers, "POST", PATH, BODY, NOW)


def test_a_missing_header_is_refused(key: DeviceKey) -> None:
    for name in sign_request(key, "agent-1", "POST", PATH, BODY, NOW):
        headers = sign_request(key, "agent-1", "POST", PATH, BODY, NOW)
        del headers[name]
        with pytest.raises(SignatureError, match=name):
            verify_request(key.public_bytes, headers, "POST", PATH, BODY, NOW)


@pytest.mark.parametrize("drift", [-121, 121])
def test_a_request_from_another_time_is_refused(key: DeviceKey, drift: int) -> None:
    headers = sign_request(key, "agent-1", "POST", PATH, BODY, NOW)
    with pytest.raises(SignatureError, match="time"):
        verify_request(key.public_bytes, headers, "POST", PATH, BODY, NOW + drift)


def test_the_key_of_another_agent_is_refused(key: DeviceKey, tmp_path: Path) -> None:
    other = DeviceKey.create(tmp_path / "other.pem")
    headers = sign_request(other, "agent-1", "POST", PATH, BODY, NOW)
    with pytest.raises(SignatureError):
        verify_request(key.public_bytes, headers, "POST", PATH, BODY, NOW)


def test_a_device_key_is_written_for_its_owner_only_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "device.pem"
    made = DeviceKey.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert DeviceKey.load(path).public_bytes == made.public_bytes
    assert repr(made) == "DeviceKey(...)"


def test_an_existing_device_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "device.pem"
    before = DeviceKey.create(path).public_bytes
    with pytest.raises(DeviceKeyError):
        DeviceKey.create(path)
    assert DeviceKey.load(path).public_bytes == before


def test_a_device_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "device.pem"
    DeviceKey.create(path)
    path.chmod(0o640)
    with pytest.raises(DeviceKeyError, match="open to others"):
        DeviceKey.load(path)


def test_a_missing_or_broken_device_key_is_told_plainly(tmp_path: Path) -> None:
    path = tmp_path / "device.pem"
    with pytest.raises(DeviceKeyError, match="cannot read"):
        DeviceKey.load(path)
    path.write_text("nothing")
    path.chmod(0o600)
    with pytest.raises(DeviceKeyError, match="no usable key"):
        DeviceKey.load(path)
