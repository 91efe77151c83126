"""The OCSP responder: asked at its configured address only, believed only with proof, and never waited for long."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from app import clock, db
from app.cards.models import RevocationList
from app.cards.responder import PAUSE_SECONDS, _Silence
from app.settings import Settings
from card_sim.ocsp import OcspVariant, Responder, SignedBy
from card_sim.ocsp_server import OcspServer
from tests.cards.reading import Issuer, Visit, all_evidence, problem
from tests.conftest import FIXTURE_TIME

Visits = Callable[..., Visit]
USELESS = ("unknown", "stale", "forged", "wrong_serial", "missing_eku", "nonce_wrong", "nonce_left_out")


@pytest.fixture(autouse=True)
def no_silence() -> Iterator[None]:
    """No pause that an earlier test began, and none left behind."""
    _Silence.end()
    yield
    _Silence.end()


def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def responder(issuer: Issuer) -> Iterator[str]:
    server = OcspServer(("127.0.0.1", 0), Responder(issuer.issuer), lambda: FIXTURE_TIME)
    yield from serving(server)


class Trap(ThreadingHTTPServer):
    """An HTTP server that writes down what arrives, and answers as it was told."""

    daemon_threads = True

    def __init__(self, status: int = 200, body: bytes = b"", location: str | None = None) -> None:
        self.status, self.body, self.location = status, body, location
        self.requests: list[tuple[str, bytes]] = []
        self.connections_held: list[int] = []
        super().__init__(("127.0.0.1", 0), TrapHandler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ocsp"


class TrapHandler(BaseHTTPRequestHandler):
    server: Trap

    def do_POST(self) -> None:
        pool: Any = db.engine().pool
        self.server.connections_held.append(pool.checkedout())
        self.server.requests.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        if self.server.location is not None:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(self.server.body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def trap() -> Iterator[Trap]:
    server = Trap()
    for _ in serving(server):
        yield server


def forget_lists() -> None:
    with db.transaction() as session:
        session.query(RevocationList).delete()


@pytest.fixture
def at_counter(visit: Visits, issuer: Issuer) -> Callable[..., Visit]:
    """A card session of an installation with this responder; without lists unless they are wanted."""

    def opened(url: str, *, lists: bool = False, **changes: Any) -> Visit:
        if not lists:
            forget_lists()
            changes["crl_sources"] = []
        return visit(settings=issuer.settings(ocsp_url=url, **changes))

    return opened


def revocation_of(one: Visit, person: str = "TP-02") -> str:
    assert one.hand_in(one.read(person))
    return all_evidence()[-1].revocation


# --- what an answer says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", [signer.value for signer in SignedBy])
def test_a_good_answer_makes_evidence_good_without_any_list(at_counter: Visits, responder: str, signer: str) -> None:
    assert revocation_of(at_counter(f"{responder}/ocsp/true/{signer}")) == "good"


@pytest.mark.parametrize("lists", [False, True], ids=["no list", "a list that does not know yet"])
def test_an_answer_that_says_revoked_ends_the_visit_whatever_a_list_says(
    at_counter: Visits, responder: str, lists: bool
) -> None:
    one = at_counter(f"{responder}/ocsp/revoked/delegated", lists=lists)
    assert one.hand_in(one.read("TP-02"))
    assert problem(one.session_id)[0] == "E106"
    assert all_evidence() == []


def test_the_responder_knows_the_card_that_was_reported_lost(at_counter: Visits, responder: str) -> None:
    one = at_counter(f"{responder}/ocsp")
    assert one.hand_in(one.read("TP-26"))
    assert problem(one.session_id)[0] == "E106"


def test_a_good_answer_does_not_outweigh_a_list_that_says_revoked(at_counter: Visits, responder: str) -> None:
    one = at_counter(f"{responder}/ocsp/good/ca", lists=True)
    assert one.hand_in(one.read("TP-26"))
    assert problem(one.session_id)[0] == "E106"


@pytest.mark.parametrize(("lists", "found"), [(True, "good"), (False, "not_checked")], ids=["with lists", "without"])
@pytest.mark.parametrize("variant", USELESS)
def test_an_answer_that_proves_nothing_is_no_answer(
    at_counter: Visits, responder: str, variant: str, lists: bool, found: str
) -> None:
    assert revocation_of(at_counter(f"{responder}/ocsp/{variant}/delegated", lists=lists)) == found


def test_every_kind_of_useless_answer_is_among_them() -> None:
    assert {*USELESS, "true", "good", "revoked"} == {variant.value for variant in OcspVariant}


# --- whom it asks, and about what ----------------------------------------------------------------------------------


def test_each_question_carries_a_nonce_of_its_own_and_no_database_connection_waits_for_it(
    at_counter: Visits, trap: Trap
) -> None:
    for _ in range(2):
        revocation_of(at_counter(trap.url))
        _Silence.end()
    nonces = {
        ocsp.load_der_ocsp_request(body).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        for _, body in trap.requests
    }
    assert [len(nonce) for nonce in nonces] == [32, 32]
    assert trap.connections_held == [0, 0]


@pytest.mark.parametrize("configured", [False, True])
def test_an_address_in_a_certificate_is_never_asked(
    visit: Visits, tmp_path: Path, believing: Settings, trap: Trap, responder: str, configured: bool
) -> None:
    issuer = Issuer.at(tmp_path)
    issuer.issuer.announce_ocsp(trap.url)
    announcing = Issuer.at(tmp_path)
    settings = announcing.settings(ocsp_url=f"{responder}/ocsp" if configured else None)
    one = Visit(settings, visit().reader, announcing)
    result = one.read("TP-02")
    certificate = x509.load_der_x509_certificate(base64.b64decode(result["certificate"]))
    named = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [a.access_location.value for a in named if a.access_method == AuthorityInformationAccessOID.OCSP] == [
        trap.url
    ]
    assert one.hand_in(result)
    assert trap.requests == []


def test_nobody_is_asked_about_a_card_that_is_refused_anyway(
    at_counter: Visits, foreign_issuer: Issuer, trap: Trap
) -> None:
    foreign = at_counter(trap.url)
    foreign.hand_in(foreign.read("TP-02", issuer=foreign_issuer))
    forged = at_counter(trap.url)
    forged.hand_in(forged.read("TP-02") | {"signature": forged.read("TP-03")["signature"]})
    assert [problem(one.session_id)[0] for one in (foreign, forged)] == ["E116", "E108"]
    assert trap.requests == []


def test_a_redirect_is_not_followed(at_counter: Visits, trap: Trap) -> None:
    trap.status, trap.location = 307, "/elsewhere"
    assert revocation_of(at_counter(trap.url)) == "not_checked"
    assert [path for path, _ in trap.requests] == ["/ocsp"]


# --- a responder in trouble ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (404, b"no"), (200, b""), (200, b"<html>down</html>"), (200, bytes(70_000))]
)
def test_a_broken_responder_is_as_none(at_counter: Visits, trap: Trap, status: int, body: bytes) -> None:
    trap.status, trap.body = status, body
    assert revocation_of(at_counter(trap.url)) == "not_checked"
    _Silence.end()
    assert revocation_of(at_counter(trap.url)) == "not_checked"
    assert len(trap.requests) == 2


def test_where_the_responder_is_away_a_current_list_still_counts(visit: Visits, issuer: Issuer) -> None:
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        settings = issuer.settings(ocsp_url=f"http://127.0.0.1:{closed.getsockname()[1]}/")
        assert revocation_of(visit(settings=settings)) == "good"


class Crumbs:
    """A server that accepts and answers in crumbs, or not at all."""

    def __init__(self, crumb: bytes) -> None:
        self.accepted = 0
        self._over = threading.Event()
        self._crumb = crumb
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            while not self._over.wait(0.05):
                if self._crumb:
                    line.sendall(self._crumb)

    def stop(self) -> None:
        self._over.set()
        self._listener.close()


@pytest.mark.parametrize("crumb", [b"", b"H"], ids=["silence", "crumbs of a header"])
def test_a_responder_without_an_end_costs_its_time_limit_once_and_then_a_pause_nothing(
    at_counter: Visits, crumb: bytes
) -> None:
    server = Crumbs(crumb)
    try:
        took = []
        for _ in range(2):
            one = at_counter(server.url, ocsp_seconds=0.3)
            result = one.read("TP-02")
            began = time.monotonic()
            assert one.hand_in(result)
            took.append(time.monotonic() - began)
        assert [evidence.revocation for evidence in all_evidence()] == ["not_checked"] * 2
        assert server.accepted == 1, f"asked again only after {PAUSE_SECONDS} s"
        assert took[0] - took[1] < 2.0
    finally:
        server.stop()


def test_the_answer_counts_by_the_services_time(at_counter: Visits, responder: str) -> None:
    """An answer is fresh for some hours of the business clock, whatever the wall says."""
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert revocation_of(at_counter(f"{responder}/ocsp")) == "not_checked"
