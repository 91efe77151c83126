"""One typed settings object, read once from the environment (prefix ``TODOKE_``).

Everything that differs between a demo, a test run and a municipality's installation is here, and what would be
unsafe in production stops the start: plain http, made-up keys, TEST trust anchors, a simulated clock.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretBytes, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Environment(StrEnum):
    """Where this installation stands; decides what it refuses at start."""

    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class SettingsRefused(Exception):
    """The settings are incomplete or unsafe; the message says which and why, never their values."""


class ProviderEndpoint(BaseModel):
    """How one payment provider is reached: the address and token it gave us, and the secret that signs its call-backs.

    Without ``callback_secret`` no call-back of this provider is taken. With ``gateway`` ``file`` it has no address:
    orders and results go by file, in ``file_encoding``.
    """

    gateway: Literal["rest", "file"] = "rest"
    url: str = ""
    token: SecretStr = SecretStr("")
    callback_secret: SecretStr | None = Field(None, min_length=16)
    calls_per_second: int = Field(100, ge=1, le=1_000)
    max_concurrent: int = Field(8, ge=1, le=64)
    file_encoding: Literal["utf-8-sig", "cp932"] = "utf-8-sig"

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.gateway == "rest" and not (self.url and self.token.get_secret_value()):
            raise ValueError("a provider that is reached by rest needs url and token")
        return self


@dataclass(frozen=True)
class MailServer:
    """How mail leaves this installation, and from which address."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str
    user: str | None
    password: str
    timeout_seconds: float

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


