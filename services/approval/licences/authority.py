"""The city's test authority: a folder with its certificate, its list of revoked keys, and a PKCS#12 file for
each department. Everything it signs is a sample; a licensed authority's files take the same places.

``ca.crt`` (PEM), ``ca.key`` (PEM under the password), ``ca.crl`` (DER), ``issued.json``,
``<department>.p12``, ``password``.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

TEST = "样例"
CRL_ADDRESS = "/api/approval/ca.crl"
YEARS_CA, YEARS_SEAL = 10, 3
CRL_DAYS = 365
EARLIER = timedelta(minutes=5)
"""Clocks of whoever verifies may be behind."""


class NoAuthority(LookupError):
    """The folder holds no authority."""


class AlreadyThere(Exception):
    """The folder holds an authority; making another would orphan its seals."""


class UnknownKey(LookupError):
    """No key of that department or with that number that could be revoked."""


class Authority:
    """One folder; ``public_url`` stands in certificates as the place of the list of revoked keys."""

    def __init__(self, folder: Path, public_url: str):
        self.folder = folder
        self._public_url = public_url

    @property
    def exists(self) -> bool:
        return (self.folder / "ca.crt").exists()

    @property
    def certificate(self) -> x509.Certificate:
        """Raises `NoAuthority`."""
        try:
            return x509.load_pem_x509_certificate((self.folder / "ca.crt").read_bytes())
        except FileNotFoundError:
            raise NoAuthority(f"{self.folder} holds no ca.crt: `onewindow ca init`") from None

    @property
    def is_test(self) -> bool:
        """Whether what it signs is a sample without legal effect."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return any(TEST in str(name.value) for name in names)

    @property
    def crl(self) -> bytes | None:
        path = self.folder / "ca.crl"
        return path.read_bytes() if path.exists() else None

    def password(self) -> bytes:
        """From the file that ``ONEWINDOW_SEAL_PASSWORD_FILE`` names, else beside the keys."""
        path = Path(os.environ.get("ONEWINDOW_SEAL_PASSWORD_FILE") or self.folder / "password")
        return path.read_bytes().strip()

    def init(self, city: str, now: datetime | None = None) -> None:
        """Make the authority and an empty list of revoked keys. Raises `AlreadyThere`."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            if self.exists:
                raise AlreadyThere(str(self.folder))
            if not os.environ.get("ONEWINDOW_SEAL_PASSWORD_FILE"):
                _write(self.folder / "password", secrets.token_urlsafe(32).encode())
            now = _whole(now)
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name(f"{TEST} {city}电子证照测试 CA", city)
            builder = _builder(name, name, key.public_key(), now, YEARS_CA)
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            builder = builder.add_extension(_usage(signs_keys=True), critical=True)
            made = builder.sign(key, hashes.SHA256())
            _write(
                self.folder / "ca.key",
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.BestAvailableEncryption(self.password()),
                ),
            )
            _write(self.folder / "issued.json", b"[]")
            self._write_crl(key, made, [], now)
            _write(self.folder / "ca.crt", made.public_bytes(serialization.Encoding.PEM), 0o644)

    def issue(self, department: str, name: str, now: datetime | None = None) -> int:
        """A new key and certificate for a department, in the place of an earlier one, which stays good for
        what it sealed. Returns the certificate's number. Raises `NoAuthority`."""
        ca, now = self.certificate, _whole(now)
        with self._locked():
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _name(f"{TEST} {name}", name, department)
            builder = _builder(subject, ca.subject, key.public_key(), now, YEARS_SEAL)
            builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            builder = builder.add_extension(_usage(signs_keys=False), critical=True)
            where = x509.DistributionPoint(
                [x509.UniformResourceIdentifier(self._public_url + CRL_ADDRESS)], None, None, None
            )
            builder = builder.add_extension(x509.CRLDistributionPoints([where]), critical=False)
            issuer_key = self._key()
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
            )
            made = builder.sign(issuer_key, hashes.SHA256())
            issued = self.issued()
            issued.append(
                {
                    "serial": f"{made.serial_number:x}",
                    "department": department,
                    "name": name,
                    "issued_at": now.isoformat(),
                    "revoked_at": None,
                }
            )
            _write(self.folder / "issued.json", json.dumps(issued, ensure_ascii=False, indent=1).encode())
            _write(
                self.folder / f"{department}.p12",
                pkcs12.serialize_key_and_certificates(
                    department.encode(),
                    key,
                    made,
                    [ca],
                    serialization.BestAvailableEncryption(self.password()),
                ),
            )
            return made.serial_number

    def revoke(self, which: str, now: datetime | None = None) -> list[str]:
        """End the keys of a department, or the one with this number; the list is written anew. Returns the
        numbers. Raises `UnknownKey`, `NoAuthority`."""
        ca, now = self.certificate, _whole(now)
        with self._locked():
            issued = self.issued()
            ended = [x for x in issued if which in (x["department"], x["serial"]) and x["revoked_at"] is None]
            if not ended:
                raise UnknownKey(which)
            for x in ended:
                x["revoked_at"] = now.isoformat()
            _write(self.folder / "issued.json", json.dumps(issued, ensure_ascii=False, indent=1).encode())
            self._write_crl(self._key(), ca, issued, now)
            return [x["serial"] for x in ended]

    def renew_crl(self, now: datetime | None = None) -> None:
        """Write the list of revoked keys anew: it is good for a year."""
        ca = self.certificate
        with self._locked():
            self._write_crl(self._key(), ca, self.issued(), _whole(now))

    def issued(self) -> list[dict[str, Any]]:
        """Every certificate: number, department, name, issued_at, revoked_at."""
        path = self.folder / "issued.json"
        found: list[dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else []
        return found

    def _key(self) -> ec.EllipticCurvePrivateKey:
        found = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), self.password())
        assert isinstance(found, ec.EllipticCurvePrivateKey)
        return found

    def _write_crl(
        self,
        key: ec.EllipticCurvePrivateKey,
        ca: x509.Certificate,
        issued: list[dict[str, Any]],
        now: datetime,
    ) -> None:
        builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject)
        builder = builder.last_update(now - EARLIER).next_update(now + timedelta(days=CRL_DAYS))
        for x in issued:
            if x["revoked_at"] is not None:
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(int(x["serial"], 16))
                    .revocation_date(datetime.fromisoformat(x["revoked_at"]))
                    .build()
                )
        number = x509.CRLNumber(int(now.timestamp()))
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(number, critical=False).add_extension(identifier, critical=False)
        made = builder.sign(key, hashes.SHA256())
        _write(self.folder / "ca.crl", made.public_bytes(serialization.Encoding.DER), 0o644)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str, organisation: str, unit: str | None = None) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, organisation)]
    if unit is not None:
        parts.append((NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    parts.append((NameOID.COMMON_NAME, common[:64]))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _usage(*, signs_keys: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_keys,
        content_commitment=not signs_keys,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_keys,
        crl_sign=signs_keys,
        encipher_only=False,
        decipher_only=False,
    )


def _whole(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Whole or not at all."""
    beside = path.with_name(path.name + ".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
