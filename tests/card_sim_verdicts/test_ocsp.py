"""The TEST issuer's OCSP responder as own process would serve it: judged by the service, and by OpenSSL."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from card_sim import faults
from card_sim.card import SimulatedCard
from card_sim.certificates import Purpose
from card_sim.files import JPKI, ref
from card_sim.issuer import TestIssuer
from card_sim.ocsp import OcspVariant, Responder, SignedBy
from card_sim.ocsp_server import OcspServer
from card_sim.wallet import Wallet
from nfc.trust import OcspAnswer, TrustAnchor, build_ocsp_request, check_ocsp
from tests.card_sim_verdicts.conftest import HOLDER, NOW

CA, DELEGATED = SignedBy.CA, SignedBy.DELEGATED


def leaf_of(wallet: Wallet, person_id: str, *fault: str) -> x509.Certificate:
    card = wallet.open_with(person_id, NOW, [faults.parse(text) for text in fault])
    assert isinstance(card, SimulatedCard)
    return x509.load_der_x509_certificate(card.profile.contents[ref(JPKI, 0x000A)])


def anchor_of(leaf: x509.Certificate, anchors: Sequence[TrustAnchor]) -> TrustAnchor:
    authority = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    return next(
        anchor
        for anchor in anchors
        if anchor.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest == authority
    )


def asked(responder: Responder, leaf: x509.Certificate, anchors: Sequence[TrustAnchor]) -> tuple[str, str | None]:
    anchor, nonce = anchor_of(leaf, anchors), os.urandom(32)
    answer = responder.answer(build_ocsp_request(leaf, anchor, nonce), NOW)
    verdict = check_ocsp(leaf, anchor, OcspAnswer(answer, nonce), NOW)
    return verdict.state, verdict.reason


@pytest.mark.parametrize("signed_by", [CA, DELEGATED])
@pytest.mark.parametrize(
    ("variant", "verdict"),
    [
        (OcspVariant.GOOD, ("good", None)),
        (OcspVariant.REVOKED, ("revoked", "keyCompromise")),
        (OcspVariant.UNKNOWN, ("not_checked", None)),
        (OcspVariant.STALE, ("not_checked", None)),
        (OcspVariant.FORGED, ("not_checked", None)),
        (OcspVariant.WRONG_SERIAL, ("not_checked", None)),
        (OcspVariant.MISSING_EKU, ("not_checked", None)),
        (OcspVariant.NONCE_WRONG, ("not_checked", None)),
        (OcspVariant.NONCE_LEFT_OUT, ("not_checked", None)),
    ],
)
def test_each_way_of_answering(
    issuer: TestIssuer,
    wallet: Wallet,
    anchors: Sequence[TrustAnchor],
    signed_by: SignedBy,
    variant: OcspVariant,
    verdict: tuple[str, str | None],
) -> None:
    assert asked(Responder(issuer, variant, signed_by), leaf_of(wallet, HOLDER), anchors) == verdict


@pytest.mark.parametrize(
    ("person_id", "fault", "verdict"),
    [
        (HOLDER, [], ("good", None)),
        ("TP-27", [], ("good", None)),
        ("TP-26", [], ("revoked", "keyCompromise")),
        ("TP-26B", [], ("revoked", "certificateHold")),
        (HOLDER, ["revoked"], ("revoked", "keyCompromise")),
        (HOLDER, ["renewed"], ("good", None)),
        (HOLDER, ["leaf_wrong_policy"], ("good", None)),
    ],
)
def test_the_truth_about_every_certificate_of_the_issuer(
    issuer: TestIssuer,
    wallet: Wallet,
    anchors: Sequence[TrustAnchor],
    person_id: str,
    fault: list[str],
    verdict: tuple[str, str | None],
) -> None:
    assert asked(Responder(issuer), leaf_of(wallet, person_id, *fault), anchors) == verdict


def test_a_number_the_issuer_never_gave_out_is_unknown(issuer: TestIssuer) -> None:
    root = issuer.root(Purpose.AUTHENTICATION, 2)
    assert not issuer.has_issued(root, 12_345)
    assert not issuer.has_issued(root, 2**200)
    assert not issuer.has_issued(root, 0)


@pytest.mark.parametrize("request_der", [b"", b"\x30\x00", b"\x30\x82\xff\xff", os.urandom(200)])
def test_nonsense_is_a_malformed_request(issuer: TestIssuer, request_der: bytes) -> None:
    from cryptography.x509 import ocsp

    answer = ocsp.load_der_ocsp_response(Responder(issuer).answer(request_der, NOW))
    assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_certificate_of_another_issuer_is_none_of_its_business(issuer: TestIssuer, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509 import ocsp

    other = TestIssuer.open(tmp_path, NOW).root(Purpose.AUTHENTICATION, 1).certificate
    for algorithm in (hashes.SHA1(), hashes.SHA256()):
        request = ocsp.OCSPRequestBuilder().add_certificate(other, other, algorithm).build().public_bytes(Encoding.DER)
        answer = ocsp.load_der_ocsp_response(Responder(issuer).answer(request, NOW))
        assert answer.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.fixture(scope="module")
def server(issuer: TestIssuer) -> Iterator[OcspServer]:
    with OcspServer(("127.0.0.1", 0), Responder(issuer), lambda: NOW) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def exchange(
    server: OcspServer, method: str, path: str, body: bytes | None = None, kind: str = "application/ocsp-request"
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.getheader("Content-Type", ""), content


class TestOverHttp:
    def test_post_and_get_answer_alike(
        self, server: OcspServer, wallet: Wallet, anchors: Sequence[TrustAnchor]
    ) -> None:
        leaf = leaf_of(wallet, HOLDER)
        nonce = os.urandom(32)
        request = build_ocsp_request(leaf, anchor_of(leaf, anchors), nonce)
        encoded = quote(base64.b64encode(request), safe="")
        for status, kind, answer in (
            exchange(server, "POST", "/ocsp", request),
            exchange(server, "POST", "/", request),
            exchange(server, "GET", f"/ocsp/{encoded}"),
        ):
            assert (status, kind) == (200, "application/ocsp-response")
            assert check_ocsp(leaf, anchor_of(leaf, anchors), OcspAnswer(answer, nonce), NOW).state == "good"

    @pytest.mark.parametrize(
        ("path", "verdict"),
        [("/ocsp/revoked/ca", "revoked"), ("/ocsp/good/delegated", "good"), ("/ocsp/stale/ca", "not_checked")],
    )
    def test_the_path_chooses_another_way(
        self, server: OcspServer, wallet: Wallet, anchors: Sequence[TrustAnchor], path: str, verdict: str
    ) -> None:
        leaf, nonce = leaf_of(wallet, HOLDER), os.urandom(32)
        request = build_ocsp_request(leaf, anchor_of(leaf, anchors), nonce)
        for answer in (
            exchange(server, "POST", path, request)[2],
            exchange(server, "GET", f"{path}/{quote(base64.b64encode(request), safe='')}")[2],
        ):
            assert check_ocsp(leaf, anchor_of(leaf, anchors), OcspAnswer(answer, nonce), NOW).state == verdict

    @pytest.mark.parametrize(
        ("method", "path", "body", "kind", "status"),
        [
            ("POST", "/ocsp", b"x" * 5000, "application/ocsp-request", 413),
            ("POST", "/ocsp", b"x", "text/plain", 415),
            ("POST", "/elsewhere", b"x", "application/ocsp-request", 404),
            ("POST", "/ocsp/good/nobody", b"x", "application/ocsp-request", 404),
            ("GET", "/ocsp/***", None, "", 404),
            ("GET", "/ocsp", None, "", 404),
            ("GET", "/elsewhere", None, "", 404),
            ("GET", "/crl/good/3.crl", None, "", 404),
            ("GET", "/crl/nothing/1.crl", None, "", 404),
            ("GET", "/healthz", None, "", 200),
        ],
    )
    def test_edges(
        self, server: OcspServer, method: str, path: str, body: bytes | None, kind: str, status: int
    ) -> None:
        assert exchange(server, method, path, body, kind)[0] == status

    def test_it_gives_out_the_lists_too(self, server: OcspServer, issuer: TestIssuer) -> None:
        status, kind, der = exchange(server, "GET", "/crl/good/1.crl")
        assert (status, kind, der) == (200, "application/pkix-crl", issuer.crl(1, NOW))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
class TestOpensslAsks:
    """A client nobody here wrote."""

    def ask(self, server: OcspServer, path: str, leaf: x509.Certificate, issuer: TestIssuer, folder: Path) -> str:
        root = issuer.root(Purpose.AUTHENTICATION, 1)
        (folder / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
        (folder / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
        command = ["openssl", "ocsp", "-issuer", "root.pem", "-cert", "leaf.pem", "-CAfile", "root.pem"]
        command += ["-url", f"http://127.0.0.1:{server.server_port}{path}", "-attime", str(int(NOW.timestamp()))]
        # The answers are of the simulation's day; OpenSSL compares them with the day of this machine.
        command += ["-validity_period", str(100 * 365 * 86_400)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    @pytest.mark.parametrize(
        ("path", "person_id", "words"),
        [
            ("/ocsp", HOLDER, ["Response verify OK", "leaf.pem: good"]),
            ("/ocsp/true/delegated", HOLDER, ["Response verify OK", "leaf.pem: good"]),
            ("/ocsp", "TP-26", ["Response verify OK", "leaf.pem: revoked", "Reason: keyCompromise"]),
            ("/ocsp/unknown/ca", HOLDER, ["leaf.pem: unknown"]),
            ("/ocsp/forged/ca", HOLDER, ["Response Verify Failure"]),
            ("/ocsp/missing_eku/delegated", HOLDER, ["missing ocspsigning usage"]),
            ("/ocsp/nonce_wrong/ca", HOLDER, ["Nonce Verify error"]),
            ("/ocsp/wrong_serial/ca", HOLDER, ["No Status found"]),
        ],
    )
    def test_it_sees_the_same(
        self,
        server: OcspServer,
        wallet: Wallet,
        issuer: TestIssuer,
        tmp_path: Path,
        path: str,
        person_id: str,
        words: list[str],
    ) -> None:
        said = self.ask(server, path, leaf_of(wallet, person_id), issuer, tmp_path)
        assert [word for word in words if word not in said] == [], said


def test_the_responder_s_address_can_be_announced(tmp_path: Path) -> None:
    issuer = TestIssuer.open(tmp_path, NOW)

    def address(person_id: str) -> str:
        leaf = leaf_of(Wallet(tmp_path, TestIssuer.open(tmp_path, NOW)), person_id)
        (access,) = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        return str(access.access_location.value)

    assert address("TP-02") == "http://test-issuer.invalid/ocsp"
    issuer.announce_ocsp("http://127.0.0.1:8005/ocsp")
    assert address("TP-01") == "http://127.0.0.1:8005/ocsp"
    assert address("TP-02") == "http://test-issuer.invalid/ocsp", "a certificate that was made stays what it is"