class Keys(BaseModel):
    """The installation's secrets. Encryption keys are 32 bytes each, by id; the first encrypts, all decrypt."""

    encryption: dict[str, SecretBytes]
    index: SecretBytes
    audit: SecretBytes
    signing: SecretBytes

    @model_validator(mode="after")
    def _are_full_length(self) -> Self:
        named = {"index": self.index, "audit": self.audit, "signing": self.signing}
        named |= {f"encryption:{key_id}": key for key_id, key in self.encryption.items()}
        if not self.encryption:
            raise ValueError("at least one encryption key is needed")
        for name, key in named.items():
            if len(key.get_secret_value()) != 32:
                raise ValueError(f"key {name} must be 32 bytes")
        return self

    @classmethod
    def from_json(cls, text: str) -> Keys:
        """Read the key file format: JSON with base64 values. Raises ``SettingsRefused`` without echoing a value."""
        try:
            raw = json.loads(text)
            return cls(
                encryption={k: SecretBytes(base64.b64decode(v, validate=True)) for k, v in raw["encryption"].items()},
                **{
                    name: SecretBytes(base64.b64decode(raw[name], validate=True))
                    for name in ("index", "audit", "signing")
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsRefused(f"the keys are not readable ({type(error).__name__})") from None

    @staticmethod
    def generate_json() -> str:
        """New random keys in the key file format; the encryption key id is random, so that two files never clash."""

        def fresh() -> str:
            return base64.b64encode(secrets.token_bytes(32)).decode()

        encryption = {f"k{secrets.token_hex(3)}": fresh()}
        return json.dumps({"encryption": encryption, "index": fresh(), "audit": fresh(), "signing": fresh()}, indent=1)


class Settings(BaseSettings):
    """All settings of the service. Each field is ``TODOKE_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="TODOKE_", extra="ignore", frozen=True)

    environment: Environment = Environment.PRODUCTION
    database_url: SecretStr
    database_owner_url: SecretStr | None = None
    public_url: str
    state_dir: Path = Path(".state")
    keys_json: SecretStr | None = None
    keys_file: Path | None = None

    trust_anchors_dir: Path | None = None
    trust_anchors_environment: str = "production"
    crl_sources: Annotated[list[str], NoDecode] = Field(default_factory=list)
    ocsp_url: str | None = None
    ocsp_seconds: float = Field(3.0, gt=0, le=10)
    card_session_seconds: int = Field(180, ge=30, le=600)
    agent_wait_seconds: int = Field(25, ge=0, le=25)

    providers: dict[str, ProviderEndpoint] = Field(default_factory=dict)
    provider_timeout_seconds: float = Field(10.0, gt=0, le=60)
    provider_tester_url: str | None = None

    mail_host: str | None = None
    mail_port: int = Field(587, ge=1, le=65_535)
    mail_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_from: str | None = Field(None, pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")
    mail_user: str | None = None
    mail_password_file: Path | None = None
    mail_timeout_seconds: float = Field(10.0, gt=0, le=60)
    mail_catcher_url: str | None = None

    metrics_token: SecretStr | None = Field(None, min_length=16)

    web_threads: int = Field(16, ge=4, le=200)
    session_idle_minutes: int = Field(30, ge=5, le=240)
    session_absolute_hours: int = Field(8, ge=1, le=24)
    staff_idle_minutes: int = Field(15, ge=1, le=60)
    # 窓口の時間: a time written by hand on a paper can only lie within it.
    counter_opens: time = time(8, 0)
    counter_closes: time = time(20, 0)
    counter_open_on_holidays: bool = False
    # フリーダイヤル: printed on what people take home from a counter.
    help_phone: str | None = Field(None, pattern=r"^[0-9][0-9-]{4,18}[0-9]$")
    staff_absolute_hours: int = Field(10, ge=1, le=14)
    max_request_bytes: int = Field(256 * 1024, ge=16 * 1024)
    trusted_proxies: int = Field(0, ge=0, le=4)
    log_level: str = "INFO"

    @field_validator("crl_sources", mode="before")
    @classmethod
    def _split_by_spaces(cls, value: object) -> object:
        return value.split() if isinstance(value, str) else value

    @field_validator("ocsp_url")
    @classmethod
    def _is_a_responder(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("must be an address such as http://ocsp.example.jp/")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise ValueError("must be an origin such as https://todoke.example.jp")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if self.mail_host and not self.mail_from:
            raise ValueError("TODOKE_MAIL_FROM is needed beside TODOKE_MAIL_HOST")
        if (self.mail_user is None) != (self.mail_password_file is None):
            raise ValueError("TODOKE_MAIL_USER and TODOKE_MAIL_PASSWORD_FILE go together")
        if self.mail_host and self.mail_tls == "none" and self.environment is Environment.PRODUCTION:
            raise ValueError("TODOKE_MAIL_TLS=none would send mail in clear; it is refused in production")
        return self

    @model_validator(mode="after")
    def _production_is_safe(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            if not self.is_https:
                raise ValueError("TODOKE_PUBLIC_URL must be https in production")
            if self.keys_json is None and self.keys_file is None:
                raise ValueError("TODOKE_KEYS_FILE or TODOKE_KEYS_JSON is needed in production (todoke keys generate)")
            if self.trust_anchors_environment != "production":
                raise ValueError("TEST trust anchors are refused in production")
            if self.trusted_proxies == 0:
                raise ValueError(
                    "TODOKE_TRUSTED_PROXIES must say how many proxies stand in front in production: "
                    "with 0 all residents would share one rate limit"
                )
            if self.provider_tester_url is not None:
                raise ValueError("TODOKE_PROVIDER_TESTER_URL is for demo and tests only")
            if self.mail_catcher_url is not None:
                raise ValueError("TODOKE_MAIL_CATCHER_URL is for demo and tests only")
        return self

    @property
    def owner_url(self) -> str:
        """Who changes tables: the owner where one is named, which web and worker need not know."""
        return (self.database_owner_url or self.database_url).get_secret_value()

    @property
    def mail_server(self) -> MailServer | None:
        """The mail server, or ``None`` where none is set up: then messages wait. Reads the password file each time."""
        if not self.mail_host or not self.mail_from:
            return None
        try:
            password = self.mail_password_file.read_text("utf-8").strip() if self.mail_password_file else ""
        except OSError as error:
            raise SettingsRefused(f"TODOKE_MAIL_PASSWORD_FILE can't be read ({type(error).__name__})") from None
        return MailServer(
            self.mail_host,
            self.mail_port,
            self.mail_tls,
            self.mail_from,
            self.mail_user,
            password,
            self.mail_timeout_seconds,
        )

    @property
    def is_https(self) -> bool:
        """True when residents reach the service over https; decides cookie prefix, Secure and HSTS."""
        return self.public_url.startswith("https://")

    @property
    def test_cards_only(self) -> bool:
        """True when only TEST roots are configured, so that ``simulated`` evidence may pass (architecture.md 3)."""
        return self.environment is not Environment.PRODUCTION and self.trust_anchors_environment == "test"

    @property
    def keys(self) -> Keys:
        """The keys of this installation; demo and tests make their own at first use."""
        return _load_keys(self)


def _load_keys(settings: Settings) -> Keys:
    if settings.keys_json is not None:
        return Keys.from_json(settings.keys_json.get_secret_value())
    path = settings.keys_file or settings.state_dir / "keys.json"
    if not path.exists():
        if settings.environment is Environment.PRODUCTION:
            raise SettingsRefused(f"the key file {path.name} does not exist")
        write_private_file(path, Keys.generate_json())
    return Keys.from_json(path.read_text(encoding="ascii"))


def write_private_file(path: Path, text: str) -> None:
    """Write a secret so that only the owner can read it, and never over an existing file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")


@cache
def current() -> Settings:
    """The settings of this process. Raises ``SettingsRefused`` with one plain sentence for each fault."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(_sentence(fault) for fault in error.errors(include_input=False, include_url=False))
        raise SettingsRefused(faults) from None


def _sentence(fault: object) -> str:
    assert isinstance(fault, dict)
    name = "_".join(str(part) for part in fault["loc"])
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"TODOKE_{name.upper()}: {message}" if name else message
