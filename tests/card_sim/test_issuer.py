"""card.md sections 10 and 14: the TEST hierarchy, its certificates and its revocation lists."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags
from cryptography.x509.oid import NameOID

from card_sim.certificates import Purpose
from card_sim.files import JPKI, TEXT, ref
from card_sim.issuer import GENERATIONS, TestIssuer
from card_sim.people import CertificateStatus, Persona, lost_certificate
from card_sim.personalise import card_profile
from card_sim.profile import CardProfile

ROOTS = [(purpose, generation.index) for purpose in Purpose for generation in GENERATIONS]


LeafOf = Callable[[str], x509.Certificate]


@pytest.fixture
def auth_leaf_of(people: Mapping[str, Persona], issuer: TestIssuer, state_dir: Path, now: datetime) -> LeafOf:
    def leaf(person_id: str) -> x509.Certificate:
        profile = card_profile(people[person_id], issuer, state_dir / "cards" / person_id, now)
        return x509.load_der_x509_certificate(profile.contents[ref(JPKI, 0x000A)])

    return leaf


@pytest.fixture(scope="module")
def auth_leaf(canary_profile: CardProfile) -> x509.Certificate:
    return x509.load_der_x509_certificate(canary_profile.contents[ref(JPKI, 0x000A)])


@pytest.fixture(scope="module")
def sign_leaf(canary_profile: CardProfile) -> x509.Certificate:
    return x509.load_der_x509_certificate(canary_profile.contents[ref(JPKI, 0x0001)])


def names_in(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() + certificate.issuer.rfc4514_string()


class TestRoots:
    @pytest.mark.parametrize(("purpose", "generation"), ROOTS)
    def test_profile(self, issuer: TestIssuer, purpose: Purpose, generation: int) -> None:
        certificate = issuer.root(purpose, generation).certificate
        assert certificate.version is x509.Version.v3
        certificate.verify_directly_issued_by(certificate)
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert (key.key_size, key.public_numbers().e) == (2048, 65_537)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert usage.value.crl_sign
        assert not usage.value.digital_signature
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert constraints.value == x509.BasicConstraints(ca=True, path_length=None)
        assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        length = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert timedelta(days=3650) <= length <= timedelta(days=3653)

    @pytest.mark.parametrize("purpose", list(Purpose))
    def test_generations_share_the_name_and_not_the_key(self, issuer: TestIssuer, purpose: Purpose) -> None:
        older, newer = (issuer.root(purpose, generation.index).certificate for generation in GENERATIONS)
        assert older.subject.public_bytes() == newer.subject.public_bytes()
        assert older.public_key() != newer.public_key()

    @pytest.mark.parametrize(("purpose", "generation"), ROOTS)
    def test_nobody_can_take_them_for_the_real_ones(
        self, issuer: TestIssuer, purpose: Purpose, generation: int
    ) -> None:
        subject = issuer.root(purpose, generation).certificate.subject
        assert [part.value for part in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["TEST-NOT-JPKI"]
        units = [part.value for part in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
        assert units[2] == "TEST hierarchy, no legal effect"


class TestAuthenticationCertificate:
    def test_profile(self, auth_leaf: x509.Certificate, issuer: TestIssuer) -> None:
        root = issuer.root(Purpose.AUTHENTICATION, 1)
        auth_leaf.verify_directly_issued_by(root.certificate)
        assert auth_leaf.version is x509.Version.v3
        usage = auth_leaf.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature
        assert not usage.value.content_commitment
        assert not usage.value.key_cert_sign
        policies = auth_leaf.extensions.get_extension_for_class(x509.CertificatePolicies)
        assert policies.critical
        assert [p.policy_identifier.dotted_string for p in policies.value] == ["1.2.392.200149.8.5.1.3.30"]
        authority = auth_leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        own = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert authority.key_identifier == own.digest
        assert auth_leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert auth_leaf.extensions.get_extension_for_class(x509.IssuerAlternativeName)
        (point,) = auth_leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert point.full_name is not None
        assert {type(name) for name in point.full_name} == {x509.DirectoryName, x509.UniformResourceIdentifier}
        assert auth_leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
        with pytest.raises(x509.ExtensionNotFound):
            auth_leaf.extensions.get_extension_for_class(x509.BasicConstraints)

    def test_the_subject_is_a_country_and_a_test_name_of_24_characters(self, auth_leaf: x509.Certificate) -> None:
        country, common_name = auth_leaf.subject
        assert (country.oid, country.value) == (NameOID.COUNTRY_NAME, "JP")
        assert isinstance(common_name.value, str)
        assert common_name.value.startswith("TEST")
        assert len(common_name.value) == 24

    def test_it_carries_no_personal_data(self, auth_leaf: x509.Certificate, people: Mapping[str, Persona]) -> None:
        der = auth_leaf.public_bytes(Encoding.DER)
        holder = people["TP-CANARY"]
        for value in (holder.name, holder.address, "秘匿", "カナリ", "19770717", holder.person_id):
            assert value.encode() not in der

    def test_its_size_needs_six_short_reads(self, auth_leaf: x509.Certificate) -> None:
        assert 1280 < len(auth_leaf.public_bytes(Encoding.DER)) <= 1536

    def test_the_last_second_is_the_end_of_the_day_in_japan(self, auth_leaf: x509.Certificate) -> None:
        assert auth_leaf.not_valid_after_utc == datetime(2027, 7, 17, 14, 59, 59, tzinfo=UTC)
        assert auth_leaf.not_valid_before_utc == datetime(2023, 5, 31, 15, tzinfo=UTC)

    def test_a_renewed_one_is_usable_from_tomorrow(self, auth_leaf_of: LeafOf, issuer: TestIssuer) -> None:
        leaf = auth_leaf_of("TP-27")
        assert leaf.not_valid_before_utc == datetime(2026, 11, 20, 15, tzinfo=UTC)
        leaf.verify_directly_issued_by(issuer.root(Purpose.AUTHENTICATION, 2).certificate)

    def test_every_certificate_lies_within_the_life_of_its_root(
        self, people: Mapping[str, Persona], issuer: TestIssuer
    ) -> None:
        for persona in people.values():
            for plan in persona.auth_certificates:
                root = issuer.root_for(Purpose.AUTHENTICATION, plan).certificate
                assert root.not_valid_before_utc <= plan.not_before < plan.not_after <= root.not_valid_after_utc


class TestSignatureCertificate:
    def test_profile(self, sign_leaf: x509.Certificate, issuer: TestIssuer) -> None:
        sign_leaf.verify_directly_issued_by(issuer.root(Purpose.SIGNATURE, 1).certificate)
        usage = sign_leaf.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature
        assert usage.value.content_commitment
        (policy,) = sign_leaf.extensions.get_extension_for_class(x509.CertificatePolicies).value
        assert policy.policy_identifier.dotted_string == "1.2.392.200149.8.5.1.1.20"
        assert policy.policy_qualifiers
        localities = sign_leaf.subject.get_attributes_for_oid(NameOID.LOCALITY_NAME)
        assert [part.value for part in localities] == ["みらい県", "あさひ市"]

    def test_the_six_items_stand_in_the_real_order(self, sign_leaf: x509.Certificate) -> None:
        items = sign_leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        others = items.get_values_for_type(x509.OtherName)
        assert [item.type_id.dotted_string.rpartition(".")[2] for item in others] == list("143526")
        texts = [item.value[2:].decode() for item in others]
        address = "みらい県あさひ市金糸雀町７丁目７番７号"
        assert texts == ["秘匿　カナリ", "319770717", "2", address, "000000", "0" * len(address)]

    def test_a_substituted_character_is_flagged(
        self, people: Mapping[str, Persona], issuer: TestIssuer, state_dir: Path, now: datetime
    ) -> None:
        profile = card_profile(people["TP-22"], issuer, state_dir / "cards" / "TP-22", now)
        leaf = x509.load_der_x509_certificate(profile.contents[ref(JPKI, 0x0001)])
        items = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        texts = [item.value[2:].decode() for item in items.get_values_for_type(x509.OtherName)]
        assert (texts[0], texts[4]) == ("辻　明日香", "10000")
        assert texts[5].startswith("0001")
        assert len(texts[5]) == len(texts[3])


def test_every_distinguished_name_says_test(auth_leaf: x509.Certificate, sign_leaf: x509.Certificate) -> None:
    for leaf in (auth_leaf, sign_leaf):
        assert "O=JPKI" not in names_in(leaf)
        assert "O=TEST-NOT-JPKI" in leaf.issuer.rfc4514_string()
        assert "TEST" in leaf.subject.rfc4514_string()


class TestRevocationList:
    def test_profile(self, issuer: TestIssuer, now: datetime) -> None:
        root = issuer.root(Purpose.AUTHENTICATION, 1).certificate
        crl = x509.load_der_x509_crl(issuer.crl(1, now))
        key = root.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert crl.is_signature_valid(key)
        assert crl.issuer == root.subject
        assert crl.last_update_utc == now - timedelta(minutes=5)
        assert crl.next_update_utc == now + timedelta(hours=24)
        assert crl.extensions.get_extension_for_class(x509.CRLNumber)
        authority = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert authority.key_identifier == own.digest

    @pytest.mark.parametrize("generation", [1, 2])
    def test_it_lists_exactly_the_revoked_and_the_suspended(
        self, issuer: TestIssuer, people: Mapping[str, Persona], auth_leaf_of: LeafOf, now: datetime, generation: int
    ) -> None:
        bad = {CertificateStatus.REVOKED, CertificateStatus.SUSPENDED}
        expected = set()
        for person_id, persona in people.items():
            plan = persona.auth_certificates[-1]
            if plan.status in bad and issuer.root_for(Purpose.AUTHENTICATION, plan).generation == generation:
                expected.add(auth_leaf_of(person_id).serial_number)
        lost = {
            issuer.certificate(
                Purpose.AUTHENTICATION, persona, plan, issuer.root(Purpose.AUTHENTICATION, 1).key.public_key()
            )
            for persona in people.values()
            if issuer.root_for(Purpose.AUTHENTICATION, plan := lost_certificate(persona)).generation == generation
        }
        crl = x509.load_der_x509_crl(issuer.crl(generation, now))
        assert {line.serial_number for line in crl} == expected | {leaf.serial_number for leaf in lost}
        assert len(expected) == (2 if generation == 1 else 0)

    @pytest.mark.parametrize(
        ("person_id", "reason"),
        [("TP-26", ReasonFlags.key_compromise), ("TP-26B", ReasonFlags.certificate_hold), ("TP-02", None)],
    )
    def test_reasons(
        self, issuer: TestIssuer, auth_leaf_of: LeafOf, now: datetime, person_id: str, reason: ReasonFlags | None
    ) -> None:
        crl = x509.load_der_x509_crl(issuer.crl(1, now))
        line = crl.get_revoked_certificate_by_serial_number(auth_leaf_of(person_id).serial_number)
        if reason is None:
            assert line is None
        else:
            assert line is not None
            assert line.extensions.get_extension_for_class(x509.CRLReason).value.reason is reason
            assert line.revocation_date_utc < now

    def test_no_line_is_younger_than_the_list(self, issuer: TestIssuer) -> None:
        early = datetime(2026, 10, 1, tzinfo=UTC)
        crl = x509.load_der_x509_crl(issuer.crl(1, early))
        assert {line.revocation_date_utc <= crl.last_update_utc for line in crl} == {True}

    def test_the_numbers_grow(self, issuer: TestIssuer, now: datetime) -> None:
        def number(at: datetime) -> int:
            crl = x509.load_der_x509_crl(issuer.crl(1, at))
            return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

        assert number(now) < number(now + timedelta(minutes=1))

    def test_the_signature_list_knows_who_moved_out(self, issuer: TestIssuer, now: datetime) -> None:
        crl = x509.load_der_x509_crl(issuer.crl(1, now, Purpose.SIGNATURE))
        reasons = [line.extensions.get_extension_for_class(x509.CRLReason).value.reason for line in crl]
        assert reasons.count(ReasonFlags.affiliation_changed) == 2
        assert reasons.count(ReasonFlags.certificate_hold) == 1

    def test_there_is_no_third_root(self, issuer: TestIssuer, now: datetime) -> None:
        with pytest.raises(KeyError):
            issuer.crl(3, now)


class TestInstallation:
    def test_public_files_are_enough_for_a_verifier(self, issuer: TestIssuer, tmp_path: Path) -> None:
        issuer.write_public(tmp_path / "trust")
        assert sorted(path.name for path in (tmp_path / "trust").iterdir()) == [
            "authentication-1.pem",
            "authentication-2.pem",
            "cv_keys.json",
            "provenance.txt",
        ]
        for index in (1, 2):
            pem = (tmp_path / "trust" / f"authentication-{index}.pem").read_bytes()
            own = issuer.root(Purpose.AUTHENTICATION, index).certificate
            assert x509.load_pem_x509_certificate(pem) == own
        cv_keys = json.loads((tmp_path / "trust" / "cv_keys.json").read_text())
        assert [bytes.fromhex(key_id)[:7] for key_id in cv_keys] == [b"9000033", b"9000043"]
        assert all(bytes.fromhex(key_id)[7:] == b"\x08\x05001" + bytes(4) for key_id in cv_keys)
        assert {int(modulus, 16).bit_length() for modulus in cv_keys.values()} == {2048}
        assert "PRIVATE" not in "".join(path.read_text() for path in (tmp_path / "trust").iterdir())

    def test_private_files_belong_to_the_owner_alone(
        self, canary_profile: CardProfile, issuer: TestIssuer, state_dir: Path
    ) -> None:
        keys = list(state_dir.rglob("*.key"))
        assert len(keys) >= 7
        assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
        assert stat.S_IMODE((state_dir / "issuer").stat().st_mode) == 0o700

    def test_an_opened_issuer_is_the_one_that_was_made(
        self, issuer: TestIssuer, state_dir: Path, now: datetime
    ) -> None:
        again = TestIssuer.open(state_dir, now + timedelta(days=400))
        for purpose, generation in ROOTS:
            assert again.root(purpose, generation).certificate == issuer.root(purpose, generation).certificate
        assert again.crl(1, now) == issuer.crl(1, now)

    def test_another_installation_has_other_keys(self, issuer: TestIssuer, tmp_path: Path, now: datetime) -> None:
        other = TestIssuer.open(tmp_path, now)
        mine, theirs = (each.root(Purpose.AUTHENTICATION, 1).certificate for each in (issuer, other))
        assert mine.subject == theirs.subject
        assert mine.public_key() != theirs.public_key()

    def test_a_moment_without_a_time_zone_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="time zone"):
            TestIssuer.open(tmp_path, datetime(2026, 11, 20))  # noqa: DTZ001  the mistake under test


class TestIssuerRecords:
    """Section 9, walked by hand: what an agent would verify."""

    def test_sizes(self, canary_profile: CardProfile) -> None:
        sizes = {1: 17, 3: 336, 4: 568, 5: 164, 6: 269, 7: 536, 8: 16}
        assert {fid: len(canary_profile.contents[ref(TEXT, fid)]) for fid in sizes} == sizes

    def test_the_chain_of_the_integrity_record_holds(
        self, canary_profile: CardProfile, issuer: TestIssuer, tmp_path: Path
    ) -> None:
        files = {str(key): value for key, value in canary_profile.contents.items()}
        issuer.write_public(tmp_path)
        key_id, modulus = next(iter(json.loads((tmp_path / "cv_keys.json").read_text()).items()))

        certificate = files["text:0004"]
        assert certificate.startswith(bytes.fromhex("7F21820233 5F4E820129"))
        body, signature = certificate[10:307], certificate[312:]
        assert certificate[307:312] == bytes.fromhex("5F37820100")
        assert body[:16].hex() == key_id
        assert body[16:32] == b"9992010\x08\x05001" + bytes(4)
        cv_root = rsa.RSAPublicNumbers(65_537, int(modulus, 16)).public_key()
        cv_root.verify(signature, body, padding.PKCS1v15(), hashes.SHA256())

        signer = rsa.RSAPublicNumbers(65_537, int.from_bytes(body[-256:])).public_key()
        record = files["text:0003"]
        assert record.startswith(bytes.fromhex("FF3082014B DF3120"))
        signed, signature = record[5:75], record[80:]
        signer.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        digest = hashes.Hash(hashes.SHA256())
        four_information = files["text:0002"]
        assert four_information[2] < 0x80
        digest.update(four_information[14 : 3 + four_information[2]])
        assert signed[38:] == digest.finalize()

        card_key = files["text:0007"]
        assert card_key.startswith(bytes.fromhex("FF50820213 DF51820109"))
        signer.verify(card_key[280:], card_key[5:275], padding.PKCS1v15(), hashes.SHA256())

    def test_cards_of_one_municipality_share_the_signer_and_others_do_not(self, issuer: TestIssuer) -> None:
        assert issuer.data_signer("99201") is issuer.data_signer("99201")
        assert issuer.data_signer("99201").key_id != issuer.data_signer("98201").key_id
        assert issuer.data_signer("99201").cv_certificate != issuer.data_signer("98201").cv_certificate
