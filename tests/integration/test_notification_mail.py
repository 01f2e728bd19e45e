"""Letters to a real mail server: encrypted, signed in, refused, put off; addresses from a real identity."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from chassis import trust
from chassis.config import Config
from chassis.fakes.database import deliver, events_of
from services.identity import handlers as identity
from services.identity import keys, orm, service_accounts
from services.identity.web import create_app
from services.notification.contacts import Contact, IdentityContacts, Unreachable
from services.notification.mail import Letter, Refused, Settings, Smtp, TryLater
from services.notification.words import Words
from tests.mail_server import MailServer
from tests.migrated import migrated

WORDS = Words(title="已受理:开饭店", text="各部门同时开始。", link="/cases/SJ1")
KEY = "0190a0b0-0000-7000-8000-000000000001"


def letter(address: str = "shen@jiangtang.example") -> Letter:
    return Letter(KEY, address, "沈佳禾", "zh", WORDS, datetime(2026, 3, 9, 2, 0, tzinfo=UTC))


def plain(server: MailServer) -> Smtp:
    settings = Settings(host="127.0.0.1", port=server.port, security="none", site="https://city.example/")
    return Smtp(settings)


def test_a_letter_arrives_with_its_words_and_its_id() -> None:
    with MailServer() as server:
        plain(server).send(letter())
        (arrived,) = server.letters
    assert arrived["Subject"] == "已受理:开饭店"
    assert arrived["To"] == "shen@jiangtang.example"
    assert arrived["Message-ID"] == f"<{KEY}@jiangtang.example>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    text = arrived.get_content()
    assert text.startswith("沈佳禾，您好：")
    assert f"https://city.example/m/{KEY}" in text
    assert "SJ1" not in text


@pytest.mark.parametrize(
    ("rcpt", "data", "raised", "code"),
    [
        ("550 no such user", "", Refused, "recipient 550"),
        ("451 greylisted", "", TryLater, "recipient 451"),
        ("", "554 spam", Refused, "data 554"),
        ("", "452 full", TryLater, "data 452"),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(
    rcpt: str, data: str, raised: type[Exception], code: str
) -> None:
    with MailServer() as server:
        server.rcpt, server.data = rcpt, data
        with pytest.raises(raised) as told:
            plain(server).send(letter())
    assert str(told.value) == code
    assert "shen" not in str(told.value)


def test_a_server_that_is_down_is_tried_again() -> None:
    with MailServer() as server:
        provider = plain(server)
    with pytest.raises(TryLater, match="ConnectionRefusedError"):
        provider.send(letter())


def test_letters_go_encrypted_and_signed_in_and_to_nobody_else(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with MailServer(tls=tls, user="city", password="secret") as server:
        right = {
            "ONEWINDOW_SMTP_HOST": "localhost",
            "ONEWINDOW_SMTP_PORT": str(server.port),
            "ONEWINDOW_SMTP_USER": "city",
            "ONEWINDOW_SMTP_PASSWORD_FILE": str(_file(certificate, "password", "secret\n")),
            "ONEWINDOW_SMTP_CA_FILE": str(certificate),
        }
        Smtp(Settings.from_env(right, "http://city.example")).send(letter())
        assert server.encrypted == [True]
        wrong = right | {"ONEWINDOW_SMTP_PASSWORD_FILE": str(_file(certificate, "wrong", "guess"))}
        with pytest.raises(TryLater, match="SMTPAuthenticationError 535"):
            Smtp(Settings.from_env(wrong, "")).send(letter())
        unknown = {name: value for name, value in right.items() if name != "ONEWINDOW_SMTP_CA_FILE"}
        with pytest.raises(TryLater, match="SSLCertVerificationError"):
            Smtp(Settings.from_env(unknown, "")).send(letter())
        with smtplib.SMTP("localhost", server.port) as bare:
            assert bare.docmd("MAIL", "FROM:<x@jiangtang.example>")[0] == 530
        assert len(server.letters) == 1


def _file(beside: Path, name: str, content: str) -> Path:
    path = beside.with_name(name)
    path.write_text(content)
    return path


def test_a_security_that_does_not_exist_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="starttls, tls or none"):
        Settings.from_env({"ONEWINDOW_SMTP_SECURITY": "ssl3"}, "")


class Identity:
    """A real identity that listens, with one person who has an address."""

    def __init__(self, folder: Path):
        self.database = migrated("identity", folder)
        with self.database.transaction() as uow:
            keys.start(uow)
            self.person = identity.open_account(
                login="shen",
                password_hash="-",
                kind="person",
                display_name="沈佳禾",
                email="shen@jiangtang.example",
                uow=uow,
            ).account_id
        service_accounts.open_missing(self.database)
        service_accounts.open_missing(self.database)
        deliver(self.database, trust.keep, events_of(self.database, *trust.EVENTS))
        app = create_app(self.database.config, database=self.database)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.config = Config(
            "notification",
            "sqlite://",
            "memory://",
            self.database.config.master_key,
            urls={"identity": f"http://127.0.0.1:{self._server.server_port}"},
        )

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.database.close()


@pytest.fixture
def real_identity(tmp_path: Path) -> Iterator[Identity]:
    made = Identity(tmp_path)
    yield made
    made.close()


def test_identity_tells_the_service_and_writes_it_down(real_identity: Identity) -> None:
    contacts = IdentityContacts(real_identity.config)
    for _ in range(2):
        assert contacts.of(real_identity.person) == Contact("沈佳禾", "shen@jiangtang.example")
    assert contacts.of("nobody") is None
    with real_identity.database.read() as session:
        rows = session.execute(select(orm.audit)).all()
        sessions = session.execute(select(orm.session)).all()
    assert [(r.act, r.subject) for r in rows] == [("read_contact", real_identity.person)] * 2
    assert len(sessions) == 1, "one sign-in serves many questions"


def test_a_token_that_no_longer_counts_is_replaced(real_identity: Identity) -> None:
    contacts = IdentityContacts(real_identity.config)
    assert contacts.of(real_identity.person)
    contacts._token = "worn out"
    assert contacts.of(real_identity.person)


def test_a_wrong_master_key_and_a_dead_identity_are_unreachable(real_identity: Identity) -> None:
    config = real_identity.config
    stranger = Config("notification", "sqlite://", "memory://", b"x" * 32, urls=config.urls)
    with pytest.raises(Unreachable, match="identity sign-in 401"):
        IdentityContacts(stranger).of(real_identity.person)
    nowhere = Config(
        "notification", "sqlite://", "memory://", config.master_key, urls={"identity": "http://127.0.0.1:1"}
    )
    with pytest.raises(Unreachable, match="identity ConnectionError"):
        IdentityContacts(nowhere).of(real_identity.person)
