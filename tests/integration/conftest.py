"""Databases of both kinds for the tests of a service's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.database import Database
from tests.migrated import Reused, Templates, migrated


@pytest.fixture(scope="session")
def intakes(templates: Templates) -> Reused:
    return Reused(templates, "intake")


@pytest.fixture(params=["sqlite", "postgres"])
def intake_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Intake's, migrated, on SQLite and on PostgreSQL."""
    changes: dict[str, Any] = {"urls": {"identity": "http://identity"}}
    if request.param == "sqlite":
        database = migrated("intake", tmp_path, **changes)
        yield database
        database.close()
        return
    intakes: Reused = request.getfixturevalue("intakes")
    url = intakes.take()
    database = migrated("intake", tmp_path, database_url=url, **changes)
    yield database
    database.close()
    intakes.give_back(url)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of localhost that nobody vouches for, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
