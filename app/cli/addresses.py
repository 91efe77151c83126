"""Where the parts of a demo listen, all derived from one port, and the address that QR codes carry."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Addresses:
    """Where each part listens. Everything but the web service is for this machine only."""

    host: str
    port: int

    @property
    def keypad_port(self) -> int:
        """The reader's keypad page."""
        return self.port + 1

    @property
    def desk_port(self) -> int:
        """The tester's desk."""
        return self.port + 2

    @property
    def provider_port(self) -> int:
        """The simulated payment providers."""
        return self.port + 3

    @property
    def reader_port(self) -> int:
        """The virtual reader on which the desk lays cards."""
        return self.port + 4

    @property
    def ocsp_port(self) -> int:
        """The OCSP responder of the TEST issuer."""
        return self.port + 5

    @property
    def mail_port(self) -> int:
        """The page that shows the mail that was caught."""
        return self.port + 6

    @property
    def smtp_port(self) -> int:
        """Where mail is caught; the last of the ports."""
        return self.port + 7

    @property
    def web_is_local(self) -> bool:
        """True when no other machine can reach the service."""
        return self.host in ("127.0.0.1", "localhost", "::1")

    @property
    def public_url(self) -> str:
        """What the QR codes carry; TODOKE_PUBLIC_URL wins, for a demo behind an https proxy."""
        given = os.environ.get("TODOKE_PUBLIC_URL")
        if given:
            return given.rstrip("/")
        host = _address_of_this_machine() if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  # compared, never bound
        return f"http://{host}:{self.port}"

    @property
    def web_here(self) -> str:
        """How the other parts on this machine reach the service."""
        everywhere = self.host in ("0.0.0.0", "::", "localhost")  # noqa: S104  # compared, never bound
        return f"http://{'127.0.0.1' if everywhere else self.host}:{self.port}"

    def local(self, port: int) -> str:
        """The address of one of the other parts."""
        return f"http://127.0.0.1:{port}"


def _address_of_this_machine() -> str:
    """The address by which the local network knows this machine; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: choosing the route sends no packet
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
